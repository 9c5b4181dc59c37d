/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our verdict on an assertion against libfido2's, for the algorithms that both know: ES256, EdDSA
 * and RS256. Input: u16 length and COSE_Key, u16 length and authenticator data, 32 bytes of client
 * data hash, the signature.
 *
 * A key that we refuse is not compared: libfido2 takes keys of small order and odd RSA exponents.
 */
#include "common/base/reader.h"
#include "common/webauthn/authdata.h"
#include "common/webauthn/cose.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/signature.h"
#include "tests/fuzz/fuzz_target.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <stdlib.h>
#include <string.h>

struct input {
    struct pk_view cose, auth_data, hash, signature;
    struct pk_cose_key key;
};

static bool libfido2_es256(const fido_assert_t *assert, const struct pk_cose_key *key)
{
    uint8_t point[64];
    es256_pk_t *public = es256_pk_new();
    bool verified;

    memcpy(point, key->x.ptr, 32);
    memcpy(point + 32, key->y.ptr, 32);
    verified = public && es256_pk_from_ptr(public, point, sizeof(point)) == FIDO_OK &&
               fido_assert_verify(assert, 0, COSE_ES256, public) == FIDO_OK;
    es256_pk_free(&public);
    return verified;
}

static bool libfido2_eddsa(const fido_assert_t *assert, const struct pk_cose_key *key)
{
    eddsa_pk_t *public = eddsa_pk_new();
    bool verified = public && eddsa_pk_from_ptr(public, key->x.ptr, key->x.len) == FIDO_OK &&
                    fido_assert_verify(assert, 0, COSE_EDDSA, public) == FIDO_OK;

    eddsa_pk_free(&public);
    return verified;
}

static bool libfido2_rs256(const fido_assert_t *assert, const struct pk_cose_key *key)
{
    uint8_t numbers[256 + 3];
    rs256_pk_t *public = rs256_pk_new();
    bool verified;

    memcpy(numbers, key->modulus.ptr, 256);
    memcpy(numbers + 256, key->exponent.ptr, 3);
    verified = public && rs256_pk_from_ptr(public, numbers, sizeof(numbers)) == FIDO_OK &&
               fido_assert_verify(assert, 0, COSE_RS256, public) == FIDO_OK;
    rs256_pk_free(&public);
    return verified;
}

static bool comparable(const struct pk_cose_key *key)
{
    switch (key->algorithm->number) {
    case -7:
    case -8:
        return true;
    case -257:
        return key->modulus.len == 256 && key->exponent.len == 3;
    default:
        return false;
    }
}

static bool libfido2_verify(const struct input *input)
{
    fido_assert_t *assert = fido_assert_new();
    bool verified =
        assert &&fido_assert_set_clientdata_hash(assert, input->hash.ptr, input->hash.len) ==
        FIDO_OK &&fido_assert_set_rp(assert, "example.org") ==
        FIDO_OK &&fido_assert_set_count(assert, 1) ==
        FIDO_OK &&fido_assert_set_authdata_raw(assert, 0, input->auth_data.ptr,
                                               input->auth_data.len) ==
        FIDO_OK &&fido_assert_set_sig(assert, 0, input->signature.ptr, input->signature.len) ==
        FIDO_OK;

    if (verified)
        verified = input->key.algorithm->number == -7   ? libfido2_es256(assert, &input->key)
                   : input->key.algorithm->number == -8 ? libfido2_eddsa(assert, &input->key)
                                                        : libfido2_rs256(assert, &input->key);
    fido_assert_free(&assert);
    return verified;
}

static bool verify(const struct input *input, struct pk_public_key *key)
{
    PK_AUTO_BYTES struct pk_bytes message = {malloc(input->auth_data.len + PK_HASH_SIZE),
                                             input->auth_data.len + PK_HASH_SIZE};

    if (!message.data)
        abort();
    memcpy(message.data, input->auth_data.ptr, input->auth_data.len);
    memcpy(message.data + input->auth_data.len, input->hash.ptr, PK_HASH_SIZE);
    return pk_signature_verify(key, pk_view_of(&message), input->signature) == PK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;
    struct pk_reader reader = pk_reader_new((struct pk_view){data, size});
    struct pk_auth_data auth_data;
    uint8_t rp_id_hash[PK_HASH_SIZE];
    struct input input;
    bool ours;

    input.cose = pk_reader_take(&reader, pk_reader_u16(&reader));
    input.auth_data = pk_reader_take(&reader, pk_reader_u16(&reader));
    input.hash = pk_reader_take(&reader, PK_HASH_SIZE);
    input.signature = pk_reader_take(&reader, reader.remaining);
    if (reader.status != PK_OK || pk_public_key_parse(input.cose, &key) != PK_OK ||
        pk_cose_key_parse(input.cose, &input.key) != PK_OK || !comparable(&input.key))
        return 0;
    /* libfido2 leaves to others what is not about the signature; hold both to a minimum. */
    pk_sha256(pk_view_string("example.org"), rp_id_hash);
    if (pk_auth_data_parse(input.auth_data, &auth_data) != PK_OK ||
        (auth_data.flags & (PK_FLAG_AT | PK_FLAG_ED)) != 0 || !(auth_data.flags & PK_FLAG_UP) ||
        memcmp(auth_data.rp_id_hash.ptr, rp_id_hash, PK_HASH_SIZE) != 0)
        return 0;
    ours = verify(&input, key);
    if (libfido2_verify(&input) != ours)
        abort();
    return 0;
}
