/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the PostgreSQL store about accounts that come and go. */
#include "store/postgresql/verbs.h"

#include "common/base/cleanup.h"

/* --- accounts --------------------------------------------------------------------------------- */

static enum pk_status read_state(struct query *query, struct account_state *ret)
{
    enum pk_status status;

    *ret = (struct account_state){
        .id = column_integer(query, 0),
        .account = {.uid = (uid_t)column_integer(query, 3),
                    .listed = column_integer(query, 4) != 0},
        .missing_looks = (unsigned)column_integer(query, 5),
        .missing_last = column_integer(query, 6),
    };
    status = column_text(query, 1, &ret->account.rp);
    return status == PK_OK ? column_text(query, 2, &ret->account.name) : status;
}

static enum pk_status accounts_on(struct pg_connection *connection, struct account_states *ret)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT id, rp, name, uid, listed, missing_looks, missing_last "
                              "FROM account WHERE orphaned = 0 AND uid <> 4294967295 ORDER BY id");
    enum pk_status status = query_step(&query);

    states.items = calloc(query_rows(&query) + 1, sizeof(*states.items));
    if (!states.items)
        return PK_NO_MEMORY;
    for (; status == PK_OK; status = query_step(&query)) {
        /* Counted before it is read, so that an incomplete row is freed with the list. */
        status = read_state(&query, &states.items[states.count++]);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = states;
    states = (struct account_states){0};
    return PK_OK;
}

enum pk_status store_postgresql_accounts(struct store *base, struct account_states *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = accounts_on(verb.connection, ret);
    return verb.status;
}

/* --- holdings --------------------------------------------------------------------------------- */

/* Counted by the server: nothing is read of the passkeys but whose they are. */
#define HOLDINGS(where)                                                                            \
    "SELECT h.rp, h.name, h.uid, h.gone, h.passkeys, CASE WHEN h.gone THEN 0 ELSE (SELECT "        \
    "count(*) FROM recovery_code r JOIN account b ON b.id = r.account WHERE b.rp = h.rp AND "      \
    "b.name = h.name AND b.uid = h.uid AND b.orphaned = 0) END FROM (SELECT a.rp, a.name, "        \
    "a.uid, a.orphaned <> 0 AS gone, count(*) AS passkeys FROM account a JOIN credential c "       \
    "ON c.account = a.id" where                                                                    \
    " GROUP BY a.rp, a.name, a.uid, a.orphaned <> 0) AS h ORDER BY h.rp, h.name, h.uid, h.gone"

static enum pk_status read_holding(struct query *query, struct account_holding *ret)
{
    enum pk_status status;

    *ret = (struct account_holding){
        .account = {.uid = (uid_t)column_integer(query, 2),
                    .orphaned = column_integer(query, 3) != 0},
        .passkeys = (size_t)column_integer(query, 4),
        .codes = (size_t)column_integer(query, 5),
    };
    status = column_text(query, 0, &ret->account.rp);
    return status == PK_OK ? column_text(query, 1, &ret->account.name) : status;
}

static enum pk_status holdings_on(struct pg_connection *connection, const uid_t *uid,
                                  struct account_holdings *ret)
{
    static const char everybody[] = HOLDINGS("");
    static const char of_uid[] =
        HOLDINGS(" WHERE a.uid = $1 AND a.uid <> 4294967295 AND a.orphaned = 0");
    AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};
    AUTO_QUERY struct query query = query_new(connection, uid ? of_uid : everybody);
    enum pk_status status;

    if (uid)
        bind_integer(&query, *uid);
    status = query_step(&query);
    holdings.items = calloc(query_rows(&query) + 1, sizeof(*holdings.items));
    if (!holdings.items)
        return PK_NO_MEMORY;
    for (; status == PK_OK; status = query_step(&query)) {
        /* Counted before it is read, so that an incomplete row is freed with the list. */
        status = read_holding(&query, &holdings.items[holdings.count++]);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = holdings;
    holdings = (struct account_holdings){0};
    return PK_OK;
}

