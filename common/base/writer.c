/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/writer.h"

#include <stdlib.h>
#include <string.h>

struct pk_writer pk_writer_new(size_t max)
{
    return (struct pk_writer){.max = max, .status = PK_OK};
}

/* Makes room for len more bytes; a frame may carry a PIN, so an outgrown buffer is wiped. */
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && writer->len == \old(writer->len);
    ensures writer->max == \old(writer->max);
    ensures \old(writer->status) != PK_OK ==> writer->status == \old(writer->status);
    ensures \result <==> writer->status == PK_OK;
    ensures \result ==>
      writer->len + len <= writer->allocated && writer->len + len <= writer->max; */
static bool reserve(struct pk_writer *writer, size_t len)
{
    size_t wanted = writer->allocated > 0 ? writer->allocated : 256;
    uint8_t *data;

    if (writer->status != PK_OK)
        return false;
    if (len > writer->max - writer->len) {
        writer->status = PK_TOO_LARGE;
        return false;
    }
    if (len <= writer->allocated - writer->len)
        return true;
    /*@ loop invariant writer->len <= wanted && 0 < wanted;
        loop invariant wanted == \at(wanted, LoopEntry) || wanted < 2 * (writer->len + len);
        loop assigns wanted;
        loop variant 2 * (writer->len + len) - wanted; */
    while (wanted - writer->len < len)
        wanted *= 2;
    data = malloc(wanted);
    if (!data) {
        writer->status = PK_NO_MEMORY;
        return false;
    }
    if (writer->data) {
        memcpy(data, writer->data, writer->len);
        explicit_bzero(writer->data, writer->len);
        free(writer->data);
    }
    writer->data = data;
    writer->allocated = wanted;
    return true;
}

void pk_writer_put(struct pk_writer *writer, struct pk_view bytes)
{
    if (!reserve(writer, bytes.len) || bytes.len == 0)
        return;
    memcpy(writer->data + writer->len, bytes.ptr, bytes.len);
    writer->len += bytes.len;
}

/*@ requires growing(writer) && size <= 8;
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, size); */
static void write_big_endian(struct pk_writer *writer, uint64_t value, size_t size)
{
    uint8_t encoded[8];

    /*@ loop invariant 0 <= i <= size;
        loop assigns i, encoded[0 .. 7];
        loop variant size - i; */
    for (size_t i = 0; i < size; i++)
        encoded[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    pk_writer_put(writer, (struct pk_view){encoded, size});
}

void pk_writer_u8(struct pk_writer *writer, uint8_t value)
{
    write_big_endian(writer, value, 1);
}

void pk_writer_u16(struct pk_writer *writer, uint16_t value)
{
    write_big_endian(writer, value, 2);
}

void pk_writer_u32(struct pk_writer *writer, uint32_t value)
{
    write_big_endian(writer, value, 4);
}

void pk_writer_u64(struct pk_writer *writer, uint64_t value)
{
    write_big_endian(writer, value, 8);
}

void pk_writer_string(struct pk_writer *writer, struct pk_view bytes)
{
    if (bytes.len > UINT32_MAX) {
        if (writer->status == PK_OK)
            writer->status = PK_TOO_LARGE;
        return;
    }
    pk_writer_u32(writer, (uint32_t)bytes.len);
    pk_writer_put(writer, bytes);
}

void pk_writer_text(struct pk_writer *writer, const char *text)
{
    pk_writer_string(writer, pk_view_string(text));
}

enum pk_status pk_writer_finish(struct pk_writer *writer, struct pk_bytes *ret)
{
    enum pk_status status = writer->status;

    if (status != PK_OK)
        return status;
    *ret = (struct pk_bytes){writer->data, writer->len};
    *writer = pk_writer_new(writer->max);
    return PK_OK;
}

void pk_writer_clear(struct pk_writer *writer)
{
    if (writer->data) {
        explicit_bzero(writer->data, writer->len);
        free(writer->data);
    }
    *writer = pk_writer_new(writer->max);
}
