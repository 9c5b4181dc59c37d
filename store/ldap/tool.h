/* SPDX-License-Identifier: BSD-2-Clause */
/* What an administrator runs by hand: see passkey-store-ldap(8). Each prints, and returns a code.
 */
#ifndef STORE_LDAP_TOOL_H
#define STORE_LDAP_TOOL_H

#include "store/ldap/ldap_config.h"

/* What is wrong with servers, rights, schema and entries; state: the folder of the cache. */
int ldap_tool_check(const struct ldap_config *config, const char *state);
/* From the SQLite store in the folder to the directory, and back. */
int ldap_tool_push(const struct ldap_config *config, const char *folder);
int ldap_tool_pull(const struct ldap_config *config, const char *folder);
/* As push, and all else of that store into a cache in the folder state, which has to be empty. */
int ldap_tool_migrate(const struct ldap_config *config, const char *folder, const char *state);

#endif