enum pk_status store_postgresql_holdings(struct store *base, const uid_t *uid,
                                         struct account_holdings *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = holdings_on(verb.connection, uid, ret);
    return verb.status;
}

/* --- accounts_update -------------------------------------------------------------------------- */

/* The row is locked first: nobody adds a passkey to it meanwhile. */
static enum pk_status make_orphan(struct pg_connection *connection, int64_t id, int64_t now)
{
    enum pk_status status =
        pg_run_for(connection, "SELECT id FROM account WHERE id = $1 FOR UPDATE", id);

    if (status == PK_OK)
        status = pg_run_for(connection,
                            "DELETE FROM ticket WHERE (rp, name, uid) IN "
                            "(SELECT rp, name, uid FROM account WHERE id = $1)",
                            id);
    if (status == PK_OK)
        status = pg_run_for(connection,
                            "DELETE FROM decision WHERE account = $1 "
                            "AND NOT EXISTS (SELECT 1 FROM credential WHERE account = $1)",
                            id);
    /* An account without passkeys and codes leaves nothing that could be adopted. */
    if (status == PK_OK)
        status = pg_run_for(connection,
                            "DELETE FROM account WHERE id = $1 AND orphaned = 0 "
                            "AND NOT EXISTS (SELECT 1 FROM credential WHERE account = $1) "
                            "AND NOT EXISTS (SELECT 1 FROM recovery_code WHERE account = $1)",
                            id);
    if (status == PK_OK)
        status = pg_run_for_at(connection,
                               "UPDATE account SET orphaned = greatest(CAST($1 AS bigint), 1) "
                               "WHERE id = $2 AND orphaned = 0",
                               now, id);
    return status;
}

static enum pk_status apply(struct pg_connection *connection, const struct account_change *change,
                            int64_t now)
{
    switch (change->fate) {
    case ACCOUNT_LISTED:
        return pg_run_for(connection,
                          "UPDATE account SET listed = true, missing_looks = 0, missing_last = 0 "
                          "WHERE id = $1",
                          change->id);
    case ACCOUNT_FOUND:
        return pg_run_for(connection,
                          "UPDATE account SET missing_looks = 0, missing_last = 0 WHERE id = $1",
                          change->id);
    case ACCOUNT_MISSING:
        return pg_run_for_at(connection,
                             "UPDATE account SET missing_looks = missing_looks + 1, "
                             "missing_last = $1 WHERE id = $2",
                             now, change->id);
    case ACCOUNT_GONE:
        return make_orphan(connection, change->id, now);
    }
    return PK_INVALID_ARGUMENT;
}

static enum pk_status update_on(struct pg_connection *connection,
                                const struct account_changes *changes)
{
    enum pk_status status = transaction_begin(connection);

    for (size_t i = 0; i < changes->count && status == PK_OK; i++)
        status = apply(connection, &changes->items[i], changes->now);
    if (status == PK_OK && changes->key)
        status = pg_put(connection, changes->key, changes->value);
    return transaction_end(connection, status);
}

enum pk_status store_postgresql_accounts_update(struct store *base,
                                                const struct account_changes *changes)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = update_on(verb.connection, changes);
    return verb.status;
}

/* --- adopt ------------------------------------------------------------------------------------ */

/* Every row of the name, so that nobody adds to one of them meanwhile. */
static enum pk_status lock_name(struct pg_connection *connection, const struct account *account)
{
    AUTO_QUERY struct query query = query_new(
        connection, "SELECT id FROM account WHERE rp = $1 AND name = $2 ORDER BY id FOR UPDATE");

    bind_text(&query, account->rp);
    bind_text(&query, account->name);
    return query_run(&query);
}

