/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that keeps the cache as the directory is: of several servers it follows one. */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "store/ldap/entry.h"
#include "store/ldap/ldap_private.h"

#define RETRY_MS     1000
#define SAVE_SECONDS 60 /* the disk is told so seldom that the cache is as the directory */
#define FRESH_KEY    "fresh"

bool ldap_sync_ending(struct ldap_store *store)
{
    bool ending;

    (void)pthread_mutex_lock(&store->lock);
    ending = store->ending;
    (void)pthread_mutex_unlock(&store->lock);
    return ending;
}

static void save_fresh(struct ldap_store *store, int64_t when)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)when);
    if (directory_put(store->cache, FRESH_KEY, text) != PK_OK)
        pk_log(LOG_ERR, "the cache: %s", store_error());
}

void ldap_sync_fresh(struct ldap_store *store, int64_t when)
{
    int64_t wall = pk_clock_now() - (pk_clock_monotonic_ms() - when + 999) / 1000, save = 0;

    (void)pthread_mutex_lock(&store->lock);
    if (when > store->fresh)
        store->fresh = when;
    store->fresh_wall = wall;
    if (wall - store->saved_wall >= SAVE_SECONDS || wall < store->saved_wall)
        save = store->saved_wall = wall;
    if (store->failing && store->why[0])
        pk_log(LOG_NOTICE, "%s is followed", store->server);
    store->failing = false;
    store->why[0] = '\0';
    (void)pthread_cond_broadcast(&store->changed);
    (void)pthread_mutex_unlock(&store->lock);
    if (save)
        save_fresh(store, save);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void log_outcome(const struct directory_outcome *outcome)
{
    for (size_t i = 0; i < outcome->told.count; i++)
        pk_log(LOG_WARNING, "%s", outcome->told.items[i]);
    if (outcome->left_out > 0)
        pk_log(LOG_WARNING,
               "%zu passkeys of the directory are not used: their accounts have %d others",
               outcome->left_out, PK_CREDENTIAL_LIST_MAX);
    if (outcome->added > 0 || outcome->removed > 0)
        pk_log(LOG_INFO, "passkeys of the directory: %zu added, %zu removed", outcome->added,
               outcome->removed);
}

static enum pk_status written(enum pk_status status, const struct directory_outcome *outcome)
{
    if (status == PK_OK)
        log_outcome(outcome);
    else
        pk_log(LOG_ERR, "the cache: %s: %s", pk_status_name(status), store_error());
    return status;
}

enum pk_status ldap_sync_apply(struct ldap_store *store, const struct directory_changes *changes)
{
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome = {0};
    enum pk_status status;

    (void)pthread_mutex_lock(&store->changing);
    status = directory_apply(store->cache, changes, &outcome);
    (void)pthread_mutex_unlock(&store->changing);
    return written(status, &outcome);
}

enum pk_status ldap_sync_sweep(struct ldap_store *store, enum directory_source source,
                               int64_t generation)
{
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome = {0};
    enum pk_status status;

    (void)pthread_mutex_lock(&store->changing);
    status = directory_sweep(store->cache, source, generation, &outcome);
    (void)pthread_mutex_unlock(&store->changing);
    return written(status, &outcome);
}

/* --- the servers ------------------------------------------------------------------------------ */

/* Waits, unless the store ends. */
static void rest(struct ldap_store *store, int64_t ms)
{
    int64_t until = pk_clock_monotonic_ms() + ms;
    const struct timespec when = {.tv_sec = (time_t)(until / 1000),
                                  .tv_nsec = (long)(until % 1000) * 1000000};

    (void)pthread_mutex_lock(&store->lock);
    while (!store->ending && pk_clock_monotonic_ms() < until)
        (void)pthread_cond_timedwait(&store->changed, &store->lock, &when);
    (void)pthread_mutex_unlock(&store->lock);
}

/* Where the server cannot be followed. */
static enum pk_status look_again(struct ldap_store *store, struct ldap_link *link)
{
    const int64_t interval = (int64_t)store->config->refresh_seconds * 1000 / 3;
    enum pk_status status = PK_OK;

    while (status == PK_OK && !ldap_sync_ending(store)) {
        int64_t begun = pk_clock_monotonic_ms();

        ldap_link_until(link, begun + 6 * LDAP_CALL_MS);
        if (store->config->passkeys)
            status = ldap_poll_entries(store, link);
        if (status == PK_OK && store->config->mapping)
            status = ldap_poll_mappings(store, link);
        ldap_link_until(link, INT64_MAX);
        if (status != PK_OK)
            break;
        ldap_sync_fresh(store, begun);
        rest(store, interval);
    }
    return status;
}

/* Removals that the server was away for. One that it refuses stays owed. */
static void pay(struct ldap_store *store, struct ldap_link *link)
{
    AUTO_DIRECTORY_IDS struct directory_ids ids = {0};

    if (!store->config->passkeys || directory_owed(store->cache, link->uri, &ids) != PK_OK)
        return;
    for (size_t i = 0; i < ids.count; i++) {
        PK_AUTO_FREE char *dn = entry_dn(pk_view_of(&ids.items[i]), store->config->passkeys);
        enum pk_status status;

        if (!dn)
            return;
        ldap_link_until(link, pk_clock_monotonic_ms() + LDAP_CALL_MS);
        status = ldap_link_status(link, ldap_delete_ext_s(link->ld, dn, NULL, NULL), "to remove");
        ldap_link_until(link, INT64_MAX);
        if (status == PK_OK || status == PK_NOT_FOUND) {
            pk_log(LOG_NOTICE, "%s: %s is removed there, too", link->uri, dn);
            status = directory_pay(store->cache, pk_view_of(&ids.items[i]), link->uri);
        } else {
            pk_log(LOG_WARNING, "a removal is still owed: %s", link->words);
        }
        if (status != PK_OK)
            return;
    }
}

/* Whoever ends the store ends what the thread waits for, too. */
static void set_link(struct ldap_store *store, struct ldap_link *link)
{
    (void)pthread_mutex_lock(&store->lock);
    store->link = link;
    (void)pthread_mutex_unlock(&store->lock);
}

static void set_server(struct ldap_store *store, const char *uri)
{
    (void)pthread_mutex_lock(&store->lock);
    (void)snprintf(store->server, sizeof(store->server), "%s", uri);
    (void)pthread_mutex_unlock(&store->lock);
}

/* The first of several reasons is the one that is told. */
static void set_failing(struct ldap_store *store, const char *why)
{
    (void)pthread_mutex_lock(&store->lock);
    store->server[0] = '\0';
    if (!store->failing)
        pk_log(LOG_WARNING, "%s", why);
    (void)snprintf(store->why, sizeof(store->why), "%s", why);
    (void)pthread_mutex_unlock(&store->lock);
}

static enum pk_status serve_from(struct ldap_store *store, const char *uri)
{
    AUTO_LDAP_LINK struct ldap_link link = {0};
    enum pk_status status = ldap_link_open(&link, store->guard, store->config, uri,
                                           pk_clock_monotonic_ms() + LDAP_CALL_MS);

    if (status == PK_OK) {
        ldap_link_until(&link, INT64_MAX);
        set_server(store, uri);
        set_link(store, &link);
        pay(store, &link);
        status = store->config->passkeys ? ldap_follow(store, &link) : PK_UNSUPPORTED;
        if (status == PK_UNSUPPORTED)
            status = look_again(store, &link);
        set_link(store, NULL);
    }
    if (ldap_sync_ending(store))
        return PK_CANCELLED;
    if (status != PK_OK && status != PK_CANCELLED)
        set_failing(store, link.words[0] ? link.words : store_error());
    return status;
}

static void pay_others(struct ldap_store *store, const struct pk_strings *servers)
{
    for (size_t i = 0; i < servers->count && !ldap_sync_ending(store); i++) {
        AUTO_DIRECTORY_IDS struct directory_ids ids = {0};
        AUTO_LDAP_LINK struct ldap_link link = {0};

        if (directory_owed(store->cache, servers->items[i], &ids) != PK_OK || ids.count == 0)
            continue;
        if (ldap_link_open(&link, store->guard, store->config, servers->items[i],
                           pk_clock_monotonic_ms() + LDAP_CALL_MS) == PK_OK)
            pay(store, &link);
    }
}

void ldap_sync_pay_others(struct ldap_store *store)
{
    struct pk_strings servers = {0};
    PK_AUTO_FREE char *why = NULL;

    if (ldap_servers(store->config, &servers, &why) == PK_OK)
        pay_others(store, &servers);
    pk_strings_clear(&servers);
}
static void nobody_answers(struct ldap_store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    store->failing = true;
    (void)pthread_cond_broadcast(&store->changed);
    (void)pthread_mutex_unlock(&store->lock);
}

static void *run(void *data)
{
    struct ldap_store *store = data;

    while (!ldap_sync_ending(store)) {
        struct pk_strings servers = {0};
        PK_AUTO_FREE char *why = NULL;

        if (ldap_servers(store->config, &servers, &why) != PK_OK)
            set_failing(store, why ? why : "out of memory");
        for (size_t i = 0; i < servers.count && !ldap_sync_ending(store); i++)
            (void)serve_from(store, servers.items[i]);
        nobody_answers(store);
        pk_strings_clear(&servers);
        if (!ldap_sync_ending(store))
            rest(store, RETRY_MS);
    }
    return NULL;
}

enum pk_status ldap_sync_start(struct ldap_store *store)
{
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = directory_get(store->cache, FRESH_KEY, &text);

    if (status != PK_OK && status != PK_NOT_FOUND)
        return status;
    store->fresh_wall = store->saved_wall = text ? strtoll(text, NULL, 10) : 0;
    if (pthread_create(&store->thread, NULL, run, store) != 0)
        return PK_NO_MEMORY;
    store->runs = true;
    return PK_OK;
}

void ldap_sync_stop(struct ldap_store *store)
{
    if (!store->runs)
        return;
    (void)pthread_mutex_lock(&store->lock);
    store->ending = true;
    if (store->link)
        ldap_link_until(store->link, pk_clock_monotonic_ms());
    if (store->lookups)
        ldap_link_until(store->lookups, pk_clock_monotonic_ms());
    (void)pthread_cond_broadcast(&store->changed);
    (void)pthread_mutex_unlock(&store->lock);
    (void)pthread_join(store->thread, NULL);
    store->runs = false;
    if (store->fresh_wall > store->saved_wall)
        save_fresh(store, store->fresh_wall);
}
