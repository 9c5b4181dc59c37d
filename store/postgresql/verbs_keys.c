/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the PostgreSQL store about API keys and the keys that tokens are signed with. */
#include "store/postgresql/verbs.h"

#include "common/base/cleanup.h"

#include <string.h>

/* --- API keys --------------------------------------------------------------------------------- */

/* Two hosts that add at the same moment may exceed the limit by one. */
static enum pk_status api_key_add_on(struct pg_connection *connection, const struct api_key *key)
{
    AUTO_QUERY struct query query = query_new(
        connection, "INSERT INTO api_key (rp, id, name, hash, created) SELECT $1, $2, $3, $4, $5 "
                    "WHERE (SELECT count(*) FROM api_key WHERE rp = $1) < $6");
    enum pk_status status;

    bind_text(&query, key->rp);
    bind_text(&query, key->id);
    bind_text(&query, key->name);
    bind_blob(&query, (struct pk_view){key->hash, PK_HASH_SIZE});
    bind_integer(&query, key->created);
    bind_integer(&query, PK_API_KEYS_MAX);
    status = query_change(&query);
    return status == PK_NOT_FOUND ? PK_LIMIT_EXCEEDED : status;
}

enum pk_status store_postgresql_api_key_add(struct store *base, const struct api_key *key)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = api_key_add_on(verb.connection, key);
    return verb.status;
}

static enum pk_status read_api_key(struct query *query, struct api_key *ret)
{
    enum pk_status status;

    *ret = (struct api_key){.created = column_integer(query, 4)};
    status = column_text(query, 0, &ret->rp);
    if (status == PK_OK)
        status = column_text(query, 1, &ret->id);
    if (status == PK_OK)
        status = column_text(query, 2, &ret->name);
    return status == PK_OK ? column_fixed(query, 3, PK_HASH_SIZE, ret->hash) : status;
}

static enum pk_status api_key_list_on(struct pg_connection *connection, const char *rp,
                                      struct api_key_list *ret)
{
    AUTO_API_KEY_LIST struct api_key_list list = {0};
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT rp, id, name, hash, created FROM api_key WHERE rp = $1 "
                              "ORDER BY created, number");
    enum pk_status status;

    bind_text(&query, rp);
    status = query_step(&query);
    list.items = calloc(query_rows(&query) + 1, sizeof(*list.items));
    if (!list.items)
        return PK_NO_MEMORY;
    for (; status == PK_OK; status = query_step(&query)) {
        /* Counted before it is read, so that an incomplete row is freed with the list. */
        status = read_api_key(&query, &list.items[list.count++]);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct api_key_list){0};
    return PK_OK;
}

enum pk_status store_postgresql_api_key_list(struct store *base, const char *rp,
                                             struct api_key_list *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = api_key_list_on(verb.connection, rp, ret);
    return verb.status;
}

static enum pk_status api_key_revoke_on(struct pg_connection *connection, const char *rp,
                                        const char *id)
{
    AUTO_QUERY struct query query =
        query_new(connection, "DELETE FROM api_key WHERE rp = $1 AND id = $2");

    bind_text(&query, rp);
    bind_text(&query, id);
    return query_change(&query);
}

enum pk_status store_postgresql_api_key_revoke(struct store *base, const char *rp, const char *id)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = api_key_revoke_on(verb.connection, rp, id);
    return verb.status;
}

/* --- signing keys ----------------------------------------------------------------------------- */

/* Those that are retired already do not get more time by it. */
static enum pk_status retire_keys(struct pg_connection *connection, const struct signing_key *key,
                                  int64_t expire)
{
    AUTO_QUERY struct query query = query_new(
        connection, "UPDATE signing_key SET expires = CASE WHEN retired = 0 THEN "
                    "CAST($1 AS bigint) ELSE least(expires, CAST($1 AS bigint)) END, "
                    "retired = CASE WHEN retired = 0 THEN greatest(CAST($2 AS bigint), 1) "
                    "ELSE retired END WHERE rp = $3 AND algorithm = $4");

    bind_integer(&query, expire);
    bind_integer(&query, key->created);
    bind_text(&query, key->rp);
    bind_text(&query, key->algorithm);
    return query_run(&query);
}

static enum pk_status remove_expired(struct pg_connection *connection,
                                     const struct signing_key *key)
{
    AUTO_QUERY struct query query = query_new(
        connection, "DELETE FROM signing_key WHERE rp = $1 AND retired <> 0 AND expires <= $2");

    bind_text(&query, key->rp);
    bind_integer(&query, key->created);
    return query_run(&query);
}

