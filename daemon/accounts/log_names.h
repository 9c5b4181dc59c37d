/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in log lines. People choose what their passkeys are called, and strangers at an sshd type
 * any user name: neither can look like another part of the line.
 */
#ifndef PASSKEYD_LOG_NAMES_H
#define PASSKEYD_LOG_NAMES_H

#include "store/store.h"

/*
 * The name as it is, if it has the characters of account names only; otherwise quoted(). NULL: no
 * memory. The caller's to free, as are the strings of the other functions.
 */
char *log_name(const char *name) PK_WARN_UNUSED;
/* In quotation marks, with a backslash before quotation marks and backslashes. */
char *log_quoted(const char *text) PK_WARN_UNUSED;
/* The beginning of the credential id as passkeyctl prints it, 132 bits of it: "AbC...". */
char *log_credential_id(struct pk_view id) PK_WARN_UNUSED;
/* `"blue" [AbC...]`: its name and its id, which nobody chooses. */
char *log_credential(const struct credential *credential) PK_WARN_UNUSED;

#endif
