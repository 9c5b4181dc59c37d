/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of store.h, each as its call. */
#include "store/remote/call.h"

#include <stdlib.h>
#include <string.h>

/* Borrowed by the request: the members that it only reads have no const there. */
static char *text(const char *borrowed)
{
    return (char *)(uintptr_t)borrowed;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void ask_about(const struct account *account, struct store_request *request)
{
    *request = (struct store_request){
        .account = {.rp = account->rp, .name = account->name, .uid = account->uid}};
}

/* A call that answers with its outcome alone. */
static enum pk_status tell(struct store *store, enum store_call call,
                           const struct store_request *request)
{
    struct store_reply reply;

    return remote_call(store, call, request, &reply);
}

/* --- accounts and credentials ----------------------------------------------------------------- */

static enum pk_status remote_account(struct store *store, const char *rp, const char *name,
                                     uid_t uid, enum account_create create, struct account *ret)
{
    const struct store_request request = {
        .rp = text(rp), .id = text(name), .uid = uid, .create = create};
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_ACCOUNT, &request, &reply);

    if (status)
        return status;
    if (!same(reply.account.rp, rp) || !same(reply.account.name, name) ||
        reply.account.uid != uid || reply.account.orphaned) {
        account_clear(&reply.account);
        return remote_lied(store, CALL_ACCOUNT);
    }
    *ret = reply.account;
    return PK_OK;
}

static void ask_filter(const struct credential_filter *filter, struct store_request *request)
{
    *request = (struct store_request){.filter = *filter,
                                      .has_uid = filter->uid != NULL,
                                      .uid_wanted = filter->uid ? *filter->uid : PK_NO_UID};
}

/* What a sign-in rests on: none but those that were asked for. */
static bool matches(const struct credential_filter *filter, const struct credential *credential)
{
    const struct account *account = &credential->account;
    struct pk_view handle = pk_view_of(&credential->record.user_handle);

    return (!filter->rp || same(account->rp, filter->rp)) &&
           (!filter->account_name || same(account->name, filter->account_name)) &&
           (!filter->uid || account->uid == *filter->uid) &&
           (filter->credential_id.len == 0 ||
            pk_view_equal(pk_view_of(&credential->record.id), filter->credential_id)) &&
           (filter->user_handle.len == 0 || pk_view_equal(handle, filter->user_handle)) &&
           !(filter->living && account->orphaned) && !(filter->first_factor && credential->mfa);
}

static enum pk_status remote_list(struct store *store, const struct credential_filter *filter,
                                  struct credential_list *ret)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    struct store_request request;
    struct store_reply reply;
    enum pk_status status;

    ask_filter(filter, &request);
    status = remote_call(store, CALL_LIST, &request, &reply);
    if (status)
        return status;
    list = reply.credentials;
    if (filter->limit > 0 && list.count > filter->limit)
        return remote_lied(store, CALL_LIST);
    for (size_t i = 0; i < list.count; i++)
        if (!matches(filter, &list.items[i]))
            return remote_lied(store, CALL_LIST);
    *ret = list;
    list = (struct credential_list){0}; /* moved */
    return PK_OK;
}

static enum pk_status remote_count(struct store *store, const struct credential_filter *filter,
                                   size_t *ret_count)
{
    struct store_request request;
    struct store_reply reply;
    enum pk_status status;

    ask_filter(filter, &request);
    status = remote_call(store, CALL_COUNT, &request, &reply);
    if (status == PK_OK)
        *ret_count = reply.count;
    return status;
}

static enum pk_status remote_insert(struct store *store, const struct credential *credential,
                                    size_t max_per_account, struct pk_view ticket_hash)
{
    return tell(store, CALL_INSERT,
                &(struct store_request){
                    .credential = *credential, .max = max_per_account, .id_view = ticket_hash});
}

