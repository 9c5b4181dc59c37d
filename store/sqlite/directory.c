/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sqlite/directory.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/sqlite/query.h"

#include <stdlib.h>
#include <string.h>

#define RP         "default" /* the only relying party whose passkeys are in the directory */
#define NAMES_MAX  (PK_CREDENTIAL_LIST_MAX + 1) /* tries to find a name that is free */
#define TOLD_TEXT  "100"                        /* sentences that are kept */
#define GENERATION "generation"

/* clang-format off */
static const char *const tables[] = {
    "CREATE TABLE IF NOT EXISTS directory_entry ("
    "  source INTEGER NOT NULL,"
    "  key BLOB NOT NULL,"
    "  credential_id BLOB NOT NULL UNIQUE,"
    "  seen INTEGER NOT NULL," /* the last generation that had it */
    "  PRIMARY KEY (source, key)"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS directory_owed ("
    "  server TEXT NOT NULL,"
    "  credential_id BLOB NOT NULL,"
    "  PRIMARY KEY (server, credential_id)"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS directory_owed_id ON directory_owed (credential_id)",
    "CREATE TABLE IF NOT EXISTS directory_gone ("
    "  key BLOB PRIMARY KEY,"
    "  removed INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS directory_gone_removed ON directory_gone (removed)",
    "CREATE TABLE IF NOT EXISTS directory_value ("
    "  key TEXT PRIMARY KEY,"
    "  value TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS directory_told ("
    "  id INTEGER PRIMARY KEY,"
    "  made INTEGER NOT NULL,"
    "  text TEXT NOT NULL"
    ") STRICT",
};
/* clang-format on */

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

void directory_outcome_clear(struct directory_outcome *outcome)
{
    pk_strings_clear(&outcome->told);
    *outcome = (struct directory_outcome){0};
}

enum pk_status directory_prepare(struct store *store)
{
    enum pk_status status = transaction_begin(self(store));

    if (status != PK_OK)
        return status;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && status == PK_OK; i++) {
        AUTO_QUERY struct query query = query_new(self(store), tables[i]);

        status = query_run(&query);
    }
    return transaction_end(self(store), status);
}

/* --- sentences -------------------------------------------------------------------------------- */

static enum pk_status is_told(struct sqlite_store *store, const char *text)
{
    AUTO_QUERY struct query query = query_new(store, "SELECT 1 FROM directory_told WHERE text = ?");

    bind_text(&query, text);
    return query_step(&query);
}

static enum pk_status tell(struct sqlite_store *store, char *text,
                           struct directory_outcome *outcome)
{
    PK_AUTO_FREE char *sentence = text;
    AUTO_QUERY struct query query =
        query_new(store, "INSERT INTO directory_told (made, text) VALUES (?, ?)");
    AUTO_QUERY struct query prune =
        query_new(store, "DELETE FROM directory_told WHERE id <= "
                         "(SELECT max(id) FROM directory_told) - " TOLD_TEXT);
    enum pk_status status;

    if (!sentence)
        return PK_NO_MEMORY;
    bind_integer(&query, pk_clock_now());
    bind_text(&query, sentence);
    status = query_run(&query);
    if (status == PK_OK)
        status = query_run(&prune);
    return status == PK_OK ? pk_strings_add(&outcome->told, sentence) : status;
}

/* --- what the directory has ------------------------------------------------------------------- */

enum pk_status directory_begin(struct store *store, int64_t *ret_generation)
{
    PK_AUTO_FREE char *text = NULL;
    char next[24];
    enum pk_status status = directory_get(store, GENERATION, &text);
    int64_t generation = status == PK_OK ? strtoll(text, NULL, 10) + 1 : 1;

    if (status != PK_OK && status != PK_NOT_FOUND)
        return status;
    snprintf(next, sizeof(next), "%lld", (long long)generation);
    status = directory_put(store, GENERATION, next);
    if (status == PK_OK)
        *ret_generation = generation;
    return status;
}

enum pk_status directory_find(struct store *store, struct pk_view credential_id,
                              enum directory_source *ret_source, struct pk_bytes *ret_key)
{
    AUTO_QUERY struct query query =
        query_new(self(store), "SELECT source, key FROM directory_entry WHERE credential_id = ?");
    enum pk_status status;

