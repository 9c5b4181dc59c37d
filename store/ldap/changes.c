/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adding and removing a passkey: the directory is asked, and what it acknowledged is written into
 * the cache.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/ldap/ldap_private.h"
#include "store/ldap/search.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RP      "default" /* the one whose passkeys are in the directory */
#define CALL_MS 2000      /* where the caller has no deadline */
#define LEFT_MS 200       /* of a deadline, to say what happened */

static struct ldap_store *self(struct store *store)
{
    return (struct ldap_store *)store;
}

static struct store *cache(struct store *store)
{
    return self(store)->cache;
}

int64_t ldap_time_limit(int64_t most)
{
    int64_t now = pk_clock_monotonic_ms(), deadline = store_deadline();
    int64_t limit = deadline == INT64_MAX ? INT64_MAX : deadline - LEFT_MS;

    return limit < now + most ? limit : now + most;
}

bool ldap_is_local(const struct ldap_store *store, const char *rp, const uid_t *uid)
{
    return (rp && strcmp(rp, RP) != 0) || (uid && *uid < store->config->min_uid) ||
           (uid && *uid == PK_NO_UID);
}

/* --- changing the directory ------------------------------------------------------------------- */

enum pk_status ldap_changing_begin(struct ldap_store *store)
{
    int64_t limit = ldap_time_limit(CALL_MS);
    const struct timespec when = {.tv_sec = (time_t)(limit / 1000),
                                  .tv_nsec = (long)(limit % 1000) * 1000000};

    if (pthread_mutex_clocklock(&store->changing, CLOCK_MONOTONIC, &when) == 0)
        return PK_OK;
    store_set_error("another change to the directory takes too long; nothing was changed");
    return PK_STORAGE;
}

void ldap_changing_end(struct ldap_store *store)
{
    (void)pthread_mutex_unlock(&store->changing);
}

/* The servers, that which is followed first. */
static enum pk_status servers_in_order(struct ldap_store *store, struct pk_strings *ret)
{
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status = ldap_servers(store->config, ret, &why);

    if (status != PK_OK) {
        store_set_error("%s", why ? why : "out of memory");
        return PK_STORAGE;
    }
    (void)pthread_mutex_lock(&store->lock);
    for (size_t i = 1; i < ret->count; i++)
        if (strcmp(ret->items[i], store->server) == 0) {
            char *first = ret->items[0];

            ret->items[0] = ret->items[i];
            ret->items[i] = first;
        }
    (void)pthread_mutex_unlock(&store->lock);
    return PK_OK;
}

/* A share of the time for each, so that one that hangs leaves some for the next. */
static int64_t share(int64_t limit, size_t left)
{
    int64_t now = pk_clock_monotonic_ms();

    return now + (limit - now) / (int64_t)(left > 0 ? left : 1);
}

/* To the first server that can be reached. The link is open then. */
static enum pk_status open_any(struct ldap_store *store, struct ldap_link *link,
                               const struct pk_strings *servers, int64_t limit)
{
    enum pk_status status = PK_UNAVAILABLE;
    char words[LINK_WORDS_MAX] = "there is no server";

    for (size_t i = 0; i < servers->count; i++) {
        status = ldap_link_open(link, store->guard, store->config, servers->items[i],
                                share(limit, servers->count - i));
        if (status == PK_OK)
            return PK_OK;
        (void)snprintf(words, sizeof(words), "%s", link->words);
        ldap_link_close(link);
    }
    store_set_error("the directory does not answer, and nothing was changed: %s", words);
    return PK_STORAGE;
}

/* Values of one attribute stand together in the entry, and go as one. */
static enum pk_status add_entry(struct ldap_link *link, const char *dn, const struct entry *entry)
{
    LDAPMod mods[ENTRY_VALUES_MAX], *list[ENTRY_VALUES_MAX + 1] = {0};
    struct berval values[ENTRY_VALUES_MAX], *pointers[2 * ENTRY_VALUES_MAX] = {0};
    size_t count = 0, pointer = 0;

