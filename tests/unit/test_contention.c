/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several requests want one key: it is stopped, everybody is told who wants what, and it goes on
 * for the one whose person presses Enter. No touch serves a request that waited behind another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#include <string.h>

#define TWO        "contention: Two requests want the security key \"Blue\":"
#define THIS_ALICE "contention: (1) alice: su on /dev/pts/1 (this request)"
#define THIS_BOB   "contention: (1) bob: su on /dev/pts/1 (this request)"
#define ALSO_ALICE "contention: (2) alice: su on /dev/pts/1"
#define ALSO_BOB   "contention: (2) bob: su on /dev/pts/1"
#define FREE       "free: The security key \"Blue\" is free."
#define USED_BY(who)                                                                               \
    "busy: The security key is used for another request now: " who ": su on /dev/pts/1. "          \
    "Do not touch it for this one."
#define FIRST_WAS "contention: Another request was confirmed first: the key is stopped."
#define TOO_WAS   "contention: Another request was confirmed too: the key is stopped."

static struct person alice, bob, carol, others[PK_TURN_STOPS_MAX + 1];

static int set_up(void **state)
{
    alice = (struct person){.login = "alice"};
    bob = (struct person){.login = "bob"};
    carol = (struct person){.login = "carol"};
    return scripted_keys_set_up(state);
}

/* Alice's request has the key, and she has been told to touch it. */
static struct scripted_key *alice_first(void)
{
    struct scripted_key *key;

    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    return key;
}

/* Another person comes: the key is stopped, and turns out to serve that one too. */
static void checked(struct person *person, struct scripted_key *held)
{
    struct scripted_key *key;

    begin(person, 1);
    await_frame(held, PK_FRAME_CANCEL, NULL);
    end_process(held);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    end_process(key);
    await_idle();
}

static void told(struct person *person, const char *this, const char *other)
{
    await_line(person, TWO);
    await_line(person, this);
    await_line(person, other);
    await_line(person, PRESS_ENTER);
    assert_no_line(person);
}

static void both_asked(void)
{
    checked(&bob, alice_first());
    told(&alice, THIS_ALICE, ALSO_BOB);
    told(&bob, THIS_BOB, ALSO_ALICE);
    assert_idle();
}

/* The key goes on for that person, who has pressed Enter. */
static struct scripted_key *goes_on(struct person *person)
{
    struct scripted_key *key;

    type(person, "");
    key = blinking("Blue");
    await_line(person, TOUCH_ONE);
    assert_no_line(person);
    return key;
}

static void leave(void)
{
    finish(&alice);
    finish(&bob);
}

/* --- two -------------------------------------------------------------------------------------- */

static void both_are_told_and_nothing_blinks(void **state)
{
    (void)state;
    both_asked();
    let_pass(20000);
    assert_idle();
    assert_under_way(&alice);
    assert_under_way(&bob);
    leave();
}

static void the_one_goes_on_whose_person_presses_enter(void **state)
{
    struct scripted_key *key;

    (void)state;
    both_asked();
    key = goes_on(&bob);
    send_assertion(key);
    await_answer(&bob, "Blue", 0);
    end_process(key);
    finish(&bob);
    await_idle();
    /* The other has waited: the next touch is not its own before Enter. */
    let_pass(1000);
    assert_idle();
    assert_under_way(&alice);
    key = goes_on(&alice);
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    finish(&alice);
}

/* What the key answers after it was stopped serves nobody. */
static void a_touch_that_comes_too_late_serves_nobody(void **state)
{
    struct scripted_key *key;

    (void)state;
    key = alice_first();
    begin(&bob, 1);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    send_assertion(key);
    end_process(key);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    told(&alice, THIS_ALICE, ALSO_BOB);
    assert_int_equal(alice.answers + bob.answers, 0);
    leave();
}

static void who_declines_is_out_and_the_other_still_confirms(void **state)
{
    struct scripted_key *key;

    (void)state;
    both_asked();
    type(&alice, "no");
    await_failure(&alice, PK_CANCELLED);
    assert_idle();
    assert_under_way(&bob);
    key = goes_on(&bob);
    send_assertion(key);
    await_answer(&bob, "Blue", 0);
    leave();
}

static void no_answer_is_not_enter(void **state)
{
    (void)state;
    both_asked();
    type(&bob, NULL);
    await_failure(&bob, PK_CANCELLED);
    assert_idle();
    leave();
}

static void who_leaves_frees_the_key_for_an_act_only(void **state)
{
    (void)state;
    both_asked();
    finish(&alice);
    let_pass(2000);
    assert_idle();
    (void)goes_on(&bob);
    finish(&bob);
}

/* Two persons have pressed Enter, and which of the two is about to touch is not known. */
static void two_confirmations_stop_the_key_again(void **state)
{
    struct scripted_key *key;

    (void)state;
    both_asked();
    key = goes_on(&alice);
    type(&bob, "");
    await_frame(key, PK_FRAME_CANCEL, NULL);
    await_line(&alice, TOO_WAS);
    await_line(&bob, FIRST_WAS);
    told(&alice, THIS_ALICE, ALSO_BOB);
    told(&bob, THIS_BOB, ALSO_ALICE);
    send_assertion(key);
    end_process(key);
    await_idle();
    assert_int_equal(alice.answers + bob.answers, 0);
    key = goes_on(&bob);
    send_assertion(key);
    await_answer(&bob, "Blue", 0);
    leave();
}

