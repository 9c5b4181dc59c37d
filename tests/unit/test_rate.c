/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/rate.h"

#include <stdio.h>

#define SECOND 1000000

static int64_t now;

static int64_t clock_now(void)
{
    return now;
}

static unsigned take(struct rate *rate, const char *who, unsigned times, unsigned per_second)
{
    unsigned taken = 0;

    while (times-- > 0)
        taken += rate_take(rate, pk_view_string(who), per_second);
    return taken;
}

static void a_bucket_holds_two_seconds(void **state)
{
    struct rate *rate = rate_new(clock_now);

    (void)state;
    now = 1000 * (int64_t)SECOND;
    assert_int_equal(take(rate, "a", 100, 10), 20);
    assert_int_equal(take(rate, "b", 100, 10), 20);
    now += SECOND / 2;
    assert_int_equal(take(rate, "a", 100, 10), 5);
    now += 100 * (int64_t)SECOND;
    assert_int_equal(take(rate, "a", 100, 10), 20);
    /* A lower rate than before is in force at once. */
    now += 100 * (int64_t)SECOND;
    assert_int_equal(take(rate, "a", 1, 1000), 1);
    assert_int_equal(take(rate, "a", 100, 1), 2);
    rate_free(rate);
}

static void time_is_not_lost_between_two(void **state)
{
    struct rate *rate = rate_new(clock_now);
    unsigned taken = 0;

    (void)state;
    now = 5000 * (int64_t)SECOND;
    assert_int_equal(take(rate, "a", 100, 3), 6);
    for (unsigned i = 0; i < 1000; i++) {
        now += SECOND / 100;
        taken += take(rate, "a", 1, 3);
    }
    assert_in_range(taken, 29, 30);
    rate_free(rate);
}

static void many_who_come_once_cost_nobody_a_bucket_in_use(void **state)
{
    struct rate *rate = rate_new(clock_now);
    char name[16];

    (void)state;
    now = 9000 * (int64_t)SECOND;
    assert_int_equal(take(rate, "busy", 100, 10), 20);
    for (unsigned i = 0; i < 2000; i++) {
        now++;
        (void)snprintf(name, sizeof(name), "%u", i);
        assert_true(rate_take(rate, pk_view_string(name), 10));
    }
    assert_int_equal(take(rate, "busy", 100, 10), 0);
    rate_free(rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_holds_two_seconds),
        cmocka_unit_test(time_is_not_lost_between_two),
        cmocka_unit_test(many_who_come_once_cost_nobody_a_bucket_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