    bind_blob(&query, credential_id);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_source = (enum directory_source)column_integer(&query, 0);
    return status == PK_OK ? column_blob(&query, 1, ret_key) : status;
}

static enum pk_status mark(struct sqlite_store *store, enum directory_source source,
                           struct pk_view key, struct pk_view credential_id, int64_t generation)
{
    AUTO_QUERY struct query other = query_new(
        store, "DELETE FROM directory_entry WHERE credential_id = ? AND (source, key) <> (?, ?)");
    AUTO_QUERY struct query query =
        query_new(store, "INSERT INTO directory_entry (source, key, credential_id, seen) "
                         "VALUES (?, ?, ?, ?) ON CONFLICT (source, key) DO UPDATE SET "
                         "credential_id = excluded.credential_id, seen = excluded.seen");
    enum pk_status status;

    bind_blob(&other, credential_id);
    bind_integer(&other, source);
    bind_blob(&other, key);
    status = query_run(&other);
    bind_integer(&query, source);
    bind_blob(&query, key);
    bind_blob(&query, credential_id);
    bind_integer(&query, generation);
    return status == PK_OK ? query_run(&query) : status;
}

/* A look that has begun before it was added must not sweep it away. */
enum pk_status directory_mark(struct store *store, enum directory_source source, struct pk_view key,
                              struct pk_view credential_id)
{
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = directory_get(store, GENERATION, &text);
    int64_t generation = status == PK_OK ? strtoll(text, NULL, 10) : 0;

    if (status != PK_OK && status != PK_NOT_FOUND)
        return status;
    status = transaction_begin(self(store));
    if (status == PK_OK)
        status =
            transaction_end(self(store), mark(self(store), source, key, credential_id, generation));
    return status;
}

/* With the last passkey of an account the decisions about it go. */
static enum pk_status forget_decisions(struct sqlite_store *store, int64_t account)
{
    AUTO_QUERY struct query query =
        query_new(store, "DELETE FROM decision WHERE account = ?1 "
                         "AND NOT EXISTS (SELECT 1 FROM credential WHERE account = ?1)");

    bind_integer(&query, account);
    return query_run(&query);
}

static enum pk_status remove_row(struct sqlite_store *store, int64_t id, int64_t account,
                                 struct directory_outcome *outcome)
{
    AUTO_QUERY struct query query = query_new(store, "DELETE FROM credential WHERE id = ?");
    enum pk_status status;

    bind_integer(&query, id);
    status = query_run(&query);
    if (status == PK_OK)
        outcome->removed++;
    return status == PK_OK ? forget_decisions(store, account) : status;
}

/* The passkey that the directory calls so here, unless its id is the one that it should have. */
static enum pk_status remove_named(struct sqlite_store *store, enum directory_source source,
                                   struct pk_view key, struct pk_view credential_id,
                                   struct directory_outcome *outcome)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT c.id, c.account FROM directory_entry d "
                         "JOIN credential c ON c.credential_id = d.credential_id "
                         "WHERE d.source = ? AND d.key = ? AND d.credential_id <> ?");
    enum pk_status status;

    bind_integer(&query, source);
    bind_blob(&query, key);
    bind_blob(&query, credential_id);
    status = query_step(&query);
    if (status == PK_NOT_FOUND)
        return PK_OK;
    return status == PK_OK
               ? remove_row(store, column_integer(&query, 0), column_integer(&query, 1), outcome)
               : status;
}

static enum pk_status lacks(struct sqlite_store *store, enum directory_source source,
                            struct pk_view key, struct directory_outcome *outcome)
{
    AUTO_QUERY struct query query =
        query_new(store, "DELETE FROM directory_entry WHERE source = ? AND key = ?");
    enum pk_status status = remove_named(store, source, key, (struct pk_view){0}, outcome);

    bind_integer(&query, source);
    bind_blob(&query, key);
    return status == PK_OK ? query_run(&query) : status;
}

/* --- one passkey ------------------------------------------------------------------------------ */

/* The passkey that has the id here. */
struct known {
    int64_t id, account;
    char *name; /* of its account */
    uid_t uid;
    bool same;
    int source; /* enum directory_source; 0: it is of this host alone */
};

