/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the attestation object of the vectors' ceremony. */
#include "common/webauthn/crypto.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_registration_result result;
    uint8_t hash[PK_HASH_SIZE];

    pk_sha256(pk_view_string("{\"type\":\"webauthn.create\",\"challenge\":"
                             "\"LaphQJ22I-LvYbiD9fdcJ0SZrEBYRNSY46kgOTxixTo\","
                             "\"origin\":\"https://example.org\",\"crossOrigin\":false}"),
              hash);
    if (pk_registration_verify(fuzz_registration(), hash, (struct pk_view){data, size}, &result) ==
        PK_OK)
        pk_registration_result_clear(&result);
    return 0;
}
