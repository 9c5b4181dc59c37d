/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch on a password file of the test's own, with the store and real inotify events; the name
 * service is a table. What is written in the ways that shadow's programs and editors write it must
 * be seen before the next call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/accounts/account_watch.h"
#include "daemon/jobs/jobs.h"
#include "tests/unit/store_fixture.h"

#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "root:x:0:0:::\n"
#define ZOE  "zoe:x:3000:3000:::\n"
#define ADA  "ada:x:3001:3001:::\n"

static struct {
    struct fixture *fixture;
    char folder[SCRATCH_PATH_MAX]; /* in place of /etc */
    char passwd[SCRATCH_PATH_MAX + 16], removed[SCRATCH_PATH_MAX + 16];
    struct event_base *base;
    struct jobs *jobs;
    struct account_watch *watch;
    unsigned looks;
    uint64_t reached;
} stage;

/* --- in place of the C library's and the log's ------------------------------------------------ */

/* LDAP people: whom the directory knows, and its error. */
static struct {
    pthread_mutex_t lock;
    const char *known; /* "carol,dave," */
    int error;
} directory = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void set_directory(const char *known, int error)
{
    (void)pthread_mutex_lock(&directory.lock);
    directory.known = known;
    directory.error = error;
    (void)pthread_mutex_unlock(&directory.lock);
}

int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len,
               struct passwd **result)
{
    int error;

    *result = NULL;
    (void)pthread_mutex_lock(&directory.lock);
    (void)snprintf(buffer, len, "%s", name);
    error = directory.error;
    if (!error && strstr(directory.known, name)) {
        *entry = (struct passwd){.pw_name = buffer, .pw_uid = 4000};
        *result = entry;
    }
    (void)pthread_mutex_unlock(&directory.lock);
    return error;
}

static unsigned gone_lines;

void pk_log(int priority, const char *format, ...)
{
    (void)priority;
    gone_lines += strncmp(format, "account %s (%s), uid %u, is gone", 32) == 0;
}

/* --- the stage -------------------------------------------------------------------------------- */

static void looked(void *data, const struct presence *presence)
{
    (void)data, (void)presence;
    stage.looks++;
}

static void reached(void *data, uint64_t look)
{
    (void)data;
    assert_true(look > stage.reached);
    stage.reached = look;
}

/* What a worker has is looked at, and what that leads to. */
static void settle(void)
{
    while (jobs_count(stage.jobs) > 0)
        (void)event_base_loop(stage.base, EVLOOP_ONCE);
}

/* As a call does that waits for the look that is due. */
static void catch_up(void)
{
    const uint64_t look = account_watch_catch_up(stage.watch);

    while (stage.reached < look)
        (void)event_base_loop(stage.base, EVLOOP_ONCE);
}

static void start_watch(void)
{
    assert_int_equal(account_watch_new(&(struct account_watch_setup){.base = stage.base,
                                                                     .jobs = stage.jobs,
                                                                     .store = stage.fixture->store,
                                                                     .password_file = stage.passwd,
                                                                     .removed_list = stage.removed,
                                                                     .looked = looked,
                                                                     .reached = reached},
                                       &stage.watch),
                     PK_OK);
}

static void stop_watch(void)
{
    account_watch_free(stage.watch);
    stage.watch = NULL;
    stage.reached = 0;
}

/* As shadow's programs: a new file in the place of the old one. */
static void replace(const char *text)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/passwd+", stage.folder);

    scratch_write(stage.folder, "passwd+", text, strlen(text));
    assert_int_equal(rename(path, stage.passwd), 0);
}

static void append(const char *path, const char *text)
{
    FILE *file = fopen(path, "ae");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    void *fixture;

    (void)state;
    (void)memset(&stage, 0, sizeof(stage));
    assert_int_equal(set_up(&fixture), 0);
    stage.fixture = fixture;
    scratch_new(stage.folder);
    (void)snprintf(stage.passwd, sizeof(stage.passwd), "%s/passwd", stage.folder);
    (void)snprintf(stage.removed, sizeof(stage.removed), "%s/removed", stage.folder);
    stage.base = event_base_new();
    assert_non_null(stage.base);
    stage.jobs = jobs_new(stage.base);
    assert_non_null(stage.jobs);
    set_directory("", 0);
    gone_lines = 0;
    replace(ROOT ZOE);
    assert_int_equal(insert(stage.fixture->store, "zoe", 3000, "zoe", "blue"), PK_OK);
    return 0;
}

static int end(void **state)
{
    void *fixture = stage.fixture;

    (void)state;
    if (stage.watch)
        stop_watch();
    assert_true(jobs_free(stage.jobs, 60));
    event_base_free(stage.base);
    scratch_remove(stage.folder);
    return tear_down(&fixture);
}

static size_t living(const char *name)
{
    return count_of(stage.fixture->store,
                    &(struct credential_filter){.account_name = name, .living = true});
}

