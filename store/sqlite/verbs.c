/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of the SQLite store (store.h): one SQL statement, or one transaction, each. Here are
 * those about accounts and their credentials, and facts; the others in verbs_*.c.
 */
#include "store/sqlite/backup.h"
#include "store/sqlite/query.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

enum pk_status store_sqlite_account_id(struct sqlite_store *store, const struct account *account,
                                       int64_t *ret_id)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT id FROM account WHERE rp = ? AND name = ? AND uid = ? "
                         "AND orphaned = 0");
    enum pk_status status;

    bind_account(&query, account->rp, account->name, account->uid);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_id = column_integer(&query, 0);
    return status;
}

enum pk_status store_sqlite_account_insert(struct sqlite_store *store,
                                           const struct account *account)
{
    AUTO_QUERY struct query query =
        query_new(store, "INSERT INTO account (rp, name, uid, user_handle, listed, user_name, "
                         "display_name, icon, created, missing_looks, missing_last, orphaned) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)");

    bind_account(&query, account->rp, account->name, account->uid);
    bind_blob(&query, pk_view_of(&account->user_handle));
    bind_integer(&query, account->listed);
    bind_text(&query, account->user_name);
    bind_text(&query, account->display_name);
    bind_text(&query, account->icon);
    bind_integer(&query, account->created);
    return query_run(&query);
}

static enum pk_status account_find(struct sqlite_store *store, struct account *account)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT user_handle, user_name, display_name, icon, created FROM account "
                         "WHERE rp = ? AND name = ? AND uid = ? AND orphaned = 0");
    enum pk_status status;

    bind_account(&query, account->rp, account->name, account->uid);
    status = query_step(&query);
    if (status == PK_OK)
        status = column_blob(&query, 0, &account->user_handle);
    return status == PK_OK ? store_sqlite_read_user(&query, 1, account) : status;
}

static enum pk_status account_create(struct sqlite_store *store, struct account *account)
{
    uint8_t handle[PK_USER_HANDLE_SIZE];
    enum pk_status status = transaction_begin(store);

    if (status != PK_OK)
        return status;
    /*
     * Looked up again inside the transaction: another process may have created it in the meantime.
     */
    status = account_find(store, account);
    if (status == PK_NOT_FOUND) {
        pk_random(handle, sizeof(handle));
        status = pk_bytes_copy((struct pk_view){handle, sizeof(handle)}, &account->user_handle);
        if (status == PK_OK)
            status = store_sqlite_account_insert(store, account);
    }
    return transaction_end(store, status);
}

static enum pk_status sqlite_account(struct store *base, const char *rp, const char *name,
                                     uid_t uid, enum account_create create, struct account *ret)
{
    AUTO_ACCOUNT struct account account = {.rp = strdup(rp),
                                           .name = strdup(name),
                                           .uid = uid,
                                           .listed = create == ACCOUNT_CREATE_LISTED};
    enum pk_status status;

    if (!account.rp || !account.name)
        return PK_NO_MEMORY;
    status = account_find(self(base), &account);
    if (status == PK_NOT_FOUND && create != ACCOUNT_FIND)
        status = account_create(self(base), &account);
    if (status != PK_OK)
        return status;
    *ret = account;
    account = (struct account){0};
    return PK_OK;
}

/* The columns in the order that read_credential() expects. */
#define CREDENTIAL_COLUMNS                                                                         \
    "a.rp, a.name, a.uid, a.user_handle, c.rp_id, c.credential_id, c.public_key, c.user_handle, "  \
    "c.aaguid, c.name, c.format, c.attestation_type, c.trust, c.instrument_display_name, "         \
    "c.sign_count, c.backup_eligible, c.backup_state, c.payment, c.algorithm, c.transports, "      \
    "c.discoverable, c.user_verified, c.created, c.last_used, a.orphaned, "                        \
    "c.cred_protect, c.mfa, a.user_name, a.display_name, a.icon, a.created, c.imported, "          \
    "c.verification, c.id_unknown"

