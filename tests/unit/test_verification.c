/* SPDX-License-Identifier: BSD-2-Clause */
/* An attempt while its answer is verified. The worker is held until the test lets it go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/auth/verification.h"
#include "daemon/jobs/jobs.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/trial_attempt.h"

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

static int gate[2], reached[2];
static unsigned cleared, judged_count;

struct check {
    struct verification verification;
    struct verdict verdict; /* that it will have */
    bool held;
};

static struct verdict judge(const struct verification *verification)
{
    const struct check *check = (const struct check *)verification;
    char byte = 0;

    if (check->held) {
        (void)!write(reached[1], &byte, 1);
        (void)!read(gate[0], &byte, 1);
    }
    return check->verdict;
}

static void clear(struct verification *verification)
{
    (void)verification;
    cleared++;
}

static void judged(struct verification *verification, struct verdict *verdict)
{
    judged_count++;
    attempt_decided(verification->attempt, verdict);
}

static const struct verification_plan plan = {judge, NULL, clear, true};
static const struct verification_plan own_way = {judge, judged, clear, true};
static const struct verification_plan with_ceremony = {judge, NULL, clear, false};

static int set_up(void **state)
{
    cleared = judged_count = 0;
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(pipe(reached), 0);
    return trial_set_up(state);
}

static int tear_down(void **state)
{
    for (int i = 0; i < 2; i++) {
        (void)close(gate[i]);
        (void)close(reached[i]);
    }
    return bare_daemon_tear_down(state);
}

static struct verification *new_check(struct verdict verdict, bool held)
{
    struct check *check = calloc(1, sizeof(*check));

    assert_non_null(check);
    check->verdict = verdict;
    check->held = held;
    return &check->verification;
}

static void verify_held(struct attempt *attempt, struct verdict verdict)
{
    char byte;

    attempt_verify(attempt, new_check(verdict, true), NULL, PK_OK, &plan);
    assert_int_equal(read(reached[0], &byte, 1), 1);
}

static void let_go(void)
{
    assert_int_equal(write(gate[1], "", 1), 1);
    settle();
}

static struct verdict valid_for(const struct attempt *attempt)
{
    return verdict_for(conversation_id(attempt->conversation));
}

static void the_verdict_decides_later(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    verify_held(attempt, valid_for(attempt));
    assert_false(attempt->over);
    assert_int_equal(decisions(), 0);
    let_go();
    assert_told("ok");
    assert_int_equal(cleared, 1);
    attempt = begin();
    attempt_verify(attempt, new_check(verdict_refused(PK_SIGNATURE_INVALID), false), NULL, PK_OK,
                   &own_way);
    settle();
    assert_int_equal(judged_count, 1);
    assert_next(NULL, "done", "signature-invalid");
}

static void nothing_else_decides_meanwhile(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    verify_held(attempt, valid_for(attempt));
    attempt_next(attempt, PK_NO_DEVICE);
    attempt_refused(attempt, PK_DEVICE_REMOVED);
    attempt_approved(attempt, NULL);
    assert_string_equal(order, "1");
    assert_false(attempt->over);
    let_go();
    assert_told("ok");
}

/* Who left is not signed in, but what was committed is in the log. */
static void who_leaves_meanwhile_is_not_signed_in(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    verify_held(attempt, valid_for(attempt));
    drop_caller();
    assert_int_equal(kind.released, 1);
    assert_int_equal(cleared, 0);
    assert_int_equal(log_count("refused, cancelled"), 1);
    let_go();
    assert_int_equal(cleared, 1);
    assert_int_equal(log_count("nobody waits for it any more: passkey \"blue\""), 1);
    assert_int_equal(decisions(), 1);
}

