/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On whose behalf a call of passkey-gateway is made: an application that has an API key of the
 * relying party, a user who has a bearer token of it, or nobody.
 *
 * The gateway hands on what it was presented with, and this judges it: the type is opaque, and only
 * authority.c makes one. An authority lets its bearer ask; it is no approval and signs nobody in.
 *
 * All functions that take a store block: for a worker.
 */
#ifndef PASSKEYD_TOKENS_AUTHORITY_H
#define PASSKEYD_TOKENS_AUTHORITY_H

#include "daemon/tokens/party.h"

#include "common/base/cleanup.h"

#define API_KEY_TEXT_SIZE (PK_API_KEY_TEXT + 1)

/* Borrowed, as they came; an empty one was not presented. At most one may be there. */
struct presented {
    struct pk_view api_key;
    struct pk_view bearer;
};

enum authority_kind {
    AUTHORITY_NONE,    /* nothing was presented: only what is public */
    AUTHORITY_API_KEY, /* of the relying party: any user of it */
    AUTHORITY_BEARER,  /* of that one user, who need not be known to the store */
};

/* What is changed of a user's passkeys. */
enum authority_change {
    AUTHORITY_ADD,
    AUTHORITY_RENAME,
    AUTHORITY_REMOVE,
    AUTHORITY_CHANGES,
};

struct authority;

/*
 * PK_NOT_SIGNED_IN: no key of this relying party or no token that a key of it has signed;
 * PK_TOKEN_EXPIRED; PK_WRONG_TOKEN: a genuine one of another kind, audience or tenant, or not valid
 * yet; PK_INVALID_ARGUMENT: both were presented; PK_STORAGE. now: seconds since the epoch.
 */
enum pk_status authority_check(struct store *store, const struct token_party *party,
                               const struct presented *presented, int64_t now,
                               struct authority **ret) PK_WARN_UNUSED;

enum authority_kind authority_kind(const struct authority *authority);
/* The name of the relying party's section. */
const char *authority_rp(const struct authority *authority);
/* AUTHORITY_BEARER: the user's id. Otherwise NULL. */
const char *authority_user(const struct authority *authority);
/* The id of the API key, or the kid of the token's key ("" where it names none). Never NULL. */
const char *authority_key(const struct authority *authority);
/*
 * Whether the authority has that word ("add:authenticators"): an API key has all, a bearer those of
 * its token's scope, nobody none.
 */
bool authority_has_scope(const struct authority *authority, const char *word);
/*
 * Whether a token's scope allows that, of a user who has a passkey already or has none: PK_OK,
 * PK_DENIED. Whose passkeys they are is authority_for_user()'s. http: of the relying party.
 */
enum pk_status authority_may_change(const struct authority *authority, enum pk_http http,
                                    enum authority_change change, bool enrolled) PK_WARN_UNUSED;
/* AUTHORITY_BEARER: what the token says. Otherwise NULL. */
const struct token_claims *authority_claims(const struct authority *authority);
/* PK_OK when it is for that user or for all users; PK_DENIED. */
enum pk_status authority_for_user(const struct authority *authority,
                                  const char *user) PK_WARN_UNUSED;

void authority_free(struct authority *authority);
PK_DEFINE_CLEANUP(struct authority *, authority_free);

/*
 * Makes an API key: PK_API_KEY_SIZE random bytes in base64url with padding, which are shown once;
 * the store keeps their hash. *ret_key is what the store keeps. PK_LIMIT_EXCEEDED.
 */
enum pk_status api_key_create(struct store *store, const char *rp, const char *name, int64_t now,
                              struct pk_secret *ret_text, struct api_key *ret_key) PK_WARN_UNUSED;

#endif
