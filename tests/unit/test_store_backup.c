/* SPDX-License-Identifier: BSD-2-Clause */
/* An image of the store, and an image in its place; and the id that an imported credential gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "store/sqlite/backup.h"
#include "store/sqlite/schema.h"
#include "tests/unit/store_fixture.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#define USER_VERSION_AT 60 /* SQLite's file format, section 1.3 */

static struct pk_bytes image_of(struct fixture *fixture)
{
    struct pk_bytes image = {0};
    struct backup_counts counts;

    assert_int_equal(store_sqlite_backup(fixture->store, false, &image, &counts), PK_OK);
    return image;
}

static enum pk_status restore(struct fixture *fixture, const struct pk_bytes *image, bool replace)
{
    const struct restore_wish wish = {.image = pk_view_of(image), .replace = replace};
    __attribute__((cleanup(restore_report_clear))) struct restore_report report = {0};

    return store_sqlite_restore(fixture->store, &wish, &report);
}

static size_t passkeys(struct fixture *fixture)
{
    return count_of(fixture->store, &(struct credential_filter){0});
}

static void add(struct fixture *fixture, const char *id)
{
    assert_int_equal(insert(fixture->store, "alice", 1000, id, id), PK_OK);
}

static void what_is_there_is_not_given_up_by_the_way(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_BYTES struct pk_bytes empty = image_of(fixture), one = {0};
    PK_AUTO_FREE char *path = NULL;
    char pattern[SCRATCH_PATH_MAX + 64];
    glob_t kept;

    add(fixture, "one");
    one = image_of(fixture);
    assert_int_equal(restore(fixture, &empty, false), PK_EXISTS);
    assert_int_equal(passkeys(fixture), 1);
    assert_int_equal(restore(fixture, &empty, true), PK_OK);
    assert_int_equal(passkeys(fixture), 0);
    (void)snprintf(pattern, sizeof(pattern), "%s/passkeyd.db.before-restore-*", fixture->folder);
    assert_int_equal(glob(pattern, 0, NULL, &kept), 0);
    assert_int_equal(kept.gl_pathc, 1);
    globfree(&kept);
    assert_int_equal(restore(fixture, &one, false), PK_OK);
    assert_int_equal(passkeys(fixture), 1);
    /* It is on the disk, and the store is as good as any. */
    (void)reopen(fixture);
    assert_int_equal(passkeys(fixture), 1);
    add(fixture, "two");
}

static void codes_are_in_no_image(void **state)
{
    struct fixture *fixture = *state;
    AUTO_ACCOUNT struct account alice = account_of(fixture->store, "default", "alice", 1000);
    const struct recovery_code codes[2] = {{.hash = {1}}, {.hash = {2}}};
    struct recovery_code left[PK_RECOVERY_CODES];
    PK_AUTO_BYTES struct pk_bytes image = {0};
    size_t count = 0;

    assert_int_equal(fixture->store->verbs->recovery_replace(fixture->store, &alice, codes, 2),
                     PK_OK);
    add(fixture, "one");
    image = image_of(fixture);
    assert_int_equal(fixture->store->verbs->recovery_use(fixture->store, &alice, codes[0].hash),
                     PK_OK);
    assert_int_equal(restore(fixture, &image, true), PK_OK);
    assert_int_equal(fixture->store->verbs->recovery_list(fixture->store, &alice, left, &count),
                     PK_OK);
    assert_int_equal(count, 1);
    assert_memory_equal(left[0].hash, codes[1].hash, PK_HASH_SIZE);
    /* On another root there are none. */
    for (size_t i = 0; i + 32 <= image.len; i++)
        assert_memory_not_equal(image.data + i, codes[1].hash, 32);
}

/* A transaction is one an id: what was confirmed since the backup is not free to be used again. */
static enum pk_status confirm(struct store *store, const char *user, const char *id)
{
    return store->verbs->transaction_add(store,
                                         &(struct transaction){.rp = (char[]){"shop"},
                                                               .user = (char *)(uintptr_t)user,
                                                               .id = (char *)(uintptr_t)id,
                                                               .data = (char[]){"{\"sum\":1}"},
                                                               .created = 1000});
}

