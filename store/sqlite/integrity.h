/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the database is damaged. To find out, all of it is read: a small one when it is opened,
 * so that damage is told before anything is served; a large one only where it was not closed, and
 * beside what is served meanwhile, on a thread of its own. Where that finds damage, from then on
 * every verb returns PK_STORAGE: nobody signs in by what may be wrong, and nothing is written to
 * it.
 */
#ifndef STORE_SQLITE_INTEGRITY_H
#define STORE_SQLITE_INTEGRITY_H

#include "store/sqlite/query.h"

enum integrity_need {
    INTEGRITY_NONE,   /* it is large, and was closed */
    INTEGRITY_FIRST,  /* before anything is done with it */
    INTEGRITY_BESIDE, /* it is large, and whoever had it has not closed it */
};

/* Before the database is opened. */
enum integrity_need integrity_need(const struct sqlite_store *store);
/* PK_STORAGE with store_error(): it is damaged. Nothing is repaired. */
enum pk_status integrity_check(const struct sqlite_store *store, struct sqlite3 *db) PK_WARN_UNUSED;

/* The thread that checks it beside. */
enum pk_status integrity_start(struct sqlite_store *store) PK_WARN_UNUSED;
/* Waits until it has ended. */
void integrity_wait(struct sqlite_store *store);
/* The same, sooner: then it is checked the next time. */
void integrity_stop(struct sqlite_store *store);

/* PK_STORAGE with store_error(), once damage was found. */
enum pk_status integrity_status(const struct sqlite_store *store) PK_WARN_UNUSED;

#endif
