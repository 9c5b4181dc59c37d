/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of calls that wait for an answer from another service or descriptor: they bound how many a
 * user may have, and drop those whose caller left the bus.
 */
#ifndef PASSKEYD_WAITING_H
#define PASSKEYD_WAITING_H

#include "daemon/bus/call.h"

#include <sys/queue.h>

/* To be the first member of a struct whose instances wait. */
struct waiting {
    LIST_ENTRY(waiting) entry;
    struct call *call;
};
LIST_HEAD(waiting_list, waiting);

/*
 * Whether the list holds per_uid entries of that user already, or total of all users. Root is held
 * to a total of its own, as large, so that no user takes its place.
 */
bool waiting_full(const struct waiting_list *list, uid_t uid, size_t total,
                  size_t per_uid) PK_WARN_UNUSED;

/* Calls drop for all entries whose call came from sender; NULL: for all. */
void waiting_drop(struct waiting_list *list, const char *sender,
                  void (*drop)(struct waiting *waiting));

#endif
