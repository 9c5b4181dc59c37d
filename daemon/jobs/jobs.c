/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/jobs/jobs.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/*
 * A name service that is away can hold each worker for minutes. The share of an owner is what keeps
 * that from the others. Users have one together besides, since one person may have many uids: what
 * it leaves is enough for root's programs, for strangers and for the daemon itself.
 */
#define WORKERS_MAX    52
#define STACK_SIZE     1048576 /* bytes of address space; a module of the name service may want it */
#define SHARE_USER     2       /* workers for one user's jobs at a time */
#define SHARE_USERS    20      /* for those of all users together */
#define SHARE_OTHERS   8       /* for root's own, for strangers', gateways' and the daemon's */
#define WAITING_USER   64      /* jobs of one user that wait for a worker */
#define WAITING_OTHERS 512

TAILQ_HEAD(job_list, job);

struct worker {
    struct jobs *jobs;
    pthread_t thread;
    struct job *job; /* in progress; NULL: none */
};

struct jobs {
    struct event *event;
    void (*begin)(void);
    int returned_fd; /* an eventfd: something is in the list of that name */
    size_t count;    /* used in the loop alone */

    pthread_mutex_t lock;    /* of all that follows, and of the state and owner of each job */
    pthread_cond_t wanted;   /* a job waits, or the workers are to end */
    pthread_cond_t finished; /* a worker has nothing in progress */
    struct job_list waiting;
    struct job_list returned;
    size_t waiting_count, idle;
    bool ending;
    struct worker workers[WORKERS_MAX];
    size_t worker_count;
};

static bool is_user(uid_t owner)
{
    return owner != 0 && owner != JOB_STRANGERS && owner != JOB_GATEWAY && owner != JOB_DAEMON;
}

static size_t count_running(const struct jobs *jobs, uid_t owner)
{
    size_t count = 0;

    for (size_t i = 0; i < jobs->worker_count; i++)
        count += jobs->workers[i].job && jobs->workers[i].job->owner == owner;
    return count;
}

static size_t count_users(const struct jobs *jobs)
{
    size_t count = 0;

    for (size_t i = 0; i < jobs->worker_count; i++)
        count += jobs->workers[i].job && is_user(jobs->workers[i].job->owner);
    return count;
}

static bool has_share(const struct jobs *jobs, uid_t owner)
{
    if (is_user(owner))
        return count_running(jobs, owner) < SHARE_USER && count_users(jobs) < SHARE_USERS;
    return count_running(jobs, owner) < SHARE_OTHERS;
}

static size_t count_waiting(const struct jobs *jobs, uid_t owner)
{
    const struct job *job;
    size_t count = 0;

    TAILQ_FOREACH(job, &jobs->waiting, entry)
    count += job->owner == owner;
    return count;
}

/* --- workers ---------------------------------------------------------------------------------- */

/* The oldest one whose owner has not got its share already. */
static struct job *find_job(const struct jobs *jobs)
{
    struct job *job;

    TAILQ_FOREACH(job, &jobs->waiting, entry)
    if (has_share(jobs, job->owner))
        return job;
    return NULL;
}

/* Waits for a job. NULL: the worker is to end. With the lock. */
static struct job *take_job(struct jobs *jobs)
{
    struct job *job;

    while (!jobs->ending && !(job = find_job(jobs))) {
        jobs->idle++;
        (void)pthread_cond_wait(&jobs->wanted, &jobs->lock);
        jobs->idle--;
    }
    if (jobs->ending)
        return NULL;
    TAILQ_REMOVE(&jobs->waiting, job, entry);
    jobs->waiting_count--;
    job->state = JOB_RUNNING;
    return job;
}

/*
 * Puts the job where the loop takes it from. With the lock. Whether the loop is to be told, without
 * the lock, which it would wait for: whoever put the one before has told it, or will.
 */
