/* SPDX-License-Identifier: BSD-2-Clause */
/* The schema of the PostgreSQL store; migrations are steps of postgresql.h. */
#ifndef STORE_POSTGRESQL_SCHEMA_H
#define STORE_POSTGRESQL_SCHEMA_H

#define POSTGRESQL_SCHEMA_VERSION 1

/* The role that the hosts' roles are members of. */
#define POSTGRESQL_STORE_ROLE "passkey_store"

#endif
