/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/command.h"

#include <stdlib.h>
#include <string.h>

/* '|' stands for the NUL that ends an argument. */
static struct pk_bytes cmdline_of(const char *written)
{
    struct pk_bytes cmdline = {0};

    assert_int_equal(pk_bytes_copy(pk_view_string(written), &cmdline), PK_OK);
    for (size_t i = 0; i < cmdline.len; i++)
        if (cmdline.data[i] == '|')
            cmdline.data[i] = 0;
    return cmdline;
}

static const struct {
    const char *cmdline;
    const char *text;
    const char *target;
} vectors[] = {
    {"sudo|apt|upgrade|", "apt upgrade", NULL},
    {"/usr/bin/sudo|id|-un|", "id -un", NULL},
    {"sudo|-u|alice|id|", "id", "alice"},
    {"sudo|-ualice|id|", "id", "alice"},
    {"sudo|-nu|alice|id|", "id", "alice"},
    {"sudo|-nualice|id|", "id", "alice"},
    {"sudo|-u|#1000|id|", "id", "#1000"},
    {"sudo|--user|alice|id|", "id", "alice"},
    {"sudo|--user=alice|id|", "id", "alice"},
    {"sudo|--use=alice|id|", "id", "alice"},
    {"sudo|--us|alice|id|", "id", "alice"},
    {"sudo|-u|alice|-u|bob|id|", "id", "bob"},
    {"sudo|-U|alice|-l|", "sudo -l", NULL},
    {"sudo|-g|wheel|id|", "id", NULL},
    {"sudo|-p|Password: |-u|bob|id|", "id", "bob"},
    {"sudo|--prompt=-u|id|", "id", NULL},
    {"sudo|-C|3|-D|/tmp|-R|/mnt|-T|5|-r|r|-t|t|-a|x|-c|y|id|", "id", NULL},
    {"sudo|--close-from=3|--chdir|/tmp|--chroot=/mnt|--command-timeout|5|id|", "id", NULL},
    {"sudo|-AbBEHKkNnPS|id|", "id", NULL},
    {"sudo|-E|--preserve-env=PATH,HOME|--preserve-env|id|", "id", NULL},
    {"sudo|-h|web1|id|", "id", NULL},
    {"sudo|-h|-u|bob|id|", "id", "bob"},
    {"sudo|-hweb1|id|", "id", NULL},
    {"sudo|--host|web1|id|", "id", NULL},
    {"sudo|A=b|-u|bob|C=d|id|E=f|", "id E=f", "bob"},
    {"sudo|/a=b|x|", "/a=b x", NULL},
    {"sudo|--|-u|bob|", "-u bob", NULL},
    {"sudo|--|A=b|", "A=b", NULL},
    {"sudo|-u|bob|--|id|", "id", "bob"},
    {"sudo|id|-u|bob|", "id -u bob", NULL},
    {"sudo|-i|", "sudo -i", NULL},
    {"sudo|-i|-u|bob|", "sudo -i", "bob"},
    {"sudo|-iu|bob|", "sudo -i", "bob"},
    {"sudo|--login|id|", "id", NULL},
    {"sudo|-s|", "sudo -s", NULL},
    {"sudo|-s|echo|x|", "echo x", NULL},
    {"sudo|-v|", "sudo -v", NULL},
    {"sudo|-l|id|", "sudo -l", NULL},
    {"sudo|-ll|", "sudo -l", NULL},
    {"sudo|-e|/etc/hosts|", "sudoedit /etc/hosts", NULL},
    {"sudo|--edit|-u|bob|a b|", "sudoedit 'a b'", "bob"},
    {"sudoedit|/etc/hosts|", "sudoedit /etc/hosts", NULL},
    {"/usr/bin/sudoedit|-u|bob|x|", "sudoedit x", "bob"},
    {"sudo|", NULL, NULL},
    {"sudo|-u|", NULL, NULL},
    {"sudo|--user|", NULL, NULL},
    {"sudo|--nonsense|id|", "id", NULL},
    {"sudo|--pre|x|", "x", NULL}, /* ambiguous: sudo itself refuses it */
    {"sudo||x|", "'' x", NULL},
    {"sudo|sh|-c|rm 'a b'|", "sh -c 'rm '\\''a b'\\'''", NULL},
    {"sudo|echo|a\nb\x1b[2J\xff|", "echo 'a?b?[2J?'", NULL},
    {"sudo|echo|\xe2\x80\xae|", "echo '?'", NULL},
    {"sudo|echo|\xc3\xa4|", "echo '\xc3\xa4'", NULL},
    {"sudo|-u|a\nb|id|", "id", "a?b"},
};

