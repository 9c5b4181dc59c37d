/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/request.h"

#include "common/bus/names.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static struct waiting_list requests = LIST_HEAD_INITIALIZER(requests);

static struct call *take_call(struct request *request)
{
    struct call *call = request->waiting.call;

    LIST_REMOVE(&request->waiting, entry);
    request->waiting.call = NULL;
    return call;
}

static void tell_committed(struct request *request, const struct call *call)
{
    if (request->tell && call)
        request->tell(request, call);
    request->tell = NULL;
}

static void on_done(struct job *job, enum pk_status status)
{
    struct request *request = (struct request *)job;
    struct call *call = take_call(request);

    tell_committed(request, call);
    if (status == PK_BUSY)
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "passkeyd has too many calls at once; try again in a moment");
    else
        request->plan->done(request, call, status);
}

/* A step may have read the call until now, though its caller has left the bus. */
static void on_release(struct job *job)
{
    struct request *request = (struct request *)job;

    tell_committed(request, request->waiting.call);
    if (request->plan->clear)
        request->plan->clear(request);
    if (request->waiting.call)
        call_drop(request->waiting.call);
    free(request);
}

void request_start_for(struct daemon *daemon, struct call *call, struct request *request,
                       const struct request_plan *plan, uid_t owner)
{
    if (!request) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        return;
    }
    request->plan = plan;
    request->job_plan = (struct job_plan){plan->steps, on_done, on_release};
    request->daemon = daemon;
    request->waiting.call = call;
    LIST_INSERT_HEAD(&requests, &request->waiting, entry);
    job_start(daemon->jobs, &request->job, &request->job_plan, owner);
}

void request_start(struct daemon *daemon, struct call *call, struct request *request,
                   const struct request_plan *plan)
{
    request_start_for(daemon, call, request, plan, call_owner(call, false));
}

const struct call *request_call(const struct request *request)
{
    return request->waiting.call;
}

enum pk_status request_stored(struct request *request, enum pk_status status)
{
    if (status == PK_STORAGE)
        (void)snprintf(request->store_error, sizeof(request->store_error), "%s", store_error());
    return status;
}

enum pk_status request_committed(struct request *request, enum pk_status status, request_tell *tell)
{
    request->tell = status == PK_OK ? tell : NULL;
    return request_stored(request, status);
}

static void drop_request(struct waiting *waiting)
{
    struct request *request =
        (struct request *)((char *)waiting - offsetof(struct request, waiting));

    LIST_REMOVE(waiting, entry);
    job_cancel(&request->job);
}

void requests_vanished(const char *name)
{
    waiting_drop(&requests, name, drop_request);
}
