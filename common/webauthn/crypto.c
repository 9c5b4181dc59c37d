/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>

void pk_crypto_init_minimal(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                                  OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                              NULL);
}

const char *pk_hash_name(enum pk_hash hash)
{
    static const char *const names[] = {
        [PK_HASH_SHA1] = "SHA1",
        [PK_HASH_SHA256] = "SHA256",
        [PK_HASH_SHA384] = "SHA384",
        [PK_HASH_SHA512] = "SHA512",
    };

    return names[hash];
}

/* Each takes longer to find than to hash a short text, so all are found once and stay. */
static EVP_MD *digests[PK_HASH_SHA512 + 1];

static void find_digests(void)
{
    for (size_t i = PK_HASH_SHA1; i < sizeof(digests) / sizeof(digests[0]); i++)
        digests[i] = EVP_MD_fetch(NULL, pk_hash_name((enum pk_hash)i), NULL);
    ERR_clear_error();
}

const EVP_MD *pk_hash_digest(enum pk_hash hash)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, find_digests);
    return digests[hash];
}

enum pk_status pk_hash_compute(enum pk_hash hash, struct pk_view data, struct pk_digest *ret)
{
    const EVP_MD *digest;
    unsigned len = 0;

    if (hash == PK_HASH_NONE)
        return PK_UNSUPPORTED;
    digest = pk_hash_digest(hash);
    if (!digest || EVP_Digest(data.ptr, data.len, ret->bytes, &len, digest, NULL) != 1)
        return PK_INTERNAL;
    ret->len = len;
    return PK_OK;
}

void pk_sha256(struct pk_view data, uint8_t ret[PK_HASH_SIZE])
{
    struct pk_digest digest;

    if (pk_hash_compute(PK_HASH_SHA256, data, &digest) != PK_OK)
        abort();
    for (size_t i = 0; i < PK_HASH_SIZE; i++)
        ret[i] = digest.bytes[i];
}

enum pk_status pk_hmac_sha256(struct pk_view key, struct pk_view data, uint8_t ret[PK_HASH_SIZE])
{
    static const uint8_t nothing;
    unsigned len = 0;

    if (key.len > INT_MAX)
        return PK_INVALID_ARGUMENT;
    /* A NULL key would mean "as before" to OpenSSL, not "empty". */
    if (!HMAC(EVP_sha256(), key.len > 0 ? key.ptr : &nothing, (int)key.len, data.ptr, data.len, ret,
              &len))
        return PK_INTERNAL;
    return len == PK_HASH_SIZE ? PK_OK : PK_INTERNAL;
}

enum pk_status pk_scrypt(struct pk_view password, struct pk_view salt, uint8_t ret[PK_HASH_SIZE])
{
    const uint64_t n = 16384, r = 8, p = 1, memory_max = 64 << 20;

    /* OpenSSL takes a NULL password for "only check the parameters". */
    if (password.len == 0)
        return PK_INVALID_ARGUMENT;
    if (EVP_PBE_scrypt((const char *)password.ptr, password.len, salt.ptr, salt.len, n, r, p,
                       memory_max, ret, PK_HASH_SIZE) != 1)
        return PK_INTERNAL;
    return PK_OK;
}
