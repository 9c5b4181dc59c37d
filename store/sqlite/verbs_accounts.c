/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the SQLite store about accounts that come and go: see presence.h. */
#include "store/sqlite/query.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

/* --- accounts --------------------------------------------------------------------------------- */

static enum pk_status append_state(struct query *query, struct account_states *states)
{
    struct account_state *items =
        reallocarray(states->items, states->count + 1, sizeof(*states->items));
    struct account_state *state;
    enum pk_status status;

    if (!items)
        return PK_NO_MEMORY;
    states->items = items;
    /* Counted before it is read, so that an incomplete row is freed with the list. */
    state = &items[states->count++];
    *state = (struct account_state){
        .id = column_integer(query, 0),
        .account = {.uid = (uid_t)column_integer(query, 3),
                    .listed = column_integer(query, 4) != 0},
        .missing_looks = (unsigned)column_integer(query, 5),
        .missing_last = column_integer(query, 6),
    };
    status = column_text(query, 1, &state->account.rp);
    return status == PK_OK ? column_text(query, 2, &state->account.name) : status;
}

enum pk_status store_sqlite_accounts(struct store *base, struct account_states *ret)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    AUTO_QUERY struct query query =
        query_new(self(base), "SELECT id, rp, name, uid, listed, missing_looks, missing_last "
                              "FROM account WHERE orphaned = 0 AND uid <> 4294967295 ORDER BY id");
    enum pk_status status;

    while ((status = query_step(&query)) == PK_OK) {
        status = append_state(&query, &states);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = states;
    states = (struct account_states){0};
    return PK_OK;
}

/* --- holdings --------------------------------------------------------------------------------- */

/* Counted by SQLite: nothing is read of the passkeys but whose they are. */
#define HOLDINGS(where)                                                                            \
    "SELECT a.rp, a.name, a.uid, a.orphaned <> 0, count(*), CASE WHEN a.orphaned = 0 THEN "        \
    "(SELECT count(*) FROM recovery_code r WHERE r.account = a.id) ELSE 0 END "                    \
    "FROM account a CROSS JOIN credential c ON c.account = a.id" where                             \
    " GROUP BY a.rp, a.name, a.uid, a.orphaned <> 0"

static enum pk_status append_holding(struct query *query, struct account_holdings *holdings,
                                     size_t *size)
{
    struct account_holding *holding;
    enum pk_status status;

    if (holdings->count == *size) {
        size_t more = *size ? 2 * *size : 16;
        struct account_holding *items =
            reallocarray(holdings->items, more, sizeof(*holdings->items));

        if (!items)
            return PK_NO_MEMORY;
        holdings->items = items;
        *size = more;
    }
    /* Counted before it is read, so that an incomplete row is freed with the list. */
    holding = &holdings->items[holdings->count++];
    *holding = (struct account_holding){
        .account = {.uid = (uid_t)column_integer(query, 2),
                    .orphaned = column_integer(query, 3) != 0},
        .passkeys = (size_t)column_integer(query, 4),
        .codes = (size_t)column_integer(query, 5),
    };
    status = column_text(query, 0, &holding->account.rp);
    return status == PK_OK ? column_text(query, 1, &holding->account.name) : status;
}

enum pk_status store_sqlite_holdings(struct store *base, const uid_t *uid,
                                     struct account_holdings *ret)
{
    static const char everybody[] = HOLDINGS("");
    static const char of_uid[] =
        HOLDINGS(" WHERE a.uid = ? AND a.uid <> 4294967295 AND a.orphaned = 0");
    AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};
    AUTO_QUERY struct query query = query_new(self(base), uid ? of_uid : everybody);
    enum pk_status status;
    size_t size = 0;

    if (uid)
        bind_integer(&query, *uid);
    while ((status = query_step(&query)) == PK_OK) {
        status = append_holding(&query, &holdings, &size);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = holdings;
    holdings = (struct account_holdings){0};
    return PK_OK;
}

/* --- accounts_update -------------------------------------------------------------------------- */

static enum pk_status run_for(struct sqlite_store *store, const char *sql, int64_t id)
{
    AUTO_QUERY struct query query = query_new(store, sql);

    bind_integer(&query, id);
    return query_run(&query);
}

static enum pk_status run_for_at(struct sqlite_store *store, const char *sql, int64_t when,
                                 int64_t id)
{
    AUTO_QUERY struct query query = query_new(store, sql);

    bind_integer(&query, when);
    bind_integer(&query, id);
    return query_run(&query);
}

/* An account without passkeys and codes leaves nothing that could be adopted. */
static enum pk_status make_orphan(struct sqlite_store *store, int64_t id, int64_t now)
{
    enum pk_status status = run_for(store,
                                    "DELETE FROM ticket WHERE (rp, name, uid) = "
                                    "(SELECT rp, name, uid FROM account WHERE id = ?)",
                                    id);

    if (status == PK_OK)
        status = run_for(store,
                         "DELETE FROM decision WHERE account = ?1 "
                         "AND NOT EXISTS (SELECT 1 FROM credential WHERE account = ?1)",
                         id);
    if (status == PK_OK)
        status = run_for(store,
                         "DELETE FROM account WHERE id = ?1 AND orphaned = 0 "
                         "AND NOT EXISTS (SELECT 1 FROM credential WHERE account = ?1) "
                         "AND NOT EXISTS (SELECT 1 FROM recovery_code WHERE account = ?1)",
                         id);
    if (status == PK_OK)
        status = run_for_at(store,
                            "UPDATE account SET orphaned = max(?, 1) WHERE id = ? AND orphaned = 0",
                            now, id);
    return status;
}

