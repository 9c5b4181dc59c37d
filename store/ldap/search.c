/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ldap/search.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 256
#define NUMBER_DIGITS  10

void ldap_account_clear(struct ldap_account *account)
{
    free(account->dn);
    free(account->name);
    *account = (struct ldap_account){0};
}

/* One message of that search. Returns its type, below 0 an error, whose code *ret_code is. */
static int next_message(LDAP *ld, int id, LDAPMessage **ret, int *ret_code)
{
    int type = ldap_result(ld, id, LDAP_MSG_ONE, NULL, ret);

    if (type < 0)
        (void)ldap_get_option(ld, LDAP_OPT_RESULT_CODE, ret_code);
    else if (type == LDAP_RES_SEARCH_RESULT)
        (void)ldap_parse_result(ld, *ret, ret_code, NULL, NULL, NULL, NULL, 0);
    return type;
}

/* The entry of that name: a server that sends others with it is not listened to any longer. */
static int search_one(LDAP *ld, const char *base, const char *filter, char **attributes,
                      LDAPMessage **ret)
{
    int id = -1, type = LDAP_RES_SEARCH_ENTRY, result = LDAP_OTHER;
    int code = ldap_search_ext(ld, base, LDAP_SCOPE_BASE, filter, attributes, 0, NULL, NULL, NULL,
                               LDAP_NO_LIMIT, &id);

    if (code != LDAP_SUCCESS)
        return code;
    while (type >= 0 && type != LDAP_RES_SEARCH_RESULT) {
        LDAPMessage *message = NULL;

        type = next_message(ld, id, &message, &result);
        if (type == LDAP_RES_SEARCH_ENTRY && *ret) {
            (void)ldap_msgfree(message);
            (void)ldap_abandon_ext(ld, id, NULL, NULL);
            return LDAP_PROTOCOL_ERROR;
        }
        if (type == LDAP_RES_SEARCH_ENTRY || (type == LDAP_RES_SEARCH_RESULT && !*ret))
            *ret = message;
        else if (message)
            (void)ldap_msgfree(message);
    }
    return result;
}

enum pk_status ldap_link_search(struct ldap_link *link, const char *base, int scope,
                                const char *filter, const char *const *attributes,
                                LDAPMessage **ret)
{
    char *list[ENTRY_VALUES_MAX] = {0};
    LDAPMessage *found = NULL;
    enum pk_status status;
    int code;

    /* libldap takes them without const, and changes nothing. */
    for (size_t i = 0; i < ENTRY_VALUES_MAX - 1 && attributes[i]; i++)
        list[i] = (char *)(uintptr_t)attributes[i];
    if (scope == LDAP_SCOPE_BASE)
        code = search_one(link->ld, base, filter, list, &found);
    else
        code = ldap_search_ext_s(link->ld, base, scope, filter, list, 0, NULL, NULL, NULL,
                                 LDAP_NO_LIMIT, &found);
    status = ldap_link_status(link, code, base);
    if (status == PK_OK)
        *ret = found;
    else if (found)
        (void)ldap_msgfree(found);
    return status;
}

/* --- accounts --------------------------------------------------------------------------------- */