static enum pk_status remote_insert_asks(struct store *store, const struct account *account,
                                         char **ret_where)
{
    struct store_request request;
    struct store_reply reply;
    enum pk_status status;

    ask_about(account, &request);
    status = remote_call(store, CALL_INSERT_ASKS, &request, &reply);
    if (status == PK_OK)
        *ret_where = reply.where;
    return status;
}

static enum pk_status remote_insert_as(struct store *store, const struct credential *credential,
                                       size_t max_per_account, struct pk_view ticket_hash,
                                       const struct pk_secret *password)
{
    const struct store_request request = {.credential = *credential,
                                          .max = max_per_account,
                                          .id_view = ticket_hash,
                                          .password = *password};

    return tell(store, CALL_INSERT_AS, &request);
}

static enum pk_status remote_use(struct store *store, struct pk_view credential_id,
                                 const struct credential_use *use)
{
    return tell(store, CALL_USE, &(struct store_request){.id_view = credential_id, .use = *use});
}

static enum pk_status remote_rename(struct store *store, const struct account *account,
                                    struct pk_view credential_id, const char *name)
{
    struct store_request request;

    ask_about(account, &request);
    request.id_view = credential_id;
    request.name = text(name);
    return tell(store, CALL_RENAME, &request);
}

static enum pk_status remote_remove(struct store *store, const struct account *account,
                                    struct pk_view credential_id)
{
    struct store_request request;

    ask_about(account, &request);
    request.id_view = credential_id;
    return tell(store, CALL_REMOVE, &request);
}

static enum pk_status remote_accounts(struct store *store, struct account_states *ret)
{
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_ACCOUNTS, &(struct store_request){0}, &reply);

    if (status == PK_OK)
        *ret = reply.states;
    return status;
}

static enum pk_status remote_accounts_update(struct store *store,
                                             const struct account_changes *changes)
{
    return tell(store, CALL_ACCOUNTS_UPDATE, &(struct store_request){.changes = *changes});
}

static enum pk_status remote_adopt(struct store *store, const struct account *account,
                                   size_t *ret_count)
{
    struct store_reply reply;
    enum pk_status status =
        remote_call(store, CALL_ADOPT, &(struct store_request){.account = *account}, &reply);

    if (status == PK_OK)
        *ret_count = reply.count;
    return status;
}

static enum pk_status remote_holdings(struct store *store, const uid_t *uid,
                                      struct account_holdings *ret)
{
    const struct store_request request = {.has_uid = uid != NULL,
                                          .uid_wanted = uid ? *uid : PK_NO_UID};
    AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_HOLDINGS, &request, &reply);

    if (status)
        return status;
    holdings = reply.holdings;
    for (size_t i = 0; i < holdings.count && uid; i++)
        if (holdings.items[i].account.uid != *uid || holdings.items[i].account.orphaned)
            return remote_lied(store, CALL_HOLDINGS);
    *ret = holdings;
    holdings = (struct account_holdings){0}; /* moved */
    return PK_OK;
}

/* --- single values, tickets, recovery codes --------------------------------------------------- */

static enum pk_status remote_get(struct store *store, const char *key, struct pk_bytes *ret)
{
    struct store_reply reply;
    enum pk_status status =
        remote_call(store, CALL_GET, &(struct store_request){.key = text(key)}, &reply);

    if (status == PK_OK)
        *ret = reply.bytes;
    return status;
}

static enum pk_status remote_put(struct store *store, const char *key, struct pk_view value)
{
    return tell(store, CALL_PUT, &(struct store_request){.key = text(key), .value = value});
}

static enum pk_status remote_ticket_add(struct store *store, struct pk_view ticket_hash,
                                        const char *rp, const char *name, uid_t uid,
                                        int64_t expires)
{
    const struct store_request request = {
        .rp = text(rp), .id = text(name), .uid = uid, .id_view = ticket_hash, .time = expires};

    return tell(store, CALL_TICKET_ADD, &request);
}

static enum pk_status remote_ticket_check(struct store *store, struct pk_view ticket_hash,
                                          const char *rp, const char *name, uid_t uid, int64_t now)
{
    const struct store_request request = {
        .rp = text(rp), .id = text(name), .uid = uid, .id_view = ticket_hash, .time = now};

    return tell(store, CALL_TICKET_CHECK, &request);
}

