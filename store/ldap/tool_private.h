/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of tool.h share. */
#ifndef STORE_LDAP_TOOL_PRIVATE_H
#define STORE_LDAP_TOOL_PRIVATE_H

#include "store/ldap/ldap_private.h"
#include "store/ldap/link.h"

#define TOOL_CALL_MS  5000
#define TOOL_WHOLE_MS 600000 /* for everything that is asked of one server */

/*
 * Opens the SQLite store in the folder as the user whom it belongs to, until tool_close(). make: of
 * a folder without one it makes one, which is then the folder's owner's. PK_NOT_FOUND: there is
 * none, which is not said; other failures are said.
 */
enum pk_status tool_open(const char *folder, bool make, struct store **ret) PK_WARN_UNUSED;
void tool_close(struct store *store);

#endif
