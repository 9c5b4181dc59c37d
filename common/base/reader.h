/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only parser of bytes from outside. A cursor of {ptr, remaining}: lengths are compared,
 * pointers are never summed past the end. The first failure sticks; after it every read gives zero
 * or an empty view, so a parser reads on and checks once, with pk_reader_finish().
 */
#ifndef PK_BASE_READER_H
#define PK_BASE_READER_H

#include "common/base/bytes.h"
#include "common/base/status.h"

struct pk_reader {
    const uint8_t *ptr;
    size_t remaining;
    enum pk_status status; /* the first failure, or PK_OK */
};

/*
 * What every function of a reader keeps: what is left can be read; it only becomes less, at the
 * same end of the input; a failure stays one, and nothing is read after it.
 */
/*@ predicate sound(struct pk_reader *reader) =
      \valid(reader) && \valid_read(reader->ptr + (0 .. reader->remaining - 1));
    predicate advanced{Old, New}(struct pk_reader *reader, integer n) =
      \at(reader->status, New) == PK_OK && n <= \at(reader->remaining, Old) &&
      \at(reader->ptr, New) == \at(reader->ptr, Old) + n &&
      \at(reader->remaining, New) == \at(reader->remaining, Old) - n;
    predicate stopped{Old, New}(struct pk_reader *reader) =
      \at(reader->ptr, New) == \at(reader->ptr, Old) &&
      \at(reader->remaining, New) == \at(reader->remaining, Old);
    predicate went_on{Old, New}(struct pk_reader *reader) =
      \at(reader->remaining, New) <= \at(reader->remaining, Old) &&
      \at(reader->ptr + reader->remaining, New) == \at(reader->ptr + reader->remaining, Old) &&
      (\at(reader->status, Old) != PK_OK ==>
         \at(reader->status, New) != PK_OK && stopped{Old, New}(reader));
*/

/*@ requires readable(input);
    assigns \nothing;
    ensures \result.ptr == input.ptr && \result.remaining == input.len;
    ensures \result.status == PK_OK; */
struct pk_reader pk_reader_new(struct pk_view input);

/* Big endian. 0 after a failure. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures advanced{Pre, Post}(reader, 1) || (reader->status != PK_OK && \result == 0); */
uint8_t pk_reader_u8(struct pk_reader *reader);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures advanced{Pre, Post}(reader, 2) || (reader->status != PK_OK && \result == 0); */
uint16_t pk_reader_u16(struct pk_reader *reader);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures advanced{Pre, Post}(reader, 4) || (reader->status != PK_OK && \result == 0); */
uint32_t pk_reader_u32(struct pk_reader *reader);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures advanced{Pre, Post}(reader, 8) || (reader->status != PK_OK && \result == 0); */
uint64_t pk_reader_u64(struct pk_reader *reader);

/* The next len bytes, borrowed from the input. Empty after a failure. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && readable(\result) && went_on{Pre, Post}(reader);
    ensures \old(reader->status) == PK_OK && len <= \old(reader->remaining) ?
      advanced{Pre, Post}(reader, len) && \result.ptr == \old(reader->ptr) && \result.len == len :
      reader->status != PK_OK && stopped{Pre, Post}(reader) && \result.len == 0; */
struct pk_view pk_reader_take(struct pk_reader *reader, size_t len);

/* u32 length, then that many bytes; PK_TOO_LARGE over max. (RFC 4251 section 5, "string") */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && readable(\result) && went_on{Pre, Post}(reader);
    ensures \result.len <= max;
    ensures reader->status == PK_OK ? advanced{Pre, Post}(reader, 4 + \result.len) :
      \result.len == 0; */
struct pk_view pk_reader_string(struct pk_reader *reader, size_t max);

/* As pk_reader_string(), copied out with a NUL; PK_INVALID_INPUT if it is not UTF-8 or holds a NUL.
 */
/*@ requires sound(reader);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK <==> \result != \null;
    ensures \result != \null ==> on_heap((uint8_t *)\result) && \valid_read(\result); */
char *pk_reader_text(struct pk_reader *reader, size_t max);

/* Marks the reader failed, if it is not yet. */
/*@ requires \valid(reader);
    assigns reader->status;
    ensures reader->status == (\old(reader->status) == PK_OK ? status : \old(reader->status)); */
void pk_reader_fail(struct pk_reader *reader, enum pk_status status);

/* The first failure, or PK_TRAILING_DATA when something is left over, or PK_OK. */
/*@ requires \valid_read(reader);
    assigns \nothing;
    ensures \result == PK_OK <==> reader->status == PK_OK && reader->remaining == 0;
    ensures reader->status != PK_OK ==> \result == reader->status; */
enum pk_status pk_reader_finish(const struct pk_reader *reader) PK_WARN_UNUSED;

/*
 * How many bytes the first message of a stream takes, a u32 length and that many bytes: *ret_size
 * is 0 while the length has not arrived whole. PK_TOO_LARGE over max, PK_PROTOCOL for an empty one.
 */
/*@ requires readable(stream) && \valid(ret_size);
    assigns *ret_size;
    ensures \result == PK_OK ==> *ret_size == 0 || 4 < *ret_size <= 4 + max;
    ensures \result != PK_OK ==> *ret_size == \old(*ret_size); */
enum pk_status pk_message_size(struct pk_view stream, size_t max, size_t *ret_size) PK_WARN_UNUSED;

#endif
