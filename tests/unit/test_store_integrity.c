/* SPDX-License-Identifier: BSD-2-Clause */
/* When a database is read as a whole, beside what, and what follows where it is damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "store/sqlite/integrity.h"
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE          4096
#define STOP_SECONDS  30 /* more than anything here takes, on any machine */
#define DAMAGED_PAGES 20 /* in the middle of the file, where the passkeys that fill it are */

__attribute__((visibility("default"))) ssize_t pread64(int fd, void *buffer, size_t len,
                                                       off64_t offset);

/* What other threads than the test's read is held. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t test;
    bool holds;
    size_t waiting;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* In place of the C library's, for SQLite. */
ssize_t pread64(int fd, void *buffer, size_t len, off64_t offset)
{
    (void)pthread_mutex_lock(&disk.lock);
    if (disk.holds && !pthread_equal(pthread_self(), disk.test)) {
        disk.waiting++;
        (void)pthread_cond_broadcast(&disk.changed);
        while (disk.holds)
            (void)pthread_cond_wait(&disk.changed, &disk.lock);
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return syscall(SYS_pread64, fd, buffer, len, offset);
}

static void hold(void)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.test = pthread_self();
    disk.holds = true;
    disk.waiting = 0;
    (void)pthread_mutex_unlock(&disk.lock);
}

static void wait_held(void)
{
    struct timespec until;
    int error = 0;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_SECONDS;
    (void)pthread_mutex_lock(&disk.lock);
    while (disk.waiting == 0 && !error)
        error = pthread_cond_timedwait(&disk.changed, &disk.lock, &until);
    (void)pthread_mutex_unlock(&disk.lock);
    assert_int_equal(error, 0);
}

static void let_go(void)
{
    (void)pthread_mutex_lock(&disk.lock);
    disk.holds = false;
    (void)pthread_cond_broadcast(&disk.changed);
    (void)pthread_mutex_unlock(&disk.lock);
}

/* Passkeys of an application's users, some megabytes. */
static void fill(const char *path)
{
    static const char rows[] =
        "BEGIN;"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) "
        "INSERT INTO account (rp, name, uid, user_handle, listed, missing_looks, missing_last, "
        "  orphaned, created) SELECT 'shop', 'user' || i, 4294967295, CAST('user' || i AS BLOB), "
        "0, 0, 0, 0, 0 "
        "  FROM n;"
        "INSERT INTO credential (account, credential_id, rp_id, public_key, algorithm, "
        "  sign_count, backup_eligible, backup_state, user_handle, payment, aaguid, transports, "
        "  name, format, attestation_type, trust, discoverable, user_verified, created, last_used) "
        "  SELECT id, CAST('passkey of ' || name AS BLOB), 'example.org', zeroblob(77), -7, 0, 0, "
        "0, "
        "  user_handle, 0, zeroblob(16), 0, 'a', 'none', 'None', 'no', 0, 0, 0, 0 FROM account "
        "  WHERE rp = 'shop';"
        "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);";
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, rows, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void damage(const char *path)
{
    PK_AUTO_FCLOSE FILE *file = fopen(path, "r+e");
    char junk[PAGE];
    long size;

    memset(junk, 0xff, sizeof(junk));
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_int_equal(fseek(file, size / PAGE / 2 * PAGE, SEEK_SET), 0);
    for (int i = 0; i < DAMAGED_PAGES; i++)
        assert_int_equal(fwrite(junk, 1, PAGE, file), PAGE);
}

/* Alice's passkey is among the first pages. */
static int set_up_large(void **state)
{
    struct fixture *fixture;
    PK_AUTO_FREE char *path = NULL;

    (void)set_up(state);
    fixture = *state;
    assert_int_equal(insert(fixture->store, "alice", 1000, "blue", "blue"), PK_OK);
    path = close_and_name(fixture);
    fill(path);
    return 0;
}

static int tear_down_large(void **state)
{
    let_go();
    return tear_down(state);
}

