/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dispatcher, with methods of the test's own (trial_attempt.h): their order, whose answer it
 * is, and what ends an attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/bare_daemon.h"
#include "tests/unit/trial_attempt.h"

#include <string.h>

/* --- the order -------------------------------------------------------------------------------- */

static void methods_are_tried_in_their_order(void **state)
{
    struct attempt *attempt;

    (void)state;
    methods[FIRST].status = PK_UNAVAILABLE;
    attempt = begin();
    assert_string_equal(order, "12");
    attempt_next(attempt, PK_TIMEOUT);
    assert_string_equal(order, "123");
    attempt_next(attempt, PK_NO_MATCH);
    assert_told("no-match");
    assert_string_equal(order, "123");
    assert_null(strstr(log_find("refused"), ", over ")); /* no answer was judged */
}

static void the_order_is_the_attempts_own(void **state)
{
    struct attempt *attempt = new_attempt(&trial_sign_in);

    (void)state;
    attempt->methods = (struct pk_methods){{PK_METHOD_RECOVERY, PK_METHOD_LOCAL}, 2};
    open_attempt(attempt);
    attempt_begin(attempt);
    attempt_next(attempt, PK_TIMEOUT);
    attempt_next(attempt, PK_NO_DEVICE);
    assert_string_equal(order, "31");
    assert_told("no-device");
}

static void without_any_method_it_is_unavailable(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++)
        methods[i].status = PK_UNAVAILABLE;
    (void)begin_kind(&trial_enrollment);
    assert_string_equal(order, "123");
    assert_told("unavailable");
    assert_string_equal(seen()->text, "Nothing can be reached.");
    assert_null(strstr(log_find("refused"), ", over "));
}

/* The words for want of a method are not those for one that failed. */
static void a_method_that_ran_has_its_own_words(void **state)
{
    struct attempt *attempt;

    (void)state;
    methods[SECOND].status = methods[THIRD].status = PK_UNAVAILABLE;
    attempt = begin_kind(&trial_enrollment);
    attempt_next(attempt, PK_TIMEOUT);
    assert_told("timeout");
    assert_string_not_equal(seen()->text, "Nothing can be reached.");
}

static void a_start_that_fails_refuses(void **state)
{
    (void)state;
    methods[FIRST].status = PK_STORAGE;
    (void)begin();
    assert_string_equal(order, "1");
    assert_told("storage");
}

static void next_within_start(struct attempt *attempt)
{
    attempt_next(attempt, PK_NO_DEVICE);
}

static void a_method_may_end_before_it_has_started(void **state)
{
    struct attempt *attempt;

    (void)state;
    methods[FIRST].act = next_within_start;
    attempt = begin();
    assert_string_equal(order, "12");
    ask(attempt);
    assert_next(NULL, "ask", "number");
    next("7");
    assert_int_equal(methods[FIRST].answers, 0);
    assert_int_equal(methods[SECOND].answers, 1);
    attempt_refused(attempt, PK_CANCELLED);
    drop_caller();
    assert_int_equal(methods[FIRST].stopped, 1);
    assert_int_equal(methods[SECOND].stopped, 1);
}

/* It is not tried twice, nor the one after that beside it. */
static void a_method_that_ends_twice_has_ended_once(void **state)
{
    struct attempt *attempt;

    (void)state;
    methods[FIRST].act = next_within_start;
    methods[FIRST].status = PK_UNAVAILABLE;
    attempt = begin();
    assert_string_equal(order, "12");
    attempt_refused(attempt, PK_CANCELLED);
    assert_told("cancelled");
    drop_caller();
    assert_int_equal(methods[SECOND].stopped, 1);
}

static void refuse_within_start(struct attempt *attempt)
{
    attempt_refused(attempt, PK_CANCELLED);
}

