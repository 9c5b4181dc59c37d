/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether sudo's command line says that nobody types: -S, -A and -n. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/sudo_flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

/* Arguments with a blank between them, in both forms, of which each must say the same. */
static bool flagged(const char *line)
{
    char cmdline[256], *argv[WORDS_MAX + 1] = {cmdline};
    size_t len = strlen(line), words = 1;
    bool found;

    assert_in_range(len, 1, sizeof(cmdline) - 1);
    for (size_t i = 0; i <= len; i++) {
        cmdline[i] = line[i];
        if (line[i] == ' ') {
            cmdline[i] = '\0';
            assert_in_range(words, 1, WORDS_MAX - 1);
            argv[words++] = cmdline + i + 1;
        }
    }
    found = sudo_flags_unattended((struct pk_view){(const uint8_t *)cmdline, len + 1});
    assert_int_equal(found, sudo_flags_unattended_vector(argv));
    return found;
}

/* Each line of tests/vectors/sudo/NAME. */
static void read_lines(const char *name, bool wanted)
{
    char path[4096], line[256];
    unsigned count = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/tests/vectors/sudo/%s", getenv("srcdir"), name);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (flagged(line) != wanted)
            fail_msg("%s: %s", name, line);
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_in_range(count, 10, 1000);
}

static void where_nobody_types(void **state)
{
    (void)state;
    read_lines("unattended", true);
}

static void where_a_person_does(void **state)
{
    (void)state;
    read_lines("attended", false);
}

/* What is cut off among the options may have held one of them. */
static void every_beginning_of_a_line(void **state)
{
    static const char line[] = "sudo\0-u\0root\0-p\0x";

    (void)state;
    for (size_t len = 0; len < sizeof(line) - 1; len++) {
        bool whole = len == 0 || line[len - 1] == '\0';

        assert_int_equal(sudo_flags_unattended((struct pk_view){(const uint8_t *)line, len}),
                         !whole);
    }
    assert_false(sudo_flags_unattended((struct pk_view){(const uint8_t *)line, sizeof(line)}));
}

/* Behind the command nothing is an option, whether it is whole or not. */
static void one_byte_more(void **state)
{
    static const char command[] = "sudo\0id\0-S", option[] = "sudo\0-H\0S";

    (void)state;
    assert_false(
        sudo_flags_unattended((struct pk_view){(const uint8_t *)command, sizeof(command) - 1}));
    assert_true(
        sudo_flags_unattended((struct pk_view){(const uint8_t *)option, sizeof(option) - 1}));
}

static void without_a_vector_nobody_is_known_to_type(void **state)
{
    char *none[] = {NULL}, name[] = "sudo", *alone[] = {name, NULL};

    (void)state;
    assert_true(sudo_flags_unattended_vector(NULL));
    assert_true(sudo_flags_unattended_vector(none));
    assert_false(sudo_flags_unattended_vector(alone));
}

static void this_process_is_no_such_sudo(void **state)
{
    (void)state;
    assert_false(sudo_flags_unattended_here());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nobody_types),
        cmocka_unit_test(where_a_person_does),
        cmocka_unit_test(every_beginning_of_a_line),
        cmocka_unit_test(one_byte_more),
        cmocka_unit_test(without_a_vector_nobody_is_known_to_type),
        cmocka_unit_test(this_process_is_no_such_sudo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
