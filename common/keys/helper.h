/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes of passkey-authenticator, each on its own socketpair. What one sends is passed on frame
 * by frame; one that floods, breaks the framing or outlives its deadline is killed.
 */
#ifndef PK_KEYS_HELPER_H
#define PK_KEYS_HELPER_H

#include "common/wire/frames.h"

struct event_base;
struct pk_helper;
struct pk_helpers;

struct pk_helper_ops {
    /* Every frame but HELLO; the frame is the helper's. */
    void (*frame)(void *data, const struct pk_frame *frame);
    /* The process is gone and all its frames were passed on. The helper is released after it. */
    void (*exited)(void *data);
};

/* How the program logs what went wrong: pk_log(), or a function of its own. */
typedef void pk_keys_log(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Closes at once what nobody passed, where the program's close() takes other care. */
typedef void pk_keys_close(int fd);

/* To be made before anybody passes this process a descriptor: no helper has what came later. */
struct pk_helpers *pk_helpers_new(struct event_base *base, pk_keys_log *log);
/* From now on by that, NULL: close(), what is this process's own and holds nothing. */
void pk_helpers_close_by(struct pk_helpers *helpers, pk_keys_close *close_it);

/*
 * From now on they are made by a process that is kept ready for it (ready.h), where the program has
 * one; and ends that one, because what it was made from may have changed. PK_NO_MEMORY.
 */
enum pk_status pk_helpers_keep_ready(struct pk_helpers *helpers) PK_WARN_UNUSED;
void pk_helpers_end_ready(struct pk_helpers *helpers);
/* Somebody is about to ask for a helper of that program: one is made ready meanwhile. */
void pk_helpers_prepare(struct pk_helpers *helpers, const char *program);
/* Kills all that are left; their exited() is called. */
void pk_helpers_free(struct pk_helpers *helpers);
/* After SIGCHLD. */
void pk_helpers_reap(struct pk_helpers *helpers);

/* Starts program and sends HELLO. It is killed after lifetime seconds; 0: never. */
enum pk_status pk_helper_new(struct pk_helpers *helpers, const char *program, unsigned lifetime,
                             const struct pk_helper_ops *ops, void *data,
                             struct pk_helper **ret) PK_WARN_UNUSED;
/* The same of a program that is never kept ready, so that the one that is stays. */
enum pk_status pk_helper_new_unready(struct pk_helpers *helpers, const char *program,
                                     unsigned lifetime, const struct pk_helper_ops *ops, void *data,
                                     struct pk_helper **ret) PK_WARN_UNUSED;
void pk_helper_set_lifetime(struct pk_helper *helper, unsigned lifetime);

/*
 * How it ended, as waitpid(2) says: for exited() alone. 127 as its exit status means that the
 * program could not be executed.
 */
int pk_helper_wait_status(const struct pk_helper *helper);

/* Queues the frame; its bytes are wiped once written. A failure kills the helper. */
void pk_helper_send(struct pk_helper *helper, const struct pk_frame *frame);

/* At once; exited() follows from the event loop. */
void pk_helper_kill(struct pk_helper *helper);
/* Sends CANCEL, and kills it 2 seconds later if it has not exited. */
void pk_helper_cancel(struct pk_helper *helper);

#endif
