/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sqlite/integrity.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

/* Bytes; some 2,000 passkeys, which are read in a few milliseconds. */
#define SMALL_MAX 1048576
#define NICE_MAX  19
#define AGAIN_NS  10000000

/* SQLite removes the log when the last one closes the database. */
enum integrity_need integrity_need(const struct sqlite_store *store)
{
    PK_AUTO_FREE char *log = pk_text_format("%s-wal", store->path);
    struct stat info;

    if (!log || stat(store->path, &info) < 0 || info.st_size <= SMALL_MAX)
        return INTEGRITY_FIRST;
    return lstat(log, &info) == 0 ? INTEGRITY_BESIDE : INTEGRITY_NONE;
}

enum pk_status integrity_check(const struct sqlite_store *store, struct sqlite3 *db)
{
    struct sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    const char *verdict = NULL;
    enum pk_status status = PK_STORAGE;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        verdict = (const char *)sqlite3_column_text(statement, 0);
    if (verdict && strcmp(verdict, "ok") == 0)
        status = PK_OK;
    else if (code == SQLITE_NOMEM || (code == SQLITE_ROW && !verdict))
        status = PK_NO_MEMORY;
    else
        store_set_error("%s: %s", store->path, verdict ? verdict : sqlite3_errmsg(db));
    (void)sqlite3_finalize(statement);
    return status;
}

/* --- beside ----------------------------------------------------------------------------------- */

/* What cannot be read is as good as damaged; what memory was short for is checked the next time. */
static void conclude(struct sqlite_store *store, enum pk_status status)
{
    if (status == PK_OK) {
        atomic_store(&store->check, CHECK_SOUND);
        pk_log(LOG_INFO, "store: %s was not closed, and is sound", store->path);
        return;
    }
    if (status != PK_STORAGE || atomic_load(&store->check_ends))
        return;
    (void)snprintf(store->damage, sizeof(store->damage),
                   "%s; nothing is read or written until it is replaced and passkeyd started again",
                   store_error());
    atomic_store(&store->check, CHECK_DAMAGED);
    pk_log(LOG_CRIT, "store: DAMAGED: %s", store->damage);
}

static void *check(void *data)
{
    struct sqlite_store *store = data;
    struct sqlite3 *db;

    /* It has time; of this thread alone. */
    (void)setpriority(PRIO_PROCESS, 0, NICE_MAX);
    db = store_connection(store);
    (void)pthread_mutex_lock(&store->lock);
    store->checking = db;
    (void)pthread_mutex_unlock(&store->lock);
    if (db && !atomic_load(&store->check_ends))
        conclude(store, integrity_check(store, db));
    (void)pthread_mutex_lock(&store->lock);
    store->checking = NULL;
    (void)pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* Signals are for the loop. */
enum pk_status integrity_start(struct sqlite_store *store)
{
    sigset_t all, before;

    atomic_store(&store->check, CHECK_UNDER_WAY);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    store->checks = pthread_create(&store->checker, NULL, check, store) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return store->checks ? PK_OK : PK_NO_MEMORY;
}

void integrity_wait(struct sqlite_store *store)
{
    if (store->checks)
        (void)pthread_join(store->checker, NULL);
    store->checks = false;
}

/* Told again and again: SQLite forgets it where no statement runs yet. */
void integrity_stop(struct sqlite_store *store)
{
    struct timespec until;

    atomic_store(&store->check_ends, true);
    while (store->checks) {
        (void)pthread_mutex_lock(&store->lock);
        if (store->checking)
            sqlite3_interrupt(store->checking);
        (void)pthread_mutex_unlock(&store->lock);
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += AGAIN_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        store->checks = pthread_timedjoin_np(store->checker, NULL, &until) == ETIMEDOUT;
    }
}

enum pk_status integrity_status(const struct sqlite_store *store)
{
    if (atomic_load(&store->check) != CHECK_DAMAGED)
        return PK_OK;
    store_set_error("%s", store->damage);
    return PK_STORAGE;
}
