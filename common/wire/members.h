/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CBOR maps with numbers for keys, all of whose members have to be there, in ascending order: read
 * and written one after the other. Reading expects what pk_cbor_check() accepted and fails the
 * reader with PK_PROTOCOL for another key or a value out of its range, PK_TOO_LARGE for more than
 * max, PK_NO_MEMORY. What is returned after a failure is zero, NULL or untouched.
 */
#ifndef PK_WIRE_MEMBERS_H
#define PK_WIRE_MEMBERS_H

#include "common/base/cbor.h"

/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && writer->max == \old(writer->max); */
void pk_member_write_number(struct pk_writer *writer, unsigned key, uint64_t value);
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && writer->max == \old(writer->max); */
void pk_member_write_bool(struct pk_writer *writer, unsigned key, bool value);
/*@ requires growing(writer) && readable(bytes);
    assigns *writer, heap[..];
    ensures growing(writer) && writer->max == \old(writer->max); */
void pk_member_write_bytes(struct pk_writer *writer, unsigned key, struct pk_view bytes);
/* NULL is written as the empty string. */
/*@ requires growing(writer) && (text == \null || is_string(text));
    assigns *writer, heap[..];
    ensures growing(writer) && writer->max == \old(writer->max); */
void pk_member_write_text(struct pk_writer *writer, unsigned key, const char *text);

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
void pk_member_read_key(struct pk_reader *reader, unsigned key);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ? min <= \result <= max : \result == 0; */
unsigned pk_member_read_number(struct pk_reader *reader, unsigned key, unsigned min, unsigned max);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
bool pk_member_read_bool(struct pk_reader *reader, unsigned key);
/* The caller's to free; without NUL characters. */
/*@ requires sound(reader);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result == \null || is_string(\result);
    ensures reader->status == PK_OK <==> \result != \null; */
char *pk_member_read_text(struct pk_reader *reader, unsigned key, size_t min, size_t max);
/* As pk_member_read_text(), and all of it printable ASCII without a space. */
/*@ requires sound(reader);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result == \null || is_string(\result);
    ensures reader->status == PK_OK <==> \result != \null; */
char *pk_member_read_word(struct pk_reader *reader, unsigned key, size_t max);
/* Exactly len bytes. */
/*@ requires sound(reader) && \valid(ret + (0 .. len - 1));
    requires \separated(reader, ret + (0 .. len - 1));
    assigns *reader, ret[0 .. len - 1];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
void pk_member_read_exactly(struct pk_reader *reader, unsigned key, uint8_t *ret, size_t len);
/* How many items of an array follow. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ? min <= \result <= max : \result == 0; */
size_t pk_member_read_array(struct pk_reader *reader, unsigned key, size_t min, size_t max);

/* The value alone, after its key or within an array. */
/*@ requires sound(reader) && \valid(ret) && \separated(reader, ret) && \separated(reader, &heap);
    assigns *reader, *ret, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> held(*ret) && min <= ret->len <= max;
    ensures reader->status != PK_OK ==> *ret == \old(*ret); */
void pk_member_copy_bytes(struct pk_reader *reader, size_t min, size_t max, struct pk_bytes *ret);

#endif
