/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a person answers the application's questions. Some programs answer every hidden question
 * with the account's password; that must not be tried as a key's PIN.
 */
#ifndef PAM_PASSKEY_ATTENDED_H
#define PAM_PASSKEY_ATTENDED_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

/* An answer from a program without a terminal. */
struct attended_answer {
    int64_t asked; /* pk_clock_monotonic_ms() before the question was shown */
    int64_t answered;
    const char *text;
};

/* Too early for somebody to have read the question. */
bool attended_too_early(const struct attended_answer *answer);
/*
 * The same as was answered to an earlier hidden question of this transaction, or is its password;
 * the answer is remembered for the next one, until the transaction ends.
 */
bool attended_repeated(pam_handle_t *pamh, const struct attended_answer *answer);

#endif
