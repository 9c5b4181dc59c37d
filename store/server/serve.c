/* SPDX-License-Identifier: BSD-2-Clause */
/* Each call as its verb. */
#include "store/server/server.h"

#include <stdlib.h>

typedef enum pk_status serve_function(struct store *store, struct store_request *request,
                                      struct store_reply *ret);

static serve_function account, list, insert, use, rename_credential, remove_credential, get, put,
    ticket_add, ticket_check, ticket_find, tickets_remove, recovery_replace, recovery_list,
    recovery_use, accounts, accounts_update, adopt, holdings, count, user_put, user_find,
    transaction_add, transaction_list, api_key_add, api_key_list, api_key_revoke, signing_key_add,
    signing_key_list, decisions_add, decisions_list, decisions_last, ceremony_add, ceremony_take,
    state, insert_asks, insert_as;

static serve_function *const functions[CALL_END] = {
    [CALL_ACCOUNT] = account,
    [CALL_LIST] = list,
    [CALL_INSERT] = insert,
    [CALL_USE] = use,
    [CALL_RENAME] = rename_credential,
    [CALL_REMOVE] = remove_credential,
    [CALL_GET] = get,
    [CALL_PUT] = put,
    [CALL_TICKET_ADD] = ticket_add,
    [CALL_TICKET_CHECK] = ticket_check,
    [CALL_TICKET_FIND] = ticket_find,
    [CALL_TICKETS_REMOVE] = tickets_remove,
    [CALL_RECOVERY_REPLACE] = recovery_replace,
    [CALL_RECOVERY_LIST] = recovery_list,
    [CALL_RECOVERY_USE] = recovery_use,
    [CALL_ACCOUNTS] = accounts,
    [CALL_ACCOUNTS_UPDATE] = accounts_update,
    [CALL_ADOPT] = adopt,
    [CALL_HOLDINGS] = holdings,
    [CALL_COUNT] = count,
    [CALL_USER_PUT] = user_put,
    [CALL_USER_FIND] = user_find,
    [CALL_TRANSACTION_ADD] = transaction_add,
    [CALL_TRANSACTION_LIST] = transaction_list,
    [CALL_API_KEY_ADD] = api_key_add,
    [CALL_API_KEY_LIST] = api_key_list,
    [CALL_API_KEY_REVOKE] = api_key_revoke,
    [CALL_SIGNING_KEY_ADD] = signing_key_add,
    [CALL_SIGNING_KEY_LIST] = signing_key_list,
    [CALL_DECISIONS_ADD] = decisions_add,
    [CALL_DECISIONS_LIST] = decisions_list,
    [CALL_DECISIONS_LAST] = decisions_last,
    [CALL_CEREMONY_ADD] = ceremony_add,
    [CALL_CEREMONY_TAKE] = ceremony_take,
    [CALL_STATE] = state,
    [CALL_INSERT_ASKS] = insert_asks,
    [CALL_INSERT_AS] = insert_as,
};

enum pk_status serve_call(struct store *store, enum store_call call, struct store_request *request,
                          struct store_reply *ret_reply)
{
    if (call >= CALL_END || !functions[call])
        return PK_UNSUPPORTED;
    *ret_reply = (struct store_reply){0};
    return functions[call](store, request, ret_reply);
}

/* --- accounts and credentials ----------------------------------------------------------------- */

static enum pk_status account(struct store *store, struct store_request *request,
                              struct store_reply *ret)
{
    return store->verbs->account(store, request->rp, request->id, request->uid, request->create,
                                 &ret->account);
}

static const struct credential_filter *filter_of(struct store_request *request)
{
    request->filter.uid = request->has_uid ? &request->uid_wanted : NULL;
    return &request->filter;
}

static enum pk_status list(struct store *store, struct store_request *request,
                           struct store_reply *ret)
{
    return store->verbs->list(store, filter_of(request), &ret->credentials);
}

static enum pk_status count(struct store *store, struct store_request *request,
                            struct store_reply *ret)
{
    return store->verbs->count(store, filter_of(request), &ret->count);
}

