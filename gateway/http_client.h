/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to applications, by libcurl on the program's event loop: the only file with it. Nothing
 * waits, no redirect is followed, no proxy asked; https with the system's certificates, or http to
 * this host's loopback. What comes back, and when, is limited.
 */
#ifndef GATEWAY_HTTP_CLIENT_H
#define GATEWAY_HTTP_CLIENT_H

#include "common/base/bytes.h"

#define HTTP_CLIENT_REQUESTS_MAX 256 /* under way at once */
#define HTTP_CLIENT_URL_MAX      64 /* of these to one URL: one that hangs leaves the others some */
#define HTTP_CLIENT_ANSWER_MAX   16384 /* bytes of a body */
#define HTTP_CLIENT_SECONDS      10    /* from the request to the whole answer */

struct event_base;
struct http_client;

/* Valid during the call that gets it only. */
struct http_answer {
    unsigned status;     /* of HTTP; 0: there was no answer */
    const char *why;     /* for the log, where there was none; never NULL */
    struct pk_view body; /* of any status */
};

/* Once for each request, never before http_client_post() has returned. */
typedef void http_answered(void *data, const struct http_answer *answer);

struct http_request {
    const char *url;
    struct pk_secret body; /* JSON; taken, also where the request fails, and wiped */
    http_answered *answered;
    void *data;
};

/* NULL: no memory. */
struct http_client *http_client_new(struct event_base *base);
/* Fails what is under way; there will be no others. */
void http_client_fail_all(struct http_client *client);
/* Likewise. */
void http_client_free(struct http_client *client);

/* PK_LIMIT_EXCEEDED, PK_NO_MEMORY. In these answered() is not called. */
enum pk_status http_client_post(struct http_client *client,
                                struct http_request *request) PK_WARN_UNUSED;

size_t http_client_requests(const struct http_client *client);

#endif
