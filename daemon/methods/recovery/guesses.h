/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits how often recovery codes are tried, by where the tries come from and never by whose codes
 * they are: a lock by account would let strangers take an account's codes away, and protect
 * nothing, because a code has 80 random bits. What is limited is the work and the log lines.
 *
 * Only the event loop may call these functions.
 */
#ifndef PASSKEYD_RECOVERY_GUESSES_H
#define PASSKEYD_RECOVERY_GUESSES_H

#include "common/base/bytes.h"
#include "common/webauthn/crypto.h"

#include <stdbool.h>
#include <sys/types.h>

#define GUESSES_PER_SOURCE  5   /* tries of one source at once, and then… */
#define GUESS_SECONDS       60  /* one in that time */
#define GUESSES_IN_TOTAL    250 /* likewise of all remote sources together */
#define GUESS_TOTAL_SECONDS 4

/* Where a code was typed. */
struct guess_source {
    uint8_t key[PK_HASH_SIZE];
    bool remote; /* an address; these have a limit in total as well */
};

/*
 * real_uid: who started the program that asks. A user's programs are one source, wherever they run.
 * Those of root are a source for each remote address (for each network of 64 bits in IPv6) and, if
 * rhost is empty, for each terminal.
 */
struct guess_source guess_source_of(uid_t real_uid, const char *rhost, const char *tty);

/*
 * Counts a try, before the code is looked at, so that answers to questions that were open at the
 * same time count as well. false: there were too many, and this one must not be made.
 */
bool guesses_take(const struct guess_source *source) PK_WARN_UNUSED;
/* The try was right, or was not made after all. */
void guesses_give_back(const struct guess_source *source);

#endif
