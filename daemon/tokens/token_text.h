/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signed token as it comes: the compact serialization (RFC 7515 section 7.1) of a JWT (RFC 7519),
 * taken apart. Nothing in it is believed: its signature has to be verified (signing.h).
 */
#ifndef PASSKEYD_TOKENS_TOKEN_TEXT_H
#define PASSKEYD_TOKENS_TOKEN_TEXT_H

#include "common/base/limits.h"
#include "common/webauthn/json.h"

struct token_text {           /* views borrow from the text or from the members below */
    struct pk_view protected; /* the three parts as they stand, in base64url */
    struct pk_view payload;
    struct pk_view signature;
    struct pk_view algorithm; /* "alg" */
    struct pk_view kid;       /* empty: it names none */
    struct pk_bytes header_text;
    struct pk_bytes claims_text;
    struct pk_json *header;
    struct pk_json *claims;
};

/*
 * The text must outlive *ret. PK_INVALID_INPUT: not of that form, a "typ" other than JWT, or a
 * "crit", which asks for what is not known here; PK_TOO_LARGE over PK_TOKEN_MAX; PK_NO_MEMORY.
 */
enum pk_status token_text_parse(struct pk_view text, struct token_text *ret) PK_WARN_UNUSED;
void token_text_clear(struct token_text *token);
#define AUTO_TOKEN_TEXT __attribute__((cleanup(token_text_clear)))

#endif
