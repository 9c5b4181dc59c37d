/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sudo's approval plugin, given what sudo would give it and what it would not. If this failed, a
 * command would run that its caller has not approved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_sudo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OTHERS "the daemon vouched for another account than the one that calls sudo"
#define UNSAID "sudo does not say who calls it"
#define TYPED                                                                                      \
    "something would have to be typed, and nobody would type it (sudo -n, -S, -A, or no terminal)"
#define COMPLAINT "sudo: passkey_approval: "

/* --- who approved it -------------------------------------------------------------------------- */

static void a_touch_approves(void **state)
{
    struct sudo sudo = sudo_of("touch");

    (void)state;
    assert_true(runs(&sudo));
    assert_string_equal(shown, "Touch it\n");
    sudo.silent = true;
    assert_true(runs(&sudo));
}

static void a_pin_that_somebody_types(void **state)
{
    struct sudo sudo = sudo_of("pin");

    (void)state;
    sudo.answer = "correct horse";
    assert_true(runs(&sudo));
    assert_int_equal(questions, 1);
    sudo.answer = "wrong";
    refused(&sudo, COMPLAINT "Wrong PIN");
    sudo.answer = NULL;
    refused(&sudo, COMPLAINT "No PIN given");
}

/* Only the account that calls sudo, by its name and by its uid; and a uid has to be told. */
static void nobody_else_approves(void **state)
{
    static const char *const others[] = {"other-user", "no-uid", "program's",
                                         "other-uid",  "gone",   "alice-by-spelling"};
    static const char *const nobody[] = {
        "no-user",      "uid-not-number", "user-not-string",  "no-credentials",
        "unknown-user", "result-unknown", "result-missing",   "result-number",
        "ok-as-kind",   "junk-kind",      "next-error",       "refused",
        "elsewhere",    "result-in-text", "done-unavailable", "hostile-text",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct sudo sudo = sudo_of(others[i]);

        refused(&sudo, COMPLAINT OTHERS "\n");
    }
    for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
        struct sudo sudo = sudo_of(nobody[i]);

        refused(&sudo, COMPLAINT);
    }
}

/* sudo and the name service need not spell it in the same way. */
static void another_spelling_of_the_caller(void **state)
{
    struct sudo sudo = sudo_of("Alice");

    (void)state;
    assert_true(runs(&sudo));
}

static void who_calls_has_to_be_said(void **state)
{
    static const char *const uids[] = {"uid=",      "uid=5001",       "uid=-1",
                                       "uid=5000 ", "uid=0x1388",     "uid=05000x",
                                       "UID=5000",  "uid=4294972296", "uid"};
    struct sudo sudo = sudo_of("touch");

    (void)state;
    for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
        sudo.user_info[1] = uids[i];
        refused(&sudo, COMPLAINT UNSAID "\n");
    }
    sudo = sudo_of("");
    refused(&sudo, COMPLAINT UNSAID "\n");
    sudo = sudo_of("touch");
    sudo.user_info[0] = "user";
    refused(&sudo, COMPLAINT UNSAID "\n");
    sudo.no_user_info = true;
    refused(&sudo, COMPLAINT UNSAID "\n");
}

/* --- root ------------------------------------------------------------------------------------- */

static int as_root(void **state)
{
    (void)state;
    real_uid = 0;
    return 0;
}

static int as_caller(void **state)
{
    (void)state;
    real_uid = CALLER;
    plugin->close();
    return 0;
}

static void root_can_mend_whatever_is_wrong(void **state)
{
    struct sudo sudo = sudo_of("root");

    (void)state;
    sudo.user_info[1] = "uid=0";
    sudo.words = "nonsense";
    sudo.version = SUDO_API_MKVERSION(7, 0);
    sudo.mute = sudo.silent = true;
    assert_true(runs(&sudo));
    sudo.no_user_info = true;
    assert_true(runs(&sudo));
    assert_string_equal(shown, "");
}

/* Before it asks, for what an approved command runs in its turn. */
static void a_sudo_that_became_root_is_not_roots(void **state)
{
    struct sudo sudo = sudo_of("no-credentials");

    (void)state;
    refused(&sudo, COMPLAINT "No passkey here\n");
    sudo = sudo_of("process");
    assert_true(runs(&sudo));
    assert_non_null(strstr(shown, "real-uid=5000 of "));
}

/* --- what the daemon is told ------------------------------------------------------------------ */

/* The names of the context's members, which the daemon of "names" tells. */
static void told(struct sudo *sudo, bool unattended)
{
    assert_true(runs(sudo));
    assert_non_null(strstr(shown, " act "));
    assert_non_null(strstr(shown, " audit-session "));
    assert_non_null(strstr(shown, " login-uid real-uid resolved ruser service terminal "));
    assert_null(strstr(shown, " peer-"));
    if (unattended != (strstr(shown, " unattended ") != NULL))
        fail_msg("%s", shown);
}

static void the_daemon_is_told_the_context(void **state)
{
    struct sudo sudo = sudo_of("context");

    (void)state;
    sudo.words = "uv=required";
    assert_true(runs(&sudo));
    assert_non_null(strstr(shown, "act=approve\n"));
    assert_non_null(strstr(shown, "ruser=context\nservice=sudo\ntty=/dev/pts/7\nuv=required\n"));
}

