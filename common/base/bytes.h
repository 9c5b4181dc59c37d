/* SPDX-License-Identifier: BSD-2-Clause */
/* Byte strings: views that borrow, bytes that own, and secrets that wipe themselves. */
#ifndef PK_BASE_BYTES_H
#define PK_BASE_BYTES_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed: valid as long as what it points into. An empty view may have a NULL ptr. */
struct pk_view {
    const uint8_t *ptr;
    size_t len;
};

/*@ predicate readable(struct pk_view view) = \valid_read(view.ptr + (0 .. view.len - 1));
    predicate same{L}(struct pk_view a, struct pk_view b) =
      a.len == b.len && equal_memory{L}(a.ptr, b.ptr, a.len);
    predicate lent(struct pk_view view, struct pk_view of) =
      readable(view) && (view.len > 0 ==> \base_addr(view.ptr) == \base_addr(of.ptr)); */

/* Owned: data comes from malloc() and is released by pk_bytes_clear(). {NULL, 0} is empty. */
struct pk_bytes {
    uint8_t *data;
    size_t len;
};

/*@ predicate held(struct pk_bytes bytes) = \valid_read(bytes.data + (0 .. bytes.len - 1)); */

/*@ requires \valid_read(bytes);
    assigns \nothing;
    ensures \result.ptr == bytes->data && \result.len == bytes->len; */
static inline struct pk_view pk_view_of(const struct pk_bytes *bytes)
{
    return (struct pk_view){bytes->data, bytes->len};
}

/* A view of a C string without its NUL. */
/*@ requires is_string(string);
    assigns \nothing;
    ensures readable(\result) && \result.len < SIZE_MAX;
    ensures \result.ptr == (const uint8_t *)string; */
struct pk_view pk_view_string(const char *string);

/* Same length and bytes. Not constant time: for public values only. */
/*@ requires readable(a) && readable(b);
    assigns \nothing;
    ensures \result <==> same(a, b); */
bool pk_view_equal(struct pk_view a, struct pk_view b) PK_WARN_UNUSED;

/* Same length and bytes, in time that depends on the length only: for secrets and MACs. */
/*@ requires readable(a) && readable(b);
    assigns \nothing;
    ensures \result ==> a.len == b.len; */
bool pk_view_equal_secret(struct pk_view a, struct pk_view b) PK_WARN_UNUSED;

/* Copies; *ret is overwritten, not released. PK_NO_MEMORY. */
/*@ requires readable(from) && \valid(ret);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> held(*ret) && ret->len == from.len;
    ensures \result == PK_OK || (\result == PK_NO_MEMORY && *ret == \old(*ret)); */
enum pk_status pk_bytes_copy(struct pk_view from, struct pk_bytes *ret) PK_WARN_UNUSED;

/* Releases and empties. NULL-safe on content, not on the pointer. */
/*@ requires \valid(bytes);
    assigns *bytes;
    ensures bytes->len == 0; */
void pk_bytes_clear(struct pk_bytes *bytes);
#define PK_AUTO_BYTES __attribute__((cleanup(pk_bytes_clear)))

/*
 * The only type a PIN, a recovery code or a key lives in. Kept in memory that is locked where the
 * system allows, excluded from core dumps, and wiped when released.
 */
struct pk_secret {
    uint8_t *data; /* always followed by a NUL, so that text may be read as a C string */
    size_t len;
    size_t allocated;
};

/* Allocates len zero bytes (plus the NUL). PK_TOO_LARGE over PK_SECRET_MEMORY_MAX, PK_NO_MEMORY. */
enum pk_status pk_secret_new(size_t len, struct pk_secret *ret) PK_WARN_UNUSED;
/* Copies from; the caller still has to wipe its own copy. */
enum pk_status pk_secret_copy(struct pk_view from, struct pk_secret *ret) PK_WARN_UNUSED;
/* Wipes, unlocks, releases and empties. */
void pk_secret_clear(struct pk_secret *secret);
#define PK_AUTO_SECRET __attribute__((cleanup(pk_secret_clear)))

/*@ requires \valid_read(secret);
    assigns \nothing;
    ensures \result.ptr == secret->data && \result.len == secret->len; */
static inline struct pk_view pk_secret_view(const struct pk_secret *secret)
{
    return (struct pk_view){secret->data, secret->len};
}

/*
 * Reads a secret from a pipe, memfd or terminal descriptor until end of file, at most PK_SECRET_MAX
 * bytes; one trailing newline is dropped. The descriptor stays open. PK_IO, PK_TOO_LARGE.
 */
enum pk_status pk_secret_read_fd(int fd, struct pk_secret *ret) PK_WARN_UNUSED;
/* The same of at most max bytes, which is less than PK_SECRET_MEMORY_MAX. */
enum pk_status pk_secret_read_long(int fd, size_t max, struct pk_secret *ret) PK_WARN_UNUSED;

/* Fills from the kernel's generator. Aborts the process if that fails. */
void pk_random(void *buffer, size_t len);

#endif
