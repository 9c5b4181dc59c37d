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

void pk_member_write_number(struct pk_writer *writer, unsigned key, uint64_t value);
void pk_member_write_bool(struct pk_writer *writer, unsigned key, bool value);
void pk_member_write_bytes(struct pk_writer *writer, unsigned key, struct pk_view bytes);
/* NULL is written as the empty string. */
void pk_member_write_text(struct pk_writer *writer, unsigned key, const char *text);

void pk_member_read_key(struct pk_reader *reader, unsigned key);
unsigned pk_member_read_number(struct pk_reader *reader, unsigned key, unsigned min, unsigned max);
bool pk_member_read_bool(struct pk_reader *reader, unsigned key);
/* The caller's to free; without NUL characters. */
char *pk_member_read_text(struct pk_reader *reader, unsigned key, size_t min, size_t max);
/* As pk_member_read_text(), and all of it printable ASCII without a space. */
char *pk_member_read_word(struct pk_reader *reader, unsigned key, size_t max);
/* Exactly len bytes. */
void pk_member_read_exactly(struct pk_reader *reader, unsigned key, uint8_t *ret, size_t len);
/* How many items of an array follow. */
size_t pk_member_read_array(struct pk_reader *reader, unsigned key, size_t min, size_t max);

/* The value alone, after its key or within an array. */
void pk_member_copy_bytes(struct pk_reader *reader, size_t min, size_t max, struct pk_bytes *ret);

#endif
