/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of the PostgreSQL store about the last decisions: see decision_records.h. Ids are
 * unique within an account; hosts number their decisions without asking each other.
 */
#include "store/postgresql/verbs.h"

#include <stdlib.h>

/* --- adding ----------------------------------------------------------------------------------- */

/* PK_NOT_FOUND: no account that has a passkey. Of several of one name the last is meant. */
static enum pk_status find_owner(struct pg_connection *connection,
                                 const struct kept_decision *decision, int64_t *ret_id)
{
    AUTO_QUERY struct query query = query_new(
        connection, decision->approved
                        ? "SELECT id FROM account WHERE rp = $1 AND name = $2 AND uid = $3 "
                          "AND orphaned = 0 "
                          "AND EXISTS (SELECT 1 FROM credential WHERE account = account.id)"
                        : "SELECT id FROM account WHERE rp = $1 AND name = $2 AND orphaned = 0 "
                          "AND EXISTS (SELECT 1 FROM credential WHERE account = account.id) "
                          "ORDER BY id DESC LIMIT 1");
    enum pk_status status;

    bind_text(&query, decision->rp);
    bind_text(&query, decision->name);
    if (decision->approved)
        bind_integer(&query, decision->uid);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_id = column_integer(&query, 0);
    return status;
}

#define SAME_REFUSAL                                                                               \
    " FROM decision WHERE account = $1 AND NOT approved AND enrollment = $2 AND context = $3"

static void bind_refusal(struct query *query, int64_t account, const struct kept_decision *decision)
{
    bind_integer(query, account);
    bind_integer(query, decision->enrollment);
    bind_text(query, decision->context);
}

/* *ret_times: of the row that this one takes the place of; *ret_id: its id. 0: there is none. */
static enum pk_status find_refusal(struct pg_connection *connection, int64_t account,
                                   const struct kept_decision *decision, int64_t *ret_id,
                                   int64_t *ret_times)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT id, times" SAME_REFUSAL " ORDER BY id DESC LIMIT 1");
    enum pk_status status;

    bind_refusal(&query, account, decision);
    status = query_step(&query);
    *ret_id = status == PK_OK ? column_integer(&query, 0) : 0;
    *ret_times = status == PK_OK ? column_integer(&query, 1) : 0;
    return status == PK_NOT_FOUND ? PK_OK : status;
}

static enum pk_status delete_refusal(struct pg_connection *connection, int64_t account,
                                     const struct kept_decision *decision)
{
    AUTO_QUERY struct query query = query_new(connection, "DELETE" SAME_REFUSAL);

    bind_refusal(&query, account, decision);
    return query_run(&query);
}

static enum pk_status insert(struct pg_connection *connection, int64_t account,
                             const struct kept_decision *decision, int64_t times)
{
    AUTO_QUERY struct query query = query_new(
        connection, "INSERT INTO decision (id, account, rp, made, approved, enrollment, times, "
                    "context, passkey, credential_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                    "$10) ON CONFLICT (account, id) DO NOTHING");

    bind_integer(&query, decision->id);
    bind_integer(&query, account);
    bind_text(&query, decision->rp);
    bind_integer(&query, decision->made);
    bind_integer(&query, decision->approved);
    bind_integer(&query, decision->enrollment);
    bind_integer(&query, times < DECISIONS_TIMES_MAX ? times : DECISIONS_TIMES_MAX);
    bind_text(&query, decision->context);
    bind_text(&query, decision->passkey);
    if (decision->credential_id.len > 0)
        bind_blob(&query, pk_view_of(&decision->credential_id));
    else
        bind_null(&query);
    return query_run(&query);
}

static enum pk_status trim(struct pg_connection *connection, int64_t account, bool approved)
{
    AUTO_QUERY struct query query = query_new(
        connection, "DELETE FROM decision WHERE account = $1 AND id IN (SELECT id FROM decision "
                    "WHERE account = $1 AND approved = $2 ORDER BY id DESC OFFSET $3)");

    bind_integer(&query, account);
    bind_integer(&query, approved);
    bind_integer(&query, approved ? DECISIONS_APPROVED : DECISIONS_REFUSED);
    return query_run(&query);
}

static enum pk_status put(struct pg_connection *connection, int64_t account,
                          const struct kept_decision *decision)
{
    int64_t id = 0, times = 0;
    enum pk_status status = PK_OK;

    if (!decision->approved)
        status = find_refusal(connection, account, decision, &id, &times);
    if (status != PK_OK || id >= decision->id) /* it was written already */
        return status;
    if (id > 0)
        status = delete_refusal(connection, account, decision);
    if (status == PK_OK)
        status = insert(connection, account, decision, times + decision->times);
    return status == PK_OK ? trim(connection, account, decision->approved) : status;
}

