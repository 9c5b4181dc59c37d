/* SPDX-License-Identifier: BSD-2-Clause */
/* The last decisions in the store: of accounts with passkeys alone, few, and gone with these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "store/sqlite/backup.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

#define ALICE 1000

static char rp[] = "default", nowhere[] = "{}";

static struct kept_decision decision(int64_t id, const char *name, bool approved)
{
    return (struct kept_decision){.id = id,
                                  .rp = rp,
                                  .name = (char *)(uintptr_t)name,
                                  .uid = approved ? ALICE : PK_NO_UID,
                                  .made = 100 + id,
                                  .approved = approved,
                                  .times = 1,
                                  .context = nowhere};
}

/* By itself, as many as may be. */
static enum decision_fate add(struct store *store, struct kept_decision one)
{
    struct kept_decision_list list = {&one, 1};

    assert_int_equal(store->verbs->decisions_add(store, &list, 99), PK_OK);
    return one.fate;
}

static enum decision_fate refuse(struct store *store, int64_t id, const char *name,
                                 const char *context)
{
    struct kept_decision one = decision(id, name, false);

    one.context = (char *)(uintptr_t)context;
    return add(store, one);
}

static struct kept_decision_list list_of(struct store *store, uid_t uid)
{
    AUTO_ACCOUNT struct account account = {
        .rp = strdup("default"), .name = strdup("alice"), .uid = uid};
    struct kept_decision_list list = {0};

    assert_int_equal(store->verbs->decisions_list(store, &account, &list), PK_OK);
    return list;
}

static size_t kept(struct store *store, uid_t uid)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list list = list_of(store, uid);

    return list.count;
}

static enum pk_status remove_passkey(struct store *store, const char *id)
{
    AUTO_ACCOUNT struct account alice = account_of(store, "default", "alice", ALICE);

    return store->verbs->remove(store, &alice, pk_view_string(id));
}

static struct store *with_alice(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;

    assert_int_equal(insert(store, "alice", ALICE, "one", "blue"), PK_OK);
    return store;
}

static void one_comes_back_as_it_was(void **state)
{
    struct kept_decision one = decision(7, "alice", true);
    AUTO_KEPT_DECISION_LIST struct kept_decision_list list = {0};
    struct store *store = with_alice(state);
    int64_t last = 0;

    one.enrollment = true;
    one.context = (char[]){"{\"service\":\"sudo\"}"};
    one.passkey = (char[]){"blue"};
    one.credential_id = (struct pk_bytes){(uint8_t[]){1, 2}, 2};
    assert_int_equal(add(store, one), DECISION_KEPT);
    assert_int_equal(add(store, one), DECISION_KEPT); /* again: it is there */
    store = reopen(*state);
    list = list_of(store, ALICE);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].id, 7);
    assert_int_equal(list.items[0].made, 107);
    assert_true(list.items[0].approved && list.items[0].enrollment);
    assert_int_equal(list.items[0].times, 1);
    assert_string_equal(list.items[0].context, "{\"service\":\"sudo\"}");
    assert_string_equal(list.items[0].passkey, "blue");
    assert_int_equal(list.items[0].credential_id.len, 2);
    assert_int_equal(list.items[0].credential_id.data[1], 2);
    assert_int_equal(store->verbs->decisions_last(store, &last), PK_OK);
    assert_int_equal(last, 7);
    assert_int_equal(kept(store, ALICE + 1), 0);
}

static void the_oldest_goes(void **state)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list list = {0};
    struct store *store = with_alice(state);
    char context[32];
    int64_t id = 1;

    for (int i = 0; i < 30; i++)
        assert_int_equal(add(store, decision(id++, "alice", true)), DECISION_KEPT);
    for (int i = 0; i < 30; i++) {
        (void)snprintf(context, sizeof(context), "{\"tty\":\"%d\"}", i);
        assert_int_equal(refuse(store, id++, "alice", context), DECISION_KEPT);
    }
    list = list_of(store, ALICE);
    assert_int_equal(list.count, DECISIONS_APPROVED + DECISIONS_REFUSED);
    assert_int_equal(list.items[0].id, 30 - DECISIONS_APPROVED + 1);
    assert_int_equal(list.items[DECISIONS_APPROVED].id, 60 - DECISIONS_REFUSED + 1);
}

static void refusals_of_one_place_are_one(void **state)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list list = {0};
    struct store *store = with_alice(state);
    struct kept_decision many = decision(4, "alice", false);

    (void)refuse(store, 1, "alice", "{}");
    (void)refuse(store, 2, "alice", "{}");
    (void)refuse(store, 2, "alice", "{}"); /* the same again, after a failure */
    (void)refuse(store, 3, "alice", "{\"tty\":\"x\"}");
    list = list_of(store, ALICE);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].id, 2);
    assert_int_equal(list.items[0].times, 2);
    assert_int_equal(list.items[0].made, 102);
    kept_decision_list_clear(&list);
    many.times = DECISIONS_TIMES_MAX;
    assert_int_equal(add(store, many), DECISION_KEPT);
    list = list_of(store, ALICE);
    assert_int_equal(list.items[1].times, DECISIONS_TIMES_MAX);
}

/* What a stranger's tries write is bounded, and of names that have no passkey there is nothing. */
static void of_refusals_so_many_are_written(void **state)
{
    struct store *store = with_alice(state);
    struct kept_decision items[] = {
        decision(1, "nobody", false), decision(2, "alice", false), decision(3, "bob", false),
        decision(4, "bob", true),     decision(5, "alice", false), decision(6, "alice", true),
    };
    struct kept_decision_list list = {items, 6};

    items[4].context = (char[]){"{\"tty\":\"x\"}"};
    assert_int_equal(store->verbs->decisions_add(store, &list, 1), PK_OK);
    assert_int_equal(items[0].fate, DECISION_NOBODY);
    assert_int_equal(items[1].fate, DECISION_KEPT);
    assert_int_equal(items[2].fate, DECISION_NOBODY);
    assert_int_equal(items[3].fate, DECISION_NOBODY);
    assert_int_equal(items[4].fate, DECISION_LATER);
    assert_int_equal(items[5].fate, DECISION_KEPT);
    assert_int_equal(kept(store, ALICE), 2);
}

