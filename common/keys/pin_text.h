/* SPDX-License-Identifier: BSD-2-Clause */
/* What was typed, as a key takes it for its PIN (CTAP 2.1 section 6.5.1). */
#ifndef PK_KEYS_PIN_TEXT_H
#define PK_KEYS_PIN_TEXT_H

#include "common/base/bytes.h"

#include <stddef.h>

/*
 * Normalised (NFC), so that one PIN is the same bytes whatever keyboard it is typed on. least: code
 * points that the key wants; 4 at least, whatever it says. PK_TRUNCATED: it has fewer.
 * PK_TOO_LARGE: more than 63 bytes. PK_INVALID_INPUT: not UTF-8, or with a NUL. PK_NO_MEMORY.
 */
enum pk_status pk_pin_normalize(const struct pk_secret *typed, size_t least,
                                struct pk_secret *ret) PK_WARN_UNUSED;

/* What is wrong, by that status, for people. The caller's to free; NULL: no memory. */
char *pk_pin_complaint(enum pk_status why, size_t least);

/* How many code points that are, at least 4. */
size_t pk_pin_least(size_t least);

#endif
