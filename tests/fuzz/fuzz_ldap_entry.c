/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any values of any attributes as a passkey's entry: an attribute's number, a length of two bytes,
 * and the value; after a byte 0xff the rest is a server's cookie. What is taken is taken again when
 * it is written, and a cookie that was merged is one whose merge with itself is the same.
 */
#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "store/ldap/cookie.h"
#include "store/ldap/entry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void merge(struct pk_view said)
{
    PK_AUTO_FREE char *once = NULL;
    PK_AUTO_FREE char *twice = NULL;

    if (ldap_cookie_merge(NULL, said, &once) != PK_OK)
        return;
    check(ldap_cookie_merge(once, pk_view_string(once), &twice) == PK_OK);
    check(strcmp(once, twice) == 0);
}

static void write_again(const struct credential *credential, const struct entry_owner *owner)
{
    AUTO_CREDENTIAL struct credential again = {.account.uid = PK_NO_UID};
    AUTO_ENTRY_OWNER struct entry_owner other = {0};
    AUTO_ENTRY_TEXTS struct entry_texts texts = {0};
    PK_AUTO_FREE char *dn = NULL;
    const char *why = NULL;
    struct entry entry;

    check(entry_write(credential, owner, "ou=passkeys", &texts, &entry, &dn) == PK_OK);
    check(entry_read(&entry, &again, &other, &why) == PK_OK);
    check(pk_view_equal(pk_view_of(&credential->record.id), pk_view_of(&again.record.id)));
    check(pk_view_equal(pk_view_of(&credential->record.public_key),
                        pk_view_of(&again.record.public_key)));
    check(owner->number == other.number && strcmp(owner->dn, other.dn) == 0);
    check(credential->created == again.created && credential->algorithm == again.algorithm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_reader reader = pk_reader_new((struct pk_view){data, size});
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    AUTO_ENTRY_OWNER struct entry_owner owner = {0};
    struct entry entry = {0};
    const char *why = NULL;
    size_t names = 0;

    while (entry_attributes[names])
        names++;
    while (reader.remaining > 0 && reader.status == PK_OK && entry.count < ENTRY_VALUES_MAX) {
        uint8_t name = pk_reader_u8(&reader);

        if (name == 0xff) {
            merge((struct pk_view){reader.ptr, reader.remaining});
            return 0;
        }
        entry.items[entry.count++] = (struct entry_value){
            entry_attributes[name % names], pk_reader_take(&reader, pk_reader_u16(&reader))};
    }
    if (entry_read(&entry, &credential, &owner, &why) == PK_OK)
        write_again(&credential, &owner);
    else
        check(why && *why);
    return 0;
}
