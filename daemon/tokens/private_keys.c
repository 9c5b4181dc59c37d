/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/private_keys.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/webauthn/crypto.h"

#include <jansson.h>
#include <jose/openssl.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#define KEPT_MAX    32 /* more relying parties than that make their keys anew */
#define NUMBER_SIZE 32 /* of P-256 */

/* What a key of the algorithm is: another one signs nothing. */
static const struct {
    const char *algorithm;
    const char *type; /* OpenSSL's name */
    int size;         /* bytes of a signature; 0: those of the modulus */
} algorithms[] = {
    {"RS256", "RSA", 0},
    {"ES256", "EC", 2 * NUMBER_SIZE},
};

struct kept {
    uint8_t hash[PK_HASH_SIZE]; /* of its text */
    EVP_PKEY *key;              /* NULL: the place is free */
    uint64_t used;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept kept[KEPT_MAX];
static uint64_t uses;

PK_DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
PK_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
PK_DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free);

/* --- what is kept ----------------------------------------------------------------------------- */

/* The caller's to free; NULL: it is not there. */
static EVP_PKEY *find(const uint8_t hash[PK_HASH_SIZE])
{
    EVP_PKEY *found = NULL;

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < KEPT_MAX && !found; i++)
        if (kept[i].key && memcmp(kept[i].hash, hash, PK_HASH_SIZE) == 0 &&
            EVP_PKEY_up_ref(kept[i].key) == 1) {
            kept[i].used = ++uses;
            found = kept[i].key;
        }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

/* In the place that was used the longest time ago. Another thread may have kept the same. */
static void keep(const uint8_t hash[PK_HASH_SIZE], EVP_PKEY *key)
{
    struct kept *place = &kept[0];

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 1; i < KEPT_MAX; i++)
        if (kept[i].used < place->used)
            place = &kept[i];
    if (EVP_PKEY_up_ref(key) == 1) {
        EVP_PKEY_free(place->key);
        (void)memcpy(place->hash, hash, PK_HASH_SIZE);
        place->key = key;
        place->used = ++uses;
    }
    (void)pthread_mutex_unlock(&lock);
}

void private_keys_forget(void)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        EVP_PKEY_free(kept[i].key);
        kept[i] = (struct kept){0};
    }
    (void)pthread_mutex_unlock(&lock);
}

static EVP_PKEY *make(struct pk_view jwk)
{
    json_t *json = json_loadb((const char *)jwk.ptr, jwk.len, JSON_REJECT_DUPLICATES, NULL);
    EVP_PKEY *key = json ? jose_openssl_jwk_to_EVP_PKEY(NULL, json) : NULL;

    json_decref(json);
    return key;
}

static EVP_PKEY *get(struct pk_view jwk)
{
    uint8_t hash[PK_HASH_SIZE];
    EVP_PKEY *key;

    pk_sha256(jwk, hash);
    key = find(hash);
    if (key)
        return key;
    key = make(jwk);
    if (key)
        keep(hash, key);
    return key;
}

/* --- signing ---------------------------------------------------------------------------------- */

static size_t row_of(const char *algorithm)
{
    size_t row = 0;

    while (row < sizeof(algorithms) / sizeof(algorithms[0]) &&
           strcmp(algorithms[row].algorithm, algorithm) != 0)
        row++;
    return row;
}

bool private_key_signs(const char *algorithm)
{
    return row_of(algorithm) < sizeof(algorithms) / sizeof(algorithms[0]);
}

/* OpenSSL's signature in DER as two numbers (RFC 7518 section 3.4). */
static enum pk_status to_numbers(struct pk_bytes *signature)
{
    const uint8_t *at = signature->data;
    PK_CLEANUP(ECDSA_SIG_free) ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &at, (long)signature->len);
    uint8_t both[2 * NUMBER_SIZE];

    if (!numbers || BN_bn2binpad(ECDSA_SIG_get0_r(numbers), both, NUMBER_SIZE) != NUMBER_SIZE ||
        BN_bn2binpad(ECDSA_SIG_get0_s(numbers), both + NUMBER_SIZE, NUMBER_SIZE) != NUMBER_SIZE)
        return PK_INTERNAL;
    pk_bytes_clear(signature);
    return pk_bytes_copy((struct pk_view){both, sizeof(both)}, signature);
}

enum pk_status private_key_sign(struct pk_view jwk, const char *algorithm, struct pk_view text,
                                struct pk_bytes *ret_signature)
{
    size_t row = row_of(algorithm);
    PK_CLEANUP(EVP_PKEY_free) EVP_PKEY *key = private_key_signs(algorithm) ? get(jwk) : NULL;
    PK_CLEANUP(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    size_t len = key ? (size_t)EVP_PKEY_get_size(key) : 0;
    enum pk_status status = PK_OK;

    if (!context)
        return PK_NO_MEMORY;
    if (!key || !EVP_PKEY_is_a(key, algorithms[row].type))
        return PK_INTERNAL;
    signature = (struct pk_bytes){malloc(len), len};
    if (!signature.data)
        return PK_NO_MEMORY;
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature.data, &len, text.ptr, text.len) != 1)
        return PK_INTERNAL;
    signature.len = len;
    if (algorithms[row].size > 0)
        status = to_numbers(&signature);
    if (status != PK_OK)
        return status;
    *ret_signature = signature;
    signature = (struct pk_bytes){0};
    return PK_OK;
}
