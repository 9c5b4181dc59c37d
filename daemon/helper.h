/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes of passkey-authenticator, each on its own socketpair. What one says is passed on frame
 * by frame; one that floods, breaks the framing or outlives its deadline is killed.
 */
#ifndef PASSKEYD_HELPER_H
#define PASSKEYD_HELPER_H

#include "common/wire/frames.h"

struct event_base;
struct helper;
struct helpers;

struct helper_ops {
    /* Every frame but HELLO; the frame is the helper's. */
    void (*frame)(void *data, const struct pk_frame *frame);
    /* The process is gone and everything it said was passed on. The helper is released after it. */
    void (*exited)(void *data);
};

struct helpers *helpers_new(struct event_base *base);
/* Kills all that are left; their exited() is called. */
void helpers_free(struct helpers *helpers);
/* After SIGCHLD. */
void helpers_reap(struct helpers *helpers);

/* Starts program and says HELLO. It is killed after lifetime seconds (0: lives on). */
enum pk_status helper_new(struct helpers *helpers, const char *program, unsigned lifetime,
                          const struct helper_ops *ops, void *data,
                          struct helper **ret) PK_WARN_UNUSED;
void helper_set_lifetime(struct helper *helper, unsigned lifetime);

/* Queues the frame; its bytes are wiped once written. A failure kills the helper. */
void helper_send(struct helper *helper, const struct pk_frame *frame);

/* At once; exited() follows from the event loop. */
void helper_kill(struct helper *helper);
/* Says CANCEL and kills after a moment. */
void helper_cancel(struct helper *helper);

#endif
