/* SPDX-License-Identifier: BSD-2-Clause */
/* The one log line of a decision: who, what, the truth, and what was told instead of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/auth/decision.h"
#include "tests/unit/bare_daemon.h"

#include <string.h>

/* A refusal of alice's sign-in; told what it is. */
static struct decision refusal(enum pk_status status)
{
    return (struct decision){
        .correlation = "0123",
        .ceremony = PK_AUTHENTICATION,
        .user = "alice",
        .rp = "default",
        .status = status,
        .told = status,
        .context = "{}",
    };
}

static void assert_line(const struct decision *decision, const char *line)
{
    log_forget();
    decision_log(decision);
    assert_int_equal(log_count(""), 1);
    assert_string_equal(log_find(""), line);
}

static void a_refusal_says_who_and_why(void **state)
{
    struct decision decision = refusal(PK_TIMEOUT);

    (void)state;
    assert_line(&decision, "<5>[0123] sign-in of alice (default): refused, timeout "
                           "(the deadline passed), {}");
    decision.over = "ssh"; /* of answers alone */
    decision.ceremony = PK_REGISTRATION;
    decision.user = "";
    assert_line(&decision, "<5>[0123] enrolment for ? (default): refused, timeout "
                           "(the deadline passed), {}");
}

/* An answer that was judged is to be noticed. */
static void an_answer_that_was_refused_is_a_warning(void **state)
{
    struct decision decision = refusal(PK_SIGNATURE_INVALID);

    (void)state;
    decision.judged = true;
    log_forget();
    decision_log(&decision);
    assert_int_equal(strncmp(log_find("signature-invalid"), "<4>", 3), 0);
    assert_int_equal(log_count("told"), 0);
}

static void what_was_told_instead_is_said(void **state)
{
    struct decision decision = refusal(PK_SIGNATURE_INVALID);

    (void)state;
    decision.told = PK_ANSWER_REFUSED;
    log_forget();
    decision_log(&decision);
    assert_int_equal(log_count("refused, signature-invalid ("), 1);
    assert_int_equal(log_count("; told answer-refused, {}"), 1);
}

/* Why nobody could have signed in comes first, and the answer's own fault behind it. */
static void the_truth_comes_first(void **state)
{
    struct decision decision = refusal(PK_SIGNATURE_INVALID);

    (void)state;
    decision.truth = PK_UNKNOWN_USER;
    decision.judged = true;
    log_forget();
    decision_log(&decision);
    assert_int_equal(log_count("refused, unknown-user ("), 1);
    assert_int_equal(log_count("; the answer: signature-invalid, {}"), 1);
    /* What the person was told instead is the same for every answer, and is left out. */
    decision.told = PK_ANSWER_REFUSED;
    decision.over = "ssh";
    log_forget();
    decision_log(&decision);
    assert_int_equal(log_count("; the answer: signature-invalid, over ssh, {}"), 1);
}

static void the_stores_own_words(void **state)
{
    struct decision decision = refusal(PK_STORAGE);

    (void)state;
    decision.store_error = "disk I/O error";
    log_forget();
    decision_log(&decision);
    assert_int_equal(log_count("): disk I/O error, {}"), 1);
    decision.status = decision.told = PK_TIMEOUT;
    log_forget();
    decision_log(&decision);
    assert_int_equal(log_count("disk I/O error"), 0);
}

/* A program's answer has a ceremony and a verdict. */
static void verdicts(void **state)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = ceremony_new("0123", 0);
    struct verdict verdict = {.status = PK_SIGNATURE_INVALID};

    (void)state;
    ceremony->requirements.ceremony = PK_AUTHENTICATION;
    ceremony->account.rp = strdup("shop");
    ceremony->account.name = strdup("alice");
    ceremony->context = strdup("{context}");
    decision_log_verdict(ceremony, &verdict, NULL);
    assert_int_equal(log_count("<4>[0123] sign-in of alice (shop): refused, signature-invalid "),
                     1);
    assert_int_equal(log_count("{context}"), 1);
    verdict.account.name = (char[]){"bob"};
    decision_log_verdict(ceremony, &verdict, NULL);
    assert_int_equal(log_count("sign-in of bob (shop)"), 1);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_says_who_and_why),    TEST(an_answer_that_was_refused_is_a_warning),
        TEST(what_was_told_instead_is_said), TEST(the_truth_comes_first),
        TEST(the_stores_own_words),          TEST(verdicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
