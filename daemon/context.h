/* SPDX-License-Identifier: BSD-2-Clause */
/* Who, what and where a ceremony is for, and the challenge that is bound to it. Pure functions. */
#ifndef PASSKEYD_CONTEXT_H
#define PASSKEYD_CONTEXT_H

#include "common/base/bytes.h"
#include "common/base/limits.h"

#define CONTEXT_VERSION 1

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

/* SHA-256(u8 version ‖ nonce ‖ canonical JSON): every signature is evidence of that act. */
void context_challenge(const uint8_t nonce[PK_CHALLENGE_SIZE], const char *json,
                       uint8_t ret[PK_HASH_SIZE]);

/* The request came over a network: rhost names another host than this one. */
bool context_is_remote(const struct context *context) PK_WARN_UNUSED;

/*
 * The client data of the local road, where the daemon is itself the client (WebAuthn 5.8.1.1):
 * type, challenge, the local road's own origin "local://RPID", no cross origin. Its SHA-256 is
 * what the security key signs. type: "webauthn.get" or "webauthn.create".
 */
enum pk_status context_client_data_hash(const char *type, struct pk_view challenge,
                                        const char *rp_id,
                                        uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
