/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from outside: UTF-8 validity, base64 in its strict forms, hex, and what may be shown. */
#ifndef PK_BASE_TEXT_H
#define PK_BASE_TEXT_H

#include "common/base/bytes.h"
#include "common/base/status.h"

/* RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF. NUL is valid. */
/*@ requires readable(text);
    assigns \nothing; */
bool pk_utf8_valid(struct pk_view text) PK_WARN_UNUSED;

/*
 * The length of the well-formed sequence at the start of text (RFC 3629 section 4), and its code
 * point; 0 where there is none.
 */
/*@ requires readable(text) && \valid(ret_code_point);
    assigns *ret_code_point;
    ensures \result <= text.len && \result <= 4;
    ensures \result != 0 ==> *ret_code_point <= 0x10ffff;
    ensures \result == 0 ==> *ret_code_point == \old(*ret_code_point); */
size_t pk_utf8_take(struct pk_view text, uint32_t *ret_code_point) PK_WARN_UNUSED;

/* Base64url without padding (RFC 4648 section 5). The string is the caller's to free; NULL: no
 * memory. */
/*@ requires readable(bytes) && bytes.len <= PTRDIFF_MAX;
    assigns heap[..];
    ensures \result == \null || on_heap(\result); */
char *pk_base64url_encode(struct pk_view bytes) PK_WARN_UNUSED;

/*
 * Strict: no padding, no foreign character, no white space, no stray bits in the last character.
 * PK_INVALID_INPUT, PK_TOO_LARGE when it would decode to more than max, PK_NO_MEMORY.
 */
/*@ requires readable(text) && \valid(ret);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> held(*ret) && ret->len <= max;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_base64url_decode(struct pk_view text, size_t max,
                                   struct pk_bytes *ret) PK_WARN_UNUSED;

/* Standard alphabet (RFC 4648 section 4), padding required; otherwise as strict. */
/*@ requires readable(text) && \valid(ret);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> held(*ret) && ret->len <= max;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_base64_decode(struct pk_view text, size_t max,
                                struct pk_bytes *ret) PK_WARN_UNUSED;
/*@ requires readable(bytes) && bytes.len <= PTRDIFF_MAX;
    assigns heap[..];
    ensures \result == \null || on_heap(\result); */
char *pk_base64_encode(struct pk_view bytes) PK_WARN_UNUSED;

/* Lower-case hex, the caller's to free; NULL: no memory. */
/*@ requires readable(bytes) && bytes.len <= PTRDIFF_MAX;
    assigns heap[..];
    ensures \result == \null || on_heap(\result); */
char *pk_hex_encode(struct pk_view bytes) PK_WARN_UNUSED;

/*
 * A copy that is safe on a terminal and in a log line: what pk_is_hidden() has and what is no UTF-8
 * becomes '?', and it is cut to max bytes at a character boundary. NULL: no memory.
 */
/*@ requires is_string(text);
    assigns heap[..];
    ensures \result == \null || on_heap(\result); */
char *pk_text_printable(const char *text, size_t max) PK_WARN_UNUSED;

/* Without the blanks around it: spaces, tabs, carriage returns and newlines. Borrowed. */
/*@ requires readable(text);
    assigns \nothing;
    ensures readable(\result) && \result.len <= text.len; */
struct pk_view pk_text_trim(struct pk_view text);

/* Cuts the first line off *text and returns it, without its newline. Borrowed. */
/*@ requires \valid(text) && readable(*text);
    assigns *text;
    ensures readable(*text) && readable(\result) && \result.ptr == \old(text->ptr);
    ensures text->len < \old(text->len) || \old(text->len) == 0;
    ensures \result.len + text->len <= \old(text->len); */
struct pk_view pk_text_take_line(struct pk_view *text);

/* A copy in *ret, the caller's to free; of NULL, NULL. PK_NO_MEMORY. */
/*@ requires (text == \null || is_string(text)) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ==> (*ret == \null <==> text == \null);
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_text_copy(const char *text, char **ret) PK_WARN_UNUSED;

/* printf() into memory of its own; NULL: no memory. */
char *pk_text_format(const char *format, ...) PK_WARN_UNUSED __attribute__((format(printf, 1, 2)));

#endif
