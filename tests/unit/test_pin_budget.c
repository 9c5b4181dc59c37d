/* SPDX-License-Identifier: BSD-2-Clause */
/* How many wrong PINs one person may try on one key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/keys/pin_budget.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROOM 256

static time_t now = 1000;

/* In place of libc's. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (clock != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, clock, ret);
    *ret = (struct timespec){.tv_sec = now};
    return 0;
}

static void two_and_no_more(void **state)
{
    struct pk_pin_budget *budget = pk_pin_budget_new();

    (void)state;
    assert_non_null(budget);
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 0);
    assert_true(pk_pin_budget_spend(budget, "bob", "blue"));
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 0);
    assert_true(pk_pin_budget_spend(budget, "bob", "blue"));
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), PK_PIN_BUDGET_SECONDS);
    /* Of several requests that were asked before, too. */
    assert_false(pk_pin_budget_spend(budget, "bob", "blue"));
    assert_int_equal(pk_pin_budget_wait(budget, "alice", "blue"), 0);
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "red"), 0);
    now += PK_PIN_BUDGET_SECONDS - 1;
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 1);
    now++;
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 0);
    assert_true(pk_pin_budget_spend(budget, "bob", "blue"));
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 0);
    pk_pin_budget_free(budget);
}

static void a_right_one_is_given_back(void **state)
{
    struct pk_pin_budget *budget = pk_pin_budget_new();

    (void)state;
    assert_true(pk_pin_budget_spend(budget, "bob", "blue"));
    now += 100;
    assert_true(pk_pin_budget_spend(budget, "bob", "blue"));
    pk_pin_budget_refund(budget, "bob", "blue");
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 0);
    /* The wrong one before is as old as it was. */
    now += PK_PIN_BUDGET_SECONDS - 100;
    assert_true(pk_pin_budget_spend(budget, "bob", "blue"));
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 0);
    pk_pin_budget_refund(budget, "bob", "blue");
    pk_pin_budget_refund(budget, "bob", "blue");
    assert_int_equal(pk_pin_budget_wait(budget, "bob", "blue"), 0);
    pk_pin_budget_free(budget);
}

/* Nobody is forgotten for another; what cannot be counted is not tried. */
static void when_it_is_full(void **state)
{
    struct pk_pin_budget *budget = pk_pin_budget_new();

    (void)state;
    for (unsigned i = 0; i < ROOM; i++) {
        char *who = pk_text_format("%u", i);

        assert_true(pk_pin_budget_spend(budget, who, "blue"));
        assert_true(pk_pin_budget_spend(budget, who, "blue"));
        free(who);
    }
    assert_false(pk_pin_budget_spend(budget, "bob", "blue"));
    for (unsigned i = 0; i < ROOM; i++) {
        char *who = pk_text_format("%u", i);

        assert_true(pk_pin_budget_wait(budget, who, "blue") > 0);
        free(who);
    }
    now += PK_PIN_BUDGET_SECONDS;
    assert_true(pk_pin_budget_spend(budget, "bob", "blue"));
    pk_pin_budget_free(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_and_no_more),
        cmocka_unit_test(a_right_one_is_given_back),
        cmocka_unit_test(when_it_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
