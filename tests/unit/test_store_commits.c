/* SPDX-License-Identifier: BSD-2-Clause */
/* How changes get to the disk, which is held here or fails. Nothing is waited for by time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/sqlite/query.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BOBS         5
#define STOP_SECONDS 30 /* more than anything here takes, on any machine */
#define MANY_CHANGES 3000

__attribute__((visibility("default"))) int fdatasync(int fd);

enum file {
    FILE_OTHER,
    FILE_DATABASE,
    FILE_LOG,
    FILES,
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held[FILES];
    size_t waiting[FILES]; /* calls that were held, since */
    size_t released;       /* so many of them go on all the same */
    size_t log_syncs;      /* since the log was last held */
    bool fails_held;       /* those that are held for the log fail */
    size_t failures;       /* so many calls for the log fail */
    bool fails_copier;     /* so do all of the store's own thread */
    pthread_t test;
    bool gave_up; /* a call was held for longer than anything takes */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static enum file file_of(int fd)
{
    char link[64], path[512];
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof(path) - 1);
    if (len < 0)
        return FILE_OTHER;
    path[len] = 0;
    if (ends_with(path, "passkeyd.db-wal"))
        return FILE_LOG;
    return ends_with(path, "passkeyd.db") ? FILE_DATABASE : FILE_OTHER;
}

static bool wait_a_change(void)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_SECONDS;
    return pthread_cond_timedwait(&disk.changed, &disk.lock, &until) == 0;
}

/* In place of the C library's, for SQLite. */
int fdatasync(int fd)
{
    enum file file = file_of(fd);
    size_t number;
    bool fails;

    (void)pthread_mutex_lock(&disk.lock);
    fails = file == FILE_LOG && disk.failures > 0;
    disk.failures -= fails;
    fails = fails ||
            (file == FILE_LOG && disk.fails_copier && !pthread_equal(pthread_self(), disk.test));
    disk.waiting[file] += disk.held[file] && !fails;
    disk.log_syncs += file == FILE_LOG;
    number = disk.waiting[file];
    (void)pthread_cond_broadcast(&disk.changed);
    while (disk.held[file] && !fails && !disk.gave_up && number > disk.released)
        disk.gave_up = !wait_a_change();
    fails = fails || (file == FILE_LOG && disk.fails_held);
    (void)pthread_mutex_unlock(&disk.lock);
    if (!fails)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}

static void hold(enum file file)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.held[file] = true;
    disk.waiting[file] = 0;
    disk.released = 0;
    disk.log_syncs = 0;
    (void)pthread_mutex_unlock(&disk.lock);
}

static void let_go(enum file file)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.held[file] = false;
    (void)pthread_cond_broadcast(&disk.changed);
    (void)pthread_mutex_unlock(&disk.lock);
}

static void release_one(void)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.released++;
    (void)pthread_cond_broadcast(&disk.changed);
    (void)pthread_mutex_unlock(&disk.lock);
}

static void fail_held(bool fails)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.fails_held = fails;
    (void)pthread_mutex_unlock(&disk.lock);
}

static void fail_next(void)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.failures = 1;
    (void)pthread_mutex_unlock(&disk.lock);
}

static void fail_copier(bool fails)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.fails_copier = fails;
    disk.test = pthread_self();
    (void)pthread_mutex_unlock(&disk.lock);
}

static bool gave_up(void)
{
    bool gave_up;

    (void)pthread_mutex_lock(&disk.lock);
    gave_up = disk.gave_up;
    (void)pthread_mutex_unlock(&disk.lock);
    return gave_up;
}

static size_t count_waiting(enum file file)
{
    size_t count;

    (void)pthread_mutex_lock(&disk.lock);
    count = disk.waiting[file];
    (void)pthread_mutex_unlock(&disk.lock);
    return count;
}

/* Until so many calls are held. */
static bool wait_held(enum file file, size_t count)
{
    bool there = true;

    (void)pthread_mutex_lock(&disk.lock);
    while (there && disk.waiting[file] < count)
        there = wait_a_change() && !disk.gave_up;
    (void)pthread_mutex_unlock(&disk.lock);
    return there;
}

