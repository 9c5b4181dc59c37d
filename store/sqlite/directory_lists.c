/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of passkeys of a directory's cache: those of this host alone, removals that are owed, and
 * entries that are gone; and what was told.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/query.h"

#include <stdlib.h>

/* No server is that far behind what it has acknowledged. */
#define GONE_SECONDS 604800

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

void directory_ids_clear(struct directory_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        pk_bytes_clear(&ids->items[i]);
    free(ids->items);
    *ids = (struct directory_ids){0};
}

static enum pk_status read_ids(struct query *query, struct directory_ids *ret)
{
    AUTO_DIRECTORY_IDS struct directory_ids ids = {0};
    enum pk_status status;

    while ((status = query_step(query)) == PK_OK) {
        struct pk_bytes *items = reallocarray(ids.items, ids.count + 1, sizeof(*items));

        if (!items)
            return PK_NO_MEMORY;
        ids.items = items;
        status = column_blob(query, 0, &items[ids.count]);
        if (status != PK_OK)
            return status;
        ids.count++;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = ids;
    ids = (struct directory_ids){0}; /* moved */
    return PK_OK;
}

enum pk_status directory_own(struct store *store, struct directory_ids *ret)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "SELECT c.credential_id FROM credential c "
                               "JOIN account a ON a.id = c.account WHERE a.rp = 'default' "
                               "AND NOT EXISTS (SELECT 1 FROM directory_entry d "
                               "WHERE d.credential_id = c.credential_id) ORDER BY c.created, c.id");

    return read_ids(&query, ret);
}

enum pk_status directory_orphans(struct store *store, const struct account *account,
                                 size_t *ret_count)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "SELECT count(*) FROM account a "
                               "JOIN credential c ON c.account = a.id "
                               "JOIN directory_entry d ON d.credential_id = c.credential_id "
                               "WHERE a.rp = ? AND a.name = ? AND a.uid <> 4294967295 "
                               "AND a.uid <> ?");
    enum pk_status status;

    bind_text(&query, account->rp);
    bind_text(&query, account->name);
    bind_integer(&query, account->uid);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_count = (size_t)column_integer(&query, 0);
    return status;
}

enum pk_status directory_owe(struct store *store, struct pk_view credential_id, const char *server)
{
    AUTO_QUERY struct query query = query_new(
        self(store), "INSERT OR IGNORE INTO directory_owed (server, credential_id) VALUES (?, ?)");

    bind_text(&query, server);
    bind_blob(&query, credential_id);
    return query_run(&query);
}

enum pk_status directory_bury(struct store *store, struct pk_view key)
{
    int64_t now = pk_clock_now();
    AUTO_QUERY struct query old =
        query_new(self(store), "DELETE FROM directory_gone WHERE removed < ?");
    AUTO_QUERY struct query query = query_new(
        self(store), "INSERT OR REPLACE INTO directory_gone (key, removed) VALUES (?, ?)");
    enum pk_status status;

    bind_integer(&old, now - GONE_SECONDS);
    status = query_run(&old);
    if (status != PK_OK)
        return status;
    bind_blob(&query, key);
    bind_integer(&query, now);
    return query_run(&query);
}

enum pk_status directory_pay(struct store *store, struct pk_view credential_id, const char *server)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "DELETE FROM directory_owed WHERE server = ? AND credential_id = ?");

    bind_text(&query, server);
    bind_blob(&query, credential_id);
    return query_run(&query);
}

enum pk_status directory_owed(struct store *store, const char *server, struct directory_ids *ret)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "SELECT credential_id FROM directory_owed WHERE server = ?");

    bind_text(&query, server);
    return read_ids(&query, ret);
}

enum pk_status directory_get(struct store *store, const char *key, char **ret)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "SELECT value FROM directory_value WHERE key = ?");
    enum pk_status status;

    bind_text(&query, key);
    status = query_step(&query);
    return status == PK_OK ? column_text(&query, 0, ret) : status;
}

enum pk_status directory_put(struct store *store, const char *key, const char *value)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "INSERT INTO directory_value (key, value) VALUES (?, ?) "
                               "ON CONFLICT (key) DO UPDATE SET value = excluded.value");

    bind_text(&query, key);
    bind_text(&query, value);
    return query_run(&query);
}

enum pk_status directory_told(struct store *store, struct pk_strings *ret)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "SELECT datetime(made, 'unixepoch') || ' ' || text "
                               "FROM directory_told ORDER BY id DESC");
    enum pk_status status;

    while ((status = query_step(&query)) == PK_OK) {
        PK_AUTO_FREE char *text = NULL;

        status = column_text(&query, 0, &text);
        if (status == PK_OK)
            status = pk_strings_add(ret, text);
        if (status != PK_OK)
            return status;
    }
    return status == PK_NOT_FOUND ? PK_OK : status;
}
