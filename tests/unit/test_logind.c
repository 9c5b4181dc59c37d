/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sits at this computer, as logind tells it: what it is asked, how often, and what follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/bus/logind.h"
#include "daemon/bus/logind_properties.h"
#include "tests/unit/fake_bus.h"
#include "tests/unit/scripted_logind.h"

#ifdef HAVE_SD_LOGIN
#include "tests/unit/fake_sd_login.h"
#endif

static void a_session_at_the_seat(void **state)
{
    struct logind logind = local();

    (void)state;
    assert_string_equal(found(&logind, ALICE, NULL), LOCAL);
    assert_string_equal(found(&logind, ALICE, ""), LOCAL);
    assert_string_equal(found(&logind, 0, NULL), LOCAL);
    assert_string_equal(found(&logind, ALICE + 1, NULL), LOGIND_RHOST_UNKNOWN);
    logind.sessions[0].seat = "";
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    logind.sessions[0] = desktop_answer;
    logind.sessions[0].active = false;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
}

static void a_remote_session_has_its_host(void **state)
{
    struct logind logind = local();

    (void)state;
    logind.sessions[0].remote = true;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    logind.sessions[0].host = "192.0.2.1";
    assert_string_equal(found(&logind, ALICE, NULL), "192.0.2.1");
    assert_string_equal(found(&logind, ALICE, ""), "192.0.2.1");
    assert_string_equal(found(&logind, 0, NULL), "192.0.2.1");
    logind.sessions[0].remote = false;
    logind.sessions[0].host = "localhost";
    assert_string_equal(found(&logind, ALICE, NULL), "localhost");
}

/* Any caller may say to be remote; a display says nothing about who sits there. */
static void what_the_caller_says(void **state)
{
    struct logind logind = local();

    (void)state;
    assert_string_equal(found(&logind, ALICE, ":0"), LOCAL);
    assert_string_equal(found(&logind, 0, ":0"), ":0");
    logind.sessions[0].remote = true;
    logind.sessions[0].host = "192.0.2.1";
    assert_string_equal(found(&logind, ALICE, "198.51.100.9"), "198.51.100.9");
    assert_string_equal(found(&logind, 0, "198.51.100.9"), "198.51.100.9");
    assert_string_equal(found(&logind, 0, ":0"), "192.0.2.1");
    assert_string_equal(found(&logind, ALICE, ":0"), "192.0.2.1");
    /* What is believed is not asked. */
    find(ALICE, ":1.7", "198.51.100.9");
    assert_null(fake_request(0));
    find(0, ":1.7", ":0");
    assert_non_null(fake_request(0));
}

static void what_root_reports_is_asked(void **state)
{
    struct logind logind = local();

    (void)state;
    caller = (struct caller){.real_uid = ALICE,
                             .login_uid = ALICE,
                             .audit_session = 3,
                             .terminal = 0x8803,
                             .reported = true};
    assert_string_equal(found(&logind, 0, NULL), LOCAL);
    caller.audit_session = 4;
    assert_string_equal(found(&logind, 0, NULL), LOGIND_RHOST_UNKNOWN);
    caller.audit_session = 3;
    caller.terminal = 0;
    assert_string_equal(found(&logind, 0, NULL), LOGIND_RHOST_UNKNOWN);
}

static void outside_of_every_session(void **state)
{
    struct logind logind = local();

    (void)state;
    logind.session = outside;
    logind.user = (struct answer){'E', NAME ".NoUserForPID"};
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    assert_string_equal(found(&logind, 0, NULL), LOGIND_RHOST_UNKNOWN);
}

