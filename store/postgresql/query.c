/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgresql/query.h"

#include "common/base/clock.h"
#include "common/base/reader.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define PROOF_AGE_MS 5000
#define PROOF_SLOTS  64
#define TRIES_MAX    20
#define PAUSE_MAX_MS 64

/* --- verbs ------------------------------------------------------------------------------------ */

static struct pg_connection *connection_of_thread(struct postgresql_store *store)
{
    struct pg_connection *connection;

    (void)pthread_mutex_lock(&store->lock);
    LIST_FOREACH(connection, &store->connections, entry)
    if (pthread_equal(connection->thread, pthread_self()))
        break;
    if (!connection && (connection = calloc(1, sizeof(*connection)))) {
        connection->store = store;
        connection->thread = pthread_self();
        LIST_INSERT_HEAD(&store->connections, connection, entry);
    }
    (void)pthread_mutex_unlock(&store->lock);
    return connection;
}

struct verb verb_new(struct store *base, enum verb_kind kind)
{
    struct postgresql_store *store = (struct postgresql_store *)base;

    return (struct verb){.store = store,
                         .kind = kind,
                         .connection = connection_of_thread(store),
                         .status = PK_INTERNAL};
}

/*
 * A server that was the primary until a moment ago, and does not know it, still answers what is
 * read: a passkey or an API key that was removed since. It cannot commit where commits wait for a
 * standby. So nothing is believed of a server that has not committed something of ours, from start
 * to end, within the last seconds.
 */
static enum pk_status prove(struct pg_connection *connection)
{
    AUTO_QUERY struct query query = query_new(
        connection, "INSERT INTO proof (slot, made) VALUES ($1, $2) ON CONFLICT (slot) DO UPDATE "
                    "SET made = excluded.made");
    enum pk_status status;
    uint8_t slot;

    pk_random(&slot, sizeof(slot));
    bind_integer(&query, slot % PROOF_SLOTS);
    bind_integer(&query, pk_clock_now());
    connection->changes = true;
    status = query_run(&query);
    connection->changes = false;
    /* Whether that was done is nobody's concern. */
    return status == PK_STORAGE && !connection->link ? PG_LOST : status;
}

static enum pk_status ready(struct verb *verb)
{
    struct pg_connection *connection = verb->connection;
    enum pk_status status;

    if (!connection)
        return PK_NO_MEMORY;
    connection->changes = verb->kind == VERB_CHANGES;
    status = pg_connect(connection);
    if (status == PK_OK && verb->kind == VERB_READS &&
        (connection->proved == 0 || pk_clock_monotonic_ms() - connection->proved > PROOF_AGE_MS))
        status = prove(connection);
    return status;
}

static bool may_again(enum pk_status status)
{
    return status == PG_AGAIN || status == PG_LOST;
}

/* Others who were undone, too, are not to meet again at once. */
static bool pause_before(unsigned tries)
{
    int64_t left = store_deadline() - pk_clock_monotonic_ms();
    unsigned longest = 1u << (tries < 6 ? tries : 6);
    uint8_t byte;

    pk_random(&byte, sizeof(byte));
    if (tries >= TRIES_MAX || left <= PAUSE_MAX_MS)
        return false;
    (void)poll(NULL, 0, (int)(byte % longest));
    return true;
}

bool verb_next(struct verb *verb)
{
    if (verb->tries > 0 && !may_again(verb->status))
        return false;
    do {
        if (verb->tries > 0 && !pause_before(verb->tries)) {
            verb->status = PK_STORAGE;
            return false;
        }
        verb->tries++;
        verb->status = ready(verb);
    } while (may_again(verb->status));
    return verb->status == PK_OK;
}

/* --- binding ---------------------------------------------------------------------------------- */

struct query query_new(struct pg_connection *connection, const char *sql)
{
    return (struct query){.connection = connection, .sql = sql, .row = -1};
}

/* A query that fails before it is answered is not given the answer afterwards. */
void query_clear(struct query *query)
{
    struct pg_connection *connection = query->connection;

    for (size_t i = 0; i < connection->pending_count; i++)
        if (connection->pending[i].query == query)
            connection->pending[i].query = NULL;
    PQclear(query->result);
    query->result = NULL;
}

static int next_parameter(struct query *query)
{
    if (query->count == PG_PARAMETERS_MAX && query->status == PK_OK)
        query->status = PK_INTERNAL;
    return query->status == PK_OK ? query->count++ : -1;
}

void bind_text(struct query *query, const char *text)
{
    int at = next_parameter(query);

    if (at >= 0)
        query->values[at] = text;
}

void bind_null(struct query *query)
{
    bind_text(query, NULL);
}

void bind_integer(struct query *query, int64_t value)
{
    int at = next_parameter(query);

    if (at < 0)
        return;
    snprintf(query->numbers[at], sizeof(query->numbers[at]), "%lld", (long long)value);
    /* Set when it is sent: the query may be moved until then. */
    query->formats[at] = -1;
}

void bind_blob(struct query *query, struct pk_view blob)
{
    int at = next_parameter(query);

    if (at < 0)
        return;
    /* A NULL pointer would be bound as NULL, not as an empty blob. */
    query->values[at] = blob.len > 0 ? (const char *)blob.ptr : "";
    query->lengths[at] = (int)blob.len;
    query->formats[at] = 1;
}

