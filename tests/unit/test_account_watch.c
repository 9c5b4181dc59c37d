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
    struct account_watch *watch;
    unsigned looks;
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

static void start_watch(void)
{
    assert_int_equal(account_watch_new(&(struct account_watch_setup){.base = stage.base,
                                                                     .store = stage.fixture->store,
                                                                     .password_file = stage.passwd,
                                                                     .removed_list = stage.removed,
                                                                     .looked = looked},
                                       &stage.watch),
                     PK_OK);
}

static void stop_watch(void)
{
    account_watch_free(stage.watch);
    stage.watch = NULL;
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
    event_base_free(stage.base);
    scratch_remove(stage.folder);
    return tear_down(&fixture);
}

static size_t living(const char *name)
{
    return count_of(stage.fixture->store,
                    &(struct credential_filter){.account_name = name, .living = true});
}

/* Until the questions to the name service have been answered; one inquiry at most is under way. */
static void settle_inquiry(void)
{
    /* The day's timer is the only other event that is not there at once. */
    (void)event_base_loop(stage.base, EVLOOP_ONCE);
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
    account_watch_catch_up(stage.watch);
    assert_int_equal(living("zoe"), 0);
    replace(ROOT ZOE); /* the same name and uid */
    account_watch_catch_up(stage.watch);
    assert_int_equal(living("zoe"), 0);
    assert_int_equal(gone_lines, 1);
    /* Without any call: the event is there. */
    assert_int_equal(insert(stage.fixture->store, "zoe", 3000, "new", "blue"), PK_OK);
    assert_int_equal(living("zoe"), 1);
    replace(ROOT ZOE ADA);
    (void)event_base_loop(stage.base, EVLOOP_NONBLOCK);
    replace(rows[1].text);
    (void)event_base_loop(stage.base, EVLOOP_NONBLOCK);
    assert_int_equal(living("zoe"), 0);
}

/* "sed -i" and editors; ">>" and cp write in place. */
static void ways_of_writing(void **state)
{
    (void)state;
    start_watch();
    append(stage.passwd, ADA);
    account_watch_catch_up(stage.watch);
    assert_int_equal(living("zoe"), 1);
    scratch_write(stage.folder, "passwd", ROOT ADA, strlen(ROOT ADA));
    account_watch_catch_up(stage.watch);
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
    account_watch_catch_up(stage.watch);
    assert_int_equal(living("zoe"), 1);
    assert_true(fputs(ZOE, file) >= 0);
    assert_int_equal(fclose(file), 0);
    account_watch_catch_up(stage.watch);
    assert_int_equal(living("zoe"), 1);
}

static void files_that_say_nothing(void **state)
{
    static const char *const texts[] = {"", "garbage", "ada:x:3001:3001:::\n"};

    (void)state;
    start_watch();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        replace(texts[i]);
        account_watch_catch_up(stage.watch);
        assert_int_equal(living("zoe"), 1);
    }
    assert_int_equal(unlink(stage.passwd), 0);
    account_watch_catch_up(stage.watch);
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
    account_watch_catch_up(stage.watch);
    assert_int_equal(living("zoe"), 0);
    /* Each line counts once: the next zoe keeps hers. */
    assert_int_equal(insert(stage.fixture->store, "zoe", 3000, "newer", "red"), PK_OK);
    replace(ROOT ZOE ADA);
    account_watch_catch_up(stage.watch);
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
    store->verbs = &failing;
    append(stage.removed, "2 zoe\n");
    replace(ROOT ZOE ADA);
    account_watch_catch_up(stage.watch);
    store->verbs = verbs;
    assert_int_equal(living("zoe"), 1);
    assert_int_equal(gone_lines, 0);
    replace(ROOT ZOE);
    account_watch_catch_up(stage.watch);
    assert_int_equal(living("zoe"), 0);
}

static void no_change_is_no_look(void **state)
{
    unsigned looks;

    (void)state;
    start_watch();
    looks = stage.looks;
    account_watch_catch_up(stage.watch);
    scratch_write(stage.folder, "group", "x", 1);
    account_watch_catch_up(stage.watch);
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
    settle_inquiry();
    assert_int_equal(state_of("carol").missing_looks, 0);
    set_directory("dave,", 0);
    account_watch_look(stage.watch);
    settle_inquiry();
    assert_int_equal(state_of("carol").missing_looks, 1);
    assert_int_equal(state_of("dave").missing_looks, 0);
    assert_int_equal(living("carol"), 1);
    /* An error says nothing. */
    set_directory("", 11);
    account_watch_look(stage.watch);
    settle_inquiry();
    assert_int_equal(state_of("carol").missing_looks, 1);
    assert_int_equal(state_of("dave").missing_looks, 0);
    set_directory("carol,dave,", 0);
    account_watch_look(stage.watch);
    settle_inquiry();
    assert_int_equal(state_of("carol").missing_looks, 0);
}

/* A hidden outage: no error, and nobody is there. */
static void an_empty_directory_is_an_outage(void **state)
{
    (void)state;
    enrol_directory();
    start_watch();
    settle_inquiry();
    assert_int_equal(state_of("carol").missing_looks, 0);
    assert_int_equal(state_of("dave").missing_looks, 0);
}

/* The daemon ends while the name service keeps it waiting. */
static void a_thread_is_left_behind(void **state)
{
    (void)state;
    enrol_directory();
    (void)pthread_mutex_lock(&directory.lock);
    start_watch();
    stop_watch();
    (void)pthread_mutex_unlock(&directory.lock);
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
        TEST(a_thread_is_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
