/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ceremony with the keys in this machine: PINs, keys that are pulled out, fail or break the
 * order, and what ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#include <string.h>

/* In milliseconds, as common/keys has them. */
#define RETRY 500
#define CHECK 15000

static struct person alice;

/* --- ends ------------------------------------------------------------------------------------- */

static void nobody_touches(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    set_timeouts(PATIENCE, 9);
    both_blinking(&alice, &blue, &red);
    let_pass(5000);
    send_bare(red, PK_FRAME_TOUCH); /* it waits for one still, or again */
    settle();
    nothing_for(&alice, 9000);
    await_failure(&alice, PK_TOUCH_TIMEOUT);
    await_frame(blue, PK_FRAME_CANCEL, NULL);
    await_frame(red, PK_FRAME_CANCEL, NULL);
    send_assertion(red);
    settle();
    assert_int_equal(alice.answers, 0);
    finish(&alice);
}

/* As with the last second of a conversation: a helper gets what is left and a little more. */
static void a_helper_is_killed_when_nobody_waits_any_more(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    alice.time_left = 5;
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    let_pass(7000 - STEP);
    send_bare(key, PK_FRAME_VERIFY);
    await_line(&alice, VERIFY_ONE); /* what it sends still counts */
    let_pass(STEP);
    await_death(key);
    await_failure(&alice, PK_DEVICE_ERROR);
    finish(&alice);
}

static void a_failure_that_does_not_pass_ends_it(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = await_request("Blue");
    send_checked(key, PK_PIN_BLOCKED, false);
    send_failed(key, PK_PIN_BLOCKED);
    await_failure(&alice, PK_PIN_BLOCKED);
    assert_string_equal(alice.failed_path, "Blue");
    finish(&alice);
}

static void a_failure_of_one_leaves_the_other(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_failed(blue, PK_PIN_BLOCKED);
    await_line(&alice,
               "error pin-blocked: The PIN of the security key is locked: the key must be reset.");
    assert_under_way(&alice);
    send_assertion(red);
    await_answer(&alice, "Red", 0);
    finish(&alice);
}

/* What a key that was touched said counts for more than a key that holds nothing. */
static void the_reason_that_says_most_is_kept(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(red, PK_OPERATION_DENIED, false);
    send_failed(red, PK_OPERATION_DENIED);
    settle();
    send_checked(blue, PK_NO_MATCH, false);
    send_failed(blue, PK_NO_MATCH);
    await_failure(&alice, PK_OPERATION_DENIED);
    assert_string_equal(alice.failed_path, "Red");
    finish(&alice);
}

/* --- keys that break the order ---------------------------------------------------------------- */

static void answers_out_of_order_are_none(void **state)
{
    static const struct {
        bool proceeded;
        enum pk_frame_type type;
    } cases[] = {
        {false, PK_FRAME_ASSERTION}, {false, PK_FRAME_PIN_NEEDED}, {true, PK_FRAME_CHECKED},
        {true, PK_FRAME_CREDENTIAL}, {true, PK_FRAME_DEVICES},
    };
    static uint8_t object[] = "object";

    (void)state;
    plug_in("Blue", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scripted_key *key;

        begin(&alice, 1);
        key = cases[i].proceeded ? blinking("Blue") : await_request("Blue");
        if (cases[i].proceeded)
            await_line(&alice, TOUCH_ONE);
        if (cases[i].type == PK_FRAME_ASSERTION)
            send_assertion(key);
        else if (cases[i].type == PK_FRAME_PIN_NEEDED)
            send_pin_needed(key, 8, false);
        else if (cases[i].type == PK_FRAME_CREDENTIAL)
            send_frame(key, &(struct pk_frame){.type = PK_FRAME_CREDENTIAL,
                                               .credential = {{object, sizeof(object)}, 0, false}});
        else if (cases[i].type == PK_FRAME_CHECKED)
            send_checked(key, PK_OK, false);
        else
            send_bare(key, cases[i].type);
        await_failure(&alice, PK_DEVICE_ERROR);
        await_death(key);
        finish(&alice);
        await_idle();
    }
}

/* Whatever follows CHECKED before the helper was told to go on. */
static void an_answer_without_a_go_ahead_is_none(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_OK, false);
    assert_no_frame(blue);
    send_assertion(blue);
    await_death(blue);
    assert_under_way(&alice);
    send_checked(red, PK_OK, false);
    await_frame(red, PK_FRAME_PROCEED, NULL);
    send_assertion(red);
    await_answer(&alice, "Red", 0);
    finish(&alice);
}

/* --- plugging in and out ---------------------------------------------------------------------- */

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

/* --- PINs ------------------------------------------------------------------------------------- */

static void a_pin_goes_to_the_key_that_asks(void **state)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_pin_needed(blue, 8, false);
    await_line(&alice, ASK_BLUE_PIN);
    send_pin_needed(red, 8, false);
    assert_no_line(&alice);
    type(&alice, "1234");
    await_frame(blue, PK_FRAME_PIN, &frame);
    assert_memory_equal(frame.pin.data, "1234", frame.pin.len);
    assert_int_equal(frame.pin.len, 4);
    assert_no_frame(red);
    /* Blue has its PIN and waits for its touch: then the other one's is not asked for. */
    send_bare(blue, PK_FRAME_TOUCH);
    await_line(&alice, TOUCH_BOTH);
    send_assertion(blue);
    await_answer(&alice, "Blue", 0);
    await_frame(red, PK_FRAME_CANCEL, NULL);
    finish(&alice);
}

