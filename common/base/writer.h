/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader's counterpart: a buffer that grows up to a limit. The first failure sticks. */
#ifndef PK_BASE_WRITER_H
#define PK_BASE_WRITER_H

#include "common/base/bytes.h"
#include "common/base/status.h"

struct pk_writer {
    uint8_t *data;
    size_t len;
    size_t allocated;
    size_t max;
    enum pk_status status; /* the first failure, or PK_OK */
};

/*
 * What every function of a writer keeps: what was written and the room behind it are the writer's.
 * A failure stays the first one, and nothing is written after it.
 */
/*@ predicate growing(struct pk_writer *writer) =
      \valid(writer) && writer->len <= writer->max <= PTRDIFF_MAX &&
      writer->len <= writer->allocated &&
      (writer->allocated > 0 ==> on_heap(writer->data)) &&
      \valid(writer->data + (0 .. writer->allocated - 1));
    predicate wrote{Old, New}(struct pk_writer *writer, integer n) =
      \at(writer->max, New) == \at(writer->max, Old) &&
      (\at(writer->status, Old) != PK_OK ==>
         \at(writer->status, New) == \at(writer->status, Old) &&
         \at(writer->len, New) == \at(writer->len, Old)) &&
      (\at(writer->status, New) == PK_OK ==>
         \at(writer->len, New) == \at(writer->len, Old) + n); */

/*@ requires max <= PTRDIFF_MAX;
    assigns \nothing;
    ensures \result.data == \null && \result.len == 0 && \result.allocated == 0;
    ensures \result.max == max && \result.status == PK_OK; */
struct pk_writer pk_writer_new(size_t max);

/* Big endian. */
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, 1); */
void pk_writer_u8(struct pk_writer *writer, uint8_t value);
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, 2); */
void pk_writer_u16(struct pk_writer *writer, uint16_t value);
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, 4); */
void pk_writer_u32(struct pk_writer *writer, uint32_t value);
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, 8); */
void pk_writer_u64(struct pk_writer *writer, uint64_t value);
/*@ requires growing(writer) && readable(bytes);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, bytes.len); */
void pk_writer_put(struct pk_writer *writer, struct pk_view bytes);
/* u32 length, then the bytes. (RFC 4251 section 5, "string") */
/*@ requires growing(writer) && readable(bytes);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, 4 + bytes.len); */
void pk_writer_string(struct pk_writer *writer, struct pk_view bytes);
/*@ requires growing(writer) && is_string(text);
    assigns *writer, heap[..];
    ensures growing(writer) && writer->max == \old(writer->max);
    ensures \old(writer->status) != PK_OK ==> writer->status == \old(writer->status); */
void pk_writer_text(struct pk_writer *writer, const char *text);

/* Hands over what was written and empties the writer, or gives its first failure. */
/*@ requires growing(writer) && \valid(ret) && \separated(writer, ret);
    assigns *writer, *ret;
    ensures growing(writer);
    ensures \result == \old(writer->status);
    ensures \result == PK_OK ==>
      held(*ret) && ret->len == \old(writer->len) && writer->len == 0;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_writer_finish(struct pk_writer *writer, struct pk_bytes *ret) PK_WARN_UNUSED;

/* Wipes and releases. */
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && writer->len == 0; */
void pk_writer_clear(struct pk_writer *writer);
#define PK_AUTO_WRITER __attribute__((cleanup(pk_writer_clear)))

#endif
