/* SPDX-License-Identifier: BSD-2-Clause */
/* P-256 key agreement and single blocks of AES, by OpenSSL: what of crypto only hybrid has. */
#ifndef PK_HYBRID_CRYPTO_H
#define PK_HYBRID_CRYPTO_H

#include "common/base/bytes.h"
#include "common/base/status.h"

#define PK_P256_SCALAR_SIZE 32
#define PK_P256_POINT_SIZE  65 /* SEC 1 section 2.3.3, uncompressed */
#define PK_P256_SHARED_SIZE 32 /* the x coordinate, with leading zeros */
#define PK_AES_BLOCK_SIZE   16
#define PK_AES_KEY_SIZE     32

struct pk_p256 {
    struct pk_secret scalar; /* big endian */
    uint8_t point[PK_P256_POINT_SIZE];
};

/*
 * The key pair of a private key, which the caller made: random bytes are one, but once in 2^32.
 * PK_KEY_LENGTH_INVALID; PK_KEY_MALFORMED for 0 or the group's order and above; PK_NO_MEMORY,
 * PK_INTERNAL.
 */
enum pk_status pk_p256_load(struct pk_view scalar, struct pk_p256 *ret) PK_WARN_UNUSED;
void pk_p256_clear(struct pk_p256 *key);
#define PK_AUTO_P256 __attribute__((cleanup(pk_p256_clear)))

/*
 * NIST SP 800-56A section 5.7.1.2. PK_KEY_LENGTH_INVALID or PK_KEY_POINT_INVALID for a peer's point
 * that is no uncompressed one on the curve; PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status pk_p256_shared(const struct pk_p256 *key, struct pk_view peer,
                              struct pk_secret *ret) PK_WARN_UNUSED;

/*
 * Between the two forms of a point: ret has PK_P256_POINT_SIZE bytes. PK_KEY_LENGTH_INVALID,
 * PK_KEY_POINT_INVALID.
 */
enum pk_status pk_p256_decompress(struct pk_view point, uint8_t *ret) PK_WARN_UNUSED;
/* ret has one byte more than a coordinate: 33. */
void pk_p256_compress(const uint8_t point[static PK_P256_POINT_SIZE], uint8_t *ret);

/* FIPS 197 with a key of 256 bits; key has PK_AES_KEY_SIZE bytes. PK_INTERNAL. */
enum pk_status pk_aes_encrypt_block(const uint8_t *key,
                                    const uint8_t block[static PK_AES_BLOCK_SIZE],
                                    uint8_t ret[static PK_AES_BLOCK_SIZE]) PK_WARN_UNUSED;
enum pk_status pk_aes_decrypt_block(const uint8_t *key,
                                    const uint8_t block[static PK_AES_BLOCK_SIZE],
                                    uint8_t ret[static PK_AES_BLOCK_SIZE]) PK_WARN_UNUSED;

#endif
