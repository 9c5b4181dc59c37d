/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/log.h"

#include <fcntl.h>
#include <signal.h>
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

/* --- the thread ------------------------------------------------------------------------------- */

#define FLOOD (2 * PK_LOG_QUEUE_MAX / PK_LOG_LINE_MAX) /* lines, twice as many as find room */

/* A pipe in the place of standard error, which takes no more when it is full. */
static struct {
    int end, saved;
    char *text; /* what was read */
    size_t len;
} tap;

static void open_tap(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    tap.end = ends[0];
    tap.saved = dup(STDERR_FILENO);
    tap.text = malloc(4 * (size_t)PK_LOG_QUEUE_MAX);
    tap.len = 0;
    assert_non_null(tap.text);
    assert_true(tap.saved >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    assert_int_equal(close(ends[1]), 0);
    pk_log_open("tester", true, false);
    (void)alarm(120); /* who waits for a log that takes nothing would do so for ever */
    pk_log_start_thread();
}

static void read_tap(void)
{
    ssize_t got = read(tap.end, tap.text + tap.len, 65536);

    tap.len += got > 0 ? (size_t)got : 0;
    tap.text[tap.len] = '\0';
}

/* From here on failures can be told. */
static void restore_stderr(void)
{
    (void)dup2(tap.saved, STDERR_FILENO);
    (void)close(tap.saved);
    (void)alarm(0);
}

static void close_tap(void)
{
    restore_stderr();
    (void)close(tap.end);
    free(tap.text);
}

static void flood(void)
{
    for (unsigned i = 0; i < FLOOD; i++)
        pk_log(LOG_NOTICE, "line %u %0*u", i, PK_LOG_LINE_MAX / 2 + PK_LOG_LINE_MAX / 4, 0);
}

static void a_log_that_takes_nothing_holds_up_nobody(void **state)
{
    unsigned long missing = 0, lines = 0;
    const char *word;
    bool ended;

    (void)state;
    open_tap();
    flood();
    while (tap.len < PK_LOG_QUEUE_MAX / 2) /* more than the pipe holds: there is room again */
        read_tap();
    pk_log(LOG_NOTICE, "the last");
    while (tap.len < 17 || strcmp(tap.text + tap.len - 17, "tester: the last\n") != 0)
        read_tap();
    ended = pk_log_end_thread(60);
    restore_stderr();
    assert_true(ended);
    for (const char *at = tap.text; (at = strchr(at, '\n')); at++)
        lines++;
    word = strstr(tap.text, " lines are missing here: the log took none\ntester: the last\n");
    assert_non_null(word);
    while (word[-1] != ' ')
        word--;
    missing = strtoul(word, NULL, 10);
    assert_true(missing > 0);
    assert_int_equal(lines + missing, FLOOD + 2);
    assert_memory_equal(tap.text, "tester: line 0 ", 15);
    (void)close(tap.end);
    free(tap.text);
}

static void what_waits_is_written_at_the_end(void **state)
{
    char written[256];
    bool ended;

    (void)state;
    open_tap();
    pk_log(LOG_NOTICE, "one");
    pk_log(LOG_NOTICE, "two");
    ended = pk_log_end_thread(60);
    read_tap();
    (void)snprintf(written, sizeof(written), "%s", tap.text);
    close_tap();
    assert_true(ended);
    assert_string_equal(written, "tester: one\ntester: two\n");
    /* And without the thread, as before it. */
    capture(log_text, "alice", written, sizeof(written));
    assert_string_equal(written, "tester: user alice\n");
}

static void the_end_does_not_wait_for_ever(void **state)
{
    bool ended, ended_then;

    (void)state;
    open_tap();
    flood();
    ended = pk_log_end_thread(0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)close(tap.end); /* lines get lost, and the thread ends */
    ended_then = pk_log_end_thread(60);
    restore_stderr();
    free(tap.text);
    assert_false(ended);
    assert_true(ended_then);
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
        cmocka_unit_test(a_log_that_takes_nothing_holds_up_nobody),
        cmocka_unit_test(what_waits_is_written_at_the_end),
        cmocka_unit_test(the_end_does_not_wait_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
