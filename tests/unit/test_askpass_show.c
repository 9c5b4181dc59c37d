/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/show.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define CONTEXT(act, command, host, rhost, service, target, tty, user)                             \
    "{\"act\":\"" act "\",\"command\":\"" command "\",\"host\":\"" host "\",\"rhost\":\"" rhost    \
    "\",\"service\":\"" service "\",\"target\":\"" target "\",\"tty\":\"" tty                      \
    "\",\"user\":\"" user "\"}"

static enum pk_status show(enum pk_forward_kind kind, const char *context, const char *user,
                           char **ret_text)
{
    PK_AUTO_FREE char *copy = strdup(context);
    char rp_id[] = "example.org";
    const struct pk_forward_request request = {
        .kind = kind,
        .context = copy,
        .rp_id = kind == PK_FORWARD_GET ? rp_id : NULL,
        .creation = {.rp_id = kind == PK_FORWARD_CREATE ? rp_id : NULL},
    };
    size_t len = 0;
    FILE *out = open_memstream(ret_text, &len);
    enum pk_status status;

    assert_non_null(out);
    status = askpass_show(out, &request, "web1.example.org", user);
    assert_int_equal(fclose(out), 0);
    return status;
}

static void assert_shown(enum pk_forward_kind kind, const char *context, const char *user,
                         const char *wanted)
{
    PK_AUTO_FREE char *text = NULL;

    assert_int_equal(show(kind, context, user, &text), PK_OK);
    assert_string_equal(text, wanted);
}

static void a_sign_in(void **state)
{
    (void)state;
    assert_shown(
        PK_FORWARD_GET,
        CONTEXT("authenticate", "", "web1.example.org", "192.0.2.7", "sshd", "", "ssh", "alice"),
        "alice",
        "web1.example.org asks for your passkey:\n"
        "  to sign in as alice\n"
        "  through sshd\n"
        "  from 192.0.2.7\n"
        "  with a passkey of example.org\n");
}

static void a_command(void **state)
{
    (void)state;
    assert_shown(PK_FORWARD_GET,
                 CONTEXT("authenticate", "/bin/rm -r /", "db", "", "sudo", "root", "", "alice"),
                 NULL,
                 "web1.example.org asks for your passkey:\n"
                 "  to let alice run a command:\n"
                 "    /bin/rm -r /\n"
                 "  as the account root\n"
                 "  through sudo\n"
                 "  on a host that calls itself db\n"
                 "  with a passkey of example.org\n");
}

#define ALWAYS(act, command)                                                                       \
    "{\"act\":\"" act "\",\"command\":\"" command                                                  \
    "\",\"host\":\"web1\",\"rhost\":\"\",\"service\":\"sudo\",\"target\":\"root\",\"tty\":\"\","   \
    "\"user\":\"alice\""

static void what_was_typed(void **state)
{
    (void)state;
    assert_shown(PK_FORWARD_GET,
                 CONTEXT("authenticate", "sudo A=b id", "web1", "", "sudo", "", "", "alice"), NULL,
                 "web1.example.org asks for your passkey:\n"
                 "  for what alice typed:\n"
                 "    sudo A=b id\n"
                 "  through sudo\n"
                 "  with a passkey of example.org\n");
}

static void an_approval(void **state)
{
    (void)state;
    assert_shown(PK_FORWARD_GET,
                 ALWAYS("approve", "/bin/id") ",\"group\":\"adm\",\"cwd\":\"/home\","
                                              "\"chroot\":\"/mnt\",\"environment\":\"A=b\","
                                              "\"digest\":\"00\",\"ruser\":\"bob\"}",
                 NULL,
                 "web1.example.org asks for your passkey:\n"
                 "  to let bob run a command:\n"
                 "    /bin/id\n"
                 "  SHA-256 of all of it: 00\n"
                 "  asked for by bob\n"
                 "  as the account root\n"
                 "  with the group adm\n"
                 "  in /home\n"
                 "  under the root /mnt\n"
                 "  with A=b\n"
                 "  through sudo\n"
                 "  with a passkey of example.org\n");
    assert_shown(PK_FORWARD_GET, ALWAYS("approve", "") ",\"files\":\"/etc/hosts\"}", NULL,
                 "web1.example.org asks for your passkey:\n"
                 "  to let alice edit files:\n"
                 "    /etc/hosts\n"
                 "  as the account root\n"
                 "  through sudo\n"
                 "  with a passkey of example.org\n");
}

