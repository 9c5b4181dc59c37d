/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ceremony with the keys in this machine: keys that fail or break the order, and what ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#include <string.h>

#define CHECK 15000 /* milliseconds, as common/keys has it */

static struct person alice;

/* --- no key that can serve -------------------------------------------------------------------- */

static void without_a_key_the_person_is_asked_for_one_in_time(void **state)
{
    (void)state;
    set_timeouts(9, PATIENCE);
    plug_in(NULL, NULL);
    begin(&alice, 1);
    await_line(&alice, INSERT);
    nothing_for(&alice, 9000);
    await_failure(&alice, PK_NO_DEVICE);
    assert_string_equal(alice.failed_path, "");
    finish(&alice);
}

static void a_key_of_somebody_else_is_no_key(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(9, PATIENCE);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = await_request("Blue");
    send_checked(key, PK_NO_MATCH, false);
    send_failed(key, PK_NO_MATCH);
    await_line(&alice, STRANGER);
    assert_no_frame(key);
    nothing_for(&alice, 9000);
    await_failure(&alice, PK_NO_MATCH);
    assert_string_equal(alice.failed_path, "Blue");
    finish(&alice);
}

static void a_stranger_does_not_prolong_the_wait(void **state)
{
    (void)state;
    set_timeouts(9, PATIENCE);
    plug_in(NULL, NULL);
    begin(&alice, 1);
    await_line(&alice, INSERT);
    let_pass(5000);
    plug_in("Blue", NULL);
    send_failed(await_request("Blue"), PK_NO_MATCH);
    await_line(&alice, STRANGER);
    nothing_for(&alice, 4000);
    await_failure(&alice, PK_NO_MATCH);
    finish(&alice);
}

static void a_key_that_is_plugged_in_later_serves(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(9, PATIENCE);
    plug_in(NULL, NULL);
    begin(&alice, 1);
    await_line(&alice, INSERT);
    plug_in("Blue", NULL);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    let_pass(10000);
    assert_under_way(&alice); /* the time to plug in is over and counts no more */
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    finish(&alice);
}

static void a_helper_that_does_not_run_ends_it(void **state)
{
    (void)state;
    set_program("/nonexistent/program");
    begin(&alice, 1);
    await_failure(&alice, PK_UNAVAILABLE);
    finish(&alice);
}

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

/* It is said which, and what helps; that it is over is left to the caller. */
static void a_key_that_goes_silent_is_named(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    send_failed(key, PK_DEVICE_SILENT);
    await_line(&alice, TOUCH_ONE);
    await_line(&alice, SILENT_BLUE);
    await_failure(&alice, PK_DEVICE_SILENT);
    finish(&alice);
    end_process(key);
    await_idle();
    begin(&alice, 1);
    send_failed(await_request("Blue"), PK_DEVICE_SILENT); /* before anything was asked of anybody */
    await_line(&alice, SILENT_BLUE);
    await_failure(&alice, PK_DEVICE_SILENT);
    finish(&alice);
}

static void the_other_key_serves_where_one_is_silent(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_failed(blue, PK_DEVICE_SILENT);
    await_line(&alice, SILENT_BLUE);
    send_assertion(red);
    await_answer(&alice, "Red", 0);
    finish(&alice);
}

static void a_program_is_not_told_of_silent_keys(void **state)
{
    (void)state;
    plug_in("Blue", NULL);
    alice.unattended = true;
    begin(&alice, 1);
    send_failed(await_request("Blue"), PK_DEVICE_SILENT);
    await_failure(&alice, PK_DEVICE_SILENT);
    assert_no_line(&alice);
    finish(&alice);
    alice.unattended = false;
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
               "error pin-blocked: The PIN of the security key is locked: the key must be reset. "
               "\"passkeyctl key reset\" does that, and its passkeys are lost.");
    assert_under_way(&alice);
    send_assertion(red);
    await_answer(&alice, "Red", 0);
    finish(&alice);
}

/* It is not asked for the credentials of the next RP id either. */
static void a_failure_is_no_missing_credential(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 2);
    key = await_request("Blue");
    send_failed(key, PK_OPERATION_DENIED);
    await_failure(&alice, PK_OPERATION_DENIED);
    finish(&alice);
}

