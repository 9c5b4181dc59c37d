/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/accounts/recovery_codes.h"
#include "store/sqlite/sqlite.h"
#include "tests/unit/scratch.h"

#include <ctype.h>
#include <string.h>

struct fixture {
    char folder[SCRATCH_PATH_MAX];
    struct store *store;
    struct account alice, bob;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const char *why = NULL;

    scratch_new(fixture->folder);
    if (store_sqlite_open(fixture->folder, &fixture->store, &why) != PK_OK)
        fail_msg("%s", why);
    assert_int_equal(fixture->store->verbs->account(fixture->store, "default", "alice", 1000, true,
                                                    &fixture->alice),
                     PK_OK);
    assert_int_equal(
        fixture->store->verbs->account(fixture->store, "default", "bob", 1001, true, &fixture->bob),
        PK_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    account_clear(&fixture->alice);
    account_clear(&fixture->bob);
    fixture->store->verbs->close(fixture->store);
    scratch_remove(fixture->folder);
    free(fixture);
    return 0;
}

static void clear_codes(struct pk_secret codes[PK_RECOVERY_CODES])
{
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        pk_secret_clear(&codes[i]);
}

static enum pk_status use(struct store *store, const struct account *account, const char *typed)
{
    PK_AUTO_SECRET struct pk_secret secret = {0};

