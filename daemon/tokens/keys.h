/* SPDX-License-Identifier: BSD-2-Clause */
/* Which key of a relying party signs. All of these block: for a worker. */
#ifndef PASSKEYD_TOKENS_KEYS_H
#define PASSKEYD_TOKENS_KEYS_H

#include "daemon/tokens/party.h"

#define TOKEN_UUID_SIZE 37 /* with its NUL */
/* A random one (RFC 9562 section 5.4). */
void token_uuid(char ret[TOKEN_UUID_SIZE]);

/*
 * The key that signs, made where there is none yet, by however many threads at once: one is kept.
 * PK_UNAVAILABLE: it is a shared one that nobody has imported.
 */
enum pk_status keys_signing(struct store *store, const struct token_party *party, int64_t now,
                            struct signing_key *ret) PK_WARN_UNUSED;

struct key_change {
    unsigned bits;         /* of an RSA key; 0: SIGNING_RSA_BITS */
    struct pk_view secret; /* imported; empty: a key is made */
    bool at_once;          /* tokens of the earlier keys are void from now on */
};

/*
 * Another key signs from now on. *ret: what was written. PK_UNSUPPORTED: the relying party's keys
 * are made here, and one was given, or the other way round; PK_INVALID_ARGUMENT: a secret that is
 * too short or too long; PK_LIMIT_EXCEEDED: too many keys have tokens that have not expired.
 */
enum pk_status keys_replace(struct store *store, const struct token_party *party,
                            const struct key_change *change, int64_t now,
                            struct signing_key *ret) PK_WARN_UNUSED;

/*
 * Which of these relying parties has the shared key, also as one whose tokens have not expired: the
 * tokens of the one would open the other. *ret_rp points into the list. PK_NOT_FOUND.
 */
enum pk_status keys_find_shared(struct store *store, const struct pk_strings *rps,
                                struct pk_view secret, int64_t now,
                                const char **ret_rp) PK_WARN_UNUSED;

#endif