static void transactions_are_not_undone(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    AUTO_ACCOUNT struct account old = account_of(store, "shop", "old", PK_NO_UID);
    AUTO_ACCOUNT struct account since = {0};
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};
    PK_AUTO_BYTES struct pk_bytes image = {0};

    assert_int_equal(confirm(store, "old", "before"), PK_OK);
    image = image_of(fixture);
    assert_int_equal(confirm(store, "old", "after"), PK_OK);
    since = account_of(store, "shop", "since", PK_NO_UID);
    assert_int_equal(confirm(store, "since", "other"), PK_OK);
    assert_int_equal(restore(fixture, &image, true), PK_OK);
    assert_int_equal(confirm(store, "old", "before"), PK_EXISTS);
    assert_int_equal(confirm(store, "old", "after"), PK_EXISTS);
    assert_int_equal(confirm(store, "old", "other"), PK_EXISTS);
    assert_int_equal(store->verbs->transaction_list(store, "shop", "old", &list), PK_OK);
    assert_int_equal(list.count, 2);
}

static void newer_ones_and_others_are_refused(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_BYTES struct pk_bytes image = {0};

    add(fixture, "one");
    image = image_of(fixture);
    image.data[USER_VERSION_AT + 3] = (uint8_t)(store_schema_version + 1);
    assert_int_equal(restore(fixture, &image, true), PK_UNSUPPORTED);
    assert_non_null(strstr(store_error(), "newer version"));
    image.data[USER_VERSION_AT + 3] = (uint8_t)(store_schema_version - 1);
    assert_int_equal(restore(fixture, &image, true), PK_INVALID_INPUT);
    image.len = 50;
    assert_int_equal(restore(fixture, &image, true), PK_INVALID_INPUT);
    assert_int_equal(passkeys(fixture), 1);
}

/* Every image that is cut, at whole pages too, is refused or is the whole. */
static void parts_are_refused(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_BYTES struct pk_bytes image = {0};

    add(fixture, "one");
    image = image_of(fixture);
    for (size_t len = 0; len < image.len; len += 512) {
        const struct pk_bytes part = {image.data, len};

        assert_int_not_equal(restore(fixture, &part, true), PK_OK);
        assert_int_equal(passkeys(fixture), 1);
    }
}

/* "In the schema" is a page of its own text: a view there is another schema. */
static void another_schema_is_refused(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_BYTES struct pk_bytes image = {0};
    uint8_t *found;

    add(fixture, "one");
    image = image_of(fixture);
    found = memmem(image.data, image.len, "CREATE INDEX credential_user_handle", 35);
    assert_non_null(found);
    /* As valid to SQLite, and another one. */
    memcpy(found, "CREATE INDEX credential_user_handlE", 35);
    assert_int_equal(restore(fixture, &image, true), PK_INVALID_INPUT);
}

static void the_id_that_was_found_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    AUTO_CREDENTIAL struct credential unknown =
        make(account_of(store, "default", "alice", 1000), "random", "key");
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const struct pk_view found = pk_view_string("found"), random = pk_view_string("random");
    const struct credential_use use = {.sign_count = 7, .when = 8, .found_id = found};

    unknown.id_unknown = true;
    unknown.record.verification = true;
    unknown.imported = strdup("pam-u2f");
    assert_int_equal(store->verbs->insert(store, &unknown, MAX, (struct pk_view){0}), PK_OK);
    add(fixture, "taken");
    assert_int_equal(
        store->verbs->use(store, random,
                          &(struct credential_use){.found_id = pk_view_string("taken")}),
        PK_EXISTS);
    assert_int_equal(store->verbs->use(store, random, &use), PK_OK);
    assert_int_equal(store->verbs->use(store, random, &use), PK_NOT_FOUND);
    /* Once it is known, it is nothing that an answer may change. */
    assert_int_equal(
        store->verbs->use(store, found,
                          &(struct credential_use){.found_id = pk_view_string("other")}),
        PK_NOT_FOUND);
    assert_int_equal(
        store->verbs->list(store, &(struct credential_filter){.credential_id = found}, &list),
        PK_OK);
    assert_int_equal(list.count, 1);
    assert_false(list.items[0].id_unknown);
    assert_true(list.items[0].record.verification && list.items[0].record.foreign_handle);
    assert_string_equal(list.items[0].imported, "pam-u2f");
    assert_int_equal(list.items[0].record.sign_count, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_there_is_not_given_up_by_the_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(codes_are_in_no_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(transactions_are_not_undone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(newer_ones_and_others_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_schema_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_id_that_was_found_is_kept, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
