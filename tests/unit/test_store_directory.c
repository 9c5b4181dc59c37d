/* SPDX-License-Identifier: BSD-2-Clause */
/* A SQLite store as the cache of a directory: whose the passkeys are, and what a change leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "store/sqlite/directory.h"
#include "tests/unit/store_fixture.h"

#include <stdlib.h>
#include <string.h>

#define KEY(text) pk_view_string(text)

static int set_up_cache(void **state)
{
    int code = set_up(state);
    struct fixture *fixture = *state;

    assert_int_equal(directory_prepare(fixture->store), PK_OK);
    return code;
}

/* As the directory says it: of an account by name and number, with a handle of the entry's own. */
static struct credential said(const char *name, uid_t uid, const char *id, const char *handle)
{
    struct account account = {.name = strdup(name), .uid = uid};
    struct credential credential = make(account, id, "key");

    assert_int_equal(pk_bytes_copy(KEY(handle), &credential.record.user_handle), PK_OK);
    return credential;
}

static struct directory_outcome apply(struct store *store, enum directory_source source,
                                      int64_t generation, enum directory_kind kind, const char *key,
                                      const struct credential *credential)
{
    struct directory_outcome outcome = {0};
    const struct directory_change change = {kind, KEY(key), credential};
    const struct directory_changes changes = {
        .source = source, .generation = generation, .items = &change, .count = 1};

    assert_int_equal(directory_apply(store, &changes, &outcome), PK_OK);
    return outcome;
}

static void has(struct store *store, const char *name, uid_t uid, const char *id, const char *key)
{
    AUTO_CREDENTIAL struct credential credential = said(name, uid, id, "handle");
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, key, &credential);

    assert_int_equal(outcome.added, 1);
}

static size_t count_of_account(struct store *store, const char *name, uid_t uid)
{
    return count_of(store, &(struct credential_filter){.account_name = name, .uid = &uid});
}

static void use(struct store *store, const char *id, uint32_t count)
{
    assert_int_equal(
        store->verbs->use(store, KEY(id), &(struct credential_use){.sign_count = count, .when = 1}),
        PK_OK);
}

static uint32_t counter_of(struct store *store, const char *id)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const struct credential_filter filter = {.credential_id = KEY(id)};

    assert_int_equal(store->verbs->list(store, &filter, &list), PK_OK);
    assert_int_equal(list.count, 1);
    return list.items[0].record.sign_count;
}

static void what_is_said_again_changes_nothing(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential again = said("alice", 1000, "a", "handle");

    has(store, "alice", 1000, "a", "1");
    use(store, "a", 7);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome =
        apply(store, DIRECTORY_ENTRIES, 2, DIRECTORY_HAS, "1", &again);
    assert_int_equal(outcome.added + outcome.removed + outcome.told.count, 0);
    assert_int_equal(counter_of(store, "a"), 7);
}

static void another_owner_is_another_passkey(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential other = said("bob", 1001, "a", "handle");
    struct pk_strings told = {0};

    has(store, "alice", 1000, "a", "1");
    use(store, "a", 7);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "1", &other);
    assert_int_equal(outcome.added, 1);
    assert_int_equal(outcome.told.count, 1);
    assert_int_equal(count_of_account(store, "alice", 1000), 0);
    assert_int_equal(count_of_account(store, "bob", 1001), 1);
    assert_int_equal(counter_of(store, "a"), 0);
    assert_int_equal(directory_told(store, &told), PK_OK);
    assert_int_equal(told.count, 1);
    assert_non_null(strstr(told.items[0], "was of alice (uid 1000)"));
    pk_strings_clear(&told);
}

static void another_key_is_another_passkey(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential other = said("alice", 1000, "a", "handle");

    has(store, "alice", 1000, "a", "1");
    use(store, "a", 7);
    other.record.public_key.data[0] ^= 1;
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "1", &other);
    assert_int_equal(outcome.told.count, 1);
    assert_int_equal(counter_of(store, "a"), 0);
}

static void an_entry_that_was_renamed_leaves_nothing(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;

    has(store, "alice", 1000, "a", "1");
    has(store, "alice", 1000, "b", "1");
    assert_int_equal(count_of(store, &(struct credential_filter){.credential_id = KEY("a")}), 0);
    assert_int_equal(count_of_account(store, "alice", 1000), 1);
}

