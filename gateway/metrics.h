/* SPDX-License-Identifier: BSD-2-Clause */
/* What was served, counted, in the text form of Prometheus (version 0.0.4). */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "gateway/exchange.h"
#include "gateway/party.h"
#include "gateway/store_watch.h"

struct metrics;

/* What is the case now, rather than counted. */
struct gauges {
    size_t connections;
    size_t calls; /* of the daemon that are not answered yet */
    size_t parties;
    bool daemon; /* whether it can be reached */
    const struct store_watch *store;
};

struct metrics *metrics_new(void); /* NULL: no memory */
void metrics_free(struct metrics *metrics);

/* An answer to a request; dialect: NULL where it came to no relying party. */
void metrics_answered(struct metrics *metrics, const struct dialect *dialect, unsigned http_status,
                      int64_t microseconds);
/* The end of a call of the daemon. */
void metrics_called(struct metrics *metrics, enum party_call call, enum party_outcome outcome,
                    const char *reason);
/* A connection that was closed to make room, or for being slow. */
void metrics_closed(struct metrics *metrics, bool slow);

/* The caller's to free; NULL: no memory. */
char *metrics_text(const struct metrics *metrics, const struct gauges *gauges);

#endif