static void a_declined_pin_leaves_the_next_key_its_turn(void **state)
{
    PK_AUTO_FRAME struct pk_frame none = {0};
    PK_AUTO_FRAME struct pk_frame pin = {0};
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_pin_needed(blue, 8, false);
    await_line(&alice, ASK_BLUE_PIN);
    send_pin_needed(red, 8, false);
    settle();
    type(&alice, "");
    await_frame(blue, PK_FRAME_PIN, &none);
    assert_int_equal(none.pin.len, 0);
    await_line(&alice, ASK_RED_PIN);
    type(&alice, "98765");
    await_frame(red, PK_FRAME_PIN, &pin);
    assert_int_equal(pin.pin.len, 5);
    assert_memory_equal(pin.pin.data, "98765", 5);
    assert_no_frame(blue);
    finish(&alice);
}

/* Typing takes its time; afterwards the touch is called for again, with a time of its own. */
static void typing_a_pin_is_not_limited_by_the_touch(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(PATIENCE, 9);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_pin_needed(key, 8, false);
    await_line(&alice, ASK_PIN);
    let_pass(10000);
    assert_under_way(&alice);
    type(&alice, "1234");
    await_frame(key, PK_FRAME_PIN, NULL);
    send_bare(key, PK_FRAME_TOUCH);
    await_line(&alice, TOUCH_ONE);
    nothing_for(&alice, 9000);
    await_failure(&alice, PK_TOUCH_TIMEOUT);
    finish(&alice);
}

static void a_wrong_pin_that_is_given_up_was_a_wrong_pin(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_pin_needed(key, 8, false);
    await_line(&alice, ASK_PIN);
    type(&alice, "1234");
    await_frame(key, PK_FRAME_PIN, NULL);
    send_pin_needed(key, 7, true);
    await_line(&alice, "error pin-invalid: Wrong PIN: 7 tries left.");
    await_line(&alice, ASK_PIN);
    type(&alice, "");
    await_frame(key, PK_FRAME_PIN, NULL);
    send_failed(key, PK_PIN_REQUIRED);
    await_failure(&alice, PK_PIN_INVALID);
    finish(&alice);
}

static void a_declined_pin_is_a_pin_that_is_needed(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_pin_needed(key, 8, false);
    await_line(&alice, ASK_PIN);
    type(&alice, "");
    await_frame(key, PK_FRAME_PIN, NULL);
    send_failed(key, PK_PIN_REQUIRED);
    await_failure(&alice, PK_PIN_REQUIRED);
    finish(&alice);
}

static void the_question_of_a_key_that_is_pulled_out_is_taken_back(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_pin_needed(key, 8, false);
    await_line(&alice, ASK_PIN);
    plug_in(NULL, NULL);
    await_line(&alice, REMOVED);
    await_line(&alice, "unask");
    await_line(&alice, INSERT);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    type(&alice, "1234");
    assert_no_frame(key);
    assert_no_line(&alice);
    finish(&alice);
}

static void the_question_goes_with_the_ceremony(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_pin_needed(blue, 8, false);
    await_line(&alice, ASK_BLUE_PIN);
    send_assertion(red);
    await_line(&alice, "unask");
    await_answer(&alice, "Red", 0);
    await_frame(blue, PK_FRAME_CANCEL, NULL);
    type(&alice, "1234");
    assert_no_frame(blue);
    finish(&alice);
}

/* Of several questions that wait none follows the one that is taken back. */
static void no_question_follows_the_end(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_pin_needed(red, 8, false);
    await_line(&alice, ASK_RED_PIN);
    send_pin_needed(blue, 8, false);
    settle();
    finish(&alice);
    await_line(&alice, "unask");
    assert_no_line(&alice);
}

static void a_silent_check_has_its_time(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = await_request("Blue");
    let_pass(CHECK - STEP);
    send_bare(key, PK_FRAME_TOUCH); /* still in order: a broken key would end it */
    assert_under_way(&alice);
    send_checked(key, PK_NO_MATCH, true);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    finish(&alice);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    end_process(key);
    await_idle();
    begin(&alice, 1);
    key = await_request("Blue");
    let_pass(CHECK);
    await_death(key);
    await_failure(&alice, PK_DEVICE_ERROR);
    finish(&alice);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, scripted_keys_set_up, scripted_keys_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_touches),
        TEST(a_helper_is_killed_when_nobody_waits_any_more),
        TEST(a_failure_that_does_not_pass_ends_it),
        TEST(a_failure_of_one_leaves_the_other),
        TEST(the_reason_that_says_most_is_kept),
        TEST(answers_out_of_order_are_none),
        TEST(an_answer_without_a_go_ahead_is_none),
        TEST(a_key_that_is_pulled_out_is_asked_for_again),
        TEST(pulled_out_and_not_put_back),
        TEST(a_key_that_is_listed_but_gone_is_tried_again),
        TEST(nothing_is_tried_again_once_it_is_over),
        TEST(one_of_two_is_pulled_out),
        TEST(a_pin_goes_to_the_key_that_asks),
        TEST(a_declined_pin_leaves_the_next_key_its_turn),
        TEST(typing_a_pin_is_not_limited_by_the_touch),
        TEST(a_wrong_pin_that_is_given_up_was_a_wrong_pin),
        TEST(a_declined_pin_is_a_pin_that_is_needed),
        TEST(the_question_of_a_key_that_is_pulled_out_is_taken_back),
        TEST(the_question_goes_with_the_ceremony),
        TEST(no_question_follows_the_end),
        TEST(a_silent_check_has_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
