/* SPDX-License-Identifier: BSD-2-Clause */
/* A ceremony with the keys in this machine: who is asked for a PIN, when, and where it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#include "common/keys/pin_budget.h"

#include <string.h>

static struct person alice, bob;

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

/* --- strangers -------------------------------------------------------------------------------- */

#define BLOCKED                                                                                    \
    "error pin-required: Two wrong PINs: the PIN of \"Blue\" is not asked for again for 15 "       \
    "minutes."

static int with_bob(void **state)
{
    alice = (struct person){0};
    bob = (struct person){.payer = "uid 1001"};
    return scripted_keys_set_up(state);
}

static int without(void **state)
{
    alice = bob = (struct person){0};
    return scripted_keys_tear_down(state);
}

/* The key asks for its PIN in that person's request; shown: it has shown a credential before. */
static struct scripted_key *wants_pin(struct person *person, bool shown, unsigned tries)
{
    struct scripted_key *key;

    plug_in("Blue", NULL);
    begin(person, 1);
    key = await_request("Blue");
    send_checked(key, PK_OK, !shown);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_pin_needed(key, tries, false);
    return key;
}

static void ends(struct person *person, struct scripted_key *key, enum pk_status why)
{
    PK_AUTO_FRAME struct pk_frame none = {0};

    await_frame(key, PK_FRAME_PIN, &none);
    assert_int_equal(none.pin.len, 0);
    send_failed(key, PK_PIN_REQUIRED);
    await_failure(person, why);
    end_process(key);
    finish(person);
    await_idle();
}

static void declined(struct person *person, struct scripted_key *key)
{
    ends(person, key, PK_PIN_REQUIRED);
}

/* Types a PIN that the key refuses, or leaves before the key has said so. */
static void try_pin(struct person *person, struct scripted_key *key, bool leaves)
{
    await_line(person, ASK_PIN);
    type(person, "0000");
    await_frame(key, PK_FRAME_PIN, NULL);
    if (!leaves) {
        send_failed(key, PK_PIN_INVALID);
        await_failure(person, PK_PIN_INVALID);
    }
    finish(person);
    end_process(key);
    await_idle();
}

/* What a key says without its PIN is no reason to ask for it: it may be touched, and no more. */
static void the_pin_of_a_key_that_has_shown_nothing_is_not_asked_for(void **state)
{
    static const struct {
        bool open, unhidden;
        enum pk_status says;
    } rows[] = {{true, true, PK_OK}, {true, true, PK_NO_MATCH}, {false, true, PK_NO_MATCH}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scripted_key *key;

        bob.open = rows[i].open;
        bob.unhidden = rows[i].unhidden;
        plug_in("Blue", NULL);
        begin(&bob, 1);
        key = await_request("Blue");
        assert_false(scripted_key_request(key)->get_assertion.hidden);
        send_checked(key, rows[i].says, true);
        await_frame(key, PK_FRAME_PROCEED, NULL);
        send_pin_needed(key, 8, false);
        await_frame(key, PK_FRAME_CANCEL, NULL);
        await_line(&bob, STRANGER);
        end_process(key);
        finish(&bob);
        await_idle();
    }
}

static void nor_is_it_said_that_it_must_be_changed(void **state)
{
    struct scripted_key *key;

    (void)state;
    bob.open = true;
    plug_in("Blue", NULL);
    begin(&bob, 1);
    key = await_request("Blue");
    send_checked(key, PK_NO_MATCH, true);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_failed(key, PK_PIN_CHANGE);
    await_line(&bob, STRANGER);
    end_process(key);
    finish(&bob);
}

static void a_mute_key_may_insist_on_the_pin_that_a_passkey_was_used_with(void **state)
{
    struct scripted_key *key;

    (void)state;
    bob.unhidden = true;
    plug_in("Blue", NULL);
    begin(&bob, 1);
    key = await_request("Blue");
    send_checked(key, PK_OK, true);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_pin_needed(key, 8, false);
    await_line(&bob, ASK_PIN);
    finish(&bob);
}

static void two_wrong_pins_are_all_that_one_may_try(void **state)
{
    struct scripted_key *key;

    (void)state;
    try_pin(&bob, wants_pin(&bob, true, 8), false);
    plug_in(NULL, NULL); /* and plugged in again */
    try_pin(&bob, wants_pin(&bob, true, 7), true);
    key = wants_pin(&bob, true, 6);
    await_line(&bob, BLOCKED);
    declined(&bob, key);
    /* Others may. */
    alice.payer = "uid 1000";
    key = wants_pin(&alice, true, 6);
    await_line(&alice, ASK_PIN);
    finish(&alice);
    end_process(key);
    await_idle();
    let_pass(1000 * (PK_PIN_BUDGET_SECONDS - 2));
    key = wants_pin(&bob, true, 6);
    await_line(&bob,
               "error pin-required: Two wrong PINs: the PIN of \"Blue\" is not asked for again "
               "for 1 minutes.");
    declined(&bob, key);
    let_pass(3000);
    key = wants_pin(&bob, true, 6);
    await_line(&bob, ASK_PIN);
    finish(&bob);
}

