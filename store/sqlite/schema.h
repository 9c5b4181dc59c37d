/* SPDX-License-Identifier: BSD-2-Clause */
/* The SQL that makes and migrates the SQLite store's tables. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include <stddef.h>

/* PRAGMA application_id: "pkyd". Distinguishes our file from other databases. */
#define STORE_APPLICATION_ID 0x706b7964

/*
 * Step i migrates a database of PRAGMA user_version i to i + 1, in one transaction. A released step
 * must not change: a new version of the schema is a new step at the end.
 */
extern const char *const store_schema_steps[];
extern const size_t store_schema_version; /* the number of steps */

#endif
