/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of the directory's store. Those that read passkeys look first whether the cache may
 * still speak for the directory; those that add and remove them are in changes.c. All others are
 * the cache's.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/backup.h"
#include "store/ldap/ldap_private.h"
#include "store/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 800 /* for news of the directory, where none came for too long */

static struct ldap_store *self(struct store *store)
{
    return (struct ldap_store *)store;
}

static struct store *cache(struct store *store)
{
    return self(store)->cache;
}

/* --- whether the cache may speak for the directory -------------------------------------------- */

static bool is_fresh(const struct ldap_store *store)
{
    return store->fresh != INT64_MIN &&
           pk_clock_monotonic_ms() - store->fresh <= (int64_t)store->config->refresh_seconds * 1000;
}

/* For news, unless it is known that none come. With the lock. */
static void wait_for_news(struct ldap_store *store)
{
    int64_t limit = ldap_time_limit(WAIT_MS);
    const struct timespec when = {.tv_sec = (time_t)(limit / 1000),
                                  .tv_nsec = (long)(limit % 1000) * 1000000};

    while (!is_fresh(store) && !store->failing && pk_clock_monotonic_ms() < limit)
        (void)pthread_cond_timedwait(&store->changed, &store->lock, &when);
    /* Whoever comes next need not wait again before there are any. */
    if (!is_fresh(store))
        store->failing = true;
}

static void say_when(int64_t when, char *ret, size_t size)
{
    time_t seconds = (time_t)when;
    struct tm parts;

    if (when <= 0 || !localtime_r(&seconds, &parts) ||
        strftime(ret, size, "since %Y-%m-%d %H:%M:%S", &parts) == 0)
        (void)snprintf(ret, size, "yet");
}

static enum pk_status check_age(struct ldap_store *store)
{
    int64_t age = pk_clock_now() - store->fresh_wall;
    char since[64];

    if (is_fresh(store))
        return PK_OK;
    if (store->fresh_wall > 0 && store->config->offline_seconds > 0 && age >= 0 &&
        age <= (int64_t)store->config->offline_seconds)
        return PK_OK;
    say_when(store->fresh_wall, since, sizeof(since));
    store_set_error("the directory has not answered %s; passkeys are refused until it does%s%s",
                    since, store->why[0] ? ": " : "", store->why);
    return PK_STORAGE;
}

/* PK_STORAGE: nobody knows any more who still has which passkeys. */
static enum pk_status consult(struct ldap_store *store)
{
    enum pk_status status;

    (void)pthread_mutex_lock(&store->lock);
    if (!is_fresh(store))
        wait_for_news(store);
    status = check_age(store);
    (void)pthread_mutex_unlock(&store->lock);
    return status;
}

static enum pk_status consult_about(struct store *store, const char *rp, const uid_t *uid)
{
    return ldap_is_local(self(store), rp, uid) ? PK_OK : consult(self(store));
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum pk_status verb_account(struct store *store, const char *rp, const char *name, uid_t uid,
                                   enum account_create create, struct account *ret)
{
    enum pk_status status = consult_about(store, rp, &uid);

    return status == PK_OK ? cache(store)->verbs->account(cache(store), rp, name, uid, create, ret)
                           : status;
}

static enum pk_status verb_list(struct store *store, const struct credential_filter *filter,
                                struct credential_list *ret)
{
    enum pk_status status = consult_about(store, filter->rp, filter->uid);

    return status == PK_OK ? cache(store)->verbs->list(cache(store), filter, ret) : status;
}

static enum pk_status verb_count(struct store *store, const struct credential_filter *filter,
                                 size_t *ret_count)
{
    enum pk_status status = consult_about(store, filter->rp, filter->uid);

    return status == PK_OK ? cache(store)->verbs->count(cache(store), filter, ret_count) : status;
}

static enum pk_status verb_holdings(struct store *store, const uid_t *uid,
                                    struct account_holdings *ret)
{
    enum pk_status status = consult_about(store, NULL, uid);