    assert_int_equal(pk_secret_copy(pk_view_string(typed), &secret), PK_OK);
    return recovery_code_use(store, account, &secret);
}

static size_t left(struct store *store, const struct account *account)
{
    size_t count = 99;

    assert_int_equal(recovery_codes_left(store, account, &count), PK_OK);
    return count;
}

static void codes_are_readable_and_differ(void **state)
{
    struct fixture *fixture = *state;
    struct pk_secret codes[PK_RECOVERY_CODES];

    assert_int_equal(recovery_codes_create(fixture->store, &fixture->alice, codes), PK_OK);
    assert_int_equal(left(fixture->store, &fixture->alice), PK_RECOVERY_CODES);
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++) {
        const char *code = (const char *)codes[i].data;

        assert_int_equal(codes[i].len, RECOVERY_CODE_LENGTH);
        assert_int_equal(strlen(code), RECOVERY_CODE_LENGTH);
        for (size_t j = 0; j < RECOVERY_CODE_LENGTH; j++)
            if (j % 5 == 4)
                assert_int_equal(code[j], '-');
            else
                assert_non_null(strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", code[j]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(code, (const char *)codes[j].data);
    }
    clear_codes(codes);
}

static void code_works_once(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct pk_secret codes[PK_RECOVERY_CODES];
    const char *seventh;

    assert_int_equal(recovery_codes_create(store, &fixture->alice, codes), PK_OK);
    seventh = (const char *)codes[6].data;
    assert_int_equal(use(store, &fixture->bob, seventh), PK_RECOVERY_CODE_INVALID);
    assert_int_equal(use(store, NULL, seventh), PK_RECOVERY_CODE_INVALID);
    assert_int_equal(use(store, &fixture->alice, seventh), PK_OK);
    assert_int_equal(use(store, &fixture->alice, seventh), PK_RECOVERY_CODE_INVALID);
    assert_int_equal(left(store, &fixture->alice), PK_RECOVERY_CODES - 1);
    assert_int_equal(use(store, &fixture->alice, (const char *)codes[0].data), PK_OK);
    assert_int_equal(use(store, &fixture->alice, (const char *)codes[9].data), PK_OK);
    assert_int_equal(left(store, &fixture->alice), PK_RECOVERY_CODES - 3);
    clear_codes(codes);
}

static void code_may_be_typed_carelessly(void **state)
{
    struct fixture *fixture = *state;
    struct pk_secret codes[PK_RECOVERY_CODES];
    char typed[64] = "  ";
    size_t at = 2;

    assert_int_equal(recovery_codes_create(fixture->store, &fixture->alice, codes), PK_OK);
    for (const char *c = (const char *)codes[0].data; *c; c++) {
        char careless = (char)tolower((unsigned char)*c);

        if (*c == '-')
            careless = ' ';
        if (*c == '0')
            careless = 'o';
        if (*c == '1')
            careless = 'l';
        typed[at++] = careless;
    }
    assert_int_equal(use(fixture->store, &fixture->alice, typed), PK_OK);
    clear_codes(codes);
}

static void malformed_codes_are_invalid(void **state)
{
    struct fixture *fixture = *state;
    struct pk_secret codes[PK_RECOVERY_CODES];
    PK_AUTO_FREE char *longer = NULL;
    char cut[RECOVERY_CODE_LENGTH + 1];

    assert_int_equal(recovery_codes_create(fixture->store, &fixture->alice, codes), PK_OK);
    longer = pk_text_format("%s0", (const char *)codes[0].data);
    assert_int_equal(use(fixture->store, &fixture->alice, longer), PK_RECOVERY_CODE_INVALID);
    for (size_t len = 0; len < RECOVERY_CODE_LENGTH; len++) {
        memcpy(cut, codes[0].data, len);
        cut[len] = 0;
        assert_int_equal(use(fixture->store, &fixture->alice, cut), PK_RECOVERY_CODE_INVALID);
    }
    assert_int_equal(use(fixture->store, &fixture->alice, "UUUU-UUUU-UUUU-UUUU"),
                     PK_RECOVERY_CODE_INVALID);
    assert_int_equal(left(fixture->store, &fixture->alice), PK_RECOVERY_CODES);
    clear_codes(codes);
}

static void new_codes_replace_the_old(void **state)
{
    struct fixture *fixture = *state;
    struct pk_secret before[PK_RECOVERY_CODES], after[PK_RECOVERY_CODES];

    assert_int_equal(recovery_codes_create(fixture->store, &fixture->alice, before), PK_OK);
    assert_int_equal(recovery_codes_create(fixture->store, &fixture->alice, after), PK_OK);
    assert_int_equal(use(fixture->store, &fixture->alice, (const char *)before[0].data),
                     PK_RECOVERY_CODE_INVALID);
    assert_int_equal(use(fixture->store, &fixture->alice, (const char *)after[0].data), PK_OK);
    clear_codes(before);
    clear_codes(after);
}

static void codes_are_not_in_the_database(void **state)
{
    struct fixture *fixture = *state;
    struct pk_secret codes[PK_RECOVERY_CODES];
    PK_AUTO_FREE char *wal = pk_text_format("%s/passkeyd.db-wal", fixture->folder);
    PK_AUTO_FREE char *contents = NULL;
    size_t len;

    assert_int_equal(recovery_codes_create(fixture->store, &fixture->alice, codes), PK_OK);
    contents = scratch_read(wal, &len);
    assert_non_null(memmem(contents, len, "alice", 5));
    assert_null(memmem(contents, len, codes[0].data, 4));
    clear_codes(codes);
}

/* Each has a key of its own. */
static void codes_are_keyed(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct pk_secret codes[PK_RECOVERY_CODES];
    struct recovery_code stored[PK_RECOVERY_CODES];
    uint8_t expected[PK_HASH_SIZE];
    char plain[17];
    size_t count;

    assert_int_equal(recovery_codes_create(store, &fixture->alice, codes), PK_OK);
    assert_int_equal(store->verbs->recovery_list(store, &fixture->alice, stored, &count), PK_OK);
    assert_int_equal(count, PK_RECOVERY_CODES);
    for (size_t i = 0; i < count; i++) {
        const char *code = (const char *)codes[i].data;

        (void)snprintf(plain, sizeof(plain), "%.4s%.4s%.4s%.4s", code, code + 5, code + 10,
                       code + 15);
        assert_int_equal(stored[i].scheme, RECOVERY_HMAC);
        assert_int_equal(pk_hmac_sha256((struct pk_view){stored[i].salt, PK_HASH_SIZE},
                                        pk_view_string(plain), expected),
                         PK_OK);
        assert_memory_equal(stored[i].hash, expected, PK_HASH_SIZE);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(stored[i].salt, stored[j].salt, PK_HASH_SIZE);
    }
    clear_codes(codes);
}

/* Nobody loses the codes that were printed before: they have a scrypt hash, with one salt. */
static void codes_from_before_still_work(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct recovery_code before[3] = {{.salt = {7}}, {.salt = {7}}, {.salt = {8}}};
    static const char *const plain[] = {"0000000000000000", "1111111111111111", "2222222222222222"};

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pk_scrypt(pk_view_string(plain[i]),
                                   (struct pk_view){before[i].salt, PK_HASH_SIZE}, before[i].hash),
                         PK_OK);
    assert_int_equal(store->verbs->recovery_replace(store, &fixture->alice, before, 3), PK_OK);
    assert_int_equal(use(store, &fixture->alice, "3333-3333-3333-3333"), PK_RECOVERY_CODE_INVALID);
    for (size_t i = 3; i > 0; i--) {
        assert_int_equal(use(store, &fixture->alice, plain[i - 1]), PK_OK);
        assert_int_equal(use(store, &fixture->alice, plain[i - 1]), PK_RECOVERY_CODE_INVALID);
        assert_int_equal(left(store, &fixture->alice), i - 1);
    }
}

