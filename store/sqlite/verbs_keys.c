/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the SQLite store about API keys and the keys that tokens are signed with. */
#include "store/sqlite/query.h"

#include "common/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

/* How many rows of the relying party the statement, a count, finds. */
static enum pk_status count_rows(struct sqlite_store *store, const char *sql, const char *rp,
                                 size_t *ret_count)
{
    AUTO_QUERY struct query query = query_new(store, sql);
    enum pk_status status;

    bind_text(&query, rp);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_count = (size_t)column_integer(&query, 0);
    return status;
}

/* --- API keys --------------------------------------------------------------------------------- */

static enum pk_status api_key_insert(struct sqlite_store *store, const struct api_key *key)
{
    AUTO_QUERY struct query query = query_new(
        store, "INSERT INTO api_key (rp, id, name, hash, created) VALUES (?, ?, ?, ?, ?)");

    bind_text(&query, key->rp);
    bind_text(&query, key->id);
    bind_text(&query, key->name);
    bind_blob(&query, (struct pk_view){key->hash, PK_HASH_SIZE});
    bind_integer(&query, key->created);
    return query_run(&query);
}

enum pk_status store_sqlite_api_key_add(struct store *base, const struct api_key *key)
{
    enum pk_status status = transaction_begin(self(base));
    size_t count;

    if (status != PK_OK)
        return status;
    status = count_rows(self(base), "SELECT count(*) FROM api_key WHERE rp = ?", key->rp, &count);
    if (status == PK_OK && count >= PK_API_KEYS_MAX)
        status = PK_LIMIT_EXCEEDED;
    if (status == PK_OK)
        status = api_key_insert(self(base), key);
    return transaction_end(self(base), status);
}

static enum pk_status append_api_key(struct query *query, struct api_key_list *list)
{
    struct api_key *items = reallocarray(list->items, list->count + 1, sizeof(*items));
    struct api_key *item;
    enum pk_status status;

    if (!items)
        return PK_NO_MEMORY;
    list->items = items;
    /* Counted before it is read, so that an incomplete row is freed with the list. */
    item = &items[list->count++];
    *item = (struct api_key){.created = column_integer(query, 4)};
    status = column_text(query, 0, &item->rp);
    if (status == PK_OK)
        status = column_text(query, 1, &item->id);
    if (status == PK_OK)
        status = column_text(query, 2, &item->name);
    return status == PK_OK ? column_fixed(query, 3, PK_HASH_SIZE, item->hash) : status;
}

enum pk_status store_sqlite_api_key_list(struct store *base, const char *rp,
                                         struct api_key_list *ret)
{
    AUTO_API_KEY_LIST struct api_key_list list = {0};
    AUTO_QUERY struct query query = query_new(
        self(base),
        "SELECT rp, id, name, hash, created FROM api_key WHERE rp = ? ORDER BY created, number");
    enum pk_status status;

    bind_text(&query, rp);
    while ((status = query_step(&query)) == PK_OK) {
        status = append_api_key(&query, &list);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct api_key_list){0};
    return PK_OK;
}

enum pk_status store_sqlite_api_key_revoke(struct store *base, const char *rp, const char *id)
{
    AUTO_QUERY struct query query =
        query_new(self(base), "DELETE FROM api_key WHERE rp = ? AND id = ?");

    bind_text(&query, rp);
    bind_text(&query, id);
    return query_change(&query);
}

/* --- signing keys ----------------------------------------------------------------------------- */

/* Those that are retired already do not get more time by it. */
static enum pk_status retire_keys(struct sqlite_store *store, const struct signing_key *key,
                                  int64_t expire)
{
    AUTO_QUERY struct query query =
        query_new(store, "UPDATE signing_key SET expires = CASE WHEN retired = 0 THEN ?1 "
                         "ELSE min(expires, ?1) END, retired = CASE WHEN retired = 0 "
                         "THEN max(?2, 1) ELSE retired END WHERE rp = ?3 AND algorithm = ?4");

    bind_integer(&query, expire);
    bind_integer(&query, key->created);
    bind_text(&query, key->rp);
    bind_text(&query, key->algorithm);
    return query_run(&query);
}

