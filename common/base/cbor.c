/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/cbor.h"

#include "common/base/limits.h"
#include "common/base/text.h"

#include <string.h>

struct head {
    enum pk_cbor_type type;
    uint8_t info; /* the low five bits of the first byte */
    uint64_t value;
};

/* The reader's PK_TRUNCATED, as a status of CBOR's own. */
static void name_truncation(struct pk_reader *reader)
{
    if (reader->status == PK_TRUNCATED)
        reader->status = PK_CBOR_TRUNCATED;
}

static bool shortest(uint8_t info, uint64_t value)
{
    static const uint64_t least[] = {24, UINT8_MAX + 1, UINT16_MAX + 1, (uint64_t)UINT32_MAX + 1};

    return info < 24 || (info < 28 && value >= least[info - 24]);
}

/* Simple values (RFC 8949 section 3.3): two bytes from 32 on only; floats are as they are. */
static void check_simple(struct pk_reader *reader, uint8_t info, uint64_t value)
{
    if (info == 24 && value < 32)
        pk_reader_fail(reader, PK_CBOR_MALFORMED);
}

static struct head read_head(struct pk_reader *reader)
{
    uint8_t first = pk_reader_u8(reader);
    struct head head = {(enum pk_cbor_type)(first >> 5), first & 31, first & 31};

    switch (head.info) {
    case 24:
        head.value = pk_reader_u8(reader);
        break;
    case 25:
        head.value = pk_reader_u16(reader);
        break;
    case 26:
        head.value = pk_reader_u32(reader);
        break;
    case 27:
        head.value = pk_reader_u64(reader);
        break;
    case 28:
    case 29:
    case 30:
        pk_reader_fail(reader, PK_CBOR_MALFORMED);
        break;
    case 31:
        /* A break where none can be, or an indefinite length on a type that has it. */
        pk_reader_fail(reader, head.type >= PK_CBOR_BYTES && head.type <= PK_CBOR_MAP
                                   ? PK_CBOR_INDEFINITE_LENGTH
                                   : PK_CBOR_MALFORMED);
        break;
    default:
        break;
    }
    name_truncation(reader);
    if (reader->status != PK_OK)
        return (struct head){PK_CBOR_END, 0, 0};
    if (head.type == PK_CBOR_SIMPLE)
        check_simple(reader, head.info, head.value);
    else if (!shortest(head.info, head.value))
        pk_reader_fail(reader, PK_CBOR_NOT_SHORTEST);
    return head;
}

static struct pk_view take(struct pk_reader *reader, uint64_t len)
{
    struct pk_view taken;

    /* Anything longer than what is left fails the same way; size_t may be narrower. */
    taken = pk_reader_take(reader, len > SIZE_MAX ? SIZE_MAX : (size_t)len);
    name_truncation(reader);
    return taken;
}

struct walk {
    struct pk_reader *reader;
    size_t depth;
    size_t items;
};

static void walk_item(struct walk *walk);

static void walk_map(struct walk *walk, uint64_t pairs)
{
    struct pk_view keys[PK_CBOR_PAIRS_MAX];

    if (pairs > PK_CBOR_PAIRS_MAX)
        pk_reader_fail(walk->reader, PK_CBOR_TOO_LARGE);
    for (size_t i = 0; i < pairs && walk->reader->status == PK_OK; i++) {
        const uint8_t *start = walk->reader->ptr;
        size_t before = walk->reader->remaining;

        walk_item(walk);
        keys[i] = (struct pk_view){start, before - walk->reader->remaining};
        for (size_t k = 0; k < i; k++)
            if (pk_view_equal(keys[k], keys[i]))
                pk_reader_fail(walk->reader, PK_CBOR_DUPLICATE_KEY);
        walk_item(walk);
    }
}

/* One item with all that it holds. The recursion is bounded by PK_CBOR_DEPTH_MAX. */
static void walk_item(struct walk *walk)
{
    struct head head = read_head(walk->reader);

    if (walk->reader->status != PK_OK)
        return;
    if (++walk->items > PK_CBOR_ITEMS_MAX) {
        pk_reader_fail(walk->reader, PK_CBOR_TOO_LARGE);
        return;
    }
    if (head.type == PK_CBOR_ARRAY || head.type == PK_CBOR_MAP) {
        if (++walk->depth > PK_CBOR_DEPTH_MAX) {
            pk_reader_fail(walk->reader, PK_CBOR_TOO_DEEP);
            return;
        }
        if (head.type == PK_CBOR_MAP)
            walk_map(walk, head.value);
        else
            for (uint64_t i = 0; i < head.value && walk->reader->status == PK_OK; i++)
                walk_item(walk);
        walk->depth--;
    } else if (head.type == PK_CBOR_BYTES) {
        (void)take(walk->reader, head.value);
    } else if (head.type == PK_CBOR_TEXT) {
        if (!pk_utf8_valid(take(walk->reader, head.value)))
            pk_reader_fail(walk->reader, PK_CBOR_MALFORMED);
    } else if (head.type == PK_CBOR_TAGGED) {
        pk_reader_fail(walk->reader, PK_CBOR_TAG);
    }
}

struct pk_view pk_cbor_item(struct pk_reader *reader)
{
    struct walk walk = {reader, 0, 0};
    struct pk_view item = {reader->ptr, reader->remaining};

