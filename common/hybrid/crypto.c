/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/crypto.h"

#include "common/base/cleanup.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#define COMPRESSED_SIZE (1 + PK_P256_SCALAR_SIZE)
#define UNCOMPRESSED    4 /* the first byte of such a point */

PK_DEFINE_CLEANUP(BIGNUM *, BN_clear_free);
PK_DEFINE_CLEANUP(EC_GROUP *, EC_GROUP_free);
PK_DEFINE_CLEANUP(EC_POINT *, EC_POINT_clear_free);
PK_DEFINE_CLEANUP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free);
PK_DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
PK_DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
PK_DEFINE_CLEANUP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free);
PK_DEFINE_CLEANUP(OSSL_PARAM *, OSSL_PARAM_free);

#define AUTO_BIGNUM     PK_CLEANUP(BN_clear_free)
#define AUTO_GROUP      PK_CLEANUP(EC_GROUP_free)
#define AUTO_POINT      PK_CLEANUP(EC_POINT_clear_free)
#define AUTO_CIPHER     PK_CLEANUP(EVP_CIPHER_CTX_free)
#define AUTO_KEY        PK_CLEANUP(EVP_PKEY_free)
#define AUTO_CONTEXT    PK_CLEANUP(EVP_PKEY_CTX_free)
#define AUTO_BUILDER    PK_CLEANUP(OSSL_PARAM_BLD_free)
#define AUTO_PARAMETERS PK_CLEANUP(OSSL_PARAM_free)

/* In OpenSSL's secure memory where it has any, and treated in constant time. */
static BIGNUM *scalar_number(struct pk_view scalar)
{
    BIGNUM *number = BN_secure_new();

    if (number && BN_bin2bn(scalar.ptr, (int)scalar.len, number)) {
        BN_set_flags(number, BN_FLG_CONSTTIME);
        return number;
    }
    BN_clear_free(number);
    return NULL;
}

static enum pk_status public_point(const EC_GROUP *group, const BIGNUM *scalar,
                                   uint8_t ret[static PK_P256_POINT_SIZE])
{
    AUTO_POINT EC_POINT *point = EC_POINT_new(group);

    if (!point)
        return PK_NO_MEMORY;
    if (EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret, PK_P256_POINT_SIZE,
                           NULL) != PK_P256_POINT_SIZE)
        return PK_INTERNAL;
    return PK_OK;
}

enum pk_status pk_p256_load(struct pk_view scalar, struct pk_p256 *ret)
{
    AUTO_GROUP EC_GROUP *group = NULL;
    AUTO_BIGNUM BIGNUM *number = NULL;
    PK_AUTO_P256 struct pk_p256 key = {0};
    enum pk_status status;

    if (scalar.len != PK_P256_SCALAR_SIZE)
        return PK_KEY_LENGTH_INVALID;
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    number = scalar_number(scalar);
    if (!group || !number)
        return PK_NO_MEMORY;
    if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group)) >= 0)
        return PK_KEY_MALFORMED;
    status = public_point(group, number, key.point);
    if (status == PK_OK)
        status = pk_secret_copy(scalar, &key.scalar);
    if (status != PK_OK)
        return status;
    *ret = key;
    key = (struct pk_p256){0};
    return PK_OK;
}

void pk_p256_clear(struct pk_p256 *key)
{
    pk_secret_clear(&key->scalar);
}

/* From a point, and a scalar or NULL. OpenSSL checks that the point is on the curve. */
static EVP_PKEY *make_key(struct pk_view point, const BIGNUM *scalar)
{
    AUTO_BUILDER OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    AUTO_CONTEXT EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    AUTO_PARAMETERS OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;

    if (!builder || !context ||
        !OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ||
        !OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len) ||
        (scalar && !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar)))
        return NULL;
    parameters = OSSL_PARAM_BLD_to_param(builder);
    if (parameters && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          parameters) == 1)
        return key;
    ERR_clear_error();
    return NULL;
}

static enum pk_status agree(EVP_PKEY *own, EVP_PKEY *peer, struct pk_secret *ret)
{
    AUTO_CONTEXT EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    size_t len = ret->len;

