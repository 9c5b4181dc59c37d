/* SPDX-License-Identifier: BSD-2-Clause */
/* Passkeys as a directory's entries, and what its servers say of their state; no server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "store/ldap/cookie.h"
#include "store/ldap/entry.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define VIEW(literal) ((struct pk_view){(const uint8_t *)(literal), sizeof(literal) - 1})

#define UUID "7b1d6c52-3e0a-4f6e-9a57-5d2c8f10a4e3"

/* All that an entry can have. */
static struct entry whole(void)
{
    static const struct entry_value items[] = {
        {"objectClass", VIEW("pkCredential")},
        {"pkCredentialId", VIEW("AQID")},
        {"pkOwner", VIEW("uid=alice,ou=people,dc=example,dc=org")},
        {"pkOwnerNumber", VIEW("1001")},
        {"pkOwnerUUID", VIEW(UUID)},
        {"pkPublicKey", VIEW("\x00\x01key")},
        {"pkUserHandle", VIEW("\x00handle")},
        {"pkRpId", VIEW("example.org")},
        {"pkAlgorithm", VIEW("-7")},
        {"pkAaguid", VIEW(UUID)},
        {"pkTransport", VIEW("usb")},
        {"pkTransport", VIEW("nfc")},
        {"pkName", VIEW("blue key")},
        {"pkFormat", VIEW("packed")},
        {"pkAttestationType", VIEW("Basic")},
        {"pkTrust", VIEW("yes")},
        {"pkCreated", VIEW("20261129085040Z")},
        {"pkCredProtect", VIEW("3")},
        {"pkFlag", VIEW("discoverable")},
        {"pkFlag", VIEW("backup-eligible")},
        {"pkImported", VIEW("sssd")},
        {"pkInstrument", VIEW("card")},
    };
    struct entry entry = {.count = COUNT(items)};

    memcpy(entry.items, items, sizeof(items));
    return entry;
}

static struct entry_value *find(struct entry *entry, const char *name)
{
    for (size_t i = 0; i < entry->count; i++)
        if (strcmp(entry->items[i].name, name) == 0)
            return &entry->items[i];
    fail_msg("%s", name);
    return NULL;
}

static enum pk_status reads(const struct entry *entry)
{
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    AUTO_ENTRY_OWNER struct entry_owner owner = {0};
    const char *why = NULL;
    enum pk_status status = entry_read(entry, &credential, &owner, &why);

    if (status != PK_OK)
        assert_true(why && *why && !credential.record.id.data && !owner.dn);
    return status;
}

static enum pk_status reads_with(const char *name, struct pk_view value)
{
    struct entry entry = whole();

    find(&entry, name)->value = value;
    return reads(&entry);
}

static void a_whole_entry_is_read(void **state)
{
    struct entry entry = whole();
    AUTO_CREDENTIAL struct credential c = {.account.uid = PK_NO_UID};
    AUTO_ENTRY_OWNER struct entry_owner owner = {0};
    const char *why = NULL;

    (void)state;
    assert_int_equal(entry_read(&entry, &c, &owner, &why), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&c.record.id), VIEW("\x01\x02\x03")));
    assert_true(pk_view_equal(pk_view_of(&c.record.public_key), VIEW("\x00\x01key")));
    assert_true(pk_view_equal(pk_view_of(&c.record.user_handle), VIEW("\x00handle")));
    assert_string_equal(owner.dn, "uid=alice,ou=people,dc=example,dc=org");
    assert_int_equal(owner.number, 1001);
    assert_true(owner.has_uuid && owner.uuid[0] == 0x7b && owner.uuid[15] == 0xe3);
    assert_int_equal(c.algorithm, -7);
    assert_int_equal(c.transports, PK_TRANSPORT_USB | PK_TRANSPORT_NFC);
    assert_int_equal(c.created, 1795942240);
    assert_int_equal(c.cred_protect, 3);
    assert_true(c.discoverable && c.record.backup_eligible && c.record.foreign_handle);
    assert_false(c.user_verified || c.record.payment || c.mfa || c.record.verification);
    assert_string_equal(c.name, "blue key");
    assert_string_equal(c.imported, "sssd");
    assert_string_equal(c.instrument_display_name, "card");
}

