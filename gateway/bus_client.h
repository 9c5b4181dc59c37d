/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of org.passkeyd.Gateway1 without waiting: the daemon's own socket first, then the system
 * bus, again and again where it is not there. The only file of the gateway with libdbus, beside
 * bus_message.c.
 */
#ifndef GATEWAY_BUS_CLIENT_H
#define GATEWAY_BUS_CLIENT_H

#include "common/base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define BUS_STRINGS_MAX 5 /* of a call */
#define BUS_RESULTS_MAX 2 /* strings of a reply */

struct bus_client;
struct event_base;

struct bus_reply {
    const char *error;                    /* the error's name; NULL: there is none */
    const char *text;                     /* of the error */
    const char *strings[BUS_RESULTS_MAX]; /* in the reply's order; NULL: no more */
    uint64_t number;                      /* the reply's t; 0: none */
};

/* Once for each call, never before bus_client_call() has returned; what reply has is borrowed. */
typedef void bus_replied(void *data, const struct bus_reply *reply);

struct bus_call {
    const char *member;
    const char *strings[BUS_STRINGS_MAX + 1]; /* NULL ends them */
    const json_t *options; /* see struct party_request; NULL: the member takes none */
    unsigned seconds;      /* until it has failed */
    bus_replied *replied;
    void *data;
};

/* Calls up() whenever there is a daemon that was not there before. NULL: no memory. */
struct bus_client *bus_client_new(struct event_base *base, void (*up)(void *data), void *data);
/* Fails all calls that are under way; there will be no others. */
void bus_client_fail_all(struct bus_client *client);
/* Likewise. */
void bus_client_free(struct bus_client *client);

/*
 * PK_INVALID_ARGUMENT: an option of a type that has no place, or a string that is too long.
 * PK_UNAVAILABLE: there is no daemon. PK_LIMIT_EXCEEDED: too many calls wait. PK_NO_MEMORY. In all
 * of these replied() is not called.
 */
enum pk_status bus_client_call(struct bus_client *client,
                               const struct bus_call *call) PK_WARN_UNUSED;

/* It has answered as it should: the next time that it is lost is told, and tried soon. */
void bus_client_working(struct bus_client *client);
/* false while it is looked for. */
bool bus_client_is_up(const struct bus_client *client);
size_t bus_client_calls(const struct bus_client *client);

#endif
