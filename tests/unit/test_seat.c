/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a key in this computer may be used: a test for each row of the table, and for each way to
 * pretend to sit here that a user has. The situations were recorded from the real programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/bus/seat.h"

#define ALICE 2001
#define BOB   2002

#define CONSOLE(number) (0x400U | (number))
#define PTS             0x8803U /* /dev/pts/3 */

/* alice on tty2, shown. */
static const struct seat_session console = {.user = ALICE,
                                            .has_seat = true,
                                            .active = true,
                                            .foreground = true,
                                            .of_person = true,
                                            .type = SEAT_TYPE_TTY,
                                            .vt = 2,
                                            .audit = 1};
/* alice's desktop on tty7, shown. */
static const struct seat_session desktop = {.user = ALICE,
                                            .has_seat = true,
                                            .active = true,
                                            .foreground = true,
                                            .of_person = true,
                                            .type = SEAT_TYPE_GRAPHICAL,
                                            .vt = 7,
                                            .audit = 3};
/* alice over ssh. */
static const struct seat_session ssh = {.user = ALICE,
                                        .active = true,
                                        .foreground = true,
                                        .of_person = true,
                                        .remote = true,
                                        .type = SEAT_TYPE_TTY,
                                        .audit = 5};

/* What sudo of alice's on tty2 reports. */
static const struct caller sudo_on_console = {.real_uid = ALICE,
                                              .login_uid = ALICE,
                                              .audit_session = 1,
                                              .terminal = CONSOLE(2),
                                              .reported = true};
/* Of a service of root's: nobody has signed in. */
static const struct caller of_root = {
    .login_uid = CALLER_UNSET, .audit_session = CALLER_UNSET, .reported = true};

/* A program of alice's own: nothing that it says is believed. */
static struct caller unreported(uid_t uid)
{
    return (struct caller){
        .real_uid = uid, .login_uid = CALLER_UNSET, .audit_session = CALLER_UNSET};
}

static struct seat_session sessions[3];

static struct seat_facts in_session(struct seat_session session, struct caller caller)
{
    sessions[0] = session;
    return (struct seat_facts){.place = SEAT_IN_SESSION,
                               .sessions = sessions,
                               .session_count = 1,
                               .caller = caller,
                               .shown_vt_owner = (uid_t)-1};
}

/* Of alice's, in no session; she has these. */
static struct seat_facts of_user(size_t count, struct seat_session first,
                                 struct seat_session second, struct caller caller)
{
    struct seat_facts facts = in_session(first, caller);

    sessions[1] = second;
    facts.place = SEAT_OF_USER;
    facts.user = ALICE;
    facts.session_count = count;
    return facts;
}

static struct seat_facts of_nobody(struct caller caller)
{
    return (struct seat_facts){
        .place = SEAT_OF_NOBODY, .caller = caller, .shown_vt_owner = (uid_t)-1};
}

static void assert_verdict(struct seat_facts facts, const char *row, enum seat_answer answer)
{
    const struct seat_verdict verdict = seat_decide(&facts);

    assert_string_equal(verdict.row, row);
    assert_int_equal(verdict.answer, answer);
    assert_true(verdict.why[0] != '\0');
}
#define assert_yes(facts, row) assert_verdict(facts, row, SEAT_YES)
#define assert_no(facts, row)  assert_verdict(facts, row, SEAT_NO)

static void row_1_a_remote_host_is_named(void **state)
{
    struct seat_facts facts = in_session(console, sudo_on_console);

    (void)state;
    facts.names_remote_host = true;
    assert_no(facts, "1");
}

