/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the SQLite store about tickets for an enrolment. */
#include "store/sqlite/query.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

enum pk_status store_sqlite_ticket_use(struct sqlite_store *store, struct pk_view hash,
                                       const struct account *account, int64_t now)
{
    AUTO_QUERY struct query query =
        query_new(store, "DELETE FROM ticket WHERE hash = ? AND rp = ? AND name = ? AND uid = ? "
                         "AND expires > ?");
    enum pk_status status;

    bind_blob(&query, hash);
    bind_account(&query, account->rp, account->name, account->uid);
    bind_integer(&query, now);
    status = query_change(&query);
    return status == PK_NOT_FOUND ? PK_TICKET_INVALID : status;
}

/*
 * Those that expired a day ago, by the clock and not by any other ticket: a long one must not void
 * what others were given. The day is for a clock that is set back.
 */
static enum pk_status tickets_prune(struct sqlite_store *store)
{
    AUTO_QUERY struct query query =
        query_new(store, "DELETE FROM ticket WHERE expires < ? - 86400");

    bind_integer(&query, pk_clock_now());
    return query_run(&query);
}

enum pk_status store_sqlite_ticket_add(struct store *base, struct pk_view ticket_hash,
                                       const char *rp, const char *name, uid_t uid, int64_t expires)
{
    AUTO_QUERY struct query query = query_new(
        self(base), "INSERT INTO ticket (hash, rp, name, uid, expires) VALUES (?, ?, ?, ?, ?)");
    enum pk_status status = transaction_begin(self(base));

    if (status != PK_OK)
        return status;
    bind_blob(&query, ticket_hash);
    bind_account(&query, rp, name, uid);
    bind_integer(&query, expires);
    status = tickets_prune(self(base));
    if (status == PK_OK)
        status = query_run(&query);
    return transaction_end(self(base), status);
}

enum pk_status store_sqlite_ticket_check(struct store *base, struct pk_view ticket_hash,
                                         const char *rp, const char *name, uid_t uid, int64_t now)
{
    AUTO_QUERY struct query query =
        query_new(self(base), "SELECT 1 FROM ticket WHERE hash = ? AND rp = ? AND name = ? "
                              "AND uid = ? AND expires > ?");
    enum pk_status status;

    bind_blob(&query, ticket_hash);
    bind_account(&query, rp, name, uid);
    bind_integer(&query, now);
    status = query_step(&query);
    return status == PK_NOT_FOUND ? PK_TICKET_INVALID : status;
}

enum pk_status store_sqlite_ticket_find(struct store *base, struct pk_view ticket_hash, int64_t now,
                                        struct account *ret, int64_t *ret_expires)
{
    AUTO_QUERY struct query query =
        query_new(self(base), "SELECT rp, name, uid, expires FROM ticket WHERE hash = ? "
                              "AND expires > ?");
    AUTO_ACCOUNT struct account account = {.uid = PK_NO_UID};
    enum pk_status status;

    bind_blob(&query, ticket_hash);
    bind_integer(&query, now);
    status = query_step(&query);
    if (status == PK_OK)
        status = column_text(&query, 0, &account.rp);
    if (status == PK_OK)
        status = column_text(&query, 1, &account.name);
    if (status != PK_OK)
        return status == PK_NOT_FOUND ? PK_TICKET_INVALID : status;
    account.uid = (uid_t)column_integer(&query, 2);
    *ret_expires = column_integer(&query, 3);
    *ret = account;
    account = (struct account){.uid = PK_NO_UID}; /* moved */
    return PK_OK;
}

enum pk_status store_sqlite_tickets_remove(struct store *base, const struct account *account)
{
    AUTO_QUERY struct query query =
        query_new(self(base), "DELETE FROM ticket WHERE rp = ? AND name = ? AND uid = ?");
    enum pk_status status = transaction_begin(self(base));

    if (status != PK_OK)
        return status;
    bind_account(&query, account->rp, account->name, account->uid);
    status = query_change(&query);
    return transaction_end(self(base), status);
}