static enum pk_status read_texts(struct query *query, struct credential *ret)
{
    const struct {
        int column;
        char **text;
    } texts[] = {
        {0, &ret->account.rp}, {1, &ret->account.name},
        {4, &ret->rp_id},      {9, &ret->name},
        {10, &ret->format},    {11, &ret->attestation_type},
        {12, &ret->trust},     {13, &ret->instrument_display_name},
        {31, &ret->imported},
    };
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && status == PK_OK; i++)
        status = column_text(query, texts[i].column, texts[i].text);
    return status;
}

/* The caller clears *ret, whatever the outcome. */
static enum pk_status read_credential(struct query *query, struct credential *ret)
{
    enum pk_status status = read_texts(query, ret);

    if (status == PK_OK)
        status = column_blob(query, 3, &ret->account.user_handle);
    if (status == PK_OK)
        status = column_blob(query, 5, &ret->record.id);
    if (status == PK_OK)
        status = column_blob(query, 6, &ret->record.public_key);
    if (status == PK_OK)
        status = column_blob(query, 7, &ret->record.user_handle);
    if (status == PK_OK)
        status = column_fixed(query, 8, PK_AAGUID_SIZE, ret->aaguid);
    if (status == PK_OK)
        status = store_sqlite_read_user(query, 27, &ret->account);
    ret->account.uid = (uid_t)column_integer(query, 2);
    ret->record.sign_count = (uint32_t)column_integer(query, 14);
    ret->record.backup_eligible = column_integer(query, 15);
    ret->record.backup_state = column_integer(query, 16);
    ret->record.payment = column_integer(query, 17);
    ret->algorithm = (int32_t)column_integer(query, 18);
    ret->transports = (unsigned)column_integer(query, 19);
    ret->discoverable = column_integer(query, 20);
    ret->user_verified = column_integer(query, 21);
    ret->created = column_integer(query, 22);
    ret->last_used = column_integer(query, 23);
    ret->account.orphaned = column_integer(query, 24) != 0;
    ret->cred_protect = (unsigned)column_integer(query, 25);
    ret->mfa = column_integer(query, 26);
    ret->record.verification = column_integer(query, 32);
    ret->id_unknown = column_integer(query, 33);
    ret->record.foreign_handle = ret->imported != NULL;
    return status;
}

static enum pk_status append_row(struct query *query, struct credential_list *list)
{
    struct credential *items = reallocarray(list->items, list->count + 1, sizeof(*items));

    if (!items)
        return PK_NO_MEMORY;
    list->items = items;
    items[list->count] = (struct credential){0};
    /* Counted before it is read, so that an incomplete row is freed with the list. */
    return read_credential(query, &items[list->count++]);
}

/* The index of uids has none of the users of applications, whose uid is one and the same. */
static const char *uid_sql(const struct credential_filter *filter)
{
    if (!filter->uid)
        return "";
    return *filter->uid == PK_NO_UID ? " AND a.uid = ?" : " AND a.uid = ? AND a.uid <> 4294967295";
}

/* Only the members that the filter sets are compared, so that an index can be used. */
static char *filter_sql(const struct credential_filter *filter, const char *columns,
                        const char *order)
{
    return pk_text_format("SELECT %s FROM credential c JOIN account a ON a.id = c.account "
                          "WHERE 1%s%s%s%s%s%s%s%s",
                          columns, filter->rp ? " AND a.rp = ?" : "",
                          filter->account_name ? " AND a.name = ?" : "", uid_sql(filter),
                          filter->credential_id.len > 0 ? " AND c.credential_id = ?" : "",
                          filter->user_handle.len > 0 ? " AND c.user_handle = ?" : "",
                          filter->living ? " AND a.orphaned = 0" : "",
                          filter->first_factor ? " AND c.mfa = 0" : "", order);
}

