/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's loop: that each signal reaches its handler, in the loop, and after the end nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/main_loop.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <time.h>

struct got {
    struct event_base *base;
    int hangups, ends;
};

static int64_t now_ns;

/* In place of libc's, for libevent as well: time goes on by leaps alone. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){1000 + now_ns / 1000000000, now_ns % 1000000000};
    return 0;
}

static void on_hangup(void *data, int number)
{
    struct got *got = data;

    assert_int_equal(number, SIGHUP);
    got->hangups++;
}

static void on_end(void *data, int number)
{
    struct got *got = data;

    assert_true(number == SIGTERM || number == SIGINT);
    got->ends++;
    (void)event_base_loopbreak(got->base);
}

static const struct pk_signal_row rows[] = {
    {SIGTERM, on_end}, {SIGINT, on_end}, {SIGHUP, on_hangup}, {0}};

static void each_signal_reaches_its_handler(void **state)
{
    struct got got = {.base = pk_main_loop_new(false)};
    struct pk_signals *signals = pk_signals_new(got.base, rows, &got);

    (void)state;
    assert_non_null(signals);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGTERM), 0);
    /* Not while something else is being done. */
    assert_int_equal(got.hangups + got.ends, 0);
    assert_int_equal(event_base_dispatch(got.base), 0);
    assert_int_equal(got.hangups, 1);
    assert_int_equal(got.ends, 1);
    assert_int_equal(raise(SIGINT), 0);
    assert_int_equal(event_base_dispatch(got.base), 0);
    assert_int_equal(got.hangups, 1);
    assert_int_equal(got.ends, 2);
    pk_signals_free(signals);
    event_base_free(got.base);
}

static void signals_do_afterwards_what_they_did_before(void **state)
{
    struct got got = {.base = pk_main_loop_new(false)};
    struct sigaction before[3], after;

    (void)state;
    (void)memset(before, 0, sizeof(before));
    for (size_t i = 0; rows[i].number; i++)
        assert_int_equal(sigaction(rows[i].number, NULL, &before[i]), 0);
    pk_signals_free(pk_signals_new(got.base, rows, &got));
    for (size_t i = 0; rows[i].number; i++) {
        assert_int_equal(sigaction(rows[i].number, NULL, &after), 0);
        assert_true(after.sa_handler == before[i].sa_handler);
    }
    event_base_free(got.base);
    pk_signals_free(NULL);
}

/* SIGKILL cannot be had: the others are given back. */
static void one_that_cannot_be_had_is_a_failure(void **state)
{
    static const struct pk_signal_row impossible[] = {
        {SIGHUP, on_hangup}, {SIGKILL, on_end}, {SIGTERM, on_end}, {0}};
    struct event_base *base = pk_main_loop_new(false);

    (void)state;
    assert_null(pk_signals_new(base, impossible, NULL));
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
    event_base_free(base);
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    ++*(int *)data;
}

/* Sets its timer when the work before it has taken a second. */
static void on_work(evutil_socket_t fd, short what, void *data)
{
    static const struct timeval second = {1, 0};

    (void)fd, (void)what;
    now_ns += 1000000000;
    assert_int_equal(evtimer_add(data, &second), 0);
}

static void timers_count_from_when_they_are_set(void **state)
{
    static const struct timeval at_once = {0, 0};
    struct event_base *base = pk_main_loop_new(false);
    int fired = 0;
    struct event *timer = evtimer_new(base, on_timer, &fired);
    struct event *work = evtimer_new(base, on_work, timer);

    (void)state;
    assert_int_equal(evtimer_add(work, &at_once), 0);
    (void)event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    now_ns += 999000000;
    (void)event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(fired, 0);
    now_ns += 1000000;
    (void)event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(fired, 1);
    event_free(timer);
    event_free(work);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signal_reaches_its_handler),
        cmocka_unit_test(signals_do_afterwards_what_they_did_before),
        cmocka_unit_test(one_that_cannot_be_had_is_a_failure),
        cmocka_unit_test(timers_count_from_when_they_are_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