static enum pk_status insert(struct store *store, struct store_request *request,
                             struct store_reply *ret)
{
    (void)ret;
    return store->verbs->insert(store, &request->credential, request->max, request->id_view);
}

static enum pk_status use(struct store *store, struct store_request *request,
                          struct store_reply *ret)
{
    (void)ret;
    return store->verbs->use(store, request->id_view, &request->use);
}

static enum pk_status rename_credential(struct store *store, struct store_request *request,
                                        struct store_reply *ret)
{
    (void)ret;
    return store->verbs->rename(store, &request->account, request->id_view, request->name);
}

static enum pk_status remove_credential(struct store *store, struct store_request *request,
                                        struct store_reply *ret)
{
    (void)ret;
    return store->verbs->remove(store, &request->account, request->id_view);
}

static enum pk_status accounts(struct store *store, struct store_request *request,
                               struct store_reply *ret)
{
    (void)request;
    return store->verbs->accounts(store, &ret->states);
}

static enum pk_status accounts_update(struct store *store, struct store_request *request,
                                      struct store_reply *ret)
{
    (void)ret;
    return store->verbs->accounts_update(store, &request->changes);
}

static enum pk_status adopt(struct store *store, struct store_request *request,
                            struct store_reply *ret)
{
    return store->verbs->adopt(store, &request->account, &ret->count);
}

static enum pk_status holdings(struct store *store, struct store_request *request,
                               struct store_reply *ret)
{
    return store->verbs->holdings(store, request->has_uid ? &request->uid_wanted : NULL,
                                  &ret->holdings);
}

/* --- single values, tickets, recovery codes --------------------------------------------------- */

static enum pk_status get(struct store *store, struct store_request *request,
                          struct store_reply *ret)
{
    return store->verbs->get(store, request->key, &ret->bytes);
}

static enum pk_status put(struct store *store, struct store_request *request,
                          struct store_reply *ret)
{
    (void)ret;
    return store->verbs->put(store, request->key, request->value);
}

static enum pk_status ticket_add(struct store *store, struct store_request *request,
                                 struct store_reply *ret)
{
    (void)ret;
    return store->verbs->ticket_add(store, request->id_view, request->rp, request->id, request->uid,
                                    request->time);
}

static enum pk_status ticket_check(struct store *store, struct store_request *request,
                                   struct store_reply *ret)
{
    (void)ret;
    return store->verbs->ticket_check(store, request->id_view, request->rp, request->id,
                                      request->uid, request->time);
}

static enum pk_status ticket_find(struct store *store, struct store_request *request,
                                  struct store_reply *ret)
{
    return store->verbs->ticket_find(store, request->id_view, request->time, &ret->account,
                                     &ret->number);
}

static enum pk_status tickets_remove(struct store *store, struct store_request *request,
                                     struct store_reply *ret)
{
    (void)ret;
    return store->verbs->tickets_remove(store, &request->account);
}

static enum pk_status recovery_replace(struct store *store, struct store_request *request,
                                       struct store_reply *ret)
{
    (void)ret;
    if (request->code_count > PK_RECOVERY_CODES)
        return PK_TOO_LARGE;
    return store->verbs->recovery_replace(store, &request->account, request->codes,
                                          request->code_count);
}

static enum pk_status recovery_list(struct store *store, struct store_request *request,
                                    struct store_reply *ret)
{
    enum pk_status status;

    ret->codes = calloc(PK_RECOVERY_CODES, sizeof(*ret->codes));
    if (!ret->codes)
        return PK_NO_MEMORY;
    status = store->verbs->recovery_list(store, &request->account, ret->codes, &ret->code_count);
    if (status) {
        free(ret->codes);
        ret->codes = NULL;
    }
    return status;
}

static enum pk_status recovery_use(struct store *store, struct store_request *request,
                                   struct store_reply *ret)
{
    (void)ret;
    return store->verbs->recovery_use(store, &request->account, request->hash);
}

/* --- users of applications, and what they confirmed ------------------------------------------- */

static enum pk_status user_put(struct store *store, struct store_request *request,
                               struct store_reply *ret)
{
    return store->verbs->user_put(store, &request->account, &ret->account);
}