    if (!context || EVP_PKEY_derive_init(context) != 1)
        return PK_INTERNAL;
    if (EVP_PKEY_derive_set_peer(context, peer) != 1) {
        ERR_clear_error();
        return PK_KEY_POINT_INVALID;
    }
    if (EVP_PKEY_derive(context, ret->data, &len) != 1 || len != ret->len)
        return PK_INTERNAL;
    return PK_OK;
}

enum pk_status pk_p256_shared(const struct pk_p256 *key, struct pk_view peer, struct pk_secret *ret)
{
    AUTO_BIGNUM BIGNUM *scalar = NULL;
    AUTO_KEY EVP_PKEY *own = NULL;
    AUTO_KEY EVP_PKEY *other = NULL;
    PK_AUTO_SECRET struct pk_secret shared = {0};
    enum pk_status status;

    if (peer.len != PK_P256_POINT_SIZE)
        return PK_KEY_LENGTH_INVALID;
    if (peer.ptr[0] != UNCOMPRESSED)
        return PK_KEY_POINT_INVALID;
    other = make_key(peer, NULL);
    if (!other)
        return PK_KEY_POINT_INVALID;
    scalar = scalar_number(pk_secret_view(&key->scalar));
    own = scalar ? make_key((struct pk_view){key->point, sizeof(key->point)}, scalar) : NULL;
    if (!own)
        return PK_INTERNAL;
    status = pk_secret_new(PK_P256_SHARED_SIZE, &shared);
    if (status == PK_OK)
        status = agree(own, other, &shared);
    if (status != PK_OK)
        return status;
    *ret = shared;
    shared = (struct pk_secret){0};
    return PK_OK;
}

enum pk_status pk_p256_decompress(struct pk_view point, uint8_t *ret)
{
    AUTO_GROUP EC_GROUP *group = NULL;
    AUTO_POINT EC_POINT *decoded = NULL;

    if (point.len != COMPRESSED_SIZE)
        return PK_KEY_LENGTH_INVALID;
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    decoded = group ? EC_POINT_new(group) : NULL;
    if (!decoded)
        return PK_NO_MEMORY;
    if (EC_POINT_oct2point(group, decoded, point.ptr, point.len, NULL) != 1) {
        ERR_clear_error();
        return PK_KEY_POINT_INVALID;
    }
    return EC_POINT_point2oct(group, decoded, POINT_CONVERSION_UNCOMPRESSED, ret,
                              PK_P256_POINT_SIZE, NULL) == PK_P256_POINT_SIZE
               ? PK_OK
               : PK_INTERNAL;
}

void pk_p256_compress(const uint8_t point[static PK_P256_POINT_SIZE], uint8_t *ret)
{
    ret[0] = (uint8_t)(2 | (point[PK_P256_POINT_SIZE - 1] & 1));
    memcpy(ret + 1, point + 1, PK_P256_SCALAR_SIZE);
}

static enum pk_status run_block(const uint8_t *key, const uint8_t *block, bool encrypt,
                                uint8_t *ret)
{
    AUTO_CIPHER EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len = 0;
    int rest = 0;

    if (!context || EVP_CipherInit_ex(context, EVP_aes_256_ecb(), NULL, key, NULL, encrypt) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_CipherUpdate(context, ret, &len, block, PK_AES_BLOCK_SIZE) != 1 ||
        EVP_CipherFinal_ex(context, ret + len, &rest) != 1)
        return PK_INTERNAL;
    return len + rest == PK_AES_BLOCK_SIZE ? PK_OK : PK_INTERNAL;
}

enum pk_status pk_aes_encrypt_block(const uint8_t *key,
                                    const uint8_t block[static PK_AES_BLOCK_SIZE],
                                    uint8_t ret[static PK_AES_BLOCK_SIZE])
{
    return run_block(key, block, true, ret);
}

enum pk_status pk_aes_decrypt_block(const uint8_t *key,
                                    const uint8_t block[static PK_AES_BLOCK_SIZE],
                                    uint8_t ret[static PK_AES_BLOCK_SIZE])
{
    return run_block(key, block, false, ret);
}
