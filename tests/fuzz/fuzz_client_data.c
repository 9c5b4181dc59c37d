/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as client data of either ceremony, with and without a record that may pay. */
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pk_credential_record payment = {.payment = true};
    struct pk_view input = {data, size};
    uint8_t hash[PK_HASH_SIZE];

    (void)!pk_client_data_verify(fuzz_registration(), NULL, input, hash);
    (void)!pk_client_data_verify(fuzz_authentication(), NULL, input, hash);
    (void)!pk_client_data_verify(fuzz_authentication(), &payment, input, hash);
    return 0;
}
