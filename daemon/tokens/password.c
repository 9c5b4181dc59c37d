/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/password.h"

#include "common/base/cleanup.h"
#include "daemon/tokens/claims.h"
#include "daemon/tokens/keys.h"
#include "daemon/tokens/profiles.h"
#include "daemon/tokens/signing.h"

#include <jansson.h>
#include <stdlib.h>

PK_DEFINE_CLEANUP(json_t *, json_decref);

void password_answer_clear(struct password_answer *answer)
{
    free(answer->user);
    free(answer->nonce);
    free(answer->email);
    *answer = (struct password_answer){0};
}

enum pk_status password_question_sign(struct store *store, const struct token_party *party,
                                      const struct password_question *question, int64_t now,
                                      char **ret_text)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};
    enum pk_status status = keys_signing(store, party, now, &key);
    PK_CLEANUP(json_decref) json_t *claims = NULL;

    if (status != PK_OK)
        return status;
    claims = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "token_type",
                       "password_question", "iss", party->url, "aud", question->url, "sub",
                       question->user, "purpose", question->purpose, "nonce", question->nonce,
                       "iat", (json_int_t)now, "exp", (json_int_t)now + PK_PASSWORD_SECONDS);
    return claims ? signing_sign(&key, claims, !token_profile(party->http)->shared, ret_text)
                  : PK_NO_MEMORY;
}

/* PK_WRONG_TOKEN where it is missing or empty. */
static enum pk_status needed_text(const struct pk_json_value *claims, const char *name, char **ret)
{
    enum pk_status status = claims_text(claims, name, ret);

    return status == PK_OK && (!*ret || !**ret) ? PK_WRONG_TOKEN : status;
}

static enum pk_status read_claims(const struct pk_json_value *claims, int64_t now,
                                  struct password_answer *answer)
{
    const struct pk_json_value *right = pk_json_get(claims, "right");
    int64_t expires = 0;
    enum pk_status status;

    if (!claims_is(claims, "token_type", "password_answer") || !pk_json_is_bool(right) ||
        !pk_json_integer(pk_json_get(claims, "exp"), &expires) || now >= expires)
        return PK_WRONG_TOKEN;
    answer->right = pk_json_is(right, PK_JSON_TRUE);
    status = needed_text(claims, "sub", &answer->user);
    if (status == PK_OK)
        status = needed_text(claims, "nonce", &answer->nonce);
    return status == PK_OK ? claims_text(claims, "email", &answer->email) : status;
}

enum pk_status password_answer_claims(const struct token_text *token, int64_t now,
                                      struct password_answer *ret)
{
    AUTO_PASSWORD_ANSWER struct password_answer answer = {0};
    enum pk_status status = read_claims(pk_json_root(token->claims), now, &answer);

    if (status != PK_OK)
        return status == PK_NO_MEMORY ? status : PK_SIGNATURE_INVALID;
    *ret = answer;
    answer = (struct password_answer){0};
    return PK_OK;
}

enum pk_status password_answer_read(struct store *store, const struct token_party *party,
                                    struct pk_view text, int64_t now, struct password_answer *ret)
{
    AUTO_TOKEN_TEXT struct token_text token = {0};
    enum pk_status status = token_text_parse(text, &token);

    if (status == PK_OK)
        status = tokens_verify(store, party, &token, now);
    if (status != PK_OK)
        return status == PK_NO_MEMORY || status == PK_STORAGE ? status : PK_SIGNATURE_INVALID;
    return password_answer_claims(&token, now, ret);
}
