/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SQLite store: opening and migrating the database, and statements (query.h) for its verbs
 * (verbs.c).
 */
#include "daemon/store/query.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* How long a verb waits for another process that writes, in milliseconds. */
#define BUSY_TIMEOUT 5000

/* Keeps SQLite's message and returns the status for its error code. */
static enum pk_status sqlite_failed(struct sqlite_store *store, const char *doing)
{
    snprintf(store->base.error, sizeof(store->base.error), "%s (SQLite error %d): %s",
             sqlite3_errmsg(store->db), sqlite3_extended_errcode(store->db), doing);
    return sqlite3_errcode(store->db) == SQLITE_NOMEM ? PK_NO_MEMORY : PK_STORAGE;
}

static enum pk_status execute(struct sqlite_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? PK_OK
                                                                       : sqlite_failed(store, sql);
}

struct query query_new(struct sqlite_store *store, const char *sql)
{
    struct query query = {.store = store};

    query.code = sqlite3_prepare_v2(store->db, sql, -1, &query.statement, NULL);
    return query;
}

void query_clear(struct query *query)
{
    sqlite3_finalize(query->statement);
}

void bind_integer(struct query *query, int64_t value)
{
    if (query->code == SQLITE_OK)
        query->code = sqlite3_bind_int64(query->statement, ++query->bound, value);
}

void bind_text(struct query *query, const char *text)
{
    if (query->code == SQLITE_OK)
        query->code = sqlite3_bind_text(query->statement, ++query->bound, text, -1, SQLITE_STATIC);
}

void bind_blob(struct query *query, struct pk_view blob)
{
    /* A NULL pointer would be bound as NULL, not as an empty blob. */
    const void *ptr = blob.len > 0 ? (const void *)blob.ptr : "";

    if (query->code == SQLITE_OK)
        query->code =
            sqlite3_bind_blob64(query->statement, ++query->bound, ptr, blob.len, SQLITE_STATIC);
}

enum pk_status query_step(struct query *query)
{
    if (query->code == SQLITE_OK) {
        int code = sqlite3_step(query->statement);

        if (code == SQLITE_ROW)
            return PK_OK;
        if (code == SQLITE_DONE)
            return PK_NOT_FOUND;
        query->code = code;
    }
    return sqlite_failed(query->store, sqlite3_sql(query->statement) ? sqlite3_sql(query->statement)
                                                                     : "preparing a statement");
}

enum pk_status query_run(struct query *query)
{
    enum pk_status status = query_step(query);
    int code = sqlite3_extended_errcode(query->store->db);

    if (status == PK_NOT_FOUND)
        return PK_OK;
    if (status == PK_OK)
        return PK_INTERNAL;
    return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ? PK_EXISTS
                                                                                    : status;
}

enum pk_status query_change(struct query *query)
{
    enum pk_status status = query_run(query);

    if (status == PK_OK && sqlite3_changes(query->store->db) == 0)
        return PK_NOT_FOUND;
    return status;
}

