/* SPDX-License-Identifier: BSD-2-Clause */
/* The built module inside libpam, with a private bus and tests/unit/fake_daemon.py behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/pam_application.h"
#include "tests/unit/private_bus.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNREACHABLE                                                                                \
    "error:No passkey can be used now: passkeyd cannot be reached. \"passkeyctl check\" says "     \
    "more.;"

#define W10  "wwwwwwwwww"
#define W50  W10 W10 W10 W10 W10
#define W450 W50 W50 W50 W50 W50 W50 W50 W50 W50
#define X10  "xxxxxxxxxx"
#define X80  X10 X10 X10 X10 X10 X10 X10 X10
#define X470 X80 X80 X80 X80 X80 X10 X10 X10 X10 X10 X10 X10

static void results_and_messages(void **state)
{
    static const struct {
        const char *words;
        const char *user;
        const char *answer;
        int result;
        const char *shown;
    } cases[] = {
        {"", "touch", NULL, PAM_SUCCESS, "info:Touch it;"},
        {"debug", "touch", NULL, PAM_SUCCESS, "info:Touch it;"},
        {"identify", "touch", NULL, PAM_SUCCESS, "info:Touch it;"},
        {"", "pin", "correct horse", PAM_SUCCESS, "info:PIN for the key;off:PIN: ;info:Touch it;"},
        {"", "pin", "wrong", PAM_AUTH_ERR, "info:PIN for the key;off:PIN: ;error:Wrong PIN;"},
        {"", "pin", "", PAM_AUTH_ERR, "info:PIN for the key;off:PIN: ;error:Wrong PIN;"},
        {"", "pin", NULL, PAM_AUTH_ERR, "info:PIN for the key;off:PIN: ;error:No PIN given;"},
        {"", "long-text", NULL, PAM_SUCCESS,
         "info:" W450 " ;info:(part 2) " X470 " and the tail ;info:(part 3) end;"},
        {"", "ask", "2", PAM_SUCCESS, "info:Which one?;on:Type a number:;"},
        {"", "ask", NULL, PAM_AUTH_ERR, "info:Which one?;on:Type a number:;"},
        {"", "quiet", NULL, PAM_AUTH_ERR, "info:chat;info:Touch it;error:wrong key;"},
        {"quiet", "quiet", NULL, PAM_AUTH_ERR, "info:Touch it;error:wrong key;"},
        {"", "no-credentials", NULL, PAM_AUTHINFO_UNAVAIL, ""},
        {"", "done-unavailable", NULL, PAM_AUTHINFO_UNAVAIL, ""},
        {"", "done-storage", NULL, PAM_AUTHINFO_UNAVAIL, "error:Store broke;"},
        {"", "dies", NULL, PAM_AUTHINFO_UNAVAIL, "info:Touch it;" UNREACHABLE},
        {"quiet", "dies", NULL, PAM_AUTHINFO_UNAVAIL, "info:Touch it;"},
        {"", "unknown-user", NULL, PAM_USER_UNKNOWN, ""},
        {"", "pin-blocked", NULL, PAM_MAXTRIES, ""},
        {"quiet", "next-error", NULL, PAM_MAXTRIES, "error:Too many [42];"},
        {"", "touch-timeout", NULL, PAM_AUTH_ERR, ""},
        {"nullok", "touch-timeout", NULL, PAM_AUTH_ERR, ""},
        {"nullok", "result-missing", NULL, PAM_AUTH_ERR, ""},
        {"nullok", "junk-kind", NULL, PAM_AUTH_ERR, ""},
        {"nullok", "dies", NULL, PAM_AUTHINFO_UNAVAIL, "info:Touch it;" UNREACHABLE},
        {"", "refused", NULL, PAM_AUTH_ERR, "error:Not for you? [17];"},
        {"", "spoofed", NULL, PAM_AUTH_ERR, ""},
        {"", "other-user", NULL, PAM_AUTH_ERR, ""},
        {"", "no-user", NULL, PAM_AUTH_ERR, ""},
        {"", "no-uid", NULL, PAM_AUTH_ERR, ""},
        {"", "program's", NULL, PAM_AUTH_ERR, ""},
        {"", "other-uid", NULL, PAM_AUTH_ERR, ""},
        {"", "uid-not-number", NULL, PAM_AUTH_ERR, ""},
        {"", "Alice", NULL, PAM_SUCCESS, ""},
        {"", "EXAMPLE\\alice", NULL, PAM_SUCCESS, ""},
        {"", "alice@EXAMPLE.ORG", NULL, PAM_SUCCESS, ""},
        {"", "bob@EXAMPLE.ORG", NULL, PAM_AUTH_ERR, ""},
        {"", "alice-by-spelling", NULL, PAM_AUTH_ERR, ""},
        {"", "gone", NULL, PAM_AUTH_ERR, ""},
        {"identify", "other-user", NULL, PAM_AUTH_ERR, ""},
        {"bogus", "touch", NULL, PAM_SERVICE_ERR, ""},
        {"timeout=0", "touch", NULL, PAM_SERVICE_ERR, ""},
        {"nullok nullok", "touch", NULL, PAM_SERVICE_ERR, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct application application = {.answer = cases[i].answer};
        int result;

        assert_true(private_bus_wake()); /* in one of the cases it dies */
        result = authenticate(cases[i].words, cases[i].user, &application, NULL);
        if (result != cases[i].result)
            fail_msg("%s (%s): %d instead of %d", cases[i].user, cases[i].words, result,
                     cases[i].result);
        assert_string_equal(application.shown, cases[i].shown);
    }
}

