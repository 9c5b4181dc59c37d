/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/authority.h"

#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/tokens/keys.h"
#include "daemon/tokens/profiles.h"

#include <stdlib.h>
#include <string.h>

struct authority {
    enum authority_kind kind;
    char *rp;
    char *key;
    struct token_claims claims; /* of AUTHORITY_BEARER */
};

void authority_free(struct authority *authority)
{
    if (!authority)
        return;
    free(authority->rp);
    free(authority->key);
    token_claims_clear(&authority->claims);
    free(authority);
}

enum authority_kind authority_kind(const struct authority *authority)
{
    return authority->kind;
}

const char *authority_rp(const struct authority *authority)
{
    return authority->rp;
}

const char *authority_user(const struct authority *authority)
{
    return authority->kind == AUTHORITY_BEARER ? authority->claims.user : NULL;
}

const char *authority_key(const struct authority *authority)
{
    return authority->key ? authority->key : "";
}

const struct token_claims *authority_claims(const struct authority *authority)
{
    return authority->kind == AUTHORITY_BEARER ? &authority->claims : NULL;
}

bool authority_has_scope(const struct authority *authority, const char *word)
{
    const char *scope = authority->claims.scope;
    size_t len = strlen(word);

    if (authority->kind != AUTHORITY_BEARER)
        return authority->kind == AUTHORITY_API_KEY;
    while (scope && *scope) {
        size_t found = strcspn(scope, " ");

        if (found == len && len > 0 && strncmp(scope, word, len) == 0)
            return true;
        scope += found;
        scope += strspn(scope, " ");
    }
    return false;
}

enum pk_status authority_may_change(const struct authority *authority, enum pk_http http,
                                    enum authority_change change, bool enrolled)
{
    const struct token_profile *profile = token_profile(http);
    const struct token_claims *claims = authority_claims(authority);
    const char *word = profile ? profile->scopes[change] : NULL;

    if (!profile || authority->kind == AUTHORITY_NONE)
        return PK_DENIED;
    if (!claims || !word || claims->approved || (profile->only_listed && !claims->scope))
        return PK_OK;
    if (change == AUTHORITY_ADD && !enrolled && profile->first_is_free)
        return PK_OK;
    return authority_has_scope(authority, word) ? PK_OK : PK_DENIED;
}

enum pk_status authority_for_user(const struct authority *authority, const char *user)
{
    switch (authority->kind) {
    case AUTHORITY_API_KEY:
        return PK_OK;
    case AUTHORITY_BEARER:
        return strcmp(authority->claims.user, user) == 0 ? PK_OK : PK_DENIED;
    case AUTHORITY_NONE:
        break;
    }
    return PK_DENIED;
}

/* --- API keys --------------------------------------------------------------------------------- */

/* RFC 4648 section 5 with its padding, as applications know keys of this kind. */
static enum pk_status key_text(struct pk_view key, struct pk_secret *ret)
{
    PK_AUTO_SECRET struct pk_secret text = {0};
    char *encoded = pk_base64url_encode(key);
    enum pk_status status;

    if (!encoded)
        return PK_NO_MEMORY;
    status = pk_secret_new(PK_API_KEY_TEXT, &text);
    if (status == PK_OK) {
        memset(text.data, '=', text.len);
        memcpy(text.data, encoded, strlen(encoded));
        *ret = text;
        text = (struct pk_secret){0};
    }
    explicit_bzero(encoded, strlen(encoded));
    free(encoded);
    return status;
}

enum pk_status api_key_create(struct store *store, const char *rp, const char *name, int64_t now,
                              struct pk_secret *ret_text, struct api_key *ret_key)
{
    AUTO_API_KEY struct api_key key = {.created = now};
    PK_AUTO_SECRET struct pk_secret random = {0};
    PK_AUTO_SECRET struct pk_secret text = {0};
    char id[TOKEN_UUID_SIZE];
    enum pk_status status = pk_secret_new(PK_API_KEY_SIZE, &random);

    if (status == PK_OK) {
        pk_random(random.data, random.len);
        status = key_text(pk_secret_view(&random), &text);
    }
    if (status != PK_OK)
        return status;
    pk_sha256(pk_secret_view(&text), key.hash);
    token_uuid(id);
    status = pk_text_copy(rp, &key.rp);
    if (status == PK_OK)
        status = pk_text_copy(id, &key.id);
    if (status == PK_OK)
        status = pk_text_copy(name ? name : "", &key.name);
    if (status == PK_OK)
        status = store->verbs->api_key_add(store, &key);
    if (status != PK_OK)
        return status;
    *ret_text = text;
    text = (struct pk_secret){0};
    *ret_key = key;
    key = (struct api_key){0};
    return PK_OK;
}

/*
 * Every key of the relying party is compared, so that the time does not say which it was. What was
 * presented counts by its hash alone: its length and letters need no look.
 */
static enum pk_status check_api_key(struct store *store, const struct token_party *party,
                                    struct pk_view presented, struct authority *authority)
{
    AUTO_API_KEY_LIST struct api_key_list list = {0};
    const struct api_key *found = NULL;
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = store->verbs->api_key_list(store, party->rp, &list);

    if (status != PK_OK)
        return status;
    pk_sha256(presented, hash);
    for (size_t i = 0; i < list.count; i++)
        if (pk_view_equal_secret((struct pk_view){list.items[i].hash, PK_HASH_SIZE},
                                 (struct pk_view){hash, PK_HASH_SIZE}))
            found = &list.items[i];
    if (!found)
        return PK_NOT_SIGNED_IN;
    authority->kind = AUTHORITY_API_KEY;
    return pk_text_copy(found->id, &authority->key);
}

/* --- bearer tokens ---------------------------------------------------------------------------- */

static enum pk_status check_bearer(struct store *store, const struct token_party *party,
                                   struct pk_view presented, int64_t now,
                                   struct authority *authority)
{
    const struct token_profile *profile = token_profile(party->http);
    enum pk_status status = tokens_check(store, party, presented, now, &authority->claims);

    if (status != PK_OK)
        return status;
    if (authority->claims.refresh ||
        !(authority->claims.approved ? profile->approved_bears : profile->for_users))
        return PK_WRONG_TOKEN;
    authority->kind = AUTHORITY_BEARER;
    return pk_text_copy(authority->claims.kid, &authority->key);
}

enum pk_status authority_check(struct store *store, const struct token_party *party,
                               const struct presented *presented, int64_t now,
                               struct authority **ret)
{
    PK_CLEANUP(authority_free) struct authority *authority = NULL;
    enum pk_status status;

    if (presented->api_key.len > 0 && presented->bearer.len > 0)
        return PK_INVALID_ARGUMENT;
    authority = calloc(1, sizeof(*authority));
    if (!authority)
        return PK_NO_MEMORY;
    status = pk_text_copy(party->rp, &authority->rp);
    if (status == PK_OK && presented->api_key.len > 0)
        status = check_api_key(store, party, presented->api_key, authority);
    else if (status == PK_OK && presented->bearer.len > 0)
        status = check_bearer(store, party, presented->bearer, now, authority);
    if (status == PK_OK)
        *ret = pk_steal(authority);
    return status;
}
