/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgresql/connection.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/postgresql/query.h"
#include "store/postgresql/schema.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#define CONNECT_ALONE_MS 5000 /* to one host, where the caller has no deadline */
#define PARAMETERS_MAX   24
#define READ_ONLY        "25006"
/* Who vouches for servers, where the configuration does not say; Debian's. */
#define SYSTEM_CERTIFICATES "/etc/ssl/certs/ca-certificates.crt"

/* --- errors ----------------------------------------------------------------------------------- */

/* The first line of what libpq or the server says, without its newline. */
static void set_error(const char *what, const char *message)
{
    store_set_error("%s%s%.*s", what, *what ? ": " : "", (int)strcspn(message, "\n"), message);
}

void pg_drop(struct pg_connection *connection)
{
    if (connection->link)
        PQfinish(connection->link);
    connection->link = NULL;
    for (size_t i = 0; i < connection->prepared_count; i++)
        free(connection->prepared[i].sql);
    connection->prepared_count = 0;
    connection->pending_count = 0;
    connection->transaction = connection->commits = connection->lax = connection->wrote = false;
    connection->doubtful = false;
    connection->proved = 0;
}

/* Nothing is known of what was on its way, unless nothing of it can have had an effect. */
static enum pk_status lost(struct pg_connection *connection, const char *why)
{
    bool unsure = connection->changes && (!connection->transaction || connection->commits);

    set_error(unsure ? "the connection was lost, and what was asked may have been done" : "", why);
    pg_drop(connection);
    return unsure ? PK_STORAGE : PG_LOST;
}

/*
 * The next connection begins behind this host, unless a thread has found another one already: one
 * that was deposed, or frozen, may take connections and answer nothing that counts.
 */
static void turn_from(struct pg_connection *connection)
{
    struct postgresql_store *store = connection->store;
    size_t host = connection->host;

    (void)atomic_compare_exchange_strong(&store->preferred, &host,
                                         (host + 1) % store->setup->hosts.count);
}

static enum pk_status late(struct pg_connection *connection)
{
    turn_from(connection);
    store_set_error("the database server %s did not answer in time", PQhost(connection->link));
    pg_drop(connection);
    return PK_STORAGE;
}

static bool is_any(const char *state, const char *const *states)
{
    for (; *states; states++)
        if (strcmp(state, *states) == 0)
            return true;
    return false;
}

enum pk_status pg_failure(struct pg_connection *connection, const PGresult *result)
{
    static const char *const again[] = {"40001", "40P01", NULL};
    static const char *const gone[] = {"57P01", "57P02", "57P03", NULL};
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (!state)
        return lost(connection, PQresultErrorMessage(result));
    if (strcmp(state, "23505") == 0) {
        snprintf(connection->constraint, sizeof(connection->constraint), "%s",
                 constraint ? constraint : "");
        store_explain("%s", message ? message : state);
        return PK_EXISTS;
    }
    if (strcmp(state, READ_ONLY) == 0) {
        store_set_error("the database server %s takes no changes", PQhost(connection->link));
        pg_drop(connection);
        return PG_LOST;
    }
    if (is_any(state, gone))
        return lost(connection, message ? message : state);
    store_set_error("%s (SQLSTATE %s)", message ? message : "the database server refuses", state);
    return is_any(state, again) ? PG_AGAIN : PK_STORAGE;
}

/*
 * Of warnings two kinds count: that somebody has ended the wait for a standby, upon which the
 * server says of the commit that it was one. Their text depends on the server's language.
 */
static void on_notice(void *data, const PGresult *result)
{
    struct pg_connection *connection = data;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (severity && state && strcmp(severity, "WARNING") == 0 &&
        (strcmp(state, "01000") == 0 || strcmp(state, "57P01") == 0))
        connection->doubtful = true;
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* PK_TIMEOUT. */
static enum pk_status wait_until(int fd, short events, int64_t deadline)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};

    for (;;) {
        int64_t left = deadline == INT64_MAX ? -1 : deadline - pk_clock_monotonic_ms();
        int ready;

        if (deadline != INT64_MAX && left <= 0)
            return PK_TIMEOUT;
        ready = poll(&poll_fd, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (ready > 0)
            return PK_OK;
    }
}

static enum pk_status flush(struct pg_connection *connection)
{
    int left;

    while ((left = PQflush(connection->link)) == 1) {
        if (wait_until(PQsocket(connection->link), POLLIN | POLLOUT, store_deadline()) != PK_OK)
            return late(connection);
        if (!PQconsumeInput(connection->link))
            return lost(connection, PQerrorMessage(connection->link));
    }
    return left == 0 ? PK_OK : lost(connection, PQerrorMessage(connection->link));
}

