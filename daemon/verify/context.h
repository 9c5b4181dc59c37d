/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The context of a ceremony: who does what where. Its JSON is bound into the challenge. Pure
 * functions.
 */
#ifndef PASSKEYD_CONTEXT_H
#define PASSKEYD_CONTEXT_H

#include "common/webauthn/client.h"

/* Members are borrowed. Empty: unknown. */
struct context {
    const char *act; /* "authenticate", "approve" or "enroll" */
    const char *user;
    const char *service;
    const char *host; /* this host's name */
    const char *tty;
    const char *rhost;
    const char *command; /* "authenticate": as it was typed; "approve": as sudo resolved it */
    const char *target;  /* the account that is to be become, or that the command runs as */
    /* NULL: left out. What of a command they are: struct command. */
    const char *digest;
    const char *group;
    const char *folder;
    const char *root;
    const char *environment;
    const char *files;
    const char *ruser;  /* who asks, where that is not the user */
    const char *dialog; /* of the person's, that asks polkit's helper to authenticate them */
};

/*
 * Canonical JSON: one object, sorted by name, without white space, with every member but those that
 * are NULL; doc/protocol.md has their names. The caller's to free; NULL: no memory or not UTF-8.
 */
char *context_json(const struct context *context) PK_WARN_UNUSED;

/*
 * The same object with the member "hostkeys", an array of these texts, at its place; json is what
 * context_json() made. The caller's to free; NULL: no memory.
 */
char *context_json_with_host_keys(const char *json,
                                  const struct pk_strings *host_keys) PK_WARN_UNUSED;

/*
 * Whether the request came, or may have come, over a network: it has an rhost that is not an X
 * display of this host (":0"), which display managers set. A loopback address counts as remote,
 * because the person may be at the other end of a tunnel.
 */
bool context_is_remote(const struct context *context) PK_WARN_UNUSED;

/*
 * SHA-256 of the client data of the local method, where the daemon is the client itself: the origin
 * is "local://RPID". PK_INVALID_ARGUMENT for an RP id that would need escaping.
 */
enum pk_status context_local_client_data_hash(enum pk_ceremony ceremony, struct pk_view challenge,
                                              const char *rp_id,
                                              uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
