/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's own socket: the same calls as on the system bus, peer to peer, for the PAM module
 * and the client programs. The kernel says who calls (SO_PEERCRED), at connect(); what a peer
 * writes into the head of a message says nothing. Peers that call nothing are dropped after a short
 * time, one user's connections and what is queued for them are bounded, and calls beyond the user's
 * budget are not read until there is room in it again.
 */
#ifndef PASSKEYD_SOCKET_H
#define PASSKEYD_SOCKET_H

#include "daemon/bus/budget.h"
#include "daemon/bus/call.h"

struct event_base;
struct socket;

struct socket_ops {
    /* A call whose uid and pid are set, and which is counted in the caller's budget. */
    void (*call)(void *data, struct call *call);
    void (*vanished)(void *data, const char *name); /* call->sender of a connection that ended */
};

struct socket_setup {
    struct event_base *base;
    struct bus *bus; /* for questions to other services; borrowed, and may be NULL */
    struct budget *budget;
    const struct socket_ops *ops;
    void *data;
};

/*
 * Takes over the socket that systemd passed (sd_listen_fds(3)), whatever else it passed. Call
 * before anything else opens descriptors. false: it passed none.
 */
bool socket_inherit(void);

/*
 * Serves the inherited socket, or makes one at path (NULL: none), in a folder that must be root's
 * or the daemon's and writable by nobody else. PK_UNAVAILABLE with *ret_why, the caller's to free.
 */
enum pk_status socket_open(const struct socket_setup *setup, const char *path, struct socket **ret,
                           char **ret_why) PK_WARN_UNUSED;
/* Ends all connections without a word to vanished(): what they began has been ended before. */
void socket_close(struct socket *socket);

#endif
