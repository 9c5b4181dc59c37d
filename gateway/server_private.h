/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What server.c (connections, and libmicrohttpd's daemons that have them) and server_requests.c
 * (requests on them) know of each other. Only these use libmicrohttpd.
 */
#ifndef GATEWAY_SERVER_PRIVATE_H
#define GATEWAY_SERVER_PRIVATE_H

#include "gateway/connections.h"
#include "gateway/server.h"

#include <microhttpd.h>

#define MEMORY_PER 32768 /* of a connection: headers, and what is read at once */

struct event;

/* One of libmicrohttpd's daemons: for plain connections, and for each certificate there was. */
struct http {
    struct http *next;
    struct server *server;
    struct MHD_Daemon *mhd;
    struct event *ready; /* its epoll descriptor */
    struct event *timer;
    size_t connections;
    bool is_tls;
    bool retired; /* it takes no more connections */
};

struct place {
    struct connection *connection; /* NULL: the descriptor is none's */
};

struct server {
    struct gateway *gateway;
    struct http *first;
    struct connections connections;
    struct place *by_fd;
    size_t by_fd_size;
    struct event *sweep;
    void (*done)(void *data);
    void *data;
};

/* Has libmicrohttpd look, from the loop, at what can go on. */
void http_run_soon(struct http *http);
/* NULL: it is none of the server's. */
struct connection *server_connection_of(const struct server *server, struct MHD_Connection *mhd);
/* The connection is in that state from now on, and has the time that there is for it. */
void server_enter(struct server *server, struct connection *connection,
                  enum connection_state state);

/* --- what libmicrohttpd calls for a request; data is the struct http ----------------------------
 */

/* With a request's first line. What it returns is the request's own from now on. */
void *request_on_first_line(void *data, const char *uri, struct MHD_Connection *mhd);
/* With its headers, then with each part of its body, then when it is whole. */
enum MHD_Result request_on_progress(void *data, struct MHD_Connection *mhd, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_len, void **context);
/* It has been answered, or its connection has ended. */
void request_on_completed(void *data, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode code);

#endif