/* Each of these makes it another session than the one on the screen. */
static void row_2_the_session_is_not_at_the_seat(void **state)
{
    struct seat_session session = console;

    (void)state;
    assert_no(in_session(ssh, sudo_on_console), "2");
    session.remote = true;
    assert_no(in_session(session, sudo_on_console), "2");
    session = console; /* a serial line; su in a cron job */
    session.has_seat = false;
    assert_no(in_session(session, sudo_on_console), "2");
    session = console; /* another console is shown */
    session.active = false;
    assert_no(in_session(session, sudo_on_console), "2");
    session = console; /* closing: tmux after the logout */
    session.foreground = false;
    assert_no(in_session(session, sudo_on_console), "2");
    session = desktop;
    session.active = false;
    assert_no(in_session(session, unreported(ALICE)), "2");
}

static void row_3_own_session_at_the_seat(void **state)
{
    struct caller caller = {
        .real_uid = ALICE, .login_uid = ALICE, .audit_session = 3, .reported = true};
    struct seat_facts facts;

    (void)state;
    assert_yes(in_session(console, sudo_on_console), "3");
    /* A program that is not root's: a locker, passkey-enroll. */
    facts = in_session(console, unreported(ALICE));
    facts.uid = ALICE;
    assert_yes(facts, "3");
    assert_yes(in_session(console, unreported(0)), "3");
    /* A terminal of the desktop's own, a locker and polkit's helper without one. */
    caller.terminal = PTS;
    assert_yes(in_session(desktop, caller), "3");
    caller.terminal = 0;
    facts = in_session(desktop, caller);
    facts.program = SEAT_PROGRAM_POLKIT;
    assert_yes(facts, "3");
    facts.program = SEAT_PROGRAM_GREETER;
    assert_yes(facts, "3");
}

/* No audit in the kernel, or no pam_loginuid: neither side has a number. */
static void row_3_without_audit(void **state)
{
    struct caller caller = sudo_on_console;
    struct seat_session session = console;

    (void)state;
    session.audit = CALLER_UNSET;
    caller.login_uid = caller.audit_session = CALLER_UNSET;
    assert_yes(in_session(session, caller), "3");
    caller.login_uid = BOB;
    assert_no(in_session(session, caller), "13");
    caller = sudo_on_console;
    assert_no(in_session(session, caller), "13");
    caller.login_uid = CALLER_UNSET;
    assert_no(in_session(console, caller), "13");
}

/* loginuid and audit session that the session does not agree with. */
static void row_3_needs_the_numbers_to_agree(void **state)
{
    struct caller caller = sudo_on_console;

    (void)state;
    caller.audit_session = 2;
    assert_no(in_session(console, caller), "13");
    caller = sudo_on_console;
    caller.login_uid = BOB;
    assert_no(in_session(console, caller), "13");
    caller.login_uid = CALLER_UNSET;
    caller.audit_session = CALLER_UNSET;
    assert_no(in_session(console, caller), "13");
}

static void row_4_another_terminal_than_the_sessions(void **state)
{
    struct caller caller = sudo_on_console;
    struct seat_session session = console;

    (void)state;
    caller.terminal = PTS; /* tmux, used there or over ssh */
    assert_no(in_session(console, caller), "4");
    caller.terminal = 0; /* setsid */
    assert_no(in_session(console, caller), "4");
    caller.terminal = CONSOLE(3);
    assert_no(in_session(console, caller), "4");
    caller.terminal = 0x1000000U | CONSOLE(2); /* the minor number goes on in the upper bits */
    assert_no(in_session(console, caller), "4");
    caller = sudo_on_console;
    session.vt = 0;
    assert_no(in_session(session, caller), "4");
    session = console; /* a type that logind may come to have */
    session.type = SEAT_TYPE_OTHER;
    caller.terminal = PTS;
    assert_no(in_session(session, caller), "4");
    /* On a desktop: no terminal, and neither locker nor polkit. */
    caller.audit_session = 3;
    caller.terminal = 0;
    assert_no(in_session(desktop, caller), "4");
}

