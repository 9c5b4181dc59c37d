/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person is told of a phone, wherever its code is shown. */
#ifndef PK_KEYS_PHONE_WORDS_H
#define PK_KEYS_PHONE_WORDS_H

#include "common/base/status.h"

#include <stdbool.h>

/*
 * The question before a code is shown; for_another: why more than the account's own person is
 * asked, NULL: it is not. The caller's to free; NULL: no memory.
 */
char *pk_phone_offer(const char *purpose, const char *for_another) PK_WARN_UNUSED;
/* Whether the answer to it is yes, and to a question that ends with [y/N]. */
bool pk_phone_is_wanted(const char *typed) PK_WARN_UNUSED;
bool pk_phone_is_yes(const char *typed) PK_WARN_UNUSED;

/*
 * An enrolment. Whoever sees a code can be the phone, so the person is asked whether it was theirs;
 * provider: who keeps the passkey, NULL: not known. The caller's to free; NULL: no memory.
 */
char *pk_phone_whose(const char *provider, const char *user, const char *host) PK_WARN_UNUSED;
/* After another answer than yes, and before the second code. */
#define PK_PHONE_NOT_THEIRS                                                                        \
    "Nothing is enrolled. If your phone saved a passkey all the same, delete it there; if it did " \
    "not, somebody else has seen the code."
/* Where nothing comes of the passkey that the person has said to be theirs. */
#define PK_PHONE_LEFT                                                                              \
    "The passkey that your phone has saved is not enrolled: delete it there, unless you try "      \
    "again."
#define PK_PHONE_TRIAL                                                                             \
    "Now use it once, with a second code, to see that it works.\nIt is enrolled after that."

/*
 * What phones are known not to like about an RP id, to follow "\"ID\" ": "has no dot". Static;
 * NULL: nothing.
 */
const char *pk_phone_dislikes(const char *rp_id);

#endif
