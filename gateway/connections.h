/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections that are open, and which of them has to go: one that is slower than it may be,
 * or, where there are too many, the one that has waited longest without a whole request. Pure.
 */
#ifndef GATEWAY_CONNECTIONS_H
#define GATEWAY_CONNECTIONS_H

#include "gateway/address.h"
#include "gateway/gateway_config.h"
#include "gateway/listener.h"

enum connection_state {
    CONNECTION_NEW,     /* no request yet */
    CONNECTION_IDLE,    /* between two */
    CONNECTION_HEADERS, /* the first line is there */
    CONNECTION_BODY,    /* the headers are */
    CONNECTION_WORKING, /* the request is */
    CONNECTION_ANSWERING,
    CONNECTION_ENDING, /* it was told to end, and is not counted */
};

struct connection {
    struct connection *previous;
    struct connection *next;
    int fd;
    enum listener_role role;
    struct address peer;
    bool is_proxy; /* its address is many clients' */
    enum connection_state state;
    int64_t since; /* of the state, in milliseconds */
    void *owner;   /* for whoever made it */
};

struct connections {
    struct connection *first; /* the newest */
    size_t count;             /* but those that are ending */
};

/* NULL: no memory. */
struct connection *connections_add(struct connections *connections, const struct connection *made);
void connections_remove(struct connections *connections, struct connection *connection);
void connection_enter(struct connections *connections, struct connection *connection,
                      enum connection_state state, int64_t now);

/* Whether the time is over that its state may last. */
bool connection_is_slow(const struct connection *connection, const struct gateway_limits *limits,
                        int64_t now);

/*
 * Whom a new one from that address makes too many: *ret_victim is to end first, or is NULL where
 * none has to. false: there is no place, and nobody who could make it.
 */
bool connections_make_room(const struct connections *connections, const struct address *peer,
                           bool is_proxy, const struct gateway_limits *limits,
                           struct connection **ret_victim);

#endif
