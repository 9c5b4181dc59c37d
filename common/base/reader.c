/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/reader.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

struct pk_reader pk_reader_new(struct pk_view input)
{
    return (struct pk_reader){input.ptr, input.len, PK_OK};
}

void pk_reader_fail(struct pk_reader *reader, enum pk_status status)
{
    if (reader->status == PK_OK)
        reader->status = status;
}

struct pk_view pk_reader_take(struct pk_reader *reader, size_t len)
{
    struct pk_view taken;

    if (reader->status == PK_OK && len > reader->remaining)
        pk_reader_fail(reader, PK_TRUNCATED);
    if (reader->status != PK_OK)
        return (struct pk_view){NULL, 0};
    taken = (struct pk_view){reader->ptr, len};
    if (len > 0)
        reader->ptr += len;
    reader->remaining -= len;
    return taken;
}

/*@ requires sound(reader) && size <= 8;
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures advanced{Pre, Post}(reader, size) || (reader->status != PK_OK && \result == 0); */
static uint64_t read_big_endian(struct pk_reader *reader, size_t size)
{
    struct pk_view taken = pk_reader_take(reader, size);
    uint64_t value = 0;

    /*@ loop invariant 0 <= i <= taken.len && (taken.len == 0 ==> value == 0);
        loop assigns i, value;
        loop variant taken.len - i; */
    for (size_t i = 0; i < taken.len; i++)
        value = value << 8 | taken.ptr[i];
    return value;
}

uint8_t pk_reader_u8(struct pk_reader *reader)
{
    return (uint8_t)read_big_endian(reader, 1);
}

uint16_t pk_reader_u16(struct pk_reader *reader)
{
    return (uint16_t)read_big_endian(reader, 2);
}

uint32_t pk_reader_u32(struct pk_reader *reader)
{
    return (uint32_t)read_big_endian(reader, 4);
}

uint64_t pk_reader_u64(struct pk_reader *reader)
{
    return read_big_endian(reader, 8);
}

struct pk_view pk_reader_string(struct pk_reader *reader, size_t max)
{
    uint32_t len = pk_reader_u32(reader);

    if (len > max)
        pk_reader_fail(reader, PK_TOO_LARGE);
    return pk_reader_take(reader, len);
}

char *pk_reader_text(struct pk_reader *reader, size_t max)
{
    struct pk_view view = pk_reader_string(reader, max);
    char *text = NULL;

    if (reader->status != PK_OK)
        return NULL;
    if (!pk_utf8_valid(view) || (view.len > 0 && memchr(view.ptr, 0, view.len))) {
        pk_reader_fail(reader, PK_INVALID_INPUT);
        return NULL;
    }
    text = malloc(view.len + 1);
    if (!text) {
        pk_reader_fail(reader, PK_NO_MEMORY);
        return NULL;
    }
    if (view.len > 0)
        memcpy(text, view.ptr, view.len);
    text[view.len] = 0;
    return text;
}

enum pk_status pk_reader_finish(const struct pk_reader *reader)
{
    if (reader->status != PK_OK)
        return reader->status;
    return reader->remaining == 0 ? PK_OK : PK_TRAILING_DATA;
}

enum pk_status pk_message_size(struct pk_view stream, size_t max, size_t *ret_size)
{
    struct pk_reader reader = pk_reader_new(stream);
    uint32_t len = pk_reader_u32(&reader);

    if (reader.status != PK_OK) {
        *ret_size = 0;
        return PK_OK;
    }
    if (len > max)
        return PK_TOO_LARGE;
    if (len == 0)
        return PK_PROTOCOL;
    *ret_size = sizeof(len) + len;
    return PK_OK;
}
