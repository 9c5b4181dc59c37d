/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What logind's files say of a process; whatever is missing or odd is no answer. What follows from
 * it is in test_logind.c, beside the same from the bus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/bus/logind_files.h"
#include "tests/unit/fake_sd_login.h"

#include <errno.h>

#define ALICE        1000
#define PID          4711
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct session_answer sessions[2];

static int set_up(void **state)
{
    (void)state;
    fake_login_reset();
    sessions[0] = sessions[1] = desktop_answer;
    sessions[1].audit = 5;
    fake_login.sessions[0] = &sessions[0];
    fake_login.sessions[1] = &sessions[1];
    return 0;
}

static void process_in(int session)
{
    fake_login.processes[0] = (struct fake_process){.pid = PID, .session = session};
}

static void process_of_user(size_t session_count)
{
    fake_login.processes[0] =
        (struct fake_process){.pid = PID, .session = -1, .has_user = true, .user = ALICE};
    fake_login.has_user = true;
    fake_login.user = ALICE;
    fake_login.session_count = session_count;
}

static struct logind_facts facts_of(void)
{
    struct logind_facts facts = {.place = SEAT_UNKNOWN};

    assert_int_equal(logind_files_read(PID, &facts), PK_OK);
    return facts;
}

static struct seat_session only_session(void)
{
    struct logind_facts facts = facts_of();
    struct seat_session session = facts.sessions[0];

    assert_int_equal(facts.place, SEAT_IN_SESSION);
    assert_int_equal(facts.session_count, 1);
    logind_facts_clear(&facts);
    return session;
}

static void assert_untold(void)
{
    struct logind_facts facts = {.session_count = 7};

    assert_int_equal(logind_files_read(PID, &facts), PK_UNAVAILABLE);
    assert_int_equal(facts.session_count, 7);
}

static void a_session(void **state)
{
    struct seat_session session;

    (void)state;
    process_in(0);
    session = only_session();
    assert_int_equal(session.user, ALICE);
    assert_true(session.has_seat && session.active && session.foreground && session.of_person);
    assert_false(session.remote);
    assert_int_equal(session.type, SEAT_TYPE_GRAPHICAL);
    assert_int_equal(session.vt, 7);
    assert_int_equal(session.audit, 3);
    sessions[0].seat = "";
    assert_false(only_session().has_seat);
    sessions[0].active = false;
    assert_false(only_session().active);
    sessions[0].state = "closing";
    assert_false(only_session().foreground);
    sessions[0].vt = 0;
    assert_int_equal(only_session().vt, 0);
    sessions[0].remote = true;
    assert_true(only_session().remote);
}

/* Without an audit session logind gives it a name of its own. */
static void its_name_is_its_audit_session(void **state)
{
    static const struct {
        uint32_t audit, expected;
    } cases[] = {{0, CALLER_UNSET}, {1, 1}, {4294967294U, 4294967294U}, {UINT32_MAX, CALLER_UNSET}};

    (void)state;
    process_in(0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        sessions[0].audit = cases[i].audit;
        assert_int_equal(only_session().audit, cases[i].expected);
    }
}

static void its_remote_host(void **state)
{
    struct logind_facts facts;

    (void)state;
    process_in(0);
    sessions[0].host = "localhost";
    facts = facts_of();
    assert_true(facts.sessions[0].remote);
    assert_string_equal(facts.host, "localhost");
    logind_facts_clear(&facts);
    sessions[0].host = ":0";
    facts = facts_of();
    assert_false(facts.sessions[0].remote);
    assert_null(facts.host);
    logind_facts_clear(&facts);
}

/* What the files of a logind that hangs, or has just ended, still say. */
static void the_kernel_knows_what_is_shown(void **state)
{
    (void)state;
    process_in(0);
    fake_console_shown = 7;
    assert_true(only_session().active);
    fake_console_shown = 2;
    assert_false(only_session().active);
    sessions[0].vt = 0; /* another seat than that with the consoles */
    assert_true(only_session().active);
}

static void a_user(void **state)
{
    struct logind_facts facts;

    (void)state;
    process_of_user(2);
    sessions[1].host = "192.0.2.1";
    sessions[1].active = false;
    facts = facts_of();
    assert_int_equal(facts.place, SEAT_OF_USER);
    assert_int_equal(facts.user, ALICE);
    assert_int_equal(facts.session_count, 2);
    assert_true(facts.sessions[0].active && !facts.sessions[1].active);
    assert_string_equal(facts.host, "192.0.2.1");
    logind_facts_clear(&facts);
    process_of_user(0);
    facts = facts_of();
    assert_int_equal(facts.place, SEAT_OF_USER);
    assert_int_equal(facts.session_count, 0);
}

