/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/sk_credential.h"

#include "common/base/cbor.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/webauthn/signature.h"

#include <string.h>

#define COORDINATE_SIZE 32
#define COSE_KEY_MAX    128
#define AUTH_DATA_SIZE  (PK_HASH_SIZE + 1 + 4)

/* COSE numbers (IANA "COSE Algorithms", "COSE Elliptic Curves") */
enum {
    ALGORITHM_ES256 = -7,
    ALGORITHM_EDDSA = -8,
    CURVE_P256 = 1,
    CURVE_ED25519 = 6,
};

bool sk_is_ssh(const char *rp_id)
{
    static const char prefix[] = "ssh:";

    return strncmp(rp_id, prefix, strlen(prefix)) == 0;
}

bool sk_needs_agent(const struct credential *credential)
{
    return sk_is_ssh(credential->rp_id) &&
           !(credential->imported && strcmp(credential->imported, "pam-u2f") == 0);
}

/* In canonical order: kty (1), alg (3), crv (-1), x (-2), y (-3). */
enum pk_status sk_public_key(const struct pk_sk_key *key, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(COSE_KEY_MAX);
    bool ecdsa = key->type == PK_SK_ECDSA;

    pk_cbor_write_map(&writer, ecdsa ? 5 : 4);
    pk_cbor_write_int(&writer, 1);
    pk_cbor_write_int(&writer, ecdsa ? PK_KEY_EC2 : PK_KEY_OKP);
    pk_cbor_write_int(&writer, 3);
    pk_cbor_write_int(&writer, ecdsa ? ALGORITHM_ES256 : ALGORITHM_EDDSA);
    pk_cbor_write_int(&writer, -1);
    pk_cbor_write_int(&writer, ecdsa ? CURVE_P256 : CURVE_ED25519);
    pk_cbor_write_int(&writer, -2);
    pk_cbor_write_bytes(&writer, (struct pk_view){key->point, COORDINATE_SIZE});
    if (ecdsa) {
        pk_cbor_write_int(&writer, -3);
        pk_cbor_write_bytes(&writer,
                            (struct pk_view){key->point + COORDINATE_SIZE, COORDINATE_SIZE});
    }
    return pk_writer_finish(&writer, ret);
}

bool sk_is_credential(const char *application, struct pk_view public_key,
                      const struct credential *credential)
{
    return strcmp(application, credential->rp_id) == 0 &&
           pk_view_equal(public_key, pk_view_of(&credential->record.public_key));
}

const struct credential *sk_find(const char *application, struct pk_view public_key,
                                 const struct credential_list *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (sk_is_credential(application, public_key, &credentials->items[i]))
            return &credentials->items[i];
    return NULL;
}

enum pk_status sk_registration(const struct pk_sk_key *key, struct pk_registration_result *ret)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        .format = "none",
        .attestation_type = PK_ATTESTATION_TYPE_NONE,
        .trust = PK_TRUST_UNKNOWN,
        .extensions = {.has_cred_props = true}, /* needs the key handle */
    };
    PK_AUTO_PUBLIC_KEY struct pk_public_key *public_key = NULL;
    uint8_t id[SK_CREDENTIAL_ID_SIZE];
    enum pk_status status;

    if (!sk_is_ssh(key->application))
        return PK_RP_ID_MISMATCH;
    pk_random(id, sizeof(id));
    status = sk_public_key(key, &result.public_key);
    if (status == PK_OK)
        status = pk_public_key_parse(pk_view_of(&result.public_key), &public_key);
    if (status == PK_OK)
        status = pk_bytes_copy((struct pk_view){id, sizeof(id)}, &result.credential_id);
    if (status != PK_OK)
        return status;
    result.algorithm = pk_public_key_algorithm(public_key)->number;
    *ret = result;
    result = (struct pk_registration_result){0};
    return PK_OK;
}

enum pk_status sk_question_make(enum pk_ceremony ceremony, struct pk_view challenge,
                                struct sk_question *ret)
{
    const struct pk_host_name host = pk_host_name();
    PK_AUTO_FREE char *origin = NULL;
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    struct sk_question question;
    enum pk_status status = PK_NO_MEMORY;

    origin = pk_text_format("ssh-agent://%s", host.text);
    if (origin)
        status = pk_client_data_hash(ceremony, challenge, origin, question.message);
    if (status == PK_OK)
        status = pk_sshsig_compose(question.message, &blob);
    if (status != PK_OK)
        return status;
    pk_sha256(pk_view_of(&blob), question.hash);
    *ret = question;
    return PK_OK;
}

enum pk_status sk_authenticator_data(const char *application,
                                     const struct pk_sk_signature *signature, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(AUTH_DATA_SIZE);
    uint8_t hash[PK_HASH_SIZE];

    if (signature->flags & PK_FLAG_AT)
        return PK_ATTESTED_DATA_UNEXPECTED;
    if (signature->flags & PK_FLAG_ED)
        return PK_EXTENSION_UNSOLICITED;
    if (signature->flags & ~(unsigned)(PK_FLAG_UP | PK_FLAG_UV))
        return PK_PROTOCOL;
    pk_sha256(pk_view_string(application), hash);
    pk_writer_put(&writer, (struct pk_view){hash, sizeof(hash)});
    pk_writer_u8(&writer, signature->flags);
    pk_writer_u32(&writer, signature->counter);
    return pk_writer_finish(&writer, ret);
}