    for (size_t i = 0; i < entry->count; i++) {
        const struct entry_value *item = &entry->items[i];

        values[i] =
            (struct berval){item->value.len, (char *)(uintptr_t)(const void *)item->value.ptr};
        if (i == 0 || strcmp(item->name, entry->items[i - 1].name) != 0) {
            pointer += i > 0; /* a NULL ends those before */
            mods[count] = (LDAPMod){.mod_op = LDAP_MOD_ADD | LDAP_MOD_BVALUES,
                                    .mod_type = (char *)(uintptr_t)item->name,
                                    .mod_vals.modv_bvals = &pointers[pointer]};
            list[count] = &mods[count];
            count++;
        }
        pointers[pointer++] = &values[i];
    }
    return ldap_link_status(link, ldap_add_ext_s(link->ld, dn, list, NULL, NULL), "to add it");
}

/* What followers know the entry by. */
static enum pk_status find_key(struct ldap_link *link, const char *dn, uint8_t ret[ENTRY_UUID_SIZE])
{
    static const char *const attributes[] = {"entryUUID", NULL};
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    enum pk_status status =
        ldap_link_search(link, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, &found);
    LDAPMessage *first = status == PK_OK ? ldap_first_entry(link->ld, found) : NULL;
    struct berval **values = first ? ldap_get_values_len(link->ld, first, "entryUUID") : NULL;

    if (status == PK_OK)
        status =
            values && values[0]
                ? entry_uuid_parse(
                      (struct pk_view){(const uint8_t *)values[0]->bv_val, values[0]->bv_len}, ret)
                : PK_NOT_FOUND;
    ldap_value_free_len(values);
    return status;
}

/* --- insert ----------------------------------------------------------------------------------- */

/* What the cache would refuse, before the directory is asked. */
static enum pk_status check_insert(struct store *store, const struct credential *credential,
                                   size_t max_per_account, struct pk_view ticket_hash)
{
    const struct account *account = &credential->account;
    struct credential_filter filter = {.credential_id = pk_view_of(&credential->record.id)};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    size_t count = 0;
    enum pk_status status = PK_OK;

    if (account->user_handle.len == 0 || credential->record.id.len == 0 ||
        credential->record.id.len > PK_CREDENTIAL_ID_MAX)
        return PK_INVALID_ARGUMENT;
    if (ticket_hash.len > 0)
        status = store->verbs->ticket_check(store, ticket_hash, account->rp, account->name,
                                            account->uid, credential->created);
    if (status == PK_OK)
        status = store->verbs->count(store, &filter, &count);
    if (status == PK_OK && count > 0)
        return PK_EXISTS;
    filter = (struct credential_filter){
        .rp = account->rp, .account_name = account->name, .uid = &account->uid, .living = true};
    if (status == PK_OK)
        status = store->verbs->list(store, &filter, &list);
    if (status == PK_OK && list.count >= max_per_account)
        return PK_LIMIT_EXCEEDED;
    for (size_t i = 0; i < list.count && status == PK_OK; i++)
        if (strcmp(list.items[i].name, credential->name) == 0)
            status = PK_NAME_TAKEN;
    return status;
}

/* What is added: by this host or, with a password, by its owner. */
struct addition {
    const struct credential *credential;
    size_t max_per_account;
    struct pk_view ticket;
    const struct pk_secret *password; /* NULL: the host's */
};

/* What the server's refusal means to whoever wanted to add a passkey. */
static enum pk_status explain_add(const struct addition *addition, struct ldap_link *link,
                                  enum pk_status status)
{
    switch (status) {
    case PK_OK:
    case PK_EXISTS:
    case PK_NO_MEMORY:
        return status;
    case PK_DENIED:
        if (addition->password) {
            store_explain("the directory does not let %s add passkeys; who runs it can allow that",
                          addition->credential->account.name);
            return PK_DENIED;
        }
        store_set_error("this host may not add passkeys to the directory; enrol at an enrolment "
                        "host, set add-as = account, or change the directory's rules: %s",
                        link->words);
        return PK_STORAGE;
    case PK_UNAVAILABLE:
        store_set_error("whether the passkey was added is not known; \"passkeyctl list\" says so "
                        "once the directory answers: %s",
                        link->words);
        return PK_STORAGE;
    default:
        store_set_error("the directory does not take the passkey: %s", link->words);
        return PK_STORAGE;
    }
}

enum pk_status ldap_entry_add(struct ldap_link *link, const struct ldap_config *config,
                              const struct credential *credential,
                              const struct ldap_account *account, char **ret_dn)
{
    struct entry_owner owner = {
        .dn = account->dn, .number = account->number, .has_uuid = account->has_uuid};
    AUTO_ENTRY_TEXTS struct entry_texts texts = {0};
    PK_AUTO_FREE char *dn = NULL;
    struct entry entry;
    enum pk_status status;

    memcpy(owner.uuid, account->uuid, sizeof(owner.uuid));
    status = entry_write(credential, &owner, config->passkeys, &texts, &entry, &dn);
    if (status == PK_OK)
        status = add_entry(link, dn, &entry);
    if (status == PK_OK)
        *ret_dn = pk_steal(dn);
    return status;
}

