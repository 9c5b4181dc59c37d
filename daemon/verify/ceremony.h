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
#include "daemon/verify/context.h"
#include "store/store.h"

#define UUID_SIZE 37 /* a UUID as text (RFC 9562 section 4), with its NUL */

/* A challenge of 64 bytes in base64url, with its NUL: the longest id that a ceremony can have. */
#define CEREMONY_ID_SIZE 87

struct ceremony {
    char id[CEREMONY_ID_SIZE];
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
    /*
     * registration: where the account's own password adds the passkey (insert_asks of the store),
     * and the password, once it is known; NULL: the store adds it by itself. Both owned.
     */
    char *directory;
    struct pk_secret password;
    unsigned max_credentials;
    unsigned lifetime; /* seconds; 0: as long as the options say that they are good for */
    int64_t ends;      /* deadline, monotonic seconds */
    /*
     * Of a gateway: its answer may be any account's of the relying party, and comes through
     * ceremonies_take_gateways() alone.
     */
    bool gateway;
    bool anonymous; /* begun by nobody in particular: it goes when there are too many */
    bool mfa;       /* registration: for a second factor only; authentication: as a second one */
    unsigned transports;              /* registration: those to keep where the answer has none */
    bool bearer;                      /* begun with the account's token: the answer needs it, too */
    char purpose[PK_PURPOSE_MAX + 1]; /* what the answer must say that it is for; may be empty */
    char *transaction; /* id of the transaction that is confirmed; NULL: none; owned */
    /* What its token is to say that it was for; NULL: nothing; owned. */
    char *action;
    char *idempotency_key;
    bool sole; /* of a user: it takes the place of the one before; see ceremony_sole_id() */
    /* A gateway's: of any host, where several have the store (shared_ceremonies.h). */
    bool shared;
    /* Of a page on which people look after their own passkeys (auth/page_sessions.h). */
    uint64_t page_session;  /* which alone may answer; 0: none */
    struct pk_bytes object; /* id of the credential that the answer removes; empty: none; owned */
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

/*
 * Appends SHA-256 of the transaction's id and data to the challenge of a ceremony that is bound
 * already, so that what is signed names them. PK_NO_MEMORY, PK_INVALID_ARGUMENT for one that is not
 * bound.
 */
enum pk_status ceremony_bind_transaction(struct ceremony *ceremony, const char *id,
                                         const char *data) PK_WARN_UNUSED;
/*
 * The id is the challenge in base64url from now on, so that an answer names its ceremony. Before it
 * is in the table. PK_NO_MEMORY; PK_INVALID_ARGUMENT for one that is not bound.
 */
enum pk_status ceremony_name_by_challenge(struct ceremony *ceremony) PK_WARN_UNUSED;

/*
 * The id of the ceremonies that a user has one of at a time, for each purpose of a relying party.
 * It can be computed by anybody: such a ceremony is answered with its user's token.
 */
enum pk_status ceremony_sole_id(const char *rp, const char *user, const char *purpose,
                                char ret[static CEREMONY_ID_SIZE]) PK_WARN_UNUSED;

/* The table of the ceremonies in progress. */
struct ceremonies *ceremonies_new(void) PK_WARN_UNUSED;
void ceremonies_free(struct ceremonies *ceremonies);

/*
 * Takes the ceremony, which expires lifetime seconds after now (monotonic). per_uid limits how many
 * one owner may have; root is limited by the total alone, less what is reserved for users. A
 * gateway's are counted apart from everybody's, and limited in number, in number for one relying
 * party, and in bytes (limits.h); the oldest anonymous ones make room for new ones. One that is
 * sole ends the one before of its id. On PK_LIMIT_EXCEEDED, PK_EXISTS for an id that is in the
 * table, or PK_NO_MEMORY, it still belongs to the caller.
 */
enum pk_status ceremonies_add(struct ceremonies *ceremonies, struct ceremony *ceremony, int64_t now,
                              unsigned lifetime, unsigned per_uid) PK_WARN_UNUSED;

/*
 * Removes the ceremony from the table; the caller frees it. NULL: it never existed, has expired,
 * was taken already, has another owner, is of the other kind, or is a gateway's.
 */
struct ceremony *ceremonies_take(struct ceremonies *ceremonies, const char *id, uid_t owner,
                                 enum pk_ceremony kind, int64_t now) PK_WARN_UNUSED;

/* What an answer that a gateway brings says of its ceremony; borrowed. */
#define CEREMONIES_ENDED_KEPT 4096
struct ceremony_claim {
    const char *id;
    uid_t owner;
    const char *rp; /* name of the section */
    enum pk_ceremony kind;
    const char *purpose;
    bool sole; /* the id is of what was presented: one that is sole is found so alone */
};

/*
 * Removes the gateway's ceremony likewise. One of another owner or relying party does not exist for
 * this one, and stays; one of another kind or purpose is gone, as its first answer has come.
 */
struct ceremony *ceremonies_take_gateways(struct ceremonies *ceremonies,
                                          const struct ceremony_claim *claim,
                                          int64_t now) PK_WARN_UNUSED;
/*
 * Whether the claim, which ceremonies_take_gateways() knew nothing of, is for one whose time passed
 * lately: of the last CEREMONIES_ENDED_KEPT that ended so. Says so once.
 */
bool ceremonies_had_ended(struct ceremonies *ceremonies, const struct ceremony_claim *claim);

/* Finds a ceremony without removing it, to bind more to it before the question. NULL: none. */
struct ceremony *ceremonies_find(struct ceremonies *ceremonies, const char *id);
/* Reads a ceremony without removing it, to ask the question; never to verify an answer. */
const struct ceremony *ceremonies_peek(const struct ceremonies *ceremonies, const char *id);
/* Drops the registrations for accounts of which gone() says so, so that no other account of their
 * name gets the passkey. */
void ceremonies_drop_gone(struct ceremonies *ceremonies,
                          bool (*gone)(const void *data, const struct account *account),
                          const void *data);
/* All of them. */
size_t ceremonies_count(const struct ceremonies *ceremonies);
/* What gateways' take, about, in bytes. */
size_t ceremonies_gateway_bytes(const struct ceremonies *ceremonies);

#endif