static enum pk_status remote_ticket_find(struct store *store, struct pk_view ticket_hash,
                                         int64_t now, struct account *ret, int64_t *ret_expires)
{
    const struct store_request request = {.id_view = ticket_hash, .time = now};
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_TICKET_FIND, &request, &reply);

    if (status)
        return status;
    *ret = reply.account;
    *ret_expires = reply.number;
    return PK_OK;
}

static enum pk_status remote_tickets_remove(struct store *store, const struct account *account)
{
    struct store_request request;

    ask_about(account, &request);
    return tell(store, CALL_TICKETS_REMOVE, &request);
}

static enum pk_status remote_recovery_replace(struct store *store, const struct account *account,
                                              const struct recovery_code *codes, size_t count)
{
    struct store_request request;

    ask_about(account, &request);
    request.codes = codes;
    request.code_count = count;
    return tell(store, CALL_RECOVERY_REPLACE, &request);
}

static enum pk_status remote_recovery_list(struct store *store, const struct account *account,
                                           struct recovery_code *ret_codes, size_t *ret_count)
{
    struct store_request request;
    struct store_reply reply;
    enum pk_status status;

    ask_about(account, &request);
    status = remote_call(store, CALL_RECOVERY_LIST, &request, &reply);
    if (status)
        return status;
    /* No more than PK_RECOVERY_CODES, or it would be no reply. */
    for (size_t i = 0; i < reply.code_count; i++)
        ret_codes[i] = reply.codes[i];
    *ret_count = reply.code_count;
    free(reply.codes);
    return PK_OK;
}

static enum pk_status remote_recovery_use(struct store *store, const struct account *account,
                                          const uint8_t hash[PK_HASH_SIZE])
{
    struct store_request request;

    ask_about(account, &request);
    memcpy(request.hash, hash, PK_HASH_SIZE);
    return tell(store, CALL_RECOVERY_USE, &request);
}

/* --- users of applications, and what they confirmed ------------------------------------------- */

static enum pk_status remote_user_put(struct store *store, const struct account *user,
                                      struct account *ret)
{
    struct store_reply reply;
    enum pk_status status =
        remote_call(store, CALL_USER_PUT, &(struct store_request){.account = *user}, &reply);

    if (status)
        return status;
    if (!same(reply.account.rp, user->rp) || !same(reply.account.name, user->name) ||
        reply.account.uid != PK_NO_UID) {
        account_clear(&reply.account);
        return remote_lied(store, CALL_USER_PUT);
    }
    *ret = reply.account;
    return PK_OK;
}

static bool is_whom(const struct user_filter *filter, const struct account *user)
{
    return same(user->rp, filter->rp) && user->uid == PK_NO_UID &&
           (!filter->id || same(user->name, filter->id)) &&
           (!filter->user_name || (user->user_name && same(user->user_name, filter->user_name))) &&
           (filter->user_handle.len == 0 ||
            pk_view_equal(pk_view_of(&user->user_handle), filter->user_handle));
}

static enum pk_status remote_user_find(struct store *store, const struct user_filter *filter,
                                       struct account *ret, size_t *ret_passkeys)
{
    struct store_reply reply;
    enum pk_status status =
        remote_call(store, CALL_USER_FIND, &(struct store_request){.user = *filter}, &reply);

    if (status)
        return status;
    if (!is_whom(filter, &reply.account)) {
        account_clear(&reply.account);
        return remote_lied(store, CALL_USER_FIND);
    }
    *ret = reply.account;
    if (ret_passkeys)
        *ret_passkeys = reply.count;
    return PK_OK;
}

static enum pk_status remote_transaction_add(struct store *store,
                                             const struct transaction *transaction)
{
    return tell(store, CALL_TRANSACTION_ADD, &(struct store_request){.transaction = *transaction});
}

