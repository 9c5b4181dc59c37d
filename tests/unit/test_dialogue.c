/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations as their callers see them: whose they are, what is said in which order, and what
 * counts as an answer. How many there may be is in test_slots.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/terms.h"
#include "common/bus/names.h"
#include "daemon/bus/call.h"
#include "daemon/bus/methods.h"
#include "daemon/dialogue/conversation.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/talk.h"

#include <string.h>

#define ROOT 0

/* --- not waiting ------------------------------------------------------------------------------ */

/* Where it leads is told with what asks for a key, and with nothing else. */
static void a_key_need_not_be_waited_for(void **state)
{
    (void)state;
    conversation_info(open_one(), "touch", "Touch it");
    assert_next(NULL, "info", "touch");
    assert_string_equal(seen()->skip, "");
    skip_by(SENDER);
    assert_int_equal(events.skipped, 0); /* not yet */
    conversation_set_skip(last_opened, PK_BUS_SKIP_NEXT);
    conversation_info(last_opened, "contention", "Others want it");
    conversation_info(last_opened, "insert", "Insert it");
    assert_next(NULL, "info", "contention");
    assert_string_equal(seen()->skip, "");
    assert_next(NULL, "info", "insert");
    assert_string_equal(seen()->skip, "next");
    skip_by(":1.8"); /* somebody else's */
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    assert_int_equal(events.skipped, 0);
    skip_by(SENDER);
    assert_string_equal(seen()->error, "");
    assert_int_equal(events.skipped, 1);
}

/* A question is declined by its answer, and what is over is over. */
static void a_question_is_not_skipped(void **state)
{
    (void)state;
    conversation_set_skip(open_one(), PK_BUS_SKIP_END);
    conversation_ask(last_opened, QUESTION_SECRET, "pin", "PIN: ", 0xff);
    skip_by(SENDER);
    assert_next(NULL, "ask-secret", "pin");
    skip_by(SENDER);
    assert_int_equal(events.skipped, 0);
    conversation_unask(last_opened);
    conversation_refused(last_opened, PK_TOUCH_TIMEOUT, "Too late");
    skip_by(SENDER);
    assert_int_equal(events.skipped, 0);
}

/* --- whose ------------------------------------------------------------------------------------ */

static void nobody_else_takes_part(void **state)
{
    (void)state;
    conversation_ask(open_one(), QUESTION_ECHOED, "number", "Number: ", 0xff);
    next_by(":1.8", NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    conversation_cancel(bare_daemon(), call_from(ROOT, ":1.8"));
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    assert_int_equal(events.stopped, 0);
    assert_next(NULL, "ask", "number");
    next_by(":1.8", "7");
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    assert_int_equal(events.answers, 0);
}

static void one_that_is_gone_is_not_known(void **state)
{
    (void)state;
    (void)open_one();
    conversations_vanished(bare_daemon()->conversations, SENDER);
    assert_int_equal(events.released, 1);
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_UNKNOWN_CONVERSATION);
}

/* --- what is said ----------------------------------------------------------------------------- */

static void how_long_it_takes_is_told(void **state)
{
    (void)state;
    conversation_info(open_one(), "touch", "Touch it");
    next(NULL);
    assert_int_equal(seen()->time_left, 60);
    conversation_info(last_opened, "touch", "Touch it");
    let_pass(20000);
    next(NULL);
    assert_int_equal(seen()->time_left, 40);
}

static void what_is_said_comes_in_order_and_once(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_info(conversation, "touch", "one");
    conversation_error(conversation, PK_BUSY, "two");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "three", 0xff);
    assert_next(NULL, "info", "touch");
    assert_next(NULL, "error", "busy");
    assert_string_equal(seen()->text, "two");
    assert_next(NULL, "ask", "number");
    next("7");
    assert_int_equal(events.answers, 1);
    assert_string_equal(events.answer, "7");
    assert_true(is_waiting());
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_BUSY);
    conversation_refused(conversation, PK_DENIED, "no");
    assert_said("done", "denied");
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_FINISHED);
}

static void only_the_first_outcome_counts(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_refused(conversation, PK_DENIED, "no");
    conversation_refused(conversation, PK_OK, "yes");
    conversation_info(conversation, "touch", "late");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "late", 0xff);
    assert_next(NULL, "done", "denied");
}

static void a_refusal_is_never_ok(void **state)
{
    (void)state;
    conversation_refused(open_one(), PK_OK, "");
    assert_next(NULL, "done", "internal");
}

