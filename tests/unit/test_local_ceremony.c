/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ceremony with the keys in this machine: which keys are told to go on, when, what the person is
 * told, and who gets the touch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_person.h"

#include <string.h>
#include <sys/stat.h>

/* In milliseconds, as common/keys has them. */
#define GATHER  1500
#define BUSY_IN 700
#define RETRY   500

static struct person alice, bob;

/* --- the touch -------------------------------------------------------------------------------- */

static void the_key_that_is_touched_answers(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    assert_under_way(&alice);
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    assert_int_equal(alice.answer, PK_FRAME_ASSERTION);
    end_process(key);
    await_idle();
    plug_in("Blue", "Red", NULL); /* it is over: that is of no interest any more */
    settle();
    assert_idle();
    finish(&alice);
}

static const char *only; /* the path of the only key */
static uint64_t node;    /* the number of its node */

int lstat(const char *path, struct stat *ret)
{
    assert_string_equal(path, "/dev/Blue");
    *ret = (struct stat){.st_dev = 1, .st_ino = node};
    return 0;
}

/* The request that the only key is sent for somebody who may not be asked for a PIN; ends it. */
static bool is_known_now(bool answers)
{
    uint8_t id[] = "id", some[] = "some";
    struct pk_assertion_answer answer = {
        .credential_id = {id, 2}, .authenticator_data = {some, 4}, .signature = {some, 4}};
    struct scripted_key *key;
    bool known;

    alice.open = true;
    begin(&alice, 1);
    key = await_request(only);
    known = scripted_key_request(key)->get_assertion.known;
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    if (answers) {
        send_frame(key, &(struct pk_frame){.type = PK_FRAME_ASSERTION, .assertion = {&answer, 1}});
        await_answer(&alice, only, 0);
    } else {
        send_failed(key, PK_OPERATION_DENIED);
        settle();
    }
    end_process(key);
    finish(&alice);
    await_idle();
    return known;
}

static void a_key_that_has_shown_it_need_not_be_asked_again(void **state)
{
    (void)state;
    plug_in(only = "Blue", NULL);
    assert_false(is_known_now(true));
    assert_true(is_known_now(true));
    assert_true(is_known_now(false)); /* after which it is not believed any more */
    assert_false(is_known_now(true));
    assert_true(is_known_now(true));
}

static void one_that_was_plugged_in_again_is_asked(void **state)
{
    (void)state;
    plug_in(only = "Blue", NULL);
    assert_false(is_known_now(true));
    plug_in(NULL, NULL);
    settle();
    plug_in("Blue", NULL);
    settle();
    assert_false(is_known_now(true));
}

/* Nobody has seen what was plugged in since. */
static void one_that_was_not_watched_is_asked(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in(only = "Blue", NULL);
    assert_false(is_known_now(true));
    begin(&bob, 1);
    key = await_request("Blue");
    end_process(await_watcher());
    (void)await_watcher();
    finish(&bob);
    end_process(key);
    await_idle();
    assert_false(is_known_now(true));
}

/* Its node is another one, and nobody has seen the list without it. */
static void another_key_in_its_place_is_asked(void **state)
{
    (void)state;
    plug_in(only = "/dev/Blue", NULL);
    assert_false(is_known_now(true));
    assert_true(is_known_now(true));
    node++;
    assert_false(is_known_now(true));
    assert_true(is_known_now(true));
}

/* What it was believed to have it does not show: that costs a question, and is not the answer. */
static void one_that_refuses_is_asked_after_all(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in(only = "Blue", NULL);
    assert_false(is_known_now(true));
    begin(&alice, 1);
    key = await_request("Blue");
    assert_true(scripted_key_request(key)->get_assertion.known);
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_failed(key, PK_NO_MATCH);
    end_process(key);
    key = await_request("Blue"); /* again */
    assert_false(scripted_key_request(key)->get_assertion.known);
    assert_under_way(&alice);
    send_checked(key, PK_NO_MATCH, false);
    send_failed(key, PK_NO_MATCH);
    end_process(key);
    settle();
    assert_no_request("Blue");
    finish(&alice);
}

static void one_that_holds_a_new_one_is_asked(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in(only = "Blue", NULL);
    assert_false(is_known_now(true));
    begin(&bob, 1);
    bob.creates = true;
    key = await_request("Blue");
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_credential(key);
    await_answer(&bob, "Blue", 0);
    end_process(key);
    finish(&bob);
    await_idle();
    assert_false(is_known_now(true));
}

