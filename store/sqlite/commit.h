/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a change to the SQLite store gets to the disk. SQLite has one writer: it is that for as long
 * as a change is made in the write-ahead log, which takes no disk. Whoever made the change then
 * waits for the disk, together with others who do the same: the disk is asked once for all of them.
 */
#ifndef STORE_SQLITE_COMMIT_H
#define STORE_SQLITE_COMMIT_H

#include "store/sqlite/query.h"

struct sqlite3;

/* Waits to be the writer. Must be followed by commit_end(), unless it fails: PK_STORAGE. */
enum pk_status commit_begin(struct sqlite_store *store) PK_WARN_UNUSED;
/* The next writer goes on. Returns the number of the change, for commit_sync(). */
uint64_t commit_end(struct sqlite_store *store);
/*
 * After commit_end(), by whoever has committed a change on that connection, its own: PK_OK once the
 * change is on disk. It waits for one sync that began before, at most, and then for one that is for
 * all who have committed meanwhile. PK_STORAGE: it may not be there, although others see it; as the
 * kernel does not say what of the log is missing, the store is then only read until it is opened
 * again.
 */
enum pk_status commit_sync(struct sqlite_store *store, struct sqlite3 *db,
                           uint64_t change) PK_WARN_UNUSED;

/*
 * Copies what the log holds into the database, as a store that was not closed leaves it; reading
 * goes on where that fails, and changes are refused where the disk did.
 */
void commit_settle(struct sqlite_store *store, struct sqlite3 *db);
/* Before the connection is used: its log is copied by the thread. */
void commit_watch(struct sqlite_store *store, struct sqlite3 *db);
/* The thread that copies the log into the database, beside whoever reads and writes. */
enum pk_status commit_start(struct sqlite_store *store) PK_WARN_UNUSED;
void commit_stop(struct sqlite_store *store);

#endif