static void bind_filter(struct query *query, const struct credential_filter *filter)
{
    if (filter->rp)
        bind_text(query, filter->rp);
    if (filter->account_name)
        bind_text(query, filter->account_name);
    if (filter->uid)
        bind_integer(query, *filter->uid);
    if (filter->credential_id.len > 0)
        bind_blob(query, filter->credential_id);
    if (filter->user_handle.len > 0)
        bind_blob(query, filter->user_handle);
}

static const char *order_sql(const struct credential_filter *filter)
{
    switch (filter->order) {
    case CREDENTIALS_OLDEST_FIRST:
        return filter->limit > 0 ? " ORDER BY c.created, c.id LIMIT ? OFFSET ?"
                                 : " ORDER BY c.created, c.id";
    case CREDENTIALS_NEWEST_FIRST:
        return filter->limit > 0 ? " ORDER BY c.created DESC, c.id DESC LIMIT ? OFFSET ?"
                                 : " ORDER BY c.created DESC, c.id DESC";
    case CREDENTIALS_BY_ACCOUNT:
        break;
    }
    return filter->limit > 0 ? " ORDER BY a.rp, a.name, a.uid, c.created, c.id LIMIT ? OFFSET ?"
                             : " ORDER BY a.rp, a.name, a.uid, c.created, c.id";
}

static enum pk_status sqlite_list(struct store *base, const struct credential_filter *filter,
                                  struct credential_list *ret)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    PK_AUTO_FREE char *sql = filter_sql(filter, CREDENTIAL_COLUMNS, order_sql(filter));
    enum pk_status status;

    if (!sql)
        return PK_NO_MEMORY;
    AUTO_QUERY struct query query = query_new(self(base), sql);
    bind_filter(&query, filter);
    if (filter->limit > 0) {
        bind_integer(&query, (int64_t)filter->limit);
        bind_integer(&query, (int64_t)filter->offset);
    }
    while ((status = query_step(&query)) == PK_OK) {
        status = append_row(&query, &list);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct credential_list){0};
    return PK_OK;
}

static enum pk_status sqlite_count(struct store *base, const struct credential_filter *filter,
                                   size_t *ret_count)
{
    PK_AUTO_FREE char *sql = filter_sql(filter, "count(*)", "");
    enum pk_status status;

    if (!sql)
        return PK_NO_MEMORY;
    AUTO_QUERY struct query query = query_new(self(base), sql);
    bind_filter(&query, filter);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_count = (size_t)column_integer(&query, 0);
    return status;
}

static enum pk_status count_credentials(struct sqlite_store *store, int64_t account,
                                        size_t *ret_count)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT count(*) FROM credential WHERE account = ?");
    enum pk_status status;

    bind_integer(&query, account);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_count = (size_t)column_integer(&query, 0);
    return status;
}

static enum pk_status check_name(struct sqlite_store *store, int64_t account, const char *name)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT 1 FROM credential WHERE account = ? AND name = ?");
    enum pk_status status;

    bind_integer(&query, account);
    bind_text(&query, name);
    status = query_step(&query);
    if (status == PK_NOT_FOUND)
        return PK_OK;
    return status == PK_OK ? PK_NAME_TAKEN : status;
}