/* A change on a thread of its own. */
struct change {
    pthread_t thread;
    struct store *store;
    const char *id;
    enum pk_status (*run)(struct change *change);
    atomic_bool returned;
    enum pk_status status;
};

static void *run_change(void *data)
{
    struct change *change = data;

    change->status = change->run(change);
    atomic_store(&change->returned, true);
    return NULL;
}

static void start(struct change *change)
{
    assert_int_equal(pthread_create(&change->thread, NULL, run_change, change), 0);
}

static enum pk_status finish(struct change *change)
{
    assert_int_equal(pthread_join(change->thread, NULL), 0);
    return change->status;
}

/* --- the changes ------------------------------------------------------------------------------ */

static const uint8_t hash[PK_HASH_SIZE] = "a ticket's";

static char rp[] = "default", alice_name[] = "alice", carol_name[] = "carol";
static const struct account alice = {.rp = rp, .name = alice_name, .uid = 1000};

/* Each another time: SQLite does not write what is there already. */
static enum pk_status run_use(struct change *change)
{
    static atomic_int when;

    return change->store->verbs->use(change->store, pk_view_string(change->id),
                                     &(struct credential_use){.when = atomic_fetch_add(&when, 1)});
}

static enum pk_status run_create(struct change *change)
{
    AUTO_ACCOUNT struct account account = {0};

    return change->store->verbs->account(change->store, "default", "carol", 1003, ACCOUNT_CREATE,
                                         &account);
}

static enum pk_status run_insert(struct change *change)
{
    AUTO_ACCOUNT struct account account = {0};
    enum pk_status status = change->store->verbs->account(change->store, "default", "alice", 1000,
                                                          ACCOUNT_FIND, &account);

    if (status != PK_OK)
        return status;
    AUTO_CREDENTIAL struct credential credential = make(account, "new", "new");

    account = (struct account){0};
    return change->store->verbs->insert(change->store, &credential, MAX, (struct pk_view){0});
}

static enum pk_status run_rename(struct change *change)
{
    return change->store->verbs->rename(change->store, &alice, pk_view_string("new"), "renamed");
}

static enum pk_status run_remove(struct change *change)
{
    return change->store->verbs->remove(change->store, &alice, pk_view_string("new"));
}

static enum pk_status run_put(struct change *change)
{
    return change->store->verbs->put(change->store, "key", pk_view_string("value"));
}

static enum pk_status run_ticket_add(struct change *change)
{
    return change->store->verbs->ticket_add(change->store, (struct pk_view){hash, sizeof(hash)},
                                            "default", "alice", 1000, pk_clock_now() + 60);
}

static enum pk_status run_recovery_replace(struct change *change)
{
    const struct recovery_code code = {.scheme = RECOVERY_HMAC, .hash = "a code's"};

    return change->store->verbs->recovery_replace(change->store, &alice, &code, 1);
}

static enum pk_status run_recovery_use(struct change *change)
{
    const uint8_t code[PK_HASH_SIZE] = "a code's";

    return change->store->verbs->recovery_use(change->store, &alice, code);
}

static enum pk_status run_accounts_update(struct change *change)
{
    const struct account_changes changes = {.key = "looked", .value = pk_view_string("now")};

    return change->store->verbs->accounts_update(change->store, &changes);
}

static enum pk_status run_adopt(struct change *change)
{
    const struct account account = {.rp = rp, .name = carol_name, .uid = 1004};
    size_t count;

    return change->store->verbs->adopt(change->store, &account, &count);
}

/* In an order in which each has something to change. */
static enum pk_status (*const all_changes[])(struct change *change) = {
    run_use,   run_create,     run_insert,           run_rename,       run_remove,
    run_put,   run_ticket_add, run_recovery_replace, run_recovery_use, run_accounts_update,
    run_adopt,
};

/* --- tests ------------------------------------------------------------------------------------ */

