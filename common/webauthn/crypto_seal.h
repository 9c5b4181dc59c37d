/* SPDX-License-Identifier: BSD-2-Clause */
/* A passphrase made into a key, and AES-256-GCM with it, by OpenSSL. */
#ifndef PK_WEBAUTHN_CRYPTO_SEAL_H
#define PK_WEBAUTHN_CRYPTO_SEAL_H

#include "common/base/bytes.h"
#include "common/base/status.h"

#define PK_SEAL_KEY_SIZE   32
#define PK_SEAL_NONCE_SIZE 12
#define PK_SEAL_TAG_SIZE   16
#define PK_STRETCHED_SIZE  64

/*
 * RFC 7914 with N=131072, r=8, p=1, which takes 128 MiB: for what anybody may have who has the
 * file. PK_INTERNAL, also where there is not that much memory.
 */
enum pk_status pk_passphrase_stretch(struct pk_view passphrase, struct pk_view salt,
                                     uint8_t ret[static PK_STRETCHED_SIZE]) PK_WARN_UNUSED;

/* What a sealing is bound to. A nonce is used once with a key. Borrowed. */
struct pk_seal {
    const uint8_t *key;   /* PK_SEAL_KEY_SIZE */
    const uint8_t *nonce; /* PK_SEAL_NONCE_SIZE */
    struct pk_view about; /* authenticated beside */
};

/* NIST SP 800-38D. ret has PK_SEAL_TAG_SIZE bytes more than plain. PK_INTERNAL, PK_TOO_LARGE. */
enum pk_status pk_seal_close(const struct pk_seal *seal, struct pk_view plain,
                             uint8_t *ret) PK_WARN_UNUSED;

/*
 * ret has PK_SEAL_TAG_SIZE bytes less than sealed, and is zeros where it fails.
 * PK_SIGNATURE_INVALID: it was sealed otherwise; PK_TRUNCATED, PK_INTERNAL, PK_TOO_LARGE.
 */
enum pk_status pk_seal_open(const struct pk_seal *seal, struct pk_view sealed,
                            uint8_t *ret) PK_WARN_UNUSED;

#endif
