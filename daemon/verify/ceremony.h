/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ceremonies that have begun: a challenge, what was demanded, and for whom. It does not matter here
 * which road the answer comes by. A ceremony is taken out of the table before its answer is looked
 * at, whatever comes of it.
 */
#ifndef PASSKEYD_CEREMONY_H
#define PASSKEYD_CEREMONY_H

#include "daemon/daemon.h"
#include "daemon/verify/context.h"

#define UUID_SIZE 37 /* RFC 9562 section 4, and a NUL */

struct ceremony {
    char id[UUID_SIZE];
    char correlation[CORRELATION_SIZE];
    struct pk_requirements requirements;
    struct account account; /* rp is always there; name NULL: a discoverable credential names it */
    bool system_account;
    uid_t owner;                      /* who began it and alone may finish it */
    uint8_t nonce[PK_CHALLENGE_SIZE]; /* of the bound challenge, with context */
    char *context;                    /* canonical JSON, for the audit log */
    char *credential_name;            /* registration: what it is to be called; NULL: not said */
    struct pk_bytes ticket; /* registration: SHA-256 of the ticket that is used up; or empty */
    unsigned max_credentials;
    int64_t ends; /* monotonic seconds */
};

/* ceremony->id is a new UUID; the rest is empty. NULL: no memory. */
struct ceremony *ceremony_new(const char *correlation, uid_t owner) PK_WARN_UNUSED;
void ceremony_free(struct ceremony *ceremony);
PK_DEFINE_CLEANUP(struct ceremony *, ceremony_free);

/* Makes the challenge, bound to context, and keeps the context. PK_NO_MEMORY, PK_INVALID_INPUT. */
enum pk_status ceremony_bind(struct ceremony *ceremony,
                             const struct context *context) PK_WARN_UNUSED;
/* The same for a program that brings its own authenticator: the act, the user and this host. */
enum pk_status ceremony_bind_act(struct ceremony *ceremony, const char *act,
                                 const char *user) PK_WARN_UNUSED;

/* A copy of the requirements' descriptors for a frame. PK_NO_MEMORY. */
enum pk_status descriptors_copy(const struct pk_requirements *requirements,
                                struct pk_descriptor **ret_items, size_t *ret_count) PK_WARN_UNUSED;

/* The table. */
struct ceremonies *ceremonies_new(void) PK_WARN_UNUSED;
void ceremonies_free(struct ceremonies *ceremonies);

/*
 * Takes the ceremony, which lives lifetime seconds from now (monotonic). per_uid counts what the
 * same owner has; root may have most of the total. PK_LIMIT_EXCEEDED: it is still the caller's.
 */
enum pk_status ceremonies_add(struct ceremonies *ceremonies, struct ceremony *ceremony, int64_t now,
                              unsigned lifetime, unsigned per_uid) PK_WARN_UNUSED;

/*
 * Takes it out for good. NULL: never was, has ended, was taken, is somebody else's, or of the other
 * kind. The caller's to free.
 */
struct ceremony *ceremonies_take(struct ceremonies *ceremonies, const char *id, uid_t owner,
                                 enum pk_ceremony kind, int64_t now) PK_WARN_UNUSED;
/* Looks without taking: to put the question, never to judge an answer. */
const struct ceremony *ceremonies_peek(const struct ceremonies *ceremonies, const char *id);
size_t ceremonies_count(const struct ceremonies *ceremonies);

#endif
