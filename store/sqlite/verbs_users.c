/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the SQLite store about users of applications, and what they were asked to confirm.
 */
#include "store/sqlite/query.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

#define DAY 86400 /* seconds */

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

/* --- users ------------------------------------------------------------------------------------ */

enum pk_status store_sqlite_read_user(struct query *query, int column, struct account *ret)
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
        status = store_sqlite_read_user(query, 4, &found);
    if (status != PK_OK)
        return status;
    if (ret_passkeys)
        *ret_passkeys = (size_t)column_integer(query, 3);
    *ret = found;
    found = (struct account){0};
    return PK_OK;
}

enum pk_status store_sqlite_user_find(struct store *base, const struct user_filter *filter,
                                      struct account *ret, size_t *ret_passkeys)
{
    static const char by_id[] = "SELECT " USER_COLUMNS " FROM account a "
                                "WHERE a.rp = ? AND a.name = ?" IS_USER;
    static const char by_user_name[] =
        "SELECT " USER_COLUMNS " FROM account a "
        "WHERE a.rp = ? AND a.user_name = ?" IS_USER " ORDER BY a.id LIMIT 1";
    static const char by_handle[] = "SELECT " USER_COLUMNS " FROM account a "
                                    "WHERE a.rp = ? AND a.user_handle = ?" IS_USER;
    const char *sql = filter->id ? by_id : filter->user_name ? by_user_name : by_handle;
    AUTO_QUERY struct query query = query_new(self(base), sql);
    enum pk_status status;

    bind_text(&query, filter->rp);
    if (filter->id || filter->user_name)
        bind_text(&query, filter->id ? filter->id : filter->user_name);
    else
        bind_blob(&query, filter->user_handle);
    status = query_step(&query);
    return status == PK_OK ? read_found(&query, ret, ret_passkeys) : status;
}

static bool says_nothing_new(const char *said, const char *known)
{
    return !said || (known && strcmp(said, known) == 0);
}

static enum pk_status user_update(struct sqlite_store *store, const struct account *user)
{
    AUTO_QUERY struct query query =
        query_new(store, "UPDATE account SET user_name = coalesce(?, user_name), display_name = "
                         "coalesce(?, display_name), icon = coalesce(?, icon) WHERE rp = ? "
                         "AND name = ? AND uid = 4294967295 AND orphaned = 0");

    bind_text(&query, user->user_name);
    bind_text(&query, user->display_name);
    bind_text(&query, user->icon);
    bind_text(&query, user->rp);
    bind_text(&query, user->name);
    return query_change(&query);
}

static enum pk_status user_write(struct store *base, const struct account *user,
                                 struct account *ret)
{
    const struct user_filter filter = {.rp = user->rp, .id = user->name};
    enum pk_status status = transaction_begin(self(base));

    if (status != PK_OK)
        return status;
    status = user_update(self(base), user);
    if (status == PK_NOT_FOUND)
        status = store_sqlite_account_insert(self(base), user);
    if (status == PK_OK)
        status = store_sqlite_user_find(base, &filter, ret, NULL);
    return transaction_end(self(base), status);
}

enum pk_status store_sqlite_user_put(struct store *base, const struct account *user,
                                     struct account *ret)
{
    const struct user_filter filter = {.rp = user->rp, .id = user->name};
    AUTO_ACCOUNT struct account known = {.uid = PK_NO_UID};
    AUTO_ACCOUNT struct account written = {.uid = PK_NO_UID};
    enum pk_status status;

    if (user->uid != PK_NO_UID || user->user_handle.len == 0)
        return PK_INVALID_ARGUMENT;
    status = store_sqlite_user_find(base, &filter, &known, NULL);
    if (status != PK_OK && status != PK_NOT_FOUND)
        return status;
    /* Most registrations bring nothing new, and need not wait for the disk. */
    if (status == PK_OK && says_nothing_new(user->user_name, known.user_name) &&
        says_nothing_new(user->display_name, known.display_name) &&
        says_nothing_new(user->icon, known.icon)) {
        *ret = known;
        known = (struct account){0};
        return PK_OK;
    }
    status = user_write(base, user, &written);
    if (status != PK_OK)
        return status;
    *ret = written;
    written = (struct account){0};
    return PK_OK;
}

/* --- transactions ----------------------------------------------------------------------------- */

static enum pk_status transaction_insert(struct sqlite_store *store,
                                         const struct transaction *transaction)
{
    AUTO_QUERY struct query query =
        query_new(store, "INSERT INTO user_transaction (rp, id, account, data, created) "
                         "SELECT rp, ?, id, ?, ? FROM account WHERE rp = ? AND name = ? "
                         "AND uid = 4294967295 AND orphaned = 0");

    bind_text(&query, transaction->id);
    bind_text(&query, transaction->data);
    bind_integer(&query, transaction->created);
    bind_text(&query, transaction->rp);
    bind_text(&query, transaction->user);
    return query_change(&query);
}

/* They are never deleted, and whoever has a token makes them. */
static enum pk_status check_day(struct sqlite_store *store, const struct transaction *transaction)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT coalesce(sum(length(id) + length(data)), 0) "
                         "FROM user_transaction WHERE account = "
                         "(SELECT id FROM account WHERE rp = ? AND name = ? "
                         "AND uid = 4294967295 AND orphaned = 0) AND created > ?");
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

enum pk_status store_sqlite_transaction_add(struct store *base,
                                            const struct transaction *transaction)
{
    enum pk_status status = check_day(self(base), transaction);

    return status ? status : transaction_insert(self(base), transaction);
}

static enum pk_status append_transaction(struct query *query, const char *rp, const char *user,
                                         struct transaction_list *list)
{
    struct transaction *items = reallocarray(list->items, list->count + 1, sizeof(*items));
    struct transaction *item;
    enum pk_status status;

    if (!items)
        return PK_NO_MEMORY;
    list->items = items;
    /* Counted before it is read, so that an incomplete row is freed with the list. */
    item = &items[list->count++];
    *item = (struct transaction){.created = column_integer(query, 2)};
    status = pk_text_copy(rp, &item->rp);
    if (status == PK_OK)
        status = pk_text_copy(user, &item->user);
    if (status == PK_OK)
        status = column_text(query, 0, &item->id);
    return status == PK_OK ? column_text(query, 1, &item->data) : status;
}

enum pk_status store_sqlite_transaction_list(struct store *base, const char *rp, const char *user,
                                             struct transaction_list *ret)
{
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};
    AUTO_QUERY struct query query =
        query_new(self(base), "SELECT id, data, created FROM user_transaction WHERE account = "
                              "(SELECT id FROM account WHERE rp = ? AND name = ? "
                              "AND uid = 4294967295 AND orphaned = 0) "
                              "ORDER BY created DESC, id LIMIT ?");
    enum pk_status status = PK_OK;
    size_t bytes = 0;

    bind_text(&query, rp);
    bind_text(&query, user);
    bind_integer(&query, PK_TRANSACTIONS_LISTED);
    while (bytes < PK_TRANSACTIONS_BYTES && (status = query_step(&query)) == PK_OK) {
        status = append_transaction(&query, rp, user, &list);
        if (status != PK_OK)
            return status;
        bytes += strlen(list.items[list.count - 1].data);
    }
    if (status != PK_OK && status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct transaction_list){0};
    return PK_OK;
}