/* The latest first: it is the one that most likely is the same person. */
static enum pk_status find_orphan(struct pg_connection *connection, const struct account *account,
                                  int64_t *ret_id)
{
    AUTO_QUERY struct query query = query_new(
        connection, "SELECT id FROM account WHERE rp = $1 AND name = $2 AND uid <> 4294967295 "
                    "AND (orphaned <> 0 OR uid <> $3) ORDER BY orphaned DESC, id DESC LIMIT 1");
    enum pk_status status;

    bind_account(&query, account->rp, account->name, account->uid);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_id = column_integer(&query, 0);
    return status;
}

static enum pk_status count_passkeys(struct pg_connection *connection, int64_t id, size_t *count)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT count(*) FROM credential WHERE account = $1");
    enum pk_status status;

    bind_integer(&query, id);
    status = query_step(&query);
    if (status == PK_OK)
        *count += (size_t)column_integer(&query, 0);
    return status;
}

/* Lets the orphan live, under the uid that its name has now. */
static enum pk_status revive(struct pg_connection *connection, int64_t id,
                             const struct account *account)
{
    AUTO_QUERY struct query query =
        query_new(connection, "UPDATE account SET orphaned = 0, uid = $1, listed = $2, "
                              "missing_looks = 0, missing_last = 0 WHERE id = $3");

    bind_integer(&query, account->uid);
    bind_integer(&query, account->listed);
    bind_integer(&query, id);
    return query_run(&query);
}

/* Codes that the account has made since replace the orphan's, as new ones always do. */
static enum pk_status merge(struct pg_connection *connection, int64_t orphan, int64_t living)
{
    enum pk_status status = pg_run_for_at(
        connection, "UPDATE credential SET account = $1 WHERE account = $2", living, orphan);

    if (status == PK_EXISTS)
        return PK_NAME_TAKEN;
    if (status == PK_OK)
        status = pg_run_for_at(connection,
                               "UPDATE recovery_code SET account = $1 WHERE account = $2 AND NOT "
                               "EXISTS (SELECT 1 FROM recovery_code WHERE account = $1)",
                               living, orphan);
    if (status == PK_OK)
        status = pg_run_for(connection, "DELETE FROM recovery_code WHERE account = $1", orphan);
    /* Ids are those of the hosts that decided: where two have the same one, one is enough. */
    if (status == PK_OK)
        status = pg_run_for_at(connection,
                               "UPDATE decision SET account = $1 WHERE account = $2 AND id NOT IN "
                               "(SELECT id FROM decision WHERE account = $1)",
                               living, orphan);
    if (status == PK_OK)
        status = pg_run_for(connection, "DELETE FROM decision WHERE account = $1", orphan);
    return status == PK_OK ? pg_run_for(connection, "DELETE FROM account WHERE id = $1", orphan)
                           : status;
}

static enum pk_status adopt_all(struct pg_connection *connection, const struct account *account,
                                size_t *ret_count)
{
    size_t count = 0, orphans = 0;
    int64_t orphan = 0, living = 0;
    enum pk_status status = lock_name(connection, account);

    if (status != PK_OK)
        return status;
    while ((status = find_orphan(connection, account, &orphan)) == PK_OK) {
        orphans++;
        status = count_passkeys(connection, orphan, &count);
        if (status == PK_OK)
            status = pg_account_lock(connection, account, &living);
        if (status == PK_OK)
            status = merge(connection, orphan, living);
        else if (status == PK_NOT_FOUND)
            status = revive(connection, orphan, account);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND || orphans == 0)
        return status;
    *ret_count = count;
    return PK_OK;
}

static enum pk_status adopt_on(struct pg_connection *connection, const struct account *account,
                               size_t *ret_count)
{
    enum pk_status status = transaction_begin(connection);

    if (status == PK_OK)
        status = adopt_all(connection, account, ret_count);
    return transaction_end(connection, status);
}

enum pk_status store_postgresql_adopt(struct store *base, const struct account *account,
                                      size_t *ret_count)
{
    struct verb verb = verb_new(base, VERB_CHANGES);
    size_t count = 0;

    while (verb_next(&verb))
        verb.status = adopt_on(verb.connection, account, &count);
    if (verb.status == PK_OK)
        *ret_count = count;
    return verb.status;
}
