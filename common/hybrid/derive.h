/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of the hybrid transport, all of them derived from the secret that a QR code shows. */
#ifndef PK_HYBRID_DERIVE_H
#define PK_HYBRID_DERIVE_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

#define PK_HKDF_MAX 8160 /* 255 blocks of SHA-256, RFC 5869 section 2.3 */

/*
 * RFC 5869 with SHA-256; an empty salt is one of zeros. The result may lie where an input does.
 * PK_TOO_LARGE over PK_HKDF_MAX or where info is longer than 64 bytes, PK_INTERNAL.
 */
struct pk_hkdf {
    struct pk_view ikm;
    struct pk_view salt;
    struct pk_view info;
};
enum pk_status pk_hkdf_sha256(const struct pk_hkdf *from, uint8_t *ret, size_t len) PK_WARN_UNUSED;

/* What a key is for; the number goes into the derivation. */
enum pk_hybrid_purpose {
    PK_HYBRID_EID_KEY = 1,       /* of the advert, PK_HYBRID_EID_KEY_SIZE */
    PK_HYBRID_TUNNEL_ID = 2,     /* PK_HYBRID_TUNNEL_ID_SIZE */
    PK_HYBRID_PSK = 3,           /* of the handshake, salted with the advert's plaintext */
    PK_HYBRID_PAIRED_SECRET = 4, /* this and the next two are the phone's own affair */
    PK_HYBRID_IDENTITY_SEED = 5,
    PK_HYBRID_CONTACT_SECRET = 6,
};

#define PK_HYBRID_EID_KEY_SIZE   64 /* AES-256 key, then the key of the HMAC */
#define PK_HYBRID_TUNNEL_ID_SIZE 16
#define PK_HYBRID_PSK_SIZE       32

/* As pk_hkdf_sha256(); *ret is new. PK_NO_MEMORY besides. */
enum pk_status pk_hybrid_derive(struct pk_view secret, struct pk_view salt,
                                enum pk_hybrid_purpose purpose, size_t len,
                                struct pk_secret *ret) PK_WARN_UNUSED;

#endif