/* --- the password file ------------------------------------------------------------------------ */

static void seen_by_events_and_by_calls(void **state)
{
    static const struct {
        const char *text;
        bool by_call;
    } rows[] = {{ROOT ADA, true}, {ROOT ADA, false}};

    (void)state;
    start_watch();
    assert_int_equal(living("zoe"), 1);
    replace(rows[0].text);
    catch_up();
    assert_int_equal(living("zoe"), 0);
    replace(ROOT ZOE); /* the same name and uid */
    catch_up();
    assert_int_equal(living("zoe"), 0);
    assert_int_equal(gone_lines, 1);
    /* Without any call: the event is there. */
    assert_int_equal(insert(stage.fixture->store, "zoe", 3000, "new", "blue"), PK_OK);
    assert_int_equal(living("zoe"), 1);
    replace(ROOT ZOE ADA);
    (void)event_base_loop(stage.base, EVLOOP_NONBLOCK);
    settle();
    replace(rows[1].text);
    (void)event_base_loop(stage.base, EVLOOP_NONBLOCK);
    settle();
    assert_int_equal(living("zoe"), 0);
}

/* "sed -i" and editors; ">>" and cp write in place. */
static void ways_of_writing(void **state)
{
    (void)state;
    start_watch();
    append(stage.passwd, ADA);
    catch_up();
    assert_int_equal(living("zoe"), 1);
    scratch_write(stage.folder, "passwd", ROOT ADA, strlen(ROOT ADA));
    catch_up();
    assert_int_equal(living("zoe"), 0);
}

/* What is written in place is not whole before it is closed. */
static void a_file_that_is_being_written_says_nothing(void **state)
{
    FILE *file;

    (void)state;
    replace(ROOT ADA ZOE);
    start_watch();
    file = fopen(stage.passwd, "we");
    assert_non_null(file);
    assert_true(fputs(ROOT ADA, file) >= 0);
    assert_int_equal(fflush(file), 0);
    append(stage.removed, ""); /* another file of the folder */
    catch_up();
    assert_int_equal(living("zoe"), 1);
    assert_true(fputs(ZOE, file) >= 0);
    assert_int_equal(fclose(file), 0);
    catch_up();
    assert_int_equal(living("zoe"), 1);
}

static void files_that_say_nothing(void **state)
{
    static const char *const texts[] = {"", "garbage", "ada:x:3001:3001:::\n"};

    (void)state;
    start_watch();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        replace(texts[i]);
        catch_up();
        assert_int_equal(living("zoe"), 1);
    }
    assert_int_equal(unlink(stage.passwd), 0);
    catch_up();
    assert_int_equal(living("zoe"), 1);
}

/* The daemon did not run meanwhile. */
static void seen_at_start(void **state)
{
    (void)state;
    start_watch();
    stop_watch();
    replace(ROOT ADA);
    start_watch();
    assert_int_equal(living("zoe"), 0);
}

/* Nothing but userdel's list tells that the account is another one. */
static void made_anew_while_nobody_looked(void **state)
{
    (void)state;
    append(stage.removed, "1 somebody\n");
    start_watch();
    stop_watch();
    replace(ROOT ADA);
    append(stage.removed, "2 zoe\n");
    replace(ROOT ADA ZOE);
    start_watch();
    assert_int_equal(living("zoe"), 0);
    /* And faster than a daemon that runs can look. */
    assert_int_equal(insert(stage.fixture->store, "zoe", 3000, "new", "blue"), PK_OK);
    assert_int_equal(living("zoe"), 1);
    replace(ROOT ADA);
    append(stage.removed, "3 zoe\n");
    replace(ROOT ADA ZOE);
    catch_up();
    assert_int_equal(living("zoe"), 0);
    /* Each line counts once: the next zoe keeps hers. */
    assert_int_equal(insert(stage.fixture->store, "zoe", 3000, "newer", "red"), PK_OK);
    replace(ROOT ZOE ADA);
    catch_up();
    stop_watch();
    start_watch();
    assert_int_equal(living("zoe"), 1);
}

static enum pk_status cannot_update(struct store *store, const struct account_changes *changes)
{
    (void)changes;
    (void)store;
    store_set_error("disk full");
    return PK_STORAGE;
}

/* What could not be written down is found again, by the next look. */
static void a_store_that_fails_forgets_nothing(void **state)
{
    struct store *store = stage.fixture->store;
    const struct store_verbs *verbs = store->verbs;
    struct store_verbs failing = *verbs;

    (void)state;
    failing.accounts_update = cannot_update;
    start_watch();
    settle(); /* no worker reads the verbs */
    store->verbs = &failing;
    append(stage.removed, "2 zoe\n");
    replace(ROOT ZOE ADA);
    catch_up();
    settle();
    store->verbs = verbs;
    assert_int_equal(living("zoe"), 1);
    assert_int_equal(gone_lines, 0);
    replace(ROOT ZOE);
    catch_up();
    assert_int_equal(living("zoe"), 0);
}

