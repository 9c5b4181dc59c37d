/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/der.h"

/* X.690 section 8.1.2.4: seven bits a byte, the top bit says that more follow. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> \result >= 31; */
static uint32_t read_high_tag(struct pk_reader *reader)
{
    uint32_t tag = 0;
    uint8_t byte;

    /*@ loop invariant sound(reader) && went_on{Pre, Here}(reader);
        loop assigns byte, tag, *reader;
        loop variant reader->remaining; */
    do {
        byte = pk_reader_u8(reader);
        if (tag > UINT32_MAX >> 7 || (tag == 0 && byte == 0x80))
            pk_reader_fail(reader, PK_INVALID_INPUT);
        tag = tag << 7 | (byte & 0x7f);
    } while ((byte & 0x80) && reader->status == PK_OK);
    if (tag < 31)
        pk_reader_fail(reader, PK_INVALID_INPUT);
    return tag;
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static size_t read_length(struct pk_reader *reader)
{
    uint8_t first = pk_reader_u8(reader);
    size_t len = 0;

    if (first < 0x80)
        return first;
    /* 0x80 would be indefinite; four bytes are more than any certificate needs. */
    if (first == 0x80 || first > 0x84)
        pk_reader_fail(reader, PK_INVALID_INPUT);
    /*@ loop invariant sound(reader) && went_on{Pre, Here}(reader);
        loop invariant 0 <= i;
        loop assigns i, len, *reader;
        loop variant 127 - i; */
    for (int i = 0; i < (first & 0x7f) && reader->status == PK_OK; i++) {
        len = len << 8 | pk_reader_u8(reader);
        if (len == 0)
            pk_reader_fail(reader, PK_INVALID_INPUT);
    }
    if (len < 0x80)
        pk_reader_fail(reader, PK_INVALID_INPUT);
    return len;
}

struct pk_der pk_der_read(struct pk_reader *reader)
{
    uint8_t first = pk_reader_u8(reader);
    struct pk_der element = {first >> 6, first & 0x20, first & 0x1f, {NULL, 0}};

    if (element.tag == 0x1f)
        element.tag = read_high_tag(reader);
    element.value = pk_reader_take(reader, read_length(reader));
    return reader->status == PK_OK ? element : (struct pk_der){0};
}

/* The recursion is bounded by PK_DER_DEPTH_MAX. */
/*@ requires readable(input) && 0 <= depth <= PK_DER_DEPTH_MAX + 1;
    decreases PK_DER_DEPTH_MAX + 1 - depth;
    assigns \nothing; */
static enum pk_status check_elements(struct pk_view input, int depth)
{
    struct pk_reader reader = pk_reader_new(input);
    enum pk_status status = PK_OK;

    if (depth > PK_DER_DEPTH_MAX)
        return PK_INVALID_INPUT;
    /*@ loop invariant sound(&reader);
        loop assigns reader, status;
        loop variant reader.remaining + (reader.status == PK_OK ? 1 : 0); */
    while (reader.remaining > 0 && reader.status == PK_OK && status == PK_OK) {
        struct pk_der element = pk_der_read(&reader);

        if (element.constructed)
            status = check_elements(element.value, depth + 1);
    }
    return reader.status == PK_OK ? status : reader.status;
}

enum pk_status pk_der_check(struct pk_view input)
{
    struct pk_reader reader = pk_reader_new(input);
    struct pk_der element = pk_der_read(&reader);
    enum pk_status status = pk_reader_finish(&reader);

    return status == PK_OK && element.constructed ? check_elements(element.value, 1) : status;
}

struct pk_view pk_der_expect(struct pk_reader *reader, uint32_t tag)
{
    struct pk_der element = pk_der_read(reader);
    bool constructed = tag == PK_DER_SEQUENCE || tag == PK_DER_SET;

    if (element.tag_class != PK_DER_UNIVERSAL || element.tag != tag ||
        element.constructed != constructed)
        pk_reader_fail(reader, PK_INVALID_INPUT);
    return reader->status == PK_OK ? element.value : (struct pk_view){NULL, 0};
}

uint32_t pk_der_uint32(struct pk_reader *reader)
{
    struct pk_view number = pk_der_expect(reader, PK_DER_INTEGER);
    uint32_t value = 0;

    if (number.len == 0 || number.len > 5 || (number.ptr[0] & 0x80) ||
        (number.len == 5 && number.ptr[0] != 0) ||
        (number.len > 1 && number.ptr[0] == 0 && !(number.ptr[1] & 0x80))) {
        pk_reader_fail(reader, PK_INVALID_INPUT);
        return 0;
    }
    /*@ loop invariant 0 <= i <= number.len;
        loop assigns i, value;
        loop variant number.len - i; */
    for (size_t i = 0; i < number.len; i++)
        value = value << 8 | number.ptr[i];
    return value;
}
