/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads everything anew, again and again: the entries of passkeys where the server cannot be
 * followed, and FreeIPA's, sssd's and Active Directory's values in the accounts' own entries.
 */
#include "store/ldap/ldap_private.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/foreign_key.h"
#include "store/ldap/search.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE      500
#define MAPPING_NAME   "passkey of the directory"
#define PER_ENTRY_MAX  64 /* values of one account */
#define MAPPING_SOURCE "sssd"
#define UNUSED_MAX     16 /* sentences about values that are not used, of one look */

/* What was found; grows. */
struct findings {
    struct directory_change *changes;
    struct credential *credentials;
    size_t count, size;
    struct pk_strings unused; /* sentences about values, the first ones */
    size_t unused_count;
    uint8_t unused_hash[PK_HASH_SIZE]; /* of all sentences */
};

static void findings_clear(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        credential_clear(&findings->credentials[i]);
    free(findings->credentials);
    free(findings->changes);
    findings->credentials = NULL;
    findings->changes = NULL;
    findings->count = findings->size = 0;
}

static void findings_free(struct findings *findings)
{
    findings_clear(findings);
    pk_strings_clear(&findings->unused);
}
#define AUTO_FINDINGS __attribute__((cleanup(findings_free)))

/* Takes the credential over. */
static enum pk_status findings_add(struct findings *findings, struct credential *credential)
{
    if (findings->count == findings->size) {
        size_t more = findings->size ? 2 * findings->size : 64;
        struct credential *items = reallocarray(findings->credentials, more, sizeof(*items));

        if (!items)
            return PK_NO_MEMORY;
        findings->credentials = items;
        findings->size = more;
    }
    findings->credentials[findings->count++] = *credential;
    *credential = (struct credential){.account.uid = PK_NO_UID}; /* moved */
    return PK_OK;
}

/* --- values that are not used ----------------------------------------------------------------- */

/* Takes the sentence. */
static enum pk_status add_unused(struct findings *findings, char *text)
{
    PK_AUTO_FREE char *sentence = text;
    PK_AUTO_FREE char *all = NULL;
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){findings->unused_hash, PK_HASH_SIZE});

    if (sentence && hex)
        all = pk_text_format("%s%s", hex, sentence);
    if (!all)
        return PK_NO_MEMORY;
    pk_sha256(pk_view_string(all), findings->unused_hash);
    return findings->unused_count++ < UNUSED_MAX ? pk_strings_add(&findings->unused, sentence)
                                                 : PK_OK;
}

/* Accounts may write what they like into their entries: it is said once, and not at each look. */
static void say_unused(struct ldap_store *store, const struct findings *findings)
{
    if (memcmp(store->unused, findings->unused_hash, sizeof(store->unused)) == 0)
        return;
    memcpy(store->unused, findings->unused_hash, sizeof(store->unused));
    for (size_t i = 0; i < findings->unused.count; i++)
        pk_log(LOG_WARNING, "%s", findings->unused.items[i]);
    if (findings->unused_count > UNUSED_MAX)
        pk_log(LOG_WARNING, "and %zu more values are not used",
               findings->unused_count - UNUSED_MAX);
}

/* They are forgotten then. The id is what a look knows a passkey by. */
static enum pk_status write_findings(struct ldap_store *store, struct findings *findings,
                                     enum directory_source source, int64_t generation)
{
    struct directory_changes changes = {.source = source, .generation = generation};
    enum pk_status status;

    if (findings->count == 0)
        return PK_OK;
    findings->changes = calloc(findings->count, sizeof(*findings->changes));
    if (!findings->changes)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < findings->count; i++)
        findings->changes[i] =
            (struct directory_change){.kind = DIRECTORY_HAS,
                                      .key = pk_view_of(&findings->credentials[i].record.id),
                                      .credential = &findings->credentials[i]};
    changes.items = findings->changes;
    changes.count = findings->count;
    status = ldap_sync_apply(store, &changes);
    findings_clear(findings);
    return status;
}

/* --- pages ------------------------------------------------------------------------------------ */

typedef enum pk_status message_taker(struct ldap_store *store, struct ldap_link *link,
                                     LDAPMessage *message, struct findings *findings);

struct look {
    const char *base, *filter;
    int scope;
    char **attributes;
    message_taker *take;
};

static enum pk_status take_page(struct ldap_store *store, struct ldap_link *link,
                                const struct look *look, struct berval *cookie,
                                struct findings *findings)
{
    LDAPControl *control = NULL, **answers = NULL, *answer;
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    int code = ldap_create_page_control(link->ld, PAGE_SIZE, cookie, 0, &control);
    LDAPControl *controls[] = {control, NULL};
    struct berval next = {0};
    ber_int_t estimate = 0;
    enum pk_status status;

    if (code == LDAP_SUCCESS)
        code = ldap_search_ext_s(link->ld, look->base, look->scope, look->filter, look->attributes,
                                 0, controls, NULL, NULL, LDAP_NO_LIMIT, &found);
    ldap_control_free(control);
    status = ldap_link_status(link, code, look->base);
    for (LDAPMessage *message = status == PK_OK ? ldap_first_entry(link->ld, found) : NULL;
         message && status == PK_OK; message = ldap_next_entry(link->ld, message))
        status = look->take(store, link, message, findings);
    if (status == PK_OK)
        (void)ldap_parse_result(link->ld, found, NULL, NULL, NULL, NULL, &answers, 0);
    answer = answers ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, answers, NULL) : NULL;
    if (answer)
        (void)ldap_parse_pageresponse_control(link->ld, answer, &estimate, &next);
    ldap_controls_free(answers);
    ber_memfree(cookie->bv_val);
    *cookie = next;
    return status;
}

