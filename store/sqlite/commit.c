/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SQLite syncs the write-ahead log before it lets the next writer begin (synchronous = FULL), so
 * that on a slow disk everybody waits for everybody. With synchronous = NORMAL it leaves the log of
 * a commit to the operating system, and still syncs what keeps the file whole: the log's header,
 * the log before it is copied, the database before the log begins again. A commit is synced here
 * instead, by who made it, after the next writer was let go. A sync covers all that is in the log
 * before it: a change is never on disk without those that it was built upon.
 */
#include "store/sqlite/commit.h"

#include "store/sqlite/integrity.h"

#include <signal.h>
#include <sqlite3.h>

/* Pages in the log, usually of 4 KiB, with which it is copied; SQLite's own number. */
#define FRAMES_COPY 1000
/* While copying never catches up with the writers the log grows; from here on they wait for it. */
#define FRAMES_MAX 8000

/* --- the disk --------------------------------------------------------------------------------- */

static bool is_unsure(struct sqlite_store *store)
{
    bool unsure;

    (void)pthread_mutex_lock(&store->lock);
    unsure = store->unsure;
    (void)pthread_mutex_unlock(&store->lock);
    return unsure;
}

static void set_unsure(struct sqlite_store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    store->unsure = true;
    (void)pthread_mutex_unlock(&store->lock);
}

static enum pk_status failed(struct sqlite_store *store, int code)
{
    store_set_error("%s-wal: %s; no change is accepted until passkeyd is started again",
                    store->path, code == SQLITE_OK ? "disk I/O error" : sqlite3_errstr(code));
    return PK_STORAGE;
}

/*
 * By this connection's own file: of an error that nobody was told of each file hears, whenever it
 * was opened, and whoever is told of one says so to all here.
 */
static int sync_log(struct sqlite3 *db)
{
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);

    if (code != SQLITE_OK)
        return code;
    return log && log->pMethods ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL)
                                : SQLITE_IOERR_FSYNC;
}

/*
 * One sync at a time: those that commit meanwhile wait for it, and then one of them syncs for all.
 * What a sync covers was committed before it began.
 */
enum pk_status commit_sync(struct sqlite_store *store, struct sqlite3 *db, uint64_t change)
{
    int code = SQLITE_OK;
    bool unsure;

    (void)pthread_mutex_lock(&store->lock);
    while (store->syncing && store->synced < change && !store->unsure)
        (void)pthread_cond_wait(&store->sync_ended, &store->lock);
    if (store->synced < change && !store->unsure) {
        uint64_t covered = store->changes;

        store->syncing = true;
        (void)pthread_mutex_unlock(&store->lock);
        code = sync_log(db);
        (void)pthread_mutex_lock(&store->lock);
        store->syncing = false;
        if (code == SQLITE_OK)
            store->synced = covered;
        else
            store->unsure = true;
        (void)pthread_cond_broadcast(&store->sync_ended);
    }
    /* The thread that copies the log may have heard of an error, and pages be lost with it. */
    unsure = store->unsure;
    (void)pthread_mutex_unlock(&store->lock);
    return unsure ? failed(store, code) : PK_OK;
}

enum pk_status commit_begin(struct sqlite_store *store)
{
    enum pk_status status = integrity_status(store);

    if (status != PK_OK)
        return status;
    (void)pthread_mutex_lock(&store->writing);
    if (!is_unsure(store))
        return PK_OK;
    (void)pthread_mutex_unlock(&store->writing);
    store_set_error("%s: the disk failed; no change is accepted until passkeyd is started again",
                    store->path);
    return PK_STORAGE;
}

uint64_t commit_end(struct sqlite_store *store)
{
    uint64_t change;

    (void)pthread_mutex_lock(&store->lock);
    change = ++store->changes;
    (void)pthread_mutex_unlock(&store->lock);
    (void)pthread_mutex_unlock(&store->writing);
    return change;
}

/* --- the log ---------------------------------------------------------------------------------- */

/*
 * That the log could not be synced is told to the connections that were open, not to one that is
 * opened later, which would build upon what was lost: all hear of it here.
 */
static void copy_into_database(struct sqlite_store *store, struct sqlite3 *db)
{
    int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    if ((code & 0xff) == SQLITE_IOERR)
        set_unsure(store);
}

void commit_settle(struct sqlite_store *store, struct sqlite3 *db)
{
    copy_into_database(store, db);
}

/* After each commit, in the thread that made it. */
static int on_commit(void *data, struct sqlite3 *db, const char *name, int frames)
{
    struct sqlite_store *store = data;

    (void)db, (void)name;
    (void)pthread_mutex_lock(&store->lock);
    store->frames = frames;
    if (frames >= FRAMES_COPY)
        (void)pthread_cond_signal(&store->copy_wanted);
    (void)pthread_mutex_unlock(&store->lock);
    return SQLITE_OK;
}

void commit_watch(struct sqlite_store *store, struct sqlite3 *db)
{
    (void)sqlite3_wal_hook(db, on_commit, store);
}

/* What cannot be copied now, because somebody reads an older state, is after the next commit. */
static void copy_log(struct sqlite_store *store, bool alone)
{
    struct sqlite3 *db = store_connection(store);

    if (!db || is_unsure(store))
        return;
    if (alone)
        (void)pthread_mutex_lock(&store->writing);
    copy_into_database(store, db);
    if (alone)
        (void)pthread_mutex_unlock(&store->writing);
}

static void *copy(void *data)
{
    struct sqlite_store *store = data;

    (void)pthread_mutex_lock(&store->lock);
    while (!store->ending) {
        int frames = store->frames;

        if (frames < FRAMES_COPY) {
            (void)pthread_cond_wait(&store->copy_wanted, &store->lock);
            continue;
        }
        store->frames = 0;
        (void)pthread_mutex_unlock(&store->lock);
        copy_log(store, frames >= FRAMES_MAX);
        (void)pthread_mutex_lock(&store->lock);
    }
    (void)pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* Signals are for the loop. */
enum pk_status commit_start(struct sqlite_store *store)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    store->copies = pthread_create(&store->copier, NULL, copy, store) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return store->copies ? PK_OK : PK_NO_MEMORY;
}

void commit_stop(struct sqlite_store *store)
{
    const struct sqlite_connection *connection;

    (void)pthread_mutex_lock(&store->lock);
    store->ending = true;
    (void)pthread_cond_signal(&store->copy_wanted);
    (void)pthread_mutex_unlock(&store->lock);
    if (store->copies)
        (void)pthread_join(store->copier, NULL);
    if (!store->unsure && atomic_load(&store->check) == CHECK_SOUND)
        return;
    /*
     * What the disk may have lost is read back, checked, when the store is opened again; and the
     * log is what says that it is to be checked.
     */
    LIST_FOREACH(connection, &store->connections, entry)
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}
