/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call whose answer takes steps: what becomes of it, and of what was committed for it, however
 * early its caller leaves. A worker is held by a pipe that it reads from, never by time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/bus/request.h"
#include "tests/unit/fake_bus.h"

#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALICE   1000
#define CALLER  ":1.7"
#define ANOTHER ":1.8"

/* As jobs.c has them. */
#define SHARE_USER   2
#define WAITING_USER 64
#define STOP_SECONDS 60 /* more than any step takes, on any machine */

static struct daemon passkeyd;
static int gate[2];    /* a step that is held reads a byte of it */
static int reached[2]; /* and has written one to this before */

/* What became of the last trial, and of all of them. */
static struct {
    char order[32]; /* T told, D done, C cleared, R its call released */
    enum pk_status status;
    char told[32], error[STORE_ERROR_SIZE];
    unsigned released;
} seen;

struct trial {
    struct request request;
    enum pk_status commits, goes_on; /* what its steps return */
    unsigned steps;
    struct call **takes; /* the call is handed on to there */
};

static struct trial *trial_of(void *first_member)
{
    return first_member;
}

static void note(char letter)
{
    size_t length = strlen(seen.order);

    if (length < sizeof(seen.order) - 1)
        seen.order[length] = letter;
}

static const char *name_of(const struct call *call)
{
    return call->arguments.items[0].text;
}

/* --- the request ------------------------------------------------------------------------------ */

static void tell(struct request *request, const struct call *call)
{
    (void)request;
    note('T');
    (void)snprintf(seen.told, sizeof(seen.told), "%s", name_of(call));
}

static void done(struct request *request, struct call *call, enum pk_status status)
{
    const struct trial *trial = trial_of(request);
    struct value result = value_body();

    note('D');
    seen.status = status;
    (void)snprintf(seen.error, sizeof(seen.error), "%s", request->store_error);
    if (trial->takes)
        *trial->takes = call;
    else
        call_reply(call, &result);
}

static void clear(struct request *request)
{
    (void)request;
    note('C');
}

static void release_call(struct call *call)
{
    (void)call;
    seen.released++;
    note('R');
}

static enum pk_status commit(struct job *job)
{
    struct trial *trial = trial_of(job);

    trial->steps++;
    store_set_error("%s", "disk I/O error");
    return request_committed(&trial->request, trial->commits, tell);
}

static enum pk_status held_commit(struct job *job)
{
    char byte = 0;

    (void)!write(reached[1], &byte, 1);
    (void)!read(gate[0], &byte, 1);
    return commit(job);
}

static enum pk_status look(struct job *job)
{
    struct trial *trial = trial_of(job);

    trial->steps++;
    store_set_error("%s", "disk I/O error");
    return request_stored(&trial->request, trial->goes_on);
}

static enum pk_status in_loop(struct job *job)
{
    return trial_of(job)->goes_on;
}

static const struct job_step commit_steps[] = {{JOB_WORKER, commit}, {JOB_LOOP, in_loop}, {0}};
static const struct job_step held_steps[] = {{JOB_WORKER, held_commit}, {JOB_LOOP, in_loop}, {0}};
static const struct job_step look_steps[] = {{JOB_WORKER, look}, {0}};
static const struct request_plan commits = {commit_steps, done, clear};
static const struct request_plan holds = {held_steps, done, clear};
static const struct request_plan looks = {look_steps, done, clear};
static const struct request_plan owns_nothing = {look_steps, done, NULL};

/* --- the test --------------------------------------------------------------------------------- */

static struct trial *new_trial(void)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert_non_null(trial);
    return trial;
}

static struct call *new_call(const char *sender)
{
    struct call *call = fake_call(ALICE, sender, "alice");

    call->release = release_call;
    return call;
}

static void start(struct trial *trial, const struct request_plan *plan, const char *sender)
{
    request_start(&passkeyd, new_call(sender), &trial->request, plan);
}

static void start_many(unsigned count, const struct request_plan *plan, const char *sender)
{
    for (unsigned i = 0; i < count; i++)
        start(new_trial(), plan, sender);
}

/* Until so many are left. */
static void run_until(size_t count)
{
    while (jobs_count(passkeyd.jobs) > count)
        assert_int_equal(event_base_loop(passkeyd.base, EVLOOP_ONCE), 0);
}

static void run(void)
{
    run_until(0);
}

static void wait_held(unsigned count)
{
    char byte;

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(read(reached[0], &byte, 1), 1);
}

static bool more_are_held(void)
{
    struct pollfd poll_fd = {.fd = reached[0], .events = POLLIN};

    return poll(&poll_fd, 1, 0) > 0;
}

static void let_go(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(write(gate[1], "", 1), 1);
}