    return status == PK_OK ? cache(store)->verbs->holdings(cache(store), uid, ret) : status;
}

/* --- the cache's own -------------------------------------------------------------------------- */

#define PASS(name, parameters, ...)                                                                \
    static enum pk_status verb_##name parameters                                                   \
    {                                                                                              \
        return cache(store)->verbs->name(cache(store), __VA_ARGS__);                               \
    }

PASS(use, (struct store * store, struct pk_view id, const struct credential_use *use), id, use)
PASS(rename,
     (struct store * store, const struct account *account, struct pk_view id, const char *name),
     account, id, name)
PASS(get, (struct store * store, const char *key, struct pk_bytes *ret), key, ret)
PASS(put, (struct store * store, const char *key, struct pk_view value), key, value)
PASS(ticket_add,
     (struct store * store, struct pk_view hash, const char *rp, const char *name, uid_t uid,
      int64_t expires),
     hash, rp, name, uid, expires)
PASS(ticket_check,
     (struct store * store, struct pk_view hash, const char *rp, const char *name, uid_t uid,
      int64_t now),
     hash, rp, name, uid, now)
PASS(ticket_find,
     (struct store * store, struct pk_view hash, int64_t now, struct account *ret,
      int64_t *ret_expires),
     hash, now, ret, ret_expires)
PASS(tickets_remove, (struct store * store, const struct account *account), account)
PASS(recovery_replace,
     (struct store * store, const struct account *account, const struct recovery_code *codes,
      size_t count),
     account, codes, count)
PASS(recovery_list,
     (struct store * store, const struct account *account, struct recovery_code *ret_codes,
      size_t *ret_count),
     account, ret_codes, ret_count)
PASS(recovery_use,
     (struct store * store, const struct account *account, const uint8_t hash[PK_HASH_SIZE]),
     account, hash)
PASS(accounts, (struct store * store, struct account_states *ret), ret)
PASS(accounts_update, (struct store * store, const struct account_changes *changes), changes)
PASS(user_put, (struct store * store, const struct account *user, struct account *ret), user, ret)
PASS(user_find,
     (struct store * store, const struct user_filter *filter, struct account *ret,
      size_t *ret_passkeys),
     filter, ret, ret_passkeys)
PASS(transaction_add, (struct store * store, const struct transaction *transaction), transaction)
PASS(transaction_list,
     (struct store * store, const char *rp, const char *user, struct transaction_list *ret), rp,
     user, ret)
PASS(api_key_add, (struct store * store, const struct api_key *key), key)
PASS(api_key_list, (struct store * store, const char *rp, struct api_key_list *ret), rp, ret)
PASS(api_key_revoke, (struct store * store, const char *rp, const char *id), rp, id)
PASS(signing_key_add,
     (struct store * store, const struct signing_key *key, enum signing_key_add how,
      int64_t old_expire),
     key, how, old_expire)
PASS(signing_key_list,
     (struct store * store, const char *rp, int64_t now, struct signing_key_list *ret), rp, now,
     ret)
PASS(decisions_add, (struct store * store, struct kept_decision_list *list, size_t max_refusals),
     list, max_refusals)
PASS(decisions_list,
     (struct store * store, const struct account *account, struct kept_decision_list *ret), account,
     ret)
PASS(decisions_last, (struct store * store, int64_t *ret_id), ret_id)
/* --- adopt ------------------------------------------------------------------------------------ */

static enum pk_status adopt_locked(struct ldap_store *store, const struct account *account,
                                   size_t *ret_count)
{
    size_t count = 0;
    enum pk_status status = directory_orphans(store->cache, account, &count);

    if (status == PK_OK && count > 0) {
        store_set_error("the directory says whose its passkeys are, and %zu of them %s of an "
                        "earlier account named %s; remove %s at an enrolment host (\"passkeyctl "
                        "list --all\" has them), and enrol anew",
                        count, count == 1 ? "is" : "are", account->name,
                        count == 1 ? "it" : "them");
        return PK_STORAGE;
    }
    return status == PK_OK ? store->cache->verbs->adopt(store->cache, account, ret_count) : status;
}

/* Written into the cache alone it would hold on this host, until the directory is read anew. */
static enum pk_status verb_adopt(struct store *base, const struct account *account,
                                 size_t *ret_count)
{
    struct ldap_store *store = self(base);
    enum pk_status status;

    if (strcmp(account->rp, "default") != 0)
        return cache(base)->verbs->adopt(cache(base), account, ret_count);
    status = ldap_changing_begin(store);
    if (status != PK_OK)
        return status;
    status = adopt_locked(store, account, ret_count);
    ldap_changing_end(store);
    return status;
}

/* --- images ----------------------------------------------------------------------------------- */

/* The directory has images of its own. */
static enum pk_status verb_backup(struct store *store, bool with_keys, struct pk_bytes *ret,
                                  struct backup_counts *ret_counts)
{
    (void)store, (void)with_keys, (void)ret, (void)ret_counts;
    return PK_UNSUPPORTED;
}

/* Passkeys of the directory that were removed since would be this host's own. */
static enum pk_status verb_restore(struct store *store, const struct restore_wish *wish,
                                   struct restore_report *ret)
{
    (void)store, (void)wish, (void)ret;
    return PK_UNSUPPORTED;
}

/* --- state ------------------------------------------------------------------------------------ */

static enum pk_status verb_state(struct store *base, struct store_state *ret)
{
    struct ldap_store *store = self(base);
    AUTO_STORE_STATE struct store_state state = {.lag = -1, .age = -1, .refuses = -1};
    enum pk_status status = pk_text_copy("ldap", &state.kind);
    int64_t age;

