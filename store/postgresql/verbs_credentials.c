/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the PostgreSQL store that find credentials and add them. */
#include "store/postgresql/verbs.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

/* --- rows ------------------------------------------------------------------------------------- */

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
        status = pg_read_user(query, 27, &ret->account);
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

/* --- list and count --------------------------------------------------------------------------- */

#define SQL_MAX 1600

struct text {
    char sql[SQL_MAX];
    size_t len;
    int parameters;
};

static void append(struct text *text, const char *sql)
{
    int len = snprintf(text->sql + text->len, SQL_MAX - text->len, "%s", sql);

    text->len += (size_t)len < SQL_MAX - text->len ? (size_t)len : SQL_MAX - text->len - 1;
}

/* " AND COLUMN = $n", where it is wanted. */
static void compare(struct text *text, bool wanted, const char *column)
{
    char number[16];

    if (!wanted)
        return;
    snprintf(number, sizeof(number), " = $%d", ++text->parameters);
    append(text, " AND ");
    append(text, column);
    append(text, number);
}

/* Only the members that the filter sets are compared, so that an index can be used. */
static void append_filter(struct text *text, const struct credential_filter *filter,
                          const char *columns)
{
    append(text, "SELECT ");
    append(text, columns);
    append(text, " FROM credential c JOIN account a ON a.id = c.account WHERE true");
    compare(text, filter->rp, "a.rp");
    compare(text, filter->account_name, "a.name");
    compare(text, filter->uid, "a.uid");
    /* The index of uids has none of the users of applications, whose uid is one and the same. */
    if (filter->uid && *filter->uid != PK_NO_UID)
        append(text, " AND a.uid <> 4294967295");
    compare(text, filter->credential_id.len > 0, "c.credential_id");
    compare(text, filter->user_handle.len > 0, "c.user_handle");
    append(text, filter->living ? " AND a.orphaned = 0" : "");
    append(text, filter->first_factor ? " AND NOT c.mfa" : "");
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

static void append_order(struct text *text, const struct credential_filter *filter)
{
    char limit[48];

    switch (filter->order) {
    case CREDENTIALS_OLDEST_FIRST:
        append(text, " ORDER BY c.created, c.id");
        break;
    case CREDENTIALS_NEWEST_FIRST:
        append(text, " ORDER BY c.created DESC, c.id DESC");
        break;
    case CREDENTIALS_BY_ACCOUNT:
        append(text, " ORDER BY a.rp, a.name, a.uid, c.created, c.id");
        break;
    }
    if (filter->limit == 0)
        return;
    snprintf(limit, sizeof(limit), " LIMIT $%d OFFSET $%d", text->parameters + 1,
             text->parameters + 2);
    append(text, limit);
}

static enum pk_status read_rows(struct query *query, struct credential_list *list)
{
    enum pk_status status = query_step(query);

    if (status != PK_OK)
        return status;
    list->items = calloc(query_rows(query), sizeof(*list->items));
    if (!list->items)
        return PK_NO_MEMORY;
    for (; status == PK_OK; status = query_step(query)) {
        /* Counted before it is read, so that an incomplete row is freed with the list. */
        status = read_credential(query, &list->items[list->count++]);
        if (status != PK_OK)
            return status;
    }
    return status;
}

static enum pk_status list_on(struct pg_connection *connection,
                              const struct credential_filter *filter, struct credential_list *ret)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    struct text text = {0};
    enum pk_status status;

    append_filter(&text, filter, CREDENTIAL_COLUMNS);
    append_order(&text, filter);
    AUTO_QUERY struct query query = query_new(connection, text.sql);
    bind_filter(&query, filter);
    if (filter->limit > 0) {
        bind_integer(&query, (int64_t)filter->limit);
        bind_integer(&query, (int64_t)filter->offset);
    }
    status = read_rows(&query, &list);
    if (status != PK_NOT_FOUND)
        return status == PK_OK ? PK_INTERNAL : status;
    *ret = list;
    list = (struct credential_list){0};
    return PK_OK;
}

enum pk_status store_postgresql_list(struct store *base, const struct credential_filter *filter,
                                     struct credential_list *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = list_on(verb.connection, filter, ret);
    return verb.status;
}

static enum pk_status count_on(struct pg_connection *connection,
                               const struct credential_filter *filter, size_t *ret_count)
{
    struct text text = {0};
    enum pk_status status;

    append_filter(&text, filter, "count(*)");
    AUTO_QUERY struct query query = query_new(connection, text.sql);
    bind_filter(&query, filter);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_count = (size_t)column_integer(&query, 0);
    return status;
}

enum pk_status store_postgresql_count(struct store *base, const struct credential_filter *filter,
                                      size_t *ret_count)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = count_on(verb.connection, filter, ret_count);
    return verb.status;
}

/* --- insert ----------------------------------------------------------------------------------- */