static void one_of_two_is_asked(void **state)
{
    (void)state;
    plug_in(only = "Blue", NULL);
    assert_false(is_known_now(true));
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    assert_false(scripted_key_request(await_request("Blue"))->get_assertion.known);
    finish(&alice);
}

static void the_first_touch_wins_and_the_others_are_cancelled(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_assertion(red);
    await_answer(&alice, "Red", 0);
    await_frame(blue, PK_FRAME_CANCEL, NULL);
    send_assertion(blue);
    assert_no_line(&alice);
    assert_int_equal(alice.answers, 1);
    finish(&alice);
}

static void two_touches_at_once_are_one_answer(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    send_assertion(blue);
    send_assertion(red);
    settle();
    assert_int_equal(alice.answers, 1);
    assert_int_equal(alice.failures, 0);
    finish(&alice);
    assert_int_equal(alice.answers, 1);
}

static void touches_are_called_for_once(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_bare(key, PK_FRAME_TOUCH);
    assert_no_line(&alice);
    send_bare(key, PK_FRAME_VERIFY);
    await_line(&alice, VERIFY_ONE);
    send_bare(key, PK_FRAME_VERIFY);
    await_line(&alice, VERIFY_ONE);
    send_bare(key, PK_FRAME_TOUCH);
    await_line(&alice, TOUCH_ONE);
    assert_no_line(&alice);
    finish(&alice);
}

/* U2F keys blink during the silent check too. */
static void a_blink_during_the_check_is_not_called_for(void **state)
{
    struct scripted_key *key;

    (void)state;
    set_timeouts(PATIENCE, 9);
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = await_request("Blue");
    send_bare(key, PK_FRAME_TOUCH);
    assert_no_line(&alice);
    let_pass(10000);
    assert_under_way(&alice); /* nor is it waited for */
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    assert_no_line(&alice);
    send_bare(key, PK_FRAME_TOUCH);
    await_line(&alice, TOUCH_ONE);
    finish(&alice);
}

static void leaving_gives_the_keys_back(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    both_blinking(&alice, &blue, &red);
    finish(&alice);
    await_frame(blue, PK_FRAME_CANCEL, NULL);
    await_frame(red, PK_FRAME_CANCEL, NULL);
    send_assertion(red);
    end_process(blue);
    end_process(red);
    await_idle();
    assert_int_equal(alice.answers + alice.failures, 0);
}

/* --- which keys go on ------------------------------------------------------------------------- */

static void the_first_key_waits_for_the_others(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_OK, false);
    assert_no_frame(blue);
    send_checked(red, PK_NO_MATCH, false);
    assert_no_frame(blue); /* FAILED has not come yet */
    send_failed(red, PK_NO_MATCH);
    await_frame(blue, PK_FRAME_PROCEED, NULL);
    assert_no_frame(red);
    finish(&alice);
}

/* One that holds nothing is not out before it has said so to the end. */
static void a_refusal_counts_when_it_is_complete(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(red, PK_NO_MATCH, false);
    settle();
    send_checked(blue, PK_OK, false);
    assert_no_frame(blue);
    send_failed(blue, PK_NO_MATCH);
    assert_no_line(&alice);
    send_failed(red, PK_NO_MATCH);
    await_line(&alice, STRANGER);
    finish(&alice);
}

static void but_only_for_a_moment(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_OK, false);
    settle();
    let_pass(GATHER - STEP);
    assert_no_frame(blue);
    let_pass(STEP);
    await_frame(blue, PK_FRAME_PROCEED, NULL);
    send_bare(blue, PK_FRAME_TOUCH);
    await_line(&alice, TOUCH_ONE);
    /* One that comes late joins at once. */
    send_checked(red, PK_OK, false);
    await_frame(red, PK_FRAME_PROCEED, NULL);
    send_bare(red, PK_FRAME_TOUCH);
    await_line(&alice, TOUCH_BOTH);
    finish(&alice);
}

/* Once a key blinks, those that still answer are not waited for. */
static void a_key_joins_one_that_blinks(void **state)
{
    struct scripted_key *red;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    (void)blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    plug_in("Blue", "Red", "Green", NULL);
    red = await_request("Red");
    (void)await_request("Green");
    send_checked(red, PK_OK, false);
    await_frame(red, PK_FRAME_PROCEED, NULL);
    finish(&alice);
}