/* The service and root's word make a display manager; of others it is a claim. */
static void a_display_manager(void **state)
{
    static char name[] = "lightdm";
    static char *names[] = {name};
    struct logind logind = local();

    (void)state;
    logind.session = outside;
    logind.user = (struct answer){'E', NAME ".NoUserForPID"};
    for (int i = 0; i < 3; i++) {
        struct call *call;

        config.greeters = (struct pk_strings){names, i == 2 ? 0 : 1};
        caller.reported = i != 1;
        call = fake_call(0, ":1.7", "");
        value_dict_text(fake_options(call), "service", "lightdm");
        call->caller = caller;
        find_of(call);
        answer_all(&logind);
        assert_string_equal(handed.rhost, i == 0 ? LOCAL : LOGIND_RHOST_UNKNOWN);
    }
    config.greeters.count = 0;
}

/* Terminals of today's desktops. */
static void what_a_service_manager_started(void **state)
{
    struct logind logind = local();

    (void)state;
    logind.session = outside;
    assert_string_equal(found(&logind, ALICE, NULL), LOCAL);
    logind.session_count = 0;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    logind.session_count = 2;
    assert_string_equal(found(&logind, ALICE, NULL), LOCAL);
    logind.sessions[1].remote = true;
    logind.sessions[1].host = "192.0.2.1";
    assert_string_equal(found(&logind, ALICE, NULL), "192.0.2.1");
    logind.sessions[0] = logind.sessions[1];
    assert_string_equal(found(&logind, ALICE, NULL), "192.0.2.1");
    logind.sessions[0].host = "198.51.100.9"; /* either may be the one */
    logind.sessions[0].audit = 3;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    logind = local();
    logind.session = outside;
    logind.session_count = LOGIND_SESSIONS_MAX;
    assert_string_equal(found(&logind, ALICE, NULL), LOCAL);
    logind.session_count = LOGIND_SESSIONS_MAX + 1;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    logind.session_count = 1;
    logind.sessions[0].uid = ALICE + 1;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    config.user_manager = USER_MANAGER_NO;
    logind.sessions[0].uid = ALICE;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    config.user_manager = USER_MANAGER_AUTO;
}

/* polkit's helper on a socket works for who is at its other end, whatever session root is in. */
static void the_process_at_the_other_end(void **state)
{
    struct logind logind = local();

    (void)state;
    logind.session = outside;
    logind.user = (struct answer){'E', NAME ".NoUserForPID"};
    caller.reported = true;
    caller.peer = (struct caller_peer){.pid = PEER,
                                       .uid = ALICE,
                                       .login_uid = ALICE,
                                       .audit_session = 5,
                                       .terminal = 0x8803,
                                       .reported = true};
    assert_string_equal(found(&logind, 0, NULL), LOCAL);
    caller.peer.uid = ALICE + 1;
    assert_string_equal(found(&logind, 0, NULL), LOGIND_RHOST_UNKNOWN);
    /* Of which no more is known than its uid, it is as a caller of that uid. */
    caller.peer = (struct caller_peer){.pid = PEER, .uid = ALICE};
    assert_string_equal(found(&logind, 0, NULL), LOCAL);
    caller.peer.uid = ALICE + 1;
    assert_string_equal(found(&logind, 0, NULL), LOGIND_RHOST_UNKNOWN);
    caller.peer.uid = ALICE;
    logind.sessions[1].remote = true;
    logind.sessions[1].host = "192.0.2.1";
    assert_string_equal(found(&logind, 0, NULL), "192.0.2.1");
    logind.of_peer = outside;
    assert_string_equal(found(&logind, 0, NULL), LOGIND_RHOST_UNKNOWN);
}

