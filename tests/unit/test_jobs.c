/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool of workers. A worker is held by a pipe that it reads from, never by time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/jobs/jobs.h"

#include <event2/event.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALICE 1000
#define BOB   1001
#define CAROL 1002

/* As jobs.c has them. */
#define SHARE_USER   2
#define SHARE_USERS  20
#define SHARE_OTHERS 8
#define WAITING_USER 64
#define STOP_SECONDS 60 /* more than any step takes, on any machine */

static struct event_base *base;
static struct jobs *jobs;
static pthread_t loop_thread;
static int gate[2];    /* a step that is held reads a byte of it */
static int reached[2]; /* and has written one to this before */
static unsigned released;
static char order[512]; /* the letters of the jobs that were done */

struct trial {
    struct job job;
    char letter;
    char steps[16];       /* what was run: W on a worker, L in the loop */
    enum pk_status fails; /* of the second step */
    bool right_threads;
    bool blocked_signals;
    unsigned done;
    enum pk_status status;
    struct trial *cancels; /* cancelled by a step in the loop, or by done() */
    bool kept;             /* not freed by release() */
};

static struct trial *trial_of(struct job *job)
{
    return (struct trial *)job;
}

static void note(struct trial *trial, char letter, bool in_loop)
{
    trial->steps[strlen(trial->steps)] = letter;
    trial->right_threads &= (pthread_equal(pthread_self(), loop_thread) != 0) == in_loop;
}

static enum pk_status on_worker(struct job *job)
{
    struct trial *trial = trial_of(job);
    sigset_t blocked;

    note(trial, 'W', false);
    (void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    trial->blocked_signals = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP) &&
                             sigismember(&blocked, SIGCHLD);
    return PK_OK;
}

static enum pk_status held(struct job *job)
{
    char byte = 0;

    note(trial_of(job), 'W', false);
    (void)!write(reached[1], &byte, 1);
    (void)!read(gate[0], &byte, 1);
    return PK_OK;
}

static enum pk_status in_loop(struct job *job)
{
    struct trial *trial = trial_of(job);

    note(trial, 'L', true);
    if (trial->cancels)
        job_cancel(&trial->cancels->job);
    return trial->fails;
}

static void done(struct job *job, enum pk_status status)
{
    struct trial *trial = trial_of(job);

    trial->done++;
    trial->status = status;
    trial->right_threads &= pthread_equal(pthread_self(), loop_thread) != 0;
    if (strlen(order) < sizeof(order) - 1)
        order[strlen(order)] = trial->letter;
    if (trial->cancels)
        job_cancel(&trial->cancels->job);
}

static void release(struct job *job)
{
    struct trial *trial = trial_of(job);

    released++;
    if (!trial->kept)
        free(trial);
}

static const struct job_step mixed_steps[] = {{JOB_WORKER, on_worker}, {JOB_LOOP, in_loop},
                                              {JOB_WORKER, on_worker}, {JOB_WORKER, on_worker},
                                              {JOB_LOOP, in_loop},     {0}};
static const struct job_step loop_first_steps[] = {
    {JOB_LOOP, in_loop}, {JOB_WORKER, on_worker}, {0}};
static const struct job_step quick_steps[] = {{JOB_WORKER, on_worker}, {0}};
static const struct job_step held_steps[] = {{JOB_WORKER, held}, {0}};
static const struct job_step held_then_loop_steps[] = {
    {JOB_WORKER, held}, {JOB_LOOP, in_loop}, {0}};
static const struct job_step no_steps[] = {{0}};

static const struct job_plan mixed = {mixed_steps, done, release};
static const struct job_plan loop_first = {loop_first_steps, done, release};
static const struct job_plan quick = {quick_steps, done, release};
static const struct job_plan hold = {held_steps, done, release};
static const struct job_plan hold_then_loop = {held_then_loop_steps, done, release};
static const struct job_plan nothing = {no_steps, done, release};

static struct trial new_trial(void)
{
    return (struct trial){.letter = 'x', .right_threads = true, .kept = true};
}

static void start_free(const struct job_plan *plan, uid_t owner, char letter)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert_non_null(trial);
    trial->letter = letter;
    job_start(jobs, &trial->job, plan, owner);
}

static void start_many(const struct job_plan *plan, uid_t owner, char letter, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        start_free(plan, owner, letter);
}