static enum pk_status used_already(struct store *store, const struct account *account,
                                   const uint8_t hash[PK_HASH_SIZE])
{
    (void)store, (void)account, (void)hash;
    return PK_NOT_FOUND;
}

/* Somebody used the same code between the look and the use. */
static void a_code_is_used_by_one_of_two(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    const struct store_verbs *verbs = store->verbs;
    struct store_verbs late = *verbs;
    struct pk_secret codes[PK_RECOVERY_CODES];

    late.recovery_use = used_already;
    assert_int_equal(recovery_codes_create(store, &fixture->alice, codes), PK_OK);
    store->verbs = &late;
    assert_int_equal(use(store, &fixture->alice, (const char *)codes[0].data),
                     PK_RECOVERY_CODE_INVALID);
    store->verbs = verbs;
    clear_codes(codes);
}

static void ticket_is_known_by_its_hash(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    PK_AUTO_SECRET struct pk_secret other = {0};
    PK_AUTO_BYTES struct pk_bytes random = {0};
    uint8_t bytes[PK_HASH_SIZE], expected[PK_HASH_SIZE];
    struct pk_view hash = {bytes, sizeof(bytes)};

    assert_int_equal(ticket_create(store, &fixture->alice, 2000, &ticket), PK_OK);
    assert_int_equal(ticket.len, 43);
    assert_int_equal(ticket_hash(&ticket, bytes), PK_OK);
    /* By nothing that could be turned back into it. */
    assert_int_equal(pk_base64url_decode(pk_secret_view(&ticket), PK_HASH_SIZE, &random), PK_OK);
    pk_sha256(pk_view_of(&random), expected);
    assert_memory_equal(bytes, expected, PK_HASH_SIZE);
    assert_int_equal(store->verbs->ticket_check(store, hash, "default", "alice", 1000, 1999),
                     PK_OK);
    assert_int_equal(store->verbs->ticket_check(store, hash, "default", "alice", 1000, 2000),
                     PK_TICKET_INVALID);
    assert_int_equal(store->verbs->ticket_check(store, hash, "default", "bob", 1001, 1999),
                     PK_TICKET_INVALID);
    assert_int_equal(ticket_create(store, &fixture->alice, 2000, &other), PK_OK);
    assert_string_not_equal((const char *)ticket.data, (const char *)other.data);
}

static void malformed_tickets_are_invalid(void **state)
{
    static const char *const malformed[] = {
        "",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
    };
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        PK_AUTO_SECRET struct pk_secret ticket = {0};

        assert_int_equal(pk_secret_copy(pk_view_string(malformed[i]), &ticket), PK_OK);
        assert_int_equal(ticket_hash(&ticket, hash), PK_TICKET_INVALID);
    }
}

/* What follows in memory is no part of it. */
static void a_ticket_is_read_in_its_length_alone(void **state)
{
    static char text[] = "lAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const uint8_t *bytes = (const uint8_t *)text;
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        struct pk_secret local = {.data = (uint8_t *)text + 1, .len = len};

        assert_int_equal(ticket_hash(&local, hash), len == 43 ? PK_OK : PK_TICKET_INVALID);
        assert_int_equal(link_ticket_hash((struct pk_view){bytes, len}, hash),
                         len == 44 ? PK_OK : PK_TICKET_INVALID);
    }
}

