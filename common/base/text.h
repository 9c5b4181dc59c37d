/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from outside: UTF-8 validity, base64 in its strict forms, hex, and what may be shown. */
#ifndef PK_BASE_TEXT_H
#define PK_BASE_TEXT_H

#include "common/base/bytes.h"
#include "common/base/status.h"

/* RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF. NUL is valid. */
bool pk_utf8_valid(struct pk_view text) PK_WARN_UNUSED;

/*
 * The length of the well-formed sequence at the start of text (RFC 3629 section 4), and its code
 * point; 0 where there is none.
 */
size_t pk_utf8_take(struct pk_view text, uint32_t *ret_code_point) PK_WARN_UNUSED;

/* Base64url without padding (RFC 4648 section 5). The string is the caller's to free; NULL: no
 * memory. */
char *pk_base64url_encode(struct pk_view bytes) PK_WARN_UNUSED;

/*
 * Strict: no padding, no foreign character, no white space, no stray bits in the last character.
 * PK_INVALID_INPUT, PK_TOO_LARGE when it would decode to more than max, PK_NO_MEMORY.
 */
enum pk_status pk_base64url_decode(struct pk_view text, size_t max,
                                   struct pk_bytes *ret) PK_WARN_UNUSED;

/* Standard alphabet (RFC 4648 section 4), padding required; otherwise as strict. */
enum pk_status pk_base64_decode(struct pk_view text, size_t max,
                                struct pk_bytes *ret) PK_WARN_UNUSED;
char *pk_base64_encode(struct pk_view bytes) PK_WARN_UNUSED;

/* Lower-case hex, the caller's to free; NULL: no memory. */
char *pk_hex_encode(struct pk_view bytes) PK_WARN_UNUSED;

/*
 * A copy that is safe on a terminal and in a log line: what pk_is_hidden() has and what is no UTF-8
 * becomes '?', and it is cut to max bytes at a character boundary. NULL: no memory.
 */
char *pk_text_printable(const char *text, size_t max) PK_WARN_UNUSED;

/* Without the blanks around it: spaces, tabs, carriage returns and newlines. Borrowed. */
struct pk_view pk_text_trim(struct pk_view text);

/* Cuts the first line off *text and returns it, without its newline. Borrowed. */
struct pk_view pk_text_take_line(struct pk_view *text);

/* A copy in *ret, the caller's to free; of NULL, NULL. PK_NO_MEMORY. */
enum pk_status pk_text_copy(const char *text, char **ret) PK_WARN_UNUSED;

/* printf() into memory of its own; NULL: no memory. */
char *pk_text_format(const char *format, ...) PK_WARN_UNUSED __attribute__((format(printf, 1, 2)));

#endif