#define ENTER "Press Enter to use it for THIS request, or type \"no\""
#define Y100                                                                                       \
    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" \
    "yyyyyyyy"
#define REQUEST "passkey1:" Y100 Y100 Y100 Y100 Y100 Y100
#define Z65     "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"

/* What has to be read is told, and not only asked: many applications ask with words of their own.
 */
static void questions_are_told_before_they_are_asked(void **state)
{
    static const struct {
        const char *user;
        const char *shown;
    } cases[] = {
        {"asks-pin", "info:PIN of your security key \"Blue\";off:PIN: ;"},
        {"asks-pin-last-tries",
         "info:Only 1 PIN try is left on \"Blue\". Type \"yes\" to go on;on:Go on (yes/no)? ;"},
        {"asks-recovery-code", "info:Recovery code (empty to give up);off:Recovery code: ;"},
        {"asks-contention", "info:" ENTER ";on:Enter, or \"no\": ;"},
        {"asks-confirm", "info:" ENTER ";on:Enter, or \"no\": ;"},
        {"asks-account", "info:This security key holds several accounts:;info:  1  alice;"
                         "info:  2  bob;on:Number: ;"},
        {"asks-ssh", "info:Use it;info:for " W450 " ;info:(part 2) " X470 ";info:;"
                     "info:Enter goes on.;info:" REQUEST ";on:Answer: ;"},
        {"asks-one-line", "info:Really?;on:Answer: ;"},
        {"asks-long-last-line", "info:One;info:" Z65 ";on:Answer: ;"},
    };
    static const char *const words[] = {"", "quiet"};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        struct application application = {.answer = "1234"};

        assert_int_equal(authenticate(words[i % 2], cases[i / 2].user, &application, NULL),
                         PAM_SUCCESS);
        assert_string_equal(application.shown, cases[i / 2].shown);
    }
}

/* sshd changes no question, and passkey-askpass is given nothing else. */
static void sshd_is_given_the_question_whole(void **state)
{
    struct application application = {.answer = "1234"};

    (void)state;
    tty = "ssh";
    assert_int_equal(authenticate("", "asks-ssh", &application, NULL), PAM_SUCCESS);
    tty = "tty7";
    assert_string_equal(application.shown,
                        "on:Use it\nfor " W450 " " X470 "\n\nEnter goes on.\n" REQUEST "\n;");
}

/* "required" turns PAM_IGNORE into the stack's default denial: seen from outside it must not let
 * in. */
static void nullok_alone_lets_nobody_in(void **state)
{
    struct application application = {0};

    (void)state;
    assert_int_not_equal(authenticate("nullok", "no-credentials", &application, NULL), PAM_SUCCESS);
}

static void the_daemon_is_told_the_context(void **state)
{
    struct application application = {0};

    (void)state;
    assert_int_equal(authenticate("rp=corp uv=required timeout=30 methods=local,recovery",
                                  "context", &application, NULL),
                     PAM_SUCCESS);
    assert_string_equal(application.shown, "info:methods=local,recovery\nrhost=192.0.2.7\nrp=corp\n"
                                           "ruser=some?body\nservice=test\ntimeout=30\n"
                                           "tty=tty7\nuv=required;");
}

