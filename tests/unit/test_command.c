/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "daemon/verify/command.h"

#include <stdlib.h>
#include <string.h>

/* '|' stands for the NUL that ends a word or an item. */
static struct pk_bytes bytes_of(const char *written)
{
    struct pk_bytes bytes = {0};

    assert_int_equal(pk_bytes_copy(pk_view_string(written), &bytes), PK_OK);
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] == '|')
            bytes.data[i] = 0;
    return bytes;
}

static void what_was_typed_is_shown_word_for_word(void **state)
{
    static const struct {
        const char *words;
        const char *line;
    } cases[] = {
        {"sudo|apt|upgrade|", "sudo apt upgrade"},
        {"sudo|-u|bob|LD_PRELOAD=/x|id|", "sudo -u bob LD_PRELOAD=/x id"},
        {"sudo|-p|--|./A=b|apt|", "sudo -p -- ./A=b apt"},
        {"sudo||a b|it's|", "sudo '' 'a b' 'it'\\''s'"},
        {"sudo|\xe2\x80\xae|\xff|", "sudo $'\\u202e' $'\\xff'"},
        {"sudo|without its end", "sudo 'without its end'"},
        {"|", "''"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_BYTES struct pk_bytes words = bytes_of(cases[i].words);
        AUTO_COMMAND struct command command = {0};

        assert_int_equal(command_typed(pk_view_of(&words), &command), PK_OK);
        assert_string_equal(command.line, cases[i].line);
        assert_null(command.digest);
        assert_null(command.target);
    }
}

static void nothing_is_lost_up_to_four_kibibytes(void **state)
{
    static uint8_t words[COMMAND_WHOLE_MAX + 1];
    AUTO_COMMAND struct command whole = {0}, longer = {0}, worst = {0};

    (void)state;
    memset(words, 'x', sizeof(words));
    assert_int_equal(command_typed((struct pk_view){words, COMMAND_WHOLE_MAX}, &whole), PK_OK);
    assert_int_equal(strlen(whole.line), COMMAND_WHOLE_MAX);
    assert_null(whole.digest);

    assert_int_equal(command_typed((struct pk_view){words, COMMAND_WHOLE_MAX + 1}, &longer), PK_OK);
    assert_non_null(longer.digest);
    assert_int_equal(strlen(longer.digest), 2 * PK_HASH_SIZE);
    assert_non_null(
        strstr(longer.line, " [... 2049 of 4097 bytes are not shown; SHA-256 of all: "));
    assert_non_null(strstr(longer.line, longer.digest));

    /* The most text that so many bytes can take. */
    memset(words, 0xff, sizeof(words));
    for (size_t i = 1; i < sizeof(words); i += 2)
        words[i] = 0;
    assert_int_equal(command_typed((struct pk_view){words, COMMAND_WHOLE_MAX}, &worst), PK_OK);
    assert_true(strlen(worst.line) < PK_COMMAND_TEXT_MAX);
}

static void no_command_at_all_is_refused(void **state)
{
    AUTO_COMMAND struct command command = {0};

    (void)state;
    assert_int_equal(command_typed((struct pk_view){0}, &command), PK_INVALID_INPUT);
    assert_int_equal(
        command_typed((struct pk_view){(const uint8_t *)"", COMMAND_BYTES_MAX + 1}, &command),
        PK_TOO_LARGE);
}

#define REST "uroot|groot|d/home/alice|"

static void what_sudo_resolved_is_told_in_its_parts(void **state)
{
    PK_AUTO_BYTES struct pk_bytes record =
        bytes_of("c/usr/bin/apt|aapt|aup date|aA=b|eA=b|eLD_PRELOAD=/x y|" REST "r/mnt|");
    AUTO_COMMAND struct command command = {0};

    (void)state;
    assert_int_equal(command_resolved(pk_view_of(&record), &command), PK_OK);
    assert_string_equal(command.line, "/usr/bin/apt 'up date' A=b");
    assert_string_equal(command.environment, "A=b 'LD_PRELOAD=/x y'");
    assert_string_equal(command.target, "root");
    assert_string_equal(command.group, "root");
    assert_string_equal(command.folder, "/home/alice");
    assert_string_equal(command.root, "/mnt");
    assert_null(command.files);
    assert_null(command.digest);
}

static void a_program_by_another_name_says_so(void **state)
{
    static const struct {
        const char *record;
        const char *line;
    } cases[] = {
        {"c/usr/bin/id|aid|" REST, "/usr/bin/id"},
        {"c/usr/bin/id|a/bin/id|" REST, "/usr/bin/id"},
        {"c/usr/bin/busybox|als|a-l|" REST, "/usr/bin/busybox (called ls) -l"},
        {"c/bin/sh|a-sh|" REST, "/bin/sh (called -sh)"},
        {"c/bin/sh|a|" REST, "/bin/sh (called '')"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_BYTES struct pk_bytes record = bytes_of(cases[i].record);
        AUTO_COMMAND struct command command = {0};

        assert_int_equal(command_resolved(pk_view_of(&record), &command), PK_OK);
        assert_string_equal(command.line, cases[i].line);
    }
}

static void files_to_edit_are_no_command(void **state)
{
    PK_AUTO_BYTES struct pk_bytes record = bytes_of("f/etc/hosts|f/etc/a b|" REST);
    AUTO_COMMAND struct command command = {0};

    (void)state;
    assert_int_equal(command_resolved(pk_view_of(&record), &command), PK_OK);
    assert_string_equal(command.files, "/etc/hosts '/etc/a b'");
    assert_null(command.line);
}

static void a_long_part_is_shortened_and_all_is_in_the_digest(void **state)
{
    char environment[2 * COMMAND_PART_MAX];
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_BYTES struct pk_bytes record = {0};
    AUTO_COMMAND struct command first = {0}, second = {0};

    (void)state;
    memset(environment, 'x', sizeof(environment) - 1);
    environment[sizeof(environment) - 1] = 0;
    text = pk_text_format("c/usr/bin/id|aid|eA=%s|" REST, environment);
    record = bytes_of(text);
    assert_int_equal(command_resolved(pk_view_of(&record), &first), PK_OK);
    assert_non_null(first.digest);
    assert_non_null(strstr(first.environment, "bytes are not shown"));
    assert_string_equal(first.line, "/usr/bin/id");
    record.data[30] ^= 1;
    assert_int_equal(command_resolved(pk_view_of(&record), &second), PK_OK);
    assert_string_not_equal(second.digest, first.digest);
}

static void a_record_that_is_not_whole_is_refused(void **state)
{
    static const char *const records[] = {
        "",
        "|",
        "c|",
        "c/bin/id|",
        "c/bin/id|aid|",
        "c/bin/id|" REST,
        "aid|" REST,
        REST,
        "c|aid|" REST,
        "c/bin/id|aid|u|groot|d/|",
        "c/bin/id|aid|uroot|g|d/|",
        "c/bin/id|aid|uroot|groot|d|",
        "c/bin/id|aid|uroot|d/|",
        "c/bin/id|aid|groot|d/|",
        "c/bin/id|aid|uroot|groot|",
        "c/bin/id|aid|f/etc/hosts|" REST,
        "aid|f/etc/hosts|" REST,
        "c/bin/id|c/bin/sh|aid|" REST,
        "c/bin/id|aid|uroot|" REST,
        "c/bin/id|aid|" REST "d/|",
        "c/bin/id|aid|" REST "r/|r/|",
        "aid|c/bin/id|" REST,
        "c/bin/id|aid|" REST "eA=b|",
        "c/bin/id|aid|" REST "x|",
        "c/bin/id|aid|x|" REST,
        "c/bin/id|aid|uroot|groot|d/home",
        "c/bin/id|aid|" REST "r/mnt",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        PK_AUTO_BYTES struct pk_bytes record = bytes_of(records[i]);
        AUTO_COMMAND struct command command = {0};

        if (command_resolved(pk_view_of(&record), &command) != PK_INVALID_INPUT)
            fail_msg("%s", records[i]);
    }
}

static void every_prefix_is_survived(void **state)
{
    PK_AUTO_BYTES struct pk_bytes record =
        bytes_of("c/usr/bin/apt|aapt|aupdate|eA=b|" REST "r/mnt|");

    (void)state;
    for (size_t len = 0; len < record.len; len++) {
        PK_AUTO_BYTES struct pk_bytes prefix = {0};
        AUTO_COMMAND struct command command = {0};
        bool whole = len == record.len - strlen("r/mnt|");

        assert_int_equal(pk_bytes_copy((struct pk_view){record.data, len}, &prefix), PK_OK);
        assert_int_equal(command_resolved(pk_view_of(&prefix), &command),
                         whole ? PK_OK : PK_INVALID_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_typed_is_shown_word_for_word),
        cmocka_unit_test(nothing_is_lost_up_to_four_kibibytes),
        cmocka_unit_test(no_command_at_all_is_refused),
        cmocka_unit_test(what_sudo_resolved_is_told_in_its_parts),
        cmocka_unit_test(a_program_by_another_name_says_so),
        cmocka_unit_test(files_to_edit_are_no_command),
        cmocka_unit_test(a_long_part_is_shortened_and_all_is_in_the_digest),
        cmocka_unit_test(a_record_that_is_not_whole_is_refused),
        cmocka_unit_test(every_prefix_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