static enum pk_status find_known(struct sqlite_store *store, const struct credential *credential,
                                 struct known *ret)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT c.id, a.name, a.uid, a.id, a.rp = ? AND a.name = ? AND a.uid = ? "
                         "AND c.public_key = ? AND c.rp_id = ?, d.source "
                         "FROM credential c JOIN account a ON a.id = c.account "
                         "LEFT JOIN directory_entry d ON d.credential_id = c.credential_id "
                         "WHERE c.credential_id = ?");
    enum pk_status status;

    bind_account(&query, RP, credential->account.name, credential->account.uid);
    bind_blob(&query, pk_view_of(&credential->record.public_key));
    bind_text(&query, credential->rp_id);
    bind_blob(&query, pk_view_of(&credential->record.id));
    status = query_step(&query);
    if (status != PK_OK)
        return status;
    ret->id = column_integer(&query, 0);
    ret->uid = (uid_t)column_integer(&query, 2);
    ret->account = column_integer(&query, 3);
    ret->same = column_integer(&query, 4) != 0;
    ret->source = (int)column_integer(&query, 5);
    return column_text(&query, 1, &ret->name);
}

/* The handle of the account's oldest passkey is the account's; here it has none yet. */
static enum pk_status take_handle(struct sqlite_store *store, int64_t account,
                                  struct pk_view handle)
{
    AUTO_QUERY struct query query =
        query_new(store, "UPDATE account SET user_handle = ?1 WHERE id = ?2 AND NOT EXISTS "
                         "(SELECT 1 FROM credential WHERE account = ?2) AND NOT EXISTS "
                         "(SELECT 1 FROM account WHERE rp = '" RP "' AND user_handle = ?1)");

    bind_blob(&query, handle);
    bind_integer(&query, account);
    return query_run(&query);
}

/* One that is somebody else's already is not the account's: it gets one of its own. */
static enum pk_status make_account(struct sqlite_store *store, const struct credential *credential,
                                   int64_t *ret_id)
{
    struct account account = credential->account;
    uint8_t random[PK_USER_HANDLE_SIZE];
    enum pk_status status = PK_EXISTS;

    account.rp = (char *)(uintptr_t)RP;
    account.user_handle = credential->record.user_handle;
    if (account.user_handle.len > 0)
        status = store_sqlite_account_insert(store, &account);
    if (status == PK_EXISTS) {
        pk_random(random, sizeof(random));
        account.user_handle = (struct pk_bytes){random, sizeof(random)};
        status = store_sqlite_account_insert(store, &account);
    }
    if (status == PK_OK)
        *ret_id = last_inserted(store);
    return status;
}

static enum pk_status find_or_make_account(struct sqlite_store *store,
                                           const struct credential *credential, int64_t *ret_id)
{
    struct account account = credential->account;
    enum pk_status status;

    account.rp = (char *)(uintptr_t)RP;
    status = store_sqlite_account_id(store, &account, ret_id);
    if (status == PK_NOT_FOUND)
        return make_account(store, credential, ret_id);
    if (status == PK_OK && credential->record.user_handle.len > 0)
        status = take_handle(store, *ret_id, pk_view_of(&credential->record.user_handle));
    return status;
}

static enum pk_status name_is_free(struct sqlite_store *store, int64_t account, const char *name)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT 1 FROM credential WHERE account = ? AND name = ?");
    enum pk_status status;

    bind_integer(&query, account);
    bind_text(&query, name);
    status = query_step(&query);
    return status == PK_NOT_FOUND ? PK_OK : status == PK_OK ? PK_NAME_TAKEN : status;
}

/* Two hosts may have given the same name: the second one gets a number here. */
static enum pk_status free_name(struct sqlite_store *store, int64_t account, const char *name,
                                char **ret)
{
    enum pk_status status = PK_NAME_TAKEN;

    for (unsigned i = 1; i < NAMES_MAX && status == PK_NAME_TAKEN; i++) {
        PK_AUTO_FREE char *tried =
            i == 1 ? pk_text_format("%s", name) : pk_text_format("%s (%u)", name, i);

        if (!tried)
            return PK_NO_MEMORY;
        status = name_is_free(store, account, tried);
        if (status == PK_OK)
            *ret = pk_steal(tried);
    }
    return status;
}

