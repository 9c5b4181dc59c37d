/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes from outside as text in which everything can be seen and nothing is lost. */
#ifndef PK_BASE_QUOTE_H
#define PK_BASE_QUOTE_H

#include "common/base/writer.h"

/*
 * Writes one word as a shell (bash, ksh, zsh; the next POSIX sh) would have to be given it to read
 * these bytes: as it stands, or in '…', or in $'…' with escapes for what pk_is_hidden() has, for
 * bytes that are not UTF-8, and for blanks in a row beyond the eighth. At most four bytes of ASCII
 * or visible UTF-8 for each byte of the word, and five more.
 */
void pk_quote_word(struct pk_writer *writer, struct pk_view word);

/*
 * The same escapes without any quoting, for text that is shown but need not be read back: what is
 * hidden or no UTF-8 becomes \n, \x1b, \u202e, \U000e0041. Cut to max bytes, not inside of an
 * escape. The caller's to free; NULL: no memory.
 */
char *pk_text_visible(struct pk_view text, size_t max) PK_WARN_UNUSED;

/*
 * Where to cut a text that must be shown in pieces of at most max bytes: the length of its first
 * piece, at least one character. A piece ends behind a blank where one is near, never inside of a
 * character of UTF-8. 0 for the empty text alone; max is at least 16.
 */
size_t pk_text_piece(const char *text, size_t max) PK_WARN_UNUSED;

#endif
