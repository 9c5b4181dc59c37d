/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the PostgreSQL store about recovery codes. */
#include "store/postgresql/verbs.h"

static void queue_code(struct pg_connection *connection, const char *rp, int64_t account,
                       size_t position, const struct recovery_code *code)
{
    AUTO_QUERY struct query query =
        query_new(connection, "INSERT INTO recovery_code (account, position, rp, scheme, salt, "
                              "hash) VALUES ($1, $2, $3, $4, $5, $6)");

    bind_integer(&query, account);
    bind_integer(&query, (int64_t)position);
    bind_text(&query, rp);
    bind_integer(&query, code->scheme);
    bind_blob(&query, (struct pk_view){code->salt, PK_HASH_SIZE});
    bind_blob(&query, (struct pk_view){code->hash, PK_HASH_SIZE});
    query_queue(&query);
}

static enum pk_status replace_on(struct pg_connection *connection, const struct account *account,
                                 const struct recovery_code *codes, size_t count)
{
    enum pk_status status = transaction_begin(connection);
    int64_t id = 0;

    if (status == PK_OK)
        status = pg_account_lock(connection, account, &id);
    if (status == PK_OK)
        status = pg_run_for(connection, "DELETE FROM recovery_code WHERE account = $1", id);
    for (size_t i = 0; i < count && status == PK_OK; i++)
        queue_code(connection, account->rp, id, i, &codes[i]);
    return transaction_end(connection, status);
}

enum pk_status store_postgresql_recovery_replace(struct store *base, const struct account *account,
                                                 const struct recovery_code *codes, size_t count)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    if (count > PK_RECOVERY_CODES)
        return PK_INVALID_ARGUMENT;
    while (verb_next(&verb))
        verb.status = replace_on(verb.connection, account, codes, count);
    return verb.status;
}

static enum pk_status list_on(struct pg_connection *connection, const struct account *account,
                              struct recovery_code *ret_codes, size_t *ret_count)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT r.salt, r.hash, r.scheme FROM recovery_code r "
                              "JOIN account a ON a.id = r.account WHERE a.rp = $1 AND a.name = $2 "
                              "AND a.uid = $3 AND a.orphaned = 0 ORDER BY r.position");
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

enum pk_status store_postgresql_recovery_list(struct store *base, const struct account *account,
                                              struct recovery_code *ret_codes, size_t *ret_count)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = list_on(verb.connection, account, ret_codes, ret_count);
    return verb.status;
}

static enum pk_status use_on(struct pg_connection *connection, const struct account *account,
                             const uint8_t hash[PK_HASH_SIZE])
{
    AUTO_QUERY struct query query =
        query_new(connection, "DELETE FROM recovery_code WHERE hash = $1 AND account = "
                              "(SELECT id FROM account WHERE rp = $2 AND name = $3 AND uid = $4 "
                              "AND orphaned = 0) RETURNING 1");

    bind_blob(&query, (struct pk_view){hash, PK_HASH_SIZE});
    bind_account(&query, account->rp, account->name, account->uid);
    return query_step(&query);
}

enum pk_status store_postgresql_recovery_use(struct store *base, const struct account *account,
                                             const uint8_t hash[PK_HASH_SIZE])
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = use_on(verb.connection, account, hash);
    return verb.status;
}
