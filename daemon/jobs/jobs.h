/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work that can block, on worker threads, so that the event loop never waits: for the name service,
 * the store, a signature, a file. A job is a table of steps that reads from top to bottom; each
 * runs on a worker or in the loop, one after the other.
 *
 * A step on a worker touches nothing but what the job owns, and what never changes while the daemon
 * runs. Everything else, the configuration above all, is read and changed in the loop alone.
 */
#ifndef PASSKEYD_JOBS_H
#define PASSKEYD_JOBS_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/types.h>

struct event_base;
struct job;
struct jobs;

/* People at other hosts who have not said yet who they are: together one owner. */
#define JOB_STRANGERS ((uid_t)-1)
/* Who uses web applications: together one owner, whichever uid the gateway has. */
#define JOB_GATEWAY ((uid_t)-3)
/* The daemon itself, for what all calls may have to wait for; no uid of anybody's. */
#define JOB_DAEMON ((uid_t)-2)

enum job_where {
    JOB_END, /* after the last step */
    JOB_LOOP,
    JOB_WORKER,
};

struct job_step {
    enum job_where where;
    enum pk_status (*run)(struct job *job);
};

/* Constant, one for each kind of job. */
struct job_plan {
    const struct job_step *steps; /* up to {JOB_END} */
    /*
     * In the loop, once, unless the job was cancelled: PK_OK after the last step, otherwise what
     * the first step returned that did not return PK_OK, and no other step was begun. PK_BUSY: the
     * owner has too many jobs waiting, and no step was begun.
     */
    void (*done)(struct job *job, enum pk_status status);
    /* In the loop, once, last, when no worker has it any more: frees it. */
    void (*release)(struct job *job);
};

enum job_state {
    JOB_WAITING,  /* for a worker */
    JOB_RUNNING,  /* on a worker */
    JOB_RETURNED, /* to be continued by the loop */
    JOB_DONE,     /* done() was called */
};

/* The first member of a struct that holds what the job owns. Its members are for jobs.c. */
struct job {
    TAILQ_ENTRY(job) entry;
    struct jobs *jobs;
    const struct job_plan *plan;
    uid_t owner;
    const struct job_step *next;
    enum pk_status status;
    enum job_state state;
    bool cancelled; /* read and written in the loop alone */
};

/*
 * Workers are started when they are needed, up to a number. An owner's jobs occupy only a few of
 * them (jobs.c); its others wait, and only so many. NULL: no memory, or not even one thread.
 */
struct jobs *jobs_new(struct event_base *base) PK_WARN_UNUSED;

/*
 * To be called on a worker before the steps of a job that follow each other there, such as to limit
 * how long they take. Before the first job.
 */
void jobs_begin_with(struct jobs *jobs, void (*begin)(void));

/*
 * Releases what waits, and gives what runs that many seconds to return; then frees everything.
 * false: a worker is still stuck in a call and nothing was freed: the process must end without
 * touching what a job may use, by _exit().
 */
bool jobs_free(struct jobs *jobs, unsigned seconds) PK_WARN_UNUSED;

/*
 * Starts the job, which is all zero but for what its steps need. It always ends with release();
 * neither that nor done() is called from within.
 */
void job_start(struct jobs *jobs, struct job *job, const struct job_plan *plan, uid_t owner);

/*
 * Forgets the job: done() and no further step will be called. release() is called at once or,
 * where a worker has it, when the step in progress has returned. After done() it does nothing.
 */
void job_cancel(struct job *job);

/* How many jobs were started and are not released yet. */
size_t jobs_count(const struct jobs *jobs);

#endif
