/* SPDX-License-Identifier: BSD-2-Clause */
/* Making keys, signing and verifying. Nothing here says what it means. */
#ifndef PASSKEYD_TOKENS_SIGNING_H
#define PASSKEYD_TOKENS_SIGNING_H

#include "daemon/tokens/token_text.h"
#include "store/key_records.h"

#include <jansson.h>

#define SIGNING_RSA_BITS     2048 /* where nobody says otherwise */
#define SIGNING_RSA_BITS_MAX 3072

/* A new private key, as JSON. algorithm: "RS256" of that many bits, "ES256" or "HS256".
 * PK_INTERNAL.
 */
enum pk_status signing_generate(const char *algorithm, unsigned bits,
                                struct pk_secret *ret_jwk) PK_WARN_UNUSED;

/* The same for a shared HS256 key of PK_SHARED_KEY_MIN to PK_SHARED_KEY_MAX bytes. */
enum pk_status signing_from_bytes(struct pk_view secret, struct pk_secret *ret_jwk) PK_WARN_UNUSED;

/*
 * What tells shared keys apart: two have the same where one makes the MACs of the other, which keys
 * of different bytes can (RFC 2104 section 2: with zero bytes at the end, or hashed). PK_INTERNAL:
 * the key is no shared one.
 */
enum pk_status signing_shared_mark(const struct pk_secret *jwk,
                                   uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

/* The token in *ret_text, the caller's to free. with_kid: the header names the key. */
enum pk_status signing_sign(const struct signing_key *key, const json_t *claims, bool with_kid,
                            char **ret_text) PK_WARN_UNUSED;

/* PK_OK only when the key has signed it, by the algorithm that is the key's. PK_SIGNATURE_INVALID.
 */
enum pk_status signing_verify(const struct signing_key *key,
                              const struct token_text *token) PK_WARN_UNUSED;

/* The public half with kid, alg and use, a new reference. NULL: no memory, or it has none. */
json_t *signing_public(const struct signing_key *key) PK_WARN_UNUSED;

#endif
