/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP/1.1 by libmicrohttpd on the program's event loop, and what a connection may take. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "gateway/gateway.h"
#include "gateway/listener.h"

struct server;

/* NULL: no memory, or libmicrohttpd lacks what is needed. */
struct server *server_new(struct gateway *gateway);
/* Everything has been answered. */
void server_free(struct server *server);

/*
 * Reads certificate and key anew, for connections that come from now on. PK_CONFIG, *ret_why: the
 * caller's to free; those before remain.
 */
enum pk_status server_load_tls(struct server *server, char **ret_why) PK_WARN_UNUSED;

/* A listener_accepted; data: the server. */
void server_accept(void *data, int fd, enum listener_role role, const struct sockaddr *from,
                   socklen_t len);

/* Ends what waits for a request; calls done() when nothing is under way any more. */
void server_stop(struct server *server, void (*done)(void *data), void *data);

size_t server_connections(const struct server *server);

#endif