static void what_may_be_missing_is_none(void **state)
{
    static const char *const needed[] = {"pkCredentialId", "pkOwner",      "pkOwnerNumber",
                                         "pkPublicKey",    "pkUserHandle", "pkRpId",
                                         "pkAlgorithm"};
    struct entry all = whole();

    (void)state;
    for (size_t i = 0; i < all.count; i++) {
        struct entry entry = all;
        bool is_needed = false;

        for (size_t j = 0; j < COUNT(needed); j++)
            is_needed |= strcmp(all.items[i].name, needed[j]) == 0;
        entry.items[i] = entry.items[--entry.count];
        assert_int_equal(reads(&entry), is_needed ? PK_INVALID_INPUT : PK_OK);
    }
}

static void what_is_there_once_is_not_there_twice(void **state)
{
    struct entry all = whole();

    (void)state;
    for (size_t i = 1; i < all.count; i++) {
        struct entry entry = all;
        bool several = strcmp(all.items[i].name, "pkTransport") == 0 ||
                       strcmp(all.items[i].name, "pkFlag") == 0;

        entry.items[entry.count++] = all.items[i];
        assert_int_equal(reads(&entry), several ? PK_OK : PK_INVALID_INPUT);
    }
}

/* Values whose end is not theirs to choose, cut everywhere and with each byte behind. */
static void whole_values_alone_are_taken(void **state)
{
    static const char *const names[] = {"pkOwnerUUID", "pkAaguid", "pkCreated", "pkFlag"};
    struct entry all = whole();

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct pk_view value = find(&all, names[i])->value;
        uint8_t longer[64];

        for (size_t len = 0; len < value.len; len++)
            assert_int_equal(reads_with(names[i], (struct pk_view){value.ptr, len}),
                             PK_INVALID_INPUT);
        memcpy(longer, value.ptr, value.len);
        for (unsigned c = 0; c < 256; c++) {
            longer[value.len] = (uint8_t)c;
            assert_int_equal(reads_with(names[i], (struct pk_view){longer, value.len + 1}),
                             PK_INVALID_INPUT);
        }
    }
}

