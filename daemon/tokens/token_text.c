/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/token_text.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_MAX    1024
#define SIGNATURE_MAX 512 /* RSA with 4,096 bits */
#define WORD_MAX      64  /* alg, kid */

void token_text_clear(struct token_text *token)
{
    pk_json_free(token->header);
    pk_json_free(token->claims);
    pk_bytes_clear(&token->header_text);
    pk_bytes_clear(&token->claims_text);
    *token = (struct token_text){0};
}

/* What stands in front of the first '.', which is taken away with it. */
static bool take_part(struct pk_view *rest, struct pk_view *part)
{
    const uint8_t *dot = rest->len > 0 ? memchr(rest->ptr, '.', rest->len) : NULL;

    if (!dot)
        return false;
    *part = (struct pk_view){rest->ptr, (size_t)(dot - rest->ptr)};
    *rest = (struct pk_view){dot + 1, rest->len - part->len - 1};
    return true;
}

static enum pk_status decode_object(struct pk_view part, size_t max, struct pk_bytes *text,
                                    struct pk_json **json)
{
    enum pk_status status = pk_base64url_decode(part, max, text);

    if (status == PK_OK)
        status = pk_json_parse(pk_view_of(text), json);
    return status == PK_NO_MEMORY ? status : status == PK_OK ? PK_OK : PK_INVALID_INPUT;
}

/* RFC 7515 section 4.1. What else the header has says nothing to us: the keys are ours. */
static bool read_header(struct token_text *token)
{
    const struct pk_json_value *root = pk_json_root(token->header);
    const struct pk_json_value *kid = pk_json_get(root, "kid");
    const struct pk_json_value *type = pk_json_get(root, "typ");
    struct pk_view word;

    if (pk_json_get(root, "crit") || !pk_json_string(pk_json_get(root, "alg"), &token->algorithm) ||
        token->algorithm.len == 0 || token->algorithm.len > WORD_MAX)
        return false;
    if (kid && (!pk_json_string(kid, &token->kid) || token->kid.len > WORD_MAX))
        return false;
    return !type || (pk_json_string(type, &word) && word.len == 3 &&
                     strncasecmp((const char *)word.ptr, "JWT", 3) == 0);
}

static enum pk_status parse(struct pk_view text, struct token_text *token)
{
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    struct pk_view rest = text;
    enum pk_status status;

    if (!take_part(&rest, &token->protected) || !take_part(&rest, &token->payload))
        return PK_INVALID_INPUT;
    token->signature = rest;
    status = decode_object(token->protected, HEADER_MAX, &token->header_text, &token->header);
    if (status == PK_OK)
        status = decode_object(token->payload, PK_TOKEN_MAX, &token->claims_text, &token->claims);
    if (status == PK_OK)
        status = pk_base64url_decode(token->signature, SIGNATURE_MAX, &signature);
    if (status == PK_NO_MEMORY)
        return status;
    return status == PK_OK && signature.len > 0 && read_header(token) ? PK_OK : PK_INVALID_INPUT;
}

enum pk_status token_text_parse(struct pk_view text, struct token_text *ret)
{
    AUTO_TOKEN_TEXT struct token_text token = {0};
    enum pk_status status;

    if (text.len > PK_TOKEN_MAX)
        return PK_TOO_LARGE;
    status = parse(text, &token);
    if (status != PK_OK)
        return status;
    *ret = token;
    token = (struct token_text){0};
    return PK_OK;
}