static void the_daemon_is_told_of_the_process(void **state)
{
    struct application application = {0};
    char expected[64];

    (void)state;
    (void)snprintf(expected, sizeof(expected), "info:real-uid=%u of 5;", (unsigned)getuid());
    assert_int_equal(authenticate("", "process", &application, NULL), PAM_SUCCESS);
    assert_string_equal(application.shown, expected);
}

static void without_rhost_ssh_tells_it(void **state)
{
    static const struct {
        const char *rhost, *connection, *shown;
    } cases[] = {
        {NULL, NULL, "info:ruser=some?body\nservice=test\ntty=tty7;"},
        {"", "192.0.2.9 1 ::1 2", "info:rhost=192.0.2.9\nruser=some?body\nservice=test\ntty=tty7;"},
        {NULL, "fe80::1%lo 1 ::1 2",
         "info:rhost=fe80::1%lo\nruser=some?body\nservice=test\ntty=tty7;"},
        {NULL, "laptop 1 ::1 2", "info:ruser=some?body\nservice=test\ntty=tty7;"},
        {"192.0.2.7", "192.0.2.9 1 ::1 2",
         "info:rhost=192.0.2.7\nruser=some?body\nservice=test\ntty=tty7;"},
    };
    const char *usual = rhost;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct application application = {0};

        rhost = cases[i].rhost;
        assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
        if (cases[i].connection)
            assert_int_equal(setenv("SSH_CONNECTION", cases[i].connection, 1), 0);
        assert_int_equal(authenticate("", "context", &application, NULL), PAM_SUCCESS);
        assert_string_equal(application.shown, cases[i].shown);
    }
    rhost = usual;
    assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
}

static void the_passkey_may_name_the_user(void **state)
{
    struct application application = {0};
    char user[64] = "";

    (void)state;
    assert_int_equal(authenticate("identify", NULL, &application, user), PAM_SUCCESS);
    assert_string_equal(user, "touch");
    assert_string_equal(application.shown, "info:Touch it;");
}

static void without_identify_the_name_is_asked_for(void **state)
{
    struct application application = {.answer = "touch"};
    char user[64] = "";

    (void)state;
    assert_int_equal(authenticate("", NULL, &application, user), PAM_SUCCESS);
    assert_string_equal(user, "touch");
    assert_string_equal(application.shown, "on:login:;info:Touch it;");
}

static void a_failing_application_is_told_so(void **state)
{
    static const char *const users[] = {"touch", "pin", "ask", "quiet"};

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        struct application application = {.result = PAM_CONV_ERR};

        assert_int_equal(authenticate("nullok", users[i], &application, NULL), PAM_CONV_ERR);
    }
}

static void an_overlong_pin_denies(void **state)
{
    char pin[1000];
    struct application application = {.answer = pin};

    (void)state;
    memset(pin, '1', sizeof(pin) - 1);
    pin[sizeof(pin) - 1] = 0;
    assert_int_equal(authenticate("", "pin", &application, NULL), PAM_AUTH_ERR);
}

static void no_bus_is_no_information(void **state)
{
    struct application application = {0};
    char *address = strdup(getenv("DBUS_SYSTEM_BUS_ADDRESS"));

    (void)state;
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1), 0);
    assert_int_equal(authenticate("", "touch", &application, NULL), PAM_AUTHINFO_UNAVAIL);
    assert_string_equal(application.shown, UNREACHABLE);
    assert_int_equal(authenticate("nullok", "touch", &application, NULL), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
    free(address);
}

/* Open descriptors, and bytes that malloc() has handed out. */
static void measure(size_t *ret_descriptors, size_t *ret_bytes)
{
    DIR *list = opendir("/proc/self/fd");

    assert_non_null(list);
    *ret_bytes = mallinfo2().uordblks;
    for (*ret_descriptors = 0; readdir(list);)
        ++*ret_descriptors;
    assert_int_equal(closedir(list), 0);
}

