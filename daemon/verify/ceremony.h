/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ceremonies in progress: a challenge, the requirements, and the account. They do not depend on the
 * method by which the answer arrives. A ceremony is removed from the table before its answer is
 * examined, whatever the outcome, so that a challenge is used once.
 */
#ifndef PASSKEYD_CEREMONY_H
#define PASSKEYD_CEREMONY_H

#include "common/base/cleanup.h"
#include "common/base/correlation.h"
#include "daemon/store/store.h"
#include "daemon/verify/context.h"

#define UUID_SIZE 37 /* a UUID as text (RFC 9562 section 4), with its NUL */

struct ceremony {
    char id[UUID_SIZE];
    char correlation[PK_CORRELATION_SIZE];
    struct pk_requirements requirements;
    struct account account; /* rp is always set; name NULL: the credential names the account */
    bool system_account;
    uid_t owner;                      /* the caller's uid, which alone may finish it */
    uint8_t nonce[PK_CHALLENGE_SIZE]; /* from which, with context, the challenge is computed */
    char *context;                    /* canonical JSON; owned */
    bool names_host_keys;             /* the context does: see ceremony_bind_host_keys() */
    char *credential_name;  /* registration: the credential's name; NULL: not given; owned */
    struct pk_bytes ticket; /* registration: SHA-256 of the ticket to use up; or empty */
    unsigned max_credentials;
    int64_t ends; /* deadline, monotonic seconds */
};

/* ceremony->id is a new UUID; the rest is empty. NULL: no memory. */
struct ceremony *ceremony_new(const char *correlation, uid_t owner) PK_WARN_UNUSED;
void ceremony_free(struct ceremony *ceremony);
PK_DEFINE_CLEANUP(struct ceremony *, ceremony_free);

/*
 * Computes the challenge from a new nonce and context, and stores both. PK_NO_MEMORY,
 * PK_INVALID_INPUT.
 */
enum pk_status ceremony_bind(struct ceremony *ceremony,
                             const struct context *context) PK_WARN_UNUSED;
/*
 * Adds the member "hostkeys", an array of fingerprints, to the context of a ceremony that is bound
 * already, and computes the challenge anew, with the version that such a context has
 * (pk_host_key_bound_challenge()). PK_NO_MEMORY, PK_INVALID_ARGUMENT for one that is not bound.
 */
enum pk_status ceremony_bind_host_keys(struct ceremony *ceremony,
                                       const struct pk_strings *host_keys) PK_WARN_UNUSED;
/*
 * The same for a program with its own authenticator: the context is the act, the user and this
 * host.
 */
enum pk_status ceremony_bind_act(struct ceremony *ceremony, const char *act,
                                 const char *user) PK_WARN_UNUSED;

/* The table of the ceremonies in progress. */
struct ceremonies *ceremonies_new(void) PK_WARN_UNUSED;
void ceremonies_free(struct ceremonies *ceremonies);

/*
 * Takes the ceremony, which expires lifetime seconds after now (monotonic). per_uid limits how many
 * one owner may have; root is limited by the total alone, less what is reserved for users. On
 * PK_LIMIT_EXCEEDED, or PK_NO_MEMORY, it still belongs to the caller.
 */
enum pk_status ceremonies_add(struct ceremonies *ceremonies, struct ceremony *ceremony, int64_t now,
                              unsigned lifetime, unsigned per_uid) PK_WARN_UNUSED;

/*
 * Removes the ceremony from the table; the caller frees it. NULL: it never existed, has expired,
 * was taken already, has another owner, or is of the other kind.
 */
struct ceremony *ceremonies_take(struct ceremonies *ceremonies, const char *id, uid_t owner,
                                 enum pk_ceremony kind, int64_t now) PK_WARN_UNUSED;
/* Finds a ceremony without removing it, to bind more to it before the question. NULL: none. */
struct ceremony *ceremonies_find(struct ceremonies *ceremonies, const char *id);
/* Reads a ceremony without removing it, to ask the question; never to verify an answer. */
const struct ceremony *ceremonies_peek(const struct ceremonies *ceremonies, const char *id);
/* Drops the registrations for accounts of which gone() says so, so that no other account of their
 * name gets the passkey. */
void ceremonies_drop_gone(struct ceremonies *ceremonies,
                          bool (*gone)(const void *data, const struct account *account),
                          const void *data);
size_t ceremonies_count(const struct ceremonies *ceremonies);

#endif
