/* SPDX-License-Identifier: BSD-2-Clause */
/* The PAM results of failures. */
#ifndef PAM_PASSKEY_RESULT_H
#define PAM_PASSKEY_RESULT_H

#include "common/base/status.h"

#include <stdbool.h>

/*
 * The PAM result of a failure. Never PAM_SUCCESS, whatever is passed: PK_OK is not a failure, so it
 * gives PAM_AUTH_ERR like everything else that is not in the table. PAM_IGNORE only for
 * PK_NO_CREDENTIALS with nullok: that is the daemon's statement that the account has no passkey,
 * not an error on the way to finding out.
 */
int result_of_failure(enum pk_status status, bool nullok) PK_WARN_UNUSED;

#endif
