/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/derive.h"

#include "common/webauthn/crypto.h"

#include <string.h>

#define INFO_MAX 64

/* RFC 5869 section 2.3: each block is made of the one before, info and a number. */
static enum pk_status expand(struct pk_view key, struct pk_view info, uint8_t *to, size_t len)
{
    uint8_t block[PK_HASH_SIZE + INFO_MAX + 1];
    uint8_t made[PK_HASH_SIZE];
    size_t before = 0;
    enum pk_status status = PK_OK;

    for (uint8_t number = 1; len > 0 && status == PK_OK; number++) {
        size_t size = len < sizeof(made) ? len : sizeof(made);

        if (info.len > 0)
            memcpy(block + before, info.ptr, info.len);
        block[before + info.len] = number;
        status = pk_hmac_sha256(key, (struct pk_view){block, before + info.len + 1}, made);
        if (status == PK_OK) {
            memcpy(to, made, size);
            memcpy(block, made, sizeof(made));
            before = sizeof(made);
            to += size;
            len -= size;
        }
    }
    explicit_bzero(block, sizeof(block));
    explicit_bzero(made, sizeof(made));
    return status;
}

enum pk_status pk_hkdf_sha256(const struct pk_hkdf *from, uint8_t *ret, size_t len)
{
    uint8_t key[PK_HASH_SIZE];
    enum pk_status status;

    if (len > PK_HKDF_MAX || from->info.len > INFO_MAX)
        return PK_TOO_LARGE;
    /* HMAC fills a short key up with zeros, so that an empty salt is one of zeros. */
    status = pk_hmac_sha256(from->salt, from->ikm, key);
    if (status == PK_OK)
        status = expand((struct pk_view){key, sizeof(key)}, from->info, ret, len);
    explicit_bzero(key, sizeof(key));
    return status;
}

enum pk_status pk_hybrid_derive(struct pk_view secret, struct pk_view salt,
                                enum pk_hybrid_purpose purpose, size_t len, struct pk_secret *ret)
{
    /* Four bytes, little endian. */
    const uint8_t info[4] = {(uint8_t)purpose};
    const struct pk_hkdf from = {secret, salt, {info, sizeof(info)}};
    PK_AUTO_SECRET struct pk_secret key = {0};
    enum pk_status status = pk_secret_new(len, &key);

    if (status == PK_OK)
        status = pk_hkdf_sha256(&from, key.data, len);
    if (status != PK_OK)
        return status;
    *ret = key;
    key = (struct pk_secret){0};
    return PK_OK;
}
