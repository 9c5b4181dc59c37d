/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person is told of a phone, for the files of this folder only. */
#ifndef PASSKEYD_PHONE_WORDS_H
#define PASSKEYD_PHONE_WORDS_H

#include "common/base/status.h"

#include <stdbool.h>

/*
 * The question before a code is shown; for_another: why more than the account's own person is
 * asked, NULL: it is not. The caller's to free; NULL: no memory.
 */
char *phone_offer(const char *purpose, const char *for_another) PK_WARN_UNUSED;
/* Whether the answer to it is yes, and to a question that ends with [y/N]. */
bool phone_is_wanted(const char *typed) PK_WARN_UNUSED;
bool phone_is_yes(const char *typed) PK_WARN_UNUSED;

/* Why there is no code or no answer, or why an answer is none. Static, never NULL. */
const char *phone_outcome(enum pk_status status);

/*
 * What phones are known not to like about an RP id, to follow "\"ID\" ": "has no dot". Static;
 * NULL: nothing.
 */
const char *phone_dislikes(const char *rp_id);

#endif
