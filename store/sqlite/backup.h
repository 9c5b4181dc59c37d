/* SPDX-License-Identifier: BSD-2-Clause */
/* The images of store/backup.h: SQLite databases of schema.h, without what is in no image. */
#ifndef STORE_SQLITE_BACKUP_H
#define STORE_SQLITE_BACKUP_H

#include "store/backup.h"

/*
 * A consistent image, of what is on the disk at one moment. with_keys: the API keys' hashes and the
 * private keys that sign, too. PK_STORAGE, PK_NO_MEMORY; *ret is the caller's.
 */
enum pk_status store_sqlite_backup(struct store *store, bool with_keys, struct pk_bytes *ret,
                                   struct backup_counts *ret_counts) PK_WARN_UNUSED;

/*
 * Puts the image in the place of what the store holds, in one transaction; what it held is written
 * to a file beside. Tickets, recovery codes and decisions of accounts that it held too stay as they
 * are, and transactions of all users are added; keys of applications stay where the image has none.
 * PK_INVALID_INPUT for an image that is damaged or no database of passkeyd, PK_UNSUPPORTED for one
 * of a newer schema: store_error() says more. PK_EXISTS where the store holds something and
 * wish->replace is not set; then, too, *ret is set. PK_STORAGE, PK_NO_MEMORY. *ret is the caller's.
 */
enum pk_status store_sqlite_restore(struct store *store, const struct restore_wish *wish,
                                    struct restore_report *ret) PK_WARN_UNUSED;

#endif