    walk_item(&walk);
    if (reader->status != PK_OK)
        return (struct pk_view){NULL, 0};
    item.len -= reader->remaining;
    return item;
}

enum pk_status pk_cbor_check(struct pk_view input)
{
    struct pk_reader reader = pk_reader_new(input);
    enum pk_status status;

    (void)pk_cbor_item(&reader);
    status = pk_reader_finish(&reader);
    return status == PK_TRAILING_DATA ? PK_CBOR_TRAILING_DATA : status;
}

enum pk_cbor_type pk_cbor_peek(const struct pk_reader *reader)
{
    if (reader->status != PK_OK || reader->remaining == 0)
        return PK_CBOR_END;
    return (enum pk_cbor_type)(reader->ptr[0] >> 5);
}

static uint64_t read_typed(struct pk_reader *reader, enum pk_cbor_type type)
{
    struct head head = read_head(reader);

    if (reader->status == PK_OK && head.type != type)
        pk_reader_fail(reader, PK_CBOR_TYPE_MISMATCH);
    return reader->status == PK_OK ? head.value : 0;
}

uint64_t pk_cbor_unsigned(struct pk_reader *reader)
{
    return read_typed(reader, PK_CBOR_UNSIGNED);
}

int64_t pk_cbor_int(struct pk_reader *reader)
{
    bool negative = pk_cbor_peek(reader) == PK_CBOR_NEGATIVE;
    uint64_t value = read_typed(reader, negative ? PK_CBOR_NEGATIVE : PK_CBOR_UNSIGNED);

    if (value > INT64_MAX) {
        pk_reader_fail(reader, PK_CBOR_TYPE_MISMATCH);
        return 0;
    }
    return negative && reader->status == PK_OK ? -1 - (int64_t)value : (int64_t)value;
}

bool pk_cbor_bool(struct pk_reader *reader)
{
    struct head head = read_head(reader);

    if (reader->status == PK_OK &&
        (head.type != PK_CBOR_SIMPLE || (head.info != 20 && head.info != 21)))
        pk_reader_fail(reader, PK_CBOR_TYPE_MISMATCH);
    return reader->status == PK_OK && head.info == 21;
}

struct pk_view pk_cbor_bytes(struct pk_reader *reader)
{
    return take(reader, read_typed(reader, PK_CBOR_BYTES));
}

struct pk_view pk_cbor_text(struct pk_reader *reader)
{
    return take(reader, read_typed(reader, PK_CBOR_TEXT));
}

/* A count that is larger than what is left cannot be true: every item has a byte at least. */
static size_t read_count(struct pk_reader *reader, enum pk_cbor_type type)
{
    uint64_t count = read_typed(reader, type);

    if (count > reader->remaining)
        pk_reader_fail(reader, PK_CBOR_TRUNCATED);
    return reader->status == PK_OK ? (size_t)count : 0;
}

size_t pk_cbor_array(struct pk_reader *reader)
{
    return read_count(reader, PK_CBOR_ARRAY);
}

size_t pk_cbor_map(struct pk_reader *reader)
{
    return read_count(reader, PK_CBOR_MAP);
}

/* A head in its shortest form (RFC 8949 section 3). */
static void write_head(struct pk_writer *writer, enum pk_cbor_type type, uint64_t value)
{
    uint8_t major = (uint8_t)(type << 5);

    if (value < 24) {
        pk_writer_u8(writer, (uint8_t)(major | value));
    } else if (value <= UINT8_MAX) {
        pk_writer_u8(writer, major | 24);
        pk_writer_u8(writer, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        pk_writer_u8(writer, major | 25);
        pk_writer_u16(writer, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        pk_writer_u8(writer, major | 26);
        pk_writer_u32(writer, (uint32_t)value);
    } else {
        pk_writer_u8(writer, major | 27);
        pk_writer_u64(writer, value);
    }
}

void pk_cbor_write_unsigned(struct pk_writer *writer, uint64_t value)
{
    write_head(writer, PK_CBOR_UNSIGNED, value);
}

void pk_cbor_write_int(struct pk_writer *writer, int64_t value)
{
    if (value < 0)
        write_head(writer, PK_CBOR_NEGATIVE, (uint64_t)(-1 - value));
    else
        write_head(writer, PK_CBOR_UNSIGNED, (uint64_t)value);
}

void pk_cbor_write_bool(struct pk_writer *writer, bool value)
{
    write_head(writer, PK_CBOR_SIMPLE, value ? 21 : 20);
}

void pk_cbor_write_bytes(struct pk_writer *writer, struct pk_view bytes)
{
    write_head(writer, PK_CBOR_BYTES, bytes.len);
    pk_writer_put(writer, bytes);
}

void pk_cbor_write_text(struct pk_writer *writer, struct pk_view text)
{
    if (!pk_utf8_valid(text) && writer->status == PK_OK)
        writer->status = PK_INVALID_ARGUMENT;
    write_head(writer, PK_CBOR_TEXT, text.len);
    pk_writer_put(writer, text);
}

void pk_cbor_write_array(struct pk_writer *writer, size_t count)
{
    write_head(writer, PK_CBOR_ARRAY, count);
}

void pk_cbor_write_map(struct pk_writer *writer, size_t pairs)
{
    write_head(writer, PK_CBOR_MAP, pairs);
}
