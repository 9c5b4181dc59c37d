/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/claims.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/tokens/profiles.h"

#include <stdlib.h>
#include <string.h>

#define CLOCK_SKEW 10 /* seconds that an application's clock may be ahead of ours */

void token_claims_clear(struct token_claims *claims)
{
    free(claims->user);
    free(claims->kid);
    free(claims->credential);
    free(claims->transaction);
    free(claims->action);
    free(claims->idempotency_key);
    free(claims->scope);
    free(claims->json);
    *claims = (struct token_claims){0};
}

static enum pk_status copy_view(struct pk_view view, char **ret)
{
    *ret = strndup((const char *)view.ptr, view.len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status claims_text(const struct pk_json_value *object, const char *name, char **ret)
{
    const struct pk_json_value *value = pk_json_optional(object, name);
    struct pk_view text;

    *ret = NULL;
    if (!value)
        return PK_OK;
    if (!pk_json_string(value, &text) || text.len > PK_TOKEN_TEXT_MAX ||
        (text.len > 0 && memchr(text.ptr, 0, text.len)))
        return PK_WRONG_TOKEN;
    return text.len > 0 ? copy_view(text, ret) : pk_text_copy("", ret);
}

enum pk_status claims_words(const struct pk_json_value *object, const char *name, char **ret)
{
    const struct pk_json_value *value = pk_json_optional(object, name);
    PK_AUTO_FREE char *words = value ? strdup("") : NULL;
    struct pk_view text;

    *ret = NULL;
    if (!value)
        return PK_OK;
    if (!pk_json_is(value, PK_JSON_ARRAY))
        return PK_WRONG_TOKEN;
    for (const struct pk_json_value *one = value->first; one && words; one = one->next) {
        char *longer;

        if (!pk_json_string(one, &text) || text.len > PK_TOKEN_TEXT_MAX ||
            (text.len > 0 && memchr(text.ptr, 0, text.len)))
            return PK_WRONG_TOKEN;
        longer = pk_text_format("%s%s%.*s", words, *words ? " " : "", (int)text.len,
                                (const char *)text.ptr);
        free(words);
        words = longer;
    }
    if (!words)
        return PK_NO_MEMORY;
    *ret = pk_steal(words);
    return PK_OK;
}

static bool is_text(const struct pk_json_value *value, const char *text)
{
    struct pk_view view;

    return pk_json_string(value, &view) && pk_view_equal(view, pk_view_string(text));
}

bool claims_is(const struct pk_json_value *object, const char *name, const char *text)
{
    return is_text(pk_json_get(object, name), text);
}

bool claims_audience(const struct pk_json_value *object, const char *text)
{
    const struct pk_json_value *audience = pk_json_get(object, "aud");

    if (!pk_json_is(audience, PK_JSON_ARRAY))
        return is_text(audience, text);
    for (const struct pk_json_value *one = audience->first; one; one = one->next)
        if (is_text(one, text))
            return true;
    return false;
}

/* NumericDate (RFC 7519 section 2), of whole seconds. false: it is there, and is none. */
static bool read_date(const struct pk_json_value *object, const char *name, int64_t *ret)
{
    const struct pk_json_value *value = pk_json_get(object, name);

    return !value || (pk_json_integer(value, ret) && *ret >= 0);
}

static enum pk_status read_common(const struct pk_json_value *root, int64_t now,
                                  struct token_claims *claims)
{
    int64_t not_before = 0;
    enum pk_status status = claims_text(root, "sub", &claims->user);

    if (status == PK_NO_MEMORY)
        return status;
    if (status != PK_OK || !claims->user || !*claims->user || !pk_json_get(root, "exp") ||
        !read_date(root, "exp", &claims->expires) || !read_date(root, "iat", &claims->issued) ||
        !read_date(root, "nbf", &not_before))
        return PK_NOT_SIGNED_IN;
    if (now >= claims->expires)
        return PK_TOKEN_EXPIRED;
    return not_before - CLOCK_SKEW > now ? PK_WRONG_TOKEN : PK_OK;
}

enum pk_status claims_read(const struct token_party *party, const struct token_text *token,
                           int64_t now, struct token_claims *ret)
{
    AUTO_TOKEN_CLAIMS struct token_claims claims = {0};
    const struct token_profile *profile = token_profile(party->http);
    const struct pk_json_value *root = pk_json_root(token->claims);
    enum pk_status status;

    if (!profile)
        return PK_NOT_SIGNED_IN;
    status = read_common(root, now, &claims);
    if (status == PK_OK)
        status = profile->read(party, root, &claims);
    if (status == PK_OK)
        status = copy_view(pk_view_of(&token->claims_text), &claims.json);
    if (status == PK_OK)
        status =
            token->kid.len > 0 ? copy_view(token->kid, &claims.kid) : pk_text_copy("", &claims.kid);
    if (status != PK_OK)
        return status;
    *ret = claims;
    claims = (struct token_claims){0};
    return PK_OK;
}