static void nor_in_one_request(void **state)
{
    struct scripted_key *key;

    (void)state;
    key = wants_pin(&bob, true, 8);
    for (unsigned i = 0; i < PK_PIN_BUDGET_TRIES; i++) {
        await_line(&bob, ASK_PIN);
        type(&bob, "0000");
        await_frame(key, PK_FRAME_PIN, NULL);
        send_pin_needed(key, 7 - i, true);
        if (i == 0)
            await_line(&bob, "error pin-invalid: Wrong PIN: 7 tries left.");
    }
    await_line(&bob, BLOCKED);
    ends(&bob, key, PK_PIN_INVALID);
}

/* A right PIN costs nothing, and does not make good a wrong one of another key of that model. */
static void a_right_pin_is_not_counted(void **state)
{
    struct scripted_key *key;

    (void)state;
    try_pin(&bob, wants_pin(&bob, true, 8), false);
    for (unsigned i = 0; i < 3; i++) {
        key = wants_pin(&bob, true, 7);
        await_line(&bob, ASK_PIN);
        type(&bob, "1234");
        await_frame(key, PK_FRAME_PIN, NULL);
        send_bare(key, PK_FRAME_TOUCH);
        await_line(&bob, TOUCH_ONE);
        finish(&bob);
        end_process(key);
        await_idle();
    }
    try_pin(&bob, wants_pin(&bob, true, 7), false);
    key = wants_pin(&bob, true, 6);
    await_line(&bob, BLOCKED);
    declined(&bob, key);
}

static void the_last_tries_are_for_who_has_a_credential(void **state)
{
    /* Where none is listed any passkey of the RP id answers, and it may be a neighbour's key. */
    const struct {
        bool holder, shown, unlisted;
        bool asked;
    } rows[] = {{.shown = true},
                {.holder = true},
                {.holder = true, .shown = true, .unlisted = true},
                {.holder = true, .shown = true, .asked = true}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scripted_key *key;

        bob.holder = rows[i].holder;
        bob.unlisted = rows[i].unlisted;
        key = wants_pin(&bob, rows[i].shown, PK_PIN_RESERVED_TRIES);
        if (!rows[i].asked) {
            await_line(&bob,
                       "error pin-required: \"Blue\" has only 3 PIN tries left. They are kept "
                       "for whoever has a passkey on it.");
            declined(&bob, key);
            continue;
        }
        await_line(&bob, ASK_PIN);
        finish(&bob);
        end_process(key);
        await_idle();
    }
    bob.holder = false;
    (void)wants_pin(&bob, false, PK_PIN_RESERVED_TRIES + 1);
    await_line(&bob, ASK_PIN);
    finish(&bob);
}

/* A program would answer with something that is no PIN. */
static void no_pin_is_asked_of_a_program(void **state)
{
    struct scripted_key *key;

    (void)state;
    bob.unattended = true;
    key = wants_pin(&bob, true, 8);
    declined(&bob, key);
}

static void but_a_touch_is(void **state)
{
    (void)state;
    bob.unattended = true;
    plug_in("Blue", NULL);
    begin(&bob, 1);
    send_assertion(blinking("Blue"));
    await_line(&bob, TOUCH_ONE);
    await_answer(&bob, "Blue", 0);
    finish(&bob);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, scripted_keys_set_up, scripted_keys_tear_down)

#define STRANGERS(name) cmocka_unit_test_setup_teardown(name, with_bob, without)

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
        STRANGERS(the_pin_of_a_key_that_has_shown_nothing_is_not_asked_for),
        STRANGERS(nor_is_it_said_that_it_must_be_changed),
        STRANGERS(a_mute_key_may_insist_on_the_pin_that_a_passkey_was_used_with),
        STRANGERS(two_wrong_pins_are_all_that_one_may_try),
        STRANGERS(nor_in_one_request),
        STRANGERS(a_right_pin_is_not_counted),
        STRANGERS(the_last_tries_are_for_who_has_a_credential),
        STRANGERS(no_pin_is_asked_of_a_program),
        STRANGERS(but_a_touch_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