static bool put_returned(struct jobs *jobs, struct job *job)
{
    bool first = TAILQ_EMPTY(&jobs->returned);

    job->state = JOB_RETURNED;
    TAILQ_INSERT_TAIL(&jobs->returned, job, entry);
    return first;
}

static void tell_loop(const struct jobs *jobs)
{
    const uint64_t one = 1;
    ssize_t written;

    do
        written = write(jobs->returned_fd, &one, sizeof(one));
    while (written < 0 && errno == EINTR); /* otherwise its counter is full: the loop knows */
}

/* Steps on a worker that follow each other need not go through the loop. */
static void run_steps(struct job *job)
{
    while (job->next->where == JOB_WORKER && !job->status)
        job->status = (job->next++)->run(job);
}

static void *work(void *data)
{
    struct worker *worker = data;
    struct jobs *jobs = worker->jobs;
    bool first;

    (void)pthread_mutex_lock(&jobs->lock);
    while ((worker->job = take_job(jobs))) {
        (void)pthread_mutex_unlock(&jobs->lock);
        if (jobs->begin)
            jobs->begin();
        run_steps(worker->job);
        (void)pthread_mutex_lock(&jobs->lock);
        first = put_returned(jobs, worker->job);
        worker->job = NULL;
        (void)pthread_cond_signal(&jobs->finished);
        if (first) {
            (void)pthread_mutex_unlock(&jobs->lock);
            tell_loop(jobs);
            (void)pthread_mutex_lock(&jobs->lock);
        }
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

/* With the lock. Signals are for the loop, so a worker begins, and stays, with all blocked. */
static bool add_worker(struct jobs *jobs)
{
    struct worker *worker = &jobs->workers[jobs->worker_count];
    pthread_attr_t attributes;
    sigset_t all, before;
    bool made;

    if (jobs->worker_count == WORKERS_MAX || pthread_attr_init(&attributes))
        return false;
    *worker = (struct worker){.jobs = jobs};
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    made = pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
           pthread_create(&worker->thread, &attributes, work, worker) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    jobs->worker_count += made;
    return made;
}

/* --- the loop --------------------------------------------------------------------------------- */

static void release(struct job *job)
{
    job->jobs->count--;
    job->plan->release(job);
}

/*
 * Waits for a worker. A job that has begun is not refused: only so many can have. Workers that are
 * idle may have been called already, hence one for each job that waits. Without a new one the job
 * waits for one that there is.
 */
static void put_waiting(struct jobs *jobs, struct job *job)
{
    (void)pthread_mutex_lock(&jobs->lock);
    job->state = JOB_WAITING;
    TAILQ_INSERT_TAIL(&jobs->waiting, job, entry);
    jobs->waiting_count++;
    if (jobs->waiting_count > jobs->idle)
        (void)add_worker(jobs);
    (void)pthread_mutex_unlock(&jobs->lock);
    (void)pthread_cond_signal(&jobs->wanted); /* who wakes up wants the lock */
}

/* Goes on with a job that no worker has. */
static void advance(struct jobs *jobs, struct job *job)
{
    while (!job->cancelled && !job->status && job->next->where == JOB_LOOP)
        job->status = (job->next++)->run(job);
    if (!job->cancelled && !job->status && job->next->where == JOB_WORKER) {
        put_waiting(jobs, job);
        return;
    }
    if (!job->cancelled) {
        job->state = JOB_DONE;
        job->plan->done(job, job->status);
    }
    release(job);
}

static struct job *take_returned(struct jobs *jobs)
{
    struct job *job;

    (void)pthread_mutex_lock(&jobs->lock);
    job = TAILQ_FIRST(&jobs->returned);
    if (job)
        TAILQ_REMOVE(&jobs->returned, job, entry);
    (void)pthread_mutex_unlock(&jobs->lock);
    return job;
}

static void on_returned(evutil_socket_t fd, short what, void *data)
{
    struct jobs *jobs = data;
    struct job *job;
    uint64_t count;

    (void)what;
    (void)!read(fd, &count, sizeof(count));
    while ((job = take_returned(jobs)))
        advance(jobs, job);
}

void job_start(struct jobs *jobs, struct job *job, const struct job_plan *plan, uid_t owner)
{
    bool first = false;

    *job = (struct job){.jobs = jobs, .plan = plan, .owner = owner, .next = plan->steps};
    jobs->count++;
    (void)pthread_mutex_lock(&jobs->lock);
    if (count_waiting(jobs, owner) >= (is_user(owner) ? WAITING_USER : WAITING_OTHERS))
        job->status = PK_BUSY;
    if (job->status || job->next->where != JOB_WORKER)
        first = put_returned(jobs, job);
    (void)pthread_mutex_unlock(&jobs->lock);
    if (first)
        tell_loop(jobs);
    if (job->state != JOB_RETURNED)
        put_waiting(jobs, job);
}

void job_cancel(struct job *job)
{
    struct jobs *jobs = job->jobs;
    bool waits;

    if (job->cancelled)
        return;
    (void)pthread_mutex_lock(&jobs->lock);
    waits = job->state == JOB_WAITING;
    if (waits) {
        TAILQ_REMOVE(&jobs->waiting, job, entry);
        jobs->waiting_count--;
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    job->cancelled = true;
    if (waits)
        release(job);
}

size_t jobs_count(const struct jobs *jobs)
{
    return jobs->count;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void clear(struct jobs *jobs)
{
    if (jobs->event)
        event_free(jobs->event);
    if (jobs->returned_fd >= 0)
        (void)close(jobs->returned_fd);
    (void)pthread_cond_destroy(&jobs->finished);
    (void)pthread_cond_destroy(&jobs->wanted);
    (void)pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}

/* Ends the idle workers, and waits until that time for the others. false: not all have returned. */
static bool end_workers(struct jobs *jobs, const struct timespec *until)
{
    bool running = true;
    int error = 0;

    (void)pthread_mutex_lock(&jobs->lock);
    jobs->ending = true;
    (void)pthread_cond_broadcast(&jobs->wanted);
    while (running && error != ETIMEDOUT) {
        running = false;
        for (size_t i = 0; i < jobs->worker_count; i++)
            running = running || jobs->workers[i].job;
        if (running)
            error = pthread_cond_timedwait(&jobs->finished, &jobs->lock, until);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; !running && i < jobs->worker_count; i++)
        (void)pthread_join(jobs->workers[i].thread, NULL);
    return !running;
}

bool jobs_free(struct jobs *jobs, unsigned seconds)
{
    struct timespec until;
    struct job *job;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    if (!end_workers(jobs, &until))
        return false;
    TAILQ_CONCAT(&jobs->returned, &jobs->waiting, entry);
    while ((job = take_returned(jobs)))
        release(job);
    clear(jobs);
    return true;
}

void jobs_begin_with(struct jobs *jobs, void (*begin)(void))
{
    jobs->begin = begin;
}

struct jobs *jobs_new(struct event_base *base)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));
    bool works;

    if (!jobs)
        return NULL;
    TAILQ_INIT(&jobs->waiting);
    TAILQ_INIT(&jobs->returned);
    (void)pthread_mutex_init(&jobs->lock, NULL);
    (void)pthread_cond_init(&jobs->wanted, NULL);
    (void)pthread_cond_init(&jobs->finished, NULL);
    jobs->returned_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (jobs->returned_fd >= 0)
        jobs->event = event_new(base, jobs->returned_fd, EV_READ | EV_PERSIST, on_returned, jobs);
    works = jobs->event && event_add(jobs->event, NULL) == 0;
    (void)pthread_mutex_lock(&jobs->lock);
    works = works && add_worker(jobs);
    (void)pthread_mutex_unlock(&jobs->lock);
    if (works)
        return jobs;
    clear(jobs);
    return NULL;
}