static void each_wait_for_others_is_a_whole_one(void **state)
{
    struct scripted_key *blue, *red, *green;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_OK, false);
    settle();
    send_failed(red, PK_NO_MATCH);
    await_frame(blue, PK_FRAME_PROCEED, NULL);
    let_pass(GATHER - 2 * STEP);
    plug_in("Blue", "Red", "Green", "Grey", NULL);
    green = await_request("Green");
    (void)await_request("Grey");
    send_failed(blue, PK_NO_MATCH);
    settle();
    send_checked(green, PK_OK, false);
    settle();
    let_pass(GATHER - STEP);
    assert_no_frame(green);
    let_pass(STEP);
    await_frame(green, PK_FRAME_PROCEED, NULL);
    finish(&alice);
}

static void a_key_that_hides_is_tried_when_no_other_can_serve(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_NO_MATCH, true);
    assert_no_frame(blue);
    send_checked(red, PK_NO_MATCH, false);
    send_failed(red, PK_NO_MATCH);
    await_frame(blue, PK_FRAME_PROCEED, NULL);
    assert_no_line(&alice);
    finish(&alice);
}

static void a_key_that_hides_stays_out_when_another_can_serve(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_NO_MATCH, true);
    send_checked(red, PK_OK, false);
    await_frame(red, PK_FRAME_PROCEED, NULL);
    assert_no_frame(blue);
    send_failed(red, PK_NO_MATCH);
    await_frame(blue, PK_FRAME_PROCEED, NULL);
    finish(&alice);
}

static void nor_does_it_go_on_when_the_wait_for_others_ends(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", "Green", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    (void)await_request("Green");
    send_checked(blue, PK_NO_MATCH, true);
    send_checked(red, PK_OK, false);
    settle();
    let_pass(GATHER);
    await_frame(red, PK_FRAME_PROCEED, NULL);
    assert_no_frame(blue);
    finish(&alice);
}

/* No PIN is asked for while another key shows what it holds, whoever's this one is. */
static void ok_and_uncertain_hides_as_well(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_OK, true);
    send_checked(red, PK_OK, false);
    await_frame(red, PK_FRAME_PROCEED, NULL);
    assert_no_frame(blue);
    finish(&alice);
}

static void groups_are_tried_in_their_order(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 2);
    key = await_request("Blue");
    assert_string_equal(scripted_key_request(key)->get_assertion.rp_id, FIRST_RP);
    send_checked(key, PK_NO_MATCH, false);
    send_failed(key, PK_NO_MATCH);
    end_process(key);
    key = await_request("Blue");
    assert_string_equal(scripted_key_request(key)->get_assertion.rp_id, SECOND_RP);
    assert_no_line(&alice);
    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_assertion(key);
    await_answer(&alice, "Blue", 1);
    finish(&alice);
}

/* What a key shows by itself, of whichever group, goes before what it may show when it is touched.
 */
static void a_doubtful_no_is_asked_again_after_all_groups(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 2);
    for (unsigned i = 0; i < 2; i++) {
        key = await_request("Blue");
        assert_string_equal(scripted_key_request(key)->get_assertion.rp_id,
                            i == 0 ? FIRST_RP : SECOND_RP);
        send_checked(key, PK_NO_MATCH, true);
        await_frame(key, PK_FRAME_CANCEL, NULL);
        end_process(key);
    }
    for (unsigned i = 0; i < 2; i++) {
        key = await_request("Blue");
        assert_string_equal(scripted_key_request(key)->get_assertion.rp_id,
                            i == 0 ? FIRST_RP : SECOND_RP);
        send_checked(key, PK_NO_MATCH, true);
        await_frame(key, PK_FRAME_PROCEED, NULL);
        send_failed(key, PK_NO_MATCH);
        end_process(key);
    }
    await_line(&alice, STRANGER);
    finish(&alice);
}

/* --- keys in use ------------------------------------------------------------------------------ */

/* One that another request has just given back is waited for, but only for a moment. */
static void a_key_in_use_is_no_news_when_another_can_serve(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Green", NULL);
    begin(&alice, 1);
    (void)blinking("Green");
    await_line(&alice, TOUCH_ONE);
    finish(&alice);
    plug_in("Green", "Blue", "Red", NULL);
    begin(&bob, 1);
    blue = await_request("Blue");
    red = await_request("Red");
    send_checked(blue, PK_OK, false);
    settle();
    let_pass(BUSY_IN);
    assert_no_line(&bob); /* Red is waited for */
    send_failed(red, PK_NO_MATCH);
    settle();
    let_pass(GATHER - BUSY_IN);
    await_frame(blue, PK_FRAME_PROCEED, NULL);
    finish(&bob);
}