/* The person has not been told of it yet. */
static void a_failure_in_the_silent_check_is_not_told(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    blue = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    plug_in("Blue", "Red", NULL);
    red = await_request("Red");
    send_failed(red, PK_OPERATION_DENIED);
    assert_no_line(&alice);
    assert_no_frame(blue);
    finish(&alice);
    end_process(blue);
    end_process(red);
    await_idle();
    begin(&alice, 1);
    send_failed(await_request("Blue"), PK_DEVICE_REMOVED);
    send_failed(await_request("Red"), PK_DEVICE_REMOVED);
    await_line(&alice, INSERT);
    finish(&alice);
}

static void the_touch_of_the_other_has_its_time(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    set_timeouts(PATIENCE, 9);
    both_blinking(&alice, &blue, &red);
    send_failed(blue, PK_OPERATION_DENIED);
    await_line(&alice, "error operation-denied: The request was refused on the security key.");
    nothing_for(&alice, 9000);
    await_failure(&alice, PK_TOUCH_TIMEOUT);
    finish(&alice);
}

static void without_a_blinking_key_there_is_no_touch_to_wait_for(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(PATIENCE, 9);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_failed(key, PK_NO_MATCH);
    await_line(&alice, STRANGER);
    let_pass(10000);
    assert_under_way(&alice);
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
            send_credential(key);
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
    (void)state;
    plug_in("Blue", "Red", NULL);
    for (unsigned touch = 0; touch < 2; touch++) {
        struct scripted_key *blue, *red;

        begin(&alice, 1);
        blue = await_request("Blue");
        red = await_request("Red");
        send_checked(blue, PK_OK, false);
        assert_no_frame(blue);
        if (touch)
            send_bare(blue, PK_FRAME_TOUCH);
        else
            send_assertion(blue);
        await_death(blue);
        assert_under_way(&alice);
        send_checked(red, PK_OK, false);
        await_frame(red, PK_FRAME_PROCEED, NULL);
        send_assertion(red);
        await_answer(&alice, "Red", 0);
        finish(&alice);
        end_process(red);
        await_idle();
    }
}

static void a_new_credential_is_answered_by_one(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    for (unsigned assertion = 0; assertion < 2; assertion++) {
        begin(&alice, 1);
        alice.creates = true;
        key = blinking("Blue");
        await_line(&alice, TOUCH_ONE);
        if (assertion) {
            send_assertion(key);
            await_failure(&alice, PK_DEVICE_ERROR);
        } else {
            send_credential(key);
            await_answer(&alice, "Blue", 0);
            assert_int_equal(alice.answer, PK_FRAME_CREDENTIAL);
            end_process(key);
        }
        finish(&alice);
        await_idle();
    }
    begin(&alice, 1);
    alice.creates = true;
    send_credential(await_request("Blue"));
    await_failure(&alice, PK_DEVICE_ERROR);
    finish(&alice);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, scripted_keys_set_up, scripted_keys_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_key_the_person_is_asked_for_one_in_time),
        TEST(a_key_of_somebody_else_is_no_key),
        TEST(a_stranger_does_not_prolong_the_wait),
        TEST(a_key_that_is_plugged_in_later_serves),
        TEST(a_helper_that_does_not_run_ends_it),
        TEST(nobody_touches),
        TEST(a_helper_is_killed_when_nobody_waits_any_more),
        TEST(a_key_that_goes_silent_is_named),
        TEST(the_other_key_serves_where_one_is_silent),
        TEST(a_program_is_not_told_of_silent_keys),
        TEST(a_failure_that_does_not_pass_ends_it),
        TEST(a_failure_of_one_leaves_the_other),
        TEST(a_failure_is_no_missing_credential),
        TEST(a_failure_in_the_silent_check_is_not_told),
        TEST(the_touch_of_the_other_has_its_time),
        TEST(without_a_blinking_key_there_is_no_touch_to_wait_for),
        TEST(the_reason_that_says_most_is_kept),
        TEST(a_silent_check_has_its_time),
        TEST(answers_out_of_order_are_none),
        TEST(an_answer_without_a_go_ahead_is_none),
        TEST(a_new_credential_is_answered_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
