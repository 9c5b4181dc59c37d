/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Public host keys of ssh servers, as files and programs of OpenSSH write them: the type and the
 * key in base64. Pure functions; who needs a fingerprint hashes the plain key (SHA-256).
 */
#ifndef PK_WIRE_HOST_KEY_H
#define PK_WIRE_HOST_KEY_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/terms.h"

#define PK_FINGERPRINT_PREFIX "SHA256:"
#define PK_FINGERPRINT_SIZE   (sizeof(PK_FINGERPRINT_PREFIX) + 43) /* text with its NUL */

/*
 * The plain key (RFC 4253 section 6.6) that base64 holds: of a certificate (OpenSSH's
 * PROTOCOL.certkeys), the key that it certifies. type: what stands in front of it, which must be
 * the key's own name; empty: it is not known. PK_INVALID_INPUT, PK_TRUNCATED and PK_TOO_LARGE for
 * what is no such key, PK_UNSUPPORTED for a certificate of an unknown type, PK_NO_MEMORY.
 */
/*@ requires readable(type) && readable(base64) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> ret->len <= PK_HOST_KEY_MAX;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_host_key_parse(struct pk_view type, struct pk_view base64,
                                 struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * Of a line of a .pub file: the type, the key, and perhaps a comment, with blanks between.
 * PK_NOT_FOUND for a blank line and one that begins with '#'; otherwise as above.
 */
/*@ requires readable(line) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> ret->len <= PK_HOST_KEY_MAX;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_host_key_line_parse(struct pk_view line, struct pk_bytes *ret) PK_WARN_UNUSED;

/* "SHA256:" and the hash in base64 without padding, as ssh-keygen -l shows it. */
/*@ requires \valid_read(hash + (0 .. PK_HASH_SIZE - 1));
    requires \valid(ret + (0 .. PK_FINGERPRINT_SIZE - 1));
    assigns ret[0 .. PK_FINGERPRINT_SIZE - 1];
    ensures ret[PK_FINGERPRINT_SIZE - 1] == 0; */
void pk_fingerprint_write(const uint8_t hash[PK_HASH_SIZE], char ret[PK_FINGERPRINT_SIZE]);

/* Whether the text is exactly that. */
/*@ requires readable(text);
    assigns heap[..];
    ensures \result ==> text.len == PK_FINGERPRINT_SIZE - 1; */
bool pk_fingerprint_valid(struct pk_view text) PK_WARN_UNUSED;

/*@ requires \valid_read(list) && texts(*list) && is_string(fingerprint);
    assigns \nothing; */
bool pk_fingerprints_contain(const struct pk_strings *list, const char *fingerprint) PK_WARN_UNUSED;

/* Adds it unless it is there. PK_TOO_LARGE over PK_HOST_KEYS_MAX, PK_NO_MEMORY. */
enum pk_status pk_fingerprints_add(struct pk_strings *list, const char *fingerprint) PK_WARN_UNUSED;

/* The next word of a line, after blanks; empty at its end. Borrowed, and cut off *line. */
/*@ requires \valid(line) && readable(*line);
    assigns *line;
    ensures readable(*line) && readable(\result);
    ensures line->len + \result.len <= \old(line->len); */
struct pk_view pk_text_take_word(struct pk_view *line);

#endif
