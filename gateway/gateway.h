/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of passkey-gateway share, and what becomes of each request. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/exchange_private.h"
#include "gateway/gateway_config.h"
#include "gateway/store_watch.h"

struct bus_client;
struct event;
struct event_base;
struct http_client;
struct metrics;
struct rate;
struct server;

struct gateway {
    struct event_base *base;
    struct gateway_config *config;
    struct bus_client *bus;
    struct http_client *http; /* to applications */
    struct parties *parties;  /* NULL: not known yet */
    struct rate *addresses;
    struct rate *keys;
    struct metrics *metrics;
    struct store_watch store;
    struct server *server;
    struct event *again; /* for the relying parties to be fetched once more */
    bool fetching;
    bool stopping;
};

/*
 * What can be said before the body is there: who it is for, and that it is refused. false: it has
 * been answered.
 */
bool gateway_admit(struct exchange *exchange);
/* The whole request is there: it is answered within this or later. */
void gateway_serve(struct exchange *exchange);
/* Refuses in the words of the dialect, where there is one. */
void gateway_refuse(struct exchange *exchange, unsigned http_status);
/* It has been answered, and the answer is on its way. */
void gateway_log(const struct exchange *exchange);

/* Asks the daemon for the relying parties. */
void gateway_fetch(struct gateway *gateway);

#endif
