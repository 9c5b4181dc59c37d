/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/members.h"

#include <string.h>

void pk_member_write_number(struct pk_writer *writer, unsigned key, uint64_t value)
{
    pk_cbor_write_unsigned(writer, key);
    pk_cbor_write_unsigned(writer, value);
}

void pk_member_write_bool(struct pk_writer *writer, unsigned key, bool value)
{
    pk_cbor_write_unsigned(writer, key);
    pk_cbor_write_bool(writer, value);
}

void pk_member_write_bytes(struct pk_writer *writer, unsigned key, struct pk_view bytes)
{
    pk_cbor_write_unsigned(writer, key);
    pk_cbor_write_bytes(writer, bytes);
}

void pk_member_write_text(struct pk_writer *writer, unsigned key, const char *text)
{
    pk_cbor_write_unsigned(writer, key);
    pk_cbor_write_text(writer, pk_view_string(text ? text : ""));
}

void pk_member_read_key(struct pk_reader *reader, unsigned key)
{
    /* At the end of the map the member is missing; CBOR itself is whole. */
    if (pk_cbor_peek(reader) == PK_CBOR_END || pk_cbor_unsigned(reader) != key)
        pk_reader_fail(reader, PK_PROTOCOL);
}

unsigned pk_member_read_number(struct pk_reader *reader, unsigned key, unsigned min, unsigned max)
{
    uint64_t value;

    pk_member_read_key(reader, key);
    value = pk_cbor_unsigned(reader);
    if (value < min || value > max)
        pk_reader_fail(reader, PK_PROTOCOL);
    return reader->status == PK_OK ? (unsigned)value : 0;
}

bool pk_member_read_bool(struct pk_reader *reader, unsigned key)
{
    pk_member_read_key(reader, key);
    return pk_cbor_bool(reader);
}

/*@ requires sound(reader);
    assigns reader->status;
    ensures reader->status == PK_OK <==> \old(reader->status) == PK_OK && min <= size <= max; */
static void hold_to_range(struct pk_reader *reader, size_t size, size_t min, size_t max)
{
    if (size > max)
        pk_reader_fail(reader, PK_TOO_LARGE);
    if (size < min)
        pk_reader_fail(reader, PK_PROTOCOL);
}

/* Borrowed; without NUL characters. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures readable(\result);
    ensures reader->status == PK_OK ==> min <= \result.len <= max; */
static struct pk_view read_text(struct pk_reader *reader, unsigned key, size_t min, size_t max)
{
    struct pk_view text;

    pk_member_read_key(reader, key);
    text = pk_cbor_text(reader);
    hold_to_range(reader, text.len, min, max);
    if (text.len > 0 && memchr(text.ptr, 0, text.len))
        pk_reader_fail(reader, PK_PROTOCOL);
    return text;
}

/*@ requires sound(reader) && readable(text);
    assigns reader->status, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result == \null || is_string(\result);
    ensures reader->status == PK_OK <==> \result != \null; */
static char *copy_text(struct pk_reader *reader, struct pk_view text)
{
    char *copy;

    if (reader->status != PK_OK)
        return NULL;
    copy = strndup((const char *)text.ptr, text.len);
    if (!copy)
        pk_reader_fail(reader, PK_NO_MEMORY);
    return copy;
}

char *pk_member_read_text(struct pk_reader *reader, unsigned key, size_t min, size_t max)
{
    struct pk_view text = read_text(reader, key, min, max);

    return copy_text(reader, text);
}

char *pk_member_read_word(struct pk_reader *reader, unsigned key, size_t max)
{
    struct pk_view word = read_text(reader, key, 1, max);

    /*@ loop invariant 0 <= i <= word.len && sound(reader) && went_on{Pre, Here}(reader);
        loop assigns i, reader->status;
        loop variant word.len - i; */
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] <= ' ' || word.ptr[i] > '~')
            pk_reader_fail(reader, PK_PROTOCOL);
    return copy_text(reader, word);
}

void pk_member_read_exactly(struct pk_reader *reader, unsigned key, uint8_t *ret, size_t len)
{
    struct pk_view bytes;

    pk_member_read_key(reader, key);
    bytes = pk_cbor_bytes(reader);
    if (bytes.len == len)
        memcpy(ret, bytes.ptr, len);
    else
        pk_reader_fail(reader, PK_PROTOCOL);
}

size_t pk_member_read_array(struct pk_reader *reader, unsigned key, size_t min, size_t max)
{
    size_t count;

    pk_member_read_key(reader, key);
    count = pk_cbor_array(reader);
    hold_to_range(reader, count, min, max);
    return reader->status == PK_OK ? count : 0;
}

void pk_member_copy_bytes(struct pk_reader *reader, size_t min, size_t max, struct pk_bytes *ret)
{
    struct pk_view bytes = pk_cbor_bytes(reader);

    hold_to_range(reader, bytes.len, min, max);
    if (reader->status == PK_OK && pk_bytes_copy(bytes, ret) != PK_OK)
        pk_reader_fail(reader, PK_NO_MEMORY);
}
