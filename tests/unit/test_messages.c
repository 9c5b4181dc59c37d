/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/dialogue/messages.h"

#include <string.h>

/* A context of the members that every one has. */
#define CONTEXT(act_, user_, service_, host_, command_, target_)                                   \
    .act = (act_), .user = (user_), .service = (service_), .host = (host_), .tty = "",             \
    .rhost = "", .command = (command_), .target = (target_)

static void purposes_name_what_is_approved(void **state)
{
    static const struct {
        struct context context;
        const char *expected;
    } cases[] = {
        {{CONTEXT("authenticate", "alice", "sudo", "web1", "sudo A=b apt", "")},
         "for what alice typed on web1: sudo A=b apt"},
        {{CONTEXT("authenticate", "root", "sudo", "web1", "sudo id", ""), .ruser = "alice"},
         "for what alice typed on web1: sudo id"},
        {{CONTEXT("authenticate", "alice", "x", "web1", "apt upgrade", "root")},
         "to run as root on web1: apt upgrade"},
        {{CONTEXT("authenticate", "alice", "login", "web1", "", "")},
         "to sign in as alice on web1 (login)"},
        {{CONTEXT("authenticate", "alice", "su", "web1", "", "root")},
         "to become root on web1 (su)"},
        {{CONTEXT("authenticate", "root", "su", "web1", "", "root")},
         "to sign in as root on web1 (su)"},
        {{CONTEXT("authenticate", "", "gdm", "web1", "", "")}, "to sign in on web1 (gdm)"},
        {{CONTEXT("authenticate", "alice", "", "web1", "", "")}, "to sign in as alice on web1"},
        {{CONTEXT("authenticate", "alice", "", "", "", "")}, "to sign in as alice"},
        {{CONTEXT("enroll", "alice", "", "web1", "", "")}, "to enrol it for alice on web1"},
        {{CONTEXT("authenticate", "root", "polkit-1", "web1", "", ""),
          .dialog = "/usr/bin/gnome-shell"},
         "as root for what the dialog of /usr/bin/gnome-shell asks on web1 (polkit-1)"},
        {{CONTEXT("approve", "alice", "sudo", "web1", "/usr/bin/apt update", "root"),
          .group = "root", .folder = "/home/alice"},
         "to run on web1 as root (group root) in /home/alice: /usr/bin/apt update"},
        {{CONTEXT("approve", "alice", "sudo", "web1", "/bin/true", "bob"), .group = "adm",
          .folder = "/", .root = "/mnt", .environment = "A=b C=d"},
         "to run on web1 as bob (group adm) in /, under the root /mnt, with A=b C=d: /bin/true"},
        {{CONTEXT("approve", "alice", "sudo", "web1", "", "root"), .group = "root", .folder = "/",
          .files = "/etc/hosts"},
         "to edit on web1 as root (group root) in /: /etc/hosts"},
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
    const struct context context = {
        CONTEXT("authenticate", "a\nb", "s\x1b", "w\xe2\x80\xae", "", "")};
    PK_AUTO_FREE char *text = message_purpose(&context);

    (void)state;
    assert_string_equal(text, "to sign in as a?b on w? (s?)");
}

/* Nothing that was typed can stand behind what is ours. */
static void a_command_is_the_end_of_a_message(void **state)
{
    PK_AUTO_FREE char *agent = message_touch_agent("blue", "for what alice typed: sudo id");
    PK_AUTO_FREE char *ssh = message_forward("for what alice typed: sudo id", 0, "passkey1:x");

    (void)state;
    assert_string_equal(agent, "Touch your security key \"blue\" (through your ssh-agent) for what "
                               "alice typed: sudo id");
    assert_non_null(strstr(ssh, "\nfor what alice typed: sudo id\n"));
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
        cmocka_unit_test(a_command_is_the_end_of_a_message),
        cmocka_unit_test(questions_over_ssh_end_in_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
