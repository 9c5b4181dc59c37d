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
/*@ requires sound(reader);
    assigns reader->status;
    ensures reader->status == PK_OK <==> \old(reader->status) == PK_OK; */
static void name_truncation(struct pk_reader *reader)
{
    if (reader->status == PK_TRUNCATED)
        reader->status = PK_CBOR_TRUNCATED;
}

/*@ assigns \nothing;
    ensures \result ==> info < 24 || (info == 24 && value >= 24) ||
      (info == 25 && value > UINT8_MAX) || (info == 26 && value > UINT16_MAX) ||
      (info == 27 && value > UINT32_MAX); */
static bool shortest(uint8_t info, uint64_t value)
{
    static const uint64_t least[] = {24, UINT8_MAX + 1, UINT16_MAX + 1, (uint64_t)UINT32_MAX + 1};

    return info < 24 || (info < 28 && value >= least[info - 24]);
}

/* Simple values (RFC 8949 section 3.3): two bytes from 32 on only; floats are as they are. */
/*@ requires sound(reader);
    assigns reader->status;
    ensures \old(reader->status) != PK_OK ==> reader->status != PK_OK; */
static void check_simple(struct pk_reader *reader, uint8_t info, uint64_t value)
{
    if (info == 24 && value < 32)
        pk_reader_fail(reader, PK_CBOR_MALFORMED);
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures reader->status == PK_OK ==> \result.type < PK_CBOR_END;
    ensures reader->status == PK_OK && \result.type != PK_CBOR_SIMPLE ==>
      advanced{Pre, Post}(reader, head_size(\result.value)); */
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

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures readable(\result) && (reader->status == PK_OK || \result.len == 0);
    ensures reader->status == PK_OK ==>
      advanced{Pre, Post}(reader, len) && \result.ptr == \old(reader->ptr) && \result.len == len; */
static struct pk_view take(struct pk_reader *reader, uint64_t len)
{
    struct pk_view taken;

    /* Before it becomes a size_t, which may be narrower. */
    if (len > reader->remaining)
        pk_reader_fail(reader, PK_TRUNCATED);
    taken = pk_reader_take(reader, (size_t)len);
    name_truncation(reader);
    return taken;
}

struct walk {
    struct pk_reader *reader;
    size_t depth;
    size_t items;
};

/*@ predicate walking(struct walk *walk) =
      \valid(walk) && sound(walk->reader) && \separated(walk, walk->reader) &&
      walk->depth <= PK_CBOR_DEPTH_MAX && walk->items <= PK_CBOR_ITEMS_MAX;
    predicate not_higher{Old, New}(struct walk *walk) =
      \at(walk->reader, New) == \at(walk->reader, Old) &&
      \at(walk->depth, New) >= \at(walk->depth, Old); */

/*@ requires walking(walk);
    decreases 3 * (PK_CBOR_DEPTH_MAX + 1 - walk->depth) + 2;
    assigns walk->depth, walk->items, *walk->reader;
    ensures walking(walk) && went_on{Pre, Post}(walk->reader) && not_higher{Pre, Post}(walk);
    ensures walk->reader->status == PK_OK ==>
      walk->depth == \old(walk->depth) &&
      walk->reader->remaining < \old(walk->reader->remaining); */
static void walk_item(struct walk *walk);

/*@ requires walking(walk);
    decreases 3 * (PK_CBOR_DEPTH_MAX + 1 - walk->depth) + 3;
    assigns walk->depth, walk->items, *walk->reader;
    ensures walking(walk) && went_on{Pre, Post}(walk->reader) && not_higher{Pre, Post}(walk);
    ensures walk->reader->status == PK_OK ==>
      walk->depth == \old(walk->depth) && pairs <= PK_CBOR_PAIRS_MAX; */
static void walk_map(struct walk *walk, uint64_t pairs)
{
    struct pk_view keys[PK_CBOR_PAIRS_MAX];

    if (pairs > PK_CBOR_PAIRS_MAX)
        pk_reader_fail(walk->reader, PK_CBOR_TOO_LARGE);
    /*@ loop invariant walking(walk) && went_on{Pre, Here}(walk->reader);
        loop invariant not_higher{Pre, Here}(walk);
        loop invariant 0 <= i <= pairs;
        loop invariant walk->reader->status == PK_OK ==>
          pairs <= PK_CBOR_PAIRS_MAX && walk->depth == \at(walk->depth, Pre);
        loop invariant \forall integer k; 0 <= k < i ==> readable(keys[k]);
        loop assigns i, keys[0 .. PK_CBOR_PAIRS_MAX - 1];
        loop assigns walk->depth, walk->items, *\at(walk->reader, Pre);
        loop variant pairs - i; */
    for (size_t i = 0; i < pairs && walk->reader->status == PK_OK; i++) {
        const uint8_t *start = walk->reader->ptr;
        size_t before = walk->reader->remaining;

        walk_item(walk);
        keys[i] = (struct pk_view){start, before - walk->reader->remaining};
        /*@ loop invariant 0 <= k <= i;
            loop invariant \at(walk->reader->status, LoopEntry) != PK_OK ==>
              walk->reader->status != PK_OK;
            loop assigns k, walk->reader->status;
            loop variant i - k; */
        for (size_t k = 0; k < i; k++)
            if (pk_view_equal(keys[k], keys[i]))
                pk_reader_fail(walk->reader, PK_CBOR_DUPLICATE_KEY);
        walk_item(walk);
    }
}

/*@ requires walking(walk);
    decreases 3 * (PK_CBOR_DEPTH_MAX + 1 - walk->depth) + 3;
    assigns walk->depth, walk->items, *walk->reader;
    ensures walking(walk) && went_on{Pre, Post}(walk->reader) && not_higher{Pre, Post}(walk);
    ensures walk->reader->status == PK_OK ==> walk->depth == \old(walk->depth); */
static void walk_array(struct walk *walk, uint64_t count)
{
    /*@ loop invariant walking(walk) && went_on{Pre, Here}(walk->reader);
        loop invariant not_higher{Pre, Here}(walk);
        loop invariant 0 <= i <= count;
        loop invariant walk->reader->status == PK_OK ==> walk->depth == \at(walk->depth, Pre);
        loop assigns i, walk->depth, walk->items, *\at(walk->reader, Pre);
        loop variant count - i; */
    for (uint64_t i = 0; i < count && walk->reader->status == PK_OK; i++)
        walk_item(walk);
}

/* What an array or a map holds. The recursion is bounded by PK_CBOR_DEPTH_MAX. */
/*@ requires walking(walk);
    decreases 3 * (PK_CBOR_DEPTH_MAX + 1 - walk->depth) + 1;
    assigns walk->depth, walk->items, *walk->reader;
    ensures walking(walk) && went_on{Pre, Post}(walk->reader) && not_higher{Pre, Post}(walk);
    ensures walk->reader->status == PK_OK ==> walk->depth == \old(walk->depth); */
static void walk_inside(struct walk *walk, enum pk_cbor_type type, uint64_t count)
{
    if (walk->depth >= PK_CBOR_DEPTH_MAX) {
        pk_reader_fail(walk->reader, PK_CBOR_TOO_DEEP);
        return;
    }
    walk->depth++;
    if (type == PK_CBOR_MAP)
        walk_map(walk, count);
    else
        walk_array(walk, count);
    walk->depth--;
}

/* The rest of an item that holds no others. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void check_content(struct pk_reader *reader, enum pk_cbor_type type, uint64_t value)
{
    if (type == PK_CBOR_BYTES)
        (void)take(reader, value);
    else if (type == PK_CBOR_TEXT && !pk_utf8_valid(take(reader, value)))
        pk_reader_fail(reader, PK_CBOR_MALFORMED);
    else if (type == PK_CBOR_TAGGED)
        pk_reader_fail(reader, PK_CBOR_TAG);
}

/* One item with all that it holds. */
static void walk_item(struct walk *walk)
{
    struct head head = read_head(walk->reader);

    /*@ assert walking(walk) && went_on{Pre, Here}(walk->reader) && not_higher{Pre, Here}(walk); */
    /*@ assert walk->reader->status == PK_OK ==>
          walk->depth == \at(walk->depth, Pre) &&
          walk->reader->remaining < \at(walk->reader->remaining, Pre); */
    if (walk->reader->status == PK_OK && walk->items >= PK_CBOR_ITEMS_MAX)
        pk_reader_fail(walk->reader, PK_CBOR_TOO_LARGE);
    if (walk->reader->status != PK_OK)
        return;
    walk->items++;
    /*@ assert walk->depth == \at(walk->depth, Pre) &&
          walk->reader->remaining < \at(walk->reader->remaining, Pre); */
    /*@ assert walking(walk) && went_on{Pre, Here}(walk->reader) && not_higher{Pre, Here}(walk); */
    if (head.type == PK_CBOR_ARRAY || head.type == PK_CBOR_MAP)
        walk_inside(walk, head.type, head.value);
    else
        check_content(walk->reader, head.type, head.value);
    /*@ assert walking(walk) && went_on{Pre, Here}(walk->reader) && not_higher{Pre, Here}(walk); */
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

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK && type != PK_CBOR_SIMPLE ==>
      advanced{Pre, Post}(reader, head_size(\result));
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures reader->status == PK_OK || \result == 0; */
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
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures \result <= reader->remaining && (reader->status == PK_OK || \result == 0); */
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
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, head_size(value)); */
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
