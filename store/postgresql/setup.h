/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file of passkey-store-postgresql: see doc/passkey-store-postgresql.8. */
#ifndef STORE_POSTGRESQL_SETUP_H
#define STORE_POSTGRESQL_SETUP_H

#include "store/postgresql/postgresql.h"

#define POSTGRESQL_PASSWORD_CREDENTIAL "postgresql-password" /* in $CREDENTIALS_DIRECTORY */

/*
 * *ret is complete when there is no problem; the caller clears it, whatever the outcome. What is
 * wrong, a password file that cannot be read among it, is added to problems as "PATH:LINE: what".
 * PK_NOT_FOUND, PK_NO_MEMORY.
 */
enum pk_status postgresql_setup_read(const char *path, struct postgresql_setup *ret,
                                     struct pk_strings *problems) PK_WARN_UNUSED;

#endif