/* Nobody is asked what the bus has said before; what it has not said is asked, files or no. */
static void what_the_bus_knows_of_logind(void **state)
{
    static const enum bus_service asked[] = {BUS_SERVICE_UNKNOWN, BUS_SERVICE_STOPPED,
                                             BUS_SERVICE_RUNS};
    const struct logind logind = local();

    (void)state;
    config.without_logind = WITHOUT_LOGIND_ALLOW;
    fake_bus_service = BUS_SERVICE_NONE;
    find(ALICE, ":1.7", NULL);
    assert_null(fake_request(0));
    assert_string_equal(handed.rhost, LOCAL);
    config.without_logind = WITHOUT_LOGIND_DENY;
    find(ALICE, ":1.7", NULL);
    assert_string_equal(handed.rhost, LOGIND_RHOST_UNKNOWN);
    for (size_t i = 0; i < 3; i++) {
        unsigned before = handed.count;

#ifdef HAVE_SD_LOGIN
        write_files(&logind);
        if (asked[i] == BUS_SERVICE_RUNS)
            fake_login_reset();
#endif
        fake_bus_service = asked[i];
        find(ALICE, ":1.7", NULL);
        assert_string_equal(fake_request(0)->member, "GetSessionByPID");
        assert_int_equal(handed.count, before);
        answer_all(&logind);
        assert_string_equal(handed.rhost, LOCAL);
    }
}

static const char *const absent[] = {"org.freedesktop.DBus.Error.NameHasNoOwner",
                                     "org.freedesktop.DBus.Error.ServiceUnknown"};

static void without_a_logind_a_setting_decides(void **state)
{
    struct logind logind = local();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        logind.session = (struct answer){'E', absent[i]};
        config.without_logind = WITHOUT_LOGIND_CONSOLE;
        assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        config.without_logind = WITHOUT_LOGIND_DENY;
        assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        config.without_logind = WITHOUT_LOGIND_ALLOW;
        assert_string_equal(found(&logind, ALICE, NULL), LOCAL);
        assert_string_equal(found(&logind, ALICE, "192.0.2.1"), "192.0.2.1");
    }
    /* No system bus, no logind. */
    passkeyd.bus = NULL;
    assert_string_equal(found(&logind, ALICE, NULL), LOCAL);
    config.without_logind = WITHOUT_LOGIND_CONSOLE;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
}

/* It could be started, and so this host has one; it has crashed, say. */
static void a_logind_that_does_not_run_is_none_that_is_absent(void **state)
{
    static const struct answer odd[] = {
        {'P', NAME}, {'E', "org.freedesktop.DBus.Error.NoReply"}, {'-', NULL}};
    struct logind logind = local();

    (void)state;
    config.without_logind = WITHOUT_LOGIND_ALLOW;
    logind.session = (struct answer){'E', absent[0]};
    for (size_t i = 0; i < 3; i++) {
        logind.names = odd[i];
        assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    }
}

#define DENIED "org.freedesktop.DBus.Error.AccessDenied"

