/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The private keys that tokens are signed with, ready for it. To make one from its JSON takes
 * longer than to sign with it, so the last few are kept. Which key signs is not said here: who asks
 * has read it from the store, and a key is found again by its whole text alone.
 */
#ifndef PASSKEYD_TOKENS_PRIVATE_KEYS_H
#define PASSKEYD_TOKENS_PRIVATE_KEYS_H

#include "common/base/bytes.h"

/* JWS algorithms (RFC 7518 sections 3.3 and 3.4) that are signed with a key pair. */
bool private_key_signs(const char *algorithm) PK_WARN_UNUSED;

/*
 * The signature of the text by the key, a private RSA or EC key as JSON, as it is in a token: of
 * RS256 the number, of ES256 the two numbers, 32 bytes each. May be called by any thread.
 * PK_INTERNAL: the key is none of that algorithm; PK_NO_MEMORY.
 */
enum pk_status private_key_sign(struct pk_view jwk, const char *algorithm, struct pk_view text,
                                struct pk_bytes *ret_signature) PK_WARN_UNUSED;

/* Those that were kept are wiped. */
void private_keys_forget(void);

#endif
