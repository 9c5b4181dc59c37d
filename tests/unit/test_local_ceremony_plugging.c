/* SPDX-License-Identifier: BSD-2-Clause */
/* A ceremony with the keys in this machine: keys that are pulled out, and plugged in again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#define RETRY 500 /* milliseconds, as common/keys has it */

static struct person alice;

static void a_key_that_is_pulled_out_is_asked_for_again(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(PATIENCE, 9);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    plug_in(NULL, NULL);
    await_line(&alice, REMOVED);
    await_line(&alice, INSERT);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    send_assertion(key); /* it has been given up: this answers nothing */
    assert_no_line(&alice);
    end_process(key);
    let_pass(10000);
    assert_under_way(&alice); /* nothing blinks that could be touched in time */
    plug_in("Blue", NULL);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    plug_in(NULL, NULL);
    await_line(&alice, REMOVED);
    await_line(&alice, INSERT); /* and once more */
    end_process(key);
    plug_in("Blue", NULL);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    finish(&alice);
}

static void a_stranger_that_is_pulled_out_is_no_loss(void **state)
{
    (void)state;
    set_timeouts(9, PATIENCE);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    send_failed(await_request("Blue"), PK_NO_MATCH);
    await_line(&alice, STRANGER);
    plug_in(NULL, NULL);
    await_line(&alice, INSERT);
    let_pass(9000);
    await_failure(&alice, PK_NO_MATCH);
    finish(&alice);
}

static void pulled_out_and_not_put_back(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(9, PATIENCE);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    plug_in(NULL, NULL);
    await_line(&alice, REMOVED);
    await_line(&alice, INSERT);
    end_process(key);
    nothing_for(&alice, 9000);
    await_failure(&alice, PK_DEVICE_REMOVED);
    finish(&alice);
}

/* The key may notice before the list does; while it is listed, it is asked again. */
static void a_key_that_is_listed_but_gone_is_tried_again(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(PATIENCE, 9);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_failed(key, PK_DEVICE_REMOVED);
    end_process(key);
    await_line(&alice, REMOVED);
    await_line(&alice, INSERT);
    await_idle();
    let_pass(RETRY - STEP);
    assert_idle();
    let_pass(STEP);
    key = await_request("Blue");
    send_failed(key, PK_NO_DEVICE);
    end_process(key);
    settle();
    let_pass(RETRY);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    finish(&alice);
}

static void nothing_is_tried_again_once_it_is_over(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_failed(blue, PK_DEVICE_REMOVED);
    end_process(blue);
    await_line(&alice, REMOVED);
    send_assertion(red);
    await_answer(&alice, "Red", 0);
    end_process(red);
    await_idle();
    let_pass(RETRY);
    assert_idle();
    finish(&alice);
}

static void one_of_two_is_pulled_out(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    plug_in("Red", NULL);
    await_line(&alice, REMOVED);
    await_frame(blue, PK_FRAME_CANCEL, NULL);
    end_process(blue);
    plug_in("Red", "Blue", NULL);
    blue = blinking("Blue");
    await_line(&alice, "touch: Touch one of your security keys (Blue or Red) to test");
    assert_no_frame(red);
    send_assertion(red);
    await_answer(&alice, "Red", 0);
    finish(&alice);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, scripted_keys_set_up, scripted_keys_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_that_is_pulled_out_is_asked_for_again),
        TEST(a_stranger_that_is_pulled_out_is_no_loss),
        TEST(pulled_out_and_not_put_back),
        TEST(a_key_that_is_listed_but_gone_is_tried_again),
        TEST(nothing_is_tried_again_once_it_is_over),
        TEST(one_of_two_is_pulled_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
