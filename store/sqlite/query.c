/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sqlite/query.h"

#include "store/sqlite/commit.h"
#include "store/sqlite/integrity.h"

#include <sqlite3.h>
#include <string.h>

/* A row that must be the only one is there: the store has not failed. */
static bool is_taken(int code)
{
    return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
}

enum pk_status database_failed(struct sqlite3 *db, const char *doing)
{
    int code;

    if (!db) /* store_error() says why it could not be opened */
        return PK_STORAGE;
    code = sqlite3_extended_errcode(db);
    (is_taken(code) ? store_explain : store_set_error)("%s (SQLite error %d): %s",
                                                       sqlite3_errmsg(db), code, doing);
    return sqlite3_errcode(db) == SQLITE_NOMEM ? PK_NO_MEMORY : PK_STORAGE;
}

enum pk_status database_execute(struct sqlite3 *db, const char *sql)
{
    return db && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? PK_OK
                                                                      : database_failed(db, sql);
}

struct query query_on(struct sqlite_store *store, struct sqlite3 *db, const char *sql)
{
    struct query query = {.store = store, .db = db, .code = SQLITE_CANTOPEN};

    if (db)
        query.code = sqlite3_prepare_v2(db, sql, -1, &query.statement, NULL);
    return query;
}

/* FNV-1a. */
static uint32_t hash_of(const char *sql)
{
    uint32_t hash = 2166136261u;

    for (; *sql; sql++)
        hash = (hash ^ (uint8_t)*sql) * 16777619u;
    return hash;
}

/* One of that text that no query has; NULL: there is none. */
static struct kept_statement *find_kept(struct sqlite_connection *connection, const char *sql,
                                        uint32_t hash)
{
    for (size_t i = 0; i < connection->statement_count; i++) {
        struct kept_statement *kept = &connection->statements[i];

        if (kept->hash == hash && !kept->in_use && strcmp(sqlite3_sql(kept->statement), sql) == 0)
            return kept;
    }
    return NULL;
}

/* To compile a statement takes longer than to run it. SQLite does so anew where it has to. */
struct query query_new(struct sqlite_store *store, const char *sql)
{
    struct sqlite_connection *connection = connection_of_thread(store);
    struct query query = {.store = store, .code = SQLITE_CANTOPEN};
    uint32_t hash = hash_of(sql);

    if (!connection || integrity_status(store) != PK_OK)
        return query;
    query.db = connection->db;
    query.kept = find_kept(connection, sql, hash);
    if (query.kept) {
        query.code = SQLITE_OK;
        query.statement = query.kept->statement;
    } else {
        query.code = sqlite3_prepare_v3(query.db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &query.statement, NULL);
        if (query.code != SQLITE_OK || connection->statement_count == STATEMENTS_MAX)
            return query;
        query.kept = &connection->statements[connection->statement_count++];
        *query.kept = (struct kept_statement){.statement = query.statement, .hash = hash};
    }
    query.kept->in_use = true;
    return query;
}

/* What was bound is its owner's, and may be a secret: nothing of it stays. */
void query_clear(struct query *query)
{
    if (!query->kept) {
        sqlite3_finalize(query->statement);
        return;
    }
    (void)sqlite3_reset(query->statement);
    (void)sqlite3_clear_bindings(query->statement);
    query->kept->in_use = false;
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

void bind_account(struct query *query, const char *rp, const char *name, uid_t uid)
{
    bind_text(query, rp);
    bind_text(query, name);
    bind_integer(query, uid);
}

/*
 * A change outside of a transaction is one by itself. In this process changes wait for each other
 * in commit_begin(), and not in SQLite, which would look for its lock ever more seldom.
 */
static enum pk_status step(struct query *query, int *ret_code)
{
    bool change = !sqlite3_stmt_readonly(query->statement) && sqlite3_get_autocommit(query->db);
    enum pk_status status = change ? commit_begin(query->store) : PK_OK;
    uint64_t number = 0;

    if (status != PK_OK)
        return status;
    *ret_code = sqlite3_step(query->statement);
    if (change)
        number = commit_end(query->store);
    return change && *ret_code == SQLITE_DONE ? commit_sync(query->store, query->db, number)
                                              : PK_OK;
}

enum pk_status query_step(struct query *query)
{
    const char *sql = sqlite3_sql(query->statement);

    if (query->code == SQLITE_OK) {
        int code = SQLITE_OK;
        enum pk_status status = step(query, &code);

        if (status != PK_OK)
            return status;
        if (code == SQLITE_ROW)
            return PK_OK;
        if (code == SQLITE_DONE)
            return PK_NOT_FOUND;
        query->code = code;
    }
    return database_failed(query->db, sql ? sql : "preparing a statement");
}

enum pk_status query_run(struct query *query)
{
    enum pk_status status = query_step(query);
    int code = query->db ? sqlite3_extended_errcode(query->db) : SQLITE_CANTOPEN;

    if (status == PK_NOT_FOUND)
        return PK_OK;
    if (status == PK_OK)
        return PK_INTERNAL;
    return is_taken(code) ? PK_EXISTS : status;
}

enum pk_status query_change(struct query *query)
{
    enum pk_status status = query_run(query);

    if (status == PK_OK && sqlite3_changes(query->db) == 0)
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
        store_set_error("column %s holds a value of the wrong size",
                        sqlite3_column_name(query->statement, column));
        return PK_STORAGE;
    }
    memcpy(ret, blob, len);
    return PK_OK;
}

enum pk_status transaction_begin_on(struct sqlite_store *store, struct sqlite3 *db)
{
    enum pk_status status = commit_begin(store);

    if (status != PK_OK)
        return status;
    status = database_execute(db, "BEGIN IMMEDIATE");
    if (status != PK_OK)
        (void)commit_end(store);
    return status;
}

enum pk_status transaction_end_on(struct sqlite_store *store, struct sqlite3 *db,
                                  enum pk_status status)
{
    uint64_t number;

    if (status == PK_OK)
        status = database_execute(db, "COMMIT");
    /* After some errors, such as a full disk, SQLite has rolled back already. */
    if (status != PK_OK && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    number = commit_end(store);
    return status == PK_OK ? commit_sync(store, db, number) : status;
}

enum pk_status transaction_begin(struct sqlite_store *store)
{
    return transaction_begin_on(store, store_connection(store));
}

enum pk_status transaction_end(struct sqlite_store *store, enum pk_status status)
{
    return transaction_end_on(store, store_connection(store), status);
}

int64_t last_inserted(struct sqlite_store *store)
{
    return sqlite3_last_insert_rowid(store_connection(store));
}
