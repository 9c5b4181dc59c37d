/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/fields.h"

#include <stdlib.h>
#include <string.h>

unsigned pk_field_number(struct pk_reader *reader, unsigned max)
{
    unsigned value = pk_reader_u8(reader);

    if (value > max) {
        pk_reader_fail(reader, PK_PROTOCOL);
        return 0;
    }
    return value;
}

size_t pk_field_count(struct pk_reader *reader, size_t max, size_t item_size, void **ret_items)
{
    size_t count = pk_reader_u8(reader);
    void *items;

    if (count > max)
        pk_reader_fail(reader, PK_TOO_LARGE);
    if (reader->status != PK_OK || count == 0)
        return 0;
    items = calloc(count, item_size);
    if (!items) {
        pk_reader_fail(reader, PK_NO_MEMORY);
        return 0;
    }
    *ret_items = items;
    return count;
}

void pk_field_bytes(struct pk_reader *reader, size_t max, struct pk_bytes *ret)
{
    struct pk_view view = pk_reader_string(reader, max);

    if (reader->status == PK_OK && pk_bytes_copy(view, ret) != PK_OK)
        pk_reader_fail(reader, PK_NO_MEMORY);
}

void pk_field_some_bytes(struct pk_reader *reader, size_t max, struct pk_bytes *ret)
{
    pk_field_bytes(reader, max, ret);
    if (ret->len == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
}

char *pk_field_some_text(struct pk_reader *reader, size_t max)
{
    char *text = pk_reader_text(reader, max);

    if (text && !*text)
        pk_reader_fail(reader, PK_PROTOCOL);
    return text;
}

void pk_field_hash(struct pk_reader *reader, uint8_t ret[PK_HASH_SIZE])
{
    struct pk_view view = pk_reader_take(reader, PK_HASH_SIZE);

    if (view.len == PK_HASH_SIZE)
        memcpy(ret, view.ptr, PK_HASH_SIZE);
}

enum pk_status pk_field_status(struct pk_reader *reader)
{
    struct pk_view name = pk_reader_string(reader, 64);

    /*@ loop invariant 0 <= status <= PK_STATUS_COUNT;
        loop assigns status;
        loop variant PK_STATUS_COUNT - status; */
    for (unsigned status = 0; reader->status == PK_OK && status < PK_STATUS_COUNT; status++) {
        if (pk_view_equal(name, pk_view_string(pk_status_name(status))))
            return status;
    }
    pk_reader_fail(reader, PK_PROTOCOL);
    return PK_INTERNAL;
}