/* What the directory has and the cache did not take is taken back. */
static void take_back(struct ldap_store *store, struct ldap_link *link,
                      const struct credential *credential)
{
    PK_AUTO_FREE char *dn = entry_dn(pk_view_of(&credential->record.id), store->config->passkeys);

    if (dn)
        (void)ldap_delete_ext_s(link->ld, dn, NULL, NULL);
}

/* A ticket whose passkey may be there is used up. */
static void spend_tickets(struct store *store, const struct account *account, struct pk_view ticket)
{
    if (ticket.len > 0)
        (void)store->verbs->tickets_remove(store, account);
}

/*
 * That it is the directory's is written before it: were this process killed between them, it would
 * be this host's own for good, whatever the directory says. Without the key the id stands for it,
 * until the entry comes by the server's own word.
 */
static enum pk_status note(struct store *local, const struct credential *credential,
                           const uint8_t *key)
{
    struct pk_view id = pk_view_of(&credential->record.id);

    return directory_mark(local, DIRECTORY_ENTRIES,
                          key ? (struct pk_view){key, ENTRY_UUID_SIZE} : id, id);
}

/* adder: who adds it, and could take it back; host: who looks it up, at the same server. */
static enum pk_status insert_both(struct ldap_store *store, struct ldap_link *adder,
                                  struct ldap_link *host, const struct addition *addition,
                                  const struct ldap_account *account)
{
    const struct credential *credential = addition->credential;
    struct store *local = store->cache;
    uint8_t key[ENTRY_UUID_SIZE];
    PK_AUTO_FREE char *dn = NULL;
    enum pk_status status = ldap_entry_add(adder, store->config, credential, account, &dn);

    if (status == PK_UNAVAILABLE)
        spend_tickets(local, &credential->account, addition->ticket);
    status = explain_add(addition, adder, status);
    if (status != PK_OK)
        return status;
    status = note(local, credential, find_key(host, dn, key) == PK_OK ? key : NULL);
    if (status == PK_OK)
        status =
            local->verbs->insert(local, credential, addition->max_per_account, addition->ticket);
    if (status != PK_OK)
        take_back(store, adder, credential);
    return status;
}

static enum pk_status insert_as_owner(struct ldap_store *store, struct ldap_link *host,
                                      const struct addition *addition,
                                      const struct ldap_account *account, int64_t limit)
{
    const struct ldap_login login = {account->dn, account->name, addition->password};
    AUTO_LDAP_LINK struct ldap_link own = {0};
    enum pk_status status =
        ldap_link_open_as(&own, store->guard, store->config, host->uri, limit, &login);

    if (status == PK_OK)
        return insert_both(store, &own, host, addition, account);
    if (status == PK_NO_MEMORY)
        return status;
    if (status == PK_PASSWORD_REFUSED) {
        store_explain("%s", own.words);
        return status;
    }
    store_set_error("%s, and nothing was changed: %s",
                    status == PK_UNAVAILABLE ? "the directory does not answer"
                                             : "the directory lets no account sign in",
                    own.words);
    return PK_STORAGE;
}

/* PK_NOT_FOUND: the account is this host's own, and so is its passkey. */
static enum pk_status find_owner(struct ldap_store *store, struct ldap_link *link,
                                 const struct account *account, struct ldap_account *ret)
{
    enum pk_status status =
        ldap_account_named(link, store->config, account->name, account->uid, ret);

    if (status == PK_OK || status == PK_NOT_FOUND || status == PK_NO_MEMORY)
        return status;
    store_set_error("the directory does not say whether it has the account: %s", link->words);
    return PK_STORAGE;
}

static enum pk_status insert_for(struct ldap_store *store, struct ldap_link *link,
                                 const struct addition *addition, int64_t limit)
{
    AUTO_LDAP_ACCOUNT struct ldap_account owner = {0};
    enum pk_status status = find_owner(store, link, &addition->credential->account, &owner);

    if (status == PK_NOT_FOUND)
        return store->cache->verbs->insert(store->cache, addition->credential,
                                           addition->max_per_account, addition->ticket);
    if (status != PK_OK)
        return status;
    return addition->password ? insert_as_owner(store, link, addition, &owner, limit)
                              : insert_both(store, link, link, addition, &owner);
}

