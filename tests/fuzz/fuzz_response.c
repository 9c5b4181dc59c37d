/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text as the JSON of a registration's and of an authentication's response. */
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/registration.h"

static void authenticate(const struct pk_authentication_response *response)
{
    struct pk_authentication_result result;
    uint8_t key[sizeof(registration_public_key)];
    struct pk_credential_record record = {
        .id = response->credential_id,
        .public_key = {key, sizeof(key)},
        .user_handle = response->user_handle,
        .sign_count = 1,
    };

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = registration_public_key[i];
    if (pk_authentication_response_verify(fuzz_authentication(), &record, response, &result) ==
        PK_OK)
        pk_authentication_result_clear(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view input = {data, size};
    struct pk_registration_result result;
    struct pk_authentication_response response;

    if (pk_registration_response_verify(fuzz_registration(), input, &result) == PK_OK)
        pk_registration_result_clear(&result);
    if (pk_authentication_response_parse(input, &response) == PK_OK) {
        authenticate(&response);
        pk_authentication_response_clear(&response);
    }
    return 0;
}
