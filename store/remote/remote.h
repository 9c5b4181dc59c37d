/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store in a process of its own, which has the network and the credentials that the daemon has
 * not. Every verb is a call over a Unix socket, and returns within PK_STORE_CALL_MS, and by
 * store_deadline(), whatever the other side does: PK_STORAGE, with what happened in store_error().
 * Where one did not answer in time, those that come within PK_STORE_PAUSE_MS fail at once.
 *
 * Whoever has that process can say which passkeys there are, and so let in whom it likes to the
 * accounts whose store it is. It can do nothing else: what it answers is read within bounds, and
 * compared with what was asked.
 */
#ifndef STORE_REMOTE_REMOTE_H
#define STORE_REMOTE_REMOTE_H

#include "store/store.h"

struct remote_setup {
    const char *path; /* of the socket */
    const char *kind; /* that it must be; NULL: any */
    bool ceremonies;  /* it must have the verbs for ceremonies, or must not have them */
};

/* Connects when it is first asked: the other side may be away. PK_TOO_LARGE for the path. */
enum pk_status store_remote_open(const struct remote_setup *setup,
                                 struct store **ret_store) PK_WARN_UNUSED;

#endif
