/* SPDX-License-Identifier: BSD-2-Clause */
/* A ceremony with the keys in this machine: who is asked for a PIN, when, and where it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#include <string.h>

static struct person alice;

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

static void the_question_of_a_key_that_fails_makes_way_for_the_next(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_pin_needed(blue, 8, false);
    await_line(&alice, ASK_BLUE_PIN);
    send_pin_needed(red, 8, false);
    settle();
    send_failed(blue, PK_OPERATION_DENIED);
    await_line(&alice, "unask");
    await_line(&alice, ASK_RED_PIN);
    await_line(&alice, "error operation-denied: The request was refused on the security key.");
    type(&alice, "1234");
    await_frame(red, PK_FRAME_PIN, NULL);
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

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, scripted_keys_set_up, scripted_keys_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pin_goes_to_the_key_that_asks),
        TEST(a_declined_pin_leaves_the_next_key_its_turn),
        TEST(typing_a_pin_is_not_limited_by_the_touch),
        TEST(a_wrong_pin_that_is_given_up_was_a_wrong_pin),
        TEST(a_declined_pin_is_a_pin_that_is_needed),
        TEST(the_question_of_a_key_that_is_pulled_out_is_taken_back),
        TEST(the_question_of_a_key_that_fails_makes_way_for_the_next),
        TEST(the_question_goes_with_the_ceremony),
        TEST(no_question_follows_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
