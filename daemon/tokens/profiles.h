/* SPDX-License-Identifier: BSD-2-Clause */
/* What tokens say and how they are signed, for each kind of relying party: one table. */
#ifndef PASSKEYD_TOKENS_PROFILES_H
#define PASSKEYD_TOKENS_PROFILES_H

#include "daemon/tokens/authority.h"
#include "daemon/tokens/tokens.h"

#include "common/webauthn/json.h"

#include <jansson.h>

/* What a token is to say; borrowed. */
struct token_content {
    const struct token_party *party;
    const char *user;
    const char *credential; /* base64url of its id, of an approval; NULL: issued without one */
    const struct token_details *details;
    bool refresh;
    int64_t now;
    int64_t expires;
};

struct token_profile {
    const char *algorithm;
    /*
     * What a token's scope has to have for each change of passkeys, NULL: nothing. A token of an
     * approval needs none.
     */
    const char *scopes[AUTHORITY_CHANGES];
    bool only_listed;          /* a token without a scope is not limited */
    bool first_is_free;        /* the first passkey needs none */
    bool shared;               /* the application has the key too; tokens name none */
    bool at_registration;      /* a registration's approval gets tokens as well */
    bool for_users;            /* tokens_issue_for_user() makes some */
    bool approved_bears;       /* a token of an approval is an authority as well */
    unsigned lifetime;         /* seconds */
    unsigned refresh_lifetime; /* 0: there are none */
    /* The claims, a new reference; NULL: no memory. */
    json_t *(*write)(const struct token_content *content);
    /*
     * Reads what the profile has besides sub, iat, nbf and exp. PK_WRONG_TOKEN: for another
     * audience or tenant, or of no kind that the profile knows; PK_NO_MEMORY.
     */
    enum pk_status (*read)(const struct token_party *party, const struct pk_json_value *claims,
                           struct token_claims *ret);
};

/* NULL for PK_HTTP_NONE. */
const struct token_profile *token_profile(enum pk_http http);

/* When the last token that was signed before now has expired, and a worker that was late with it.
 */
int64_t token_profile_last(const struct token_profile *profile, int64_t now);

#endif