static enum pk_status insert_through(struct ldap_store *store, const struct addition *addition)
{
    AUTO_LDAP_LINK struct ldap_link link = {0};
    struct pk_strings servers = {0};
    int64_t limit = ldap_time_limit(CALL_MS);
    enum pk_status status = servers_in_order(store, &servers);

    if (status == PK_OK)
        status = open_any(store, &link, &servers, limit);
    if (status == PK_OK) {
        ldap_link_until(&link, limit);
        status = insert_for(store, &link, addition, limit);
    }
    pk_strings_clear(&servers);
    return status;
}

static enum pk_status insert(struct ldap_store *store, const struct addition *addition)
{
    enum pk_status status = ldap_changing_begin(store);

    if (status != PK_OK)
        return status;
    status = check_insert(store->cache, addition->credential, addition->max_per_account,
                          addition->ticket);
    if (status == PK_OK)
        status = insert_through(store, addition);
    ldap_changing_end(store);
    return status;
}

/* An id that is not known yet cannot name an entry: such a passkey stays on this host. */
static bool stays_here(const struct ldap_store *store, const struct credential *credential)
{
    return ldap_is_local(store, credential->account.rp, &credential->account.uid) ||
           credential->id_unknown || !store->config->passkeys;
}

enum pk_status ldap_verb_insert(struct store *base, const struct credential *credential,
                                size_t max_per_account, struct pk_view ticket)
{
    const struct addition addition = {credential, max_per_account, ticket, NULL};

    if (stays_here(self(base), credential))
        return cache(base)->verbs->insert(cache(base), credential, max_per_account, ticket);
    return insert(self(base), &addition);
}

/* --- insert in the account's own name --------------------------------------------------------- */

enum pk_status ldap_verb_insert_as(struct store *base, const struct credential *credential,
                                   size_t max_per_account, struct pk_view ticket,
                                   const struct pk_secret *password)
{
    const struct addition addition = {credential, max_per_account, ticket, password};

    if (stays_here(self(base), credential))
        return cache(base)->verbs->insert(cache(base), credential, max_per_account, ticket);
    return insert(self(base), &addition);
}

/* Where the password of the account is known, for people; NULL: the directory has no such. */
static enum pk_status find_where(struct ldap_store *store, const struct account *account,
                                 char **ret_where)
{
    AUTO_LDAP_LINK struct ldap_link link = {0};
    AUTO_LDAP_ACCOUNT struct ldap_account owner = {0};
    struct pk_strings servers = {0};
    int64_t limit = ldap_time_limit(CALL_MS);
    enum pk_status status = servers_in_order(store, &servers);

    if (status == PK_OK)
        status = open_any(store, &link, &servers, limit);
    if (status == PK_OK) {
        ldap_link_until(&link, limit);
        status = find_owner(store, &link, account, &owner);
    }
    if (status == PK_OK)
        status = pk_text_copy(store->config->domain ? store->config->domain : link.uri, ret_where);
    else if (status == PK_NOT_FOUND)
        status = PK_OK;
    pk_strings_clear(&servers);
    return status;
}

enum pk_status ldap_verb_insert_asks(struct store *base, const struct account *account,
                                     char **ret_where)
{
    struct ldap_store *store = self(base);

    *ret_where = NULL;
    if (store->config->add_as == LDAP_HOST_ADDS || !store->config->passkeys ||
        ldap_is_local(store, account->rp, &account->uid))
        return PK_OK;
    return find_where(store, account, ret_where);
}

/* --- remove ----------------------------------------------------------------------------------- */

/*
 * What became of a removal at all servers. One that does not have the entry has not removed it:
 * perhaps it was not told yet that it was added.
 */
struct removal {
    size_t done, absent, denied;
    char done_at[LDAP_WORDS_SIZE], away[LINK_WORDS_MAX];
};

