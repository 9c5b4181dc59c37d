/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/algorithm.h"

/* COSE curves (IANA "COSE Elliptic Curves"). */
enum { P256 = 1, P384 = 2, P521 = 3, ED25519 = 6, ED448 = 7, SECP256K1 = 8 };

/* clang-format off */
static const struct pk_algorithm table[] = {
    /* number type        curve      key   sig   hash            pss    OpenSSL's name */
    {-7,     PK_KEY_EC2,  P256,      32,   0,    PK_HASH_SHA256, false, "P-256"},     /* ES256 */
    {-35,    PK_KEY_EC2,  P384,      48,   0,    PK_HASH_SHA384, false, "P-384"},     /* ES384 */
    {-36,    PK_KEY_EC2,  P521,      66,   0,    PK_HASH_SHA512, false, "P-521"},     /* ES512 */
    {-47,    PK_KEY_EC2,  SECP256K1, 32,   0,    PK_HASH_SHA256, false, "secp256k1"}, /* ES256K */
    {-9,     PK_KEY_EC2,  P256,      32,   0,    PK_HASH_SHA256, false, "P-256"},     /* ESP256 */
    {-51,    PK_KEY_EC2,  P384,      48,   0,    PK_HASH_SHA384, false, "P-384"},     /* ESP384 */
    {-52,    PK_KEY_EC2,  P521,      66,   0,    PK_HASH_SHA512, false, "P-521"},     /* ESP512 */
    {-257,   PK_KEY_RSA,  0,         0,    0,    PK_HASH_SHA256, false, "RSA"},       /* RS256 */
    {-258,   PK_KEY_RSA,  0,         0,    0,    PK_HASH_SHA384, false, "RSA"},       /* RS384 */
    {-259,   PK_KEY_RSA,  0,         0,    0,    PK_HASH_SHA512, false, "RSA"},       /* RS512 */
    {-65535, PK_KEY_RSA,  0,         0,    0,    PK_HASH_SHA1,   false, "RSA"},       /* RS1 */
    {-37,    PK_KEY_RSA,  0,         0,    0,    PK_HASH_SHA256, true,  "RSA"},       /* PS256 */
    {-38,    PK_KEY_RSA,  0,         0,    0,    PK_HASH_SHA384, true,  "RSA"},       /* PS384 */
    {-39,    PK_KEY_RSA,  0,         0,    0,    PK_HASH_SHA512, true,  "RSA"},       /* PS512 */
    {-8,     PK_KEY_OKP,  ED25519,   32,   64,   PK_HASH_NONE,   false, "ED25519"},   /* EdDSA */
    {-19,    PK_KEY_OKP,  ED25519,   32,   64,   PK_HASH_NONE,   false, "ED25519"},   /* Ed25519 */
    {-53,    PK_KEY_OKP,  ED448,     57,   114,  PK_HASH_NONE,   false, "ED448"},     /* Ed448 */
    {-48,    PK_KEY_AKP,  0,         1312, 2420, PK_HASH_NONE,   false, "ML-DSA-44"},
    {-49,    PK_KEY_AKP,  0,         1952, 3309, PK_HASH_NONE,   false, "ML-DSA-65"},
    {-50,    PK_KEY_AKP,  0,         2592, 4627, PK_HASH_NONE,   false, "ML-DSA-87"},
};
/* clang-format on */

enum { ALGORITHMS = sizeof(table) / sizeof(table[0]) };

const struct pk_algorithm *pk_algorithm_at(size_t index)
{
    return index < ALGORITHMS ? &table[index] : NULL;
}

const struct pk_algorithm *pk_algorithm_find(int64_t number)
{
    /*@ loop invariant 0 <= i <= ALGORITHMS;
        loop assigns i;
        loop variant ALGORITHMS - i; */
    for (size_t i = 0; i < ALGORITHMS; i++)
        if (table[i].number == number)
            return &table[i];
    return NULL;
}
