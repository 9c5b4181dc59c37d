/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a person answers the application's questions. Some programs answer every hidden question
 * with the account's password; that must not be tried as a key's PIN.
 */
#ifndef PAM_PASSKEY_ATTENDED_H
#define PAM_PASSKEY_ATTENDED_H

#include "common/base/bytes.h"
#include "common/base/status.h"

#include <security/pam_modules.h>

/*
 * Whether that command line of sudo's (arguments that end in NUL each) lets a program or a pipe
 * answer: -S, -A. Only these two are looked for; whatever else sudo makes of the line is its own
 * business.
 */
bool attended_by_sudo_flags(struct pk_view cmdline);
/* The same of this process, which is sudo. Also where its command line cannot be read. */
bool attended_by_program(void);

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