static void nobody(void **state)
{
    struct logind_facts facts;

    (void)state;
    process_in(-1);
    facts = facts_of();
    assert_int_equal(facts.place, SEAT_OF_NOBODY);
    assert_int_equal(facts.session_count, 0);
}

static void no_files_or_no_process(void **state)
{
    (void)state;
    assert_untold();
    process_in(0);
    fake_login.no_seats = true;
    assert_untold();
    fake_login.no_seats = false;
    assert_int_equal(logind_files_read(0, &(struct logind_facts){0}), PK_UNAVAILABLE);
    assert_int_equal(logind_files_read(-1, &(struct logind_facts){0}), PK_UNAVAILABLE);
}

/* Each alone, whatever the reason; in a session, of a user, of nobody. */
static void nothing_may_fail(void **state)
{
    static const char *const of_session[] = {
        "sd_get_seats",         "sd_pid_get_cgroup",
        "sd_pid_get_session",   "sd_session_get_uid",
        "sd_session_get_seat",  "sd_session_get_type",
        "sd_session_get_class", "sd_session_get_vt",
        "sd_session_get_state", "sd_session_get_remote_host",
        "sd_session_is_active", "sd_session_is_remote",
    };
    static const char *const of_user[] = {"sd_pid_get_owner_uid", "sd_uid_get_state",
                                          "sd_uid_get_sessions"};
    static const int errors[] = {ENXIO, EIO, ENOMEM, ESRCH, EINVAL, ENOENT, ENOMEDIUM};

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        fake_login.error = errors[i];
        process_in(0);
        for (size_t j = 0; j < COUNT(of_session); j++) {
            fake_login.fails = of_session[j];
            assert_untold();
        }
        process_of_user(1);
        for (size_t j = 0; j < COUNT(of_user); j++) {
            fake_login.fails = of_user[j];
            assert_untold();
        }
        process_in(-1);
        fake_login.fails = "sd_pid_get_owner_uid";
        assert_untold();
    }
}

/* A line that logind always writes is missing: the file is not whole. */
static void nothing_may_be_missing(void **state)
{
    static const char *const always[] = {
        "sd_session_get_uid",   "sd_session_get_type",  "sd_session_get_class",
        "sd_session_get_state", "sd_session_is_active", "sd_session_is_remote",
    };

    (void)state;
    process_in(0);
    fake_login.error = ENODATA;
    for (size_t i = 0; i < COUNT(always); i++) {
        fake_login.fails = always[i];
        assert_untold();
    }
}

/* logind writes the user's file, with the session, after the session's own is gone. */
static void a_session_that_has_ended_is_listed_still(void **state)
{
    struct logind_facts facts;

    (void)state;
    process_of_user(2);
    fake_login.sessions[1] = NULL;
    facts = facts_of();
    assert_int_equal(facts.place, SEAT_OF_USER);
    assert_int_equal(facts.session_count, 1);
    assert_int_equal(facts.sessions[0].audit, 3);
    logind_facts_clear(&facts);
}

static void what_contradicts_itself(void **state)
{
    (void)state;
    process_in(0);
    fake_login.sessions[0] = NULL; /* it has just ended */
    assert_untold();
    fake_login.sessions[0] = &sessions[0];
    process_of_user(2);
    sessions[1].uid = ALICE + 1;
    assert_untold();
    sessions[1].uid = ALICE;
    fake_login.active_less = 1; /* one of the two is from before the other */
    assert_untold();
    fake_login.active_less = 0;
    fake_login.has_user = false; /* in the slice of a user that logind has no file of */
    assert_untold();
    process_of_user(LOGIND_SESSIONS_MAX + 1);
    assert_untold();
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, set_up)
    const struct CMUnitTest tests[] = {
        TEST(a_session),
        TEST(its_name_is_its_audit_session),
        TEST(its_remote_host),
        TEST(the_kernel_knows_what_is_shown),
        TEST(a_user),
        TEST(nobody),
        TEST(no_files_or_no_process),
        TEST(nothing_may_fail),
        TEST(nothing_may_be_missing),
        TEST(a_session_that_has_ended_is_listed_still),
        TEST(what_contradicts_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
