/* SPDX-License-Identifier: BSD-2-Clause */
/* Any record: refused, or read to a ceremony that is written as exactly these bytes again. */
#include "daemon/verify/ceremony_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = NULL;
    PK_AUTO_BYTES struct pk_bytes again = {0};
    int64_t expires;

    if (ceremony_record_read((struct pk_view){data, size}, &ceremony, &expires) != PK_OK)
        return 0;
    if (ceremony_record_write(ceremony, expires, &again) != PK_OK ||
        !pk_view_equal(pk_view_of(&again), (struct pk_view){data, size}))
        abort();
    return 0;
}
