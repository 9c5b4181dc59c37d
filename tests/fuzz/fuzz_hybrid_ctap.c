/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A phone's answer to either command, behind a byte that says which. A credential becomes one CBOR
 * item; an assertion has what an answer must have.
 */
#include "common/base/cbor.h"
#include "common/hybrid/ctap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void credential(struct pk_view answer, enum pk_attestation_preference attestation)
{
    struct pk_credential_request request = {.creation.attestation = attestation};
    struct pk_credential_answer made = {0};

    if (pk_hybrid_credential_made(&request, answer, &made) == PK_OK &&
        pk_cbor_check(pk_view_of(&made.attestation_object)) != PK_OK)
        abort();
    pk_bytes_clear(&made.attestation_object);
}

static void assertion(struct pk_view answer, size_t listed)
{
    static uint8_t id = 1;
    struct pk_descriptor list[] = {{.id = {&id, 1}}, {.id = {&id, 1}}};
    struct pk_assertion_request request = {.allow = list, .allow_count = listed};
    struct pk_assertion_answer made = {0};

    if (pk_hybrid_assertion_made(&request, answer, &made) == PK_OK &&
        (made.credential_id.len == 0 || made.signature.len == 0 ||
         made.authenticator_data.len == 0 || made.user_handle.len > PK_USER_HANDLE_MAX))
        abort();
    pk_assertion_answer_clear(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view answer;

    if (size == 0)
        return 0;
    answer = (struct pk_view){data + 1, size - 1};
    if (data[0] & 1)
        credential(answer, data[0] & 2 ? PK_ATTESTATION_DIRECT : PK_ATTESTATION_NONE);
    else
        assertion(answer, data[0] >> 1 & 1);
    return 0;
}
