/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of the PostgreSQL store about users of applications, and what they were asked to
 * confirm.
 */
#include "store/postgresql/verbs.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define DAY 86400 /* seconds */

/* --- users ------------------------------------------------------------------------------------ */

enum pk_status pg_read_user(struct query *query, int column, struct account *ret)
{
    enum pk_status status = column_text(query, column, &ret->user_name);

    if (status == PK_OK)
        status = column_text(query, column + 1, &ret->display_name);
    if (status == PK_OK)
        status = column_text(query, column + 2, &ret->icon);
    ret->created = column_integer(query, column + 3);
    return status;
}

#define USER_COLUMNS                                                                               \
    "a.rp, a.name, a.user_handle, "                                                                \
    "(SELECT count(*) FROM credential c WHERE c.account = a.id), "                                 \
    "a.user_name, a.display_name, a.icon, a.created"
#define IS_USER " AND a.uid = 4294967295 AND a.orphaned = 0"

static enum pk_status read_found(struct query *query, struct account *ret, size_t *ret_passkeys)
{
    AUTO_ACCOUNT struct account found = {.uid = PK_NO_UID};
    enum pk_status status = column_text(query, 0, &found.rp);

    if (status == PK_OK)
        status = column_text(query, 1, &found.name);
    if (status == PK_OK)
        status = column_blob(query, 2, &found.user_handle);
    if (status == PK_OK)
        status = pg_read_user(query, 4, &found);
    if (status != PK_OK)
        return status;
    if (ret_passkeys)
        *ret_passkeys = (size_t)column_integer(query, 3);
    *ret = found;
    found = (struct account){0};
    return PK_OK;
}

static enum pk_status find_on(struct pg_connection *connection, const struct user_filter *filter,
                              struct account *ret, size_t *ret_passkeys)
{
    static const char by_id[] = "SELECT " USER_COLUMNS " FROM account a "
                                "WHERE a.rp = $1 AND a.name = $2" IS_USER;
    static const char by_user_name[] =
        "SELECT " USER_COLUMNS " FROM account a "
        "WHERE a.rp = $1 AND a.user_name = $2" IS_USER " ORDER BY a.id LIMIT 1";
    static const char by_handle[] = "SELECT " USER_COLUMNS " FROM account a "
                                    "WHERE a.rp = $1 AND a.user_handle = $2" IS_USER;
    const char *sql = filter->id ? by_id : filter->user_name ? by_user_name : by_handle;
    AUTO_QUERY struct query query = query_new(connection, sql);
    enum pk_status status;

    bind_text(&query, filter->rp);
    if (filter->id || filter->user_name)
        bind_text(&query, filter->id ? filter->id : filter->user_name);
    else
        bind_blob(&query, filter->user_handle);
    status = query_step(&query);
    return status == PK_OK ? read_found(&query, ret, ret_passkeys) : status;
}

enum pk_status store_postgresql_user_find(struct store *base, const struct user_filter *filter,
                                          struct account *ret, size_t *ret_passkeys)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = find_on(verb.connection, filter, ret, ret_passkeys);
    return verb.status;
}

static bool says_nothing_new(const char *said, const char *known)
{
    return !said || (known && strcmp(said, known) == 0);
}

static enum pk_status user_update(struct pg_connection *connection, const struct account *user)
{
    AUTO_QUERY struct query query =
        query_new(connection, "UPDATE account SET user_name = coalesce($1, user_name), "
                              "display_name = coalesce($2, display_name), "
                              "icon = coalesce($3, icon) WHERE rp = $4 AND name = $5 "
                              "AND uid = 4294967295 AND orphaned = 0");

    bind_text(&query, user->user_name);
    bind_text(&query, user->display_name);
    bind_text(&query, user->icon);
    bind_text(&query, user->rp);
    bind_text(&query, user->name);
    return query_change(&query);
}

static enum pk_status put_on(struct pg_connection *connection, const struct account *user,
                             struct account *ret)
{
    const struct user_filter filter = {.rp = user->rp, .id = user->name};
    AUTO_ACCOUNT struct account known = {.uid = PK_NO_UID};
    enum pk_status status = find_on(connection, &filter, &known, NULL);

    /* Most registrations bring nothing new, and need not wait for the disk. */
    if (status == PK_OK && says_nothing_new(user->user_name, known.user_name) &&
        says_nothing_new(user->display_name, known.display_name) &&
        says_nothing_new(user->icon, known.icon)) {
        *ret = known;
        known = (struct account){0};
        return PK_OK;
    }
    if (status != PK_OK && status != PK_NOT_FOUND)
        return status;
    status = status == PK_OK ? user_update(connection, user) : pg_account_insert(connection, user);
    if (status == PK_OK)
        return find_on(connection, &filter, ret, NULL);
    if (status == PK_NOT_FOUND) /* another host has removed the user in the meantime */
        return PG_AGAIN;
    /* Or made it; else the handle is another's. */
    return status == PK_EXISTS && find_on(connection, &filter, &known, NULL) == PK_OK ? PG_AGAIN
                                                                                      : status;
}

