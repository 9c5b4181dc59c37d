/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our CBOR against libcbor's. We accept less (CTAP2's canonical form but for the order of keys);
 * what we accept libcbor accepts, and what libcbor takes for one whole item we do not call cut
 * short or too long.
 */
#include "common/base/cbor.h"
#include "tests/fuzz/fuzz_target.h"

#include <cbor.h>
#include <stdlib.h>

/* libcbor allocates what a head announces before it looks whether it is there. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=64";
}

/* libcbor knows no simple values but false, true, null and undefined. */
static bool unknown_simple(uint8_t head)
{
    return head >> 5 == 7 && ((head & 31) < 20 || (head & 31) == 24);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cbor_load_result result;
    enum pk_status status = pk_cbor_check((struct pk_view){data, size});
    cbor_item_t *item = cbor_load(data, size, &result);
    bool whole = item && result.read == size;

    if (item)
        cbor_decref(&item);
    if (status == PK_OK && !whole) {
        size_t at = result.error.position;

        if (result.error.code != CBOR_ERR_MALFORMATED || at >= size || !unknown_simple(data[at]))
            abort();
    }
    if (whole && (status == PK_CBOR_TRAILING_DATA || status == PK_CBOR_TRUNCATED))
        abort();
    return 0;
}
