/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the SQLite store about recovery codes. */
#include "store/sqlite/query.h"

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

static enum pk_status recovery_delete(struct sqlite_store *store, int64_t account)
{
    AUTO_QUERY struct query query = query_new(store, "DELETE FROM recovery_code WHERE account = ?");

    bind_integer(&query, account);
    return query_run(&query);
}

static enum pk_status recovery_insert(struct sqlite_store *store, int64_t account, size_t position,
                                      const struct recovery_code *code)
{
    AUTO_QUERY struct query query = query_new(
        store,
        "INSERT INTO recovery_code (account, position, scheme, salt, hash) VALUES (?, ?, ?, ?, ?)");

    bind_integer(&query, account);
    bind_integer(&query, (int64_t)position);
    bind_integer(&query, code->scheme);
    bind_blob(&query, (struct pk_view){code->salt, PK_HASH_SIZE});
    bind_blob(&query, (struct pk_view){code->hash, PK_HASH_SIZE});
    return query_run(&query);
}

enum pk_status store_sqlite_recovery_replace(struct store *base, const struct account *account,
                                             const struct recovery_code *codes, size_t count)
{
    enum pk_status status;
    int64_t id;

    if (count > PK_RECOVERY_CODES)
        return PK_INVALID_ARGUMENT;
    status = transaction_begin(self(base));
    if (status != PK_OK)
        return status;
    status = store_sqlite_account_id(self(base), account, &id);
    if (status == PK_OK)
        status = recovery_delete(self(base), id);
    for (size_t i = 0; i < count && status == PK_OK; i++)
        status = recovery_insert(self(base), id, i, &codes[i]);
    return transaction_end(self(base), status);
}

enum pk_status store_sqlite_recovery_list(struct store *base, const struct account *account,
                                          struct recovery_code *ret_codes, size_t *ret_count)
{
    AUTO_QUERY struct query query =
        query_new(self(base), "SELECT r.salt, r.hash, r.scheme FROM recovery_code r "
                              "JOIN account a ON a.id = r.account WHERE a.rp = ? AND a.name = ? "
                              "AND a.uid = ? AND a.orphaned = 0 ORDER BY r.position");
    enum pk_status status;
    size_t count = 0;

    bind_account(&query, account->rp, account->name, account->uid);
    while ((status = query_step(&query)) == PK_OK && count < PK_RECOVERY_CODES) {
        status = column_fixed(&query, 0, PK_HASH_SIZE, ret_codes[count].salt);
        if (status == PK_OK)
            status = column_fixed(&query, 1, PK_HASH_SIZE, ret_codes[count].hash);
        if (status != PK_OK)
            return status;
        ret_codes[count++].scheme =
            column_integer(&query, 2) == RECOVERY_HMAC ? RECOVERY_HMAC : RECOVERY_SCRYPT;
    }
    if (status != PK_OK && status != PK_NOT_FOUND)
        return status;
    *ret_count = count;
    return PK_OK;
}

enum pk_status store_sqlite_recovery_use(struct store *base, const struct account *account,
                                         const uint8_t hash[PK_HASH_SIZE])
{
    AUTO_QUERY struct query query =
        query_new(self(base), "DELETE FROM recovery_code WHERE hash = ? AND account = "
                              "(SELECT id FROM account WHERE rp = ? AND name = ? AND uid = ? "
                              "AND orphaned = 0)");

    bind_blob(&query, (struct pk_view){hash, PK_HASH_SIZE});
    bind_account(&query, account->rp, account->name, account->uid);
    return query_change(&query);
}