/* Neither is read as the other, and the store does not know the one by what the other hashes. */
static void link_tickets_are_of_another_kind(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    PK_AUTO_SECRET struct pk_secret local = {0};
    uint8_t bytes[PK_HASH_SIZE], stripped[PK_HASH_SIZE];
    AUTO_ACCOUNT struct account found = {.uid = PK_NO_UID};
    int64_t expires = 0;

    assert_int_equal(link_ticket_create(store, &fixture->alice, 2000, &ticket), PK_OK);
    assert_int_equal(ticket.len, 44);
    assert_int_equal(ticket_hash(&ticket, bytes), PK_TICKET_INVALID);
    assert_int_equal(link_ticket_hash(pk_secret_view(&ticket), bytes), PK_OK);
    assert_int_equal(pk_secret_copy((struct pk_view){ticket.data + 1, ticket.len - 1}, &local),
                     PK_OK);
    assert_int_equal(link_ticket_hash(pk_secret_view(&local), stripped), PK_TICKET_INVALID);
    assert_int_equal(ticket_hash(&local, stripped), PK_OK);
    assert_memory_not_equal(bytes, stripped, PK_HASH_SIZE);
    assert_int_equal(store->verbs->ticket_find(store, (struct pk_view){stripped, PK_HASH_SIZE},
                                               1999, &found, &expires),
                     PK_TICKET_INVALID);
    assert_int_equal(store->verbs->ticket_find(store, (struct pk_view){bytes, PK_HASH_SIZE}, 2000,
                                               &found, &expires),
                     PK_TICKET_INVALID);
    assert_int_equal(store->verbs->ticket_find(store, (struct pk_view){bytes, PK_HASH_SIZE}, 1999,
                                               &found, &expires),
                     PK_OK);
    assert_string_equal(found.rp, "default");
    assert_string_equal(found.name, "alice");
    assert_int_equal(found.uid, 1000);
    assert_int_equal(expires, 2000);
}

/* All of the account, and of no other one, whichever their kind. */
static void tickets_are_revoked(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    const struct account namesakes[] = {
        {.rp = fixture->alice.rp, .name = fixture->alice.name, .uid = fixture->alice.uid + 1},
        {.rp = fixture->alice.rp, .name = (char[]){"bob"}, .uid = fixture->alice.uid},
        {.rp = (char[]){"other"}, .name = fixture->alice.name, .uid = fixture->alice.uid},
    };
    PK_AUTO_SECRET struct pk_secret local = {0};
    PK_AUTO_SECRET struct pk_secret link = {0};

    assert_int_equal(store->verbs->tickets_remove(store, &fixture->alice), PK_NOT_FOUND);
    assert_int_equal(ticket_create(store, &fixture->alice, 2000, &local), PK_OK);
    assert_int_equal(link_ticket_create(store, &fixture->alice, 2000, &link), PK_OK);
    for (size_t i = 0; i < sizeof(namesakes) / sizeof(namesakes[0]); i++)
        assert_int_equal(store->verbs->tickets_remove(store, &namesakes[i]), PK_NOT_FOUND);
    assert_int_equal(store->verbs->tickets_remove(store, &fixture->alice), PK_OK);
    assert_int_equal(store->verbs->tickets_remove(store, &fixture->alice), PK_NOT_FOUND);
}

static void malformed_link_tickets_are_invalid(void **state)
{
    static const char *const malformed[] = {
        "",
        "l",
        "lAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "lAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "LAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "lAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
        "lAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
    };
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_int_equal(link_ticket_hash(pk_view_string(malformed[i]), hash), PK_TICKET_INVALID);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(codes_are_readable_and_differ),
        TEST(code_works_once),
        TEST(code_may_be_typed_carelessly),
        TEST(malformed_codes_are_invalid),
        TEST(new_codes_replace_the_old),
        TEST(codes_are_not_in_the_database),
        TEST(codes_are_keyed),
        TEST(codes_from_before_still_work),
        TEST(a_code_is_used_by_one_of_two),
        TEST(ticket_is_known_by_its_hash),
        cmocka_unit_test(malformed_tickets_are_invalid),
        cmocka_unit_test(a_ticket_is_read_in_its_length_alone),
        TEST(link_tickets_are_of_another_kind),
        TEST(tickets_are_revoked),
        cmocka_unit_test(malformed_link_tickets_are_invalid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