static void a_thousand_sign_ins_leave_nothing_behind(void **state)
{
    static const char *const users[] = {"touch", "pin", "no-credentials", "signature-short"};
    size_t descriptors[2], bytes[2];

    (void)state;
    /* What libdbus and libpam allocate once is allocated after the first rounds. */
    for (int round = 0; round < 260; round++) {
        if (round == 10) /* a thousand to go */
            measure(&descriptors[0], &bytes[0]);
        for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
            struct application application = {.answer = "correct horse"};

            (void)authenticate("", users[i], &application, NULL);
        }
    }
    measure(&descriptors[1], &bytes[1]);
    assert_int_equal(descriptors[1], descriptors[0]);
    /* libdbus keeps up to five messages of 10 kB each; a leak of 50 bytes a sign-in shows. */
    assert_true(bytes[1] < bytes[0] + 50 * 1000);
}

/* What the daemon hears when a program with that name and those arguments signs in. */
static void context_of(const char *name, char *const argv[], char shown[1024])
{
    int ends[2], status;
    size_t used = 0;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) < 0 || setenv("TEST_SERVICE", name, 1) ||
            setenv("TEST_FOLDER", folder, 1))
            _exit(1);
        (void)execv("/proc/self/exe", argv);
        _exit(127);
    }
    (void)close(ends[1]);
    while ((got = read(ends[0], shown + used, 1023 - used)) > 0)
        used += (size_t)got;
    shown[used] = 0;
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The child of context_of(). */
static int show_context(const char *name)
{
    struct application application = {0};
    int result;

    (void)snprintf(folder, sizeof(folder), "%s", getenv("TEST_FOLDER"));
    service = name;
    result = authenticate("", "context", &application, NULL);
    (void)fputs(application.shown, stdout);
    return result == PAM_SUCCESS ? 0 : 1;
}

