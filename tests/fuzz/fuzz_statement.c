/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any CBOR as an attestation statement of FORMAT about the vectors' registration; built once for
 * each format.
 */
#include "common/base/cbor.h"
#include "common/webauthn/attestation.h"
#include "common/webauthn/crypto.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/registration.h"

#include <stdlib.h>
#include <string.h>

static struct pk_public_key *key_of(const struct pk_auth_data *data)
{
    static struct pk_public_key *key;

    if (!key && pk_public_key_parse(data->public_key, &key) != PK_OK)
        abort();
    return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t signed_data[sizeof(registration_auth_data) + PK_HASH_SIZE];
    struct pk_auth_data auth_data;
    struct pk_attestation_result result;
    struct pk_attestation_subject subject = {
        .auth_data = &auth_data,
        .client_data_hash = {signed_data + sizeof(registration_auth_data), PK_HASH_SIZE},
        .signed_data = {signed_data, sizeof(signed_data)},
        .time = 1767225600,
    };

    memcpy(signed_data, registration_auth_data, sizeof(registration_auth_data));
    memcpy(signed_data + sizeof(registration_auth_data), registration_client_data_hash,
           PK_HASH_SIZE);
    if (pk_auth_data_parse((struct pk_view){signed_data, sizeof(registration_auth_data)},
                           &auth_data) != PK_OK)
        abort();
    subject.key = key_of(&auth_data);
    /* Statements reach a format only after this. */
    if (pk_cbor_check((struct pk_view){data, size}) != PK_OK)
        return 0;
    (void)!pk_attestation_verify(fuzz_registration(), &subject, pk_view_string(FORMAT),
                                 (struct pk_view){data, size}, &result);
    return 0;
}