static void bind_record(struct query *query, const struct credential *credential)
{
    const struct pk_credential_record *record = &credential->record;
    const struct pk_bytes *user_handle =
        record->user_handle.len > 0 ? &record->user_handle : &credential->account.user_handle;

    bind_text(query, credential->rp_id);
    bind_blob(query, pk_view_of(&record->id));
    bind_blob(query, pk_view_of(&record->public_key));
    bind_blob(query, pk_view_of(user_handle));
    bind_blob(query, (struct pk_view){credential->aaguid, PK_AAGUID_SIZE});
    bind_text(query, credential->name);
    bind_text(query, credential->format);
    bind_text(query, credential->attestation_type);
    bind_text(query, credential->trust);
    bind_text(query, credential->instrument_display_name);
    bind_integer(query, record->sign_count);
    bind_integer(query, record->backup_eligible);
    bind_integer(query, record->backup_state);
    bind_integer(query, record->payment);
    bind_integer(query, credential->algorithm);
    bind_integer(query, credential->transports);
    bind_integer(query, credential->discoverable);
    bind_integer(query, credential->user_verified);
    bind_integer(query, credential->created);
    bind_integer(query, credential->last_used);
    bind_integer(query, credential->cred_protect);
    bind_integer(query, credential->mfa);
    bind_text(query, credential->imported);
    bind_integer(query, record->verification);
    bind_integer(query, credential->id_unknown);
}

/* Not waited for: what is wrong with it is the transaction's failure. */
static enum pk_status insert_row(struct pg_connection *connection, int64_t account,
                                 const struct credential *credential)
{
    AUTO_QUERY struct query query = query_new(
        connection,
        "INSERT INTO credential (account, rp, rp_id, credential_id, public_key, user_handle, "
        "aaguid, name, format, attestation_type, trust, instrument_display_name, sign_count, "
        "backup_eligible, backup_state, payment, algorithm, transports, discoverable, "
        "user_verified, created, last_used, cred_protect, mfa, imported, verification, "
        "id_unknown) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
        "$16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)");

    bind_integer(&query, account);
    bind_text(&query, credential->account.rp);
    bind_record(&query, credential);
    query_queue(&query);
    return query.status;
}

static void bind_ticket(struct query *query, struct pk_view hash, const struct account *account,
                        int64_t now)
{
    bind_blob(query, hash);
    bind_account(query, account->rp, account->name, account->uid);
    bind_integer(query, now);
}

/*
 * What the account has, once its row is locked: a statement of its own, because one sees what was
 * committed when it began, and not what the lock has waited for.
 */
static enum pk_status check_account(struct pg_connection *connection, int64_t account,
                                    const char *name, size_t max)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT count(*), count(*) FILTER (WHERE name = $2) FROM credential "
                              "WHERE account = $1");
    enum pk_status status;

    bind_integer(&query, account);
    bind_text(&query, name);
    status = query_step(&query);
    if (status == PK_OK && (size_t)column_integer(&query, 0) >= max)
        return PK_LIMIT_EXCEEDED;
    return status == PK_OK && column_integer(&query, 1) > 0 ? PK_NAME_TAKEN : status;
}

/* Locks the account's row, and makes it where it is missing and no other host has just made it. */
static enum pk_status need_account(struct pg_connection *connection, const struct account *account,
                                   int64_t *ret_id)
{
    enum pk_status status = pg_account_lock(connection, account, ret_id);
    enum pk_status made;

    if (status != PK_NOT_FOUND)
        return status;
    made = pg_account_insert(connection, account);
    if (made != PK_OK && made != PK_EXISTS)
        return made;
    status = pg_account_lock(connection, account, ret_id);
    return status == PK_NOT_FOUND ? made : status;
}

static enum pk_status insert_checked(struct pg_connection *connection,
                                     const struct credential *credential, size_t max_per_account,
                                     struct pk_view ticket_hash)
{
    AUTO_QUERY struct query ticket =
        query_new(connection, "DELETE FROM ticket WHERE hash = $1 AND rp = $2 AND name = $3 "
                              "AND uid = $4 AND expires > $5 RETURNING 1");
    enum pk_status status;
    int64_t account = 0;

    if (ticket_hash.len > 0) {
        bind_ticket(&ticket, ticket_hash, &credential->account, credential->created);
        query_queue(&ticket);
    }
    status = need_account(connection, &credential->account, &account);
    if (status == PK_OK && ticket_hash.len > 0) {
        status = query_step(&ticket);
        status = status == PK_NOT_FOUND ? PK_TICKET_INVALID : status;
    }
    if (status == PK_OK)
        status = check_account(connection, account, credential->name, max_per_account);
    return status == PK_OK ? insert_row(connection, account, credential) : status;
}

static enum pk_status insert_on(struct pg_connection *connection,
                                const struct credential *credential, size_t max_per_account,
                                struct pk_view ticket_hash)
{
    enum pk_status status = transaction_begin(connection);

    if (status == PK_OK)
        status = insert_checked(connection, credential, max_per_account, ticket_hash);
    return transaction_end(connection, status);
}

enum pk_status store_postgresql_insert(struct store *base, const struct credential *credential,
                                       size_t max_per_account, struct pk_view ticket_hash)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    if (credential->account.user_handle.len == 0 || credential->record.id.len == 0 ||
        credential->record.id.len > PK_CREDENTIAL_ID_MAX)
        return PK_INVALID_ARGUMENT;
    while (verb_next(&verb))
        verb.status = insert_on(verb.connection, credential, max_per_account, ticket_hash);
    return verb.status;
}
