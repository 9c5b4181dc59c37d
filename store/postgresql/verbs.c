/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of the PostgreSQL store (store.h): one SQL statement, or one transaction, each. Here
 * are those about accounts, facts, and credentials that exist; the others in verbs_*.c.
 *
 * Two hosts may do the same at the same time, and see each other's rows only once they are
 * committed. Whatever counts or compares rows of an account therefore locks the account's row
 * first; where a unique constraint decides, it decides.
 */
#include "store/postgresql/verbs.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

/* --- accounts --------------------------------------------------------------------------------- */

enum pk_status pg_account_insert(struct pg_connection *connection, const struct account *account)
{
    AUTO_QUERY struct query query = query_new(
        connection, "INSERT INTO account (rp, name, uid, user_handle, listed, user_name, "
                    "display_name, icon, created, missing_looks, missing_last, orphaned) "
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 0) ON CONFLICT DO NOTHING");
    enum pk_status status;

    bind_account(&query, account->rp, account->name, account->uid);
    bind_blob(&query, pk_view_of(&account->user_handle));
    bind_integer(&query, account->listed);
    bind_text(&query, account->user_name);
    bind_text(&query, account->display_name);
    bind_text(&query, account->icon);
    bind_integer(&query, account->created);
    status = query_change(&query);
    return status == PK_NOT_FOUND ? PK_EXISTS : status;
}

enum pk_status pg_account_lock(struct pg_connection *connection, const struct account *account,
                               int64_t *ret_id)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT id FROM account WHERE rp = $1 AND name = $2 AND uid = $3 "
                              "AND orphaned = 0 FOR UPDATE");
    enum pk_status status;

    bind_account(&query, account->rp, account->name, account->uid);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_id = column_integer(&query, 0);
    return status;
}

enum pk_status pg_run_for(struct pg_connection *connection, const char *sql, int64_t id)
{
    AUTO_QUERY struct query query = query_new(connection, sql);

    bind_integer(&query, id);
    return query_run(&query);
}

enum pk_status pg_run_for_at(struct pg_connection *connection, const char *sql, int64_t value,
                             int64_t id)
{
    AUTO_QUERY struct query query = query_new(connection, sql);

    bind_integer(&query, value);
    bind_integer(&query, id);
    return query_run(&query);
}

/* The caller clears *account, whatever the outcome. */
static enum pk_status account_find(struct pg_connection *connection, struct account *account)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT user_handle, user_name, display_name, icon, created "
                              "FROM account WHERE rp = $1 AND name = $2 AND uid = $3 "
                              "AND orphaned = 0");
    enum pk_status status;

    bind_account(&query, account->rp, account->name, account->uid);
    status = query_step(&query);
    if (status != PK_OK)
        return status;
    pk_bytes_clear(&account->user_handle);
    status = column_blob(&query, 0, &account->user_handle);
    return status == PK_OK ? pg_read_user(&query, 1, account) : status;
}

static enum pk_status account_make(struct pg_connection *connection, struct account *account)
{
    uint8_t handle[PK_USER_HANDLE_SIZE];
    enum pk_status status;

    pk_random(handle, sizeof(handle));
    status = pk_bytes_copy((struct pk_view){handle, sizeof(handle)}, &account->user_handle);
    if (status == PK_OK)
        status = pg_account_insert(connection, account);
    /* Another host has made it in the meantime. */
    return status == PK_EXISTS ? account_find(connection, account) : status;
}

static enum pk_status account_on(struct pg_connection *connection, const struct account *wanted,
                                 enum account_create create, struct account *ret)
{
    AUTO_ACCOUNT struct account account = {.uid = PK_NO_UID};
    enum pk_status status = account_copy(wanted, &account);

    if (status == PK_OK)
        status = account_find(connection, &account);
    if (status == PK_NOT_FOUND && create != ACCOUNT_FIND)
        status = account_make(connection, &account);
    if (status != PK_OK)
        return status;
    *ret = account;
    account = (struct account){0};
    return PK_OK;
}