/* *ret: NULL behind the last result of a statement. */
static enum pk_status next_result(struct pg_connection *connection, PGresult **ret)
{
    while (PQisBusy(connection->link)) {
        if (wait_until(PQsocket(connection->link), POLLIN, store_deadline()) != PK_OK)
            return late(connection);
        if (!PQconsumeInput(connection->link))
            return lost(connection, PQerrorMessage(connection->link));
    }
    *ret = PQgetResult(connection->link);
    return PK_OK;
}

/* --- connecting ------------------------------------------------------------------------------- */

/* What somebody on the network could not pretend to be; a neighbour on this host could. */
static bool is_local(const char *host)
{
    struct in_addr address;

    return host[0] == '/' || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

struct parameters {
    const char *names[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    size_t count;
};

static void add(struct parameters *parameters, const char *name, const char *value)
{
    if (!value || parameters->count == PARAMETERS_MAX - 1)
        return;
    parameters->names[parameters->count] = name;
    parameters->values[parameters->count++] = value;
}

bool pg_is_anybody(const struct postgresql_setup *setup, const char *host)
{
    return is_local(host) && host[0] != '/' && !setup->root_certificates;
}

static PGconn *start(const struct postgresql_setup *setup, const char *host)
{
    struct parameters parameters = {0};
    char port[16];
    bool loose = is_local(host) && !setup->root_certificates;

    snprintf(port, sizeof(port), "%u", setup->port);
    add(&parameters, "host", host);
    add(&parameters, "port", port);
    add(&parameters, "dbname", setup->database);
    add(&parameters, "user", setup->user);
    add(&parameters, "password", setup->password.len > 0 ? (char *)setup->password.data : NULL);
    add(&parameters, "sslmode", loose ? "prefer" : "verify-full");
    add(&parameters, "sslrootcert",
        setup->root_certificates || loose ? setup->root_certificates : SYSTEM_CERTIFICATES);
    add(&parameters, "sslcert", setup->client_certificate);
    add(&parameters, "sslkey", setup->client_key);
    add(&parameters, "ssl_min_protocol_version", "TLSv1.2");
    add(&parameters, "gssencmode", "disable");
    add(&parameters, "target_session_attrs", "read-write");
    add(&parameters, "application_name", "passkey-store");
    add(&parameters, "client_encoding", "UTF8");
    add(&parameters, "tcp_user_timeout", "5000");
    add(&parameters, "keepalives_idle", "10");
    return PQconnectStartParams(parameters.names, parameters.values, 0);
}

/* libpq's own connect_timeout is not for connections that are waited for by their user. */
static enum pk_status connect_host(struct pg_connection *connection, const char *host,
                                   int64_t deadline)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    connection->link = start(connection->store->setup, host);
    if (!connection->link)
        return PK_NO_MEMORY;
    while (PQstatus(connection->link) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED)
            break;
        if (wait_until(PQsocket(connection->link),
                       state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline) != PK_OK) {
            store_set_error("the database server %s did not answer in time", host);
            pg_drop(connection);
            return PK_STORAGE;
        }
        state = PQconnectPoll(connection->link);
    }
    if (PQstatus(connection->link) == CONNECTION_OK) {
        (void)PQsetNoticeReceiver(connection->link, on_notice, connection);
        return PQsetnonblocking(connection->link, 1) == 0 ? PK_OK : PK_NO_MEMORY;
    }
    set_error("", PQerrorMessage(connection->link));
    pg_drop(connection);
    return PK_STORAGE;
}

/* One that does not answer leaves time for those behind it. */
static int64_t share(size_t hosts)
{
    int64_t now = pk_clock_monotonic_ms();
    int64_t deadline = store_deadline();

    if (deadline == INT64_MAX)
        return now + CONNECT_ALONE_MS;
    return now + (deadline - now) / (int64_t)(hosts > 1 ? hosts : 1);
}

/* Begins at the host that answered last; once one has failed, all threads begin behind it. */
static enum pk_status connect_any(struct pg_connection *connection,
                                  enum pk_status (*ready)(struct pg_connection *connection))
{
    struct postgresql_store *store = connection->store;
    const struct pk_strings *hosts = &store->setup->hosts;
    size_t first = atomic_load(&store->preferred);
    enum pk_status status = PK_STORAGE;

    for (size_t i = 0; i < hosts->count; i++) {
        size_t at = (first + i) % hosts->count;

        connection->host = at;
        status = connect_host(connection, hosts->items[at], share(hosts->count - i + 1));
        if (status == PK_OK && ready)
            status = ready(connection);
        atomic_store(&store->preferred, status == PK_OK ? at : (at + 1) % hosts->count);
        if (status == PK_OK || status == PK_NO_MEMORY)
            return status;
        pg_drop(connection);
    }
    return status == PG_LOST ? PK_STORAGE : status;
}

enum pk_status pg_connect_plain(struct pg_connection *connection)
{
    return connect_any(connection, NULL);
}

