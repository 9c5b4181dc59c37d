/* SPDX-License-Identifier: BSD-2-Clause */
/* The store that every host has, in one file. */
#ifndef STORE_SQLITE_SQLITE_H
#define STORE_SQLITE_SQLITE_H

#include "store/store.h"

/*
 * Opens or creates DIRECTORY/passkeyd.db (mode 0600, WAL, synced by commit.c) and migrates its
 * schema. PK_STORAGE with *ret_why for the log, in static memory until the next call.
 */
enum pk_status store_sqlite_open(const char *directory, struct store **ret_store,
                                 const char **ret_why) PK_WARN_UNUSED;

#endif