/* The first change after opening begins the log anew, which is synced for all. */
static int set_up_disk(void **state)
{
    struct fixture *fixture;

    disk.gave_up = false;
    (void)set_up(state);
    fixture = *state;
    assert_int_equal(insert(fixture->store, "alice", 1000, "blue", "blue"), PK_OK);
    assert_int_equal(insert(fixture->store, "bob", 1001, "red", "red"), PK_OK);
    return 0;
}

static int tear_down_disk(void **state)
{
    for (enum file file = FILE_OTHER; file < FILES; file++)
        let_go(file);
    return tear_down(state);
}

/* Until that many changes were committed, whether or not they are on the disk. */
static void wait_committed(struct sqlite_store *store, uint64_t changes)
{
    bool there = false;

    while (!there && !gave_up()) {
        (void)pthread_mutex_lock(&store->lock);
        there = store->changes >= changes;
        (void)pthread_mutex_unlock(&store->lock);
        (void)sched_yield();
    }
    assert_true(there);
}

/*
 * Bob has many changes under way, and alice's is with the disk as soon as the first is through:
 * what is committed while the disk is busy is synced at once.
 */
static void who_comes_meanwhile_shares_the_next_sync(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store = (struct sqlite_store *)fixture->store;
    struct change changes[BOBS + 1];
    uint64_t before = store->changes;
    bool there;

    hold(FILE_LOG);
    for (size_t i = 0; i <= BOBS; i++) {
        changes[i] = (struct change){
            .store = fixture->store, .id = i < BOBS ? "red" : "blue", .run = run_use};
        start(&changes[i]);
        there = wait_held(FILE_LOG, 1);
    }
    wait_committed(store, before + BOBS + 1);
    for (size_t i = 0; i <= BOBS; i++)
        there = there && !atomic_load(&changes[i].returned);
    assert_int_equal(count_waiting(FILE_LOG), 1);
    let_go(FILE_LOG);
    for (size_t i = 0; i <= BOBS; i++)
        assert_int_equal(finish(&changes[i]), PK_OK);
    assert_true(there);
    assert_int_equal(store->synced, before + BOBS + 1);
    assert_int_equal(disk.log_syncs, 2);
}

/* The sync that was under way when a change was committed is none of it. */
static void a_sync_that_began_before_is_not_enough(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store = (struct sqlite_store *)fixture->store;
    struct change first = {.store = fixture->store, .id = "red", .run = run_use};
    struct change second = {.store = fixture->store, .id = "blue", .run = run_use};
    uint64_t before = store->changes;
    bool there;

    hold(FILE_LOG);
    start(&first);
    there = wait_held(FILE_LOG, 1);
    start(&second);
    wait_committed(store, before + 2);
    release_one();
    assert_int_equal(finish(&first), PK_OK);
    there = there && wait_held(FILE_LOG, 2) && !atomic_load(&second.returned);
    let_go(FILE_LOG);
    assert_int_equal(finish(&second), PK_OK);
    assert_true(there);
}

static void success_is_on_the_disk(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(all_changes) / sizeof(all_changes[0]); i++) {
        struct change change = {.store = fixture->store, .id = "blue", .run = all_changes[i]};
        bool there;

        hold(FILE_LOG);
        start(&change);
        there = wait_held(FILE_LOG, 1) && !atomic_load(&change.returned);
        let_go(FILE_LOG);
        assert_int_equal(finish(&change), PK_OK);
        assert_true(there);
    }
}

static void what_fails_fails_alone(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct change change = {.store = store, .id = "blue", .run = run_insert};
    struct account other = account_of(store, "default", "bob", 1001);
    enum pk_status status;
    size_t syncs;

    free(other.name);
    other.name = strdup("carol");
    AUTO_CREDENTIAL struct credential taken = make(other, "red", "taken");
    hold(FILE_LOG);
    start(&change);
    assert_true(wait_held(FILE_LOG, 1));
    status = store->verbs->insert(store, &taken, MAX, (struct pk_view){0});
    syncs = count_waiting(FILE_LOG);
    let_go(FILE_LOG);
    assert_int_equal(finish(&change), PK_OK);
    assert_int_equal(status, PK_EXISTS);
    assert_int_equal(syncs, 1);
    reopen(fixture);
    store = fixture->store;
    assert_int_equal(
        count_of(store, &(struct credential_filter){.credential_id = pk_view_string("new")}), 1);
    AUTO_ACCOUNT struct account found = {0};
    assert_int_equal(store->verbs->account(store, "default", "carol", 1001, ACCOUNT_FIND, &found),
                     PK_NOT_FOUND);
}

