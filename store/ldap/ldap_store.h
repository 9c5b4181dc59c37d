/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of a directory: a SQLite store, which is the cache of what the directory says of
 * passkeys and the only place of everything else, and a thread that keeps it as the directory is.
 */
#ifndef STORE_LDAP_LDAP_STORE_H
#define STORE_LDAP_LDAP_STORE_H

#include "store/ldap/ldap_config.h"
#include "store/store.h"

/*
 * Opens the cache in the folder and begins to follow the directory, which need not be there. The
 * configuration is borrowed. *ret_why is for the log, the caller's to free. PK_STORAGE,
 * PK_NO_MEMORY.
 */
enum pk_status ldap_store_open(const struct ldap_config *config, const char *folder,
                               struct store **ret_store, char **ret_why) PK_WARN_UNUSED;

#endif