static void a_code_that_was_used_up_for_who_left_is_in_the_log(void **state)
{
    struct verdict verdict = verdict_refused(PK_ACCOUNT_CHANGED);

    (void)state;
    verdict.code_used = true;
    verify_held(begin(), verdict);
    drop_caller();
    let_go();
    assert_int_equal(log_count("RECOVERY CODE of ? (?) USED, and nobody waits"), 1);
}

static void the_deadline_ends_it_meanwhile(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    verify_held(attempt, valid_for(attempt));
    /* In one step, and without settle(), which would wait for the worker. */
    conversation_set_timeout(attempt->conversation, 0);
    (void)event_base_loop(bare_daemon()->base, EVLOOP_ONCE);
    assert_true(attempt->over);
    let_go();
    assert_told("timeout");
    assert_int_equal(log_count("nobody waits for it any more"), 1);
}

static void a_cancelled_one_is_not_approved(void **state)
{
    struct attempt *attempt = begin();

    (void)state;
    verify_held(attempt, valid_for(attempt));
    cancel();
    let_go();
    assert_told("cancelled");
}

static void what_cannot_be_verified_is_refused_at_once(void **state)
{
    (void)state;
    attempt_verify(begin(), new_check(verdict_refused(PK_OK), false), NULL, PK_OK, &with_ceremony);
    assert_told("challenge-unknown");
    log_forget();
    attempt_verify(begin(), new_check(verdict_refused(PK_OK), false), NULL, PK_DEVICE_ERROR, &plan);
    assert_told("device-error");
    log_forget();
    attempt_verify(begin(), NULL, ceremony_new(CORRELATION, 0), PK_OK, &with_ceremony);
    assert_told("no-memory");
    assert_int_equal(cleared, 2);
}

/* --- more than an owner may have waiting ------------------------------------------------------ */

#define SHARE 2  /* workers for one user, as in jobs.c */
#define MANY  80 /* more than its share and its waiting room */

static enum pk_status block(struct job *job)
{
    char byte = 0;

    (void)job;
    (void)!write(reached[1], &byte, 1);
    (void)!read(gate[0], &byte, 1);
    return PK_OK;
}

static void unblocked(struct job *job, enum pk_status status)
{
    (void)job, (void)status;
}

static void free_blocker(struct job *job)
{
    free(job);
}

static void too_many_at_once_are_refused(void **state)
{
    static const struct job_step steps[] = {{JOB_WORKER, block}, {0}};
    static const struct job_plan blocked = {steps, unblocked, free_blocker};
    struct attempt *attempt = begin();
    char bytes[SHARE];

    (void)state;
    attempt->job_owner = BOB;
    for (unsigned i = 0; i < MANY; i++)
        job_start(bare_daemon()->jobs, calloc(1, sizeof(struct job)), &blocked, BOB);
    /* A worker that began after that would make room: fill it again once both have begun. */
    for (unsigned i = 0; i < SHARE; i++)
        assert_int_equal(read(reached[0], &bytes[i], 1), 1);
    for (unsigned i = 0; i < SHARE; i++)
        job_start(bare_daemon()->jobs, calloc(1, sizeof(struct job)), &blocked, BOB);
    /* The method is told, too: what it counted for the answer is given back. */
    attempt_verify(attempt, new_check(verdict_refused(PK_SIGNATURE_INVALID), false), NULL, PK_OK,
                   &own_way);
    for (unsigned i = 0; i < MANY + SHARE; i++)
        assert_int_equal(write(gate[1], "", 1), 1);
    settle();
    assert_int_equal(judged_count, 1);
    assert_told("limit-exceeded");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_verdict_decides_later),
        TEST(nothing_else_decides_meanwhile),
        TEST(who_leaves_meanwhile_is_not_signed_in),
        TEST(a_code_that_was_used_up_for_who_left_is_in_the_log),
        TEST(the_deadline_ends_it_meanwhile),
        TEST(a_cancelled_one_is_not_approved),
        TEST(what_cannot_be_verified_is_refused_at_once),
        TEST(too_many_at_once_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
