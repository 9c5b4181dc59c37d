/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the PostgreSQL store about tickets. insert, in verbs_credentials.c, uses one up. */
#include "store/postgresql/verbs.h"

#include "common/base/clock.h"

struct ticket {
    struct pk_view hash;
    const char *rp;
    const char *name;
    uid_t uid;
    int64_t when; /* it expires, or is looked at */
};

static void bind_ticket(struct query *query, const struct ticket *ticket)
{
    bind_blob(query, ticket->hash);
    bind_account(query, ticket->rp, ticket->name, ticket->uid);
    bind_integer(query, ticket->when);
}

/*
 * With it go those that expired a day ago, by the clock and not by any other ticket: a long one
 * must not void what others were given. The day is for a clock that is set back.
 */
static enum pk_status ticket_add_on(struct pg_connection *connection, const struct ticket *ticket)
{
    AUTO_QUERY struct query prune =
        query_new(connection, "DELETE FROM ticket WHERE expires < $1 - 86400");
    AUTO_QUERY struct query query =
        query_new(connection, "INSERT INTO ticket (hash, rp, name, uid, expires) "
                              "VALUES ($1, $2, $3, $4, $5)");
    enum pk_status status = transaction_begin(connection);

    bind_integer(&prune, pk_clock_now());
    bind_ticket(&query, ticket);
    if (status == PK_OK) {
        query_queue(&prune);
        query_queue(&query);
    }
    return transaction_end(connection, status);
}

enum pk_status store_postgresql_ticket_add(struct store *base, struct pk_view ticket_hash,
                                           const char *rp, const char *name, uid_t uid,
                                           int64_t expires)
{
    const struct ticket ticket = {
        .hash = ticket_hash, .rp = rp, .name = name, .uid = uid, .when = expires};
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = ticket_add_on(verb.connection, &ticket);
    return verb.status;
}

static enum pk_status ticket_check_on(struct pg_connection *connection, const struct ticket *ticket)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT 1 FROM ticket WHERE hash = $1 AND rp = $2 AND name = $3 "
                              "AND uid = $4 AND expires > $5");
    enum pk_status status;

    bind_ticket(&query, ticket);
    status = query_step(&query);
    return status == PK_NOT_FOUND ? PK_TICKET_INVALID : status;
}

enum pk_status store_postgresql_ticket_check(struct store *base, struct pk_view ticket_hash,
                                             const char *rp, const char *name, uid_t uid,
                                             int64_t now)
{
    const struct ticket ticket = {
        .hash = ticket_hash, .rp = rp, .name = name, .uid = uid, .when = now};
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = ticket_check_on(verb.connection, &ticket);
    return verb.status;
}

static enum pk_status ticket_find_on(struct pg_connection *connection, struct pk_view hash,
                                     int64_t now, struct account *ret, int64_t *ret_expires)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT rp, name, uid, expires FROM ticket WHERE hash = $1 "
                              "AND expires > $2");
    AUTO_ACCOUNT struct account account = {.uid = PK_NO_UID};
    enum pk_status status;

    bind_blob(&query, hash);
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

enum pk_status store_postgresql_ticket_find(struct store *base, struct pk_view ticket_hash,
                                            int64_t now, struct account *ret, int64_t *ret_expires)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = ticket_find_on(verb.connection, ticket_hash, now, ret, ret_expires);
    return verb.status;
}

static enum pk_status tickets_remove_on(struct pg_connection *connection,
                                        const struct account *account)
{
    AUTO_QUERY struct query query =
        query_new(connection, "DELETE FROM ticket WHERE rp = $1 AND name = $2 AND uid = $3");

    bind_account(&query, account->rp, account->name, account->uid);
    return query_change(&query);
}

enum pk_status store_postgresql_tickets_remove(struct store *base, const struct account *account)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = tickets_remove_on(verb.connection, account);
    return verb.status;
}