static void no_change_is_no_look(void **state)
{
    unsigned looks;

    (void)state;
    start_watch();
    looks = stage.looks;
    catch_up();
    scratch_write(stage.folder, "group", "x", 1);
    catch_up();
    assert_int_equal(stage.looks, looks);
}

/* --- other name services ---------------------------------------------------------------------- */

static void enrol_directory(void)
{
    assert_int_equal(insert(stage.fixture->store, "carol", 4000, "carol", "blue"), PK_OK);
    assert_int_equal(insert(stage.fixture->store, "dave", 4000, "dave", "blue"), PK_OK);
}

static struct account_state state_of(const char *name)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    struct account_state found = {.missing_looks = 99};

    assert_int_equal(stage.fixture->store->verbs->accounts(stage.fixture->store, &states), PK_OK);
    for (size_t i = 0; i < states.count; i++)
        if (strcmp(states.items[i].account.name, name) == 0) {
            found = states.items[i];
            found.account.name = found.account.rp = NULL;
        }
    return found;
}

static void a_directory_is_asked_in_a_thread(void **state)
{
    (void)state;
    enrol_directory();
    set_directory("carol,dave,", 0);
    start_watch();
    settle();
    assert_int_equal(state_of("carol").missing_looks, 0);
    set_directory("dave,", 0);
    account_watch_look(stage.watch);
    settle();
    assert_int_equal(state_of("carol").missing_looks, 1);
    assert_int_equal(state_of("dave").missing_looks, 0);
    assert_int_equal(living("carol"), 1);
    /* An error says nothing. */
    set_directory("", 11);
    account_watch_look(stage.watch);
    settle();
    assert_int_equal(state_of("carol").missing_looks, 1);
    assert_int_equal(state_of("dave").missing_looks, 0);
    set_directory("carol,dave,", 0);
    account_watch_look(stage.watch);
    settle();
    assert_int_equal(state_of("carol").missing_looks, 0);
}

/* A hidden outage: no error, and nobody is there. */
static void an_empty_directory_is_an_outage(void **state)
{
    (void)state;
    enrol_directory();
    start_watch();
    settle();
    assert_int_equal(state_of("carol").missing_looks, 0);
    assert_int_equal(state_of("dave").missing_looks, 0);
}

/* The daemon ends while the name service keeps it waiting. */
static void questions_are_left_behind(void **state)
{
    (void)state;
    enrol_directory();
    (void)pthread_mutex_lock(&directory.lock);
    start_watch();
    stop_watch();
    assert_int_equal(stage.looks, 1);
    (void)pthread_mutex_unlock(&directory.lock);
    settle();
}

/* --- a store that takes its time -------------------------------------------------------------- */

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static pthread_t loop;
static const struct store_verbs *store_verbs;

static enum pk_status slow_accounts(struct store *store, struct account_states *ret)
{
    if (pthread_equal(pthread_self(), loop))
        return PK_INTERNAL;
    (void)pthread_mutex_lock(&disk);
    (void)pthread_mutex_unlock(&disk);
    return store_verbs->accounts(store, ret);
}

/* Who comes before a change need not wait for the look that it leads to, and who comes after it
 * does. */
static void a_look_holds_up_nobody(void **state)
{
    struct store *store = stage.fixture->store;
    struct store_verbs slow = *store->verbs;
    uint64_t first, second;

    (void)state;
    loop = pthread_self();
    store_verbs = store->verbs;
    slow.accounts = slow_accounts;
    start_watch();
    settle();
    (void)pthread_mutex_lock(&disk);
    store->verbs = &slow;
    replace(ROOT ZOE ADA);
    first = account_watch_catch_up(stage.watch);
    assert_int_equal(first, 1);
    assert_int_equal(account_watch_catch_up(stage.watch), first);
    replace(ROOT ADA);
    second = account_watch_catch_up(stage.watch);
    assert_int_equal(second, 2);
    assert_int_equal(stage.reached, 0);
    (void)pthread_mutex_unlock(&disk);
    while (stage.reached < second)
        (void)event_base_loop(stage.base, EVLOOP_ONCE);
    settle();
    store->verbs = store_verbs;
    assert_int_equal(living("zoe"), 0);
    assert_int_equal(account_watch_catch_up(stage.watch), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(seen_by_events_and_by_calls),
        TEST(ways_of_writing),
        TEST(a_file_that_is_being_written_says_nothing),
        TEST(files_that_say_nothing),
        TEST(seen_at_start),
        TEST(made_anew_while_nobody_looked),
        TEST(a_store_that_fails_forgets_nothing),
        TEST(no_change_is_no_look),
        TEST(a_directory_is_asked_in_a_thread),
        TEST(an_empty_directory_is_an_outage),
        TEST(questions_are_left_behind),
        TEST(a_look_holds_up_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
