/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CBOR (RFC 8949) as WebAuthn uses it: the CTAP2 canonical form (CTAP 2.1 section 8) on the bounded
 * reader. Refused: truncated or malformed items, indefinite lengths, integers and lengths that are
 * not the shortest, tags, a key twice in one map, text that is not UTF-8, more than
 * PK_CBOR_DEPTH_MAX levels, PK_CBOR_ITEMS_MAX items or PK_CBOR_PAIRS_MAX pairs in a map. The one
 * rule of the form that is not held is the order of map keys: authenticators and browsers get it
 * wrong. The shortest form is demanded because two encodings of one key would hide a duplicate.
 *
 * Reading goes in two steps: pk_cbor_item() or pk_cbor_check() looks at a whole item first; then
 * the typed reads below walk what was found well formed and fail with PK_CBOR_TYPE_MISMATCH only.
 */
#ifndef PK_BASE_CBOR_H
#define PK_BASE_CBOR_H

#include "common/base/reader.h"
#include "common/base/writer.h"

enum pk_cbor_type { /* the major types, RFC 8949 section 3.1 */
                    PK_CBOR_UNSIGNED,
                    PK_CBOR_NEGATIVE,
                    PK_CBOR_BYTES,
                    PK_CBOR_TEXT,
                    PK_CBOR_ARRAY,
                    PK_CBOR_MAP,
                    PK_CBOR_TAGGED,
                    PK_CBOR_SIMPLE,
                    PK_CBOR_END, /* no item left */
};

/* How many bytes the shortest head of a number or a length takes (RFC 8949 section 3). */
/*@ logic integer head_size(integer value) =
      value < 24 ? 1 : value <= UINT8_MAX ? 2 : value <= UINT16_MAX ? 3 :
      value <= UINT32_MAX ? 5 : 9; */

/* Checks the next item, all of it, and gives its bytes, borrowed; empty after a failure. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures readable(\result);
    ensures reader->status == PK_OK ?
      \result.ptr == \old(reader->ptr) &&
      \result.len == \old(reader->remaining) - reader->remaining : \result.len == 0; */
struct pk_view pk_cbor_item(struct pk_reader *reader);

/* Exactly one item and nothing behind it. One of PK_CBOR_*. */
/*@ requires readable(input);
    assigns \nothing;
    ensures \result == PK_OK ==> input.len > 0; */
enum pk_status pk_cbor_check(struct pk_view input) PK_WARN_UNUSED;

/* The type of the next item, which stays unread; PK_CBOR_END at the end or after a failure. */
/*@ requires sound(reader);
    assigns \nothing;
    ensures \result == PK_CBOR_END <==> reader->status != PK_OK || reader->remaining == 0; */
enum pk_cbor_type pk_cbor_peek(const struct pk_reader *reader);

/* Typed reads. Zero or empty after a failure. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> advanced{Pre, Post}(reader, head_size(\result));
    ensures reader->status == PK_OK || \result == 0; */
uint64_t pk_cbor_unsigned(struct pk_reader *reader);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==>
      advanced{Pre, Post}(reader, head_size(\result < 0 ? -1 - \result : \result));
    ensures reader->status == PK_OK || \result == 0; */
int64_t pk_cbor_int(struct pk_reader *reader); /* PK_CBOR_TYPE_MISMATCH outside int64_t */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures reader->status == PK_OK || !\result; */
bool pk_cbor_bool(struct pk_reader *reader);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==>
      advanced{Pre, Post}(reader, head_size(\result.len) + \result.len);
    ensures reader->status == PK_OK ==> \result.ptr + \result.len == reader->ptr;
    ensures readable(\result) && (reader->status == PK_OK || \result.len == 0); */
struct pk_view pk_cbor_bytes(struct pk_reader *reader);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==>
      advanced{Pre, Post}(reader, head_size(\result.len) + \result.len);
    ensures reader->status == PK_OK ==> \result.ptr + \result.len == reader->ptr;
    ensures readable(\result) && (reader->status == PK_OK || \result.len == 0); */
struct pk_view pk_cbor_text(struct pk_reader *reader);
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures \result <= reader->remaining && (reader->status == PK_OK || \result == 0); */
size_t pk_cbor_array(struct pk_reader *reader); /* how many items follow */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures \result <= reader->remaining && (reader->status == PK_OK || \result == 0); */
size_t pk_cbor_map(struct pk_reader *reader); /* how many pairs follow */

/*
 * Writing, each item in its only canonical form. The writer does not count: after an array or map
 * come as many items or pairs as were announced, keys in canonical order (numbers: ascending).
 */
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, head_size(value)); */
void pk_cbor_write_unsigned(struct pk_writer *writer, uint64_t value);
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer);
    ensures wrote{Pre, Post}(writer, head_size(value < 0 ? -1 - value : value)); */
void pk_cbor_write_int(struct pk_writer *writer, int64_t value);
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, 1); */
void pk_cbor_write_bool(struct pk_writer *writer, bool value);
/*@ requires growing(writer) && readable(bytes);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, head_size(bytes.len) + bytes.len); */
void pk_cbor_write_bytes(struct pk_writer *writer, struct pk_view bytes);
/*@ requires growing(writer) && readable(text);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, head_size(text.len) + text.len); */
void pk_cbor_write_text(struct pk_writer *writer, struct pk_view text); /* not UTF-8:
                                                                           PK_INVALID_ARGUMENT */
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, head_size(count)); */
void pk_cbor_write_array(struct pk_writer *writer, size_t count);
/*@ requires growing(writer);
    assigns *writer, heap[..];
    ensures growing(writer) && wrote{Pre, Post}(writer, head_size(pairs)); */
void pk_cbor_write_map(struct pk_writer *writer, size_t pairs);

#endif