static enum pk_status remote_transaction_list(struct store *store, const char *rp, const char *user,
                                              struct transaction_list *ret)
{
    const struct store_request request = {.rp = text(rp), .id = text(user)};
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_TRANSACTION_LIST, &request, &reply);

    if (status)
        return status;
    list = reply.transactions;
    for (size_t i = 0; i < list.count; i++)
        if (!same(list.items[i].rp, rp) || !same(list.items[i].user, user))
            return remote_lied(store, CALL_TRANSACTION_LIST);
    *ret = list;
    list = (struct transaction_list){0}; /* moved */
    return PK_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

static enum pk_status remote_api_key_add(struct store *store, const struct api_key *key)
{
    return tell(store, CALL_API_KEY_ADD, &(struct store_request){.api_key = *key});
}

/* A key of another relying party would be good at this one. */
static enum pk_status remote_api_key_list(struct store *store, const char *rp,
                                          struct api_key_list *ret)
{
    AUTO_API_KEY_LIST struct api_key_list list = {0};
    struct store_reply reply;
    enum pk_status status =
        remote_call(store, CALL_API_KEY_LIST, &(struct store_request){.rp = text(rp)}, &reply);

    if (status)
        return status;
    list = reply.api_keys;
    for (size_t i = 0; i < list.count; i++)
        if (!same(list.items[i].rp, rp))
            return remote_lied(store, CALL_API_KEY_LIST);
    *ret = list;
    list = (struct api_key_list){0}; /* moved */
    return PK_OK;
}

static enum pk_status remote_api_key_revoke(struct store *store, const char *rp, const char *id)
{
    return tell(store, CALL_API_KEY_REVOKE,
                &(struct store_request){.rp = text(rp), .id = text(id)});
}

static enum pk_status remote_signing_key_add(struct store *store, const struct signing_key *key,
                                             enum signing_key_add how, int64_t old_expire)
{
    struct store_request request = {.signing_key = *key};

    request.how = how;
    request.time = old_expire;
    return tell(store, CALL_SIGNING_KEY_ADD, &request);
}

static enum pk_status remote_signing_key_list(struct store *store, const char *rp, int64_t now,
                                              struct signing_key_list *ret)
{
    const struct store_request request = {.rp = text(rp), .time = now};
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_SIGNING_KEY_LIST, &request, &reply);

    if (status)
        return status;
    list = reply.signing_keys;
    for (size_t i = 0; i < list.count; i++)
        if (!same(list.items[i].rp, rp))
            return remote_lied(store, CALL_SIGNING_KEY_LIST);
    *ret = list;
    list = (struct signing_key_list){0}; /* moved */
    return PK_OK;
}

/* --- decisions, ceremonies, state ------------------------------------------------------------- */

static enum pk_status remote_decisions_add(struct store *store, struct kept_decision_list *list,
                                           size_t max_refusals)
{
    struct store_request request = {.decisions = *list};
    struct store_reply reply;
    enum pk_status status;

    request.max = max_refusals;
    status = remote_call(store, CALL_DECISIONS_ADD, &request, &reply);
    if (status)
        return status;
    for (size_t i = 0; i < list->count && reply.fate_count == list->count; i++)
        list->items[i].fate = reply.fates[i].fate;
    status = reply.fate_count == list->count ? PK_OK : remote_lied(store, CALL_DECISIONS_ADD);
    free(reply.fates);
    return status;
}

static enum pk_status remote_decisions_list(struct store *store, const struct account *account,
                                            struct kept_decision_list *ret)
{
    struct store_request request;
    struct store_reply reply;
    enum pk_status status;

    ask_about(account, &request);
    status = remote_call(store, CALL_DECISIONS_LIST, &request, &reply);
    if (status == PK_OK)
        *ret = reply.decisions;
    return status;
}

static enum pk_status remote_decisions_last(struct store *store, int64_t *ret_id)
{
    struct store_reply reply;
    enum pk_status status =
        remote_call(store, CALL_DECISIONS_LAST, &(struct store_request){0}, &reply);