static void row_5_another_account_in_the_session(void **state)
{
    struct caller caller = sudo_on_console;
    struct seat_facts facts;

    (void)state;
    caller.real_uid = BOB;
    assert_yes(in_session(console, caller), "5");
    caller.real_uid = 0;
    assert_yes(in_session(console, caller), "5");
    caller.real_uid = BOB; /* left behind */
    caller.terminal = 0;
    assert_no(in_session(console, caller), "5");
    caller.terminal = PTS; /* script(1), started by what was left behind */
    assert_no(in_session(console, caller), "5");
    caller.audit_session = 3;
    assert_no(in_session(desktop, caller), "5");
    caller.terminal = 0;
    facts = in_session(desktop, caller);
    facts.program = SEAT_PROGRAM_POLKIT;
    assert_no(facts, "5");
    /* A program of bob's, which is not believed to be anywhere. */
    facts = in_session(console, unreported(BOB));
    facts.uid = BOB;
    assert_no(facts, "5");
    facts = in_session(desktop, unreported(BOB));
    facts.uid = BOB;
    assert_no(facts, "5");
}

static void row_6_a_scope_is_as_the_session_it_came_from(void **state)
{
    struct caller caller = sudo_on_console;

    (void)state;
    assert_yes(of_user(1, console, console, caller), "6");
    assert_yes(of_user(2, ssh, console, caller), "6");
    caller.terminal = PTS;
    assert_no(of_user(1, console, console, caller), "6");
    caller = sudo_on_console;
    caller.real_uid = BOB;
    caller.terminal = 0;
    assert_no(of_user(1, console, console, caller), "6");
    caller = sudo_on_console;
    caller.audit_session = 5; /* over ssh, while she sits here */
    assert_no(of_user(2, desktop, ssh, caller), "6");
}

/* alice's user manager, whose audit session is its own. */
static const struct caller in_manager = {
    .real_uid = ALICE, .login_uid = ALICE, .audit_session = 9, .terminal = PTS, .reported = true};

static void row_7_what_a_desktops_manager_started(void **state)
{
    struct caller caller = in_manager;
    struct seat_session session = desktop;
    struct seat_facts facts;

    (void)state;
    assert_yes(of_user(1, desktop, desktop, caller), "7");
    facts = of_user(1, desktop, desktop, unreported(ALICE)); /* a locker */
    facts.uid = ALICE;
    assert_yes(facts, "7");
    /* Another session of hers that is not shown takes nothing away, nor does a job of cron's. */
    session.active = session.foreground = false;
    assert_yes(of_user(2, desktop, session, caller), "7");
    session.has_seat = session.of_person = false;
    assert_yes(of_user(2, session, desktop, caller), "7");
    caller.terminal = 0;
    assert_no(of_user(1, desktop, desktop, caller), "8");
    facts = of_user(1, desktop, desktop, caller);
    facts.program = SEAT_PROGRAM_POLKIT;
    assert_yes(facts, "7");
    /* Without audit, the manager's processes have no numbers. */
    caller = in_manager;
    caller.login_uid = caller.audit_session = CALLER_UNSET;
    assert_yes(of_user(1, desktop, desktop, caller), "7");
}

static void row_7_as_it_is_configured(void **state)
{
    struct seat_facts facts = of_user(1, desktop, desktop, in_manager);

    (void)state;
    facts.user_manager = USER_MANAGER_NO;
    assert_no(facts, "7");
    facts.user_manager = USER_MANAGER_YES;
    assert_yes(facts, "7");
    /* A server: the session at the seat is a console. */
    facts = of_user(1, console, console, in_manager);
    assert_no(facts, "7");
    facts.user_manager = USER_MANAGER_YES;
    assert_yes(facts, "7");
    facts = of_user(2, console, ssh, in_manager);
    facts.user_manager = USER_MANAGER_YES;
    assert_no(facts, "8");
}

