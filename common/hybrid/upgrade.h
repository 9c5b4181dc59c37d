/* SPDX-License-Identifier: BSD-2-Clause */
/* The HTTP/1.1 request for the WebSocket of a tunnel, and what its answer must be (RFC 6455 section
 * 4). */
#ifndef PK_HYBRID_UPGRADE_H
#define PK_HYBRID_UPGRADE_H

#include "common/hybrid/advert.h"
#include "common/hybrid/derive.h"

#define PK_UPGRADE_KEY_SIZE 16

/* What the request is made of. Borrowed. */
struct pk_upgrade {
    const char *host;                            /* the tunnel's domain */
    uint8_t key[PK_UPGRADE_KEY_SIZE];            /* random */
    uint8_t routing_id[PK_HYBRID_ROUTING_SIZE];  /* the advert's */
    uint8_t tunnel_id[PK_HYBRID_TUNNEL_ID_SIZE]; /* derived from the code's secret */
};

/* The whole request, with its empty line; the caller's to free. PK_INVALID_ARGUMENT for a host that
 * is no domain name, PK_NO_MEMORY. */
enum pk_status pk_upgrade_request(const struct pk_upgrade *upgrade, char **ret) PK_WARN_UNUSED;

struct pk_upgrade_answer {
    size_t used;     /* bytes of the head; frames may follow. 0: it has not arrived whole */
    unsigned number; /* HTTP's status, once used is not 0 */
};

/*
 * Reads the answer from the beginning of what has arrived. PK_OK while it is not whole, or where
 * the server agreed to everything. *ret is written for PK_NOT_FOUND (404, 410: the phone has gone,
 * or the advert is an old one) and PK_UNAVAILABLE (any other status: redirections are not
 * followed), too. PK_PROTOCOL for what is no HTTP/1.1, an answer to another key, another protocol,
 * extensions that nobody asked for, a body; PK_TOO_LARGE over PK_UPGRADE_HEAD_MAX; PK_NO_MEMORY,
 * PK_INTERNAL.
 */
enum pk_status pk_upgrade_answer_read(const struct pk_upgrade *upgrade, struct pk_view arrived,
                                      struct pk_upgrade_answer *ret) PK_WARN_UNUSED;

#endif