static void a_refusal_within_start_is_the_end(void **state)
{
    (void)state;
    methods[FIRST].act = refuse_within_start;
    (void)begin();
    assert_string_equal(order, "1");
    assert_told("cancelled");
    drop_caller();
    assert_int_equal(methods[FIRST].stopped, 1);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void answers_go_to_the_one_that_runs(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    ask(attempt);
    assert_next(NULL, "ask", "number");
    next("one");
    assert_int_equal(methods[FIRST].answers, 1);
    assert_string_equal(methods[FIRST].answer, "one");
    attempt_next(attempt, PK_TIMEOUT);
    ask(attempt);
    assert_said("ask", "number");
    next("two");
    assert_int_equal(methods[FIRST].answers, 1);
    assert_int_equal(methods[SECOND].answers, 1);
    assert_string_equal(methods[SECOND].answer, "two");
    attempt_next(attempt, PK_TIMEOUT);
    ask(attempt);
    next("three"); /* to one that asks nothing */
    assert_int_equal(methods[SECOND].answers, 1);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void only_the_first_decision_counts(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    attempt_refused(attempt, PK_NO_DEVICE);
    attempt_approved(attempt, own_approval(attempt));
    attempt_refused(attempt, PK_CANCELLED);
    attempt_next(attempt, PK_TIMEOUT);
    assert_string_equal(order, "1");
    assert_told("no-device");
    assert_string_equal(seen()->user, "");
}

static void an_approval_is_success(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    attempt_next(attempt, PK_TIMEOUT);
    add_ceremony(attempt);
    attempt_approved(attempt, own_approval(attempt));
    attempt_refused(attempt, PK_CANCELLED);
    assert_told("ok");
    assert_string_equal(seen()->user, "alice");
    assert_string_equal(seen()->text, "");
    assert_null(seen()->credential);
    assert_non_null(strstr(
        log_find(": ok, "),
        "sign-in of alice (default): ok, passkey \"blue\" [Ymx1ZQ], user present, ?, {context}"));
}

static void an_enrolment_says_what_was_stored(void **state)
{
    struct attempt *attempt = begin_kind(&trial_enrollment);

    (void)state;
    attempt_approved(attempt, own_registration(attempt));
    assert_told("ok");
    assert_string_equal(seen()->text, "Done.");
    assert_string_equal(seen()->credential, "new");
    assert_int_equal(log_count("enrolment for alice (default): ok, passkey \"new\""), 1);
}

static void an_approval_of_another_request_is_none(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    attempt_approved(attempt, approval_for("fedcba9876543210"));
    assert_told("internal");
    assert_string_equal(seen()->user, "");
}

static void an_approval_of_the_other_kind_is_none(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    attempt_approved(attempt, own_registration(attempt));
    assert_told("internal");
}

static void a_sign_in_does_not_enrol(void **state)
{
    struct attempt *attempt = begin_kind(&trial_enrollment);

    (void)state;
    attempt_approved(attempt, own_approval(attempt));
    assert_told("internal");
}

static void an_approval_for_somebody_else_is_none(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    kind.accepts = false;
    attempt_approved(attempt, own_approval(attempt));
    assert_told("internal");
    assert_string_equal(seen()->user, "");
}

static void no_approval_is_none(void **state)
{
    struct verdict verdict = {.status = PK_OK};

    (void)state;
    attempt_approved(begin(), NULL);
    assert_told("internal");
    log_forget();
    attempt_decided(begin(), &verdict);
    assert_told("internal");
}

static void a_verdict_decides(void **state)
{
    struct attempt *attempt = begin();
    struct verdict good = verdict_for(conversation_id(attempt->conversation));
    struct verdict bad = {.status = PK_SIGNATURE_INVALID, .account.name = (char[]){"alice"}};

    (void)state;
    attempt_decided(attempt, &good);
    assert_null(good.approval); /* taken */
    assert_told("ok");
    log_forget();
    attempt_decided(begin(), &bad);
    assert_told("signature-invalid");
    assert_non_null(strstr(log_find("refused"), "sign-in of alice (default): refused, "));
}

/* A refusal without a reason is still one. */
static void ok_is_no_reason(void **state)
{
    (void)state;
    attempt_refused(begin(), PK_OK);
    assert_told("internal");
}

static void a_method_has_its_own_words(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    attempt_set_text(attempt, "first");
    attempt_set_text(attempt, "Not this key.");
    attempt_refused(attempt, PK_NO_MATCH);
    assert_told("no-match");
    assert_string_equal(seen()->text, "Not this key.");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, trial_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(methods_are_tried_in_their_order),
        TEST(the_order_is_the_attempts_own),
        TEST(without_any_method_it_is_unavailable),
        TEST(a_method_that_ran_has_its_own_words),
        TEST(a_start_that_fails_refuses),
        TEST(a_method_may_end_before_it_has_started),
        TEST(a_method_that_ends_twice_has_ended_once),
        TEST(a_refusal_within_start_is_the_end),
        TEST(answers_go_to_the_one_that_runs),
        TEST(only_the_first_decision_counts),
        TEST(an_approval_is_success),
        TEST(an_enrolment_says_what_was_stored),
        TEST(an_approval_of_another_request_is_none),
        TEST(an_approval_of_the_other_kind_is_none),
        TEST(a_sign_in_does_not_enrol),
        TEST(an_approval_for_somebody_else_is_none),
        TEST(no_approval_is_none),
        TEST(a_verdict_decides),
        TEST(ok_is_no_reason),
        TEST(a_method_has_its_own_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
