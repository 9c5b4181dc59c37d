/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Codes that a person copies: Crockford's base 32, which has no I, L, O and U. Reading takes either
 * case, with or without '-' and blanks, O as 0, and I and L as 1.
 */
#ifndef PK_BASE_CROCKFORD_H
#define PK_BASE_CROCKFORD_H

#include "common/base/bytes.h"

/* That many random characters, of five bits each, and a NUL. */
void pk_crockford_random(char *ret, size_t count);

/*
 * The characters that were typed, in one spelling and with a NUL, if they are count; ret has room
 * for them. PK_INVALID_INPUT: they are more, fewer or others; what is in ret is then of no use.
 */
enum pk_status pk_crockford_read(struct pk_view typed, char *ret, size_t count) PK_WARN_UNUSED;

/*
 * Whether both are the same count characters: what was typed as above, expected as made. The time
 * does not show how many of them are right.
 */
bool pk_crockford_matches(struct pk_view typed, const char *expected, size_t count) PK_WARN_UNUSED;

#endif
