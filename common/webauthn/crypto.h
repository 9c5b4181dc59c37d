/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes, MACs and key derivation, by OpenSSL. Signatures are in signature.h. */
#ifndef PK_WEBAUTHN_CRYPTO_H
#define PK_WEBAUTHN_CRYPTO_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

/*
 * For a process that starts often and needs little of OpenSSL, before anything else of it is used:
 * no error texts and no tables of names, which cost time, and no configuration file, so that no
 * module is loaded that somebody configured for other programs.
 */
void pk_crypto_init_minimal(void);

/* The hashes that COSE algorithms and TPM structures name. */
enum pk_hash {
    PK_HASH_NONE,
    PK_HASH_SHA1,
    PK_HASH_SHA256,
    PK_HASH_SHA384,
    PK_HASH_SHA512,
};

#define PK_DIGEST_MAX 64

struct pk_digest {
    uint8_t bytes[PK_DIGEST_MAX];
    size_t len;
};

static inline struct pk_view pk_digest_view(const struct pk_digest *digest)
{
    return (struct pk_view){digest->bytes, digest->len};
}

/* OpenSSL's name of the hash. Static; NULL for PK_HASH_NONE. */
const char *pk_hash_name(enum pk_hash hash);

/* OpenSSL's implementation, for as long as the process lives; NULL: none, or not to be had. */
const struct evp_md_st *pk_hash_digest(enum pk_hash hash);

/* FIPS 180-4. PK_INTERNAL when OpenSSL cannot, PK_UNSUPPORTED for PK_HASH_NONE. */
enum pk_status pk_hash_compute(enum pk_hash hash, struct pk_view data,
                               struct pk_digest *ret) PK_WARN_UNUSED;

/* FIPS 180-4. Aborts the process when OpenSSL cannot: nothing may go on without. */
/*@ axiomatic Hashes {
      predicate hash_of{L}(uint8_t *hash, struct pk_view data)
        reads hash[0 .. PK_HASH_SIZE - 1], data.ptr[0 .. data.len - 1];
    } */
/*@ requires readable(data) && \valid(ret + (0 .. PK_HASH_SIZE - 1));
    assigns ret[0 .. PK_HASH_SIZE - 1];
    ensures hash_of(ret, data); */
void pk_sha256(struct pk_view data, uint8_t ret[PK_HASH_SIZE]);

/* FIPS 198-1 with SHA-256: decoy credential ids, keyed identifiers. PK_INTERNAL. */
enum pk_status pk_hmac_sha256(struct pk_view key, struct pk_view data,
                              uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

/* RFC 7914 with N=16384, r=8, p=1: recovery codes. PK_INTERNAL. */
enum pk_status pk_scrypt(struct pk_view password, struct pk_view salt,
                         uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