static enum pk_status user_find(struct store *store, struct store_request *request,
                                struct store_reply *ret)
{
    return store->verbs->user_find(store, &request->user, &ret->account, &ret->count);
}

static enum pk_status transaction_add(struct store *store, struct store_request *request,
                                      struct store_reply *ret)
{
    (void)ret;
    return store->verbs->transaction_add(store, &request->transaction);
}

static enum pk_status transaction_list(struct store *store, struct store_request *request,
                                       struct store_reply *ret)
{
    return store->verbs->transaction_list(store, request->rp, request->id, &ret->transactions);
}

/* --- keys ------------------------------------------------------------------------------------- */

static enum pk_status api_key_add(struct store *store, struct store_request *request,
                                  struct store_reply *ret)
{
    (void)ret;
    return store->verbs->api_key_add(store, &request->api_key);
}

static enum pk_status api_key_list(struct store *store, struct store_request *request,
                                   struct store_reply *ret)
{
    return store->verbs->api_key_list(store, request->rp, &ret->api_keys);
}

static enum pk_status api_key_revoke(struct store *store, struct store_request *request,
                                     struct store_reply *ret)
{
    (void)ret;
    return store->verbs->api_key_revoke(store, request->rp, request->id);
}

static enum pk_status signing_key_add(struct store *store, struct store_request *request,
                                      struct store_reply *ret)
{
    (void)ret;
    return store->verbs->signing_key_add(store, &request->signing_key, request->how, request->time);
}

static enum pk_status signing_key_list(struct store *store, struct store_request *request,
                                       struct store_reply *ret)
{
    return store->verbs->signing_key_list(store, request->rp, request->time, &ret->signing_keys);
}

/* --- decisions, ceremonies, state ------------------------------------------------------------- */

static enum pk_status decisions_add(struct store *store, struct store_request *request,
                                    struct store_reply *ret)
{
    struct kept_decision_list *decisions = &request->decisions;
    enum pk_status status = store->verbs->decisions_add(store, decisions, request->max);

    if (status || decisions->count == 0)
        return status;
    ret->fates = calloc(decisions->count, sizeof(*ret->fates));
    if (!ret->fates)
        return PK_NO_MEMORY;
    ret->fate_count = decisions->count;
    for (size_t i = 0; i < decisions->count; i++)
        ret->fates[i].fate = decisions->items[i].fate;
    return PK_OK;
}

static enum pk_status decisions_list(struct store *store, struct store_request *request,
                                     struct store_reply *ret)
{
    return store->verbs->decisions_list(store, &request->account, &ret->decisions);
}

static enum pk_status decisions_last(struct store *store, struct store_request *request,
                                     struct store_reply *ret)
{
    (void)request;
    return store->verbs->decisions_last(store, &ret->number);
}

static enum pk_status ceremony_add(struct store *store, struct store_request *request,
                                   struct store_reply *ret)
{
    (void)ret;
    if (!store->verbs->ceremony_add)
        return PK_UNSUPPORTED;
    return store->verbs->ceremony_add(store, &request->ceremony, request->max);
}

static enum pk_status ceremony_take(struct store *store, struct store_request *request,
                                    struct store_reply *ret)
{
    if (!store->verbs->ceremony_take)
        return PK_UNSUPPORTED;
    return store->verbs->ceremony_take(store, request->rp, request->id, request->time, &ret->bytes);
}

static enum pk_status state(struct store *store, struct store_request *request,
                            struct store_reply *ret)
{
    (void)request;
    return store->verbs->state(store, &ret->state);
}

/* --- in an account's own name ----------------------------------------------------------------- */

static enum pk_status insert_asks(struct store *store, struct store_request *request,
                                  struct store_reply *ret)
{
    if (!store->verbs->insert_asks)
        return PK_OK; /* it adds them itself */
    return store->verbs->insert_asks(store, &request->account, &ret->where);
}

static enum pk_status insert_as(struct store *store, struct store_request *request,
                                struct store_reply *ret)
{
    (void)ret;
    if (!store->verbs->insert_as)
        return PK_UNSUPPORTED;
    return store->verbs->insert_as(store, &request->credential, request->max, request->id_view,
                                   &request->password);
}
