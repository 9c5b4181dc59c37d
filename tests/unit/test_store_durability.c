/* SPDX-License-Identifier: BSD-2-Clause */
/* The SQLite store under full disks, races and kill -9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "tests/unit/store_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Inserts until a write fails, in a process of its own: exits with 1 to 3, or returns. */
static void fill_and_check(const char *folder)
{
    struct store *store = open_store(folder);
    size_t done = 0;
    enum pk_status status = PK_OK;

    while (status == PK_OK && done < 100000) {
        AUTO_ACCOUNT struct account account = {0};
        char id[32];

        snprintf(id, sizeof(id), "c%zu", done);
        status =
            store->verbs->account(store, "default", "alice", (uid_t)done / MAX, true, &account);
        if (status == PK_OK) {
            AUTO_CREDENTIAL struct credential credential = make(account, id, id);

            account = (struct account){0};
            status = store->verbs->insert(store, &credential, MAX, (struct pk_view){0});
        }
        done += status == PK_OK;
    }
    if (status != PK_STORAGE || store_error()[0] == 0 || done == 0)
        _exit(1);
    /* What was reported is there, and the next sign-in can still be read. */
    if (count_of(store, &(struct credential_filter){0}) != done)
        _exit(2);
    store->verbs->close(store);
    store = open_store(folder);
    if (count_of(store, &(struct credential_filter){0}) != done)
        _exit(3);
    store->verbs->close(store);
}

static void assert_child_succeeds(pid_t child)
{
    int result;

    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

/* A file that may not grow: SQLite sees a write error. */
static void write_errors_lose_nothing(void **state)
{
    struct fixture *fixture = *state;
    pid_t child;

    fixture->store->verbs->close(fixture->store);
    fixture->store = NULL;
    child = fork();
    if (child == 0) {
        const struct rlimit limit = {262144, 262144};

        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) < 0)
            _exit(9);
        fill_and_check(fixture->folder);
        _exit(0);
    }
    assert_child_succeeds(child);
}

/* A full disk: a small tmpfs in a private mount namespace. */
static void full_disk_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    pid_t child;
    int result;

    /* Its threads are not there in the child. */
    fixture->store->verbs->close(fixture->store);
    fixture->store = NULL;
    child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", fixture->folder, "tmpfs", 0, "size=512k") < 0)
            _exit(77);
        fill_and_check(fixture->folder);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    if (WEXITSTATUS(result) == 77) {
        print_message("# needs leave to mount a tmpfs\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(result), 0);
}

/* Inserts ids PREFIX0, PREFIX1, … and reports each on the pipe once it is done. */
static void insert_and_report(const char *folder, char prefix, size_t count, int pipe_end)
{
    struct store *store = open_store(folder);

    for (size_t i = 0; i < count; i++) {
        char id[32];
        uint32_t number = (uint32_t)i;

        snprintf(id, sizeof(id), "%c%zu", prefix, i);
        if (insert(store, id, (uid_t)(1000 + i), id, id) != PK_OK)
            _exit(1);
        if (pipe_end >= 0 && write(pipe_end, &number, sizeof(number)) != sizeof(number))
            _exit(2);
    }
    store->verbs->close(store);
}

/* Several processes open a database that is not there yet and write to it at once. */
static void processes_share_the_database(void **state)
{
    char folder[SCRATCH_PATH_MAX];
    struct store *store;
    pid_t children[4];

    (void)state;
    scratch_new(folder);
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            insert_and_report(folder, (char)('a' + i), 10, -1);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++)
        assert_child_succeeds(children[i]);
    store = open_store(folder);
    assert_int_equal(count_of(store, &(struct credential_filter){0}), 40);
    store->verbs->close(store);
    scratch_remove(folder);
}

/*
 * Runs act in four processes at once, each with a store of its own, and returns how many of them
 * got PK_OK; the others must have got otherwise.
 */
static int race(const char *folder, enum pk_status (*act)(struct store *store, int number),
                enum pk_status otherwise)
{
    pid_t children[4];
    int winners = 0;

    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct store *store = open_store(folder);
            enum pk_status status = act(store, i);