/* Ends what a host that vanished has left behind, and never waits less than the server wants. */
#define SETTINGS                                                                                   \
    "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = "   \
    "'remote_apply' THEN 'remote_apply' ELSE 'on' END, false), "                                   \
    "set_config('search_path', 'passkeyd', false), set_config('statement_timeout', '10000', "      \
    "false), set_config('lock_timeout', '5000', false), "                                          \
    "set_config('idle_in_transaction_session_timeout', '10000', false), "                          \
    "current_setting('server_encoding')"

static enum pk_status settings(struct pg_connection *connection)
{
    AUTO_QUERY struct query query = query_new(connection, SETTINGS);
    enum pk_status status = query_step(&query);

    if (status != PK_OK)
        return status == PK_NOT_FOUND ? PK_STORAGE : status;
    if (pk_view_equal(column_view(&query, 5), pk_view_string("UTF8")))
        return PK_OK;
    store_set_error("the database's encoding is not UTF8");
    return PK_STORAGE;
}

/* An older one has not all that this version asks for, a newer one may ask more of who writes. */
static enum pk_status version(struct pg_connection *connection)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT coalesce(max(version), 0) FROM migration");
    enum pk_status status = query_step(&query);
    int64_t found;

    if (status != PK_OK)
        return status == PK_NOT_FOUND ? PK_STORAGE : status;
    found = column_integer(&query, 0);
    if (found == POSTGRESQL_SCHEMA_VERSION)
        return PK_OK;
    store_set_error("the schema is version %d, and this program needs %d: %s", (int)found,
                    POSTGRESQL_SCHEMA_VERSION,
                    found < POSTGRESQL_SCHEMA_VERSION ? "run passkey-store-postgresql --migrate"
                                                      : "install a newer passkeyd");
    return PK_STORAGE;
}

static enum pk_status prepare_link(struct pg_connection *connection)
{
    enum pk_status status;

    if (!PQenterPipelineMode(connection->link))
        return PK_STORAGE;
    connection->changes = false;
    status = settings(connection);
    return status == PK_OK ? version(connection) : status;
}

/*
 * A server that has ended meanwhile, or been stopped, has said so, and closed: better now than in a
 * verb, of which it would not be known what was done.
 */
static void look(struct pg_connection *connection)
{
    struct pollfd poll_fd = {.fd = PQsocket(connection->link), .events = POLLIN};

    while (connection->link && poll(&poll_fd, 1, 0) > 0)
        if (!PQconsumeInput(connection->link) || PQstatus(connection->link) != CONNECTION_OK)
            pg_drop(connection);
}

enum pk_status pg_connect(struct pg_connection *connection)
{
    bool changes = connection->changes;
    enum pk_status status;

    if (connection->link)
        look(connection);
    if (connection->link)
        return PK_OK;
    status = connect_any(connection, prepare_link);
    connection->changes = changes;
    return status;
}

/* --- statements ------------------------------------------------------------------------------- */

/* FNV-1a. */
static uint32_t hash_of(const char *sql)
{
    uint32_t hash = 2166136261u;

    for (; *sql; sql++)
        hash = (hash ^ (uint8_t)*sql) * 16777619u;
    return hash;
}

/* NULL: there are as many as may be, and this one is not among them; or no memory. */
static struct prepared *prepared_for(struct pg_connection *connection, const char *sql)
{
    uint32_t hash = hash_of(sql);
    struct prepared *prepared;

    for (size_t i = 0; i < connection->prepared_count; i++)
        if (connection->prepared[i].hash == hash && strcmp(connection->prepared[i].sql, sql) == 0)
            return &connection->prepared[i];
    if (connection->prepared_count == PG_STATEMENTS_MAX)
        return NULL;
    prepared = &connection->prepared[connection->prepared_count];
    *prepared = (struct prepared){.sql = strdup(sql), .hash = hash};
    if (!prepared->sql)
        return NULL;
    snprintf(prepared->name, sizeof(prepared->name), "s%zu", connection->prepared_count++);
    return prepared;
}

static void expect(struct pg_connection *connection, struct query *query, struct prepared *prepared)
{
    connection->pending[connection->pending_count++] =
        (struct pending){.query = query, .prepared = prepared};
}

enum pk_status pg_queue(struct pg_connection *connection, const char *sql, struct query *query)
{
    static const struct query none = {0};
    const struct query *values = query ? query : &none;
    struct prepared *prepared;
    int sent;