/* An approval of nothing, and members that are no text. */
static void what_is_no_approval_is_refused(void **state)
{
    static const char *const contexts[] = {
        ALWAYS("approve", "") "}",
        ALWAYS("approval", "/bin/id") "}",
        ALWAYS("enroll", "/bin/id") "}",
        ALWAYS("approve", "/bin/id") ",\"group\":7}",
        ALWAYS("approve", "/bin/id") ",\"environment\":null}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++) {
        PK_AUTO_FREE char *text = NULL;

        assert_int_equal(show(PK_FORWARD_GET, contexts[i], NULL, &text), PK_PROTOCOL);
        assert_string_equal(text, "");
    }
}

static void four_kibibytes_of_a_command_are_shown(void **state)
{
    PK_AUTO_FREE char *context = NULL;
    PK_AUTO_FREE char *text = NULL;
    char command[4097];

    (void)state;
    memset(command, 'x', sizeof(command) - 1);
    command[sizeof(command) - 1] = 0;
    context = pk_text_format(ALWAYS("approve", "%s") "}", command);
    assert_int_equal(show(PK_FORWARD_GET, context, NULL, &text), PK_OK);
    assert_non_null(strstr(text, command));
}

static void an_enrolment_as_somebody_else(void **state)
{
    (void)state;
    assert_shown(PK_FORWARD_CREATE,
                 CONTEXT("enroll", "", "web1.example.org", "", "", "", "", "alice"), "bob",
                 "web1.example.org asks for your passkey:\n"
                 "  to enrol a new passkey for the account alice\n"
                 "  although you connect as bob\n"
                 "  with a passkey of example.org\n");
}

/* As passkeyd has it where only the person's own program names the address. */
static void an_address_that_the_host_does_not_know(void **state)
{
    (void)state;
    assert_shown(PK_FORWARD_CREATE, CONTEXT("enroll", "", "web1", "unknown", "", "", "", "alice"),
                 NULL,
                 "web1.example.org asks for your passkey:\n"
                 "  to enrol a new passkey for the account alice\n"
                 "  with a passkey of example.org\n");
    assert_shown(PK_FORWARD_CREATE,
                 CONTEXT("enroll", "", "web1", "unknown.example.net", "", "", "", "alice"), NULL,
                 "web1.example.org asks for your passkey:\n"
                 "  to enrol a new passkey for the account alice\n"
                 "  from unknown.example.net\n"
                 "  with a passkey of example.org\n");
}

static void a_host_may_call_itself_by_its_first_label(void **state)
{
    static const char *const others[] = {
        "web", "web1.", "web1.example", "eb1", "web1.example.org.net", "WEB1"};
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    assert_int_equal(show(PK_FORWARD_GET,
                          CONTEXT("authenticate", "", "web1", "", "", "", "", "alice"), NULL,
                          &text),
                     PK_OK);
    assert_null(strstr(text, "calls itself"));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        PK_AUTO_FREE char *context =
            pk_text_format(CONTEXT("authenticate", "", "%s", "", "", "", "", "alice"), others[i]);
        PK_AUTO_FREE char *other = NULL;

        assert_int_equal(show(PK_FORWARD_GET, context, NULL, &other), PK_OK);
        if (!strstr(other, "calls itself") != (strcmp(others[i], "web1.example") == 0))
            fail_msg("%s", others[i]);
    }
}

static void nothing_reaches_the_terminal_as_it_came(void **state)
{
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    assert_int_equal(show(PK_FORWARD_GET,
                          CONTEXT("authenticate", "a\\u001b[2Jb\\nfrom 1\\u202e", "", "", "", "",
                                  "", "al\\tice"),
                          NULL, &text),
                     PK_OK);
    assert_non_null(strstr(text, "  for what al\\tice typed:\n    a\\x1b[2Jb\\nfrom 1\\u202e\n"));
    assert_null(strpbrk(text, "\033\t\r"));
}

