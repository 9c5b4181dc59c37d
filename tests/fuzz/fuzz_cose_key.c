/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a COSE_Key; what is accepted must also be ready to verify a signature. */
#include "common/webauthn/cose.h"
#include "common/webauthn/signature.h"
#include "tests/fuzz/fuzz_target.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t signature[256] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    struct pk_view input = {data, size};
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;
    struct pk_cose_key parsed;
    enum pk_status status = pk_cose_key_parse(input, &parsed);

    if (pk_public_key_parse(input, &key) != PK_OK)
        return 0;
    if (status != PK_OK)
        abort();
    for (size_t len = 0; len <= sizeof(signature); len += 8)
        if (pk_signature_verify(key, input, (struct pk_view){signature, len}) == PK_OK)
            abort();
    return 0;
}
