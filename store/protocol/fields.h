/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structs as bytes and back, by a table of their members: what is written and what is read cannot
 * differ. doc/store-protocol.md has the bytes.
 */
#ifndef STORE_PROTOCOL_FIELDS_H
#define STORE_PROTOCOL_FIELDS_H

#include "common/base/reader.h"
#include "common/base/writer.h"

enum field_type {
    FIELD_END = 0,       /* after the last one */
    FIELD_BOOL,          /* bool: u8, 0 or 1 */
    FIELD_ENUM,          /* an enum: u8, at most max */
    FIELD_U32,           /* any of 32 bits, signed or not: u32 */
    FIELD_I64,           /* int64_t: u64 */
    FIELD_SIZE,          /* size_t: u64 */
    FIELD_FIXED,         /* max bytes */
    FIELD_TEXT,          /* char *: string, never NULL */
    FIELD_OPTIONAL_TEXT, /* char *: u8, 0 for NULL, or 1 and a string */
    FIELD_BYTES,         /* struct pk_bytes: string */
    FIELD_VIEW,          /* struct pk_view, into what is read: string */
    FIELD_SECRET,        /* struct pk_secret: string */
    FIELD_STRUCT,        /* the members of fields */
    FIELD_LIST,          /* max is the size of an item: u32 count, then the items' members */
};

struct field {
    enum field_type type;
    size_t offset;
    size_t max;
    size_t count_offset;        /* FIELD_LIST: of a size_t */
    size_t most;                /* FIELD_LIST: items that are read; 0: what a frame has room for */
    const struct field *fields; /* FIELD_STRUCT: its; FIELD_LIST: an item's */
};

/* The longest text or byte string. */
#define FIELD_STRING_MAX 1048576

/*
 * The writer keeps the failure: PK_INVALID_ARGUMENT for a text that is NULL or an enum out of its
 * range, PK_INVALID_INPUT for a text that is not UTF-8, PK_TOO_LARGE for a string over
 * FIELD_STRING_MAX or for the writer.
 */
void fields_write(const struct field *fields, const void *object, struct pk_writer *writer);

/*
 * Into an object that is all zero. Every owner in it is new, but views point into what is read;
 * fields_clear() is called for it whatever the outcome. The reader keeps the failure: PK_TRUNCATED,
 * PK_TOO_LARGE for a string over FIELD_STRING_MAX or a list over its most, PK_PROTOCOL for a number
 * out of its range, PK_INVALID_INPUT for a text that is not UTF-8, PK_NO_MEMORY.
 */
void fields_read(const struct field *fields, struct pk_reader *reader, void *object);

/* Releases what fields_read() made. */
void fields_clear(const struct field *fields, void *object);

#endif
