/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/profiles.h"

#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/tokens/claims.h"
#include "daemon/tokens/keys.h"

#include <string.h>

/* Longer than a job is on its way from the list of keys to the signature. */
#define LATE 60

/* --- standard and hanko ----------------------------------------------------------------------- */

/* "cred" says which passkey it was: where it is missing, none was used. */
static json_t *write_hanko(const struct token_content *content)
{
    return json_pack("{s:s, s:s*, s:[s], s:I, s:I, s:s*}", "sub", content->user, "cred",
                     content->credential, "aud", content->party->rp_id, "iat",
                     (json_int_t)content->now, "exp", (json_int_t)content->expires, "trans",
                     content->details->transaction);
}

static enum pk_status read_hanko(const struct token_party *party,
                                 const struct pk_json_value *claims, struct token_claims *ret)
{
    enum pk_status status;

    if (!claims_audience(claims, party->rp_id))
        return PK_WRONG_TOKEN;
    status = claims_text(claims, "cred", &ret->credential);
    if (status == PK_OK)
        status = claims_text(claims, "trans", &ret->transaction);
    ret->approved = ret->credential != NULL;
    return status;
}

/*
 * One that an application got for a user is for this program alone: whoever takes tokens for the RP
 * id for a sign-in, and does not look for "cred", must not take these.
 */
static const char *standard_audience(const struct token_party *party, const char *credential)
{
    return credential ? party->rp_id : party->url;
}

static json_t *write_standard(const struct token_content *content)
{
    const struct token_details *details = content->details;
    const char *audience = standard_audience(content->party, content->credential);

    return json_pack("{s:s, s:s, s:s*, s:s, s:I, s:I, s:s*, s:s*, s:s*, s:s*}", "iss",
                     content->party->url, "sub", content->user, "cred", content->credential, "aud",
                     audience, "iat", (json_int_t)content->now, "exp", (json_int_t)content->expires,
                     "trans", details->transaction, "scope", details->scope, "action",
                     details->action, "idempotency_key", details->idempotency_key);
}

static enum pk_status read_standard(const struct token_party *party,
                                    const struct pk_json_value *claims, struct token_claims *ret)
{
    enum pk_status status;

    status = claims_text(claims, "cred", &ret->credential);
    ret->approved = ret->credential != NULL;
    if (status == PK_OK && (!claims_is(claims, "iss", party->url) ||
                            !claims_audience(claims, standard_audience(party, ret->credential))))
        status = PK_WRONG_TOKEN;
    if (status == PK_OK)
        status = claims_text(claims, "trans", &ret->transaction);
    if (status == PK_OK)
        status = claims_text(claims, "scope", &ret->scope);
    if (status == PK_OK)
        status = claims_text(claims, "action", &ret->action);
    if (status == PK_OK)
        status = claims_text(claims, "idempotency_key", &ret->idempotency_key);
    return status;
}

/* --- cloudreve and autional: the application makes such tokens too -----------------------------
 */

static const char *token_type(const struct token_content *content)
{
    return content->refresh ? "refresh" : "access";
}

/*
 * What has to stay the same for a refresh token to be good: the service's hash of e-mail, password
 * and site. Nobody's password is known here, and the id stands for the user.
 */
static char *state_hash(const struct token_content *content)
{
    PK_AUTO_FREE char *text = pk_text_format("%s//%s", content->user, content->party->rp_id);
    uint8_t hash[PK_HASH_SIZE];

    if (!text)
        return NULL;
    pk_sha256(pk_view_string(text), hash);
    return pk_base64_encode((struct pk_view){hash, sizeof(hash)});
}

static json_t *write_cloudreve(const struct token_content *content)
{
    PK_AUTO_FREE char *state = content->refresh ? state_hash(content) : NULL;
    char root[TOKEN_UUID_SIZE];

    token_uuid(root);
    return json_pack("{s:s, s:s, s:I, s:I, s:s*, s:s*}", "token_type", token_type(content), "sub",
                     content->user, "nbf", (json_int_t)content->now, "exp",
                     (json_int_t)content->expires, "state_hash", state, "root_token_id",
                     content->refresh ? root : NULL);
}

static enum pk_status read_cloudreve(const struct token_party *party,
                                     const struct pk_json_value *claims, struct token_claims *ret)
{
    (void)party;
    ret->refresh = claims_is(claims, "token_type", "refresh");
    if (!ret->refresh && !claims_is(claims, "token_type", "access"))
        return PK_WRONG_TOKEN;
    /* Only tokens that the application gave to another program have them. */
    return claims_words(claims, "scopes", &ret->scope);
}