enum pk_status store_postgresql_user_put(struct store *base, const struct account *user,
                                         struct account *ret)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    if (user->uid != PK_NO_UID || user->user_handle.len == 0)
        return PK_INVALID_ARGUMENT;
    while (verb_next(&verb))
        verb.status = put_on(verb.connection, user, ret);
    return verb.status;
}

/* --- transactions ----------------------------------------------------------------------------- */

static enum pk_status transaction_insert(struct pg_connection *connection,
                                         const struct transaction *transaction)
{
    AUTO_QUERY struct query query =
        query_new(connection, "INSERT INTO user_transaction (rp, id, account, data, created) "
                              "SELECT rp, $1, id, $2, $3 FROM account WHERE rp = $4 AND name = $5 "
                              "AND uid = 4294967295 AND orphaned = 0");

    bind_text(&query, transaction->id);
    bind_text(&query, transaction->data);
    bind_integer(&query, transaction->created);
    bind_text(&query, transaction->rp);
    bind_text(&query, transaction->user);
    return query_change(&query);
}

/* They are never deleted, and whoever has a token makes them. */
static enum pk_status check_day(struct pg_connection *connection,
                                const struct transaction *transaction)
{
    AUTO_QUERY struct query query = query_new(
        connection, "SELECT CAST(coalesce(sum(octet_length(id) + octet_length(data)), 0) AS "
                    "bigint) FROM user_transaction WHERE account = "
                    "(SELECT id FROM account WHERE rp = $1 AND name = $2 "
                    "AND uid = 4294967295 AND orphaned = 0) AND created > $3");
    enum pk_status status;

    bind_text(&query, transaction->rp);
    bind_text(&query, transaction->user);
    bind_integer(&query, transaction->created - DAY);
    status = query_step(&query);
    if (status != PK_OK)
        return status;
    return column_integer(&query, 0) + (int64_t)strlen(transaction->data) > PK_TRANSACTIONS_DAY
               ? PK_LIMIT_EXCEEDED
               : PK_OK;
}

static enum pk_status transaction_add_on(struct pg_connection *connection,
                                         const struct transaction *transaction)
{
    enum pk_status status = check_day(connection, transaction);

    return status == PK_OK ? transaction_insert(connection, transaction) : status;
}

enum pk_status store_postgresql_transaction_add(struct store *base,
                                                const struct transaction *transaction)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = transaction_add_on(verb.connection, transaction);
    return verb.status;
}

static enum pk_status read_transaction(struct query *query, const char *rp, const char *user,
                                       struct transaction *ret)
{
    enum pk_status status;

    *ret = (struct transaction){.created = column_integer(query, 2)};
    status = pk_text_copy(rp, &ret->rp);
    if (status == PK_OK)
        status = pk_text_copy(user, &ret->user);
    if (status == PK_OK)
        status = column_text(query, 0, &ret->id);
    return status == PK_OK ? column_text(query, 1, &ret->data) : status;
}

/* The server stops where enough bytes were found, so that a thousand long ones are not sent. */
#define LATEST                                                                                     \
    "SELECT id, data, created FROM (SELECT id, data, created, coalesce(sum(octet_length(data)) "   \
    "OVER (ORDER BY created DESC, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS "    \
    "before FROM user_transaction WHERE account = (SELECT id FROM account WHERE rp = $1 "          \
    "AND name = $2 AND uid = 4294967295 AND orphaned = 0) ORDER BY created DESC, id LIMIT $3) "    \
    "AS latest WHERE before < $4 ORDER BY created DESC, id"

static enum pk_status transaction_list_on(struct pg_connection *connection, const char *rp,
                                          const char *user, struct transaction_list *ret)
{
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};
    AUTO_QUERY struct query query = query_new(connection, LATEST);
    enum pk_status status;

    bind_text(&query, rp);
    bind_text(&query, user);
    bind_integer(&query, PK_TRANSACTIONS_LISTED);
    bind_integer(&query, PK_TRANSACTIONS_BYTES);
    status = query_step(&query);
    list.items = calloc(query_rows(&query) + 1, sizeof(*list.items));
    if (!list.items)
        return PK_NO_MEMORY;
    for (; status == PK_OK; status = query_step(&query)) {
        /* Counted before it is read, so that an incomplete row is freed with the list. */
        status = read_transaction(&query, rp, user, &list.items[list.count++]);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct transaction_list){0};
    return PK_OK;
}

enum pk_status store_postgresql_transaction_list(struct store *base, const char *rp,
                                                 const char *user, struct transaction_list *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = transaction_list_on(verb.connection, rp, user, ret);
    return verb.status;
}
