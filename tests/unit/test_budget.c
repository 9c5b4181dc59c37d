/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "daemon/bus/budget.h"

#include <stdio.h>
#include <string.h>

#define ALICE 2001
#define BOB   2002

static struct budget *budget;
static int64_t time_ms;
static unsigned lines;
static char last_line[512];
static bool others_told;

void pk_log(int priority, const char *format, ...)
{
    va_list arguments;

    (void)priority;
    va_start(arguments, format);
    (void)vsnprintf(last_line, sizeof(last_line), format, arguments);
    va_end(arguments);
    lines++;
    others_told = others_told || strstr(last_line, "other users");
}

static int64_t now(void)
{
    return time_ms;
}

static int set_up(void **state)
{
    (void)state;
    time_ms = 5000;
    lines = 0;
    others_told = false;
    budget = budget_new(now);
    return budget ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    budget_free(budget);
    return 0;
}

/* How many it gets, of that many tries. */
static unsigned take(uid_t uid, enum budget_rate rate, unsigned tries)
{
    unsigned got = 0;

    while (tries-- > 0)
        got += budget_take(budget, uid, rate);
    return got;
}

static unsigned hold(uid_t uid, enum budget_held held, unsigned tries)
{
    unsigned got = 0;

    while (tries-- > 0)
        got += budget_hold(budget, uid, held);
    return got;
}

static void a_user_gets_a_burst_and_then_a_rate(void **state)
{
    unsigned burst = take(BOB, BUDGET_CALLS, 100000), later;

    (void)state;
    assert_in_range(burst, 100, 4000);
    time_ms += 1000;
    later = take(BOB, BUDGET_CALLS, 100000);
    assert_in_range(later, 20, burst);
    time_ms += 100;
    assert_in_range(take(BOB, BUDGET_CALLS, 100000), later / 10, later / 10 + 1);
    /* However long the pause, it is not saved up beyond the burst. */
    time_ms += INT64_C(1000) * 86400 * 365 * 100;
    assert_int_equal(take(BOB, BUDGET_CALLS, 100000), burst);
}

/* A millisecond longer than a burst takes to come back. */
static void a_rate_above_one_a_millisecond_stays_within_the_burst(void **state)
{
    unsigned burst;

    (void)state;
    budget_set_gateway(budget, BOB);
    burst = take(BOB, BUDGET_GATEWAY, 100000);
    for (int64_t pause = 1995; pause < 2010; pause++) {
        time_ms += pause;
        assert_in_range(take(BOB, BUDGET_GATEWAY, 100000), burst - 100, burst);
    }
}

static void a_clock_that_stands_gives_nothing(void **state)
{
    (void)state;
    (void)take(BOB, BUDGET_CALLS, 100000);
    assert_int_equal(take(BOB, BUDGET_CALLS, 100), 0);
    time_ms -= 4000;
    assert_int_equal(take(BOB, BUDGET_CALLS, 100), 0);
}

static void users_and_kinds_are_counted_apart(void **state)
{
    (void)state;
    for (unsigned rate = 0; rate < BUDGET_RATES; rate++)
        assert_int_equal(take(BOB, BUDGET_CONVERSATIONS, 10000), rate ? 0 : 1000);
    assert_int_equal(take(BOB, BUDGET_CALLS, 50), 50);
    assert_int_equal(take(ALICE, BUDGET_CONVERSATIONS, 50), 50);
    assert_int_equal(take(BUDGET_STRANGERS, BUDGET_CONVERSATIONS, 130), 130);
    assert_int_equal(take(BUDGET_STRANGERS, BUDGET_CONVERSATIONS, 10000), 870);
}

static void root_and_consoles_have_no_limit(void **state)
{
    (void)state;
    assert_int_equal(take(0, BUDGET_CONVERSATIONS, 100000), 100000);
    assert_int_equal(take(BUDGET_CONSOLE, BUDGET_CONVERSATIONS, 100000), 100000);
    assert_int_equal(hold(0, BUDGET_OPEN_CALLS, 5000), 5000);
    assert_int_equal(lines, 0);
    assert_true(budget_take(NULL, BOB, BUDGET_CALLS));
}

/* A build farm's sudo, and a program that signs people in. */
static void heavy_users_do_not_meet_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(take(BOB, BUDGET_CONVERSATIONS, 50), 50);
        assert_int_equal(take(BOB, BUDGET_CEREMONIES, 2000), 2000);
        time_ms += 1000;
    }
    assert_int_equal(hold(BOB, BUDGET_OPEN_CALLS, 64), 64);
    assert_int_equal(hold(BOB, BUDGET_OPEN_CONNECTIONS, 64), 64);
    assert_int_equal(lines, 0);
}