/* What is asked for, and as whom: the person is to see it, and the signature is bound to it. */
static void sudo_and_su_say_what_for(void **state)
{
    static const struct {
        const char *service;
        const char *argv[6];
        const char *shown;
    } cases[] = {
        {"sudo",
         {"sudo", "id", "-u"},
         "info:rhost=192.0.2.7\nruser=some?body\nservice=sudo\ntty=tty7\ntyped=sudo|id|-u|;"},
        {"sudo",
         {"sudo", "-u", "bob", "A=b c", "id"},
         "info:rhost=192.0.2.7\nruser=some?body\nservice=sudo\n"
         "tty=tty7\ntyped=sudo|-u|bob|A=b c|id|;"},
        {"sudo-i",
         {"sudo", "-i", "\xff"},
         "info:rhost=192.0.2.7\nruser=some?body\nservice=sudo-i\n"
         "tty=tty7\ntyped=sudo|-i|\\xff|;"},
        {"su",
         {"su", "-c", "id"},
         "info:rhost=192.0.2.7\nruser=some?body\nservice=su\n"
         "target=context\ntty=tty7;"},
        {"su-l",
         {"su", "-l"},
         "info:rhost=192.0.2.7\nruser=some?body\nservice=su-l\n"
         "target=context\ntty=tty7;"},
        {"test",
         {"sudo", "id"},
         "info:rhost=192.0.2.7\nruser=some?body\nservice=test\n"
         "tty=tty7;"},
    };

    (void)state;
    if (getenv("UNDER_VALGRIND"))
        return; /* the command line would be valgrind's */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char shown[1024];

        context_of(cases[i].service, (char *const *)(uintptr_t)cases[i].argv, shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

/* One that answers nothing but pings, and never ends the conversation: the time goes on by leaps.
 */
static void a_daemon_that_forgets_is_given_up(void **state)
{
    static const struct {
        const char *words, *scenario;
        long least, most; /* milliseconds */
    } cases[] = {{"timeout=30", "silent", 30000, 60000}, {"", "silent-20-left", 20000, 50000}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct application application = {.clock_step = 250};
        long before = clock_ahead;

        assert_int_equal(authenticate(cases[i].words, cases[i].scenario, &application, NULL),
                         PAM_AUTHINFO_UNAVAIL);
        clock_step = 0;
        assert_string_equal(application.shown, "info:Touch it;" UNREACHABLE);
        assert_in_range(clock_ahead - before, cases[i].least, cases[i].most);
    }
}

/* For the first reply nobody has to do anything: it comes soon, or not at all. */
static void the_first_reply_is_not_waited_for_long(void **state)
{
    struct application application = {0};
    long before = clock_ahead;

    (void)state;
    clock_step = 50;
    assert_int_equal(authenticate("", "never-opens", &application, NULL), PAM_AUTHINFO_UNAVAIL);
    clock_step = 0;
    assert_string_equal(application.shown, UNREACHABLE);
    assert_in_range(clock_ahead - before, 0, 3500);
}

/* It hangs while a touch is waited for: after some time it would even say ok. */
static void a_daemon_that_hangs_is_given_up(void **state)
{
    struct application application = {.clock_step = 100};
    long before = clock_ahead;

    (void)state;
    assert_int_equal(authenticate("", "freezes", &application, NULL), PAM_AUTHINFO_UNAVAIL);
    clock_step = 0;
    assert_string_equal(application.shown, "info:Touch it;" UNREACHABLE);
    assert_in_range(clock_ahead - before, 0, 15000);
}

/*
 * Where there is no terminal a program may have answered. One that is slow to show what it is told
 * has not given anybody time to read the question.
 */
static void an_answer_that_comes_at_once_is_not_a_persons(void **state)
{
    static const struct {
        long showing, answering; /* milliseconds */
        bool tried;
    } cases[] = {{0, 0, false}, {5000, 0, false}, {0, 5000, true}, {5000, 5000, true}};
    const char *before = rhost;
    int input = dup(STDIN_FILENO), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(input >= 0 && null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO);
    rhost = NULL;
    clock_stands = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct application application = {.answer = "correct horse",
                                          .showing = cases[i].showing,
                                          .answering = cases[i].answering};
        int result = authenticate("", "pin", &application, NULL);

        assert_int_equal(result == PAM_SUCCESS, cases[i].tried);
        assert_int_equal(strstr(application.shown, "before the question could be read") == NULL,
                         cases[i].tried);
    }
    clock_stands = false;
    rhost = before;
    assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
    (void)close(input);
    (void)close(null);
}

/* A passkey says who somebody is, not that the account may be used now. */
static void the_account_is_left_to_others(void **state)
{
    struct application application = {0};
    struct pam_conv conversation = {converse, &application};
    pam_handle_t *pamh = NULL;

    (void)state;
    write_lines("", "deny");
    assert_int_equal(pam_start_confdir("test", "touch", &conversation, folder, &pamh), PAM_SUCCESS);
    assert_int_not_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    write_lines("", "permit");
    assert_int_equal(pam_start_confdir("test", "touch", &conversation, folder, &pamh), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

static void other_services(void **state)
{
    struct application application = {0};
    struct pam_conv conversation = {converse, &application};
    pam_handle_t *pamh = NULL;

    (void)state;
    write_service("");
    assert_int_equal(pam_start_confdir("test", "touch", &conversation, folder, &pamh), PAM_SUCCESS);
    assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    assert_string_equal(application.shown, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_and_messages),
        cmocka_unit_test(questions_are_told_before_they_are_asked),
        cmocka_unit_test(sshd_is_given_the_question_whole),
        cmocka_unit_test(nullok_alone_lets_nobody_in),
        cmocka_unit_test(the_daemon_is_told_the_context),
        cmocka_unit_test(the_daemon_is_told_of_the_process),
        cmocka_unit_test(without_rhost_ssh_tells_it),
        cmocka_unit_test(the_passkey_may_name_the_user),
        cmocka_unit_test(without_identify_the_name_is_asked_for),
        cmocka_unit_test(a_failing_application_is_told_so),
        cmocka_unit_test(an_overlong_pin_denies),
        cmocka_unit_test(an_answer_that_comes_at_once_is_not_a_persons),
        cmocka_unit_test(no_bus_is_no_information),
        cmocka_unit_test(a_thousand_sign_ins_leave_nothing_behind),
        cmocka_unit_test(sudo_and_su_say_what_for),
        cmocka_unit_test(a_daemon_that_forgets_is_given_up),
        cmocka_unit_test(the_first_reply_is_not_waited_for_long),
        cmocka_unit_test(the_account_is_left_to_others),
        cmocka_unit_test(other_services),
        cmocka_unit_test(a_daemon_that_hangs_is_given_up), /* the last one: it goes on hanging */
    };

    if (getenv("TEST_SERVICE"))
        return show_context(getenv("TEST_SERVICE"));
    return cmocka_run_group_tests(tests, application_set_up, application_tear_down);
}
