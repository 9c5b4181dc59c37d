/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/tokens.h"

#include "common/base/text.h"
#include "daemon/tokens/claims.h"
#include "daemon/tokens/keys.h"
#include "daemon/tokens/private_keys.h"
#include "daemon/tokens/profiles.h"
#include "daemon/tokens/signing.h"

#include <stdlib.h>
#include <string.h>

void tokens_clear(struct tokens *tokens)
{
    free(tokens->token);
    free(tokens->refresh);
    *tokens = (struct tokens){0};
}

/* --- issuing ---------------------------------------------------------------------------------- */

static const struct token_details no_details;

static bool fits(const char *text)
{
    return !text || strlen(text) <= PK_TOKEN_TEXT_MAX;
}

static bool details_fit(const struct token_details *details)
{
    return fits(details->transaction) && fits(details->action) && fits(details->idempotency_key) &&
           fits(details->scope);
}

static enum pk_status sign(const struct signing_key *key, const struct token_profile *profile,
                           const struct token_content *content, char **ret_text)
{
    json_t *claims = profile->write(content);
    enum pk_status status;

    if (!claims)
        return PK_NO_MEMORY;
    status = signing_sign(key, claims, !profile->shared, ret_text);
    json_decref(claims);
    return status;
}

static unsigned lifetime_of(const struct token_profile *profile,
                            const struct token_details *details)
{
    return details->lifetime > 0 && details->lifetime < profile->lifetime ? details->lifetime
                                                                          : profile->lifetime;
}

/* content has everything but the times and what kind of token it is. */
static enum pk_status issue(struct store *store, struct token_content *content, struct tokens *ret)
{
    const struct token_profile *profile = token_profile(content->party->http);
    AUTO_SIGNING_KEY struct signing_key key = {0};
    AUTO_TOKENS struct tokens tokens = {0};
    enum pk_status status = keys_signing(store, content->party, content->now, &key);

    if (status == PK_OK) {
        content->expires = tokens.expires = content->now + lifetime_of(profile, content->details);
        status = sign(&key, profile, content, &tokens.token);
    }
    if (status == PK_OK && profile->refresh_lifetime > 0) {
        content->refresh = true;
        content->expires = tokens.refresh_expires = content->now + profile->refresh_lifetime;
        status = sign(&key, profile, content, &tokens.refresh);
    }
    if (status != PK_OK)
        return status;
    *ret = tokens;
    tokens = (struct tokens){0};
    return PK_OK;
}

enum pk_status tokens_issue_for_approval(struct store *store, const struct token_party *party,
                                         const struct approval *approval,
                                         const struct token_details *details, int64_t now,
                                         struct tokens *ret)
{
    const struct token_profile *profile = token_profile(party->http);
    const struct credential *credential = approval ? approval_credential(approval) : NULL;
    const struct account *account = approval ? approval_account(approval) : NULL;
    PK_AUTO_FREE char *id = NULL;
    struct token_content content = {
        .party = party, .details = details ? details : &no_details, .now = now};

    if (!profile || !credential || !account || strcmp(account->rp, party->rp) != 0 ||
        account->uid != PK_NO_UID)
        return PK_INTERNAL;
    if (!details_fit(content.details))
        return PK_INVALID_ARGUMENT;
    if (approval_ceremony(approval) == PK_REGISTRATION && !profile->at_registration) {
        *ret = (struct tokens){0};
        return PK_OK;
    }
    id = pk_base64url_encode(pk_view_of(&credential->record.id));
    if (!id)
        return PK_NO_MEMORY;
    content.user = account->name;
    content.credential = id;
    return issue(store, &content, ret);
}

enum pk_status tokens_issue_for_user(struct store *store, const struct token_party *party,
                                     const struct authority *authority, const char *user,
                                     const struct token_details *details, int64_t now,
                                     struct tokens *ret)
{
    const struct token_profile *profile = token_profile(party->http);
    struct token_content content = {
        .party = party, .user = user, .details = details ? details : &no_details, .now = now};

