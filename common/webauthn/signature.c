/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/signature.h"

#include "common/base/reader.h"
#include "common/webauthn/cose.h"
#include "common/webauthn/signature_edwards.h"
#include "common/webauthn/verify.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <string.h>

#define CURVES_MAX 8 /* more than there are */

struct pk_public_key {
    const struct pk_algorithm *algorithm;
    EVP_PKEY *key;
    const EVP_MD *hash;    /* NULL where it is part of the algorithm */
    EVP_PKEY_CTX *context; /* set up to verify; NULL likewise */
    EVP_MD_CTX *digest;
};

PK_DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
PK_DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
PK_DEFINE_CLEANUP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free);
PK_DEFINE_CLEANUP(OSSL_PARAM *, OSSL_PARAM_free);
PK_DEFINE_CLEANUP(BIGNUM *, BN_free);

#define AUTO_PKEY         PK_CLEANUP(EVP_PKEY_free)
#define AUTO_PKEY_CONTEXT PK_CLEANUP(EVP_PKEY_CTX_free)
#define AUTO_BUILDER      PK_CLEANUP(OSSL_PARAM_BLD_free)
#define AUTO_PARAMETERS   PK_CLEANUP(OSSL_PARAM_free)
#define AUTO_BIGNUM       PK_CLEANUP(BN_free)

void pk_public_key_free(struct pk_public_key *key)
{
    if (!key)
        return;
    EVP_MD_CTX_free(key->digest);
    EVP_PKEY_CTX_free(key->context);
    EVP_PKEY_free(key->key);
    free(key);
}

const struct pk_algorithm *pk_public_key_algorithm(const struct pk_public_key *key)
{
    return key->algorithm;
}

EVP_PKEY *pk_public_key_evp(const struct pk_public_key *key)
{
    return key->key;
}

bool pk_algorithm_supported(int32_t number)
{
    const struct pk_algorithm *algorithm = pk_algorithm_find(number);
    EVP_KEYMGMT *found;

    if (!algorithm)
        return false;
    /* Everything but ML-DSA has been in OpenSSL since before 3.0. */
    if (algorithm->key_type != PK_KEY_AKP)
        return true;
    found = EVP_KEYMGMT_fetch(NULL, algorithm->openssl_name, NULL);
    ERR_clear_error();
    EVP_KEYMGMT_free(found);
    return found != NULL;
}

/* Errors are in the status; OpenSSL's error queue, which the whole thread shares, stays empty. */
static EVP_PKEY *key_from_parameters(const char *type, int selection, OSSL_PARAM *parameters)
{
    AUTO_PKEY_CONTEXT EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (!context || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, selection, parameters) <= 0)
        key = NULL;
    ERR_clear_error();
    return key;
}

/*
 * A key without its point, borrowed; NULL: no memory. The curve's numbers take longer to get ready
 * than a copy of them, so each curve is made once and stays.
 */
static const EVP_PKEY *curve_of(const char *name)
{
    static struct {
        const char *name; /* of an algorithm, and so static */
        EVP_PKEY *key;
    } curves[CURVES_MAX];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char group[16];
    OSSL_PARAM parameters[2];
    EVP_PKEY *found;
    size_t i = 0;

    (void)pthread_mutex_lock(&lock);
    while (i < CURVES_MAX - 1 && curves[i].key && strcmp(curves[i].name, name) != 0)
        i++;
    if (!curves[i].key) {
        (void)snprintf(group, sizeof(group), "%s", name);
        parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
        parameters[1] = OSSL_PARAM_construct_end();
        curves[i].name = name;
        curves[i].key = key_from_parameters("EC", EVP_PKEY_KEY_PARAMETERS, parameters);
    }
    found = strcmp(curves[i].name, name) == 0 ? curves[i].key : NULL;
    (void)pthread_mutex_unlock(&lock);
    return found;
}

static EVP_PKEY *key_from_point(const struct pk_cose_key *cose)
{
    uint8_t point[1 + 2 * 66];
    size_t size = cose->algorithm->key_size;
    const EVP_PKEY *curve = curve_of(cose->algorithm->openssl_name);
    AUTO_PKEY EVP_PKEY *key = curve ? EVP_PKEY_dup((EVP_PKEY *)(uintptr_t)curve) : NULL;

    /* SEC 1 section 2.3.3, uncompressed; OpenSSL checks that it is on the curve. */
    point[0] = 4;
    memcpy(point + 1, cose->x.ptr, size);
    memcpy(point + 1 + size, cose->y.ptr, size);
    if (key && EVP_PKEY_set1_encoded_public_key(key, point, 1 + 2 * size) == 1)
        return pk_steal(key);
    ERR_clear_error();
    return NULL;
}