/* A busy web service's calls are its own: neither they nor the users' are in the other's way. */
static void the_gateway_is_counted_apart(void **state)
{
    (void)state;
    assert_false(budget_is_gateway(budget, BOB));
    assert_false(budget_is_gateway(NULL, BUDGET_NOBODY));
    assert_false(budget_is_gateway(budget, BUDGET_NOBODY));
    /* Before that it is a call like others, and everybody else's stays one. */
    assert_int_equal(take(BOB, BUDGET_GATEWAY, 100000), 2000);
    budget_set_gateway(budget, BOB);
    assert_true(budget_is_gateway(budget, BOB));
    assert_int_equal(take(BOB, BUDGET_GATEWAY, 100000), 40000);
    assert_int_equal(take(BOB, BUDGET_CALLS, 1), 0);
    assert_int_equal(take(ALICE, BUDGET_GATEWAY, 100000), 2000);
    assert_int_equal(hold(BOB, BUDGET_GATEWAY_CALLS, 100000), 512);
    assert_int_equal(hold(ALICE, BUDGET_OPEN_CALLS, 100), 100);
    for (unsigned i = 0; i < 10; i++) {
        time_ms += 1000;
        assert_int_equal(take(BOB, BUDGET_GATEWAY, 20000), 20000);
        assert_int_equal(take(ALICE, BUDGET_CEREMONIES, 2000), 2000);
    }
    budget_set_gateway(budget, BUDGET_NOBODY);
    assert_false(budget_is_gateway(budget, BOB));
}

/* A person may have as many uids as a user namespace maps. */
static void many_uids_get_no_more_than_a_total(void **state)
{
    unsigned calls = 0, connections = 0;

    (void)state;
    for (uid_t uid = 100000; uid < 100500; uid++) {
        calls += take(uid, BUDGET_CALLS, 400);
        connections += hold(uid, BUDGET_OPEN_CONNECTIONS, 128);
    }
    assert_in_range(calls, 2000, 8000);
    assert_in_range(connections, 128, 1000);
    /* What root's programs ask for goes on, and is logged. */
    assert_true(budget_take(budget, ALICE, BUDGET_CONVERSATIONS));
    for (uid_t uid = 100000; uid < 100100; uid++) {
        (void)take(uid, BUDGET_LINES, 50);
        (void)take(uid, BUDGET_OWN_CONVERSATIONS, 50);
    }
    assert_false(budget_take(budget, ALICE, BUDGET_LINES));
    assert_false(budget_take(budget, ALICE, BUDGET_OWN_CONVERSATIONS));
    assert_true(budget_take(budget, ALICE, BUDGET_SETUID_LINES));
    assert_true(budget_take(budget, ALICE, BUDGET_CONVERSATIONS));
    assert_true(budget_hold(budget, ALICE, BUDGET_SETUID_CONNECTIONS));
    assert_true(budget_hold(budget, ALICE, BUDGET_SETUID_CALLS));
}

static void what_is_held_is_given_back(void **state)
{
    unsigned most = hold(BOB, BUDGET_OPEN_CALLS, 10000);

    (void)state;
    assert_in_range(most, 64, 512);
    assert_int_equal(budget_holds(budget, BOB, BUDGET_OPEN_CALLS), most);
    budget_release(budget, BOB, BUDGET_OPEN_CALLS);
    assert_int_equal(hold(BOB, BUDGET_OPEN_CALLS, 10), 1);
    assert_int_equal(hold(ALICE, BUDGET_OPEN_CALLS, 10), 10);
    /* Too much given back is not saved up. */
    for (unsigned i = 0; i < 2 * most; i++)
        budget_release(budget, BOB, BUDGET_OPEN_CALLS);
    assert_int_equal(budget_holds(budget, BOB, BUDGET_OPEN_CALLS), 0);
    assert_int_equal(hold(BOB, BUDGET_OPEN_CALLS, 10000), most);
}

static void refusals_are_summed_up(void **state)
{
    (void)state;
    (void)take(BOB, BUDGET_CALLS, 100000);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(last_line, "uid 2002"));
    assert_non_null(strstr(last_line, "1 calls"));
    time_ms += 59000;
    (void)take(BOB, BUDGET_CALLS, 100000);
    budget_log(budget);
    assert_int_equal(lines, 1);
    time_ms += 1000;
    budget_log(budget);
    assert_int_equal(lines, 2);
    assert_non_null(strstr(last_line, "195999 calls"));
    budget_log(budget);
    assert_int_equal(lines, 2);
}

