/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs' output, and their end where nobody wants it any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/capture.h"
#include "common/base/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int pair[2]; /* what is read of it may end the program */

static int set_up(void **state)
{
    (void)state;
    return pipe2(pair, O_CLOEXEC);
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static int tear_down(void **state)
{
    (void)state;
    close_end(&pair[0]);
    close_end(&pair[1]);
    return 0;
}

/* Its exit code, where it prints that text. */
static int run(const char *script, const char *prints)
{
    PK_AUTO_FREE char *copy = strdup(script);
    PK_AUTO_BYTES struct pk_bytes output = {0};
    char name[] = "sh", option[] = "-c";
    char *argv[] = {name, option, copy, NULL};
    const struct pollfd ends[] = {{.fd = -1}, {.fd = pair[0], .events = POLLIN}};
    const struct capture capture = {
        .program = name, .argv = argv, .max = 100, .ends = ends, .end_count = 2};
    int code = -1;

    assert_int_equal(capture_run(&capture, &output, &code), PK_OK);
    assert_int_equal(output.len, strlen(prints));
    assert_memory_equal(output.data, prints, output.len);
    return code;
}

static void what_it_prints_and_how_it_ends(void **state)
{
    (void)state;
    assert_int_equal(run("echo one; echo two; exit 7", "one\ntwo\n"), 7);
    assert_int_equal(run("exit 3", ""), 3);
}

static void it_ends_when_it_is_not_wanted(void **state)
{
    (void)state;
    assert_int_equal(write(pair[1], "", 1), 1);
    assert_int_equal(run("exec sleep 10", ""), 128 + SIGTERM);
}

/* As a terminal whose program has ended. */
static void a_hang_up_is_an_end(void **state)
{
    (void)state;
    close_end(&pair[1]);
    assert_int_equal(run("exec sleep 10", ""), 128 + SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_it_prints_and_how_it_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_ends_when_it_is_not_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hang_up_is_an_end, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
