/* SPDX-License-Identifier: BSD-2-Clause */
/* One call of a store in another process. */
#ifndef STORE_REMOTE_CALL_H
#define STORE_REMOTE_CALL_H

#include "store/protocol/frame.h"
#include "store/remote/remote.h"

#include <pthread.h>
#include <stdatomic.h>

struct remote_store {
    struct store base;
    char *path;
    char *kind; /* NULL: any */
    bool ceremonies;
    _Atomic uint32_t calls;
    pthread_mutex_t lock; /* of all that follows */
    int idle[PK_STORE_CONNECTIONS_MAX];
    size_t idle_count;
    int64_t paused_until; /* monotonic milliseconds */
    char paused_why[STORE_ERROR_SIZE];
};

extern const struct store_verbs store_remote_verbs, store_remote_verbs_without_ceremonies;

/*
 * What the other side returned, with *ret_reply for PK_OK, which the caller clears; or PK_STORAGE,
 * with store_error(), where it is away, late, of another version, or says what is no reply.
 */
enum pk_status remote_call(struct store *store, enum store_call call,
                           const struct store_request *request,
                           struct store_reply *ret_reply) PK_WARN_UNUSED;
/* For a reply that is well formed and cannot be true. PK_STORAGE. */
enum pk_status remote_lied(struct store *store, enum store_call call);
void remote_close(struct store *store);

#endif