static void assert_answered(unsigned replies, unsigned errors)
{
    assert_int_equal(fake_end.replies, replies);
    assert_int_equal(fake_end.errors, errors);
}

static int set_up(void **state)
{
    (void)state;
    seen = (typeof(seen)){0};
    fake_bus_reset();
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(pipe(reached), 0);
    passkeyd.base = event_base_new();
    passkeyd.jobs = jobs_new(passkeyd.base);
    assert_non_null(passkeyd.jobs);
    return 0;
}

/* As the daemon ends. */
static void end(void)
{
    requests_vanished(NULL);
    assert_true(jobs_free(passkeyd.jobs, STOP_SECONDS));
    passkeyd.jobs = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    if (passkeyd.jobs)
        end();
    event_base_free(passkeyd.base);
    for (int i = 0; i < 2; i++) {
        (void)close(gate[i]);
        (void)close(reached[i]);
    }
    return 0;
}

/* --- a caller that stays ---------------------------------------------------------------------- */

static void a_call_is_answered_after_its_steps(void **state)
{
    struct trial *trial = new_trial();

    (void)state;
    start(trial, &looks, CALLER);
    assert_string_equal(name_of(request_call(&trial->request)), "alice");
    assert_string_equal(seen.order, ""); /* not from within */
    run();
    assert_string_equal(seen.order, "DRC");
    assert_int_equal(seen.status, PK_OK);
    assert_string_equal(seen.error, "");
    assert_answered(1, 0);
}

static void a_request_may_own_nothing(void **state)
{
    (void)state;
    start(new_trial(), &owns_nothing, CALLER);
    run();
    assert_string_equal(seen.order, "DR");
}

static void what_was_committed_is_told_before_the_answer(void **state)
{
    (void)state;
    start(new_trial(), &commits, CALLER);
    run();
    assert_string_equal(seen.order, "TDRC");
    assert_string_equal(seen.told, "alice");
    assert_answered(1, 0);
}

static void it_is_told_where_a_later_step_fails(void **state)
{
    struct trial *trial = new_trial();

    (void)state;
    trial->goes_on = PK_NO_MEMORY;
    start(trial, &commits, CALLER);
    run();
    assert_string_equal(seen.order, "TDRC");
    assert_int_equal(seen.status, PK_NO_MEMORY);
}

static void what_was_not_committed_is_not_told(void **state)
{
    struct trial *trial = new_trial();

    (void)state;
    trial->commits = PK_NOT_FOUND;
    start(trial, &commits, CALLER);
    run();
    assert_string_equal(seen.order, "DRC");
    assert_int_equal(seen.status, PK_NOT_FOUND);
    assert_string_equal(seen.error, ""); /* the store did not fail */
}

/* The text is the worker's, and done() is called in the loop. */
static void the_stores_error_is_kept(void **state)
{
    struct trial *trial = new_trial();

    (void)state;
    trial->commits = PK_STORAGE;
    start(trial, &commits, CALLER);
    run();
    assert_string_equal(seen.order, "DRC");
    assert_string_equal(seen.error, "disk I/O error");
    seen = (typeof(seen)){0};
    trial = new_trial();
    trial->goes_on = PK_STORAGE;
    start(trial, &looks, CALLER);
    run();
    assert_int_equal(seen.status, PK_STORAGE);
    assert_string_equal(seen.error, "disk I/O error");
}

/* Whoever has it then says what becomes of it. */
static void a_call_that_was_handed_on_is_no_longer_the_requests(void **state)
{
    struct trial *trial = new_trial();
    struct call *call = NULL;

    (void)state;
    trial->takes = &call;
    start(trial, &commits, CALLER);
    run();
    assert_string_equal(seen.order, "TDC");
    requests_vanished(CALLER);
    assert_non_null(call);
    assert_int_equal(seen.released, 0);
    assert_answered(0, 0);
    call_drop(call);
}

/* --- a caller that leaves --------------------------------------------------------------------- */

static void nobody_keeps_what_they_did_out_of_the_log_by_leaving(void **state)
{
    (void)state;
    start(new_trial(), &holds, CALLER);
    wait_held(1);
    requests_vanished(CALLER);
    assert_int_equal(seen.released, 0); /* the step may read it */
    let_go(1);
    run();
    assert_string_equal(seen.order, "TCR");
    assert_string_equal(seen.told, "alice");
    assert_answered(0, 0);
}

static void who_left_before_it_failed_did_nothing(void **state)
{
    struct trial *trial = new_trial();

    (void)state;
    trial->commits = PK_STORAGE;
    start(trial, &holds, CALLER);
    wait_held(1);
    requests_vanished(CALLER);
    let_go(1);
    run();
    assert_string_equal(seen.order, "CR");
    assert_answered(0, 0);
}

