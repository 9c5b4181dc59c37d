/* SPDX-License-Identifier: BSD-2-Clause */
/* What a directory's server says of its state, which is presented to it again. */
#ifndef STORE_LDAP_COOKIE_H
#define STORE_LDAP_COOKIE_H

#include "common/base/bytes.h"
#include "common/base/status.h"

/*
 * What a server says, and what was known before (NULL: nothing), as one; the caller's to free.
 * PK_INVALID_INPUT, PK_NO_MEMORY.
 */
enum pk_status ldap_cookie_merge(const char *known, struct pk_view said, char **ret) PK_WARN_UNUSED;

#endif