            store->verbs->close(store);
            _exit(status == PK_OK ? 0 : status == otherwise ? 1 : 2);
        }
    }
    for (int i = 0; i < 4; i++) {
        int result;

        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_true(WIFEXITED(result) && WEXITSTATUS(result) < 2);
        winners += WEXITSTATUS(result) == 0;
    }
    return winners;
}

static const uint8_t contested[PK_HASH_SIZE] = {7};

static enum pk_status enrol_by_ticket(struct store *store, int number)
{
    const char id[] = {(char)('a' + number), 0};
    AUTO_CREDENTIAL struct credential credential =
        make(account_of(store, "default", "alice", 1000), id, id);

    return store->verbs->insert(store, &credential, MAX,
                                (struct pk_view){contested, sizeof(contested)});
}

static void ticket_has_one_winner(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture->store->verbs->ticket_add(
                         fixture->store, (struct pk_view){contested, sizeof(contested)}, "default",
                         "alice", 1000, 5000),
                     PK_OK);
    PK_AUTO_FREE char *path = close_and_name(fixture);

    assert_int_equal(race(fixture->folder, enrol_by_ticket, PK_TICKET_INVALID), 1);
    fixture->store = open_store(fixture->folder);
    assert_int_equal(count_of(fixture->store, &(struct credential_filter){0}), 1);
}

static enum pk_status use_recovery_code(struct store *store, int number)
{
    AUTO_ACCOUNT struct account alice = account_of(store, "default", "alice", 1000);

    (void)number;
    return store->verbs->recovery_use(store, &alice, contested);
}

static void recovery_code_has_one_winner(void **state)
{
    struct fixture *fixture = *state;
    AUTO_ACCOUNT struct account alice = account_of(fixture->store, "default", "alice", 1000);

    struct recovery_code code = {.scheme = RECOVERY_HMAC};

    memcpy(code.hash, contested, PK_HASH_SIZE);
    assert_int_equal(fixture->store->verbs->recovery_replace(fixture->store, &alice, &code, 1),
                     PK_OK);
    PK_AUTO_FREE char *path = close_and_name(fixture);

    assert_int_equal(race(fixture->folder, use_recovery_code, PK_NOT_FOUND), 1);
}

/* Reads reports until enough came or the child was gone; returns how many ids are promised. */
static size_t kill_after(pid_t child, int pipe_end, size_t enough)
{
    size_t promised = 0;
    uint32_t number;

    while (read(pipe_end, &number, sizeof(number)) == sizeof(number)) {
        assert_int_equal(number, promised);
        promised++;
        if (promised == enough)
            kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    return promised;
}

static void check_after_kill(const char *folder, char prefix, size_t promised)
{
    struct store *store = open_store(folder);
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    for (size_t i = 0; i < promised; i++) {
        char id[32];

        snprintf(id, sizeof(id), "%c%zu", prefix, i);
        assert_int_equal(
            count_of(store, &(struct credential_filter){.credential_id = pk_view_string(id),
                                                        .account_name = id}),
            1);
    }
    assert_int_equal(store->verbs->list(store, &(struct credential_filter){0}, &list), PK_OK);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].account.user_handle.len, PK_USER_HANDLE_SIZE);
        assert_true(list.items[i].record.public_key.len > 0);
        assert_string_equal(list.items[i].name, list.items[i].account.name);
    }
    store->verbs->close(store);
}

/*
 * Killed at any time: what was reported is stored, nothing is stored in part, and the database
 * opens.
 */
static void kill_loses_nothing(void **state)
{
    char folder[SCRATCH_PATH_MAX];

    (void)state;
    scratch_new(folder);
    for (int round = 0; round < 20; round++) {
        size_t promised;
        int ends[2];
        pid_t child;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        child = fork();
        if (child == 0) {
            close(ends[0]);
            insert_and_report(folder, (char)('a' + round), 1000, ends[1]);
            _exit(0);
        }
        close(ends[1]);
        promised = kill_after(child, ends[0], (size_t)(1 + round * 2));
        close(ends[0]);
        check_after_kill(folder, (char)('a' + round), promised);
    }
    scratch_remove(folder);
}
int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(write_errors_lose_nothing),
        TEST(full_disk_loses_nothing),
        cmocka_unit_test(processes_share_the_database),
        TEST(ticket_has_one_winner),
        TEST(recovery_code_has_one_winner),
        cmocka_unit_test(kill_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
