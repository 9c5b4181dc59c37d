/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON Web Tokens of relying parties over HTTP (RFC 7519), by libjose. What they say and how they
 * are signed follows from the relying party's http (profiles.h). Keys are made on first use.
 *
 * All of these block, and may be called by any worker. Times are seconds since the epoch.
 */
#ifndef PASSKEYD_TOKENS_H
#define PASSKEYD_TOKENS_H

#include "daemon/tokens/authority.h"
#include "daemon/tokens/party.h"
#include "daemon/verify/approval.h"

struct tokens { /* owned; texts are NULL where the profile has no such token */
    char *token;
    int64_t expires;
    char *refresh;
    int64_t refresh_expires;
};
void tokens_clear(struct tokens *tokens);
#define AUTO_TOKENS __attribute__((cleanup(tokens_clear)))

/* What a token is to say beside the user; borrowed, NULL: nothing. */
struct token_details {
    const char *transaction;
    const char *action;
    const char *idempotency_key;
    const char *scope; /* words with blanks between them */
    unsigned lifetime; /* seconds; 0 and more than the profile has: the profile's */
};

/*
 * The tokens of a ceremony that has come to an end: an approval of this relying party is the only
 * thing that they are made from. Without any (token NULL) for a registration where the profile has
 * none. PK_UNAVAILABLE: the key is shared, and none has been imported; PK_INTERNAL.
 */
enum pk_status tokens_issue_for_approval(struct store *store, const struct token_party *party,
                                         const struct approval *approval,
                                         const struct token_details *details, int64_t now,
                                         struct tokens *ret) PK_WARN_UNUSED;

/*
 * A bearer token for a user, whom an application vouches for: it lets the user register passkeys
 * and manage them, and is told from those of an approval (token_claims.approved). PK_DENIED unless
 * authority is an API key of this relying party; PK_INVALID_ARGUMENT: a text of details is too
 * long; PK_UNAVAILABLE, as above.
 */
enum pk_status tokens_issue_for_user(struct store *store, const struct token_party *party,
                                     const struct authority *authority, const char *user,
                                     const struct token_details *details, int64_t now,
                                     struct tokens *ret) PK_WARN_UNUSED;

struct token_claims { /* owned; texts are NULL where the token has none */
    char *user;       /* never NULL */
    char *kid;        /* "" where the token names none; never NULL */
    char *credential; /* base64url of its id */
    char *transaction;
    char *action;
    char *idempotency_key;
    char *scope;
    int64_t issued;  /* 0: not said */
    int64_t expires; /* always there */
    bool approved;   /* made from an approval by tokens_issue_for_approval() */
    bool refresh;    /* good for new tokens only: never an authority */
    char *json;      /* all claims */
};
void token_claims_clear(struct token_claims *claims);
#define AUTO_TOKEN_CLAIMS __attribute__((cleanup(token_claims_clear)))

/*
 * Whether a key of the relying party has signed it, it is for that party, and its time is: statuses
 * as of authority_check(). The algorithm must be the key's. A refresh token is PK_OK.
 */
enum pk_status tokens_check(struct store *store, const struct token_party *party,
                            struct pk_view token, int64_t now,
                            struct token_claims *ret) PK_WARN_UNUSED;

/*
 * The public keys (RFC 7517 section 5) of those that sign and of those whose tokens have not
 * expired; {"keys":[]} where the profile's are shared secrets. *ret_json: the caller's to free.
 */
enum pk_status tokens_jwks(struct store *store, const struct token_party *party, int64_t now,
                           char **ret_json) PK_WARN_UNUSED;

#endif