/* The directory lets accounts add for themselves, as many as they like. */
static enum pk_status has_room(struct sqlite_store *store, int64_t account)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT count(*) FROM credential WHERE account = ?");
    enum pk_status status;

    bind_integer(&query, account);
    status = query_step(&query);
    return status == PK_OK && column_integer(&query, 0) >= PK_CREDENTIAL_LIST_MAX
               ? PK_LIMIT_EXCEEDED
               : status;
}

static enum pk_status add(struct sqlite_store *store, const struct credential *credential)
{
    PK_AUTO_FREE char *name = NULL;
    struct credential row = *credential;
    int64_t account = 0;
    enum pk_status status = find_or_make_account(store, credential, &account);

    if (status == PK_OK)
        status = has_room(store, account);
    if (status == PK_OK)
        status = free_name(store, account, credential->name, &name);
    if (status != PK_OK)
        return status;
    row.name = name;
    return store_sqlite_credential_insert(store, account, &row);
}

static enum pk_status replace(struct sqlite_store *store, const struct known *known,
                              const struct credential *credential,
                              struct directory_outcome *outcome)
{
    PK_AUTO_FREE char *id = pk_base64url_encode(pk_view_of(&credential->record.id));
    enum pk_status status;

    if (!id)
        return PK_NO_MEMORY;
    status = tell(store,
                  pk_text_format("the passkey %s was of %s (uid %lu) and is another one now, of %s "
                                 "(uid %lu): the one before and its counter are gone",
                                 id, known->name, (unsigned long)known->uid,
                                 credential->account.name, (unsigned long)credential->account.uid),
                  outcome);
    return status == PK_OK ? remove_row(store, known->id, known->account, outcome) : status;
}

/*
 * Accounts add for themselves what they like, and ids are no secret. What is of this host alone, or
 * is the directory's in another way, is not taken from whose it is by an id.
 */
static enum pk_status leave(struct sqlite_store *store, const struct known *known,
                            const struct credential *credential, struct directory_outcome *outcome)
{
    PK_AUTO_FREE char *id = pk_base64url_encode(pk_view_of(&credential->record.id));
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status;

    if (!id)
        return PK_NO_MEMORY;
    text = pk_text_format("the passkey %s stays that of %s (uid %lu): the directory has one of %s "
                          "(uid %lu) with the same id, which is not used",
                          id, known->name, (unsigned long)known->uid, credential->account.name,
                          (unsigned long)credential->account.uid);
    if (!text)
        return PK_NO_MEMORY;
    status = is_told(store, text);
    return status == PK_NOT_FOUND ? tell(store, pk_steal(text), outcome) : status;
}

static enum pk_status is_owed(struct sqlite_store *store, struct pk_view id)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT 1 FROM directory_owed WHERE credential_id = ?");

    bind_blob(&query, id);
    return query_step(&query);
}

static enum pk_status is_gone(struct sqlite_store *store, struct pk_view key)
{
    AUTO_QUERY struct query query = query_new(store, "SELECT 1 FROM directory_gone WHERE key = ?");

    bind_blob(&query, key);
    return query_step(&query);
}

static bool is_kept(struct sqlite_store *store, const struct directory_changes *changes,
                    struct pk_view credential_id)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT 1 FROM directory_entry WHERE credential_id = ? AND seen = ?");

    bind_blob(&query, credential_id);
    bind_integer(&query, changes->generation);
    return query_step(&query) == PK_OK;
}