static void what_is_cut_off_is_said_to_be(void **state)
{
    char command[2001];
    PK_AUTO_FREE char *context = NULL;
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    memset(command, 'x', sizeof(command) - 1);
    command[sizeof(command) - 1] = 0;
    context = pk_text_format(CONTEXT("authenticate", "", "", "", "", "%s", "", "alice"), command);
    assert_int_equal(show(PK_FORWARD_GET, context, NULL, &text), PK_OK);
    assert_non_null(strstr(text, "x… (2000 bytes)\n"));
}

static void later_members_are_shown_as_they_came(void **state)
{
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    assert_int_equal(show(PK_FORWARD_GET,
                          "{\"act\":\"authenticate\",\"amount\":[1,\"\033\"],\"command\":\"\","
                          "\"host\":\"\",\"rhost\":\"\",\"service\":\"\",\"target\":\"\","
                          "\"tty\":\"\",\"user\":\"alice\"}",
                          NULL, &text),
                     PK_PROTOCOL);
    free(pk_steal(text));
    assert_int_equal(show(PK_FORWARD_GET,
                          "{\"act\":\"authenticate\",\"amount\":[1,\"\\u001b\"],\"command\":\"\","
                          "\"host\":\"\",\"rhost\":\"\",\"service\":\"\",\"target\":\"\","
                          "\"tty\":\"\",\"user\":\"alice\"}",
                          NULL, &text),
                     PK_OK);
    assert_non_null(strstr(text, "\n  amount: [1,\"\\u001b\"]\n"));
}

static void what_is_not_understood_is_not_shown(void **state)
{
    static const struct {
        enum pk_forward_kind kind;
        const char *context;
    } cases[] = {
        {PK_FORWARD_GET, ""},
        {PK_FORWARD_GET, "{}"},
        {PK_FORWARD_GET, "[]"},
        {PK_FORWARD_GET, CONTEXT("enroll", "", "", "", "", "", "", "alice")},
        {PK_FORWARD_CREATE, CONTEXT("authenticate", "", "", "", "", "", "", "alice")},
        {PK_FORWARD_GET, CONTEXT("", "", "", "", "", "", "", "alice")},
        {PK_FORWARD_GET, CONTEXT("pay", "", "", "", "", "", "", "alice")},
        {PK_FORWARD_GET, CONTEXT("authenticate", "", "", "", "", "", "", "al\\u0000ice")},
        {PK_FORWARD_GET, CONTEXT("authenticate", "", "", "", "", "", "", "alice") "x"},
        {PK_FORWARD_GET, "{\"act\":\"authenticate\",\"user\":\"alice\"}"},
        {PK_FORWARD_GET, "{\"act\":\"authenticate\",\"command\":1,\"host\":\"\",\"rhost\":\"\","
                         "\"service\":\"\",\"target\":\"\",\"tty\":\"\",\"user\":\"alice\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_FREE char *text = NULL;

        if (show(cases[i].kind, cases[i].context, NULL, &text) != PK_PROTOCOL)
            fail_msg("%s", cases[i].context);
        assert_string_equal(text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sign_in),
        cmocka_unit_test(a_command),
        cmocka_unit_test(what_was_typed),
        cmocka_unit_test(an_approval),
        cmocka_unit_test(what_is_no_approval_is_refused),
        cmocka_unit_test(four_kibibytes_of_a_command_are_shown),
        cmocka_unit_test(an_enrolment_as_somebody_else),
        cmocka_unit_test(an_address_that_the_host_does_not_know),
        cmocka_unit_test(a_host_may_call_itself_by_its_first_label),
        cmocka_unit_test(nothing_reaches_the_terminal_as_it_came),
        cmocka_unit_test(what_is_cut_off_is_said_to_be),
        cmocka_unit_test(later_members_are_shown_as_they_came),
        cmocka_unit_test(what_is_not_understood_is_not_shown),
    };

    return cmocka_run_group_tests_name("askpass_show", tests, NULL, NULL);
}