static void what_is_not_seen_is_swept_away(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome = {0};
    AUTO_DIRECTORY_OUTCOME struct directory_outcome kept = {0};
    int64_t generation = 0;

    assert_int_equal(insert(store, "alice", 1000, "own", "own"), PK_OK);
    assert_int_equal(directory_begin(store, &generation), PK_OK);
    has(store, "alice", 1000, "a", "1");
    has(store, "alice", 1000, "b", "2");
    assert_int_equal(directory_begin(store, &generation), PK_OK);
    assert_int_equal(generation, 2);
    kept = apply(store, DIRECTORY_ENTRIES, generation, DIRECTORY_KEEPS, "2", NULL);
    assert_int_equal(directory_sweep(store, DIRECTORY_MAPPINGS, generation, &outcome), PK_OK);
    assert_int_equal(outcome.removed, 0);
    assert_int_equal(directory_sweep(store, DIRECTORY_ENTRIES, generation, &outcome), PK_OK);
    assert_int_equal(outcome.removed, 1);
    assert_int_equal(count_of(store, &(struct credential_filter){.credential_id = KEY("a")}), 0);
    assert_int_equal(count_of_account(store, "alice", 1000), 2);
}

/* Added while a look was under way, which began before it was there. */
static void what_was_just_added_is_not_swept_away(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome = {0};
    PK_AUTO_BYTES struct pk_bytes key = {0};
    enum directory_source source = DIRECTORY_MAPPINGS;
    int64_t generation = 0;

    assert_int_equal(directory_begin(store, &generation), PK_OK);
    assert_int_equal(insert(store, "alice", 1000, "a", "own"), PK_OK);
    assert_int_equal(directory_find(store, KEY("a"), &source, &key), PK_NOT_FOUND);
    assert_int_equal(directory_mark(store, DIRECTORY_ENTRIES, KEY("1"), KEY("a")), PK_OK);
    assert_int_equal(directory_find(store, KEY("a"), &source, &key), PK_OK);
    assert_int_equal(source, DIRECTORY_ENTRIES);
    assert_int_equal(directory_sweep(store, DIRECTORY_ENTRIES, generation, &outcome), PK_OK);
    assert_int_equal(count_of_account(store, "alice", 1000), 1);
}

static void the_first_passkey_brings_the_handle(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account made = account_of(store, "default", "alice", 1000);
    AUTO_ACCOUNT struct account after = {0};
    AUTO_ACCOUNT struct account other = {0};
    AUTO_ACCOUNT struct account bob = {0};

    assert_int_equal(made.user_handle.len, PK_USER_HANDLE_SIZE);
    has(store, "alice", 1000, "a", "1");
    after = account_of(store, "default", "alice", 1000);
    assert_true(pk_view_equal(pk_view_of(&after.user_handle), KEY("handle")));
    AUTO_CREDENTIAL struct credential second = said("alice", 1000, "b", "another");
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "2", &second);
    other = account_of(store, "default", "alice", 1000);
    assert_true(pk_view_equal(pk_view_of(&other.user_handle), KEY("handle")));
    /* Somebody who names another's handle does not get it. */
    has(store, "bob", 1001, "c", "3");
    bob = account_of(store, "default", "bob", 1001);
    assert_false(pk_view_equal(pk_view_of(&bob.user_handle), KEY("handle")));
}

static void names_are_made_different(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const struct credential_filter filter = {.account_name = "alice",
                                             .order = CREDENTIALS_BY_ACCOUNT};

    has(store, "alice", 1000, "a", "1");
    has(store, "alice", 1000, "b", "2");
    assert_int_equal(store->verbs->list(store, &filter, &list), PK_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].name, "key");
    assert_string_equal(list.items[1].name, "key (2)");
}

/* Whoever adds thousands for themselves has the first ones, and holds nobody up. */
static void an_account_has_so_many(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;

    for (unsigned i = 0; i < PK_CREDENTIAL_LIST_MAX + 2; i++) {
        char id[16];
        bool room = i < PK_CREDENTIAL_LIST_MAX;

        snprintf(id, sizeof(id), "%u", i);
        AUTO_CREDENTIAL struct credential credential = said("alice", 1000, id, "handle");
        AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome =
            apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, id, &credential);

        assert_int_equal(outcome.added, room);
        assert_int_equal(outcome.left_out, !room);
    }
    assert_int_equal(count_of_account(store, "alice", 1000), PK_CREDENTIAL_LIST_MAX);
    has(store, "bob", 1001, "b", "bob's");
}