static enum pk_status count_keys(struct pg_connection *connection, const char *rp)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT count(*) FROM signing_key WHERE rp = $1");
    enum pk_status status;

    bind_text(&query, rp);
    status = query_step(&query);
    if (status == PK_OK && column_integer(&query, 0) >= PK_SIGNING_KEYS_MAX)
        return PK_LIMIT_EXCEEDED;
    return status;
}

/* PK_EXISTS: one of its algorithm signs already. */
static enum pk_status signing_key_insert(struct pg_connection *connection,
                                         const struct signing_key *key)
{
    AUTO_QUERY struct query query =
        query_new(connection, "INSERT INTO signing_key (rp, kid, algorithm, imported, jwk, "
                              "created, retired, expires) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)");

    bind_text(&query, key->rp);
    bind_text(&query, key->kid);
    bind_text(&query, key->algorithm);
    bind_integer(&query, key->imported);
    bind_blob(&query, pk_secret_view(&key->jwk));
    bind_integer(&query, key->created);
    return query_run(&query);
}

static enum pk_status add_signing_key(struct pg_connection *connection,
                                      const struct signing_key *key, enum signing_key_add how,
                                      int64_t old_expire)
{
    enum pk_status status = PK_OK;

    if (how == SIGNING_KEY_REPLACE)
        status = retire_keys(connection, key, old_expire);
    if (status == PK_OK)
        status = remove_expired(connection, key);
    if (status == PK_OK)
        status = count_keys(connection, key->rp);
    if (status == PK_OK)
        status = signing_key_insert(connection, key);
    /* Another host has replaced it at the same moment: that one is retired, too. */
    if (status == PK_EXISTS && how == SIGNING_KEY_REPLACE &&
        strcmp(connection->constraint, "signing_key_signs") == 0)
        return PG_AGAIN;
    return status;
}

static enum pk_status signing_key_add_on(struct pg_connection *connection,
                                         const struct signing_key *key, enum signing_key_add how,
                                         int64_t old_expire)
{
    enum pk_status status = transaction_begin(connection);

    if (status == PK_OK)
        status = add_signing_key(connection, key, how, old_expire);
    return transaction_end(connection, status);
}

enum pk_status store_postgresql_signing_key_add(struct store *base, const struct signing_key *key,
                                                enum signing_key_add how, int64_t old_expire)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    if (key->jwk.len == 0)
        return PK_INVALID_ARGUMENT;
    while (verb_next(&verb))
        verb.status = signing_key_add_on(verb.connection, key, how, old_expire);
    return verb.status;
}

static enum pk_status read_signing_key(struct query *query, struct signing_key *ret)
{
    enum pk_status status;

    *ret = (struct signing_key){.imported = column_integer(query, 3) != 0,
                                .created = column_integer(query, 5),
                                .retired = column_integer(query, 6),
                                .expires = column_integer(query, 7)};
    status = column_text(query, 0, &ret->rp);
    if (status == PK_OK)
        status = column_text(query, 1, &ret->kid);
    if (status == PK_OK)
        status = column_text(query, 2, &ret->algorithm);
    return status == PK_OK ? pk_secret_copy(column_view(query, 4), &ret->jwk) : status;
}

static enum pk_status signing_key_list_on(struct pg_connection *connection, const char *rp,
                                          int64_t now, struct signing_key_list *ret)
{
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT rp, kid, algorithm, imported, jwk, created, retired, expires "
                              "FROM signing_key WHERE rp = $1 AND (retired = 0 OR expires > $2) "
                              "ORDER BY created DESC, number DESC");
    enum pk_status status;

    bind_text(&query, rp);
    bind_integer(&query, now);
    status = query_step(&query);
    list.items = calloc(query_rows(&query) + 1, sizeof(*list.items));
    if (!list.items)
        return PK_NO_MEMORY;
    for (; status == PK_OK; status = query_step(&query)) {
        /* Counted before it is read, so that an incomplete row is freed with the list. */
        status = read_signing_key(&query, &list.items[list.count++]);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct signing_key_list){0};
    return PK_OK;
}

enum pk_status store_postgresql_signing_key_list(struct store *base, const char *rp, int64_t now,
                                                 struct signing_key_list *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = signing_key_list_on(verb.connection, rp, now, ret);
    return verb.status;
}
