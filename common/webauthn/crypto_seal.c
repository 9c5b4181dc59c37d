/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/crypto_seal.h"

#include "common/base/cleanup.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#define SCRYPT_N 131072
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_MEMORY                                                                              \
    268435456 /* bytes that OpenSSL may take: it counts a little more than N r                     \
               */

enum pk_status pk_passphrase_stretch(struct pk_view passphrase, struct pk_view salt,
                                     uint8_t ret[static PK_STRETCHED_SIZE])
{
    return EVP_PBE_scrypt((const char *)passphrase.ptr, passphrase.len, salt.ptr, salt.len,
                          SCRYPT_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEMORY, ret, PK_STRETCHED_SIZE) == 1
               ? PK_OK
               : PK_INTERNAL;
}

static void free_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}
#define AUTO_CONTEXT __attribute__((cleanup(free_context)))

static EVP_CIPHER_CTX *begin(const struct pk_seal *seal, bool closing)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;

    if (context &&
        EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, seal->key, seal->nonce, closing) == 1 &&
        EVP_CipherUpdate(context, NULL, &len, seal->about.ptr, (int)seal->about.len) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

enum pk_status pk_seal_close(const struct pk_seal *seal, struct pk_view plain, uint8_t *ret)
{
    AUTO_CONTEXT EVP_CIPHER_CTX *context = NULL;
    int len = 0, rest = 0;

    if (plain.len > INT_MAX || seal->about.len > INT_MAX)
        return PK_TOO_LARGE;
    context = begin(seal, true);
    if (!context || EVP_CipherUpdate(context, ret, &len, plain.ptr, (int)plain.len) != 1 ||
        EVP_CipherFinal_ex(context, ret + len, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, PK_SEAL_TAG_SIZE, ret + plain.len) != 1)
        return PK_INTERNAL;
    return PK_OK;
}

enum pk_status pk_seal_open(const struct pk_seal *seal, struct pk_view sealed, uint8_t *ret)
{
    AUTO_CONTEXT EVP_CIPHER_CTX *context = NULL;
    uint8_t tag[PK_SEAL_TAG_SIZE];
    size_t size;
    int len = 0, rest = 0;

    if (sealed.len < PK_SEAL_TAG_SIZE)
        return PK_TRUNCATED;
    size = sealed.len - PK_SEAL_TAG_SIZE;
    if (size > INT_MAX || seal->about.len > INT_MAX)
        return PK_TOO_LARGE;
    (void)memcpy(tag, sealed.ptr + size, sizeof(tag));
    context = begin(seal, false);
    if (!context || EVP_CipherUpdate(context, ret, &len, sealed.ptr, (int)size) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, PK_SEAL_TAG_SIZE, tag) != 1) {
        explicit_bzero(ret, size);
        return PK_INTERNAL;
    }
    if (EVP_CipherFinal_ex(context, ret + len, &rest) == 1)
        return PK_OK;
    explicit_bzero(ret, size);
    return PK_SIGNATURE_INVALID;
}
