/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A dialect: the paths, envelopes, statuses and words of one kind of passkey service, over the one
 * implementation in party.h. It knows neither sockets nor the bus.
 */
#ifndef GATEWAY_DIALECT_H
#define GATEWAY_DIALECT_H

#include "gateway/exchange.h"
#include "gateway/party.h"

/* Who may call; what is presented is judged by the daemon, which gets it with every call. */
enum access {
    ACCESS_PUBLIC,
    ACCESS_API_KEY,
    ACCESS_BEARER,
    ACCESS_BEARER_OR_TENANT, /* a user's token, or the tenant's id as the name of Basic */
    ACCESS_BEARER_OR_API_KEY,
    ACCESS_TENANT,
    ACCESS_SECRET, /* an API key as the name of Basic */
};

typedef void dialect_handler(struct exchange *exchange);

struct route {
    const char *method;
    const char *pattern; /* below the party's prefix: "/credentials/{id}"; {} never holds a '/' */
    enum access access;
    dialect_handler *handler;
};

struct dialect {
    const char *name;      /* of the key "http" */
    const char *json_type; /* the media type of its answers; NULL: "application/json" */
    const struct route *routes;
    size_t route_count;
    /* What the router refuses by itself: 400, 401 without what the row's access needs, 403 for
       another origin, 404, 405, 413, 415, 429, 503. The words are the dialect's. */
    void (*refuse)(struct exchange *exchange, unsigned http_status);
    /* Of whom the daemon says that the key or token is none, has expired, or is a wrong one. */
    void (*refuse_caller)(struct exchange *exchange, const struct party_answer *answer);
    /* Of a path whose first segment is no tenant's name, but would have to be; NULL: it has no
       words for that. */
    void (*refuse_tenant)(struct exchange *exchange, const char *tenant);
    /* CORS; NULL: none is allowed. */
    const struct dialect_cors {
        const char *methods;
        const char *headers; /* NULL: those that were asked for */
        bool credentials;
        unsigned max_age; /* seconds; 0: not said */
    } * cors;
};

extern const struct dialect dialect_standard, dialect_hanko, dialect_cloudreve, dialect_authsignal,
    dialect_autional, dialect_pages;

/* What was presented, as the daemon takes it: the member "apiKey" or "bearer" is added to options.
   false: nothing of that kind was presented, and nothing is added. */
bool dialect_add_authority(const struct exchange *exchange, enum access access, json_t *options);

#endif