static void assert_text(const char *is, const char *should, const char *cmdline)
{
    if (!is != !should || (is && strcmp(is, should) != 0))
        fail_msg("%s: \"%s\" instead of \"%s\"", cmdline, is ? is : "(none)",
                 should ? should : "(none)");
}

static void command_lines_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        PK_AUTO_BYTES struct pk_bytes cmdline = cmdline_of(vectors[i].cmdline);
        AUTO_COMMAND struct command command = {0};

        assert_int_equal(command_from_sudo(pk_view_of(&cmdline), &command), PK_OK);
        assert_text(command.text, vectors[i].text, vectors[i].cmdline);
        assert_text(command.target, vectors[i].target, vectors[i].cmdline);
    }
}

/* Every prefix of every vector, in memory of exactly that size: no crash, no read out of bounds. */
static void every_prefix_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        PK_AUTO_BYTES struct pk_bytes cmdline = cmdline_of(vectors[i].cmdline);

        for (size_t len = 0; len < cmdline.len; len++) {
            PK_AUTO_BYTES struct pk_bytes prefix = {0};
            AUTO_COMMAND struct command command = {0};
            bool whole = memchr(cmdline.data, 0, len) != NULL;

            assert_int_equal(pk_bytes_copy((struct pk_view){cmdline.data, len}, &prefix), PK_OK);
            assert_int_equal(command_from_sudo(pk_view_of(&prefix), &command),
                             whole ? PK_OK : PK_INVALID_INPUT);
        }
    }
}

static void what_is_left_out_is_marked(void **state)
{
    static char cmdline[2 * COMMAND_LINE_MAX] = "sudo\0echo";
    AUTO_COMMAND struct command at_limit = {0}, over = {0}, many = {0};

    (void)state;
    memset(cmdline + 10, 'x', sizeof(cmdline) - 10);
    cmdline[10 + COMMAND_TEXT_MAX - 5] = 0;
    assert_int_equal(
        command_from_sudo((struct pk_view){(uint8_t *)cmdline, 11 + COMMAND_TEXT_MAX - 5},
                          &at_limit),
        PK_OK);
    assert_int_equal(strlen(at_limit.text), COMMAND_TEXT_MAX);
    assert_string_equal(at_limit.text + COMMAND_TEXT_MAX - 3, "xxx");

    cmdline[10 + COMMAND_TEXT_MAX - 5] = 'x';
    cmdline[10 + COMMAND_TEXT_MAX - 4] = 0;
    assert_int_equal(
        command_from_sudo((struct pk_view){(uint8_t *)cmdline, 11 + COMMAND_TEXT_MAX - 4}, &over),
        PK_OK);
    assert_int_equal(strlen(over.text), COMMAND_TEXT_MAX);
    assert_string_equal(over.text + COMMAND_TEXT_MAX - 3, "...");

    /* Short words, but an argument beyond the part that is read. */
    memset(cmdline + 10, 0, sizeof(cmdline) - 10);
    assert_int_equal(
        command_from_sudo((struct pk_view){(uint8_t *)cmdline, COMMAND_LINE_MAX + 1}, &many),
        PK_OK);
    assert_string_equal(many.text + strlen(many.text) - 3, "...");
}

static void this_process_is_read(void **state)
{
    AUTO_COMMAND struct command command = {0};

    (void)state;
    assert_int_equal(command_of_this_sudo(&command), PK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines_are_understood),
        cmocka_unit_test(every_prefix_is_survived),
        cmocka_unit_test(what_is_left_out_is_marked),
        cmocka_unit_test(this_process_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
