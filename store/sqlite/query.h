/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements, rows and transactions for the verbs of the SQLite store (verbs.c); only query.c,
 * sqlite.c, commit.c, integrity.c and backup.c call SQLite itself.
 */
#ifndef STORE_SQLITE_QUERY_H
#define STORE_SQLITE_QUERY_H

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

struct sqlite3;
struct sqlite3_stmt;

/* A statement that was compiled and is used again. */
struct kept_statement {
    struct sqlite3_stmt *statement;
    uint32_t hash; /* of its text */
    bool in_use;
};

#define STATEMENTS_MAX 64 /* more than there are */

/* One connection to the database for each thread that uses it: none waits for another to read. */
struct sqlite_connection {
    LIST_ENTRY(sqlite_connection) entry;
    pthread_t thread;
    struct sqlite3 *db;
    struct kept_statement statements[STATEMENTS_MAX];
    size_t statement_count;
};

/* Of the whole database: see integrity.h. */
enum store_check {
    CHECK_SOUND,     /* or there was no reason to */
    CHECK_UNDER_WAY, /* or it was given up */
    CHECK_DAMAGED,
};

struct sqlite_store {
    struct store base;
    char *path;
    pthread_mutex_t writing; /* held while a change is made; see commit.h */
    pthread_mutex_t lock;    /* of all that follows */
    LIST_HEAD(, sqlite_connection) connections;
    uint64_t changes; /* so many were committed, or given up, since it was opened */
    uint64_t synced;  /* the first of them, up to this one, are on the disk */
    bool syncing;     /* somebody waits for the disk, for all that was before */
    pthread_cond_t sync_ended;
    bool unsure;                /* something that was committed may not be on the disk */
    int frames;                 /* pages in the log, as of the last commit */
    pthread_cond_t copy_wanted; /* there are many of them, or ending is set */
    bool ending;
    bool copies; /* copier runs */
    pthread_t copier;
    bool checks; /* checker runs, or is to be joined; of who opened the store */
    pthread_t checker;
    struct sqlite3 *checking;          /* its connection, while it reads */
    atomic_bool check_ends;            /* it is not to go on */
    _Atomic(enum store_check) check;   /* without the lock, as is the next */
    char damage[2 * STORE_ERROR_SIZE]; /* written before check says so, once */
};

/* This thread's connection. NULL: it cannot be opened, and store_error() says why. */
struct sqlite_connection *connection_of_thread(struct sqlite_store *store);
struct sqlite3 *store_connection(struct sqlite_store *store);

extern const struct store_verbs store_sqlite_verbs;
void store_sqlite_close(struct store *store);
enum pk_status store_sqlite_state(struct store *store, struct store_state *ret);
/* Verbs of verbs_accounts.c. */
enum pk_status store_sqlite_accounts(struct store *store, struct account_states *ret);
enum pk_status store_sqlite_holdings(struct store *store, const uid_t *uid,
                                     struct account_holdings *ret);
enum pk_status store_sqlite_accounts_update(struct store *store,
                                            const struct account_changes *changes);
enum pk_status store_sqlite_adopt(struct store *store, const struct account *account,
                                  size_t *ret_count);
/* Of verbs_recovery.c. */
enum pk_status store_sqlite_recovery_replace(struct store *store, const struct account *account,
                                             const struct recovery_code *codes, size_t count);
enum pk_status store_sqlite_recovery_list(struct store *store, const struct account *account,
                                          struct recovery_code *ret_codes, size_t *ret_count);
enum pk_status store_sqlite_recovery_use(struct store *store, const struct account *account,
                                         const uint8_t hash[PK_HASH_SIZE]);
/* Of verbs_tickets.c. */
enum pk_status store_sqlite_ticket_add(struct store *store, struct pk_view ticket_hash,
                                       const char *rp, const char *name, uid_t uid,
                                       int64_t expires);
enum pk_status store_sqlite_ticket_check(struct store *store, struct pk_view ticket_hash,
                                         const char *rp, const char *name, uid_t uid, int64_t now);
enum pk_status store_sqlite_ticket_find(struct store *store, struct pk_view ticket_hash,
                                        int64_t now, struct account *ret, int64_t *ret_expires);
enum pk_status store_sqlite_tickets_remove(struct store *store, const struct account *account);
/* Uses it up; inside a transaction. PK_TICKET_INVALID. */
enum pk_status store_sqlite_ticket_use(struct sqlite_store *store, struct pk_view hash,
                                       const struct account *account, int64_t now) PK_WARN_UNUSED;
/* Of verbs_users.c. */
enum pk_status store_sqlite_user_put(struct store *store, const struct account *user,
                                     struct account *ret);
enum pk_status store_sqlite_user_find(struct store *store, const struct user_filter *filter,
                                      struct account *ret, size_t *ret_passkeys);
enum pk_status store_sqlite_transaction_add(struct store *store,
                                            const struct transaction *transaction);
enum pk_status store_sqlite_transaction_list(struct store *store, const char *rp, const char *user,
                                             struct transaction_list *ret);
/* Of verbs_decisions.c. */
enum pk_status store_sqlite_decisions_add(struct store *store, struct kept_decision_list *list,
                                          size_t max_refusals);