static enum pk_status remove_expired(struct sqlite_store *store, const struct signing_key *key)
{
    AUTO_QUERY struct query query =
        query_new(store, "DELETE FROM signing_key WHERE rp = ? AND retired <> 0 AND expires <= ?");

    bind_text(&query, key->rp);
    bind_integer(&query, key->created);
    return query_run(&query);
}

/* PK_EXISTS: one of its algorithm signs already. */
static enum pk_status signing_key_insert(struct sqlite_store *store, const struct signing_key *key)
{
    AUTO_QUERY struct query query = query_new(
        store, "INSERT INTO signing_key (rp, kid, algorithm, imported, jwk, created, retired, "
               "expires) VALUES (?, ?, ?, ?, ?, ?, 0, 0)");

    bind_text(&query, key->rp);
    bind_text(&query, key->kid);
    bind_text(&query, key->algorithm);
    bind_integer(&query, key->imported);
    bind_blob(&query, pk_secret_view(&key->jwk));
    bind_integer(&query, key->created);
    return query_run(&query);
}

static enum pk_status add_signing_key(struct sqlite_store *store, const struct signing_key *key,
                                      enum signing_key_add how, int64_t old_expire)
{
    enum pk_status status = PK_OK;
    size_t count = 0;

    if (how == SIGNING_KEY_REPLACE)
        status = retire_keys(store, key, old_expire);
    if (status == PK_OK)
        status = remove_expired(store, key);
    if (status == PK_OK)
        status =
            count_rows(store, "SELECT count(*) FROM signing_key WHERE rp = ?", key->rp, &count);
    if (status == PK_OK && count >= PK_SIGNING_KEYS_MAX)
        status = PK_LIMIT_EXCEEDED;
    return status == PK_OK ? signing_key_insert(store, key) : status;
}

enum pk_status store_sqlite_signing_key_add(struct store *base, const struct signing_key *key,
                                            enum signing_key_add how, int64_t old_expire)
{
    enum pk_status status;

    if (key->jwk.len == 0)
        return PK_INVALID_ARGUMENT;
    status = transaction_begin(self(base));
    if (status != PK_OK)
        return status;
    status = add_signing_key(self(base), key, how, old_expire);
    return transaction_end(self(base), status);
}

static enum pk_status read_jwk(struct query *query, int column, struct pk_secret *ret)
{
    PK_AUTO_BYTES struct pk_bytes jwk = {0};
    enum pk_status status = column_blob(query, column, &jwk);

    if (status == PK_OK)
        status = pk_secret_copy(pk_view_of(&jwk), ret);
    if (jwk.data)
        explicit_bzero(jwk.data, jwk.len);
    return status;
}

static enum pk_status append_signing_key(struct query *query, struct signing_key_list *list)
{
    struct signing_key *items = reallocarray(list->items, list->count + 1, sizeof(*items));
    struct signing_key *item;
    enum pk_status status;

    if (!items)
        return PK_NO_MEMORY;
    list->items = items;
    /* Counted before it is read, so that an incomplete row is freed with the list. */
    item = &items[list->count++];
    *item = (struct signing_key){.imported = column_integer(query, 3) != 0,
                                 .created = column_integer(query, 5),
                                 .retired = column_integer(query, 6),
                                 .expires = column_integer(query, 7)};
    status = column_text(query, 0, &item->rp);
    if (status == PK_OK)
        status = column_text(query, 1, &item->kid);
    if (status == PK_OK)
        status = column_text(query, 2, &item->algorithm);
    return status == PK_OK ? read_jwk(query, 4, &item->jwk) : status;
}

enum pk_status store_sqlite_signing_key_list(struct store *base, const char *rp, int64_t now,
                                             struct signing_key_list *ret)
{
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};
    AUTO_QUERY struct query query =
        query_new(self(base), "SELECT rp, kid, algorithm, imported, jwk, created, retired, expires "
                              "FROM signing_key WHERE rp = ? AND (retired = 0 OR expires > ?) "
                              "ORDER BY created DESC, number DESC");
    enum pk_status status;

    bind_text(&query, rp);
    bind_integer(&query, now);
    while ((status = query_step(&query)) == PK_OK) {
        status = append_signing_key(&query, &list);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct signing_key_list){0};
    return PK_OK;
}