static void values_that_are_none(void **state)
{
    static const struct {
        const char *name;
        struct pk_view value;
    } rows[] = {
        {"pkCredentialId", VIEW("")},
        {"pkCredentialId", VIEW("AQI=")},
        {"pkCredentialId", VIEW("AQJ")}, /* a bit is left over */
        {"pkCredentialId", VIEW("sha256:")},
        {"pkCredentialId", VIEW("sha256:AQID")}, /* without the id */
        {"pkOwner", VIEW("")},
        {"pkOwner", VIEW("uid=a\0,ou=people")},
        {"pkOwner", VIEW("uid=\xff")},
        {"pkOwnerNumber", VIEW("")},
        {"pkOwnerNumber", VIEW("-1")},
        {"pkOwnerNumber", VIEW("01")},
        {"pkOwnerNumber", VIEW("+1")},
        {"pkOwnerNumber", VIEW(" 1")},
        {"pkOwnerNumber", VIEW("1x")},
        {"pkOwnerNumber", VIEW("4294967295")}, /* nobody */
        {"pkOwnerNumber", VIEW("99999999999")},
        {"pkAlgorithm", VIEW("-2147483649")},
        {"pkAlgorithm", VIEW("-")},
        {"pkAlgorithm", VIEW("-07")},
        {"pkPublicKey", VIEW("")},
        {"pkUserHandle", VIEW("")},
        {"pkUserHandle", VIEW("0123456789012345678901234567890123456789012345678901234567890123x")},
        {"pkRpId", VIEW("")},
        {"pkCredProtect", VIEW("0")},
        {"pkCredProtect", VIEW("4")},
        {"pkCreated", VIEW("20261329085040Z")},
        {"pkCreated", VIEW("20261129245040Z")},
        {"pkCreated", VIEW("19691231235959Z")},
        {"pkCreated", VIEW("20261129085040+0100")},
        {"pkFlag", VIEW("Discoverable")},
        {"pkName", VIEW("")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (reads_with(rows[i].name, rows[i].value) != PK_INVALID_INPUT)
            fail_msg("row %zu, %s, was taken", i, rows[i].name);
    assert_int_equal(reads_with("pkTransport", VIEW("telepathy")), PK_OK); /* a new one */
    assert_int_equal(reads_with("pkOwnerNumber", VIEW("4294967294")), PK_OK);
}

/* What is written is read again; of an id that is too long for a name, too. */
static void what_is_written_is_read(void **state)
{
    static const size_t sizes[] = {1, 3, ENTRY_ID_MAX, ENTRY_ID_MAX + 1, PK_CREDENTIAL_ID_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct entry entry = whole(), again;
        AUTO_CREDENTIAL struct credential first = {.account.uid = PK_NO_UID};
        AUTO_CREDENTIAL struct credential second = {.account.uid = PK_NO_UID};
        AUTO_ENTRY_OWNER struct entry_owner owner = {0};
        AUTO_ENTRY_OWNER struct entry_owner other = {0};
        AUTO_ENTRY_TEXTS struct entry_texts texts = {0};
        PK_AUTO_FREE char *dn = NULL;
        const char *why = NULL;

        assert_int_equal(entry_read(&entry, &first, &owner, &why), PK_OK);
        pk_bytes_clear(&first.record.id);
        first.record.id.data = calloc(1, sizes[i]);
        first.record.id.len = sizes[i];
        assert_int_equal(entry_write(&first, &owner, "ou=passkeys", &texts, &again, &dn), PK_OK);
        assert_true(strlen(dn) < 400 && strstr(dn, ",ou=passkeys"));
        assert_int_equal(entry_read(&again, &second, &other, &why), PK_OK);
        assert_true(pk_view_equal(pk_view_of(&first.record.id), pk_view_of(&second.record.id)));
        assert_int_equal(first.created, second.created);
        assert_int_equal(first.transports, second.transports);
        assert_string_equal(first.name, second.name);
        assert_memory_equal(first.aaguid, second.aaguid, PK_AAGUID_SIZE);
        assert_memory_equal(owner.uuid, other.uuid, ENTRY_UUID_SIZE);
        if (sizes[i] > ENTRY_ID_MAX) {
            uint8_t *raw = (uint8_t *)(uintptr_t)find(&again, "pkRawId")->value.ptr;

            raw[0] ^= 1; /* which names another entry */
            assert_int_equal(reads(&again), PK_INVALID_INPUT);
        }
    }
}

#define A1 "20261129085040.000001Z#000000#001#000000"
#define A2 "20261129085041.000001Z#000000#001#000000"
#define B1 "20261129085040.500000Z#000000#002#000000"

static void cookies_keep_every_server(void **state)
{
    static const struct {
        const char *known, *said, *merged;
    } rows[] = {
        {NULL, "rid=000,csn=" A1, "rid=000,csn=" A1},
        {NULL, "rid=000,sid=001,csn=" A1 ";" B1, "rid=000,csn=" A1 ";" B1},
        {"rid=000,csn=" A1 ";" B1, "rid=000,sid=001,csn=" A2, "rid=000,csn=" A2 ";" B1},
        {"rid=000,csn=" A2, "rid=000,csn=" B1, "rid=000,csn=" B1 ";" A2},
        {"rid=000,csn=" A2, "rid=000,csn=" A1, "rid=000,csn=" A2}, /* none goes back */
        {"rid=000,csn=" A2, "rid=000,csn=" B1 ",delcsn=" A1, "rid=000,csn=" B1 ";" A2},
        {"rid=000,csn=" A2, "host:389#cn=x#7", "host:389#cn=x#7"}, /* another make of server */
        {"other", "rid=000,csn=" A1, "rid=000,csn=" A1},
        {NULL, "rid=000,csn=broken", "rid=000,csn=broken"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        PK_AUTO_FREE char *merged = NULL;

        assert_int_equal(ldap_cookie_merge(rows[i].known, pk_view_string(rows[i].said), &merged),
                         PK_OK);
        assert_string_equal(merged, rows[i].merged);
    }
}

static void cookies_that_are_none(void **state)
{
    static const uint8_t zeros[9000];
    char *merged = NULL;

    (void)state;
    assert_int_equal(ldap_cookie_merge(NULL, (struct pk_view){zeros, 1}, &merged),
                     PK_INVALID_INPUT);
    assert_int_equal(ldap_cookie_merge(NULL, (struct pk_view){zeros, sizeof(zeros)}, &merged),
                     PK_INVALID_INPUT);
    assert_int_equal(ldap_cookie_merge(NULL, VIEW("\xff"), &merged), PK_INVALID_INPUT);
    assert_null(merged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_entry_is_read),
        cmocka_unit_test(what_may_be_missing_is_none),
        cmocka_unit_test(what_is_there_once_is_not_there_twice),
        cmocka_unit_test(whole_values_alone_are_taken),
        cmocka_unit_test(values_that_are_none),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(cookies_keep_every_server),
        cmocka_unit_test(cookies_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