/* Nothing that is told to be written may stand in the log behind what the disk has lost. */
static void a_disk_that_failed_is_not_believed(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(all_changes) / sizeof(all_changes[0]); i++) {
        struct change change = {.store = fixture->store, .id = "blue", .run = all_changes[i]};

        fail_next();
        assert_int_equal(change.run(&change), PK_STORAGE);
        assert_non_null(strstr(store_error(), "until passkeyd is started again"));
        assert_int_equal(disk.failures, 0);
        assert_int_equal(run_use(&change), PK_STORAGE);
        assert_int_equal(run_ticket_add(&change), PK_STORAGE);
        /* Signing in needs a change; looking does not. */
        assert_int_equal(
            count_of(fixture->store,
                     &(struct credential_filter){.credential_id = pk_view_string("blue")}),
            1);
        change.store = reopen(fixture);
        assert_int_equal(run_use(&change), PK_OK);
    }
}

static void who_waited_beside_a_failure_hears_of_it(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store = (struct sqlite_store *)fixture->store;
    struct change held = {.store = fixture->store, .id = "red", .run = run_use};
    struct change waits = {.store = fixture->store, .id = "blue", .run = run_use};
    uint64_t before = store->changes;
    bool there;

    hold(FILE_LOG);
    start(&held);
    there = wait_held(FILE_LOG, 1);
    start(&waits);
    wait_committed(store, before + 2);
    fail_held(true);
    let_go(FILE_LOG);
    assert_int_equal(finish(&held), PK_STORAGE);
    assert_int_equal(finish(&waits), PK_STORAGE);
    fail_held(false);
    assert_true(there);
    assert_int_equal(disk.log_syncs, 1);
}

/* The database is being written, and changes go on. */
static void the_log_is_copied_beside_changes(void **state)
{
    struct fixture *fixture = *state;
    struct change change = {.store = fixture->store, .id = "blue", .run = run_use};
    size_t done = 0;

    hold(FILE_DATABASE);
    while (!gave_up() && done < MANY_CHANGES && count_waiting(FILE_DATABASE) == 0) {
        assert_int_equal(run_use(&change), PK_OK);
        done++;
    }
    assert_true(wait_held(FILE_DATABASE, 1));
    for (int i = 0; i < 10; i++)
        assert_int_equal(run_use(&change), PK_OK);
    assert_false(gave_up());
}

/* It is the only one to hear of it, where nobody else has the log open. */
static void a_failure_beside_changes_is_heard_of(void **state)
{
    struct fixture *fixture = *state;
    struct change change = {.store = fixture->store, .id = "blue", .run = run_use};
    enum pk_status status = PK_OK;

    fail_copier(true);
    for (size_t done = 0; status == PK_OK && done < MANY_CHANGES; done++)
        status = run_use(&change);
    fail_copier(false);
    assert_int_equal(status, PK_STORAGE);
    assert_non_null(strstr(store_error(), "until passkeyd is started again"));
    change.store = reopen(fixture);
    assert_int_equal(run_use(&change), PK_OK);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_disk, tear_down_disk)
    const struct CMUnitTest tests[] = {
        TEST(who_comes_meanwhile_shares_the_next_sync),
        TEST(a_sync_that_began_before_is_not_enough),
        TEST(success_is_on_the_disk),
        TEST(what_fails_fails_alone),
        TEST(a_disk_that_failed_is_not_believed),
        TEST(who_waited_beside_a_failure_hears_of_it),
        TEST(the_log_is_copied_beside_changes),
        TEST(a_failure_beside_changes_is_heard_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
