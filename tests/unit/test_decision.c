/* SPDX-License-Identifier: BSD-2-Clause */
/* The one log line of a decision: who, what, the truth, and what was told instead of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/accounts/log_names.h"
#include "daemon/auth/decision.h"
#include "tests/unit/bare_daemon.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

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
        .by = "by uid 0, pid 1",
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
                           "(the deadline passed), by uid 0, pid 1, {}");
    decision.over = "ssh"; /* of answers alone */
    decision.ceremony = PK_REGISTRATION;
    decision.user = "";
    assert_line(&decision, "<5>[0123] enrolment for ? (default): refused, timeout "
                           "(the deadline passed), by uid 0, pid 1, {}");
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
    assert_int_equal(log_count("; told answer-refused, by uid 0, pid 1, {}"), 1);
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
    assert_int_equal(log_count("; the answer: signature-invalid, by uid 0, pid 1, {}"), 1);
    /* What the person was told instead is the same for every answer, and is left out. */
    decision.told = PK_ANSWER_REFUSED;
    decision.over = "ssh";
    log_forget();
    decision_log(&decision);
    assert_int_equal(log_count("; the answer: signature-invalid, over ssh, by uid 0, "
                               "pid 1, {}"),
                     1);
}

static void the_stores_own_words(void **state)
{
    struct decision decision = refusal(PK_STORAGE);

    (void)state;
    decision.store_error = "disk I/O error";
    log_forget();
    decision_log(&decision);
    assert_int_equal(log_count("): disk I/O error, by uid 0, pid 1, {}"), 1);
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
    decision_log_verdict(ceremony, &verdict, "by uid 0, pid 1");
    assert_int_equal(log_count("<4>[0123] sign-in of alice (shop): refused, signature-invalid "),
                     1);
    assert_int_equal(log_count("{context}"), 1);
    verdict.account.name = (char[]){"bob"};
    decision_log_verdict(ceremony, &verdict, "by uid 0, pid 1");
    assert_int_equal(log_count("sign-in of bob (shop)"), 1);
}

/* A name that a stranger typed, or somebody gave to a passkey, stays one word. */
static void names_cannot_end_early(void **state)
{
    struct decision decision = refusal(PK_UNKNOWN_USER);
    const struct credential credential = {
        .name = (char[]){"blue\" [x], user verified, by uid 0"},
        .record.id = {(uint8_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17},
                      18},
    };
    PK_AUTO_FREE char *passkey = log_credential(&credential);
    PK_AUTO_FREE char *plain = log_name("EXAMPLE.alice-2@web$");
    PK_AUTO_FREE char *empty = log_name("");

    (void)state;
    decision.user = "x (default): ok, passkey \"\\\"";
    log_forget();
    decision_log(&decision);
    assert_int_equal(
        log_count("sign-in of \"x (default): ok, passkey \\\"\\\\\\\"\" (default): refused"), 1);
    assert_string_equal(passkey, "\"blue\\\" [x], user verified, by uid 0\" "
                                 "[AAECAwQFBgcICQoLDA0ODx...]");
    assert_string_equal(plain, "EXAMPLE.alice-2@web$");
    assert_string_equal(empty, "\"\"");
}

static void assert_caller(struct call *call, const char *program, const char *expected)
{
    PK_AUTO_FREE char *by = decision_caller(call, program);

    assert_string_equal(by, expected);
    call_drop(call);
}

/* Only root is believed what program it is; the kernel is asked about others. */
static void callers(void **state)
{
    struct call *call = call_from(0, SENDER);
    char own[PATH_MAX], expected[PATH_MAX + 64];
    ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);

    (void)state;
    assert_true(len > 0);
    own[len] = '\0';
    call->pid = 77;
    call->caller = (struct caller){.real_uid = ALICE, .reported = true};
    assert_caller(call, "/usr/bin/su\"do", "by uid 0 for uid 1000, pid 77 (\"/usr/bin/su\\\"do\")");
    call = call_from(ALICE, SENDER);
    call->pid = getpid();
    (void)snprintf(expected, sizeof(expected), "by uid 1000, pid %d (\"%s\")", getpid(), own);
    assert_caller(call, "/usr/bin/sudo", expected);
    call = call_from(ALICE, SENDER);
    call->pid = 0;
    assert_caller(call, NULL, "by uid 1000, pid 0 (program unknown)");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_says_who_and_why),    TEST(an_answer_that_was_refused_is_a_warning),
        TEST(what_was_told_instead_is_said), TEST(the_truth_comes_first),
        TEST(the_stores_own_words),          TEST(verdicts),
        TEST(names_cannot_end_early),        TEST(callers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