enum pk_status store_sqlite_credential_insert(struct sqlite_store *store, int64_t account,
                                              const struct credential *credential)
{
    const struct pk_credential_record *record = &credential->record;
    const struct pk_bytes *user_handle =
        record->user_handle.len > 0 ? &record->user_handle : &credential->account.user_handle;
    AUTO_QUERY struct query query = query_new(
        store, "INSERT INTO credential (account, rp_id, credential_id, public_key, user_handle, "
               "aaguid, name, format, attestation_type, trust, instrument_display_name, "
               "sign_count, backup_eligible, backup_state, payment, algorithm, transports, "
               "discoverable, user_verified, created, last_used, cred_protect, mfa, imported, "
               "verification, id_unknown) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
               "?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    bind_integer(&query, account);
    bind_text(&query, credential->rp_id);
    bind_blob(&query, pk_view_of(&record->id));
    bind_blob(&query, pk_view_of(&record->public_key));
    bind_blob(&query, pk_view_of(user_handle));
    bind_blob(&query, (struct pk_view){credential->aaguid, PK_AAGUID_SIZE});
    bind_text(&query, credential->name);
    bind_text(&query, credential->format);
    bind_text(&query, credential->attestation_type);
    bind_text(&query, credential->trust);
    bind_text(&query, credential->instrument_display_name);
    bind_integer(&query, record->sign_count);
    bind_integer(&query, record->backup_eligible);
    bind_integer(&query, record->backup_state);
    bind_integer(&query, record->payment);
    bind_integer(&query, credential->algorithm);
    bind_integer(&query, credential->transports);
    bind_integer(&query, credential->discoverable);
    bind_integer(&query, credential->user_verified);
    bind_integer(&query, credential->created);
    bind_integer(&query, credential->last_used);
    bind_integer(&query, credential->cred_protect);
    bind_integer(&query, credential->mfa);
    bind_text(&query, credential->imported);
    bind_integer(&query, record->verification);
    bind_integer(&query, credential->id_unknown);
    return query_run(&query);
}

/* Must run inside a transaction. */
static enum pk_status insert_checked(struct sqlite_store *store,
                                     const struct credential *credential, size_t max_per_account,
                                     struct pk_view ticket_hash)
{
    enum pk_status status = PK_OK;
    int64_t account;
    size_t count;

    if (ticket_hash.len > 0)
        status =
            store_sqlite_ticket_use(store, ticket_hash, &credential->account, credential->created);
    if (status != PK_OK)
        return status;
    status = store_sqlite_account_id(store, &credential->account, &account);
    if (status == PK_NOT_FOUND) {
        status = store_sqlite_account_insert(store, &credential->account);
        account = last_inserted(store);
    }
    if (status == PK_OK)
        status = count_credentials(store, account, &count);
    if (status == PK_OK && count >= max_per_account)
        status = PK_LIMIT_EXCEEDED;
    if (status == PK_OK)
        status = check_name(store, account, credential->name);
    return status == PK_OK ? store_sqlite_credential_insert(store, account, credential) : status;
}

static enum pk_status sqlite_insert(struct store *base, const struct credential *credential,
                                    size_t max_per_account, struct pk_view ticket_hash)
{
    enum pk_status status;

    if (credential->account.user_handle.len == 0 || credential->record.id.len == 0 ||
        credential->record.id.len > PK_CREDENTIAL_ID_MAX)
        return PK_INVALID_ARGUMENT;
    status = transaction_begin(self(base));
    if (status != PK_OK)
        return status;
    status = insert_checked(self(base), credential, max_per_account, ticket_hash);
    return transaction_end(self(base), status);
}

static enum pk_status sqlite_use(struct store *base, struct pk_view credential_id,
                                 const struct credential_use *use)
{
    AUTO_QUERY struct query query =
        query_new(self(base), use->found_id.len > 0
                                  ? "UPDATE credential SET sign_count = ?, backup_state = ?, "
                                    "user_verified = max(user_verified, ?), last_used = ?, "
                                    "credential_id = ?, id_unknown = 0 WHERE credential_id = ? "
                                    "AND id_unknown = 1"
                                  : "UPDATE credential SET sign_count = ?, backup_state = ?, "
                                    "user_verified = max(user_verified, ?), last_used = ? "
                                    "WHERE credential_id = ?");

    bind_integer(&query, use->sign_count);
    bind_integer(&query, use->backup_state);
    bind_integer(&query, use->user_verified);
    bind_integer(&query, use->when);
    if (use->found_id.len > 0)
        bind_blob(&query, use->found_id);
    bind_blob(&query, credential_id);
    return query_change(&query);
}

/*
 * " WHERE" clause for a credential of the account, or of an orphan of its name and uid, whose
 * credentials root may look after; binds the credential id, then bind_account().
 */
#define OWN_CREDENTIAL                                                                             \
    " WHERE credential_id = ? AND account IN "                                                     \
    "(SELECT id FROM account WHERE rp = ? AND name = ? AND uid = ?)"

static enum pk_status sqlite_rename(struct store *base, const struct account *account,
                                    struct pk_view credential_id, const char *name)
{
    AUTO_QUERY struct query query =
        query_new(self(base), "UPDATE credential SET name = ?" OWN_CREDENTIAL);
    enum pk_status status;

    bind_text(&query, name);
    bind_blob(&query, credential_id);
    bind_account(&query, account->rp, account->name, account->uid);
    status = query_change(&query);
    /* The only constraint on a name is that it is unique within the account. */
    return status == PK_EXISTS ? PK_NAME_TAKEN : status;
}

static enum pk_status delete_credential(struct sqlite_store *store, const struct account *account,
                                        struct pk_view credential_id)
{
    AUTO_QUERY struct query query = query_new(store, "DELETE FROM credential" OWN_CREDENTIAL);

    bind_blob(&query, credential_id);
    bind_account(&query, account->rp, account->name, account->uid);
    return query_change(&query);
}

static enum pk_status sqlite_remove(struct store *base, const struct account *account,
                                    struct pk_view credential_id)
{
    enum pk_status status = transaction_begin(self(base));

    if (status != PK_OK)
        return status;
    status = delete_credential(self(base), account, credential_id);
    if (status == PK_OK)
        status = store_sqlite_decisions_forget(self(base), account);
    return transaction_end(self(base), status);
}

static enum pk_status sqlite_get(struct store *base, const char *key, struct pk_bytes *ret)
{
    AUTO_QUERY struct query query = query_new(self(base), "SELECT value FROM fact WHERE key = ?");
    enum pk_status status;

    bind_text(&query, key);
    status = query_step(&query);
    return status == PK_OK ? column_blob(&query, 0, ret) : status;
}

static enum pk_status sqlite_put(struct store *base, const char *key, struct pk_view value)
{
    AUTO_QUERY struct query query =
        query_new(self(base), "INSERT INTO fact (key, value) VALUES (?, ?) "
                              "ON CONFLICT (key) DO UPDATE SET value = excluded.value");

    bind_text(&query, key);
    bind_blob(&query, value);
    return query_run(&query);
}

const struct store_verbs store_sqlite_verbs = {
    .close = store_sqlite_close,
    .account = sqlite_account,
    .list = sqlite_list,
    .insert = sqlite_insert,
    .use = sqlite_use,
    .rename = sqlite_rename,
    .remove = sqlite_remove,
    .get = sqlite_get,
    .put = sqlite_put,
    .ticket_add = store_sqlite_ticket_add,
    .ticket_check = store_sqlite_ticket_check,
    .ticket_find = store_sqlite_ticket_find,
    .tickets_remove = store_sqlite_tickets_remove,
    .recovery_replace = store_sqlite_recovery_replace,
    .recovery_list = store_sqlite_recovery_list,
    .recovery_use = store_sqlite_recovery_use,
    .accounts = store_sqlite_accounts,
    .accounts_update = store_sqlite_accounts_update,
    .adopt = store_sqlite_adopt,
    .holdings = store_sqlite_holdings,
    .count = sqlite_count,
    .user_put = store_sqlite_user_put,
    .user_find = store_sqlite_user_find,
    .transaction_add = store_sqlite_transaction_add,
    .transaction_list = store_sqlite_transaction_list,
    .api_key_add = store_sqlite_api_key_add,
    .api_key_list = store_sqlite_api_key_list,
    .api_key_revoke = store_sqlite_api_key_revoke,
    .signing_key_add = store_sqlite_signing_key_add,
    .signing_key_list = store_sqlite_signing_key_list,
    .decisions_add = store_sqlite_decisions_add,
    .decisions_list = store_sqlite_decisions_list,
    .decisions_last = store_sqlite_decisions_last,
    .state = store_sqlite_state,
    .backup = store_sqlite_backup,
    .restore = store_sqlite_restore,
};
