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

struct pk_reader pk_reader_new(struct pk_view input);

/* Big endian. 0 after a failure. */
uint8_t pk_reader_u8(struct pk_reader *reader);
uint16_t pk_reader_u16(struct pk_reader *reader);
uint32_t pk_reader_u32(struct pk_reader *reader);
uint64_t pk_reader_u64(struct pk_reader *reader);

/* The next len bytes, borrowed from the input. Empty after a failure. */
struct pk_view pk_reader_take(struct pk_reader *reader, size_t len);

/* u32 length, then that many bytes; PK_TOO_LARGE over max. (RFC 4251 section 5, "string") */
struct pk_view pk_reader_string(struct pk_reader *reader, size_t max);

/* As pk_reader_string(), copied out with a NUL; PK_INVALID_INPUT if it is not UTF-8 or holds a NUL.
 */
char *pk_reader_text(struct pk_reader *reader, size_t max);

/* Marks the reader failed, if it is not yet. */
void pk_reader_fail(struct pk_reader *reader, enum pk_status status);

/* The first failure, or PK_TRAILING_DATA when something is left over, or PK_OK. */
enum pk_status pk_reader_finish(const struct pk_reader *reader) PK_WARN_UNUSED;

/*
 * How many bytes the first message of a stream takes, a u32 length and that many bytes: *ret_size
 * is 0 while the length has not arrived whole. PK_TOO_LARGE over max, PK_PROTOCOL for an empty one.
 */
enum pk_status pk_message_size(struct pk_view stream, size_t max, size_t *ret_size) PK_WARN_UNUSED;

#endif