static json_t *write_autional(const struct token_content *content)
{
    const char *tenant = content->party->tenant;

    return json_pack("{s:s, s:s, s:s*, s:I, s:I}", "token_type", token_type(content), "sub",
                     content->user, "tenant_id", *tenant ? tenant : NULL, "iat",
                     (json_int_t)content->now, "exp", (json_int_t)content->expires);
}

static enum pk_status read_autional(const struct token_party *party,
                                    const struct pk_json_value *claims, struct token_claims *ret)
{
    if (pk_json_optional(claims, "tenant_id") && !claims_is(claims, "tenant_id", party->tenant))
        return PK_WRONG_TOKEN;
    return read_cloudreve(party, claims, ret);
}

/* --- authsignal ------------------------------------------------------------------------------- */

static json_t *write_authsignal(const struct token_content *content)
{
    const struct token_details *details = content->details;

    return json_pack("{s:s, s:s, s:I, s:I, s:s*, s:{s:s, s:s, s:s*, s:s*, s:s*, s:s*}}", "sub",
                     content->user, "aud", content->party->url, "iat", (json_int_t)content->now,
                     "exp", (json_int_t)content->expires, "cred", content->credential, "other",
                     "tenantId", content->party->tenant, "userId", content->user, "actionCode",
                     details->action, "idempotencyKey", details->idempotency_key, "scope",
                     details->scope, "transactionId", details->transaction);
}

static enum pk_status read_authsignal(const struct token_party *party,
                                      const struct pk_json_value *claims, struct token_claims *ret)
{
    const struct pk_json_value *other = pk_json_get(claims, "other");
    enum pk_status status;

    if (!claims_audience(claims, party->url) || !pk_json_is(other, PK_JSON_OBJECT) ||
        !claims_is(other, "tenantId", party->tenant) || !claims_is(other, "userId", ret->user))
        return PK_WRONG_TOKEN;
    status = claims_text(claims, "cred", &ret->credential);
    if (status == PK_OK)
        status = claims_text(other, "actionCode", &ret->action);
    if (status == PK_OK)
        status = claims_text(other, "idempotencyKey", &ret->idempotency_key);
    if (status == PK_OK)
        status = claims_text(other, "scope", &ret->scope);
    if (status == PK_OK)
        status = claims_text(other, "transactionId", &ret->transaction);
    ret->approved = ret->credential != NULL;
    return status;
}

/* clang-format off */
static const struct token_profile profiles[PK_HTTP_COUNT] = {
    /* To sign with RSA takes a dozen times as long: as long as the rest of a ceremony. */
    [PK_HTTP_STANDARD] = {
        .algorithm = "ES256", .at_registration = true, .for_users = true, .approved_bears = true,
        .lifetime = 300, .write = write_standard, .read = read_standard},
    /* Applications take any token of these for a sign-in: none is made without a passkey. */
    [PK_HTTP_HANKO] = {
        .algorithm = "RS256", .at_registration = true,
        .lifetime = 300, .write = write_hanko, .read = read_hanko},
    [PK_HTTP_CLOUDREVE] = {
        .algorithm = "HS256", .shared = true, .for_users = true, .approved_bears = true,
        .scopes = {"UserSecurityInfo.Write", "UserSecurityInfo.Write", "UserSecurityInfo.Write"},
        .only_listed = true,
        .lifetime = 3600, .refresh_lifetime = 1209600,
        .write = write_cloudreve, .read = read_cloudreve},
    /* A token says who is to confirm: who has it alone must not choose with what. */
    [PK_HTTP_AUTHSIGNAL] = {
        .algorithm = "HS256", .at_registration = true, .for_users = true, .approved_bears = true,
        .scopes = {"add:authenticators", "update:authenticators", "remove:authenticators"},
        .first_is_free = true,
        .lifetime = 600, .write = write_authsignal, .read = read_authsignal},
    [PK_HTTP_AUTIONAL] = {
        .algorithm = "HS256", .shared = true, .for_users = true, .approved_bears = true,
        .lifetime = 1800, .refresh_lifetime = 86400,
        .write = write_autional, .read = read_autional},
};
/* clang-format on */

const struct token_profile *token_profile(enum pk_http http)
{
    return (size_t)http < PK_HTTP_COUNT && profiles[http].algorithm ? &profiles[http] : NULL;
}

int64_t token_profile_last(const struct token_profile *profile, int64_t now)
{
    unsigned longest = profile->refresh_lifetime > profile->lifetime ? profile->refresh_lifetime
                                                                     : profile->lifetime;

    return now + longest + LATE;
}