/* As libldap writes it, so that two spellings of one name are one. NULL: it is none. */
static char *canonical_dn(const char *text)
{
    LDAPDN dn = NULL;
    char *written = NULL, *copy = NULL;

    if (ldap_str2dn(text, &dn, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
        return NULL;
    if (ldap_dn2str(dn, &written, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS)
        copy = strdup(written);
    ldap_memfree(written);
    ldap_dnfree(dn);
    return copy;
}

static bool is_below(const char *dn, const char *base)
{
    PK_AUTO_FREE char *a = canonical_dn(dn);
    PK_AUTO_FREE char *b = canonical_dn(base);
    size_t len = a ? strlen(a) : 0, end = b ? strlen(b) : 0;

    return a && b && len > end + 1 && a[len - end - 1] == ',' && strcasecmp(a + len - end, b) == 0;
}

/* Of an attribute that has one value. NULL: it has none, or several. */
static struct berval **one_value(LDAP *ld, LDAPMessage *message, const char *name)
{
    struct berval **values = ldap_get_values_len(ld, message, name);

    if (values && values[0] && !values[1])
        return values;
    ldap_value_free_len(values);
    return NULL;
}

static enum pk_status read_name(const struct berval *value, char **ret)
{
    struct pk_view text = {(const uint8_t *)value->bv_val, value->bv_len};

    if (text.len == 0 || text.len > NAME_MAX_BYTES || memchr(text.ptr, 0, text.len) ||
        !pk_utf8_valid(text))
        return PK_NOT_FOUND;
    *ret = strndup(value->bv_val, value->bv_len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status read_uid(const struct berval *value, uid_t *ret)
{
    uint64_t number = 0;

    if (value->bv_len == 0 || value->bv_len > NUMBER_DIGITS)
        return PK_NOT_FOUND;
    for (size_t i = 0; i < value->bv_len; i++) {
        if (value->bv_val[i] < '0' || value->bv_val[i] > '9')
            return PK_NOT_FOUND;
        number = 10 * number + (uint64_t)(value->bv_val[i] - '0');
    }
    if (number >= PK_NO_UID)
        return PK_NOT_FOUND;
    *ret = (uid_t)number;
    return PK_OK;
}

static void read_uuid(LDAP *ld, LDAPMessage *message, struct ldap_account *account)
{
    struct berval **uuid = one_value(ld, message, "entryUUID");

    account->has_uuid =
        uuid && entry_uuid_parse((struct pk_view){(uint8_t *)uuid[0]->bv_val, uuid[0]->bv_len},
                                 account->uuid) == PK_OK;
    ldap_value_free_len(uuid);
}

enum pk_status ldap_account_read(struct ldap_link *link, const struct ldap_config *config,
                                 LDAPMessage *message, struct ldap_account *ret)
{
    AUTO_LDAP_ACCOUNT struct ldap_account account = {0};
    struct berval **name = one_value(link->ld, message, config->account_name);
    struct berval **number = one_value(link->ld, message, config->account_number);
    char *dn = ldap_get_dn(link->ld, message);
    enum pk_status status = name && number && dn ? PK_OK : PK_NOT_FOUND;

    if (status == PK_OK)
        status = read_name(name[0], &account.name);
    if (status == PK_OK)
        status = read_uid(number[0], &account.number);
    if (status == PK_OK)
        status = pk_text_copy(dn, &account.dn);
    ldap_value_free_len(name);
    ldap_value_free_len(number);
    ldap_memfree(dn);
    if (status != PK_OK)
        return status;
    read_uuid(link->ld, message, &account);
    *ret = account;
    account = (struct ldap_account){0}; /* moved */
    return PK_OK;
}

enum pk_status ldap_account_at(struct ldap_link *link, const struct ldap_config *config,
                               const char *dn, struct ldap_account *ret)
{
    const char *const attributes[] = {config->account_name, config->account_number, "entryUUID",
                                      NULL};
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    LDAPMessage *first;
    enum pk_status status;

    if (!is_below(dn, config->accounts))
        return PK_NOT_FOUND;
    status = ldap_link_search(link, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, &found);
    first = status == PK_OK ? ldap_first_entry(link->ld, found) : NULL;
    if (status != PK_OK || !first)
        return status == PK_OK ? PK_NOT_FOUND : status;
    return ldap_account_read(link, config, first, ret);
}

static char *account_filter(const struct ldap_config *config, const char *name, uid_t number)
{
    struct berval plain = {strlen(name), (char *)(uintptr_t)name}, escaped = {0};
    char *filter = NULL;

    if (ldap_bv2escaped_filter_value(&plain, &escaped) == 0)
        filter = pk_text_format("(&(%s=%s)(%s=%lu))", config->account_name,
                                escaped.bv_val ? escaped.bv_val : "", config->account_number,
                                (unsigned long)number);
    if (escaped.bv_val != plain.bv_val)
        ldap_memfree(escaped.bv_val);
    return filter;
}

enum pk_status ldap_account_named(struct ldap_link *link, const struct ldap_config *config,
                                  const char *name, uid_t number, struct ldap_account *ret)
{
    const char *const attributes[] = {config->account_name, config->account_number, "entryUUID",
                                      NULL};
    PK_AUTO_FREE char *filter = account_filter(config, name, number);
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    enum pk_status status;

    if (!filter)
        return PK_NO_MEMORY;
    status =
        ldap_link_search(link, config->accounts, LDAP_SCOPE_SUBTREE, filter, attributes, &found);
    if (status != PK_OK)
        return status;
    switch (ldap_count_entries(link->ld, found)) {
    case 0:
        return PK_NOT_FOUND;
    case 1:
        return ldap_account_read(link, config, ldap_first_entry(link->ld, found), ret);
    default:
        (void)snprintf(link->words, sizeof(link->words),
                       "%s: several accounts have the name and the user id of %s", link->uri, name);
        return PK_INVALID_INPUT;
    }
}

/* --- passkeys --------------------------------------------------------------------------------- */

void ldap_values_clear(struct ldap_values *values)
{
    for (size_t i = 0; i < ENTRY_VALUES_MAX; i++)
        ldap_value_free_len(values->of[i]);
    *values = (struct ldap_values){0};
}

enum pk_status ldap_values_read(LDAP *ld, LDAPMessage *message, struct ldap_values *ret)
{
    struct entry *entry = &ret->entry;

    *ret = (struct ldap_values){0};
    for (size_t i = 0; entry_attributes[i]; i++) {
        ret->of[i] = ldap_get_values_len(ld, message, entry_attributes[i]);
        for (struct berval **value = ret->of[i]; value && *value; value++) {
            if (entry->count == ENTRY_VALUES_MAX)
                return PK_INVALID_INPUT;
            entry->items[entry->count++] = (struct entry_value){
                entry_attributes[i], {(const uint8_t *)(*value)->bv_val, (*value)->bv_len}};
        }
    }
    return PK_OK;
}

/* The first attribute of an entry is its id. */
static bool is_id(const LDAPAVA *ava, struct pk_view id)
{
    const char *name = entry_attributes[0];
    const struct pk_view value = {(const uint8_t *)ava->la_value.bv_val, ava->la_value.bv_len};

    return name && ava->la_attr.bv_len == strlen(name) &&
           strncasecmp(ava->la_attr.bv_val, name, strlen(name)) == 0 && pk_view_equal(value, id);
}

/*
 * Servers let whoever adds an entry name it by any of its values, or by several. Named by its id
 * and nothing besides, an id is in the directory once.
 */
static bool is_named_by(LDAP *ld, LDAPMessage *message, struct pk_view id)
{
    char *text = ldap_get_dn(ld, message);
    LDAPDN dn = NULL;
    bool named = text && ldap_str2dn(text, &dn, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && dn &&
                 dn[0] && dn[0][0] && !dn[0][1] && is_id(dn[0][0], id);

    ldap_dnfree(dn);
    ldap_memfree(text);
    return named;
}

/* An account that was made anew under a known name is not the passkey's owner. */
static enum pk_status check_owner(const struct ldap_account *account,
                                  const struct entry_owner *owner, const struct ldap_config *config,
                                  const char **ret_why)
{
    *ret_why = NULL;
    if (account->number != owner->number)
        *ret_why = "its owner has another user id than when it was added";
    else if (owner->has_uuid && !account->has_uuid)
        *ret_why = "its owner's entryUUID, which it names, cannot be read by this host";
    else if (owner->has_uuid && memcmp(owner->uuid, account->uuid, sizeof(owner->uuid)) != 0)
        *ret_why = "its owner was removed, and made anew";
    else if (account->number < config->min_uid)
        *ret_why = "its owner's user id is below min-uid";
    return *ret_why ? PK_NOT_FOUND : PK_OK;
}

enum pk_status ldap_passkey_read(struct ldap_link *link, const struct ldap_config *config,
                                 LDAPMessage *message, struct credential *ret, const char **ret_why)
{
    AUTO_LDAP_VALUES struct ldap_values values = {0};
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    AUTO_ENTRY_OWNER struct entry_owner owner = {0};
    AUTO_LDAP_ACCOUNT struct ldap_account account = {0};
    enum pk_status status = ldap_values_read(link->ld, message, &values);

    *ret_why = "it has too many values";
    if (status == PK_OK)
        status = entry_read(&values.entry, &credential, &owner, ret_why);
    if (status != PK_OK)
        return status == PK_INVALID_INPUT ? PK_NOT_FOUND : status;
    *ret_why = "it is not named by its pkCredentialId alone";
    if (!is_named_by(link->ld, message, values.entry.items[0].value))
        return PK_NOT_FOUND;
    *ret_why = "its owner is not among the accounts";
    status = ldap_account_at(link, config, owner.dn, &account);
    if (status == PK_OK)
        status = check_owner(&account, &owner, config, ret_why);
    if (status != PK_OK)
        return status;
    credential.account.name = pk_steal(account.name);
    credential.account.uid = account.number;
    *ret = credential;
    credential = (struct credential){.account.uid = PK_NO_UID}; /* moved */
    return PK_OK;
}