static enum pk_status has(struct sqlite_store *store, const struct directory_changes *changes,
                          const struct directory_change *change, struct directory_outcome *outcome)
{
    const struct credential *credential = change->credential;
    struct known known = {0};
    PK_AUTO_FREE char *name = NULL;
    struct pk_view id = pk_view_of(&credential->record.id);
    enum pk_status status = is_owed(store, id);

    if (status == PK_NOT_FOUND && changes->source == DIRECTORY_ENTRIES)
        status = is_gone(store, change->key);
    if (status != PK_NOT_FOUND)
        return status;
    /* An entry that was given another name is no longer the passkey of the one before. */
    status = remove_named(store, changes->source, change->key, id, outcome);
    if (status == PK_OK)
        status = find_known(store, credential, &known);
    name = known.name;
    if (status == PK_OK && !known.same && changes->source == DIRECTORY_MAPPINGS &&
        is_kept(store, changes, id))
        return PK_OK;
    if (status == PK_OK && !known.same && known.source != (int)changes->source)
        return leave(store, &known, credential, outcome);
    if (status == PK_OK && !known.same)
        status = replace(store, &known, credential, outcome);
    if (status == PK_NOT_FOUND || (status == PK_OK && !known.same)) {
        status = add(store, credential);
        outcome->added += status == PK_OK;
    }
    if (status == PK_LIMIT_EXCEEDED) {
        outcome->left_out++;
        return PK_OK;
    }
    return status == PK_OK ? mark(store, changes->source, change->key, id, changes->generation)
                           : status;
}

static enum pk_status apply(struct sqlite_store *store, const struct directory_changes *changes,
                            const struct directory_change *change,
                            struct directory_outcome *outcome)
{
    AUTO_QUERY struct query query =
        query_new(store, "UPDATE directory_entry SET seen = ? WHERE source = ? AND key = ?");

    switch (change->kind) {
    case DIRECTORY_HAS:
        return has(store, changes, change, outcome);
    case DIRECTORY_LACKS:
        return lacks(store, changes->source, change->key, outcome);
    case DIRECTORY_KEEPS:
        break;
    }
    bind_integer(&query, changes->generation);
    bind_integer(&query, changes->source);
    bind_blob(&query, change->key);
    return query_run(&query);
}

/*
 * Of a value's id nothing says that it is there once. Who has it here keeps it, as long as it is
 * one of theirs; somebody else who wrote it into their entry as well does not take it.
 */
static enum pk_status keep_those_that_are_the_same(struct sqlite_store *store,
                                                   const struct directory_changes *changes)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < changes->count && status == PK_OK; i++) {
        const struct credential *credential = changes->items[i].credential;
        struct known known = {0};

        status = find_known(store, credential, &known);
        if (status == PK_OK && known.same)
            status = mark(store, changes->source, changes->items[i].key,
                          pk_view_of(&credential->record.id), changes->generation);
        else if (status == PK_NOT_FOUND)
            status = PK_OK;
        free(known.name);
    }
    return status;
}

enum pk_status directory_apply(struct store *store, const struct directory_changes *changes,
                               struct directory_outcome *outcome)
{
    enum pk_status status = transaction_begin(self(store));

    if (status != PK_OK)
        return status;
    if (changes->source == DIRECTORY_MAPPINGS)
        status = keep_those_that_are_the_same(self(store), changes);
    for (size_t i = 0; i < changes->count && status == PK_OK; i++)
        status = apply(self(store), changes, &changes->items[i], outcome);
    if (status == PK_OK && changes->cookie)
        status = directory_put(store, DIRECTORY_COOKIE, changes->cookie);
    return transaction_end(self(store), status);
}

static enum pk_status sweep(struct sqlite_store *store, enum directory_source source,
                            int64_t generation, struct directory_outcome *outcome)
{
    enum pk_status status;

    do {
        PK_AUTO_BYTES struct pk_bytes key = {0};
        AUTO_QUERY struct query query = query_new(
            store, "SELECT key FROM directory_entry WHERE source = ? AND seen < ? LIMIT 1");

        bind_integer(&query, source);
        bind_integer(&query, generation);
        status = query_step(&query);
        if (status == PK_OK)
            status = column_blob(&query, 0, &key);
        if (status == PK_OK)
            status = lacks(store, source, pk_view_of(&key), outcome);
    } while (status == PK_OK);
    return status == PK_NOT_FOUND ? PK_OK : status;
}

enum pk_status directory_sweep(struct store *store, enum directory_source source,
                               int64_t generation, struct directory_outcome *outcome)
{
    enum pk_status status = transaction_begin(self(store));

    if (status != PK_OK)
        return status;
    return transaction_end(self(store), sweep(self(store), source, generation, outcome));
}
