/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/arrivals.h"

#include "daemon/accounts/account_watch.h"
#include "daemon/bus/call.h"
#include "daemon/bus/methods.h"
#include "daemon/daemon.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct arrival {
    TAILQ_ENTRY(arrival) entry;
    struct call *call;
    uint64_t look; /* that it waits for */
};

/* In the order that they came in. */
static TAILQ_HEAD(, arrival) arrivals = TAILQ_HEAD_INITIALIZER(arrivals);

static struct call *take(struct arrival *arrival)
{
    struct call *call = arrival->call;

    TAILQ_REMOVE(&arrivals, arrival, entry);
    free(arrival);
    return call;
}

void arrivals_receive(struct daemon *daemon, struct call *call)
{
    uint64_t look = daemon->account_watch ? account_watch_catch_up(daemon->account_watch) : 0;
    struct arrival *arrival;

    if (look == 0) {
        methods_dispatch(daemon, call);
        return;
    }
    arrival = calloc(1, sizeof(*arrival));
    if (!arrival) {
        call_refuse(call);
        return;
    }
    arrival->call = call;
    arrival->look = look;
    TAILQ_INSERT_TAIL(&arrivals, arrival, entry);
}

void arrivals_reached(struct daemon *daemon, uint64_t look)
{
    struct arrival *first;

    while ((first = TAILQ_FIRST(&arrivals)) && first->look <= look)
        methods_dispatch(daemon, take(first));
}

void arrivals_vanished(const char *name)
{
    struct arrival *arrival, *next;

    for (arrival = TAILQ_FIRST(&arrivals); arrival; arrival = next) {
        next = TAILQ_NEXT(arrival, entry);
        if (!name || strcmp(arrival->call->sender, name) == 0)
            call_drop(take(arrival));
    }
}
