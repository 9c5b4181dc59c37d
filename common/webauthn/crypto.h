/* SPDX-License-Identifier: BSD-2-Clause */
/* The room OpenSSL lives in: hashes, MACs and key derivation. Signatures are in signature.h. */
#ifndef PK_WEBAUTHN_CRYPTO_H
#define PK_WEBAUTHN_CRYPTO_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

/* FIPS 180-4. Aborts the process when OpenSSL cannot: nothing may go on without. */
void pk_sha256(struct pk_view data, uint8_t ret[PK_HASH_SIZE]);

/* FIPS 198-1 with SHA-256: decoy credential ids, keyed identifiers. PK_INTERNAL. */
enum pk_status pk_hmac_sha256(struct pk_view key, struct pk_view data,
                              uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

/* RFC 7914 with N=16384, r=8, p=1: recovery codes. PK_INTERNAL. */
enum pk_status pk_scrypt(struct pk_view password, struct pk_view salt,
                         uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