static enum pk_status take_all(struct ldap_store *store, struct ldap_link *link,
                               const struct look *look, enum directory_source source)
{
    AUTO_FINDINGS struct findings findings = {0};
    struct berval cookie = {0};
    int64_t generation = 0;
    enum pk_status status = directory_begin(store->cache, &generation);
    bool more = true;

    while (status == PK_OK && more && !ldap_sync_ending(store)) {
        status = take_page(store, link, look, &cookie, &findings);
        more = cookie.bv_len > 0;
        /* Who had a value before is known once all of them are there; of entries each is by itself.
         */
        if (status == PK_OK && (source == DIRECTORY_ENTRIES || !more))
            status = write_findings(store, &findings, source, generation);
    }
    if (more && status == PK_OK)
        status = PK_CANCELLED;
    ber_memfree(cookie.bv_val);
    if (status == PK_OK && source == DIRECTORY_MAPPINGS)
        say_unused(store, &findings);
    return status == PK_OK ? ldap_sync_sweep(store, source, generation) : status;
}

/* --- entries ---------------------------------------------------------------------------------- */

static enum pk_status take_entry(struct ldap_store *store, struct ldap_link *link,
                                 LDAPMessage *message, struct findings *findings)
{
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    const char *why = NULL;
    enum pk_status status = ldap_passkey_read(link, store->config, message, &credential, &why);

    if (status == PK_NOT_FOUND) {
        pk_log(LOG_DEBUG, "a passkey is not used: %s", why);
        return PK_OK;
    }
    return status == PK_OK ? findings_add(findings, &credential) : status;
}

enum pk_status ldap_poll_entries(struct ldap_store *store, struct ldap_link *link)
{
    char *attributes[ENTRY_VALUES_MAX] = {0};
    const struct look look = {.base = store->config->passkeys,
                              .filter = "(objectClass=pkCredential)",
                              .scope = LDAP_SCOPE_ONELEVEL,
                              .attributes = attributes,
                              .take = take_entry};

    for (size_t i = 0; entry_attributes[i]; i++)
        attributes[i] = (char *)(uintptr_t)entry_attributes[i];
    return take_all(store, link, &look, DIRECTORY_ENTRIES);
}

/* --- mappings --------------------------------------------------------------------------------- */

/* As Credentials1.Import makes it of such a value. */
static enum pk_status make_credential(const struct ldap_store *store,
                                      const struct ldap_account *account,
                                      struct pk_foreign_key *key, struct credential *ret)
{
    struct credential *credential = ret;
    enum pk_status status = pk_text_copy(account->name, &credential->account.name);

    credential->account.uid = account->number;
    credential->algorithm = key->algorithm;
    credential->record.foreign_handle = true;
    if (status == PK_OK)
        status = pk_text_copy(store->config->mapping_rp_id, &credential->rp_id);
    if (status == PK_OK)
        status = pk_text_copy(MAPPING_NAME, &credential->name);
    if (status == PK_OK)
        status = pk_text_copy("none", &credential->format);
    if (status == PK_OK)
        status = pk_text_copy("None", &credential->attestation_type);
    if (status == PK_OK)
        status = pk_text_copy("unknown", &credential->trust);
    if (status == PK_OK)
        status = pk_text_copy(MAPPING_SOURCE, &credential->imported);
    credential->record.id = key->id;
    credential->record.public_key = key->public_key;
    *key = (struct pk_foreign_key){0}; /* moved */
    return status;
}

/* Smart cards and ssh have values of their own in altSecurityIdentities. */
static enum pk_status take_value(const struct ldap_store *store, const struct ldap_account *account,
                                 struct pk_view value, struct findings *findings)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    const char *why = NULL;
    enum pk_status status;

    if (!pk_is_passkey_mapping(value))
        return PK_OK;
    status = pk_passkey_mapping_parse(value, &key, &why);
    if (status == PK_NO_MEMORY)
        return status;
    if (status != PK_OK)
        return add_unused(findings, pk_text_format("%s: a value of %s is not used: %s", account->dn,
                                                   store->config->mapping, why));
    status = make_credential(store, account, &key, &credential);
    return status == PK_OK ? findings_add(findings, &credential) : status;
}

static enum pk_status take_account(struct ldap_store *store, struct ldap_link *link,
                                   LDAPMessage *message, struct findings *findings)
{
    AUTO_LDAP_ACCOUNT struct ldap_account account = {0};
    enum pk_status status = ldap_account_read(link, store->config, message, &account);
    struct berval **values;

    if (status == PK_NOT_FOUND || (status == PK_OK && account.number < store->config->min_uid))
        return PK_OK;
    if (status != PK_OK)
        return status;
    values = ldap_get_values_len(link->ld, message, store->config->mapping);
    for (size_t i = 0; values && values[i] && i < PER_ENTRY_MAX && status == PK_OK; i++)
        status = take_value(store, &account,
                            (struct pk_view){(const uint8_t *)values[i]->bv_val, values[i]->bv_len},
                            findings);
    ldap_value_free_len(values);
    return status;
}

enum pk_status ldap_poll_mappings(struct ldap_store *store, struct ldap_link *link)
{
    const struct ldap_config *config = store->config;
    PK_AUTO_FREE char *filter = pk_text_format("(%s=*)", config->mapping);
    char *attributes[] = {config->account_name, config->account_number, config->mapping, NULL};
    const struct look look = {.base = config->accounts,
                              .filter = filter,
                              .scope = LDAP_SCOPE_SUBTREE,
                              .attributes = attributes,
                              .take = take_account};

    return filter ? take_all(store, link, &look, DIRECTORY_MAPPINGS) : PK_NO_MEMORY;
}
