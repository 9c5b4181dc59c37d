/* SPDX-License-Identifier: BSD-2-Clause */
/* The built module inside libpam, with a private bus and tests/unit/fake_daemon.py behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/private_bus.h"

#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct private_bus private_bus;
static char folder[] = "/tmp/passkey-pam-XXXXXX";

/* What the application's conversation function does and saw. */
struct application {
    const char *answer; /* NULL: a response without text */
    int result;
    char shown[4096];
};

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    static const char *const styles[] = {[PAM_PROMPT_ECHO_OFF] = "off",
                                         [PAM_PROMPT_ECHO_ON] = "on",
                                         [PAM_ERROR_MSG] = "error",
                                         [PAM_TEXT_INFO] = "info"};
    struct application *application = data;
    int style = messages[0]->msg_style;
    size_t used = strlen(application->shown);

    assert_int_equal(count, 1);
    (void)snprintf(application->shown + used, sizeof(application->shown) - used, "%s:%s;",
                   styles[style], messages[0]->msg);
    if (application->result != PAM_SUCCESS)
        return application->result;
    *responses = calloc(1, sizeof(**responses));
    if ((style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) && application->answer)
        (*responses)->resp = strdup(application->answer);
    return PAM_SUCCESS;
}

static void write_service(const char *words)
{
    char path[PATH_MAX], module[PATH_MAX], built[PATH_MAX];
    FILE *file;

    (void)snprintf(built, sizeof(built), "%s/pam/.libs/pam_passkey.so", getenv("top_builddir"));
    assert_non_null(realpath(built, module));
    (void)snprintf(path, sizeof(path), "%s/test", folder);
    file = fopen(path, "we");
    assert_non_null(file);
    (void)fprintf(file, "auth required %s %s\naccount required pam_permit.so\n", module, words);
    assert_int_equal(fclose(file), 0);
}

/* An address: libpam's audit records would look a name up in the DNS. */
static const char *rhost = "192.0.2.7";

/* One pam_authenticate() of user (the daemon's scenario); *ret_user: PAM_USER afterwards. */
static int authenticate(const char *words, const char *user, struct application *application,
                        char *ret_user)
{
    struct pam_conv conversation = {converse, application};
    pam_handle_t *pamh = NULL;
    const void *named = NULL;
    int result;

    write_service(words);
    assert_int_equal(pam_start_confdir("test", user, &conversation, folder, &pamh), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_TTY, "tty7"), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_RHOST, rhost), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_RUSER, "some\nbody"), PAM_SUCCESS);
    result = pam_authenticate(pamh, PAM_SILENT);
    if (ret_user && pam_get_item(pamh, PAM_USER, &named) == PAM_SUCCESS)
        (void)snprintf(ret_user, 64, "%s", named ? (const char *)named : "");
    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

static int start(void **state)
{
    (void)state;
    return mkdtemp(folder) && private_bus_start(&private_bus, true) ? 0 : -1;
}

static int stop(void **state)
{
    char path[PATH_MAX];

    (void)state;
    private_bus_stop(&private_bus);
    (void)snprintf(path, sizeof(path), "%s/test", folder);
    (void)unlink(path);
    return rmdir(folder);
}

#define UNREACHABLE                                                                                \
    "error:No passkey can be used now: passkeyd cannot be reached. \"passkeyctl check\" says "     \
    "more.;"

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
        {"", "pin", "correct horse", PAM_SUCCESS, "off:PIN for the key:;info:Touch it;"},
        {"", "pin", "wrong", PAM_AUTH_ERR, "off:PIN for the key:;error:Wrong PIN;"},
        {"", "pin", "", PAM_AUTH_ERR, "off:PIN for the key:;error:Wrong PIN;"},
        {"", "pin", NULL, PAM_AUTH_ERR, "off:PIN for the key:;error:No PIN given;"},
        {"", "ask", "2", PAM_SUCCESS, "on:Which one?\nType a number:;"},
        {"", "ask", NULL, PAM_AUTH_ERR, "on:Which one?\nType a number:;"},
        {"", "quiet", NULL, PAM_AUTH_ERR, "info:chat;info:Touch it;error:wrong key;"},
        {"quiet", "quiet", NULL, PAM_AUTH_ERR, "info:Touch it;error:wrong key;"},
        {"", "no-credentials", NULL, PAM_AUTHINFO_UNAVAIL, ""},
        {"", "done-unavailable", NULL, PAM_AUTHINFO_UNAVAIL, ""},
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
        {"identify", "other-user", NULL, PAM_AUTH_ERR, ""},
        {"bogus", "touch", NULL, PAM_SERVICE_ERR, ""},
        {"timeout=0", "touch", NULL, PAM_SERVICE_ERR, ""},
        {"nullok nullok", "touch", NULL, PAM_SERVICE_ERR, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct application application = {.answer = cases[i].answer};
        int result = authenticate(cases[i].words, cases[i].user, &application, NULL);

        if (result != cases[i].result)
            fail_msg("%s (%s): %d instead of %d", cases[i].user, cases[i].words, result,
                     cases[i].result);
        assert_string_equal(application.shown, cases[i].shown);
    }
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
    assert_int_equal(authenticate("rp=corp uv=required timeout=30 transports=local,recovery",
                                  "context", &application, NULL),
                     PAM_SUCCESS);
    assert_string_equal(application.shown, "info:rhost=192.0.2.7\nrp=corp\nruser=some?body\n"
                                           "service=test\ntimeout=30\ntransports=local,recovery\n"
                                           "tty=tty7\nuv=required;");
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
    /* What is kept once, libdbus and libpam have kept after the first rounds. */
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
        cmocka_unit_test(nullok_alone_lets_nobody_in),
        cmocka_unit_test(the_daemon_is_told_the_context),
        cmocka_unit_test(without_rhost_ssh_tells_it),
        cmocka_unit_test(the_passkey_may_name_the_user),
        cmocka_unit_test(without_identify_the_name_is_asked_for),
        cmocka_unit_test(a_failing_application_is_told_so),
        cmocka_unit_test(an_overlong_pin_denies),
        cmocka_unit_test(no_bus_is_no_information),
        cmocka_unit_test(a_thousand_sign_ins_leave_nothing_behind),
        cmocka_unit_test(other_services),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
