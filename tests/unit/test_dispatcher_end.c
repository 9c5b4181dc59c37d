/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the dispatcher leaves behind, and what it conceals: states, challenges, the time and the
 * reasons of its replies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/trial_attempt.h"

#include <fcntl.h>
#include <string.h>

#define HOLD 100 /* milliseconds that concealed replies take */

/* --- what stops it ---------------------------------------------------------------------------- */

static void every_state_is_released_once(void **state)
{
    struct attempt *attempt;

    (void)state;
    methods[SECOND].stateless = true;
    attempt = begin();
    attempt_next(attempt, PK_TIMEOUT);
    attempt_next(attempt, PK_TIMEOUT);
    attempt_next(attempt, PK_TIMEOUT);
    assert_told("timeout");
    assert_int_equal(methods[FIRST].stopped + methods[THIRD].stopped, 0); /* not from within */
    drop_caller();
    assert_int_equal(methods[FIRST].stopped, 1);
    assert_int_equal(methods[SECOND].stopped, 0);
    assert_int_equal(methods[THIRD].stopped, 1);
    assert_int_equal(kind.released, 1);
}

static void a_method_that_did_not_start_is_not_stopped(void **state)
{
    (void)state;
    methods[FIRST].status = PK_UNAVAILABLE;
    (void)begin();
    drop_caller();
    assert_int_equal(methods[FIRST].stopped, 0);
    assert_int_equal(methods[SECOND].stopped, 1);
}

static void the_deadline_ends_it(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    add_ceremony(attempt);
    next(NULL);
    let_pass(TRIAL_TIMEOUT * 1000 - 10);
    assert_true(is_waiting());
    assert_int_equal(ceremonies(), 1);
    let_pass(10);
    assert_false(is_waiting());
    assert_said("done", "timeout");
    assert_int_equal(methods[FIRST].stopped, 1);
    assert_int_equal(decisions(), 1);
    assert_int_equal(ceremonies(), 0);
    let_pass(10000);
    assert_int_equal(kind.released, 1);
}

static void a_caller_that_is_gone_ends_it(void **state)
{
    (void)state;
    add_ceremony(begin());
    conversations_vanished(bare_daemon()->conversations, ":1.8");
    assert_int_equal(methods[FIRST].stopped, 0);
    drop_caller();
    assert_int_equal(methods[FIRST].stopped, 1);
    assert_int_equal(kind.released, 1);
    assert_int_equal(decisions(), 1);
    assert_int_equal(log_count("refused, cancelled"), 1);
    assert_int_equal(ceremonies(), 0);
}

static void who_cancels_ends_it(void **state)
{
    (void)state;
    add_ceremony(begin());
    cancel();
    assert_int_equal(methods[FIRST].stopped, 1);
    assert_told("cancelled");
}

static void an_attempt_that_was_never_open(void **state)
{
    struct attempt *attempt = new_attempt(&trial_sign_in);
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    attempt->agent_fd = ends[0];
    attempt->purpose = strdup("to test");
    attempt_free(attempt);
    assert_int_equal(kind.released, 1);
    assert_int_equal(fcntl(ends[0], F_GETFD), -1);
    (void)close(ends[1]);
}

/* --- ceremonies ------------------------------------------------------------------------------- */

static void a_ceremony_is_taken_once_by_its_attempt(void **state)
{
    struct attempt *attempt = begin();
    const struct ceremony *seen_one;

    (void)state;
    assert_null(attempt_peek_ceremony(attempt, 0));
    assert_null(attempt_take_ceremony(attempt, 0));
    add_ceremony(attempt);
    add_ceremony(attempt);
    seen_one = attempt_peek_ceremony(attempt, 1);
    assert_non_null(seen_one);
    for (int again = 0; again < 2; again++) {
        PK_CLEANUP(ceremony_free) struct ceremony *taken = attempt_take_ceremony(attempt, 1);

        assert_true(again ? !taken : taken == seen_one);
    }
    assert_null(attempt_peek_ceremony(attempt, 1));
    assert_non_null(attempt_peek_ceremony(attempt, 0));
    assert_null(attempt_take_ceremony(attempt, 2));
    attempt_drop_ceremonies(attempt);
    assert_int_equal(ceremonies(), 0);
    assert_int_equal(attempt->ceremony_count, 0);
}

/* Of others nothing is taken, whatever the index says. */
static void a_ceremony_of_another_kind_or_owner_is_not_taken(void **state)
{
    struct attempt *attempt = begin();
    struct ceremony *other = ceremony_new(conversation_id(attempt->conversation), BOB);
    struct ceremony *registration = ceremony_new(conversation_id(attempt->conversation), ALICE);

    (void)state;
    other->requirements.ceremony = PK_AUTHENTICATION;
    registration->requirements.ceremony = PK_REGISTRATION;
    assert_status(attempt_add_ceremony(attempt, other), PK_OK);
    assert_status(attempt_add_ceremony(attempt, registration), PK_OK);
    assert_null(attempt_take_ceremony(attempt, 0));
    assert_null(attempt_take_ceremony(attempt, 1));
}

