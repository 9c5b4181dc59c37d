/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread's connection to the server that takes changes now. Everything that is sent, and every
 * wait, is here: no wait outlasts store_deadline(), and a connection that did not answer by then is
 * closed, never asked to cancel, since the server answers a cancelled wait for a standby with
 * success. Statements are prepared once, and sent together where a verb has several (pipeline
 * mode). Only connection.c, query.c and schema.c call libpq.
 */
#ifndef STORE_POSTGRESQL_CONNECTION_H
#define STORE_POSTGRESQL_CONNECTION_H

#include "store/postgresql/postgresql.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#define PG_STATEMENTS_MAX 96 /* prepared ones of one connection; more than there are */
#define PG_PENDING_MAX    16 /* statements that are sent together */
#define PG_CONSTRAINT_MAX 64 /* NAMEDATALEN */

enum prepared_state {
    NOT_PREPARED,
    PREPARING, /* sent, and not answered yet */
    PREPARED,
};

struct prepared {
    char *sql;
    uint32_t hash; /* of sql */
    char name[16];
    enum prepared_state state;
};

struct query;

/* What was sent and is not answered. */
struct pending {
    struct query *query;       /* gets the result; NULL: nobody does */
    struct prepared *prepared; /* the statement that this prepares; NULL: it runs one */
};

struct pg_connection {
    LIST_ENTRY(pg_connection) entry;
    struct postgresql_store *store;
    pthread_t thread;
    PGconn *link; /* NULL: there is none */
    size_t host;  /* that it is to, of the setup's */
    struct prepared prepared[PG_STATEMENTS_MAX];
    size_t prepared_count;
    struct pending pending[PG_PENDING_MAX];
    size_t pending_count;
    bool changes;           /* the verb may change something */
    bool transaction;       /* one was begun */
    bool commits;           /* COMMIT is among those that are pending */
    bool lax;               /* the transaction is not waited for on the disk or on a standby */
    bool wrote;             /* rows were changed since BEGIN, or by the statements of this batch */
    enum pk_status failure; /* the first one of the transaction */
    bool doubtful;          /* the server has warned that a commit may be on no standby */
    int64_t proved;         /* when a change was begun that this server has committed since, in
                               milliseconds; 0: none */
    char constraint[PG_CONSTRAINT_MAX]; /* that the last PK_EXISTS was about */
};

struct postgresql_store {
    struct store base;
    const struct postgresql_setup *setup;
    atomic_size_t preferred; /* the host that answered last */
    pthread_mutex_t lock;    /* of the list */
    LIST_HEAD(, pg_connection) connections;
};

/*
 * Internal to this store, and no outcome of a verb: PG_AGAIN when the server has undone the verb's
 * work because of others' (40001, 40P01), PG_LOST when the connection was lost before anything of
 * it can have been done. Both may be tried again.
 */
#define PG_AGAIN PK_BUSY
#define PG_LOST  PK_UNAVAILABLE

/* Connects, if it is not connected, to whichever host takes changes. PK_STORAGE. */
enum pk_status pg_connect(struct pg_connection *connection) PK_WARN_UNUSED;
/* As it is sent to one host, without looking at the schema; for schema.c. */
enum pk_status pg_connect_plain(struct pg_connection *connection) PK_WARN_UNUSED;
/* Whether who answers there could be anybody of this host. */
bool pg_is_anybody(const struct postgresql_setup *setup, const char *host) PK_WARN_UNUSED;
/* Closes it, and forgets what was pending. */
void pg_drop(struct pg_connection *connection);
/* Sends all that is pending and waits for the answers. The first failure among them. */
enum pk_status pg_run(struct pg_connection *connection) PK_WARN_UNUSED;
/* One or more statements, outside of pipeline mode; for schema.c. *ret_result may be NULL. */
enum pk_status pg_execute(struct pg_connection *connection, const char *sql,
                          PGresult **ret_result) PK_WARN_UNUSED;
/* Queues a statement: see PQsendQueryPrepared(). */
enum pk_status pg_queue(struct pg_connection *connection, const char *sql,
                        struct query *query) PK_WARN_UNUSED;
/* The status of a failed result, whose words are in store_error() then. */
enum pk_status pg_failure(struct pg_connection *connection, const PGresult *result);

#endif
