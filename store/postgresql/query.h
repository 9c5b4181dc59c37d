/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verbs, statements, rows and transactions of the PostgreSQL store.
 *
 * A verb is a loop around what it does, because the server may undo it for the sake of others:
 *
 *     struct verb verb = verb_new(base, VERB_CHANGES);
 *
 *     while (verb_next(&verb))
 *         verb.status = rename_on(verb.connection, account, id, name);
 *     return verb.status;
 */
#ifndef STORE_POSTGRESQL_QUERY_H
#define STORE_POSTGRESQL_QUERY_H

#include "store/postgresql/connection.h"

enum verb_kind {
    VERB_READS, /* what it reads is believed: a server that was deposed must not have answered */
    VERB_CHANGES,
};

struct verb {
    struct postgresql_store *store;
    enum verb_kind kind;
    struct pg_connection *connection;
    enum pk_status status;
    unsigned tries;
};

struct verb verb_new(struct store *store, enum verb_kind kind);
/* false: verb->status is the verb's outcome. */
bool verb_next(struct verb *verb);

#define PG_PARAMETERS_MAX 32

/*
 * One statement with its values, "$1" and so on. The first failure is kept in status, so that a
 * caller can bind everything and then run or step. Bound texts and views must live until it has
 * been sent.
 */
struct query {
    struct pg_connection *connection;
    const char *sql;
    const char *values[PG_PARAMETERS_MAX];
    int lengths[PG_PARAMETERS_MAX];
    int formats[PG_PARAMETERS_MAX];
    char numbers[PG_PARAMETERS_MAX][24];
    int count;
    PGresult *result; /* NULL: not answered */
    int row;          /* the current one; -1: before the first */
    bool sent;
    enum pk_status status;
};

struct query query_new(struct pg_connection *connection, const char *sql);
void query_clear(struct query *query);
#define AUTO_QUERY __attribute__((cleanup(query_clear)))

/* Each binds the next parameter, in order. Integers are for columns of booleans, too. */
void bind_integer(struct query *query, int64_t value);
void bind_text(struct query *query, const char *text); /* NULL is bound as NULL */
void bind_blob(struct query *query, struct pk_view blob);
void bind_null(struct query *query);
/* The next three, for the columns rp, name and uid. */
void bind_account(struct query *query, const char *rp, const char *name, uid_t uid);

/*
 * Sends the statement together with the next one that is waited for. A failure is that one's, or
 * the transaction's; a query whose rows are wanted is stepped afterwards.
 */
void query_queue(struct query *query);
/*
 * PK_OK with a row to read, PK_NOT_FOUND after the last. A failure, here and below, is PK_STORAGE
 * with the text in store_error(), PK_NO_MEMORY, PG_AGAIN or PG_LOST.
 */
enum pk_status query_step(struct query *query) PK_WARN_UNUSED;
/* For a statement without rows. PK_EXISTS when it would break a unique constraint: see
 * pg_connection.constraint. */
enum pk_status query_run(struct query *query) PK_WARN_UNUSED;
/* As query_run(), but PK_NOT_FOUND when no row was changed. */
enum pk_status query_change(struct query *query) PK_WARN_UNUSED;
/* How many rows there are, of a query that was stepped. */
size_t query_rows(const struct query *query);

/* Columns of the current row, counted from 0. Results are the caller's. NULL is a NULL text. */
int64_t column_integer(struct query *query, int column);
bool column_is_null(struct query *query, int column);
enum pk_status column_blob(struct query *query, int column, struct pk_bytes *ret) PK_WARN_UNUSED;
enum pk_status column_text(struct query *query, int column, char **ret) PK_WARN_UNUSED;
/* Exactly len bytes; PK_STORAGE for any other length, which this program never writes. */
enum pk_status column_fixed(struct query *query, int column, size_t len,
                            uint8_t *ret) PK_WARN_UNUSED;
/* Borrowed: until the query is cleared. */
struct pk_view column_view(struct query *query, int column);

/* Sent with the first statement behind it. Must be followed by transaction_end(). */
enum pk_status transaction_begin(struct pg_connection *connection) PK_WARN_UNUSED;
/* The same of one that is not waited for on the disk, for what may get lost in a crash. */
enum pk_status transaction_begin_lax(struct pg_connection *connection) PK_WARN_UNUSED;
/*
 * Commits, with what is queued, when status is PK_OK; otherwise rolls back. Returns the outcome:
 * PK_OK once the changes are where the server promises to keep them.
 */
enum pk_status transaction_end(struct pg_connection *connection,
                               enum pk_status status) PK_WARN_UNUSED;

#endif
