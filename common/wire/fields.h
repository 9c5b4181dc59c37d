/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fields of a frame are read by. A field that is out of its range fails the reader: with
 * PK_PROTOCOL, a count with PK_TOO_LARGE, and whatever is copied with PK_NO_MEMORY.
 */
#ifndef PK_WIRE_FIELDS_H
#define PK_WIRE_FIELDS_H

#include "common/base/limits.h"
#include "common/base/reader.h"

/* A number of 0 to max; anything else is not of this protocol. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result <= max; */
unsigned pk_field_number(struct pk_reader *reader, unsigned max);

/* The count of a list, with *ret_items as many zeroed items of that size. */
/*@ requires sound(reader) && \valid(ret_items) && \separated(reader, ret_items);
    assigns *reader, *ret_items;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result <= max;
    ensures \result > 0 ==> on_heap(*ret_items) && reader->status == PK_OK;
    ensures \result > 0 ==> \valid((uint8_t *)*ret_items + (0 .. \result * item_size - 1));
    ensures \result == 0 ==> *ret_items == \old(*ret_items); */
size_t pk_field_count(struct pk_reader *reader, size_t max, size_t item_size, void **ret_items);

/* At most max bytes, copied. */
/*@ requires sound(reader) && \valid(ret);
    requires \separated(reader, ret) && \separated(reader, &heap);
    assigns *reader, *ret, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> held(*ret) && ret->len <= max;
    ensures reader->status != PK_OK ==> *ret == \old(*ret); */
void pk_field_bytes(struct pk_reader *reader, size_t max, struct pk_bytes *ret);

/* 1 to max bytes, copied. */
/*@ requires sound(reader) && \valid(ret);
    requires \separated(reader, ret) && \separated(reader, &heap);
    assigns *reader, *ret, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> held(*ret) && 0 < ret->len <= max; */
void pk_field_some_bytes(struct pk_reader *reader, size_t max, struct pk_bytes *ret);

/* Text of 1 to max bytes, copied: owned by the caller, also where it fails for being empty. */
/*@ requires sound(reader);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> on_heap((uint8_t *)\result);
    ensures reader->status == PK_OK ==> \valid_read(\result) && *\result != 0; */
char *pk_field_some_text(struct pk_reader *reader, size_t max);

/* PK_HASH_SIZE bytes, into place. */
/*@ requires sound(reader) && \valid(ret + (0 .. PK_HASH_SIZE - 1));
    requires \separated(reader, ret + (0 .. PK_HASH_SIZE - 1));
    assigns *reader, ret[0 .. PK_HASH_SIZE - 1];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
void pk_field_hash(struct pk_reader *reader, uint8_t ret[PK_HASH_SIZE]);

/* A status by its name; PK_INTERNAL after a failure. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result < PK_STATUS_COUNT; */
enum pk_status pk_field_status(struct pk_reader *reader);

#endif