void bind_account(struct query *query, const char *rp, const char *name, uid_t uid)
{
    bind_text(query, rp);
    bind_text(query, name);
    bind_integer(query, uid);
}

/* --- running ---------------------------------------------------------------------------------- */

static enum pk_status queue(struct query *query)
{
    if (query->sent || query->status != PK_OK)
        return query->status;
    for (int i = 0; i < query->count; i++)
        if (query->formats[i] < 0) {
            query->formats[i] = 0;
            query->values[i] = query->numbers[i];
        }
    query->status = pg_queue(query->connection, query->sql, query);
    query->sent = query->status == PK_OK;
    return query->status;
}

void query_queue(struct query *query)
{
    (void)queue(query);
}

static enum pk_status answered(struct query *query)
{
    enum pk_status status = queue(query);

    if (status == PK_OK && !query->result)
        status = pg_run(query->connection);
    if (status == PK_OK && !query->result)
        status = PK_INTERNAL;
    return query->status = status;
}

enum pk_status query_step(struct query *query)
{
    enum pk_status status = answered(query);

    if (status != PK_OK)
        return status;
    return ++query->row < PQntuples(query->result) ? PK_OK : PK_NOT_FOUND;
}

enum pk_status query_run(struct query *query)
{
    return answered(query);
}

enum pk_status query_change(struct query *query)
{
    enum pk_status status = answered(query);

    if (status == PK_OK && strcmp(PQcmdTuples(query->result), "0") == 0)
        return PK_NOT_FOUND;
    return status;
}

size_t query_rows(const struct query *query)
{
    return query->result ? (size_t)PQntuples(query->result) : 0;
}

/* --- columns ---------------------------------------------------------------------------------- */

struct pk_view column_view(struct query *query, int column)
{
    return (struct pk_view){(const uint8_t *)PQgetvalue(query->result, query->row, column),
                            (size_t)PQgetlength(query->result, query->row, column)};
}

bool column_is_null(struct query *query, int column)
{
    return PQgetisnull(query->result, query->row, column);
}

/* Booleans and integers of every size, as the server sends them. */
int64_t column_integer(struct query *query, int column)
{
    struct pk_view value = column_view(query, column);
    struct pk_reader reader = pk_reader_new(value);

    switch (column_is_null(query, column) ? 0 : value.len) {
    case 1:
        return pk_reader_u8(&reader);
    case 2:
        return (int16_t)pk_reader_u16(&reader);
    case 4:
        return (int32_t)pk_reader_u32(&reader);
    case 8:
        return (int64_t)pk_reader_u64(&reader);
    default:
        return 0;
    }
}

enum pk_status column_blob(struct query *query, int column, struct pk_bytes *ret)
{
    return pk_bytes_copy(column_view(query, column), ret);
}

enum pk_status column_text(struct query *query, int column, char **ret)
{
    struct pk_view value = column_view(query, column);

    *ret = NULL;
    if (column_is_null(query, column))
        return PK_OK;
    if (memchr(value.ptr, 0, value.len)) {
        store_set_error("column %s holds text with a NUL", PQfname(query->result, column));
        return PK_STORAGE;
    }
    *ret = strndup((const char *)value.ptr, value.len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status column_fixed(struct query *query, int column, size_t len, uint8_t *ret)
{
    struct pk_view value = column_view(query, column);

    if (value.len != len) {
        store_set_error("column %s holds a value of the wrong size",
                        PQfname(query->result, column));
        return PK_STORAGE;
    }
    memcpy(ret, value.ptr, len);
    return PK_OK;
}

/* --- transactions ----------------------------------------------------------------------------- */

enum pk_status transaction_begin(struct pg_connection *connection)
{
    enum pk_status status = pg_queue(connection, "BEGIN", NULL);

    connection->transaction = status == PK_OK;
    connection->failure = PK_OK;
    return status;
}

enum pk_status transaction_begin_lax(struct pg_connection *connection)
{
    enum pk_status status = transaction_begin(connection);

    if (status == PK_OK)
        status = pg_queue(connection, "SET LOCAL synchronous_commit = off", NULL);
    connection->lax = status == PK_OK;
    return status;
}

/* A connection on which that fails is not used again. */
static void roll_back(struct pg_connection *connection)
{
    connection->commits = false;
    if (!connection->link)
        return;
    if (pg_queue(connection, "ROLLBACK", NULL) != PK_OK || pg_run(connection) != PK_OK)
        pg_drop(connection);
}

enum pk_status transaction_end(struct pg_connection *connection, enum pk_status status)
{
    char words[STORE_ERROR_SIZE];

    if (status == PK_OK)
        status = connection->failure;
    if (status == PK_OK)
        status = pg_queue(connection, "COMMIT", NULL);
    if (status == PK_OK) {
        connection->commits = true;
        status = pg_run(connection);
    }
    if (status != PK_OK) {
        snprintf(words, sizeof(words), "%s", store_error());
        roll_back(connection);
        store_set_error("%s", words);
    }
    connection->transaction = connection->commits = connection->lax = connection->wrote = false;
    return status == PK_CANCELLED ? PK_STORAGE : status;
}
