/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other side of remote/: a store that the daemon asks over a Unix socket. Each connection has a
 * thread that serves one request after the other, by calling the verb; the threads are kept, so
 * that a store may have something for each of them.
 */
#ifndef STORE_SERVER_SERVER_H
#define STORE_SERVER_SERVER_H

#include "store/protocol/frame.h"

#include <sys/types.h>

struct store_server_setup {
    const char *socket; /* made here, mode 0600; NULL: the one that systemd passed */
    uid_t daemon;       /* who may connect, beside root and this process's own user */
};

/*
 * SIGTERM and SIGINT wait from now on, also for threads that are made, until store_server_run()
 * takes them. A program whose store has threads of its own calls it before it opens that.
 */
void store_server_hold_signals(void);

/*
 * Serves until SIGTERM or SIGINT, which it holds as above, then lets the verbs that were begun
 * return, and gives PK_OK. The store is still the caller's, and no thread uses it any more.
 * PK_CONFIG with *ret_why, the caller's to free, for a socket that there is not.
 */
enum pk_status store_server_run(struct store *store, const struct store_server_setup *setup,
                                char **ret_why) PK_WARN_UNUSED;

/* One request: what its verb returns, with *ret_reply for PK_OK, which the caller clears. */
enum pk_status serve_call(struct store *store, enum store_call call, struct store_request *request,
                          struct store_reply *ret_reply) PK_WARN_UNUSED;

#endif