static void only_keys_that_could_not_be_had_are_tried_again(void **state)
{
    struct scripted_key *blue, *red;

    (void)state;
    plug_in("Blue", "Red", NULL);
    begin(&alice, 2);
    blue = await_request("Blue");
    red = await_request("Red");
    send_failed(blue, PK_NO_MATCH);
    send_failed(red, PK_NO_MATCH);
    end_process(blue);
    end_process(red);
    blue = await_request("Blue");
    red = await_request("Red");
    send_failed(blue, PK_NO_MATCH);
    settle();
    send_failed(red, PK_BUSY);
    await_line(&alice, BUSY);
    end_process(blue);
    end_process(red);
    await_idle();
    let_pass(RETRY);
    red = await_request("Red");
    assert_string_equal(scripted_key_request(red)->get_assertion.rp_id, FIRST_RP);
    send_failed(red, PK_OPERATION_DENIED);
    await_failure(&alice, PK_OPERATION_DENIED);
    end_process(red);
    await_idle(); /* Blue was not asked */
    finish(&alice);
}

static void a_key_that_another_program_has_is_tried_again(void **state)
{
    struct scripted_key *key;

    (void)state;
    plug_in("Blue", NULL);
    begin(&alice, 1);
    key = await_request("Blue");
    send_failed(key, PK_BUSY);
    end_process(key);
    await_line(&alice, BUSY);
    await_idle();
    let_pass(RETRY - STEP);
    assert_idle();
    let_pass(STEP);
    key = await_request("Blue");
    send_failed(key, PK_BUSY);
    end_process(key);
    settle();
    let_pass(RETRY);
    key = await_request("Blue"); /* and was not said again */
    send_checked(key, PK_OK, false);
    /* The touch that the other program waited for must not be this one's. */
    await_line(&alice, "free: The security key \"Blue\" is free.");
    await_line(&alice, PRESS_ENTER);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    end_process(key);
    type(&alice, "");
    key = blinking("Blue");
    await_line(&alice, TOUCH_ONE);
    send_assertion(key);
    await_answer(&alice, "Blue", 0);
    finish(&alice);
}

/* Of two keys that cannot serve the one in use is the reason that may pass. */
static void a_key_in_use_counts_more_than_a_stranger(void **state)
{
    static const char *const names[] = {"Blue", "Red"};

    (void)state;
    plug_in("Blue", "Red", NULL);
    for (size_t busy = 0; busy < 2; busy++) {
        struct scripted_key *keys[2];

        begin(&alice, 1);
        for (size_t i = 0; i < 2; i++)
            keys[i] = await_request(names[i]);
        send_failed(keys[busy], PK_BUSY);
        settle();
        send_failed(keys[1 - busy], PK_NO_MATCH);
        await_line(&alice, BUSY);
        finish(&alice);
        end_process(keys[0]);
        end_process(keys[1]);
        await_idle();
    }
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, scripted_keys_set_up, scripted_keys_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_key_that_is_touched_answers),
        TEST(a_key_that_has_shown_it_need_not_be_asked_again),
        TEST(one_that_was_plugged_in_again_is_asked),
        TEST(one_that_was_not_watched_is_asked),
        TEST(another_key_in_its_place_is_asked),
        TEST(one_that_refuses_is_asked_after_all),
        TEST(one_that_holds_a_new_one_is_asked),
        TEST(one_of_two_is_asked),
        TEST(the_first_touch_wins_and_the_others_are_cancelled),
        TEST(two_touches_at_once_are_one_answer),
        TEST(touches_are_called_for_once),
        TEST(a_blink_during_the_check_is_not_called_for),
        TEST(leaving_gives_the_keys_back),
        TEST(the_first_key_waits_for_the_others),
        TEST(a_refusal_counts_when_it_is_complete),
        TEST(but_only_for_a_moment),
        TEST(a_key_joins_one_that_blinks),
        TEST(each_wait_for_others_is_a_whole_one),
        TEST(a_key_that_hides_is_tried_when_no_other_can_serve),
        TEST(a_key_that_hides_stays_out_when_another_can_serve),
        TEST(nor_does_it_go_on_when_the_wait_for_others_ends),
        TEST(ok_and_uncertain_hides_as_well),
        TEST(groups_are_tried_in_their_order),
        TEST(a_doubtful_no_is_asked_again_after_all_groups),
        TEST(a_key_in_use_is_no_news_when_another_can_serve),
        TEST(only_keys_that_could_not_be_had_are_tried_again),
        TEST(a_key_that_another_program_has_is_tried_again),
        TEST(a_key_in_use_counts_more_than_a_stranger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
