/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process of passkey-authenticator that is kept ready to become helpers (common/wire/start.h):
 * one at most, started when the first is asked for, and ended a minute after the last one, or when
 * it is old. It sees no request. Whatever goes wrong with it costs time only: the caller then
 * starts the helper itself.
 */
#ifndef PK_KEYS_READY_H
#define PK_KEYS_READY_H

#include "common/base/status.h"

#include <stdbool.h>
#include <sys/types.h>

struct event_base;
struct pk_ready;
struct pk_slot;

/* Of one helper that is asked for. started() is called from the event loop, once. */
struct pk_ready_order {
    /* pid is that of a child of this process, or 0: none was started, and none will be. */
    void (*started)(void *data, pid_t pid);
    void *data;
};

/* slot: borrowed. NULL: no memory. */
struct pk_ready *pk_ready_new(struct event_base *base, const struct pk_slot *slot);
/* Kills it; what is still ordered is forgotten. */
void pk_ready_free(struct pk_ready *ready);

/*
 * Orders a helper of program with fd as its standard input and output. fd is the caller's, who
 * closes it. PK_UNAVAILABLE: none of this program can be kept ready, or too many are ordered.
 */
enum pk_status pk_ready_order(struct pk_ready *ready, const char *program, int fd,
                              const struct pk_ready_order *order) PK_WARN_UNUSED;

/* Starts one for orders that are expected soon. */
void pk_ready_prepare(struct pk_ready *ready, const char *program);

/* Ends it: the next order starts another one. Orders that are open get no helper. */
void pk_ready_end(struct pk_ready *ready);

/* A helper has ended: from now on it is kept for another while. */
void pk_ready_used(struct pk_ready *ready);

/* After SIGCHLD. */
void pk_ready_reap(struct pk_ready *ready);

#endif
