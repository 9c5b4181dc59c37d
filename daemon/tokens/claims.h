/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading claims (RFC 7519 section 4) of a token whose signature has been verified. */
#ifndef PASSKEYD_TOKENS_CLAIMS_H
#define PASSKEYD_TOKENS_CLAIMS_H

#include "daemon/tokens/token_text.h"
#include "daemon/tokens/tokens.h"

/*
 * Everything that the relying party's tokens have. PK_NOT_SIGNED_IN: a claim that all have is
 * missing or malformed; PK_TOKEN_EXPIRED; PK_WRONG_TOKEN: not valid yet, or as profiles.h says.
 */
enum pk_status claims_read(const struct token_party *party, const struct token_text *token,
                           int64_t now, struct token_claims *ret) PK_WARN_UNUSED;

/*
 * tokens.c: whether a key of the relying party has signed it, by the algorithm of its profile. What
 * it says has not been looked at. PK_NOT_SIGNED_IN.
 */
enum pk_status tokens_verify(struct store *store, const struct token_party *party,
                             const struct token_text *token, int64_t now) PK_WARN_UNUSED;

/*
 * An optional text: NULL in *ret where it is missing or null. PK_WRONG_TOKEN: of another type, too
 * long, or with a NUL in it.
 */
enum pk_status claims_text(const struct pk_json_value *object, const char *name,
                           char **ret) PK_WARN_UNUSED;
/* An optional array of texts, as one with blanks between them; otherwise the same. */
enum pk_status claims_words(const struct pk_json_value *object, const char *name,
                            char **ret) PK_WARN_UNUSED;
/* Whether that member is this text. */
bool claims_is(const struct pk_json_value *object, const char *name, const char *text);
/* Whether "aud" is this text, or an array that has it (RFC 7519 section 4.1.3). */
bool claims_audience(const struct pk_json_value *object, const char *text);

#endif