static EVP_PKEY *key_from_modulus(const struct pk_cose_key *cose)
{
    AUTO_BUILDER OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    AUTO_BIGNUM BIGNUM *n = BN_bin2bn(cose->modulus.ptr, (int)cose->modulus.len, NULL);
    AUTO_BIGNUM BIGNUM *e = BN_bin2bn(cose->exponent.ptr, (int)cose->exponent.len, NULL);
    AUTO_PARAMETERS OSSL_PARAM *parameters = NULL;

    if (!builder || !n || !e || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        return NULL;
    parameters = OSSL_PARAM_BLD_to_param(builder);
    return parameters ? key_from_parameters("RSA", EVP_PKEY_PUBLIC_KEY, parameters) : NULL;
}

static EVP_PKEY *key_from_raw(const struct pk_algorithm *algorithm, struct pk_view raw)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key_ex(NULL, algorithm->openssl_name, NULL, raw.ptr, raw.len);

    ERR_clear_error();
    return key;
}

static enum pk_status make_key(const struct pk_cose_key *cose, EVP_PKEY **ret)
{
    const struct pk_algorithm *algorithm = cose->algorithm;
    EVP_PKEY *key = NULL;

    switch (algorithm->key_type) {
    case PK_KEY_EC2:
        key = key_from_point(cose);
        break;
    case PK_KEY_RSA:
        key = key_from_modulus(cose);
        break;
    case PK_KEY_OKP:
        /* OpenSSL does not look at the point until a signature is verified. */
        if (!pk_edwards_point_valid(cose->x))
            return PK_KEY_POINT_INVALID;
        key = key_from_raw(algorithm, cose->x);
        break;
    case PK_KEY_AKP:
        if (!pk_algorithm_supported(algorithm->number))
            return PK_ALGORITHM_UNSUPPORTED;
        key = key_from_raw(algorithm, cose->pub);
        break;
    }
    if (!key)
        return algorithm->key_type == PK_KEY_EC2 ? PK_KEY_POINT_INVALID : PK_KEY_MALFORMED;
    *ret = key;
    return PK_OK;
}

