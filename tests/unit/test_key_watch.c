/* SPDX-License-Identifier: BSD-2-Clause */
/* The helper that watches for keys: how long it lives, and what becomes of its list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#define LINGER    5000 /* milliseconds, as common/keys/keys.c has them */
#define SAY_AGAIN 60000
#define RESTARTS  3

static struct person alice, bob;

static void the_list_is_kept_for_a_while(void **state)
{
    struct scripted_key *watcher, *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = await_request("Blue");
    watcher = await_watcher();
    finish(&alice);
    end_process(key);
    await_idle();
    let_pass(LINGER - STEP);
    begin(&bob, 1);
    key = await_request("Blue");
    assert_ptr_equal(await_watcher(), watcher);
    finish(&bob);
    end_process(key);
    let_pass(LINGER);
    await_death(watcher);
}

static void it_lives_while_somebody_watches(void **state)
{
    struct scripted_key *watcher;

    (void)state;
    plug_in(NULL, NULL);
    begin(&alice, 1);
    await_line(&alice, INSERT);
    watcher = await_watcher();
    finish(&alice);
    begin(&bob, 1);
    await_line(&bob, INSERT);
    let_pass(LINGER);
    plug_in("Blue", NULL);
    (void)await_request("Blue");
    assert_ptr_equal(await_watcher(), watcher);
    finish(&bob);
}

static void one_that_dies_is_replaced_but_not_for_ever(void **state)
{
    (void)state;
    set_watcher_silent(true);
    begin(&alice, 1);
    for (unsigned i = 0; i < RESTARTS; i++)
        end_process(await_watcher());
    (void)await_watcher();
    assert_under_way(&alice);
    end_process(await_watcher());
    await_failure(&alice, PK_UNAVAILABLE);
    finish(&alice);
}

/* Until nothing is to be expected of it any more. */
static void watch_in_vain(void)
{
    begin(&alice, 1);
    for (unsigned i = 0; i <= RESTARTS; i++)
        end_process(await_watcher());
    await_failure(&alice, PK_UNAVAILABLE);
    finish(&alice);
}

static void that_it_does_not_run_is_logged_once_a_minute(void **state)
{
    (void)state;
    set_watcher_silent(true);
    for (unsigned i = 0; i < 5; i++)
        watch_in_vain();
    assert_int_equal(logged_errors(), 1);
    let_pass(SAY_AGAIN);
    watch_in_vain();
    assert_int_equal(logged_errors(), 2);
}

static void that_it_stops_running_is_logged_at_once(void **state)
{
    (void)state;
    set_watcher_silent(true);
    watch_in_vain();
    set_watcher_silent(false);
    plug_in(NULL, NULL);
    begin(&alice, 1);
    await_line(&alice, INSERT);
    set_watcher_silent(true);
    for (unsigned i = 0; i <= RESTARTS; i++)
        end_process(await_watcher());
    await_failure(&alice, PK_UNAVAILABLE);
    assert_int_equal(logged_errors(), 2);
    finish(&alice);
}

static void one_that_has_worked_is_always_replaced(void **state)
{
    (void)state;
    plug_in(NULL, NULL);
    begin(&alice, 1);
    await_line(&alice, INSERT);
    for (unsigned i = 0; i < RESTARTS + 2; i++) {
        end_process(await_watcher());
        (void)await_watcher();
        settle();
    }
    assert_under_way(&alice);
    finish(&alice);
}

static void one_that_sends_something_else_is_killed(void **state)
{
    struct scripted_key *watcher;

    (void)state;
    plug_in(NULL, NULL);
    begin(&alice, 1);
    await_line(&alice, INSERT);
    watcher = await_watcher();
    send_bare(watcher, PK_FRAME_TOUCH);
    await_death(watcher);
    assert_under_way(&alice);
    finish(&alice);
}

static void the_list_of_a_dead_one_is_forgotten(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = await_request("Blue");
    set_watcher_silent(true);
    end_process(await_watcher());
    (void)await_watcher(); /* which does not say yet what is plugged in */
    finish(&alice);
    end_process(key);
    await_idle();
    begin(&bob, 1);
    settle();
    assert_idle();
    plug_in(NULL, NULL);
    await_line(&bob, INSERT);
    finish(&bob);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, scripted_keys_set_up, scripted_keys_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_list_is_kept_for_a_while),
        TEST(it_lives_while_somebody_watches),
        TEST(one_that_dies_is_replaced_but_not_for_ever),
        TEST(that_it_does_not_run_is_logged_once_a_minute),
        TEST(that_it_stops_running_is_logged_at_once),
        TEST(one_that_has_worked_is_always_replaced),
        TEST(one_that_sends_something_else_is_killed),
        TEST(the_list_of_a_dead_one_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