static void row_8_the_user_is_not_at_the_seat_alone(void **state)
{
    struct caller caller = in_manager;
    struct seat_session session = desktop;
    struct seat_facts facts;

    (void)state;
    assert_no(of_user(0, desktop, desktop, caller), "8"); /* lingering */
    assert_no(of_user(2, desktop, ssh, caller), "8");
    assert_no(of_user(2, ssh, desktop, caller), "8");
    session.has_seat = false; /* a serial line */
    assert_no(of_user(2, desktop, session, caller), "8");
    session = desktop; /* tty2 is shown, where somebody else signs in */
    session.active = false;
    assert_no(of_user(1, session, session, caller), "8");
    session = desktop;
    session.foreground = false;
    assert_no(of_user(1, session, session, caller), "8");
    caller.real_uid = BOB; /* left behind by su in her terminal */
    assert_no(of_user(1, desktop, desktop, caller), "8");
    caller = in_manager;
    caller.login_uid = BOB;
    assert_no(of_user(1, desktop, desktop, caller), "8");
    facts = of_user(1, desktop, desktop, unreported(BOB));
    facts.uid = BOB;
    assert_no(facts, "8");
}

static void row_9_cron_and_at(void **state)
{
    struct caller caller = {
        .real_uid = ALICE, .login_uid = ALICE, .audit_session = 12, .reported = true};

    (void)state;
    assert_no(of_nobody(caller), "9");
    caller.real_uid = 0; /* cron itself */
    assert_no(of_nobody(caller), "9");
    caller.terminal = CONSOLE(2);
    assert_no(of_nobody(caller), "9");
}

static void row_10_login_on_the_shown_console(void **state)
{
    struct caller caller = of_root;
    struct seat_facts facts;

    (void)state;
    caller.terminal = CONSOLE(2);
    facts = of_nobody(caller);
    facts.shown_vt = 2;
    assert_yes(facts, "10");
    facts.shown_vt = 3;
    assert_no(facts, "13");
    facts.shown_vt = 0; /* not known */
    assert_no(facts, "13");
    facts.caller.terminal = CONSOLE(0);
    assert_no(facts, "13");
    facts.shown_vt = 63;
    facts.caller.terminal = CONSOLE(63);
    assert_yes(facts, "10");
    facts.shown_vt = 64;
    facts.caller.terminal = CONSOLE(64); /* a serial line, ttyS0 */
    assert_no(facts, "13");
    facts.shown_vt = 3;
    facts.caller.terminal = PTS; /* login on a pseudo terminal */
    assert_no(facts, "13");
    facts.caller.terminal = CONSOLE(3);
    facts.caller.real_uid = ALICE;
    assert_no(facts, "13");
    facts.caller = unreported(0);
    facts.caller.terminal = CONSOLE(3);
    assert_no(facts, "13");
}

static void row_11_display_managers(void **state)
{
    struct seat_facts facts = of_nobody(of_root);

    (void)state;
    facts.program = SEAT_PROGRAM_GREETER;
    assert_yes(facts, "11");
    facts.caller.terminal = PTS;
    assert_no(facts, "13");
    facts.caller = of_root;
    facts.caller.real_uid = ALICE;
    assert_no(facts, "13");
    facts.caller = unreported(0);
    assert_no(facts, "13");
    facts.caller = of_root;
    facts.program = SEAT_PROGRAM_POLKIT;
    assert_no(facts, "13");
}

static void row_12_polkits_helper_on_a_socket(void **state)
{
    struct seat_facts facts = of_nobody(of_root);

    (void)state;
    facts.program = SEAT_PROGRAM_POLKIT;
    facts.caller.peer = (struct caller_peer){.pid = 4711, .uid = ALICE};
    assert_verdict(facts, "12", SEAT_ASK_PEER);
    facts.caller.terminal = PTS;
    assert_no(facts, "13");
    facts.caller.terminal = 0;
    facts.caller.real_uid = ALICE;
    assert_no(facts, "13");
    facts.caller.real_uid = 0;
    facts.caller.login_uid = ALICE;
    assert_no(facts, "9");
}

