/* SPDX-License-Identifier: BSD-2-Clause */
/* The SQLite store: opening and migrating the database. */
#include "store/sqlite/sqlite.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "store/sqlite/commit.h"
#include "store/sqlite/integrity.h"
#include "store/sqlite/query.h"
#include "store/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* How long a verb waits for another process that writes, in milliseconds. */
#define BUSY_TIMEOUT 5000

/* Sets store_error(), when opening fails. */

static enum pk_status set_error(const char *path, const char *why)
{
    store_set_error("%s: %s", path, why);
    return PK_STORAGE;
}

/*
 * Creates the file before SQLite would, to set its permissions, which SQLite copies to the
 * write-ahead log. An existing file must be owned by this user: otherwise, as root for example,
 * SQLite would leave files that the daemon's own user cannot open.
 */
static enum pk_status prepare_file(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0)
        return close(fd) == 0 ? PK_OK : set_error(path, strerror(errno));
    if (errno != EEXIST || lstat(path, &info) < 0)
        return set_error(path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return set_error(path, "not a regular file");
    if (info.st_uid != geteuid())
        return set_error(path, "belongs to another user");
    if (info.st_mode & (S_IRWXG | S_IRWXO) && chmod(path, 0600) < 0)
        return set_error(path, strerror(errno));
    return PK_OK;
}

static enum pk_status read_integer(struct sqlite_store *store, struct sqlite3 *db, const char *sql,
                                   int64_t *ret)
{
    AUTO_QUERY struct query query = query_on(store, db, sql);
    enum pk_status status = query_step(&query);

    if (status == PK_OK)
        *ret = sqlite3_column_int64(query.statement, 0);
    return status == PK_NOT_FOUND ? PK_STORAGE : status;
}

/* Of a migration, which runs while SQLite does not enforce them. */
static enum pk_status check_references(struct sqlite_store *store, struct sqlite3 *db)
{
    AUTO_QUERY struct query query = query_on(store, db, "PRAGMA foreign_key_check");
    enum pk_status status = query_step(&query);

    if (status == PK_OK)
        return set_error(store->path, "a row refers to one that is not there");
    return status == PK_NOT_FOUND ? PK_OK : status;
}

/* One transaction per step, because another process may be migrating as well. */
static enum pk_status migrate_step(struct sqlite_store *store, struct sqlite3 *db, bool *ret_done)
{
    char pragmas[96];
    int64_t version = 0;
    enum pk_status status = transaction_begin_on(store, db);

    if (status != PK_OK)
        return status;
    status = read_integer(store, db, "PRAGMA user_version", &version);
    *ret_done = version >= (int64_t)store_schema_version;
    if (status == PK_OK && !*ret_done) {
        snprintf(pragmas, sizeof(pragmas), "PRAGMA user_version = %d; PRAGMA application_id = %d",
                 (int)version + 1, STORE_APPLICATION_ID);
        status = database_execute(db, store_schema_steps[version]);
        if (status == PK_OK)
            status = check_references(store, db);
        if (status == PK_OK)
            status = database_execute(db, pragmas);
    }
    return transaction_end_on(store, db, status);
}

static enum pk_status migrate(struct sqlite_store *store, struct sqlite3 *db)
{
    enum pk_status status = PK_OK;
    bool done = false;

    while (status == PK_OK && !done)
        status = migrate_step(store, db, &done);
    return status;
}

