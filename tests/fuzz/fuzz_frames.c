/* SPDX-License-Identifier: BSD-2-Clause */
/* Any payload: refused, or decoded to a frame that encodes to exactly these bytes again. */
#include "common/wire/frames.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    PK_AUTO_BYTES struct pk_bytes whole = {0};
    size_t frame_size;

    (void)!pk_frame_size((struct pk_view){data, size}, &frame_size);
    if (pk_frame_decode((struct pk_view){data, size}, &frame) != PK_OK)
        return 0;
    if (pk_frame_encode(&frame, &whole) != PK_OK || whole.len != size + 4 ||
        !pk_view_equal((struct pk_view){whole.data + 4, size}, (struct pk_view){data, size}))
        abort();
    return 0;
}
