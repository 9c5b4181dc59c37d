/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

static bool readable(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};

    return poll(&event, 1, 0) > 0;
}

static void an_application_that_hears_it_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(interrupt_open(), -1);
    assert_false(interrupt_take(-1));
}

static void a_blocked_signal_is_seen_and_taken(void **state)
{
    static const int signals[] = {SIGINT, SIGQUIT};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sigset_t mask, before, pending;
        int fd;

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, signals[i]);
        assert_int_equal(sigprocmask(SIG_BLOCK, &mask, &before), 0);
        fd = interrupt_open();
        assert_true(fd >= 0);
        assert_false(readable(fd));
        assert_false(interrupt_take(fd));
        /* Other signals are left alone. */
        assert_int_equal(raise(SIGURG), 0);
        assert_false(readable(fd));
        assert_int_equal(raise(signals[i]), 0);
        assert_true(readable(fd));
        assert_int_equal(sigpending(&pending), 0);
        assert_int_equal(sigismember(&pending, signals[i]), 1);
        assert_true(interrupt_take(fd));
        assert_false(interrupt_take(fd));
        assert_int_equal(sigpending(&pending), 0);
        assert_int_equal(sigismember(&pending, signals[i]), 0);
        (void)close(fd);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_that_hears_it_is_left_alone),
        cmocka_unit_test(a_blocked_signal_is_seen_and_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