static void row_13_anything_else(void **state)
{
    struct seat_facts facts = in_session(console, sudo_on_console);

    (void)state;
    assert_no(of_nobody(of_root), "13");
    assert_no(of_nobody(unreported(0)), "13");
    assert_no(of_nobody(unreported(ALICE)), "13");
    facts.place = SEAT_UNKNOWN; /* whatever else is known */
    facts.caller.terminal = CONSOLE(2);
    facts.shown_vt = 2;
    facts.shown_vt_owner = ALICE;
    facts.without_logind = WITHOUT_LOGIND_ALLOW;
    facts.user_manager = USER_MANAGER_YES;
    assert_no(facts, "13");
}

static void without_a_logind(void **state)
{
    struct seat_facts facts = {
        .place = SEAT_NO_LOGIND, .caller = sudo_on_console, .shown_vt = 2, .shown_vt_owner = ALICE};

    (void)state;
    assert_yes(facts, "console");
    facts.caller.real_uid = 0; /* login */
    assert_yes(facts, "console");
    facts.caller.real_uid = BOB;
    assert_no(facts, "none");
    facts.caller = sudo_on_console;
    facts.shown_vt = 3;
    assert_no(facts, "none");
    facts.shown_vt = 0;
    assert_no(facts, "none");
    facts.shown_vt = 2;
    facts.shown_vt_owner = (uid_t)-1;
    assert_no(facts, "none");
    facts.shown_vt_owner = ALICE;
    facts.caller.terminal = PTS;
    assert_no(facts, "none");
    facts.caller.terminal = 0;
    assert_no(facts, "none");
    facts.caller = unreported(ALICE);
    assert_no(facts, "none");
    facts.caller = sudo_on_console;
    facts.without_logind = WITHOUT_LOGIND_DENY;
    assert_no(facts, "none");
    facts.caller = unreported(BOB);
    facts.without_logind = WITHOUT_LOGIND_ALLOW;
    assert_yes(facts, "allow");
    facts.names_remote_host = true;
    assert_no(facts, "1");
}

/* Where there is a logind, the setting for hosts without one says nothing. */
static void with_a_logind_the_setting_for_none_is_not_asked(void **state)
{
    struct seat_facts facts = of_nobody(of_root);

    (void)state;
    facts.without_logind = WITHOUT_LOGIND_ALLOW;
    assert_no(facts, "13");
    facts = in_session(ssh, sudo_on_console);
    facts.without_logind = WITHOUT_LOGIND_ALLOW;
    assert_no(facts, "2");
    facts = of_user(1, ssh, ssh, in_manager);
    facts.without_logind = WITHOUT_LOGIND_ALLOW;
    assert_no(facts, "8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_1_a_remote_host_is_named),
        cmocka_unit_test(row_2_the_session_is_not_at_the_seat),
        cmocka_unit_test(row_3_own_session_at_the_seat),
        cmocka_unit_test(row_3_without_audit),
        cmocka_unit_test(row_3_needs_the_numbers_to_agree),
        cmocka_unit_test(row_4_another_terminal_than_the_sessions),
        cmocka_unit_test(row_5_another_account_in_the_session),
        cmocka_unit_test(row_6_a_scope_is_as_the_session_it_came_from),
        cmocka_unit_test(row_7_what_a_desktops_manager_started),
        cmocka_unit_test(row_7_as_it_is_configured),
        cmocka_unit_test(row_8_the_user_is_not_at_the_seat_alone),
        cmocka_unit_test(row_9_cron_and_at),
        cmocka_unit_test(row_10_login_on_the_shown_console),
        cmocka_unit_test(row_11_display_managers),
        cmocka_unit_test(row_12_polkits_helper_on_a_socket),
        cmocka_unit_test(row_13_anything_else),
        cmocka_unit_test(without_a_logind),
        cmocka_unit_test(with_a_logind_the_setting_for_none_is_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
