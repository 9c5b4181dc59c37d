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

struct pk_writer pk_writer_new(size_t max);

/* Big endian. */
void pk_writer_u8(struct pk_writer *writer, uint8_t value);
void pk_writer_u16(struct pk_writer *writer, uint16_t value);
void pk_writer_u32(struct pk_writer *writer, uint32_t value);
void pk_writer_u64(struct pk_writer *writer, uint64_t value);
void pk_writer_put(struct pk_writer *writer, struct pk_view bytes);
/* u32 length, then the bytes. (RFC 4251 section 5, "string") */
void pk_writer_string(struct pk_writer *writer, struct pk_view bytes);
void pk_writer_text(struct pk_writer *writer, const char *text);

/* Hands over what was written and empties the writer, or gives its first failure. */
enum pk_status pk_writer_finish(struct pk_writer *writer, struct pk_bytes *ret) PK_WARN_UNUSED;

/* Wipes and releases. */
void pk_writer_clear(struct pk_writer *writer);
#define PK_AUTO_WRITER __attribute__((cleanup(pk_writer_clear)))

#endif