static void a_ceremony_lives_as_long_as_any_attempt(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    conversation_set_timeout(attempt->conversation, 2 * ATTEMPT_TIMEOUT_MAX);
    add_ceremony(attempt);
    let_pass(ATTEMPT_TIMEOUT_MAX * 1000);
    assert_null(attempt_take_ceremony(attempt, 0));
}

static void ceremonies_are_limited(void **state)
{
    struct attempt *attempt;

    (void)state;
    configure_daemon("[limits]\nchallenges-per-user = 2\n[rp default]\nid = " RP_ID "\n");
    attempt = begin();
    add_ceremony(attempt);
    add_ceremony(attempt);
    assert_status(attempt_add_ceremony(attempt, ceremony_new("", ALICE)), PK_LIMIT_EXCEEDED);
    assert_int_equal(attempt->ceremony_count, 2);
}

/* --- concealment ------------------------------------------------------------------------------ */

/* Not before the hold is over, and then at once. */
static void assert_held(void)
{
    assert_true(is_waiting());
    let_pass(HOLD - 10);
    assert_true(is_waiting());
    let_pass(10);
    assert_false(is_waiting());
}

static void concealed_replies_are_held(void **state)
{
    struct attempt *attempt = begin_concealed();

    (void)state;
    ask(attempt);
    next(NULL);
    assert_held();
    assert_said("ask", "number");
    let_pass(1000);
    next("one");
    attempt_refused(attempt, PK_CANCELLED);
    settle();
    assert_held();
    assert_said("done", "cancelled");
}

/* The hold is from when the call began, not from when the work for it was done. */
static void the_hold_begins_with_the_call(void **state)
{
    struct attempt *attempt = new_attempt(&trial_sign_in);

    (void)state;
    attempt->conceal = true;
    let_pass(HOLD / 2);
    open_attempt(attempt);
    attempt_begin(attempt);
    ask(attempt);
    next(NULL);
    assert_true(is_waiting());
    let_pass(HOLD / 2 - 10);
    assert_true(is_waiting());
    let_pass(10);
    assert_said("ask", "number");
}

static void others_are_not_held(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    ask(attempt);
    assert_next(NULL, "ask", "number");
    next("one");
    attempt_refused(attempt, PK_CANCELLED);
    assert_said("done", "cancelled");
}

static void judge(struct attempt *attempt, enum pk_status status)
{
    struct verdict verdict = {.status = status};

    attempt_decided(attempt, &verdict);
    let_pass(HOLD);
}

static void reasons_are_concealed(void **state)
{
    static const struct {
        bool conceal, second;
        enum pk_status status;
        const char *told;
    } cases[] = {
        {true, true, PK_SIGNATURE_INVALID, "answer-refused"},
        {true, true, PK_CREDENTIAL_NOT_ALLOWED, "answer-refused"},
        {true, true, PK_ACCOUNT_CHANGED, "answer-refused"},
        /* What is the host's own trouble tells nothing of an account. */
        {true, true, PK_STORAGE, "storage"},
        {true, true, PK_UNAVAILABLE, "unavailable"},
        {true, true, PK_NO_MEMORY, "no-memory"},
        {true, false, PK_SIGNATURE_INVALID, "signature-invalid"},
        {false, true, PK_SIGNATURE_INVALID, "signature-invalid"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt *attempt = cases[i].conceal ? begin_concealed() : begin();

        if (cases[i].second)
            attempt_next(attempt, PK_TIMEOUT);
        judge(attempt, cases[i].status);
        assert_told(cases[i].told);
        /* The log has the truth. */
        assert_non_null(strstr(log_find("refused, "), pk_status_name(cases[i].status)));
        assert_int_equal(log_count(", over wire, ?, {context}"), cases[i].second ? 1 : 0);
        log_forget();
    }
}

/* What no answer was the cause of is told as it is. */
static void what_was_not_judged_is_not_concealed(void **state)
{
    struct attempt *attempt = begin_concealed();

    (void)state;
    attempt_next(attempt, PK_TIMEOUT);
    attempt_refused(attempt, PK_NO_MATCH);
    let_pass(HOLD);
    assert_told("no-match");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, trial_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_state_is_released_once),
        TEST(a_method_that_did_not_start_is_not_stopped),
        TEST(the_deadline_ends_it),
        TEST(a_caller_that_is_gone_ends_it),
        TEST(who_cancels_ends_it),
        TEST(an_attempt_that_was_never_open),
        TEST(a_ceremony_is_taken_once_by_its_attempt),
        TEST(a_ceremony_of_another_kind_or_owner_is_not_taken),
        TEST(a_ceremony_lives_as_long_as_any_attempt),
        TEST(ceremonies_are_limited),
        TEST(concealed_replies_are_held),
        TEST(the_hold_begins_with_the_call),
        TEST(others_are_not_held),
        TEST(reasons_are_concealed),
        TEST(what_was_not_judged_is_not_concealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