static void too_much_is_left_unsaid(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        conversation_info(conversation, "touch", "again");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    for (unsigned i = 0; i < 32; i++)
        assert_next(NULL, "info", "touch");
    assert_next(NULL, "ask", "number");
}

static void a_hold_keeps_everything_back(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_hold(conversation, pk_clock_monotonic_us() + 50000);
    conversation_info(conversation, "touch", "held");
    next(NULL);
    assert_true(is_waiting());
    let_pass(40);
    assert_true(is_waiting());
    let_pass(10);
    assert_said("info", "touch");
    /* One that is over already holds nothing. */
    conversation_hold(conversation, pk_clock_monotonic_us());
    conversation_info(conversation, "touch", "at once");
    assert_next(NULL, "info", "touch");
}

/* --- answers ---------------------------------------------------------------------------------- */

static void a_question_is_answered_once(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    next("before it was asked");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    assert_said("ask", "number");
    conversation_ask(conversation, QUESTION_ECHOED, "other", "Other: ", 0xff);
    next("7");
    assert_int_equal(events.answers, 1);
    assert_true(is_waiting()); /* one question at a time */
    conversation_info(conversation, "touch", "");
    next("again");
    assert_int_equal(events.answers, 1);
}

static void a_question_may_be_taken_back(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    conversation_unask(conversation);
    next(NULL);
    assert_true(is_waiting());
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    assert_said("ask", "number");
    conversation_unask(conversation);
    next("7");
    assert_int_equal(events.answers, 0);
}

static void secrets_are_not_text(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_ask(conversation, QUESTION_SECRET, "pin", "PIN: ", 8);
    assert_next(NULL, "ask-secret", "pin");
    next("1234");
    assert_string_equal(seen()->error, PK_BUS_ERROR_INVALID_ARGUMENTS);
    assert_int_equal(events.answers, 0);
    next_secret("1234");
    assert_int_equal(events.answers, 1);
    assert_string_equal(events.answer, "1234");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    assert_said("ask", "number");
    next_secret("7");
    assert_string_equal(seen()->error, PK_BUS_ERROR_INVALID_ARGUMENTS);
    assert_int_equal(events.answers, 1);
}

static void declining_is_an_empty_answer(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_ask(conversation, QUESTION_SECRET, "pin", "PIN: ", 8);
    assert_next(NULL, "ask-secret", "pin");
    next("");
    assert_int_equal(events.answers, 1);
    assert_string_equal(events.answer, "");
}

/* --- the end ---------------------------------------------------------------------------------- */

static void a_deadline_can_be_moved(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    assert_int_equal(conversation_time_left(conversation), 60);
    conversation_set_timeout(conversation, 5);
    assert_int_equal(conversation_time_left(conversation), 5);
    skip_time(4);
    assert_int_equal(events.stopped, 0);
    skip_time(1);
    assert_int_equal(events.stopped, 1);
    assert_int_equal(events.why, PK_TIMEOUT);
    assert_next(NULL, "done", "timeout");
}

static void a_result_waits_to_be_fetched(void **state)
{
    (void)state;
    conversation_refused(open_one(), PK_DENIED, "no");
    skip_time(59);
    assert_int_equal(events.released, 0);
    assert_next(NULL, "done", "denied");
    skip_time(9);
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_FINISHED);
    skip_time(1);
    assert_int_equal(events.released, 1);
    conversation_refused(open_one(), PK_DENIED, "no");
    skip_time(60);
    assert_int_equal(events.released, 2);
    assert_int_equal(events.stopped, 0);
}

static void who_cancels_is_told(void **state)
{
    (void)state;
    conversation_hold(open_one(), pk_clock_monotonic_us() + 1000000);
    cancel();
    assert_int_equal(events.stopped, 1);
    assert_int_equal(events.why, PK_CANCELLED);
    assert_next(NULL, "done", "cancelled"); /* nothing is held any more */
    cancel();
    assert_int_equal(events.stopped, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, talk_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_need_not_be_waited_for),  TEST(a_question_is_not_skipped),
        TEST(how_long_it_takes_is_told),     TEST(nobody_else_takes_part),
        TEST(one_that_is_gone_is_not_known), TEST(what_is_said_comes_in_order_and_once),
        TEST(only_the_first_outcome_counts), TEST(a_refusal_is_never_ok),
        TEST(too_much_is_left_unsaid),       TEST(a_hold_keeps_everything_back),
        TEST(a_question_is_answered_once),   TEST(a_question_may_be_taken_back),
        TEST(secrets_are_not_text),          TEST(declining_is_an_empty_answer),
        TEST(a_deadline_can_be_moved),       TEST(a_result_waits_to_be_fetched),
        TEST(who_cancels_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
