/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as authenticator data; what is taken apart must add up to the whole again. */
#include "common/webauthn/authdata.h"
#include "common/webauthn/extensions.h"
#include "common/webauthn/signature.h"
#include "tests/fuzz/fuzz_target.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;
    struct pk_extension_results results = {0};
    struct pk_auth_data parsed;
    size_t attested;

    if (pk_auth_data_parse((struct pk_view){data, size}, &parsed) != PK_OK)
        return 0;
    attested = parsed.aaguid.len + parsed.credential_id.len + parsed.public_key.len;
    if (parsed.flags & PK_FLAG_AT)
        attested += 2;
    else if (attested > 0)
        abort();
    if (37 + attested + parsed.extensions.len != size)
        abort();
    (void)!pk_extensions_read(fuzz_registration(), parsed.extensions, &results);
    if (parsed.public_key.len > 0)
        (void)!pk_public_key_parse(parsed.public_key, &key);
    return 0;
}
