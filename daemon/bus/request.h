/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call whose answer takes steps that block (jobs.h). Meanwhile the request holds the call, whose
 * arguments its steps may read; it is dropped when the caller leaves the bus.
 */
#ifndef PASSKEYD_REQUEST_H
#define PASSKEYD_REQUEST_H

#include "daemon/bus/waiting.h"
#include "daemon/daemon.h"
#include "daemon/jobs/jobs.h"
#include "store/store.h"

struct request;

/* Logs, and tells others, what has been committed for that call. */
typedef void request_tell(struct request *request, const struct call *call);

/* Constant, one for each kind of request. */
struct request_plan {
    const struct job_step *steps;
    /* Answers the call, or hands it on; status is as in struct job_plan, but never PK_BUSY. */
    void (*done)(struct request *request, struct call *call, enum pk_status status);
    /* Frees what the members after struct request own. NULL: nothing. */
    void (*clear)(struct request *request);
};

/* The first member of a struct from calloc(), which the request frees. */
struct request {
    struct job job;
    struct job_plan job_plan;
    const struct request_plan *plan;
    struct daemon *daemon;
    struct waiting waiting; /* its call; NULL: handed on */
    request_tell *tell;     /* of what was committed; NULL: nothing was, or it was told */
    char store_error[STORE_ERROR_SIZE]; /* of the step that returned PK_STORAGE */
};

/* Takes the call and the request. NULL: no memory for the request, which is answered. */
void request_start(struct daemon *daemon, struct call *call, struct request *request,
                   const struct request_plan *plan);
/* Likewise, on account of that owner and not of call_owner(). */
void request_start_for(struct daemon *daemon, struct call *call, struct request *request,
                       const struct request_plan *plan, uid_t owner);

/* For the steps: the call whose arguments they read. */
const struct call *request_call(const struct request *request);
/* For a step that used the store: keeps its error for the log. Returns status. */
enum pk_status request_stored(struct request *request, enum pk_status status);
/*
 * The same for the step that changes the store. On PK_OK tell() is called once, before the plan's
 * done(), and also where the caller has left meanwhile and nothing is answered: nobody keeps what
 * they did out of the log by leaving.
 */
enum pk_status request_committed(struct request *request, enum pk_status status,
                                 request_tell *tell);

/* Drops the calls of a connection that left the bus. NULL: all. */
void requests_vanished(const char *name);

#endif
