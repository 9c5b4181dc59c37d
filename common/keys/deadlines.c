/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/deadlines.h"

#include "common/base/clock.h"

#include <event2/event.h>
#include <sys/time.h>

#define NEVER INT64_MAX

static size_t next(const struct pk_deadlines *deadlines)
{
    size_t found = 0;

    for (size_t i = 1; i < deadlines->count; i++)
        if (deadlines->due[i] < deadlines->due[found])
            found = i;
    return found;
}

static void arm(struct pk_deadlines *deadlines)
{
    int64_t due = deadlines->due[next(deadlines)];
    int64_t left = due - pk_clock_monotonic_ms();
    struct timeval when = {0};

    if (left > 0)
        when = (struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000) * 1000};
    if (due == NEVER)
        (void)evtimer_del(deadlines->timer);
    else
        (void)evtimer_add(deadlines->timer, &when);
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    struct pk_deadlines *deadlines = data;
    int64_t now = pk_clock_monotonic_ms();

    (void)fd, (void)what;
    for (size_t i = next(deadlines); deadlines->due[i] <= now; i = next(deadlines)) {
        deadlines->due[i] = NEVER;
        deadlines->handlers[i](deadlines->data);
    }
    arm(deadlines);
}

enum pk_status pk_deadlines_init(struct pk_deadlines *deadlines, struct event_base *base,
                                 pk_deadline_handler *const *handlers, size_t count, void *data)
{
    *deadlines = (struct pk_deadlines){.handlers = handlers, .count = count, .data = data};
    for (size_t i = 0; i < count; i++)
        deadlines->due[i] = NEVER;
    deadlines->timer = evtimer_new(base, on_timer, deadlines);
    return deadlines->timer ? PK_OK : PK_NO_MEMORY;
}

void pk_deadlines_clear(struct pk_deadlines *deadlines)
{
    if (deadlines->timer)
        event_free(deadlines->timer);
    deadlines->timer = NULL;
}

void pk_deadlines_restart(struct pk_deadlines *deadlines, size_t which, int64_t milliseconds)
{
    deadlines->due[which] = pk_clock_monotonic_ms() + milliseconds;
    arm(deadlines);
}

void pk_deadlines_start(struct pk_deadlines *deadlines, size_t which, int64_t milliseconds)
{
    if (deadlines->due[which] == NEVER)
        pk_deadlines_restart(deadlines, which, milliseconds);
}

void pk_deadlines_stop(struct pk_deadlines *deadlines, size_t which)
{
    deadlines->due[which] = NEVER;
    arm(deadlines);
}

void pk_deadlines_stop_all(struct pk_deadlines *deadlines)
{
    for (size_t i = 0; i < deadlines->count; i++)
        deadlines->due[i] = NEVER;
    arm(deadlines);
}