/* And asks for nothing that would have to be typed. */
static void it_is_told_that_nobody_types(void **state)
{
    static const struct {
        const char *flag, *setting, *tty;
        bool unattended;
    } cases[] = {
        {"-u", NULL, NULL, false},
        {"-n", NULL, NULL, true},
        {"-S", NULL, NULL, true},
        {"-A", NULL, NULL, true},
        {"-HnS", NULL, NULL, true},
        {"--stdin", NULL, NULL, true},
        {"-H", NULL, "terminal", true},
        {"-H", "noninteractive=true", NULL, true},
        {"-H", "noninteractive=false", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sudo sudo = sudo_of("names");

        sudo.argv[2] = sudo.argv[1];
        sudo.argv[1] = cases[i].flag;
        sudo.settings[0] = cases[i].setting;
        if (cases[i].tty)
            sudo.user_info[2] = cases[i].tty;
        told(&sudo, cases[i].unattended);
        sudo.user_info[0] = "user=pin";
        sudo.answer = "correct horse";
        if (!cases[i].unattended) {
            assert_true(runs(&sudo));
            continue;
        }
        refused(&sudo, COMPLAINT TYPED "\n");
        assert_int_equal(questions, 0);
    }
}

/* The daemon of "pin-required" asks nothing, as passkeyd does when it has been told. */
static void that_something_had_to_be_typed_is_said(void **state)
{
    struct sudo sudo = sudo_of("pin-required");

    (void)state;
    refused(&sudo, COMPLAINT "It needs its PIN\n");
    sudo.argv[1] = "-n";
    refused(&sudo, COMPLAINT TYPED "\n");
}

/* --- what sudo would not do ------------------------------------------------------------------- */

static void what_has_to_be_known_of_the_command(void **state)
{
    static const char *const wrong[] = {"command=", "runas_uid=", "runas_gid=x", "runas_uid=-1",
                                        ""};

    (void)state;
    for (size_t i = 0; i < 3; i++) /* each of them missing, and wrong */
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            struct sudo sudo = sudo_of("touch");

            sudo.command_info[i] = wrong[j];
            refused(&sudo, COMPLAINT);
            assert_null(strstr(shown, "Touch"));
        }
    for (size_t i = 0; i < 2; i++) {
        struct sudo sudo = sudo_of("touch");

        *(i ? &sudo.user_info[3] : &sudo.run_argv[0]) = NULL;
        refused(&sudo, COMPLAINT);
        assert_null(strstr(shown, "Touch"));
    }
}

static void without_any_vector(void **state)
{
    const char *why = NULL;

    (void)state;
    shown[0] = '\0';
    assert_int_equal(plugin->open(SUDO_API_VERSION, sudo_converse, sudo_print, NULL, NULL, 0, NULL,
                                  NULL, NULL, NULL),
                     1);
    assert_int_equal(plugin->check(NULL, NULL, NULL, &why), 0);
    assert_string_equal(why, "not approved by a passkey");
    assert_int_equal(plugin->check(NULL, NULL, NULL, NULL), 0);
    plugin->close();
}

static void vectors_missing_one_at_a_time(void **state)
{
    struct sudo sudo = sudo_of("touch");

    (void)state;
    assert_int_equal(sudo_open(&sudo), 1);
    assert_int_equal(plugin->check(NULL, vector(sudo.run_argv), NULL, NULL), 0);
    assert_int_equal(plugin->check(vector(sudo.command_info), NULL, NULL, NULL), 0);
    assert_null(strstr(shown, "Touch"));
    assert_int_equal(plugin->check(vector(sudo.command_info), vector(sudo.run_argv), NULL, NULL),
                     1);
    plugin->close();
    sudo.no_argv = true; /* nobody is known to type */
    sudo.user_info[0] = "user=names";
    told(&sudo, true);
}

/* open() never says 0, with which sudo would run the command without asking check(). */
static void other_versions(void **state)
{
    static const unsigned majors[] = {0, 2, 21, 0xffff};
    struct sudo sudo = sudo_of("touch");

    (void)state;
    for (size_t i = 0; i < sizeof(majors) / sizeof(majors[0]); i++) {
        sudo.version = SUDO_API_MKVERSION(majors[i], 21);
        assert_int_equal(sudo_open(&sudo), -1);
        assert_string_equal(shown, COMPLAINT "made for another version of sudo\n");
        assert_false(sudo_check(&sudo));
    }
    sudo.version = SUDO_API_MKVERSION(SUDO_API_VERSION_MAJOR, 15); /* the first with such plugins */
    assert_true(runs(&sudo));
    sudo.version = SUDO_API_MKVERSION(SUDO_API_VERSION_MAJOR, 0xffff);
    assert_true(runs(&sudo));
}