static enum pk_status pg_account(struct store *base, const char *rp, const char *name, uid_t uid,
                                 enum account_create create, struct account *ret)
{
    AUTO_ACCOUNT struct account wanted = {.rp = strdup(rp),
                                          .name = strdup(name),
                                          .uid = uid,
                                          .listed = create == ACCOUNT_CREATE_LISTED};
    struct verb verb = verb_new(base, create == ACCOUNT_FIND ? VERB_READS : VERB_CHANGES);

    if (!wanted.rp || !wanted.name)
        return PK_NO_MEMORY;
    while (verb_next(&verb))
        verb.status = account_on(verb.connection, &wanted, create, ret);
    return verb.status;
}

/* --- credentials that exist ------------------------------------------------------------------- */

/*
 * Hosts may verify signatures of one passkey in another order than they write: the counter is the
 * highest that any has seen, and its last use the latest.
 */
#define USE                                                                                        \
    "UPDATE credential SET sign_count = greatest(sign_count, $1), backup_state = $2, "             \
    "user_verified = user_verified OR $3, last_used = greatest(last_used, $4)"

static enum pk_status use_on(struct pg_connection *connection, struct pk_view credential_id,
                             const struct credential_use *use)
{
    AUTO_QUERY struct query query = query_new(
        connection, use->found_id.len > 0 ? USE ", credential_id = $5, id_unknown = false "
                                                "WHERE credential_id = $6 AND id_unknown"
                                          : USE " WHERE credential_id = $5");

    bind_integer(&query, use->sign_count);
    bind_integer(&query, use->backup_state);
    bind_integer(&query, use->user_verified);
    bind_integer(&query, use->when);
    if (use->found_id.len > 0)
        bind_blob(&query, use->found_id);
    bind_blob(&query, credential_id);
    return query_change(&query);
}

static enum pk_status pg_use(struct store *base, struct pk_view credential_id,
                             const struct credential_use *use)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = use_on(verb.connection, credential_id, use);
    return verb.status;
}

/*
 * " WHERE" clause for a credential of the account, or of an orphan of its name and uid, whose
 * credentials root may look after; binds the credential id, then bind_account().
 */
#define OWN_CREDENTIAL(id, rp, name, uid)                                                          \
    " WHERE credential_id = " id " AND account IN "                                                \
    "(SELECT id FROM account WHERE rp = " rp " AND name = " name " AND uid = " uid ")"

static enum pk_status rename_on(struct pg_connection *connection, const struct account *account,
                                struct pk_view credential_id, const char *name)
{
    AUTO_QUERY struct query query = query_new(
        connection, "UPDATE credential SET name = $1" OWN_CREDENTIAL("$2", "$3", "$4", "$5"));
    enum pk_status status;

    bind_text(&query, name);
    bind_blob(&query, credential_id);
    bind_account(&query, account->rp, account->name, account->uid);
    status = query_change(&query);
    /* The only constraint on a name is that it is unique within the account. */
    return status == PK_EXISTS ? PK_NAME_TAKEN : status;
}

static enum pk_status pg_rename(struct store *base, const struct account *account,
                                struct pk_view credential_id, const char *name)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = rename_on(verb.connection, account, credential_id, name);
    return verb.status;
}

/* Of two that remove the last two passkeys one has to see that it was the last. */
static enum pk_status remove_on(struct pg_connection *connection, const struct account *account,
                                struct pk_view credential_id)
{
    AUTO_QUERY struct query owners =
        query_new(connection, "SELECT id FROM account WHERE rp = $1 AND name = $2 AND uid = $3 "
                              "ORDER BY id FOR UPDATE");
    AUTO_QUERY struct query credential =
        query_new(connection, "DELETE FROM credential" OWN_CREDENTIAL("$1", "$2", "$3", "$4"));
    AUTO_QUERY struct query decisions = query_new(
        connection, "DELETE FROM decision WHERE account IN "
                    "(SELECT id FROM account WHERE rp = $1 AND name = $2 AND uid = $3) AND NOT "
                    "EXISTS (SELECT 1 FROM credential c WHERE c.account = decision.account)");
    enum pk_status status = transaction_begin(connection);