/* A value of an id that somebody else has as well. */
static void a_mapping_stays_with_who_has_it(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential alices = said("alice", 1000, "a", "handle");
    AUTO_CREDENTIAL struct credential mallorys = said("mallory", 1005, "a", "handle");
    const struct directory_change both[] = {{DIRECTORY_HAS, KEY("a"), &mallorys},
                                            {DIRECTORY_HAS, KEY("a"), &alices}};
    const struct directory_changes changes = {
        .source = DIRECTORY_MAPPINGS, .generation = 2, .items = both, .count = 2};
    AUTO_DIRECTORY_OUTCOME struct directory_outcome first =
        apply(store, DIRECTORY_MAPPINGS, 1, DIRECTORY_HAS, "a", &alices);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome = {0};

    assert_int_equal(first.added, 1);
    assert_int_equal(directory_apply(store, &changes, &outcome), PK_OK);
    assert_int_equal(count_of_account(store, "alice", 1000), 1);
    assert_int_equal(count_of_account(store, "mallory", 1005), 0);
    assert_int_equal(outcome.told.count, 0);
}

/* Whoever may add entries, or write values, of their own: an id is no secret. */
static void nobody_takes_what_is_this_hosts_own(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential alices = said("alice", 1000, "a", "handle");
    struct pk_strings told = {0};

    assert_int_equal(insert(store, "root", 0, "a", "roots"), PK_OK);
    use(store, "a", 7);
    for (int times = 0; times < 2; times++)
        for (enum directory_source each = DIRECTORY_ENTRIES; each <= DIRECTORY_MAPPINGS; each++) {
            AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome =
                apply(store, each, 1, DIRECTORY_HAS, "1", &alices);

            assert_int_equal(outcome.added + outcome.removed, 0);
            /* Who adds it again and again fills no log. */
            assert_int_equal(outcome.told.count, times == 0 && each == DIRECTORY_ENTRIES);
        }
    assert_int_equal(count_of_account(store, "alice", 1000), 0);
    assert_int_equal(counter_of(store, "a"), 7);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome removed =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_LACKS, "1", &alices);
    assert_int_equal(removed.removed, 0);
    assert_int_equal(count_of_account(store, "root", 0), 1);
    assert_int_equal(directory_told(store, &told), PK_OK);
    assert_int_equal(told.count, 1);
    assert_non_null(strstr(told.items[0], "stays that of root (uid 0)"));
    pk_strings_clear(&told);
}

static void an_entry_and_a_value_take_nothing_from_each_other(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential alices = said("alice", 1000, "a", "handle");
    AUTO_CREDENTIAL struct credential bobs = said("bob", 1001, "b", "bobs");
    AUTO_CREDENTIAL struct credential too = said("mallory", 1005, "a", "other");
    AUTO_CREDENTIAL struct credential also = said("mallory", 1005, "b", "other");

    has(store, "alice", 1000, "a", "1");
    AUTO_DIRECTORY_OUTCOME struct directory_outcome first =
        apply(store, DIRECTORY_MAPPINGS, 2, DIRECTORY_HAS, "b", &bobs);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome value =
        apply(store, DIRECTORY_MAPPINGS, 3, DIRECTORY_HAS, "a", &too);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome entry =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "2", &also);
    assert_int_equal(value.added + value.removed + entry.added + entry.removed, 0);
    assert_int_equal(count_of_account(store, "mallory", 1005), 0);
    assert_int_equal(count_of_account(store, "alice", 1000), 1);
    assert_int_equal(count_of_account(store, "bob", 1001), 1);
}

/* What is marked before it is there: who was killed between the two hears of it, either way. */
static void a_mark_is_no_passkey(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential b = said("alice", 1000, "b", "handle");

    assert_int_equal(directory_mark(store, DIRECTORY_ENTRIES, KEY("1"), KEY("a")), PK_OK);
    has(store, "alice", 1000, "a", "1");
    assert_int_equal(count_of_account(store, "alice", 1000), 1);
    assert_int_equal(directory_mark(store, DIRECTORY_ENTRIES, KEY("2"), KEY("b")), PK_OK);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome gone =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_LACKS, "2", &b);
    assert_int_equal(gone.removed, 0);
    assert_int_equal(insert(store, "alice", 1000, "b", "own"), PK_OK);
    assert_int_equal(count_of_account(store, "alice", 1000), 2);
}