int64_t column_integer(struct query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

enum pk_status column_blob(struct query *query, int column, struct pk_bytes *ret)
{
    const uint8_t *blob = sqlite3_column_blob(query->statement, column);
    int len = sqlite3_column_bytes(query->statement, column);

    return pk_bytes_copy((struct pk_view){blob, (size_t)len}, ret);
}

enum pk_status column_text(struct query *query, int column, char **ret)
{
    const char *text = (const char *)sqlite3_column_text(query->statement, column);

    if (!text) {
        *ret = NULL;
        return sqlite3_column_type(query->statement, column) == SQLITE_NULL ? PK_OK : PK_NO_MEMORY;
    }
    *ret = strdup(text);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status column_fixed(struct query *query, int column, size_t len, uint8_t *ret)
{
    const uint8_t *blob = sqlite3_column_blob(query->statement, column);

    if (!blob || (size_t)sqlite3_column_bytes(query->statement, column) != len) {
        snprintf(query->store->base.error, sizeof(query->store->base.error),
                 "column %s holds a value of the wrong size",
                 sqlite3_column_name(query->statement, column));
        return PK_STORAGE;
    }
    memcpy(ret, blob, len);
    return PK_OK;
}

enum pk_status transaction_begin(struct sqlite_store *store)
{
    return execute(store, "BEGIN IMMEDIATE");
}

enum pk_status transaction_end(struct sqlite_store *store, enum pk_status status)
{
    if (status == PK_OK)
        status = execute(store, "COMMIT");
    /* After some errors, such as a full disk, SQLite has rolled back already. */
    if (status != PK_OK && !sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

int64_t last_inserted(struct sqlite_store *store)
{
    return sqlite3_last_insert_rowid(store->db);
}

/* Sets store->base.error, when opening fails. */

static enum pk_status set_error(struct sqlite_store *store, const char *path, const char *why)
{
    snprintf(store->base.error, sizeof(store->base.error), "%s: %s", path, why);
    return PK_STORAGE;
}

/*
 * Creates the file before SQLite would, to set its permissions, which SQLite copies to the
 * write-ahead log. An existing file must be owned by this user: otherwise, as root for example,
 * SQLite would leave files that the daemon's own user cannot open.
 */
static enum pk_status prepare_file(struct sqlite_store *store, const char *path)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0)
        return close(fd) == 0 ? PK_OK : set_error(store, path, strerror(errno));
    if (errno != EEXIST || lstat(path, &info) < 0)
        return set_error(store, path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return set_error(store, path, "not a regular file");
    if (info.st_uid != geteuid())
        return set_error(store, path, "belongs to another user");
    if (info.st_mode & (S_IRWXG | S_IRWXO) && chmod(path, 0600) < 0)
        return set_error(store, path, strerror(errno));
    return PK_OK;
}

static enum pk_status read_integer(struct sqlite_store *store, const char *sql, int64_t *ret)
{
    AUTO_QUERY struct query query = query_new(store, sql);
    enum pk_status status = query_step(&query);

    if (status == PK_OK)
        *ret = sqlite3_column_int64(query.statement, 0);
    return status == PK_NOT_FOUND ? PK_STORAGE : status;
}

/* Reports damage when the daemon starts, and not during a sign-in. Nothing is repaired. */
static enum pk_status check_integrity(struct sqlite_store *store, const char *path)
{
    AUTO_QUERY struct query query = query_new(store, "PRAGMA quick_check(1)");
    enum pk_status status = query_step(&query);
    const char *verdict;

    if (status != PK_OK)
        return status;
    verdict = (const char *)sqlite3_column_text(query.statement, 0);
    if (!verdict || strcmp(verdict, "ok") != 0)
        return set_error(store, path, verdict ? verdict : "damaged");
    return PK_OK;
}

/* Of a migration, which runs while SQLite does not enforce them. */
static enum pk_status check_references(struct sqlite_store *store)
{
    AUTO_QUERY struct query query = query_new(store, "PRAGMA foreign_key_check");
    enum pk_status status = query_step(&query);

    if (status == PK_OK)
        return set_error(store, "passkeyd.db", "a row refers to one that is not there");
    return status == PK_NOT_FOUND ? PK_OK : status;
}

/* One transaction per step, because another process may be migrating as well. */
static enum pk_status migrate_step(struct sqlite_store *store, bool *ret_done)
{
    char pragmas[96];
    int64_t version = 0;
    enum pk_status status = transaction_begin(store);

    if (status != PK_OK)
        return status;
    status = read_integer(store, "PRAGMA user_version", &version);
    *ret_done = version >= (int64_t)store_schema_version;
    if (status == PK_OK && !*ret_done) {
        snprintf(pragmas, sizeof(pragmas), "PRAGMA user_version = %d; PRAGMA application_id = %d",
                 (int)version + 1, STORE_APPLICATION_ID);
        status = execute(store, store_schema_steps[version]);
        if (status == PK_OK)
            status = check_references(store);
        if (status == PK_OK)
            status = execute(store, pragmas);
    }
    return transaction_end(store, status);
}

static enum pk_status migrate(struct sqlite_store *store)
{
    enum pk_status status = PK_OK;
    bool done = false;

    while (status == PK_OK && !done)
        status = migrate_step(store, &done);
    return status;
}

/* In one transaction, because another process may be migrating. */
static enum pk_status read_identity(struct sqlite_store *store, int64_t *ret_version,
                                    int64_t *ret_application, int64_t *ret_tables)
{
    enum pk_status status = execute(store, "BEGIN");

    if (status != PK_OK)
        return status;
    status = read_integer(store, "SELECT count(*) FROM sqlite_schema", ret_tables);
    if (status == PK_OK)
        status = read_integer(store, "PRAGMA user_version", ret_version);
    if (status == PK_OK)
        status = read_integer(store, "PRAGMA application_id", ret_application);
    return transaction_end(store, status);
}

/* Checked before anything, even a setting, is changed: the file may belong to another program. */
static enum pk_status check_identity(struct sqlite_store *store, const char *path)
{
    int64_t version = 0, application = 0, tables = 0;
    enum pk_status status = read_identity(store, &version, &application, &tables);

    if (status != PK_OK)
        return status;
    if (tables > 0 && application != STORE_APPLICATION_ID)
        return set_error(store, path, "not a database of passkeyd");
    if (version < 0 || version > (int64_t)store_schema_version)
        return set_error(store, path, "made by a newer version of passkeyd");
    return PK_OK;
}

/*
 * SQLite's busy timeout does not apply when two processes switch to the write-ahead log at once:
 * one of them gets SQLITE_BUSY immediately, and is retried here.
 */
static enum pk_status apply_settings(struct sqlite_store *store, const char *path)
{
    static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                                   "PRAGMA secure_delete = ON; "
                                   "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
    int waited = 0;
    int code;

    while ((code = sqlite3_exec(store->db, settings, NULL, NULL, NULL)) != SQLITE_OK) {
        if ((code & 0xff) != SQLITE_BUSY || waited >= BUSY_TIMEOUT)
            return sqlite_failed(store, path);
        waited += sqlite3_sleep(10);
    }
    return PK_OK;
}

static enum pk_status open_database(struct sqlite_store *store, const char *path)
{
    enum pk_status status;
    int code = sqlite3_open_v2(path, &store->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                                   SQLITE_OPEN_PRIVATECACHE,
                               NULL);

    if (!store->db)
        return PK_NO_MEMORY;
    if (code != SQLITE_OK)
        return sqlite_failed(store, path);
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    status = check_identity(store, path);
    if (status == PK_OK)
        status = apply_settings(store, path);
    if (status == PK_OK)
        status = check_integrity(store, path);
    if (status == PK_OK)
        status = migrate(store);
    /* Not before: a migration may replace a table that others refer to. */
    return status == PK_OK ? execute(store, "PRAGMA foreign_keys = ON") : status;
}

/* The directory entries of new files are on disk only after the directory is synced. */
static enum pk_status sync_directory(struct sqlite_store *store, const char *directory)
{
    PK_AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return set_error(store, directory, strerror(errno));
    return PK_OK;
}

void store_sqlite_close(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;

    (void)sqlite3_close(store->db);
    free(store);
}

enum pk_status store_sqlite_open(const char *directory, struct store **ret_store,
                                 const char **ret_why)
{
    static char why[sizeof(((struct store *)NULL)->error) + PATH_MAX];
    PK_AUTO_FREE char *path = pk_text_format("%s/passkeyd.db", directory);
    struct sqlite_store *store = calloc(1, sizeof(*store));
    enum pk_status status = path && store ? PK_OK : PK_NO_MEMORY;

    if (status == PK_OK)
        status = prepare_file(store, path);
    if (status == PK_OK)
        status = open_database(store, path);
    if (status == PK_OK)
        status = sync_directory(store, directory);
    if (status != PK_OK) {
        const char *error =
            store && store->base.error[0] ? store->base.error : pk_status_clause(status);

        snprintf(why, sizeof(why), "%s%s%s", path && !strstr(error, path) ? path : "",
                 path && !strstr(error, path) ? ": " : "", error);
        *ret_why = why;
        if (store)
            store_sqlite_close(&store->base);
        return status;
    }
    store->base.verbs = &store_sqlite_verbs;
    *ret_store = &store->base;
    return PK_OK;
}
