/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/dialogue/messages.h"

#include <string.h>

static const struct context nothing = {"authenticate", "", "", "", "", "", "", ""};

static void purposes_name_what_is_approved(void **state)
{
    static const struct {
        struct context context;
        const char *expected;
    } cases[] = {
        {{"authenticate", "alice", "sudo", "web1", "", "", "apt upgrade", "root"},
         "to run \"apt upgrade\" as root on web1"},
        {{"authenticate", "alice", "sudo", "web1", "", "", "apt upgrade", ""},
         "to run \"apt upgrade\" on web1"},
        {{"authenticate", "alice", "login", "web1", "", "", "", ""},
         "to sign in as alice on web1 (login)"},
        {{"authenticate", "alice", "su", "web1", "", "", "", "root"},
         "to become root on web1 (su)"},
        {{"authenticate", "root", "su", "web1", "", "", "", "root"},
         "to sign in as root on web1 (su)"},
        {{"authenticate", "", "gdm", "web1", "", "", "", ""}, "to sign in on web1 (gdm)"},
        {{"authenticate", "alice", "", "web1", "", "", "", ""}, "to sign in as alice on web1"},
        {{"enroll", "alice", "", "web1", "", "", "", ""}, "to enrol it for alice on web1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_FREE char *text = message_purpose(&cases[i].context);

        assert_string_equal(text, cases[i].expected);
    }
}

/* A caller's text must not be able to move the cursor or hide a part of the line. */
static void purposes_are_printable(void **state)
{
    struct context context = nothing;
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    context.command = "rm\n\x1b[2K ls";
    context.target = "root";
    text = message_purpose(&context);
    assert_string_equal(text, "to run \"rm??[2K ls\" as root");
}

static void questions_over_ssh_end_in_the_request(void **state)
{
    PK_AUTO_FREE char *text =
        message_forward("to sign in as alice on web1 (sshd)", 0, "passkey1:x");
    PK_AUTO_FREE char *more = message_forward(NULL, 3, "passkey1:y");
    const char *line = text;

    (void)state;
    assert_string_equal(more, "Part 3 of the answer:\npasskey1:y\n");
    assert_string_equal(text + strlen(text) - strlen("\npasskey1:x\n"), "\npasskey1:x\n");
    for (size_t len; *line; line += len + 1) {
        len = strcspn(line, "\n");
        assert_in_range(len, 1, 78);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(purposes_name_what_is_approved),
        cmocka_unit_test(purposes_are_printable),
        cmocka_unit_test(questions_over_ssh_end_in_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