/* Opens it, and is gone without closing it. */
static void leave_open(struct fixture *fixture)
{
    pid_t child = fork();
    int result;

    if (child == 0) {
        struct store *store = open_store(fixture->folder);

        _exit(store->verbs->put(store, "key", pk_view_string("value")) == PK_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

static struct sqlite_store *open_again(struct fixture *fixture)
{
    fixture->store = open_store(fixture->folder);
    return (struct sqlite_store *)fixture->store;
}

static enum pk_status sign_in(struct store *store)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const struct credential_filter filter = {.credential_id = pk_view_string("blue")};
    enum pk_status status = store->verbs->list(store, &filter, &list);

    if (status == PK_OK && list.count != 1)
        return PK_NOT_FOUND;
    if (status != PK_OK)
        return status;
    return store->verbs->use(store, pk_view_string("blue"),
                             &(struct credential_use){.sign_count = 7});
}

static char *path_of(const struct fixture *fixture)
{
    return pk_text_format("%s/passkeyd.db", fixture->folder);
}

static void what_was_closed_is_not_read(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store;
    PK_AUTO_FREE char *path = path_of(fixture);

    damage(path);
    store = open_again(fixture);
    assert_false(store->checks);
    assert_int_equal(sign_in(fixture->store), PK_OK);
}

static void what_was_not_closed_is_read_beside(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store;

    leave_open(fixture);
    hold();
    store = open_again(fixture);
    wait_held();
    assert_int_equal(store->check, CHECK_UNDER_WAY);
    assert_int_equal(sign_in(fixture->store), PK_OK);
    assert_int_equal(store->check, CHECK_UNDER_WAY);
    let_go();
    integrity_wait(store);
    assert_int_equal(store->check, CHECK_SOUND);
    assert_int_equal(sign_in(fixture->store), PK_OK);
    (void)reopen(fixture);
    assert_false(((struct sqlite_store *)fixture->store)->checks);
}

static void assert_refuses(struct store *store)
{
    AUTO_ACCOUNT struct account account = {0};
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    PK_AUTO_BYTES struct pk_bytes value = {0};
    size_t count;

    assert_int_equal(sign_in(store), PK_STORAGE);
    assert_non_null(strstr(store_error(), "passkeyd.db"));
    assert_non_null(strstr(store_error(), "nothing is read or written"));
    assert_int_equal(
        store->verbs->use(store, pk_view_string("blue"), &(struct credential_use){.sign_count = 8}),
        PK_STORAGE);
    assert_int_equal(store->verbs->put(store, "key", pk_view_string("value")), PK_STORAGE);
    assert_int_equal(store->verbs->get(store, "key", &value), PK_STORAGE);
    assert_int_equal(store->verbs->accounts(store, &states), PK_STORAGE);
    assert_int_equal(store->verbs->account(store, "default", "bob", 1001, ACCOUNT_CREATE, &account),
                     PK_STORAGE);
    assert_int_equal(store->verbs->count(store, &(struct credential_filter){0}, &count),
                     PK_STORAGE);
}

static void damage_stops_everything(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store;
    PK_AUTO_FREE char *path = path_of(fixture);

    damage(path);
    leave_open(fixture);
    for (int i = 0; i < 2; i++) {
        hold();
        store = open_again(fixture);
        wait_held();
        assert_int_equal(sign_in(fixture->store), PK_OK);
        let_go();
        integrity_wait(store);
        assert_int_equal(store->check, CHECK_DAMAGED);
        assert_refuses(fixture->store);
        /* That it was closed in good order makes it no better. */
        fixture->store->verbs->close(fixture->store);
        fixture->store = NULL;
    }
}

/* Whoever was in the middle of a change when it was found makes no part of it. */
static void a_change_that_was_begun_is_undone(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store;
    PK_AUTO_FREE char *path = path_of(fixture);
    enum pk_status status;

    damage(path);
    leave_open(fixture);
    hold();
    store = open_again(fixture);
    AUTO_QUERY struct query early = query_new(store, "UPDATE fact SET value = x'02'");

    assert_int_equal(transaction_begin(store), PK_OK);
    {
        AUTO_QUERY struct query query = query_new(store, "UPDATE fact SET value = x'00'");

        assert_int_equal(query_run(&query), PK_OK);
    }
    let_go();
    integrity_wait(store);
    assert_int_equal(store->check, CHECK_DAMAGED);
    {
        AUTO_QUERY struct query query = query_new(store, "UPDATE fact SET value = x'01'");

        status = query_run(&query);
        assert_int_equal(status, PK_STORAGE);
    }
    assert_int_equal(transaction_end(store, status), PK_STORAGE);
    assert_int_equal(query_run(&early), PK_STORAGE);
    assert_refuses(fixture->store);
}

static void what_was_given_up_is_done_the_next_time(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_store *store;

    leave_open(fixture);
    hold();
    store = open_again(fixture);
    wait_held();
    atomic_store(&store->check_ends, true);
    let_go();
    integrity_stop(store);
    assert_int_equal(store->check, CHECK_UNDER_WAY);
    assert_int_equal(sign_in(fixture->store), PK_OK);
    (void)reopen(fixture);
    store = (struct sqlite_store *)fixture->store;
    integrity_wait(store);
    assert_int_equal(store->check, CHECK_SOUND);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_large, tear_down_large)
    const struct CMUnitTest tests[] = {
        TEST(what_was_closed_is_not_read),
        TEST(what_was_not_closed_is_read_beside),
        TEST(damage_stops_everything),
        TEST(a_change_that_was_begun_is_undone),
        TEST(what_was_given_up_is_done_the_next_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