/* A program that answers each question at once cannot keep the key from ever being touched. */
static void confirmations_stop_it_a_few_times_only(void **state)
{
    struct scripted_key *key;
    unsigned stops = 1; /* by the second request itself */

    (void)state;
    both_asked();
    for (; stops < PK_TURN_STOPS_MAX; stops++) {
        key = goes_on(&alice);
        type(&bob, "");
        await_frame(key, PK_FRAME_CANCEL, NULL);
        end_process(key);
        await_line(&alice, TOO_WAS);
        await_line(&bob, FIRST_WAS);
        told(&alice, THIS_ALICE, ALSO_BOB);
        told(&bob, THIS_BOB, ALSO_ALICE);
    }
    key = goes_on(&alice);
    type(&bob, "");
    await_line(&bob, USED_BY("alice"));
    await_failure(&bob, PK_BUSY);
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    leave();
}

static void a_request_that_nobody_can_answer_never_gets_it(void **state)
{
    struct scripted_key *key;

    (void)state;
    key = alice_first();
    bob.unattended = true;
    begin(&bob, 1);
    await_line(&bob, USED_BY("alice"));
    await_failure(&bob, PK_BUSY);
    assert_no_frame(key); /* nor is it stopped for that */
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    leave();
}

static void nor_does_it_keep_it(void **state)
{
    (void)state;
    alice.unattended = true;
    checked(&bob, alice_first());
    await_line(&alice, TWO);
    await_line(&alice, THIS_ALICE);
    await_line(&alice, ALSO_BOB);
    await_failure(&alice, PK_BUSY);
    told(&bob, THIS_BOB, ALSO_ALICE);
    (void)goes_on(&bob);
    leave();
}

/* --- keys ------------------------------------------------------------------------------------- */

static void a_request_with_another_key_disturbs_for_a_moment_only(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    red = await_request("Red");
    send_failed(red, PK_NO_MATCH);
    end_process(red);
    blue = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    begin(&bob, 1);
    await_frame(blue, PK_FRAME_CANCEL, NULL);
    red = await_request("Red");
    send_checked(red, PK_OK, false);
    assert_no_frame(red); /* Blue may be his as well */
    end_process(blue);
    blue = await_request("Blue");
    send_failed(blue, PK_NO_MATCH);
    end_process(blue);
    await_frame(red, PK_FRAME_PROCEED, NULL);
    send_bare(red, PK_FRAME_TOUCH);
    blue = blinking("Blue");
    /* Each is told which key is the one for this request, where the other blinks too. */
    await_line(&bob, TOUCH_ONE);
    await_line(&alice, "contention: Another security key is used for another request. The one for "
                       "this request is \"Blue\".");
    await_line(&alice, TOUCH_ONE);
    send_assertion(red);
    await_answer(&bob, "Red", 0);
    send_assertion(blue);
    await_answer(&alice, "Blue", 0);
    leave();
}

/* They start together: the first to be checked waits for what the other learns. */
static void requests_that_start_together_are_told_of_each_other(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    begin(&bob, 1);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    end_process(key);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    end_process(key);
    told(&alice, THIS_ALICE, ALSO_BOB);
    told(&bob, THIS_BOB, ALSO_ALICE);
    leave();
}

static void a_key_that_is_pulled_out_ends_the_questions(void **state)
{
    struct scripted_key *key;

    (void)state;
    both_asked();
    plug_in(NULL, NULL);
    await_line(&alice, "unask");
    await_line(&bob, "unask");
    await_line(&alice, INSERT);
    await_line(&bob, INSERT);
    type(&alice, "");
    assert_no_line(&alice);
    plug_in("Blue", NULL);
    for (unsigned i = 0; i < 2; i++) {
        key = await_request("Blue");
        send_checked(key, PK_OK, false);
        await_frame(key, PK_FRAME_CANCEL, NULL);
        end_process(key);
    }
    await_idle(); /* nothing blinks for either without Enter */
    leave();
}

static void a_pulled_key_is_not_free_for_the_one_that_waited(void **state)
{
    struct scripted_key *key;

    (void)state;
    both_asked();
    finish(&alice);
    plug_in(NULL, NULL);
    await_line(&bob, "unask");
    await_line(&bob, INSERT);
    plug_in("Blue", NULL);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_line(&bob, FREE);
    await_line(&bob, PRESS_ENTER);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    finish(&bob);
}

/* An open question holds no key. */
static void a_pin_question_is_taken_back(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&bob, 1);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_pin_needed(key, 8, false);
    await_line(&bob, ASK_PIN);
    begin(&alice, 1);
    await_line(&bob, "unask");
    await_frame(key, PK_FRAME_CANCEL, NULL);
    end_process(key);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    end_process(key);
    told(&bob, THIS_BOB, ALSO_ALICE);
    told(&alice, THIS_ALICE, ALSO_BOB);
    (void)goes_on(&alice);
    leave();
}

