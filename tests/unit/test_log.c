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

static void long_lines_are_cut(void **state)
{
    char text[2 * PK_LOG_LINE_MAX];
    char written[3 * PK_LOG_LINE_MAX];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    pk_log_open("tester", true, false);
    capture(log_text, text, written, sizeof(written));
    assert_int_equal(strlen(written), strlen("tester: ") + PK_LOG_LINE_MAX + 1);
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
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(details_appear_only_when_asked_for),
        cmocka_unit_test(nothing_on_standard_error_with_syslog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
