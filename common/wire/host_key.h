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
enum pk_status pk_host_key_parse(struct pk_view type, struct pk_view base64,
                                 struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * Of a line of a .pub file: the type, the key, and perhaps a comment, with blanks between.
 * PK_NOT_FOUND for a blank line and one that begins with '#'; otherwise as above.
 */
enum pk_status pk_host_key_line_parse(struct pk_view line, struct pk_bytes *ret) PK_WARN_UNUSED;

/* "SHA256:" and the hash in base64 without padding, as ssh-keygen -l shows it. */
void pk_fingerprint_write(const uint8_t hash[PK_HASH_SIZE], char ret[PK_FINGERPRINT_SIZE]);

/* Whether the text is exactly that. */
bool pk_fingerprint_valid(struct pk_view text) PK_WARN_UNUSED;

bool pk_fingerprints_contain(const struct pk_strings *list, const char *fingerprint) PK_WARN_UNUSED;

/* Adds it unless it is there. PK_TOO_LARGE over PK_HOST_KEYS_MAX, PK_NO_MEMORY. */
enum pk_status pk_fingerprints_add(struct pk_strings *list, const char *fingerprint) PK_WARN_UNUSED;

/* The next word of a line, after blanks; empty at its end. Borrowed, and cut off *line. */
struct pk_view pk_text_take_word(struct pk_view *line);

#endif