/* Its step has returned, since others have its user's share; the loop has not heard of it yet. */
static void what_has_just_been_committed_is_told_as_well(void **state)
{
    (void)state;
    start(new_trial(), &commits, CALLER);
    start_many(SHARE_USER, &holds, ANOTHER);
    wait_held(SHARE_USER);
    requests_vanished(CALLER);
    assert_string_equal(seen.order, "");
    run_until(SHARE_USER);
    assert_string_equal(seen.order, "TCR");
    let_go(SHARE_USER);
    run();
    assert_answered(SHARE_USER, 0);
}

static void what_waits_is_dropped_at_once(void **state)
{
    (void)state;
    start_many(SHARE_USER, &holds, ANOTHER);
    wait_held(SHARE_USER);
    start(new_trial(), &commits, CALLER);
    requests_vanished(CALLER);
    assert_string_equal(seen.order, "CR"); /* and nothing of its steps */
    assert_int_equal(jobs_count(passkeyd.jobs), SHARE_USER);
    let_go(SHARE_USER);
    run();
    assert_answered(SHARE_USER, 0);
}

static void all_that_they_asked_goes_and_nobody_elses(void **state)
{
    (void)state;
    start_many(SHARE_USER, &holds, CALLER);
    wait_held(SHARE_USER);
    start(new_trial(), &looks, CALLER);
    start(new_trial(), &looks, ANOTHER);
    start(new_trial(), &looks, CALLER);
    requests_vanished(CALLER);
    assert_int_equal(seen.released, 2);
    let_go(SHARE_USER);
    run();
    assert_int_equal(seen.released, 5);
    assert_answered(1, 0);
}

static void at_the_end_all_are_dropped_and_what_was_committed_is_told(void **state)
{
    (void)state;
    start_many(SHARE_USER, &holds, CALLER);
    wait_held(SHARE_USER);
    start(new_trial(), &commits, ANOTHER);
    requests_vanished(NULL);
    assert_string_equal(seen.order, "CR"); /* what waited */
    let_go(SHARE_USER);
    end();
    assert_string_equal(seen.order, "CRTCRTCR");
    assert_int_equal(seen.released, 3);
    assert_answered(0, 0);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void too_many_are_refused(void **state)
{
    (void)state;
    start_many(SHARE_USER, &holds, CALLER);
    wait_held(SHARE_USER);
    start_many(WAITING_USER, &looks, CALLER);
    start(new_trial(), &looks, CALLER);
    run_until(SHARE_USER + WAITING_USER);
    assert_string_equal(seen.order, "RC");
    assert_answered(0, 1);
    assert_string_equal(fake_end.error, PK_BUS_ERROR_LIMIT_EXCEEDED);
    let_go(SHARE_USER);
    run();
    assert_answered(SHARE_USER + WAITING_USER, 1);
}

static void no_memory_is_an_answer(void **state)
{
    (void)state;
    request_start(&passkeyd, new_call(CALLER), NULL, &looks);
    assert_string_equal(seen.order, "R");
    assert_answered(0, 1);
    assert_string_equal(fake_end.error, PK_BUS_ERROR_INTERNAL);
    assert_int_equal(jobs_count(passkeyd.jobs), 0);
}

/* A user's requests wait for each other, unless they are on account of somebody else. */
static void each_is_on_account_of_its_owner(void **state)
{
    struct trial *other = new_trial();

    (void)state;
    start_many(SHARE_USER, &holds, CALLER);
    wait_held(SHARE_USER);
    start(new_trial(), &holds, CALLER);
    request_start_for(&passkeyd, new_call(CALLER), &other->request, &holds, JOB_STRANGERS);
    wait_held(1);
    assert_false(more_are_held());
    assert_int_equal(other->steps, 0);
    let_go(1 + SHARE_USER);
    wait_held(1);
    let_go(1);
    run();
    assert_answered(SHARE_USER + 2, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_call_is_answered_after_its_steps),
        TEST(a_request_may_own_nothing),
        TEST(what_was_committed_is_told_before_the_answer),
        TEST(it_is_told_where_a_later_step_fails),
        TEST(what_was_not_committed_is_not_told),
        TEST(the_stores_error_is_kept),
        TEST(a_call_that_was_handed_on_is_no_longer_the_requests),
        TEST(nobody_keeps_what_they_did_out_of_the_log_by_leaving),
        TEST(who_left_before_it_failed_did_nothing),
        TEST(what_has_just_been_committed_is_told_as_well),
        TEST(what_waits_is_dropped_at_once),
        TEST(all_that_they_asked_goes_and_nobody_elses),
        TEST(at_the_end_all_are_dropped_and_what_was_committed_is_told),
        TEST(too_many_are_refused),
        TEST(no_memory_is_an_answer),
        TEST(each_is_on_account_of_its_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
