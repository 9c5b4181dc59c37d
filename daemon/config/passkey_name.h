/* SPDX-License-Identifier: BSD-2-Clause */
/* The names that people give to their passkeys: the one place where one comes in. */
#ifndef PASSKEYD_PASSKEY_NAME_H
#define PASSKEYD_PASSKEY_NAME_H

#include "common/base/status.h"

#include <stdbool.h>

/*
 * The name as it is kept and compared: composed (Unicode's NFC), so that it is the same bytes on
 * whatever keyboard it is typed, and without blanks around it. The caller's to free.
 * PK_TRUNCATED: nobody would see anything of it. PK_TOO_LARGE: more than PK_CREDENTIAL_NAME_MAX
 * bytes. PK_INVALID_INPUT: not UTF-8, or with a control character or a line break. PK_NO_MEMORY.
 */
enum pk_status passkey_name_read(const char *given, char **ret) PK_WARN_UNUSED;

/* Whether it is one. */
bool passkey_name_valid(const char *given) PK_WARN_UNUSED;

#endif