static enum pk_status add_one(struct pg_connection *connection, struct kept_decision *decision,
                              size_t *refusals)
{
    int64_t account = 0;
    enum pk_status status = find_owner(connection, decision, &account);

    decision->fate = DECISION_NOBODY;
    if (status != PK_OK)
        return status == PK_NOT_FOUND ? PK_OK : status;
    decision->fate = DECISION_LATER;
    if (!decision->approved && *refusals == 0)
        return PK_OK;
    *refusals -= !decision->approved;
    status = put(connection, account, decision);
    if (status == PK_OK)
        decision->fate = DECISION_KEPT;
    return status;
}

/* Reads alone: strangers ask for names that nobody has, and no disk is to be written for them. */
static enum pk_status is_any_to_write(struct pg_connection *connection,
                                      struct kept_decision_list *list, size_t max_refusals,
                                      bool *ret)
{
    bool any = false;

    for (size_t i = 0; i < list->count; i++) {
        struct kept_decision *decision = &list->items[i];
        int64_t account;
        enum pk_status status = find_owner(connection, decision, &account);

        if (status != PK_OK && status != PK_NOT_FOUND)
            return status;
        decision->fate = status == PK_OK ? DECISION_LATER : DECISION_NOBODY;
        any = any || (status == PK_OK && (decision->approved || max_refusals > 0));
    }
    *ret = any;
    return PK_OK;
}

static enum pk_status add_on(struct pg_connection *connection, struct kept_decision_list *list,
                             size_t max_refusals)
{
    bool any = false;
    enum pk_status status = is_any_to_write(connection, list, max_refusals, &any);

    if (status != PK_OK || !any)
        return status;
    status = transaction_begin(connection);
    for (size_t i = 0; i < list->count && status == PK_OK; i++)
        if (list->items[i].fate == DECISION_LATER)
            status = add_one(connection, &list->items[i], &max_refusals);
    return transaction_end(connection, status);
}

enum pk_status store_postgresql_decisions_add(struct store *base, struct kept_decision_list *list,
                                              size_t max_refusals)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = add_on(verb.connection, list, max_refusals);
    return verb.status;
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum pk_status read_decision(struct query *query, struct kept_decision *ret)
{
    enum pk_status status;

    *ret = (struct kept_decision){.id = column_integer(query, 0),
                                  .made = column_integer(query, 1),
                                  .approved = column_integer(query, 2) != 0,
                                  .enrollment = column_integer(query, 3) != 0,
                                  .times = (unsigned)column_integer(query, 4),
                                  .fate = DECISION_KEPT};
    status = column_text(query, 5, &ret->context);
    if (status == PK_OK)
        status = column_text(query, 6, &ret->passkey);
    return status == PK_OK ? column_blob(query, 7, &ret->credential_id) : status;
}

static enum pk_status list_on(struct pg_connection *connection, const struct account *account,
                              struct kept_decision_list *ret)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list list = {0};
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT id, made, approved, enrollment, times, context, passkey, "
                              "credential_id FROM decision WHERE account = (SELECT id FROM account "
                              "WHERE rp = $1 AND name = $2 AND uid = $3 AND orphaned = 0) "
                              "ORDER BY id");
    enum pk_status status;

    bind_account(&query, account->rp, account->name, account->uid);
    status = query_step(&query);
    list.items = calloc(query_rows(&query) + 1, sizeof(*list.items));
    if (!list.items)
        return PK_NO_MEMORY;
    for (; status == PK_OK; status = query_step(&query)) {
        /* Counted before it is read, so that an incomplete row is freed with the list. */
        status = read_decision(&query, &list.items[list.count++]);
        if (status != PK_OK)
            return status;
    }
    if (status != PK_NOT_FOUND)
        return status;
    *ret = list;
    list = (struct kept_decision_list){0};
    return PK_OK;
}

enum pk_status store_postgresql_decisions_list(struct store *base, const struct account *account,
                                               struct kept_decision_list *ret)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = list_on(verb.connection, account, ret);
    return verb.status;
}

static enum pk_status last_on(struct pg_connection *connection, int64_t *ret_id)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT coalesce(max(id), 0) FROM decision");
    enum pk_status status = query_step(&query);

    if (status == PK_OK)
        *ret_id = column_integer(&query, 0);
    return status;
}

enum pk_status store_postgresql_decisions_last(struct store *base, int64_t *ret_id)
{
    struct verb verb = verb_new(base, VERB_READS);

    while (verb_next(&verb))
        verb.status = last_on(verb.connection, ret_id);
    return verb.status;
}
