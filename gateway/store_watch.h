/* SPDX-License-Identifier: BSD-2-Clause */
/* How the daemon's store is, for the metrics: asked when they are, and known the next time. */
#ifndef GATEWAY_STORE_WATCH_H
#define GATEWAY_STORE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct bus_client;

struct store_watch {
    bool asked; /* and not answered yet */
    bool known;
    bool answers;
    char kind[32];             /* letters; "": it did not say */
    int64_t lag, age, refuses; /* as in store.h; -1: not known, or there is none */
};

/* The watch stays until the bus client is freed. */
void store_watch_ask(struct store_watch *watch, struct bus_client *bus);
/* Nothing, where it is not known. In the text form of Prometheus. */
void store_watch_write(const struct store_watch *watch, FILE *out);
/* What StoreState said; NULL: that it cannot be called. */
void store_watch_take(struct store_watch *watch, const char *text);

#endif
