/* SPDX-License-Identifier: BSD-2-Clause */
/* Who, what and where a ceremony is for, and the challenge that is bound to it. Pure functions. */
#ifndef PASSKEYD_CONTEXT_H
#define PASSKEYD_CONTEXT_H

#include "common/webauthn/client.h"

/* Every member borrowed and never NULL; empty: not known. */
struct context {
    const char *act; /* "authenticate" or "enroll" */
    const char *user;
    const char *service;
    const char *host; /* this one */
    const char *tty;
    const char *rhost;
    const char *command;
    const char *target; /* the account the command runs as */
};

/*
 * Canonical JSON: one object, members sorted by name, all of them always there, no white space.
 * The caller's to free; NULL: no memory or not UTF-8.
 */
char *context_json(const struct context *context) PK_WARN_UNUSED;

/*
 * The request came, or may have come, over a network: there is an rhost, and it is no X display of
 * this host (":0"), as display managers give. A loopback address is remote, too: the person may be
 * at the far end of a tunnel.
 */
bool context_is_remote(const struct context *context) PK_WARN_UNUSED;

/*
 * SHA-256 of the client data of the local road, where the daemon is itself the client: its origin
 * is "local://RPID". PK_INVALID_ARGUMENT for an RP id that would need escaping.
 */
enum pk_status context_local_client_data_hash(enum pk_ceremony ceremony, struct pk_view challenge,
                                              const char *rp_id,
                                              uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