    if (status == PK_OK)
        *ret_id = reply.number;
    return status;
}

static enum pk_status remote_ceremony_add(struct store *store, const struct kept_ceremony *ceremony,
                                          size_t max)
{
    return tell(store, CALL_CEREMONY_ADD,
                &(struct store_request){.ceremony = *ceremony, .max = max});
}

static enum pk_status remote_ceremony_take(struct store *store, const char *rp, const char *id,
                                           int64_t now, struct pk_bytes *ret)
{
    const struct store_request request = {.rp = text(rp), .id = text(id), .time = now};
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_CEREMONY_TAKE, &request, &reply);

    if (status)
        return status;
    if (reply.bytes.len > PK_STORE_CEREMONY_MAX) {
        pk_bytes_clear(&reply.bytes);
        return remote_lied(store, CALL_CEREMONY_TAKE);
    }
    *ret = reply.bytes;
    return PK_OK;
}

static enum pk_status remote_state(struct store *store, struct store_state *ret)
{
    struct store_reply reply;
    enum pk_status status = remote_call(store, CALL_STATE, &(struct store_request){0}, &reply);

    if (status == PK_OK)
        *ret = reply.state;
    return status;
}

static enum pk_status remote_backup(struct store *store, bool with_keys, struct pk_bytes *ret,
                                    struct backup_counts *ret_counts)
{
    (void)store, (void)with_keys, (void)ret, (void)ret_counts;
    return PK_UNSUPPORTED;
}

static enum pk_status remote_restore(struct store *store, const struct restore_wish *wish,
                                     struct restore_report *ret)
{
    (void)store, (void)wish, (void)ret;
    return PK_UNSUPPORTED;
}

/* clang-format off */
#define VERBS                                                                                      \
    .close = remote_close,                                                                         \
    .account = remote_account,                                                                     \
    .list = remote_list,                                                                           \
    .insert = remote_insert,                                                                       \
    .use = remote_use,                                                                             \
    .rename = remote_rename,                                                                       \
    .remove = remote_remove,                                                                       \
    .get = remote_get,                                                                             \
    .put = remote_put,                                                                             \
    .ticket_add = remote_ticket_add,                                                               \
    .ticket_check = remote_ticket_check,                                                           \
    .ticket_find = remote_ticket_find,                                                             \
    .tickets_remove = remote_tickets_remove,                                                       \
    .recovery_replace = remote_recovery_replace,                                                   \
    .recovery_list = remote_recovery_list,                                                         \
    .recovery_use = remote_recovery_use,                                                           \
    .accounts = remote_accounts,                                                                   \
    .accounts_update = remote_accounts_update,                                                     \
    .adopt = remote_adopt,                                                                         \
    .holdings = remote_holdings,                                                                   \
    .count = remote_count,                                                                         \
    .user_put = remote_user_put,                                                                   \
    .user_find = remote_user_find,                                                                 \
    .transaction_add = remote_transaction_add,                                                     \
    .transaction_list = remote_transaction_list,                                                   \
    .api_key_add = remote_api_key_add,                                                             \
    .api_key_list = remote_api_key_list,                                                           \
    .api_key_revoke = remote_api_key_revoke,                                                       \
    .signing_key_add = remote_signing_key_add,                                                     \
    .signing_key_list = remote_signing_key_list,                                                   \
    .decisions_add = remote_decisions_add,                                                         \
    .decisions_list = remote_decisions_list,                                                       \
    .decisions_last = remote_decisions_last,                                                       \
    .state = remote_state,                                                                         \
    .backup = remote_backup,                                                                       \
    .restore = remote_restore
/* clang-format on */

const struct store_verbs store_remote_verbs = {
    VERBS,
    .ceremony_add = remote_ceremony_add,
    .ceremony_take = remote_ceremony_take,
};

const struct store_verbs store_remote_verbs_without_ceremonies = {
    VERBS,
    .insert_asks = remote_insert_asks,
    .insert_as = remote_insert_as,
};
