/* SPDX-License-Identifier: BSD-2-Clause */
/* Any file of a trust anchors' folder: refused, or a list of bounded certificates. */
#include "daemon/config/certificates.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_CERTIFICATES struct certificates certificates = {0};

    if (certificates_parse((struct pk_view){data, size}, &certificates) == PK_OK &&
        certificates.count == 0)
        abort();
    for (size_t i = 0; i < certificates.count; i++)
        if (certificates.items[i].len < 2 || certificates.items[i].len > CERTIFICATE_MAX ||
            certificates.items[i].data[0] != 0x30)
            abort();
    return 0;
}