static enum pk_status remove_at(struct ldap_store *store, const char *uri, const char *dn,
                                int64_t limit, struct removal *removal)
{
    AUTO_LDAP_LINK struct ldap_link link = {0};
    enum pk_status status = ldap_link_open(&link, store->guard, store->config, uri, limit);

    if (status == PK_OK)
        status =
            ldap_link_status(&link, ldap_delete_ext_s(link.ld, dn, NULL, NULL), "to remove it");
    if (status == PK_NOT_FOUND) {
        removal->absent++;
        return PK_OK;
    }
    if (status == PK_OK && removal->done++ == 0)
        (void)snprintf(removal->done_at, sizeof(removal->done_at), "%s", uri);
    if (status != PK_OK && removal->away[0] == '\0')
        (void)snprintf(removal->away, sizeof(removal->away), "%s", link.words);
    removal->denied += status == PK_DENIED;
    return status;
}

static enum pk_status remove_everywhere(struct ldap_store *store, struct pk_view id, const char *dn,
                                        struct removal *removal)
{
    struct pk_strings servers = {0};
    int64_t limit = ldap_time_limit(CALL_MS);
    bool away[LDAP_SERVERS_MAX] = {false};
    enum pk_status status = servers_in_order(store, &servers);

    for (size_t i = 0; i < servers.count && i < LDAP_SERVERS_MAX && status == PK_OK; i++)
        away[i] = remove_at(store, servers.items[i], dn, share(limit, servers.count - i),
                            removal) != PK_OK;
    for (size_t i = 0; i < servers.count && i < LDAP_SERVERS_MAX && status == PK_OK; i++)
        if (away[i] && removal->done > 0)
            status = directory_owe(store->cache, id, servers.items[i]);
    pk_strings_clear(&servers);
    return status;
}

/* The removal stands once a server has acknowledged it, or none has it; the cache follows. */
static enum pk_status remove_both(struct ldap_store *store, const struct account *account,
                                  struct pk_view id, struct pk_view key)
{
    PK_AUTO_FREE char *dn = entry_dn(id, store->config->passkeys);
    struct removal removal = {0};
    enum pk_status status;

    if (!dn)
        return PK_NO_MEMORY;
    status = remove_everywhere(store, id, dn, &removal);
    if (status != PK_OK)
        return status;
    if (removal.done == 0 && (removal.absent == 0 || removal.away[0])) {
        store_set_error(removal.denied > 0
                            ? "this host may not remove passkeys from the directory; remove it at "
                              "an enrolment host: %s"
                            : "the directory does not answer, and the passkey is still there: %s",
                        removal.away);
        return PK_STORAGE;
    }
    /* The thread may have heard of the entry, and not have written it yet. */
    status = directory_bury(store->cache, key);
    if (status == PK_OK)
        status = store->cache->verbs->remove(store->cache, account, id);
    if (status == PK_OK && removal.away[0]) {
        store_set_error("the passkey is removed at %s, but another server still has it, until it "
                        "answers: %s",
                        removal.done_at, removal.away);
        status = PK_STORAGE;
    }
    return status;
}

static enum pk_status remove_locked(struct ldap_store *store, const struct account *account,
                                    struct pk_view id)
{
    const struct credential_filter filter = {.rp = account->rp,
                                             .account_name = account->name,
                                             .uid = &account->uid,
                                             .credential_id = id};
    PK_AUTO_BYTES struct pk_bytes key = {0};
    enum directory_source source = DIRECTORY_ENTRIES;
    size_t count = 0;
    enum pk_status status = store->cache->verbs->count(store->cache, &filter, &count);

    if (status == PK_OK && count == 0)
        return PK_NOT_FOUND;
    if (status == PK_OK)
        status = directory_find(store->cache, id, &source, &key);
    if (status == PK_NOT_FOUND)
        return store->cache->verbs->remove(store->cache, account, id);
    if (status == PK_OK && source == DIRECTORY_MAPPINGS) {
        store_set_error("the passkey is a value of %s in the account's entry; remove it there, "
                        "such as by \"ipa user-remove-passkey\"",
                        store->config->mapping);
        return PK_STORAGE;
    }
    return status == PK_OK ? remove_both(store, account, id, pk_view_of(&key)) : status;
}

enum pk_status ldap_verb_remove(struct store *base, const struct account *account,
                                struct pk_view id)
{
    struct ldap_store *store = self(base);
    enum pk_status status;

    if (ldap_is_local(store, account->rp, &account->uid))
        return cache(base)->verbs->remove(cache(base), account, id);
    status = ldap_changing_begin(store);
    if (status != PK_OK)
        return status;
    status = remove_locked(store, account, id);
    ldap_changing_end(store);
    return status;
}