/* In one transaction, because another process may be migrating. */
static enum pk_status read_identity(struct sqlite_store *store, struct sqlite3 *db,
                                    int64_t *ret_version, int64_t *ret_application,
                                    int64_t *ret_tables)
{
    enum pk_status status = database_execute(db, "BEGIN");

    if (status != PK_OK)
        return status;
    status = read_integer(store, db, "SELECT count(*) FROM sqlite_schema", ret_tables);
    if (status == PK_OK)
        status = read_integer(store, db, "PRAGMA user_version", ret_version);
    if (status == PK_OK)
        status = read_integer(store, db, "PRAGMA application_id", ret_application);
    (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* Checked before anything, even a setting, is changed: the file may belong to another program. */
static enum pk_status check_identity(struct sqlite_store *store, struct sqlite3 *db)
{
    int64_t version = 0, application = 0, tables = 0;
    enum pk_status status = read_identity(store, db, &version, &application, &tables);

    if (status != PK_OK)
        return status;
    if (tables > 0 && application != STORE_APPLICATION_ID)
        return set_error(store->path, "not a database of passkeyd");
    if (version < 0 || version > (int64_t)store_schema_version)
        return set_error(store->path, "made by a newer version of passkeyd");
    return PK_OK;
}

/*
 * SQLite's busy timeout does not apply when two processes switch to the write-ahead log at once:
 * one of them gets SQLITE_BUSY immediately, and is retried here.
 */
static enum pk_status apply_settings(struct sqlite3 *db, const char *path)
{
    static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                                   "PRAGMA secure_delete = ON; "
                                   "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
    int waited = 0;
    int code;

    while ((code = sqlite3_exec(db, settings, NULL, NULL, NULL)) != SQLITE_OK) {
        if ((code & 0xff) != SQLITE_BUSY || waited >= BUSY_TIMEOUT)
            return database_failed(db, path);
        waited += sqlite3_sleep(10);
    }
    return PK_OK;
}

/* The settings of a connection, and all that must be right before it is used. */
static enum pk_status prepare_connection(struct sqlite_store *store, struct sqlite3 *db)
{
    enum pk_status status;

    sqlite3_busy_timeout(db, BUSY_TIMEOUT);
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    commit_watch(store, db);
    status = check_identity(store, db);
    if (status == PK_OK)
        status = apply_settings(db, store->path);
    return status == PK_OK ? database_execute(db, "PRAGMA foreign_keys = ON") : status;
}

/* Makes this thread's connection. NOMUTEX: no other thread uses it. */
static enum pk_status connection_open(struct sqlite_store *store,
                                      struct sqlite_connection **ret_connection)
{
    struct sqlite_connection *connection = calloc(1, sizeof(*connection));
    enum pk_status status;
    int code;

    if (!connection)
        return PK_NO_MEMORY;
    code = sqlite3_open_v2(store->path, &connection->db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                               SQLITE_OPEN_PRIVATECACHE,
                           NULL);
    status = !connection->db     ? PK_NO_MEMORY
             : code != SQLITE_OK ? database_failed(connection->db, store->path)
                                 : prepare_connection(store, connection->db);
    if (status != PK_OK) {
        (void)sqlite3_close(connection->db);
        free(connection);
        return status;
    }
    connection->thread = pthread_self();
    (void)pthread_mutex_lock(&store->lock);
    LIST_INSERT_HEAD(&store->connections, connection, entry);
    (void)pthread_mutex_unlock(&store->lock);
    *ret_connection = connection;
    return PK_OK;
}

struct sqlite_connection *connection_of_thread(struct sqlite_store *store)
{
    struct sqlite_connection *connection;

    (void)pthread_mutex_lock(&store->lock);
    LIST_FOREACH(connection, &store->connections, entry)
    if (pthread_equal(connection->thread, pthread_self()))
        break;
    (void)pthread_mutex_unlock(&store->lock);
    if (!connection && connection_open(store, &connection) == PK_NO_MEMORY)
        (void)set_error(store->path, "out of memory");
    return connection;
}

struct sqlite3 *store_connection(struct sqlite_store *store)
{
    struct sqlite_connection *connection = connection_of_thread(store);

    return connection ? connection->db : NULL;
}

static enum pk_status open_database(struct sqlite_store *store)
{
    enum integrity_need need = integrity_need(store);
    struct sqlite_connection *connection = NULL;
    enum pk_status status = connection_open(store, &connection);
    struct sqlite3 *db = connection ? connection->db : NULL;

    if (status == PK_OK && need == INTEGRITY_FIRST)
        status = integrity_check(store, db);
    if (status == PK_OK)
        commit_settle(store, db);
    /* A migration may replace a table that others refer to. */
    if (status == PK_OK)
        status = database_execute(db, "PRAGMA foreign_keys = OFF");
    if (status == PK_OK)
        status = migrate(store, db);
    if (status == PK_OK)
        status = database_execute(db, "PRAGMA foreign_keys = ON");
    /* This thread has the daemon's loop, which does not use the store. */
    if (db)
        (void)sqlite3_db_release_memory(db);
    return status == PK_OK && need == INTEGRITY_BESIDE ? integrity_start(store) : status;
}

/* The directory entries of new files are on disk only after the directory is synced. */
static enum pk_status sync_directory(const char *directory)
{
    PK_AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return set_error(directory, strerror(errno));
    return PK_OK;
}

void store_sqlite_close(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct sqlite_connection *connection;

    integrity_stop(store);
    commit_stop(store);
    while ((connection = LIST_FIRST(&store->connections))) {
        LIST_REMOVE(connection, entry);
        for (size_t i = 0; i < connection->statement_count; i++)
            sqlite3_finalize(connection->statements[i].statement);
        (void)sqlite3_close(connection->db);
        free(connection);
    }
    (void)pthread_cond_destroy(&store->sync_ended);
    (void)pthread_cond_destroy(&store->copy_wanted);
    (void)pthread_mutex_destroy(&store->writing);
    (void)pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

enum pk_status store_sqlite_state(struct store *base, struct store_state *ret)
{
    const struct sqlite_store *store = (const struct sqlite_store *)base;
    AUTO_STORE_STATE struct store_state state = {.lag = -1, .age = -1, .refuses = -1};
    enum pk_status status = pk_text_copy("sqlite", &state.kind);

    if (status == PK_OK)
        status = pk_text_copy(store->path, &state.server);
    if (status != PK_OK)
        return status;
    *ret = state;
    state = (struct store_state){0}; /* moved */
    return PK_OK;
}

static struct sqlite_store *store_new(const char *directory)
{
    struct sqlite_store *store = calloc(1, sizeof(*store));

    if (!store)
        return NULL;
    store->base.verbs = &store_sqlite_verbs;
    store->path = pk_text_format("%s/passkeyd.db", directory);
    (void)pthread_mutex_init(&store->writing, NULL);
    (void)pthread_mutex_init(&store->lock, NULL);
    (void)pthread_cond_init(&store->sync_ended, NULL);
    (void)pthread_cond_init(&store->copy_wanted, NULL);
    return store;
}

/* Pages are had one by one: SQLite's own way is 88 KiB at once for each thread's connection. */
static void configure_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 1);
}

enum pk_status store_sqlite_open(const char *directory, struct store **ret_store,
                                 const char **ret_why)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    static char why[STORE_ERROR_SIZE + PATH_MAX];
    struct sqlite_store *store = store_new(directory);
    const char *path = store ? store->path : NULL;
    enum pk_status status = path ? PK_OK : PK_NO_MEMORY;

    (void)pthread_once(&configured, configure_library);
    store_set_error("%s", "");
    if (status == PK_OK)
        status = prepare_file(path);
    if (status == PK_OK)
        status = open_database(store);
    if (status == PK_OK)
        status = sync_directory(directory);
    if (status == PK_OK)
        status = commit_start(store);
    if (status != PK_OK) {
        const char *error = store_error()[0] ? store_error() : pk_status_clause(status);

        snprintf(why, sizeof(why), "%s%s%s", path && !strstr(error, path) ? path : "",
                 path && !strstr(error, path) ? ": " : "", error);
        *ret_why = why;
        if (store)
            store_sqlite_close(&store->base);
        return status;
    }
    *ret_store = &store->base;
    return PK_OK;
}
