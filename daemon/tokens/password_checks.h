/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The questions about passwords that applications have been asked and have not answered yet, and
 * how often each user has tried. A question is answered once; what it does not come to, because the
 * answer was no or never came, has been tried nevertheless.
 *
 * Tries are counted by the user: nobody is asked about whose token was not presented, so that
 * strangers cannot use somebody's tries up.
 *
 * Only the event loop may call these functions.
 */
#ifndef PASSKEYD_PASSWORD_CHECKS_H
#define PASSKEYD_PASSWORD_CHECKS_H

#include "common/base/status.h"

#include <stdint.h>

#define PASSWORD_TRIES       5  /* of one user at once, and then ... */
#define PASSWORD_TRY_SECONDS 60 /* ... one in that time */
#define PASSWORD_NONCE_SIZE  44 /* 32 random bytes in base64url, with its NUL */

struct password_checks;

/* Borrowed. */
struct password_check {
    const char *rp;
    const char *user; /* the id */
    const char *purpose;
};

/* NULL: no memory. */
struct password_checks *password_checks_new(void);
void password_checks_free(struct password_checks *checks);

/*
 * Counts a try and makes the nonce of a question. now: monotonic seconds. PK_LIMIT_EXCEEDED: the
 * user has tried too often, or too many questions have no answer.
 */
enum pk_status password_checks_begin(struct password_checks *checks,
                                     const struct password_check *check, int64_t now,
                                     char ret_nonce[PASSWORD_NONCE_SIZE]) PK_WARN_UNUSED;
/*
 * Takes the question of that nonce away, if it was asked for the same. PK_CHALLENGE_UNKNOWN: it
 * never was, is too old, was answered already, or was for another relying party, user or purpose.
 */
enum pk_status password_checks_take(struct password_checks *checks,
                                    const struct password_check *check, const char *nonce,
                                    int64_t now) PK_WARN_UNUSED;
/* The password was right: that try does not count. */
void password_checks_succeeded(struct password_checks *checks, const struct password_check *check);

#endif
