/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Standard error goes to a file while a test logs; ret holds what was written. */
static void capture(void (*log)(const void *), const void *argument, char *ret, size_t size)
{
    PK_AUTO_FCLOSE FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    size_t got;

    assert_non_null(file);
    assert_true(saved >= 0);
    (void)fflush(stderr);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    log(argument);
    (void)fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_int_equal(close(saved), 0);
    rewind(file);
    got = fread(ret, 1, size - 1, file);
    ret[got] = 0;
}

static void log_text(const void *text)
{
    pk_log(LOG_NOTICE, "user %s", (const char *)text);
}

static void log_at_each_level(const void *unused)
{
    (void)unused;
    pk_log(LOG_ERR, "error");
    pk_log(LOG_INFO, "info");
    pk_log(LOG_DEBUG, "detail");
}

static void one_line_with_the_program_name(void **state)
{
    char written[256];

    (void)state;
    pk_log_open("tester", true, false);
    capture(log_text, "alice", written, sizeof(written));
    assert_string_equal(written, "tester: user alice\n");
}

static void text_from_outside_cannot_forge_a_line(void **state)
{
    char written[256];

    (void)state;
    pk_log_open("tester", true, false);
    capture(log_text, "a\nroot: ok\x1b[2J\xff\xe2\x80\xae", written, sizeof(written));
    assert_string_equal(written, "tester: user a?root: ok?[2J??\n");
}

static void log_plain(const void *text)
{
    pk_log(LOG_NOTICE, "%s", (const char *)text);
}

static void long_lines_go_on_in_further_ones(void **state)
{
    static char text[2 * PK_LOG_LINE_MAX], wanted[4 * PK_LOG_LINE_MAX], written[sizeof(wanted)];

    (void)state;
    pk_log_open("tester", true, false);
    memset(text, 'x', sizeof(text) - 1);
    capture(log_plain, text, written, sizeof(written));
    (void)snprintf(wanted, sizeof(wanted), "tester: %.*s\ntester: (part 2) %.*s\n", PK_LOG_LINE_MAX,
                   text, PK_LOG_LINE_MAX - 1, text);
    assert_string_equal(written, wanted);
    /* All of them can be found by the id. */
    memcpy(text, "[c0ffee] ", 9);
    capture(log_plain, text, written, sizeof(written));
    (void)snprintf(wanted, sizeof(wanted), "tester: %.*s\ntester: [c0ffee] (part 2) %.*s\n",
                   PK_LOG_LINE_MAX, text, PK_LOG_LINE_MAX - 1, text + PK_LOG_LINE_MAX);
    assert_string_equal(written, wanted);
}

static void endless_lines_are_cut(void **state)
{
    static char text[2 * PK_LOG_TEXT_MAX], written[3 * PK_LOG_TEXT_MAX];
    size_t count = 0;

    (void)state;
    pk_log_open("tester", true, false);
    memset(text, 'x', sizeof(text) - 1);
    capture(log_plain, text, written, sizeof(written));
    for (const char *at = written; (at = strchr(at, 'x')); at++)
        count++;
    assert_int_equal(count, PK_LOG_TEXT_MAX);
}

static void details_appear_only_when_asked_for(void **state)
{
    char written[256];

    (void)state;
    pk_log_open("tester", true, false);
    capture(log_at_each_level, NULL, written, sizeof(written));
    assert_string_equal(written, "tester: error\ntester: info\n");
    pk_log_set_debug(true);
    capture(log_at_each_level, NULL, written, sizeof(written));
    assert_string_equal(written, "tester: error\ntester: info\ntester: detail\n");
}

static void nothing_on_standard_error_with_syslog(void **state)
{
    char written[256];

    (void)state;
    pk_log_open("passkey-unit-test", false, false);
    capture(log_text, "nobody", written, sizeof(written));
    assert_string_equal(written, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_with_the_program_name),
        cmocka_unit_test(text_from_outside_cannot_forge_a_line),
        cmocka_unit_test(long_lines_go_on_in_further_ones),
        cmocka_unit_test(endless_lines_are_cut),
        cmocka_unit_test(details_appear_only_when_asked_for),
        cmocka_unit_test(nothing_on_standard_error_with_syslog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
