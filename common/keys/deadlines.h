/* SPDX-License-Identifier: BSD-2-Clause */
/* Several deadlines by the monotonic clock, with one timer that is armed for the next of them. */
#ifndef PK_KEYS_DEADLINES_H
#define PK_KEYS_DEADLINES_H

#include "common/base/status.h"

#include <stddef.h>
#include <stdint.h>

#define PK_DEADLINES_MAX 8

struct event;
struct event_base;

/* Called when its moment has come, from the event loop; the deadlines live on until it returns. */
typedef void pk_deadline_handler(void *data);

struct pk_deadlines {
    pk_deadline_handler *const *handlers; /* borrowed; one for each, by its number */
    size_t count;
    void *data;
    int64_t due[PK_DEADLINES_MAX]; /* milliseconds */
    struct event *timer;
};

/* None runs at first. PK_NO_MEMORY. */
enum pk_status pk_deadlines_init(struct pk_deadlines *deadlines, struct event_base *base,
                                 pk_deadline_handler *const *handlers, size_t count,
                                 void *data) PK_WARN_UNUSED;
/* Also of one that was never initialised, if it is zeroed. */
void pk_deadlines_clear(struct pk_deadlines *deadlines);

/* In that many milliseconds from now, whether it runs already or not. */
void pk_deadlines_restart(struct pk_deadlines *deadlines, size_t which, int64_t milliseconds);
/* One that runs already is left as it is. */
void pk_deadlines_start(struct pk_deadlines *deadlines, size_t which, int64_t milliseconds);
void pk_deadlines_stop(struct pk_deadlines *deadlines, size_t which);
void pk_deadlines_stop_all(struct pk_deadlines *deadlines);

#endif
