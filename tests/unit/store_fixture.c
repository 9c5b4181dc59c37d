/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    scratch_new(fixture->folder);
    fixture->store = open_store(fixture->folder);
    *state = fixture;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->store)
        fixture->store->verbs->close(fixture->store);
    end_store();
    scratch_remove(fixture->folder);
    free(fixture);
    return 0;
}

struct store *reopen(struct fixture *fixture)
{
    fixture->store->verbs->close(fixture->store);
    fixture->store = NULL;
    fixture->store = open_store(fixture->folder);
    return fixture->store;
}

struct account account_of(struct store *store, const char *rp, const char *name, uid_t uid)
{
    struct account account = {0};

    assert_int_equal(store->verbs->account(store, rp, name, uid, true, &account), PK_OK);
    return account;
}

/* A credential with that text as its id. Takes the account. */
struct credential make(struct account account, const char *id, const char *name)
{
    struct credential credential = {.account = account};

    assert_int_equal(pk_bytes_copy(pk_view_string(id), &credential.record.id), PK_OK);
    assert_int_equal(pk_bytes_copy(pk_view_string("key"), &credential.record.public_key), PK_OK);
    credential.rp_id = strdup("example.org");
    credential.name = strdup(name);
    credential.format = strdup("packed");
    credential.attestation_type = strdup("Basic");
    credential.trust = strdup("yes");
    credential.algorithm = -7;
    credential.created = 1000;
    return credential;
}

enum pk_status insert(struct store *store, const char *account, uid_t uid, const char *id,
                      const char *name)
{
    AUTO_CREDENTIAL struct credential credential =
        make(account_of(store, "default", account, uid), id, name);

    return store->verbs->insert(store, &credential, MAX, (struct pk_view){0});
}

size_t count_of(struct store *store, const struct credential_filter *filter)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    assert_int_equal(store->verbs->list(store, filter, &list), PK_OK);
    return list.count;
}

char *close_and_name(struct fixture *fixture)
{
    fixture->store->verbs->close(fixture->store);
    fixture->store = NULL;
    return pk_text_format("%s/passkeyd.db", fixture->folder);
}

int store_tests_run(const struct CMUnitTest *tests, size_t count, const struct CMUnitTest *of_file,
                    size_t file_count)
{
    struct CMUnitTest all[64];

    assert_in_range(count + file_count, 1, sizeof(all) / sizeof(all[0]));
    memcpy(all, tests, count * sizeof(*tests));
    if (!store_is_file)
        file_count = 0;
    if (file_count > 0)
        memcpy(all + count, of_file, file_count * sizeof(*of_file));
    return _cmocka_run_group_tests("tests", all, count + file_count, NULL, NULL);
}