    if (!authority || authority_kind(authority) != AUTHORITY_API_KEY ||
        strcmp(authority_rp(authority), party->rp) != 0)
        return PK_DENIED;
    if (!profile || !profile->for_users)
        return PK_UNSUPPORTED;
    if (!*user || strlen(user) > PK_USER_HANDLE_MAX || !details_fit(content.details))
        return PK_INVALID_ARGUMENT;
    return issue(store, &content, ret);
}

/* --- checking --------------------------------------------------------------------------------- */

/* Of the profile's algorithm and, where tokens name their key, of that name. */
static bool may_have_signed(const struct signing_key *key, const struct token_profile *profile,
                            const struct token_text *token)
{
    return strcmp(key->algorithm, profile->algorithm) == 0 && key->imported == profile->shared &&
           (profile->shared || pk_view_equal(token->kid, pk_view_string(key->kid)));
}

enum pk_status tokens_verify(struct store *store, const struct token_party *party,
                             const struct token_text *token, int64_t now)
{
    const struct token_profile *profile = token_profile(party->http);
    AUTO_SIGNING_KEY_LIST struct signing_key_list keys = {0};
    enum pk_status status;

    if (!profile || !pk_view_equal(token->algorithm, pk_view_string(profile->algorithm)))
        return PK_NOT_SIGNED_IN;
    status = store->verbs->signing_key_list(store, party->rp, now, &keys);
    if (status != PK_OK)
        return status;
    for (size_t i = 0; i < keys.count; i++) {
        if (!may_have_signed(&keys.items[i], profile, token))
            continue;
        status = signing_verify(&keys.items[i], token);
        if (status == PK_OK || status == PK_NO_MEMORY)
            return status;
    }
    return PK_NOT_SIGNED_IN;
}

enum pk_status tokens_check(struct store *store, const struct token_party *party,
                            struct pk_view token, int64_t now, struct token_claims *ret)
{
    AUTO_TOKEN_TEXT struct token_text text = {0};
    enum pk_status status = token_text_parse(token, &text);

    if (status != PK_OK)
        return status == PK_NO_MEMORY ? status : PK_NOT_SIGNED_IN;
    status = tokens_verify(store, party, &text, now);
    return status == PK_OK ? claims_read(party, &text, now, ret) : status;
}

/* --- public keys ------------------------------------------------------------------------------ */

static enum pk_status list_public(struct store *store, const struct token_party *party, int64_t now,
                                  json_t *array)
{
    AUTO_SIGNING_KEY_LIST struct signing_key_list keys = {0};
    enum pk_status status = store->verbs->signing_key_list(store, party->rp, now, &keys);

    for (size_t i = 0; i < keys.count && status == PK_OK; i++)
        if (private_key_signs(keys.items[i].algorithm) &&
            json_array_append_new(array, signing_public(&keys.items[i])) != 0)
            status = PK_NO_MEMORY;
    return status;
}

enum pk_status tokens_jwks(struct store *store, const struct token_party *party, int64_t now,
                           char **ret_json)
{
    const struct token_profile *profile = token_profile(party->http);
    AUTO_SIGNING_KEY struct signing_key key = {0};
    json_t *array = json_array();
    json_t *set = json_pack("{s:o}", "keys", array);
    enum pk_status status = set ? PK_OK : PK_NO_MEMORY;

    /* Verifiers keep what they get for a while: an empty set would make them refuse. */
    if (status == PK_OK && profile && private_key_signs(profile->algorithm))
        status = keys_signing(store, party, now, &key);
    if (status == PK_OK && key.kid)
        status = list_public(store, party, now, array);
    if (status == PK_OK) {
        *ret_json = json_dumps(set, JSON_COMPACT);
        status = *ret_json ? PK_OK : PK_NO_MEMORY;
    }
    json_decref(set);
    return status;
}