static void what_is_owed_does_not_come_back(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential credential = said("alice", 1000, "a", "handle");
    AUTO_DIRECTORY_IDS struct directory_ids ids = {0};

    assert_int_equal(directory_owe(store, KEY("a"), "ldaps://two"), PK_OK);
    assert_int_equal(directory_owe(store, KEY("a"), "ldaps://two"), PK_OK);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome refused =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "1", &credential);
    assert_int_equal(refused.added, 0);
    assert_int_equal(directory_owed(store, "ldaps://two", &ids), PK_OK);
    assert_int_equal(ids.count, 1);
    assert_int_equal(directory_pay(store, KEY("a"), "ldaps://two"), PK_OK);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome taken =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "1", &credential);
    assert_int_equal(taken.added, 1);
}

/* What a server said before it acknowledged the removal may be heard after it. */
static void an_entry_that_was_removed_is_not_heard_of_again(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    const struct account alice = {
        .rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = 1000};
    AUTO_CREDENTIAL struct credential credential = said("alice", 1000, "a", "handle");

    has(store, "alice", 1000, "a", "1");
    assert_int_equal(directory_bury(store, KEY("1")), PK_OK);
    assert_int_equal(directory_bury(store, KEY("1")), PK_OK);
    assert_int_equal(store->verbs->remove(store, &alice, KEY("a")), PK_OK);
    AUTO_DIRECTORY_OUTCOME struct directory_outcome late =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "1", &credential);
    assert_int_equal(late.added, 0);
    assert_int_equal(count_of_account(store, "alice", 1000), 0);
    /* Added again it is another entry. */
    AUTO_DIRECTORY_OUTCOME struct directory_outcome again =
        apply(store, DIRECTORY_ENTRIES, 1, DIRECTORY_HAS, "2", &credential);
    assert_int_equal(again.added, 1);
}

static void those_of_this_host_are_its_own(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_DIRECTORY_IDS struct directory_ids ids = {0};

    assert_int_equal(insert(store, "alice", 1000, "own", "own"), PK_OK);
    has(store, "alice", 1000, "a", "1");
    assert_int_equal(directory_own(store, &ids), PK_OK);
    assert_int_equal(ids.count, 1);
    assert_true(pk_view_equal(pk_view_of(&ids.items[0]), KEY("own")));
}

/* What the directory says of them nobody adopts on one host. */
static void orphans_of_the_directory_are_counted(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    const struct account moved = {
        .rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = 2000};
    size_t count = 99;

    has(store, "bob", 1001, "b", "2");
    assert_int_equal(insert(store, "alice", 1000, "own", "own"), PK_OK);
    assert_int_equal(directory_orphans(store, &moved, &count), PK_OK);
    assert_int_equal(count, 0);
    has(store, "alice", 1000, "a", "1");
    assert_int_equal(directory_orphans(store, &moved, &count), PK_OK);
    assert_int_equal(count, 1);
    has(store, "alice", 2000, "c", "3");
    assert_int_equal(directory_orphans(store, &moved, &count), PK_OK);
    assert_int_equal(count, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_cache, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_said_again_changes_nothing),
        TEST(another_owner_is_another_passkey),
        TEST(another_key_is_another_passkey),
        TEST(an_entry_that_was_renamed_leaves_nothing),
        TEST(what_is_not_seen_is_swept_away),
        TEST(what_was_just_added_is_not_swept_away),
        TEST(the_first_passkey_brings_the_handle),
        TEST(names_are_made_different),
        TEST(an_account_has_so_many),
        TEST(a_mapping_stays_with_who_has_it),
        TEST(nobody_takes_what_is_this_hosts_own),
        TEST(an_entry_and_a_value_take_nothing_from_each_other),
        TEST(a_mark_is_no_passkey),
        TEST(what_is_owed_does_not_come_back),
        TEST(those_of_this_host_are_its_own),
        TEST(an_entry_that_was_removed_is_not_heard_of_again),
        TEST(orphans_of_the_directory_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
