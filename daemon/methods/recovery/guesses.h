/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the wrong recovery codes of late, to limit guessing. */
#ifndef PASSKEYD_RECOVERY_GUESSES_H
#define PASSKEYD_RECOVERY_GUESSES_H

#include "daemon/store/store.h"

#include <stdbool.h>

/* The account whose codes are guessed; borrowed. */
struct guess_subject {
    const struct account *account;
    const uint8_t *decoy_key; /* decoy.h */
    bool conceal;             /* it must not be shown whether the account has codes */
    bool decoy;               /* no code is valid, whatever the store has */
};

bool guesses_are_too_many(const struct guess_subject *subject) PK_WARN_UNUSED;
void guesses_count(const struct guess_subject *subject);

#endif