    (void)pthread_mutex_lock(&store->lock);
    if (status == PK_OK)
        status = pk_text_copy(store->server, &state.server);
    age = pk_clock_now() - store->fresh_wall;
    if (store->fresh_wall > 0) {
        state.age = age > 0 ? age : 0;
        state.refuses = (int64_t)store->config->offline_seconds - state.age;
    }
    if (store->fresh_wall == 0 || state.refuses < 0)
        state.refuses = 0;
    (void)pthread_mutex_unlock(&store->lock);
    if (status != PK_OK)
        return status;
    *ret = state;
    state = (struct store_state){0}; /* moved */
    return PK_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static void verb_close(struct store *base)
{
    struct ldap_store *store = self(base);

    ldap_sync_stop(store);
    ldap_guard_free(store->guard);
    if (store->cache)
        store->cache->verbs->close(store->cache);
    (void)pthread_cond_destroy(&store->changed);
    (void)pthread_mutex_destroy(&store->changing);
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}

static const struct store_verbs verbs = {
    .close = verb_close,
    .account = verb_account,
    .list = verb_list,
    .insert = ldap_verb_insert,
    .insert_asks = ldap_verb_insert_asks,
    .insert_as = ldap_verb_insert_as,
    .use = verb_use,
    .rename = verb_rename,
    .remove = ldap_verb_remove,
    .get = verb_get,
    .put = verb_put,
    .ticket_add = verb_ticket_add,
    .ticket_check = verb_ticket_check,
    .ticket_find = verb_ticket_find,
    .tickets_remove = verb_tickets_remove,
    .recovery_replace = verb_recovery_replace,
    .recovery_list = verb_recovery_list,
    .recovery_use = verb_recovery_use,
    .accounts = verb_accounts,
    .accounts_update = verb_accounts_update,
    .adopt = verb_adopt,
    .holdings = verb_holdings,
    .count = verb_count,
    .user_put = verb_user_put,
    .user_find = verb_user_find,
    .transaction_add = verb_transaction_add,
    .transaction_list = verb_transaction_list,
    .api_key_add = verb_api_key_add,
    .api_key_list = verb_api_key_list,
    .api_key_revoke = verb_api_key_revoke,
    .signing_key_add = verb_signing_key_add,
    .signing_key_list = verb_signing_key_list,
    .decisions_add = verb_decisions_add,
    .decisions_list = verb_decisions_list,
    .decisions_last = verb_decisions_last,
    .state = verb_state,
    .backup = verb_backup,
    .restore = verb_restore,
};

static enum pk_status open_cache(struct ldap_store *store, const char *folder, char **ret_why)
{
    const char *why = NULL;
    enum pk_status status = store_sqlite_open(folder, &store->cache, &why);

    if (status == PK_OK) {
        status = directory_prepare(store->cache);
        why = store_error();
    }
    if (status != PK_OK)
        *ret_why = pk_text_format("%s", why ? why : pk_status_clause(status));
    return status;
}

enum pk_status ldap_store_open(const struct ldap_config *config, const char *folder,
                               struct store **ret_store, char **ret_why)
{
    struct ldap_store *store = calloc(1, sizeof(*store));
    pthread_condattr_t attributes;
    enum pk_status status;

    if (!store)
        return PK_NO_MEMORY;
    store->base.verbs = &verbs;
    store->config = config;
    store->fresh = INT64_MIN;
    (void)pthread_mutex_init(&store->changing, NULL);
    (void)pthread_mutex_init(&store->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&store->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    store->guard = ldap_guard_new();
    status = store->guard ? open_cache(store, folder, ret_why) : PK_NO_MEMORY;
    if (status == PK_OK)
        status = ldap_sync_start(store);
    if (status != PK_OK) {
        verb_close(&store->base);
        return status;
    }
    *ret_store = &store->base;
    return PK_OK;
}