/* RFC 8017 section 9.1: the salt is as long as the hash (RFC 8230 section 2). */
static bool set_padding(EVP_PKEY_CTX *context, const struct pk_algorithm *algorithm)
{
    if (algorithm->key_type != PK_KEY_RSA)
        return true;
    if (!algorithm->pss)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/*
 * Fetching and setting up cost as much as a signature in OpenSSL 3, so it is done once a key, and
 * the hash is made apart from the signature so that the context can be used again and again.
 */
static bool set_up(struct pk_public_key *key)
{
    key->digest = EVP_MD_CTX_new();
    if (!key->digest)
        return false;
    if (key->algorithm->hash == PK_HASH_NONE)
        return true;
    key->hash = pk_hash_digest(key->algorithm->hash);
    key->context = EVP_PKEY_CTX_new_from_pkey(NULL, key->key, NULL);
    return key->hash && key->context && EVP_PKEY_verify_init(key->context) > 0 &&
           set_padding(key->context, key->algorithm) &&
           EVP_PKEY_CTX_set_signature_md(key->context, key->hash) > 0;
}

static enum pk_status assemble(const struct pk_algorithm *algorithm, EVP_PKEY *evp,
                               struct pk_public_key **ret)
{
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = calloc(1, sizeof(*key));

    if (!key || !EVP_PKEY_up_ref(evp))
        return PK_NO_MEMORY;
    key->algorithm = algorithm;
    key->key = evp;
    if (!set_up(key)) {
        ERR_clear_error();
        return PK_ALGORITHM_UNSUPPORTED;
    }
    *ret = pk_steal(key);
    return PK_OK;
}

enum pk_status pk_public_key_parse(struct pk_view cose, struct pk_public_key **ret)
{
    struct pk_cose_key parsed;
    AUTO_PKEY EVP_PKEY *evp = NULL;
    enum pk_status status = pk_cose_key_parse(cose, &parsed);

    if (status == PK_OK)
        status = make_key(&parsed, &evp);
    return status == PK_OK ? assemble(parsed.algorithm, evp, ret) : status;
}

static bool curve_suits(const struct pk_algorithm *algorithm, EVP_PKEY *key)
{
    static const char *const nist[] = {"prime256v1", "secp384r1", "secp521r1"};
    static const char *const exact[] = {
        [32] = "prime256v1", [48] = "secp384r1", [66] = "secp521r1"};
    char group[32];
    size_t len = 0;

    if (!EVP_PKEY_get_group_name(key, group, sizeof(group), &len))
        return false;
    if (algorithm->number == -47)
        return strcmp(group, "secp256k1") == 0;
    if (algorithm->number == -9 || algorithm->number == -51 || algorithm->number == -52)
        return strcmp(group, exact[algorithm->key_size]) == 0;
    for (size_t i = 0; i < sizeof(nist) / sizeof(nist[0]); i++)
        if (strcmp(group, nist[i]) == 0)
            return true;
    return false;
}

static bool key_suits(const struct pk_algorithm *algorithm, EVP_PKEY *key)
{
    switch (algorithm->key_type) {
    case PK_KEY_EC2:
        return EVP_PKEY_is_a(key, "EC") && curve_suits(algorithm, key);
    case PK_KEY_RSA:
        return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= 2048;
    case PK_KEY_OKP:
    case PK_KEY_AKP:
        return EVP_PKEY_is_a(key, algorithm->openssl_name);
    }
    return false;
}

enum pk_status pk_public_key_wrap(const struct pk_algorithm *algorithm, EVP_PKEY *evp,
                                  struct pk_public_key **ret)
{
    bool suits = key_suits(algorithm, evp);

    ERR_clear_error();
    return suits ? assemble(algorithm, evp, ret) : PK_CERTIFICATE_KEY;
}

/* One INTEGER of Ecdsa-Sig-Value (RFC 3279 section 2.2.3): DER, positive, not zero. */
static void read_der_integer(struct pk_reader *reader)
{
    struct pk_view number;
    uint8_t tag = pk_reader_u8(reader);

    /* r and s have at most 66 bytes and a sign byte: never a long length here. */
    number = pk_reader_take(reader, pk_reader_u8(reader));
    if (reader->status != PK_OK)
        return;
    if (tag != 2 || number.len == 0 || (number.ptr[0] & 0x80) ||
        (number.ptr[0] == 0 && (number.len == 1 || !(number.ptr[1] & 0x80))))
        pk_reader_fail(reader, PK_SIGNATURE_MALFORMED);
}

static bool der_signature_valid(struct pk_view signature)
{
    struct pk_reader reader = pk_reader_new(signature);
    uint8_t tag = pk_reader_u8(&reader);
    size_t len = pk_reader_u8(&reader);

    if (len == 0x81) { /* P-521 needs more than 127 bytes */
        len = pk_reader_u8(&reader);
        if (len < 0x80)
            return false;
    }
    if (tag != 0x30 || len != reader.remaining)
        return false;
    read_der_integer(&reader);
    read_der_integer(&reader);
    return pk_reader_finish(&reader) == PK_OK;
}

static bool signature_well_formed(const struct pk_public_key *key, struct pk_view signature)
{
    const struct pk_algorithm *algorithm = key->algorithm;

    if (algorithm->key_type == PK_KEY_EC2)
        return der_signature_valid(signature);
    if (algorithm->key_type == PK_KEY_RSA)
        return signature.len == (size_t)EVP_PKEY_get_size(key->key);
    return signature.len == algorithm->signature_size;
}

static bool verify_hashed(struct pk_public_key *key, struct pk_view message,
                          struct pk_view signature)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return EVP_DigestInit_ex2(key->digest, key->hash, NULL) > 0 &&
           EVP_DigestUpdate(key->digest, message.ptr, message.len) > 0 &&
           EVP_DigestFinal_ex(key->digest, hash, &len) > 0 &&
           EVP_PKEY_verify(key->context, signature.ptr, signature.len, hash, len) == 1;
}

static bool verify_whole(struct pk_public_key *key, struct pk_view message,
                         struct pk_view signature)
{
    bool valid =
        EVP_DigestVerifyInit_ex(key->digest, NULL, NULL, NULL, NULL, key->key, NULL) > 0 &&
        EVP_DigestVerify(key->digest, signature.ptr, signature.len, message.ptr, message.len) == 1;

    (void)EVP_MD_CTX_reset(key->digest);
    return valid;
}

enum pk_status pk_signature_verify(struct pk_public_key *key, struct pk_view message,
                                   struct pk_view signature)
{
    bool valid;

    if (!signature_well_formed(key, signature))
        return PK_SIGNATURE_MALFORMED;
    valid = key->context ? verify_hashed(key, message, signature)
                         : verify_whole(key, message, signature);
    if (valid)
        return PK_OK;
    ERR_clear_error();
    return PK_SIGNATURE_INVALID;
}