/* Until so many jobs are left. */
static void run_until(size_t count)
{
    while (jobs_count(jobs) > count)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static void run(void)
{
    run_until(0);
}

/* Waits until so many more workers are held. */
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

static int set_up(void **state)
{
    (void)state;
    released = 0;
    memset(order, 0, sizeof(order));
    loop_thread = pthread_self();
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(pipe(reached), 0);
    base = event_base_new();
    jobs = jobs_new(base);
    assert_non_null(jobs);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (jobs)
        assert_true(jobs_free(jobs, STOP_SECONDS));
    event_base_free(base);
    for (int i = 0; i < 2; i++) {
        (void)close(gate[i]);
        (void)close(reached[i]);
    }
    return 0;
}

static void steps_run_in_their_order_each_where_it_belongs(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    job_start(jobs, &trial.job, &mixed, ALICE);
    assert_int_equal(trial.done, 0);
    run();
    assert_string_equal(trial.steps, "WLWWL");
    assert_true(trial.right_threads);
    assert_true(trial.blocked_signals);
    assert_int_equal(trial.done, 1);
    assert_int_equal(trial.status, PK_OK);
    assert_int_equal(released, 1);
}

static void nothing_is_called_from_within_start(void **state)
{
    struct trial first = new_trial(), second = new_trial();

    (void)state;
    job_start(jobs, &first.job, &loop_first, ALICE);
    job_start(jobs, &second.job, &nothing, ALICE);
    assert_string_equal(first.steps, "");
    assert_int_equal(second.done, 0);
    run();
    assert_string_equal(first.steps, "LW");
    assert_int_equal(first.done, 1);
    assert_int_equal(second.done, 1);
    assert_int_equal(released, 2);
}

static void a_step_that_fails_is_the_last(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    trial.fails = PK_STORAGE;
    job_start(jobs, &trial.job, &mixed, ALICE);
    run();
    assert_string_equal(trial.steps, "WL");
    assert_int_equal(trial.done, 1);
    assert_int_equal(trial.status, PK_STORAGE);
}

/* --- cancelling ------------------------------------------------------------------------------- */

static void a_job_that_waits_is_released_at_once(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    start_many(&hold, ALICE, 'h', SHARE_USER);
    wait_held(SHARE_USER);
    job_start(jobs, &trial.job, &quick, ALICE);
    job_cancel(&trial.job);
    assert_int_equal(released, 1);
    let_go(SHARE_USER);
    run();
    assert_string_equal(trial.steps, "");
    assert_int_equal(trial.done, 0);
}

static void a_job_on_a_worker_is_released_when_its_step_has_returned(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    job_start(jobs, &trial.job, &hold_then_loop, ALICE);
    wait_held(1);
    job_cancel(&trial.job);
    job_cancel(&trial.job);
    assert_int_equal(released, 0);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(released, 0);
    let_go(1);
    run();
    assert_string_equal(trial.steps, "W");
    assert_int_equal(trial.done, 0);
    assert_int_equal(released, 1);
}

static void a_job_that_has_returned_goes_no_further(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    job_start(jobs, &trial.job, &loop_first, ALICE);
    job_cancel(&trial.job);
    assert_int_equal(released, 0);
    run();
    assert_string_equal(trial.steps, "");
    assert_int_equal(trial.done, 0);
    assert_int_equal(released, 1);
}

static void a_step_in_the_loop_can_cancel_its_own_job(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    trial.cancels = &trial;
    job_start(jobs, &trial.job, &mixed, ALICE);
    run();
    assert_string_equal(trial.steps, "WL");
    assert_int_equal(trial.done, 0);
    assert_int_equal(released, 1);
}

static void a_job_can_cancel_another_that_has_returned(void **state)
{
    struct trial first = new_trial(), second = new_trial();

    (void)state;
    first.cancels = &second;
    job_start(jobs, &first.job, &loop_first, ALICE);
    job_start(jobs, &second.job, &loop_first, ALICE);
    run();
    assert_int_equal(first.done, 1);
    assert_string_equal(second.steps, "");
    assert_int_equal(second.done, 0);
    assert_int_equal(released, 2);
}

static void done_may_cancel_what_is_done(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    trial.cancels = &trial;
    job_start(jobs, &trial.job, &quick, ALICE);
    run();
    assert_int_equal(trial.done, 1);
    assert_int_equal(released, 1);
}

/* --- shares ----------------------------------------------------------------------------------- */

static void one_users_jobs_hold_up_nobody_else(void **state)
{
    struct trial trial = new_trial();

    (void)state;
    start_many(&hold, BOB, 'b', 10);
    wait_held(SHARE_USER);
    job_start(jobs, &trial.job, &mixed, ALICE);
    run_until(10);
    assert_int_equal(trial.done, 1);
    assert_false(more_are_held());
    let_go(10);
    run();
    assert_string_equal(order, "xbbbbbbbbbb");
}

static void strangers_hold_up_neither_root_nor_users(void **state)
{
    (void)state;
    start_many(&hold, JOB_STRANGERS, 's', 110);
    start_free(&quick, 0, 'r');
    start_free(&quick, ALICE, 'a');
    run_until(110);
    assert_int_equal(strlen(order), 2);
    let_go(110);
    run();
    assert_int_equal(strlen(order), 112);
}

/* It has workers of its own, and takes none of anybody else's. */
static void a_gateway_holds_up_nobody_else(void **state)
{
    (void)state;
    start_many(&hold, JOB_GATEWAY, 'g', 110);
    wait_held(SHARE_OTHERS);
    start_free(&quick, 0, 'r');
    start_free(&quick, ALICE, 'a');
    start_free(&quick, JOB_STRANGERS, 's');
    start_free(&quick, JOB_DAEMON, 'd');
    run_until(110);
    assert_int_equal(strlen(order), 4);
    assert_false(more_are_held());
    let_go(110);
    run();
    assert_int_equal(strlen(order), 114);
}

/* One person may have many uids. */
static void users_together_hold_up_neither_root_nor_strangers(void **state)
{
    const unsigned users = 2 * SHARE_USERS;

    (void)state;
    for (unsigned i = 0; i < users; i++)
        start_many(&hold, BOB + i, 'b', SHARE_USER);
    wait_held(SHARE_USERS);
    start_many(&hold, JOB_STRANGERS, 's', SHARE_OTHERS);
    wait_held(SHARE_OTHERS);
    start_many(&hold, 0, 'r', SHARE_OTHERS);
    wait_held(SHARE_OTHERS);
    start_free(&quick, JOB_DAEMON, 'd');
    run_until(users * SHARE_USER + 2 * SHARE_OTHERS);
    assert_string_equal(order, "d");
    assert_false(more_are_held());
    let_go(users * SHARE_USER + 2 * SHARE_OTHERS);
    run();
}

static void the_jobs_of_one_owner_keep_their_order(void **state)
{
    (void)state;
    start_many(&hold, BOB, 'h', SHARE_USER);
    wait_held(SHARE_USER);
    for (const char *letter = "abcde"; *letter; letter++)
        start_free(&quick, BOB, *letter);
    let_go(1); /* one worker is left to them */
    run_until(1);
    assert_string_equal(order, "habcde");
    let_go(1);
    run();
}

static void too_many_that_wait_are_refused(void **state)
{
    struct trial refused = new_trial(), other = new_trial();

    (void)state;
    start_many(&hold, BOB, 'b', SHARE_USER);
    wait_held(SHARE_USER);
    start_many(&hold, BOB, 'b', WAITING_USER);
    job_start(jobs, &refused.job, &quick, BOB);
    assert_int_equal(refused.done, 0);
    job_start(jobs, &other.job, &quick, CAROL);
    run_until(SHARE_USER + WAITING_USER);
    assert_int_equal(refused.done, 1);
    assert_int_equal(refused.status, PK_BUSY);
    assert_string_equal(refused.steps, "");
    assert_int_equal(other.status, PK_OK);
    let_go(SHARE_USER + WAITING_USER);
    run();
}

/* --- the end ---------------------------------------------------------------------------------- */

static void at_the_end_what_waits_is_released_and_what_runs_is_waited_for(void **state)
{
    (void)state;
    start_many(&hold, BOB, 'b', 10);
    start_free(&loop_first, ALICE, 'a');
    wait_held(SHARE_USER);
    let_go(10);
    assert_true(jobs_free(jobs, STOP_SECONDS));
    jobs = NULL;
    assert_int_equal(released, 11);
    assert_string_equal(order, "");
}

static void a_worker_that_is_stuck_is_reported_at_the_end(void **state)
{
    static struct trial trial; /* until tear_down() */

    (void)state;
    trial = new_trial();
    job_start(jobs, &trial.job, &hold, BOB);
    wait_held(1);
    assert_false(jobs_free(jobs, 0));
    assert_int_equal(released, 0);
    let_go(1); /* tear_down() then frees all */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(steps_run_in_their_order_each_where_it_belongs),
        TEST(nothing_is_called_from_within_start),
        TEST(a_step_that_fails_is_the_last),
        TEST(a_job_that_waits_is_released_at_once),
        TEST(a_job_on_a_worker_is_released_when_its_step_has_returned),
        TEST(a_job_that_has_returned_goes_no_further),
        TEST(a_step_in_the_loop_can_cancel_its_own_job),
        TEST(a_job_can_cancel_another_that_has_returned),
        TEST(done_may_cancel_what_is_done),
        TEST(one_users_jobs_hold_up_nobody_else),
        TEST(strangers_hold_up_neither_root_nor_users),
        TEST(a_gateway_holds_up_nobody_else),
        TEST(users_together_hold_up_neither_root_nor_strangers),
        TEST(the_jobs_of_one_owner_keep_their_order),
        TEST(too_many_that_wait_are_refused),
        TEST(at_the_end_what_waits_is_released_and_what_runs_is_waited_for),
        TEST(a_worker_that_is_stuck_is_reported_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