static void what_it_cannot_serve_with(void **state)
{
    static const char *const words[] = {"nonsense", "nullok", "identify", "timeout=x", ""};
    struct sudo sudo = sudo_of("touch");

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        sudo.words = words[i];
        assert_int_equal(sudo_open(&sudo), -1);
        assert_non_null(strstr(shown, "an option in sudo.conf is unknown"));
        assert_false(sudo_check(&sudo));
        assert_null(strstr(shown, "Touch"));
    }
    sudo.words = NULL;
    sudo.mute = true;
    assert_int_equal(sudo_open(&sudo), -1);
    assert_false(sudo_check(&sudo));
}

static void without_an_open(void **state)
{
    struct sudo sudo = sudo_of("touch");

    (void)state;
    plugin->close();
    assert_false(sudo_check(&sudo));
    assert_true(runs(&sudo));
    assert_false(sudo_check(&sudo)); /* after the close */
    plugin->close();
    assert_false(sudo_check(&sudo));
}

/* Root's own open is nobody else's, whatever became of it. */
static void what_the_second_open_says_counts(void **state)
{
    struct sudo root = sudo_of("root"), sudo = sudo_of("no-credentials");

    (void)state;
    real_uid = 0;
    root.user_info[1] = "uid=0";
    assert_int_equal(sudo_open(&root), 1);
    real_uid = CALLER;
    sudo.user_info[0] = "user=no-credentials";
    assert_int_equal(sudo_open(&sudo), 1);
    assert_false(sudo_check(&sudo));
    assert_non_null(strstr(shown, "No passkey here"));
    sudo.user_info[0] = "user=touch";
    assert_int_equal(sudo_open(&sudo), 1);
    assert_true(sudo_check(&sudo));
    assert_true(sudo_check(&sudo)); /* asked again: */
    assert_string_equal(shown, "Touch it\nTouch it\n");
    sudo.words = "nonsense";
    assert_int_equal(sudo_open(&sudo), -1);
    assert_false(sudo_check(&sudo));
}

static void an_interrupted_conversation(void **state)
{
    struct sudo sudo = sudo_of("touch");
    sigset_t after;

    (void)state;
    sudo.fails = true;
    refused(&sudo, COMPLAINT "interrupted\n");
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &after), 0);
    for (int signal = 1; signal < SIGRTMIN; signal++)
        assert_false(sigismember(&after, signal));
}

static unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    assert_int_equal(closedir(folder), 0);
    return count;
}

/* What sudo closes for the command is its own business, and stays open here. */
static void descriptors_are_left_as_they_are(void **state)
{
    static const char *const closefrom[] = {"closefrom=0", "closefrom=3", "closefrom=-1",
                                            "closefrom=x", "closefrom"};
    unsigned before;

    (void)state;
    for (size_t i = 0; i < sizeof(closefrom) / sizeof(closefrom[0]); i++) {
        struct sudo sudo = sudo_of("touch");

        before = open_descriptors();
        sudo.command_info[3] = closefrom[i];
        assert_true(runs(&sudo));
        sudo.user_info[0] = "user=no-credentials";
        assert_false(runs(&sudo));
        assert_int_equal(open_descriptors(), before);
        assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0 || errno != EBADF);
    }
}

static void its_version(void **state)
{
    struct sudo sudo = sudo_of("touch");

    (void)state;
    assert_int_equal(plugin->type, SUDO_APPROVAL_PLUGIN);
    assert_int_equal(SUDO_API_VERSION_GET_MAJOR(plugin->version), SUDO_API_VERSION_MAJOR);
    plugin->close();
    assert_int_equal(plugin->show_version(0), 1); /* before it is opened */
    assert_int_equal(sudo_open(&sudo), 1);
    assert_int_equal(plugin->show_version(1), 1);
    assert_string_equal(shown, "passkey_approval plugin version " PACKAGE_VERSION "\n");
    plugin->close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_touch_approves),
        cmocka_unit_test(a_pin_that_somebody_types),
        cmocka_unit_test(nobody_else_approves),
        cmocka_unit_test(another_spelling_of_the_caller),
        cmocka_unit_test(who_calls_has_to_be_said),
        cmocka_unit_test_setup_teardown(root_can_mend_whatever_is_wrong, as_root, as_caller),
        cmocka_unit_test_setup_teardown(a_sudo_that_became_root_is_not_roots, as_root, as_caller),
        cmocka_unit_test(the_daemon_is_told_the_context),
        cmocka_unit_test(it_is_told_that_nobody_types),
        cmocka_unit_test(that_something_had_to_be_typed_is_said),
        cmocka_unit_test(what_has_to_be_known_of_the_command),
        cmocka_unit_test(without_any_vector),
        cmocka_unit_test(vectors_missing_one_at_a_time),
        cmocka_unit_test(other_versions),
        cmocka_unit_test(what_it_cannot_serve_with),
        cmocka_unit_test(without_an_open),
        cmocka_unit_test_setup_teardown(what_the_second_open_says_counts, NULL, as_caller),
        cmocka_unit_test(an_interrupted_conversation),
        cmocka_unit_test(descriptors_are_left_as_they_are),
        cmocka_unit_test(its_version),
    };

    return cmocka_run_group_tests(tests, sudo_set_up, sudo_tear_down);
}
