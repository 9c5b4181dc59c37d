/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgresql/postgresql.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "store/postgresql/verbs.h"

#include <string.h>

void postgresql_setup_clear(struct postgresql_setup *setup)
{
    pk_strings_clear(&setup->hosts);
    free(setup->database);
    free(setup->user);
    pk_secret_clear(&setup->password);
    free(setup->root_certificates);
    free(setup->client_certificate);
    free(setup->client_key);
    *setup = (struct postgresql_setup){0};
}

enum pk_status store_postgresql_open(const struct postgresql_setup *setup, struct store **ret_store,
                                     char **ret_why)
{
    struct postgresql_store *store;

    if (setup->hosts.count == 0 || setup->hosts.count > POSTGRESQL_HOSTS_MAX) {
        *ret_why =
            pk_text_format("the number of hosts is not between 1 and %d", POSTGRESQL_HOSTS_MAX);
        return *ret_why ? PK_INVALID_ARGUMENT : PK_NO_MEMORY;
    }
    store = calloc(1, sizeof(*store));
    if (!store)
        return PK_NO_MEMORY;
    store->base.verbs = &store_postgresql_verbs;
    store->setup = setup;
    (void)pthread_mutex_init(&store->lock, NULL);
    *ret_store = &store->base;
    return PK_OK;
}

void store_postgresql_close(struct store *base)
{
    struct postgresql_store *store = (struct postgresql_store *)base;
    struct pg_connection *connection;

    while ((connection = LIST_FIRST(&store->connections))) {
        LIST_REMOVE(connection, entry);
        pg_drop(connection);
        free(connection);
    }
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}

/*
 * Standbys and how far they are behind; a role that may not see that (pg_monitor) sees NULL. One
 * that has nothing to catch up with has no lag.
 */
static enum pk_status read_lag(struct pg_connection *connection, int64_t *ret_lag)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT count(*) FILTER (WHERE state = 'streaming'), "
                              "CAST(max(extract(epoch FROM replay_lag)) * 1000 AS bigint) "
                              "FROM pg_stat_replication");
    enum pk_status status = query_step(&query);

    *ret_lag = -1;
    if (status == PK_OK && column_integer(&query, 0) > 0)
        *ret_lag = column_integer(&query, 1);
    /* Engines that only speak the protocol have no such view. */
    return status == PK_STORAGE && connection->link ? PK_OK : status;
}

static enum pk_status read_state(struct pg_connection *connection, struct store_state *ret)
{
    const char *host = PQhost(connection->link);
    bool brackets = strchr(host, ':');
    PK_AUTO_FREE char *server = pk_text_format("%s%s%s:%s", brackets ? "[" : "", host,
                                               brackets ? "]" : "", PQport(connection->link));
    int64_t lag = -1;
    enum pk_status status = server ? read_lag(connection, &lag) : PK_NO_MEMORY;

    if (status != PK_OK)
        return status;
    free(ret->server);
    ret->server = pk_steal(server);
    ret->lag = lag;
    return PK_OK;
}

enum pk_status store_postgresql_state(struct store *base, struct store_state *ret)
{
    struct verb verb = verb_new(base, VERB_READS);
    AUTO_STORE_STATE struct store_state state = {.lag = -1, .age = -1, .refuses = -1};
    enum pk_status status = pk_text_copy("postgresql", &state.kind);

    if (status == PK_OK)
        status = pk_text_copy("", &state.server);
    if (status != PK_OK)
        return status;
    while (verb_next(&verb))
        verb.status = read_state(verb.connection, &state);
    if (verb.status == PK_NO_MEMORY)
        return PK_NO_MEMORY;
    *ret = state;
    state = (struct store_state){0}; /* moved */
    return PK_OK;
}