/* --- three, and many -------------------------------------------------------------------------- */

static void three_are_three(void **state)
{
    struct scripted_key *key;

    (void)state;
    both_asked();
    begin(&carol, 1);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_line(&carol, "contention: Three requests want the security key \"Blue\":");
    await_line(&carol, "contention: (1) carol: su on /dev/pts/1 (this request)");
    await_line(&carol, ALSO_BOB);
    await_line(&carol, "contention: (3) alice: su on /dev/pts/1");
    await_line(&carol, PRESS_ENTER);
    end_process(key);
    assert_no_line(&alice); /* their questions stay */
    assert_no_line(&bob);
    key = goes_on(&carol);
    send_assertion(key);
    await_answer(&carol, "Blue", 0);
    end_process(key);
    finish(&carol);
    key = goes_on(&bob);
    send_assertion(key);
    await_answer(&bob, "Blue", 0);
    end_process(key);
    await_idle();
    let_pass(1000);
    assert_idle();
    assert_under_way(&alice);
    leave();
}

/* A stream of requests does not keep one that was confirmed from being touched. */
static void newcomers_stop_it_a_few_times_only(void **state)
{
    struct scripted_key *key;
    unsigned i = 0;

    (void)state;
    key = alice_first();
    for (; i < PK_TURN_STOPS_MAX; i++) {
        others[i] = (struct person){.login = "bob"};
        checked(&others[i], key);
        await_line(&others[i], TWO);
        finish(&others[i]);
        told(&alice, THIS_ALICE, ALSO_BOB);
        key = goes_on(&alice);
    }
    others[i] = (struct person){.login = "bob"};
    begin(&others[i], 1);
    await_line(&others[i], USED_BY("alice"));
    assert_no_frame(key);
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    end_process(key);
    /* It has waited. */
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_line(&others[i], FREE);
    await_line(&others[i], PRESS_ENTER);
    assert_no_line(&others[i]);
    finish(&others[i]);
    finish(&alice);
}

/* --- who acts for another --------------------------------------------------------------------- */

static void the_second_group_is_confirmed_first(void **state)
{
    struct scripted_key *key;

    (void)state;
    bob.confirm = "bob asks to become alice.";
    plug_in("Blue", NULL);
    begin(&bob, 2);
    key = await_request("Blue");
    send_checked(key, PK_PIN_NOT_SET, false);
    send_failed(key, PK_PIN_NOT_SET);
    end_process(key);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_line(&bob, "confirm: bob asks to become alice.");
    await_line(&bob, "ask confirm: Press Enter to use the security key for THIS request, or type "
                     "\"no\": ");
    await_frame(key, PK_FRAME_CANCEL, NULL);
    end_process(key);
    key = goes_on(&bob);
    send_assertion(key);
    await_answer(&bob, "Blue", 1);
    finish(&bob);
}

static void and_refused_where_nobody_can_confirm(void **state)
{
    struct scripted_key *key;

    (void)state;
    bob.confirm = "bob asks to become alice.";
    bob.unattended = true;
    plug_in("Blue", NULL);
    begin(&bob, 2);
    key = await_request("Blue");
    send_failed(key, PK_PIN_NOT_SET);
    end_process(key);
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_line(&bob, "confirm: bob asks to become alice.");
    await_failure(&bob, PK_USER_NOT_VERIFIED);
    finish(&bob);
}

/* What the key lacks is the reason, and not that the second group holds nothing. */
static void a_key_that_serves_neither_says_what_it_lacks(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&bob, 2);
    key = await_request("Blue");
    send_failed(key, PK_PIN_NOT_SET);
    end_process(key);
    key = await_request("Blue");
    send_failed(key, PK_NO_MATCH);
    await_failure(&bob, PK_PIN_NOT_SET);
    finish(&bob);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, scripted_keys_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_are_told_and_nothing_blinks),
        TEST(the_one_goes_on_whose_person_presses_enter),
        TEST(a_touch_that_comes_too_late_serves_nobody),
        TEST(who_declines_is_out_and_the_other_still_confirms),
        TEST(no_answer_is_not_enter),
        TEST(who_leaves_frees_the_key_for_an_act_only),
        TEST(two_confirmations_stop_the_key_again),
        TEST(confirmations_stop_it_a_few_times_only),
        TEST(a_request_that_nobody_can_answer_never_gets_it),
        TEST(nor_does_it_keep_it),
        TEST(a_request_with_another_key_disturbs_for_a_moment_only),
        TEST(requests_that_start_together_are_told_of_each_other),
        TEST(a_key_that_is_pulled_out_ends_the_questions),
        TEST(a_pulled_key_is_not_free_for_the_one_that_waited),
        TEST(a_pin_question_is_taken_back),
        TEST(three_are_three),
        TEST(newcomers_stop_it_a_few_times_only),
        TEST(the_second_group_is_confirmed_first),
        TEST(and_refused_where_nobody_can_confirm),
        TEST(a_key_that_serves_neither_says_what_it_lacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