    if (!connection->link)
        return PG_LOST;
    if (connection->pending_count + 2 > PG_PENDING_MAX) {
        enum pk_status status = pg_run(connection);

        if (status != PK_OK)
            return status;
    }
    prepared = prepared_for(connection, sql);
    if (prepared && prepared->state == NOT_PREPARED) {
        if (!PQsendPrepare(connection->link, prepared->name, sql, 0, NULL))
            return lost(connection, PQerrorMessage(connection->link));
        prepared->state = PREPARING;
        expect(connection, NULL, prepared);
    }
    sent = prepared ? PQsendQueryPrepared(connection->link, prepared->name, values->count,
                                          values->values, values->lengths, values->formats, 1)
                    : PQsendQueryParams(connection->link, sql, values->count, NULL, values->values,
                                        values->lengths, values->formats, 1);
    if (!sent)
        return lost(connection, PQerrorMessage(connection->link));
    expect(connection, query, NULL);
    return PK_OK;
}

static bool has_changed(PGresult *result)
{
    const char *rows = PQcmdTuples(result);

    return strncmp(PQcmdStatus(result), "SELECT", 6) != 0 && *rows != '\0' &&
           strcmp(rows, "0") != 0;
}

/* Takes the result. Of those that were not run because one before failed, nothing is said. */
static enum pk_status take(struct pg_connection *connection, struct pending *pending,
                           PGresult *result)
{
    ExecStatusType state = PQresultStatus(result);
    enum pk_status status = PK_OK;

    if (pending->prepared)
        pending->prepared->state = state == PGRES_COMMAND_OK ? PREPARED : NOT_PREPARED;
    if (state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK) {
        connection->wrote |= has_changed(result);
        if (pending->query) {
            pending->query->result = result;
            return PK_OK;
        }
        /* COMMIT of a transaction in which something failed is answered so. */
        if (connection->commits && strcmp(PQcmdStatus(result), "ROLLBACK") == 0) {
            store_set_error("the server has undone the transaction");
            status = PK_STORAGE;
        }
    } else if (state != PGRES_PIPELINE_ABORTED) {
        status = pg_failure(connection, result);
    } else {
        status = PK_CANCELLED;
    }
    PQclear(result);
    return status;
}

/* The answers of all that is pending, up to the end of the pipeline. */
static enum pk_status gather(struct pg_connection *connection)
{
    enum pk_status first = PK_OK;
    PGresult *result;

    for (size_t i = 0; i < connection->pending_count; i++) {
        enum pk_status status = next_result(connection, &result);

        if (status == PK_OK && !result)
            return lost(connection, "the server's answer makes no sense");
        if (status == PK_OK)
            status = take(connection, &connection->pending[i], result);
        if (!connection->link)
            return status;
        if (first == PK_OK)
            first = status;
        status = next_result(connection, &result);
        if (status != PK_OK)
            return status;
        PQclear(result);
        if (result)
            return lost(connection, "the server's answer makes no sense");
    }
    if (next_result(connection, &result) != PK_OK)
        return connection->commits ? PK_STORAGE : PG_LOST;
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC)
        first = lost(connection, "the server's answer makes no sense");
    PQclear(result);
    return first;
}

/* Of a commit that may be on this server alone, nobody is told that it was done. */
static enum pk_status doubt(struct pg_connection *connection)
{
    store_set_error("the wait for a standby was ended: what was asked may not be kept");
    pg_drop(connection);
    return PK_STORAGE;
}

enum pk_status pg_run(struct pg_connection *connection)
{
    int64_t begun = pk_clock_monotonic_ms();
    bool ends = !connection->transaction || connection->commits;
    enum pk_status status;

    if (!connection->link)
        return PG_LOST;
    if (connection->pending_count == 0)
        return PK_OK;
    connection->doubtful = false;
    if (!PQpipelineSync(connection->link))
        return lost(connection, PQerrorMessage(connection->link));
    status = flush(connection);
    if (status == PK_OK)
        status = gather(connection);
    connection->pending_count = 0;
    if (connection->transaction && connection->failure == PK_OK)
        connection->failure = status;
    if (!connection->link || !ends)
        return status;
    if (connection->doubtful && connection->changes)
        return doubt(connection);
    if (status == PK_OK && connection->wrote && !connection->lax)
        connection->proved = begun;
    connection->wrote = false;
    return status;
}

enum pk_status pg_execute(struct pg_connection *connection, const char *sql, PGresult **ret_result)
{
    enum pk_status status, first = PK_OK;
    PGresult *result = NULL, *last = NULL;

    if (!PQsendQuery(connection->link, sql))
        return lost(connection, PQerrorMessage(connection->link));
    status = flush(connection);
    while (status == PK_OK && (status = next_result(connection, &result)) == PK_OK && result) {
        ExecStatusType state = PQresultStatus(result);

        PQclear(last);
        last = result;
        if (first == PK_OK && state != PGRES_COMMAND_OK && state != PGRES_TUPLES_OK)
            first = pg_failure(connection, result);
        if (!connection->link)
            break;
    }
    if (status == PK_OK)
        status = first;
    if (status == PK_OK && ret_result)
        *ret_result = last;
    else
        PQclear(last);
    return status;
}