static void what_logind_does_not_tell_is_remote(void **state)
{
    static const struct answer odd_objects[] = {{'E', DENIED},
                                                {'E', "org.freedesktop.DBus.Error.NoReply"},
                                                {'O', SESSION_1},
                                                {'2', SESSION_1},
                                                {'-', NULL}};
    static const struct answer odd_properties[] = {{'E', DENIED}, {'-', NULL}};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct logind session = local(), user = local();

        session.session = odd_objects[i];
        assert_string_equal(found(&session, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        user.session = outside;
        user.user = odd_objects[i];
        assert_string_equal(found(&user, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    }
    for (size_t i = 0; i < 2; i++) {
        struct logind session = local(), user = local();

        session.properties = odd_properties[i];
        assert_string_equal(found(&session, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        user.session = outside;
        user.user_properties = odd_properties[i];
        assert_string_equal(found(&user, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    }
}

static void an_unknown_process_is_remote(void **state)
{
    struct call *call = fake_call(ALICE, ":1.7", "");

    (void)state;
    call->pid = 0;
    find_of(call);
    assert_null(fake_request(0));
    assert_string_equal(handed.rhost, LOGIND_RHOST_UNKNOWN);
}

static void a_bus_that_cannot_be_asked_is_remote(void **state)
{
    (void)state;
    fake_bus_fails = true;
    find(ALICE, ":1.7", NULL);
    assert_string_equal(handed.rhost, LOGIND_RHOST_UNKNOWN);
}

/* The time is for all questions together. */
static void time_is_short(void **state)
{
    struct value user = value_body();

    (void)state;
    find(ALICE, ":1.7", NULL);
    assert_int_equal(fake_request(0)->timeout_ms, 2000);
    clock_ms += 1500;
    fake_answer(fake_request(0), NULL, outside.text);
    assert_int_equal(fake_request(0)->timeout_ms, 500);
    clock_ms += 500;
    value_add_text(&user, 'o', USER);
    fake_answer(fake_request(0), &user, NULL);
    assert_null(fake_request(0));
    assert_string_equal(handed.rhost, LOGIND_RHOST_UNKNOWN);
}

static void assert_limit_at(unsigned errors)
{
    assert_int_equal(fake_end.errors, errors);
    if (errors)
        assert_string_equal(fake_end.error, PK_BUS_ERROR_LIMIT_EXCEEDED);
}

static void questions_are_limited_per_user(void **state)
{
    const struct logind logind = local();

    (void)state;
    for (int i = 0; i < PER_USER; i++)
        find(ALICE, ":1.7", NULL);
    assert_limit_at(0);
    find(ALICE, ":1.8", NULL);
    assert_limit_at(1);
    find(ALICE + 1, ":1.9", NULL);
    assert_limit_at(1);
    /* A caller that says to be remote is believed without a question. */
    find(ALICE, ":1.8", "192.0.2.1");
    assert_limit_at(1);
    answer_all(&logind);
    find(ALICE, ":1.8", NULL);
    assert_limit_at(1);
}

static void questions_are_limited_in_total(void **state)
{
    (void)state;
    /* Root has more than others, but not all. */
    for (int i = 0; i < 256 - 64; i++)
        find(0, ":1.7", NULL);
    assert_limit_at(0);
    find(0, ":1.7", NULL);
    assert_limit_at(1);
    for (uid_t i = 0; i < 64; i++)
        find(ALICE + i, ":1.8", NULL);
    assert_limit_at(1);
    find(ALICE + 64, ":1.8", NULL);
    assert_limit_at(2);
}

/* One person may have many uids, and sudo asks as root. */
static void users_leave_root_its_questions(void **state)
{
    (void)state;
    for (uid_t uid = ALICE; uid < ALICE + 16; uid++)
        for (int i = 0; i < PER_USER; i++)
            find(uid, ":1.8", NULL);
    fake_end.errors = 0;
    for (int i = 0; i < 192; i++)
        find(0, ":1.7", NULL);
    assert_limit_at(0);
}

static void questions_of_who_has_left_are_dropped(void **state)
{
    const struct logind logind = local();

    (void)state;
    find(ALICE, ":1.7", NULL);
    find(ALICE + 1, ":1.8", NULL);
    logind_vanished(":1.7");
    assert_non_null(fake_request(0));
    assert_null(fake_request(1));
    answer_all(&logind);
    assert_int_equal(handed.count, 1);
    find(ALICE, ":1.7", NULL);
    find(ALICE + 1, ":1.8", NULL);
    logind_vanished(NULL);
    assert_null(fake_request(0));
    assert_int_equal(handed.count, 1);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, scripted_logind_set_up, scripted_logind_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_session_at_the_seat),
        TEST(a_remote_session_has_its_host),
        TEST(what_the_caller_says),
        TEST(what_root_reports_is_asked),
        TEST(outside_of_every_session),
        TEST(a_display_manager),
        TEST(what_a_service_manager_started),
        TEST(the_process_at_the_other_end),
        TEST(what_the_bus_knows_of_logind),
        TEST(without_a_logind_a_setting_decides),
        TEST(a_logind_that_does_not_run_is_none_that_is_absent),
        TEST(what_logind_does_not_tell_is_remote),
        TEST(an_unknown_process_is_remote),
        TEST(a_bus_that_cannot_be_asked_is_remote),
        TEST(time_is_short),
        TEST(questions_are_limited_per_user),
        TEST(questions_are_limited_in_total),
        TEST(users_leave_root_its_questions),
        TEST(questions_of_who_has_left_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