    bind_account(&owners, account->rp, account->name, account->uid);
    bind_blob(&credential, credential_id);
    bind_account(&credential, account->rp, account->name, account->uid);
    bind_account(&decisions, account->rp, account->name, account->uid);
    if (status == PK_OK) {
        query_queue(&owners);
        query_queue(&credential);
        query_queue(&decisions);
    }
    /* Where there is no such credential nothing is changed, and that is committed. */
    status = transaction_end(connection, status);
    return status == PK_OK ? query_change(&credential) : status;
}

static enum pk_status pg_remove(struct store *base, const struct account *account,
                                struct pk_view credential_id)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = remove_on(verb.connection, account, credential_id);
    return verb.status;
}

/* --- facts ------------------------------------------------------------------------------------ */

static enum pk_status get_on(struct pg_connection *connection, const char *key,
                             struct pk_bytes *ret)
{
    AUTO_QUERY struct query query = query_new(connection, "SELECT value FROM fact WHERE key = $1");
    enum pk_status status;

    bind_text(&query, key);
    status = query_step(&query);
    return status == PK_OK ? column_blob(&query, 0, ret) : status;
}

static enum pk_status pg_get(struct store *base, const char *key, struct pk_bytes *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = get_on(verb.connection, key, ret);
    return verb.status;
}

enum pk_status pg_put(struct pg_connection *connection, const char *key, struct pk_view value)
{
    AUTO_QUERY struct query query =
        query_new(connection, "INSERT INTO fact (key, value) VALUES ($1, $2) "
                              "ON CONFLICT (key) DO UPDATE SET value = excluded.value");

    bind_text(&query, key);
    bind_blob(&query, value);
    return query_run(&query);
}

static enum pk_status pg_put_fact(struct store *base, const char *key, struct pk_view value)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = pg_put(verb.connection, key, value);
    return verb.status;
}

/* --- images ----------------------------------------------------------------------------------- */

static enum pk_status pg_backup(struct store *base, bool with_keys, struct pk_bytes *ret,
                                struct backup_counts *ret_counts)
{
    (void)base, (void)with_keys, (void)ret, (void)ret_counts;
    return PK_UNSUPPORTED;
}

static enum pk_status pg_restore(struct store *base, const struct restore_wish *wish,
                                 struct restore_report *ret)
{
    (void)base, (void)wish, (void)ret;
    return PK_UNSUPPORTED;
}

const struct store_verbs store_postgresql_verbs = {
    .close = store_postgresql_close,
    .account = pg_account,
    .list = store_postgresql_list,
    .insert = store_postgresql_insert,
    .use = pg_use,
    .rename = pg_rename,
    .remove = pg_remove,
    .get = pg_get,
    .put = pg_put_fact,
    .ticket_add = store_postgresql_ticket_add,
    .ticket_check = store_postgresql_ticket_check,
    .ticket_find = store_postgresql_ticket_find,
    .tickets_remove = store_postgresql_tickets_remove,
    .recovery_replace = store_postgresql_recovery_replace,
    .recovery_list = store_postgresql_recovery_list,
    .recovery_use = store_postgresql_recovery_use,
    .accounts = store_postgresql_accounts,
    .accounts_update = store_postgresql_accounts_update,
    .adopt = store_postgresql_adopt,
    .holdings = store_postgresql_holdings,
    .count = store_postgresql_count,
    .user_put = store_postgresql_user_put,
    .user_find = store_postgresql_user_find,
    .transaction_add = store_postgresql_transaction_add,
    .transaction_list = store_postgresql_transaction_list,
    .api_key_add = store_postgresql_api_key_add,
    .api_key_list = store_postgresql_api_key_list,
    .api_key_revoke = store_postgresql_api_key_revoke,
    .signing_key_add = store_postgresql_signing_key_add,
    .signing_key_list = store_postgresql_signing_key_list,
    .decisions_add = store_postgresql_decisions_add,
    .decisions_list = store_postgresql_decisions_list,
    .decisions_last = store_postgresql_decisions_last,
    .ceremony_add = store_postgresql_ceremony_add,
    .ceremony_take = store_postgresql_ceremony_take,
    .state = store_postgresql_state,
    .backup = pg_backup,
    .restore = pg_restore,
};