static int64_t log_size(void **state)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/passkeyd.db-wal", ((struct fixture *)*state)->folder);
    size_t len = 0;
    PK_AUTO_FREE char *log = scratch_read(path, &len);

    return log ? (int64_t)len : 0;
}

static void for_names_without_passkeys_the_disk_is_not_written_to(void **state)
{
    struct store *store = with_alice(state);
    AUTO_ACCOUNT struct account bob = account_of(store, "default", "bob", 2000);
    int64_t before = log_size(state);

    assert_true(before > 0);
    assert_int_equal(refuse(store, 1, "nobody", "{}"), DECISION_NOBODY);
    assert_int_equal(refuse(store, 2, "bob", "{}"), DECISION_NOBODY);
    assert_int_equal(log_size(state), before);
    assert_int_equal(refuse(store, 3, "alice", "{}"), DECISION_KEPT);
    assert_true(log_size(state) > before);
}

static void they_go_with_the_last_passkey(void **state)
{
    struct store *store = with_alice(state);

    assert_int_equal(insert(store, "alice", ALICE, "two", "green"), PK_OK);
    (void)add(store, decision(1, "alice", true));
    (void)refuse(store, 2, "alice", "{}");
    assert_int_equal(remove_passkey(store, "one"), PK_OK);
    assert_int_equal(kept(store, ALICE), 2);
    assert_int_equal(remove_passkey(store, "one"), PK_NOT_FOUND);
    assert_int_equal(kept(store, ALICE), 2);
    assert_int_equal(remove_passkey(store, "two"), PK_OK);
    assert_int_equal(kept(store, ALICE), 0);
}

static int64_t only_account(struct store *store)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};

    assert_int_equal(store->verbs->accounts(store, &states), PK_OK);
    assert_int_equal(states.count, 1);
    return states.items[0].id;
}

/* They stay with the account that is gone, for whoever adopts it. */
static void a_namesake_does_not_see_them(void **state)
{
    struct store *store = with_alice(state);
    const struct account_change gone = {only_account(store), ACCOUNT_GONE};
    AUTO_ACCOUNT struct account alice = {0};
    size_t count = 0;

    (void)add(store, decision(1, "alice", true));
    assert_int_equal(store->verbs->accounts_update(
                         store, &(struct account_changes){.items = &gone, .count = 1, .now = 5}),
                     PK_OK);
    assert_int_equal(add(store, decision(2, "alice", true)), DECISION_NOBODY);
    assert_int_equal(insert(store, "alice", ALICE, "new", "new"), PK_OK);
    assert_int_equal(kept(store, ALICE), 0);
    (void)add(store, decision(3, "alice", true));
    assert_int_equal(kept(store, ALICE), 1);
    alice = account_of(store, "default", "alice", ALICE);
    assert_int_equal(store->verbs->adopt(store, &alice, &count), PK_OK);
    assert_int_equal(kept(store, ALICE), 2);
}

static void they_are_in_no_backup_and_stay_where_they_are(void **state)
{
    struct store *store = with_alice(state);
    struct kept_decision one = decision(1, "alice", true);
    PK_AUTO_BYTES struct pk_bytes image = {0};
    struct backup_counts counts;
    __attribute__((cleanup(restore_report_clear))) struct restore_report report = {0};

    one.context = (char[]){"{\"rhost\":\"192.0.2.7\"}"};
    (void)add(store, one);
    assert_int_equal(store_sqlite_backup(store, true, &image, &counts), PK_OK);
    assert_null(memmem(image.data, image.len, "192.0.2.7", 9));
    (void)add(store, decision(2, "alice", true));
    assert_int_equal(store_sqlite_restore(
                         store, &(struct restore_wish){pk_view_of(&image), true, false}, &report),
                     PK_OK);
    store = reopen(*state);
    assert_int_equal(kept(store, ALICE), 2);
}

/* An account that the backup has without a passkey has none, and nothing to look at. */
static void with_a_restore_too_they_go_with_the_last_passkey(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = account_of(store, "default", "alice", ALICE);
    PK_AUTO_BYTES struct pk_bytes image = {0};
    struct backup_counts counts;
    __attribute__((cleanup(restore_report_clear))) struct restore_report report = {0};

    assert_int_equal(store_sqlite_backup(store, true, &image, &counts), PK_OK);
    (void)with_alice(state);
    (void)add(store, decision(1, "alice", true));
    assert_int_equal(store_sqlite_restore(
                         store, &(struct restore_wish){pk_view_of(&image), true, false}, &report),
                     PK_OK);
    assert_int_equal(kept(store, ALICE), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_comes_back_as_it_was),      TEST(the_oldest_goes),
        TEST(refusals_of_one_place_are_one), TEST(of_refusals_so_many_are_written),
        TEST(they_go_with_the_last_passkey), TEST(a_namesake_does_not_see_them),
    };
    const struct CMUnitTest of_file[] = {
        TEST(for_names_without_passkeys_the_disk_is_not_written_to),
        TEST(they_are_in_no_backup_and_stay_where_they_are),
        TEST(with_a_restore_too_they_go_with_the_last_passkey),
    };

    return STORE_TESTS_RUN_WITH(tests, of_file);
}