static void count(void *data)
{
    ++*(unsigned *)data;
}

/* Nobody has to ask from time to time: it is told that refusals are left, and no others are. */
static void it_says_when_there_is_something_to_sum_up(void **state)
{
    unsigned told = 0;

    (void)state;
    budget_watch(budget, count, &told);
    assert_int_equal(take(BOB, BUDGET_CALLS, 2000), 2000);
    assert_false(budget_take(budget, BOB, BUDGET_CALLS));
    assert_int_equal(lines, 1);
    assert_int_equal(told, 0);
    assert_false(budget_log(budget));
    assert_false(budget_take(budget, BOB, BUDGET_CALLS));
    assert_int_equal(told, 1);
    assert_true(budget_log(budget));
    time_ms += 60000;
    assert_false(budget_log(budget));
    assert_int_equal(lines, 2);
    /* A row that is given up leaves what it has to everybody's. */
    assert_int_equal(take(BOB, BUDGET_CALLS, 100000), 2000);
    told = 0;
    for (uid_t uid = 100000; uid < 110000; uid++)
        (void)take(uid, BUDGET_CALLS, 2);
    assert_true(told > 0);
    assert_true(budget_log(budget));
    budget_watch(budget, NULL, NULL);
}

/* The table is bounded: who is idle makes room, and who holds something stays. */
static void new_users_find_room(void **state)
{
    (void)state;
    assert_true(budget_hold(budget, ALICE, BUDGET_SETUID_CONNECTIONS));
    for (uid_t uid = 100000; uid < 112000; uid++)
        assert_true(budget_take(budget, uid, BUDGET_CONVERSATIONS));
    assert_int_equal(budget_holds(budget, ALICE, BUDGET_SETUID_CONNECTIONS), 1);
    /* All hold something: nobody new is served, and those who are known go on. */
    for (uid_t uid = 200000; uid < 204095; uid++)
        assert_true(budget_hold(budget, uid, BUDGET_SETUID_CONNECTIONS));
    assert_false(budget_take(budget, BOB, BUDGET_CONVERSATIONS));
    assert_true(budget_take(budget, ALICE, BUDGET_CONVERSATIONS));
    assert_true(budget_take(budget, 0, BUDGET_CONVERSATIONS));
}

/* Somebody with many uids holds one thing of each kind with as many as they can. */
static void many_uids_do_not_fill_the_table(void **state)
{
    unsigned held = 0;

    (void)state;
    for (uid_t uid = 100000; uid < 110000; uid++)
        held += budget_hold(budget, uid, BUDGET_OPEN_CONNECTIONS);
    for (uid_t uid = 200000; uid < 210000; uid++)
        held += budget_hold(budget, uid, BUDGET_OPEN_CALLS);
    assert_in_range(held, 1500, 2000);
    assert_true(budget_take(budget, ALICE, BUDGET_CONVERSATIONS));
    assert_true(budget_hold(budget, ALICE, BUDGET_SETUID_CALLS));
}

/* A journal that takes only so many lines would lose other people's. */
static void many_uids_do_not_fill_the_log(void **state)
{
    (void)state;
    for (uid_t uid = 100000; uid < 120000; uid++)
        (void)take(uid, BUDGET_CALLS, 2);
    assert_in_range(lines, 1, 50);
    assert_false(others_told);
    /* None is forgotten. */
    time_ms += 60000;
    budget_log(budget);
    assert_true(others_told);
    assert_in_range(lines, 2, 100);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_user_gets_a_burst_and_then_a_rate),
        TEST(a_rate_above_one_a_millisecond_stays_within_the_burst),
        TEST(a_clock_that_stands_gives_nothing),
        TEST(users_and_kinds_are_counted_apart),
        TEST(root_and_consoles_have_no_limit),
        TEST(heavy_users_do_not_meet_it),
        TEST(the_gateway_is_counted_apart),
        TEST(many_uids_get_no_more_than_a_total),
        TEST(what_is_held_is_given_back),
        TEST(refusals_are_summed_up),
        TEST(it_says_when_there_is_something_to_sum_up),
        TEST(new_users_find_room),
        TEST(many_uids_do_not_fill_the_table),
        TEST(many_uids_do_not_fill_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