enum pk_status store_sqlite_decisions_list(struct store *store, const struct account *account,
                                           struct kept_decision_list *ret);
enum pk_status store_sqlite_decisions_last(struct store *store, int64_t *ret_id);
/* Those about rows of that name and uid that have no passkey; inside a transaction. */
enum pk_status store_sqlite_decisions_forget(struct sqlite_store *store,
                                             const struct account *account) PK_WARN_UNUSED;
/* Of verbs_keys.c. */
enum pk_status store_sqlite_api_key_add(struct store *store, const struct api_key *key);
enum pk_status store_sqlite_api_key_list(struct store *store, const char *rp,
                                         struct api_key_list *ret);
enum pk_status store_sqlite_api_key_revoke(struct store *store, const char *rp, const char *id);
enum pk_status store_sqlite_signing_key_add(struct store *store, const struct signing_key *key,
                                            enum signing_key_add how, int64_t old_expire);
enum pk_status store_sqlite_signing_key_list(struct store *store, const char *rp, int64_t now,
                                             struct signing_key_list *ret);

/*
 * One statement with its values. The first failure is kept in code, so that a caller can bind
 * everything and then run or step. Bound texts and views must outlive the query.
 */
struct query {
    struct sqlite_store *store;
    struct sqlite3 *db;
    struct sqlite3_stmt *statement;
    struct kept_statement *kept; /* NULL: the statement is this query's own */
    int code;
    int bound;
};

struct query query_new(struct sqlite_store *store, const char *sql);
void query_clear(struct query *query);
#define AUTO_QUERY __attribute__((cleanup(query_clear)))

/* Each binds the next '?', in order. */
void bind_integer(struct query *query, int64_t value);
void bind_text(struct query *query, const char *text); /* NULL is bound as NULL */
void bind_blob(struct query *query, struct pk_view blob);
/* The next three, for the columns rp, name and uid. */
void bind_account(struct query *query, const char *rp, const char *name, uid_t uid);

/*
 * PK_OK with a row to read, PK_NOT_FOUND after the last. A failure, here and below, is PK_STORAGE
 * with the text in store_error(), or PK_NO_MEMORY.
 */
enum pk_status query_step(struct query *query) PK_WARN_UNUSED;
/* For a statement without rows. PK_EXISTS when it would break a UNIQUE constraint. */
enum pk_status query_run(struct query *query) PK_WARN_UNUSED;
/* As query_run(), but PK_NOT_FOUND when no row was changed. */
enum pk_status query_change(struct query *query) PK_WARN_UNUSED;

/*
 * Columns of the current row, counted from 0. Results are the caller's. A NULL column is a NULL
 * text.
 */
int64_t column_integer(struct query *query, int column);
enum pk_status column_blob(struct query *query, int column, struct pk_bytes *ret) PK_WARN_UNUSED;
enum pk_status column_text(struct query *query, int column, char **ret) PK_WARN_UNUSED;
/* Exactly len bytes; PK_STORAGE for any other length, which this program never writes. */
enum pk_status column_fixed(struct query *query, int column, size_t len,
                            uint8_t *ret) PK_WARN_UNUSED;

/* PK_NOT_FOUND: it has no row, or only that of an orphan. */
enum pk_status store_sqlite_account_id(struct sqlite_store *store, const struct account *account,
                                       int64_t *ret_id) PK_WARN_UNUSED;
/* Writes an account's row; inside a transaction. PK_EXISTS. */
enum pk_status store_sqlite_account_insert(struct sqlite_store *store,
                                           const struct account *account) PK_WARN_UNUSED;
/* Writes a credential's row, for the account of that id; inside a transaction. PK_EXISTS. */
enum pk_status store_sqlite_credential_insert(struct sqlite_store *store, int64_t account,
                                              const struct credential *credential) PK_WARN_UNUSED;
/* Reads user_name, display_name, icon and created, from that column on. */
enum pk_status store_sqlite_read_user(struct query *query, int column,
                                      struct account *ret) PK_WARN_UNUSED;

/* The id of the row that this thread's last INSERT made. */
int64_t last_inserted(struct sqlite_store *store);

/* Starts a write transaction, waiting for other writers. Must be followed by transaction_end(). */
enum pk_status transaction_begin(struct sqlite_store *store) PK_WARN_UNUSED;
/*
 * Commits when status is PK_OK, otherwise rolls back. Returns the outcome: PK_OK once the changes
 * are on disk.
 */
enum pk_status transaction_end(struct sqlite_store *store, enum pk_status status) PK_WARN_UNUSED;

/*
 * The same on a connection that is no thread's yet, for sqlite.c, which opens it. query_on() is for
 * what is asked once: its statement is not kept.
 */
enum pk_status database_execute(struct sqlite3 *db, const char *sql) PK_WARN_UNUSED;
/* Keeps SQLite's message and returns the status for its error code. */
enum pk_status database_failed(struct sqlite3 *db, const char *doing);
struct query query_on(struct sqlite_store *store, struct sqlite3 *db, const char *sql);
enum pk_status transaction_begin_on(struct sqlite_store *store, struct sqlite3 *db) PK_WARN_UNUSED;
enum pk_status transaction_end_on(struct sqlite_store *store, struct sqlite3 *db,
                                  enum pk_status status) PK_WARN_UNUSED;

#endif