static enum pk_status apply(struct sqlite_store *store, const struct account_change *change,
                            int64_t now)
{
    switch (change->fate) {
    case ACCOUNT_LISTED:
        return run_for(store,
                       "UPDATE account SET listed = 1, missing_looks = 0, missing_last = 0 "
                       "WHERE id = ?",
                       change->id);
    case ACCOUNT_FOUND:
        return run_for(store, "UPDATE account SET missing_looks = 0, missing_last = 0 WHERE id = ?",
                       change->id);
    case ACCOUNT_MISSING:
        return run_for_at(store,
                          "UPDATE account SET missing_looks = missing_looks + 1, missing_last = ? "
                          "WHERE id = ?",
                          now, change->id);
    case ACCOUNT_GONE:
        return make_orphan(store, change->id, now);
    }
    return PK_INVALID_ARGUMENT;
}

enum pk_status store_sqlite_accounts_update(struct store *base,
                                            const struct account_changes *changes)
{
    enum pk_status status = transaction_begin(self(base));

    if (status != PK_OK)
        return status;
    for (size_t i = 0; i < changes->count && status == PK_OK; i++)
        status = apply(self(base), &changes->items[i], changes->now);
    if (status == PK_OK && changes->key)
        status = base->verbs->put(base, changes->key, changes->value);
    return transaction_end(self(base), status);
}

/* --- adopt ------------------------------------------------------------------------------------ */

/* The statement asks for an id, by rp, name and uid. */
static enum pk_status find_account(struct sqlite_store *store, const char *sql,
                                   const struct account *account, int64_t *ret_id)
{
    AUTO_QUERY struct query query = query_new(store, sql);
    enum pk_status status;

    bind_text(&query, account->rp);
    bind_text(&query, account->name);
    bind_integer(&query, account->uid);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_id = column_integer(&query, 0);
    return status;
}

static enum pk_status find_living(struct sqlite_store *store, const struct account *account,
                                  int64_t *ret_id)
{
    return find_account(store,
                        "SELECT id FROM account WHERE rp = ? AND name = ? AND uid = ? "
                        "AND orphaned = 0",
                        account, ret_id);
}

/* The latest first: it is the one that most likely is the same person. */
static enum pk_status find_orphan(struct sqlite_store *store, const struct account *account,
                                  int64_t *ret_id)
{
    return find_account(store,
                        "SELECT id FROM account WHERE rp = ? AND name = ? AND uid <> 4294967295 "
                        "AND (orphaned <> 0 OR uid <> ?) ORDER BY orphaned DESC, id DESC LIMIT 1",
                        account, ret_id);
}

static enum pk_status count_passkeys(struct sqlite_store *store, int64_t id, size_t *count)
{
    AUTO_QUERY struct query query =
        query_new(store, "SELECT count(*) FROM credential WHERE account = ?");
    enum pk_status status;

    bind_integer(&query, id);
    status = query_step(&query);
    if (status == PK_OK)
        *count += (size_t)column_integer(&query, 0);
    return status;
}

/* Lets the orphan live, under the uid that its name has now. */
static enum pk_status revive(struct sqlite_store *store, int64_t id, const struct account *account)
{
    AUTO_QUERY struct query query =
        query_new(store, "UPDATE account SET orphaned = 0, uid = ?, listed = ?, missing_looks = 0, "
                         "missing_last = 0 WHERE id = ?");

    bind_integer(&query, account->uid);
    bind_integer(&query, account->listed);
    bind_integer(&query, id);
    return query_run(&query);
}

/* Codes that the account has made since replace the orphan's, as new ones always do. */
static enum pk_status merge(struct sqlite_store *store, int64_t orphan, int64_t living)
{
    enum pk_status status =
        run_for_at(store, "UPDATE credential SET account = ? WHERE account = ?", living, orphan);

    if (status == PK_EXISTS)
        return PK_NAME_TAKEN;
    if (status == PK_OK)
        status = run_for_at(store,
                            "UPDATE recovery_code SET account = ?1 WHERE account = ?2 AND NOT "
                            "EXISTS (SELECT 1 FROM recovery_code WHERE account = ?1)",
                            living, orphan);
    if (status == PK_OK)
        status = run_for(store, "DELETE FROM recovery_code WHERE account = ?", orphan);
    if (status == PK_OK)
        status =
            run_for_at(store, "UPDATE decision SET account = ? WHERE account = ?", living, orphan);
    return status == PK_OK ? run_for(store, "DELETE FROM account WHERE id = ?", orphan) : status;
}

static enum pk_status adopt_all(struct sqlite_store *store, const struct account *account,
                                size_t *ret_count)
{
    size_t count = 0, orphans = 0;
    int64_t orphan, living;
    enum pk_status status;

    while ((status = find_orphan(store, account, &orphan)) == PK_OK) {
        orphans++;
        status = count_passkeys(store, orphan, &count);
        if (status == PK_OK)
            status = find_living(store, account, &living);
        if (status == PK_OK)
            status = merge(store, orphan, living);
        else if (status == PK_NOT_FOUND)
            status = revive(store, orphan, account);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND || orphans == 0)
        return status;
    *ret_count = count;
    return PK_OK;
}

enum pk_status store_sqlite_adopt(struct store *base, const struct account *account,
                                  size_t *ret_count)
{
    enum pk_status status = transaction_begin(self(base));

    if (status != PK_OK)
        return status;
    status = adopt_all(self(base), account, ret_count);
    return transaction_end(self(base), status);
}
