/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/credential.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/accounts/account.h"
#include "daemon/config/passkey_name.h"

#include <string.h>

#define UTF8_MAX    4   /* bytes of a character (RFC 3629) */
#define NAMES_TRIED 100 /* "blue", "blue 2", … */

/*
 * The credential's account must be the ceremony's, and must still be the same account of the host.
 */
static enum pk_status check_account(const struct ceremony *ceremony, const struct account *account)
{
    if (ceremony->account.name) {
        if (strcmp(account->name, ceremony->account.name) != 0 ||
            account->uid != ceremony->account.uid)
            return PK_CREDENTIAL_NOT_ALLOWED;
    } else if (!ceremony->gateway && ceremony->owner != 0 && account->uid != ceremony->owner) {
        return PK_CREDENTIAL_NOT_ALLOWED; /* an unprivileged caller may only sign in as itself */
    }
    /* It was an earlier account's of that name. */
    if (account->orphaned)
        return PK_ACCOUNT_CHANGED;
    return ceremony->system_account ? system_account_check(account->name, account->uid) : PK_OK;
}

enum pk_status credential_find(struct store *store, const struct ceremony *ceremony,
                               struct pk_view credential_id, struct credential *ret)
{
    const struct credential_filter filter = {.rp = ceremony->account.rp,
                                             .credential_id = credential_id};
    AUTO_CREDENTIAL_LIST struct credential_list found = {0};
    enum pk_status status;

    if (credential_id.len == 0)
        return PK_CREDENTIAL_NOT_ALLOWED;
    status = store->verbs->list(store, &filter, &found);
    if (status)
        return status;
    if (found.count != 1)
        return PK_CREDENTIAL_NOT_ALLOWED;
    /* A second factor's is none for a sign-in by itself. */
    if (found.items[0].mfa && !ceremony->mfa)
        return PK_CREDENTIAL_NOT_ALLOWED;
    status = check_account(ceremony, &found.items[0].account);
    if (status)
        return status;
    *ret = found.items[0];
    found.count = 0; /* moved */
    return PK_OK;
}

enum pk_status credentials_of_unknown_id(struct store *store, const struct ceremony *ceremony,
                                         struct credential_list *ret)
{
    const struct account *account = &ceremony->account;
    const struct credential_filter filter = {
        .rp = account->rp, .account_name = account->name, .uid = &account->uid, .living = true};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    size_t kept = 0;
    enum pk_status status = PK_OK;

    if (!account->name || ceremony->gateway)
        return PK_CREDENTIAL_NOT_ALLOWED;
    status = store->verbs->list(store, &filter, &list);
    for (size_t i = 0; i < list.count && !status; i++) {
        struct credential *item = &list.items[i];

        if (item->id_unknown && !item->mfa &&
            strcmp(item->rp_id, ceremony->requirements.rp_id) == 0) {
            const struct credential first = list.items[kept];

            list.items[kept++] = *item;
            *item = first;
        }
    }
    if (!status && kept > 0)
        status = check_account(ceremony, &list.items[0].account);
    if (status)
        return status;
    for (size_t i = kept; i < list.count; i++)
        credential_clear(&list.items[i]);
    list.count = kept;
    *ret = list;
    list = (struct credential_list){0};
    return PK_OK;
}

void credential_list_raise(const struct credential_list *list, const char *rp_id, bool id_unknown,
                           struct pk_requirements *requirements)
{
    bool any = false, all = true;

    if (requirements->ceremony != PK_AUTHENTICATION)
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct credential *item = &list->items[i];

        if (item->id_unknown != id_unknown || strcmp(item->rp_id, rp_id) != 0)
            continue;
        any |= item->record.verification;
        all &= item->record.verification;
    }
    if (any && all)
        requirements->user_verification = PK_REQUIRED;
    else if (any && requirements->user_verification == PK_DISCOURAGED)
        requirements->user_verification = PK_PREFERRED;
}

enum pk_status credential_list_require(const struct credential_list *list, const char *rp_id,
                                       struct pk_requirements *requirements)
{
    enum pk_status status = PK_OK;

    credential_list_raise(list, rp_id, false, requirements);
    for (size_t i = 0; i < list->count && !status; i++)
        if (!list->items[i].id_unknown && strcmp(list->items[i].rp_id, rp_id) == 0)
            status = pk_requirements_add_credential(
                requirements, pk_view_of(&list->items[i].record.id), list->items[i].transports);
    return status;
}

struct pk_view credential_list_handle(const struct credential_list *list, const char *rp_id,
                                      bool id_unknown)
{
    struct pk_view handle = {0};
    bool some = false;

    for (size_t i = 0; i < list->count; i++) {
        const struct credential *item = &list->items[i];
        struct pk_view own = pk_view_of(&item->record.user_handle);

        if (item->id_unknown != id_unknown || strcmp(item->rp_id, rp_id) != 0)
            continue;
        if (some && !pk_view_equal(handle, own))
            return (struct pk_view){0};
        handle = own;
        some = true;
    }
    return handle;
}

static enum pk_status fill_credential(const struct ceremony *ceremony, const char *rp_id,
                                      const struct pk_registration_result *result,
                                      struct credential *ret)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    enum pk_status status = account_copy(&ceremony->account, &ret->account);

    ret->record.sign_count = result->sign_count;
    ret->record.backup_eligible = (result->flags & PK_FLAG_BE) != 0;
    ret->record.backup_state = (result->flags & PK_FLAG_BS) != 0;
    ret->record.payment = requirements->payment;
    ret->algorithm = result->algorithm;
    ret->transports = result->transports ? result->transports : ceremony->transports;
    ret->mfa = ceremony->mfa;
    ret->discoverable = result->extensions.has_cred_props
                            ? result->extensions.resident_key
                            : requirements->resident_key == PK_REQUIRED;
    ret->user_verified = (result->flags & PK_FLAG_UV) != 0;
    ret->cred_protect = result->extensions.cred_protect;
    ret->created = pk_clock_now();
    (void)memcpy(ret->aaguid, result->aaguid, PK_AAGUID_SIZE);
    if (!status)
        status = pk_text_copy(rp_id, &ret->rp_id);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&result->credential_id), &ret->record.id);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&result->public_key), &ret->record.public_key);
    if (!status)
        status =
            pk_bytes_copy(pk_view_of(&ceremony->account.user_handle), &ret->record.user_handle);
    if (!status)
        status = pk_text_copy(result->format, &ret->format);
    if (!status)
        status = pk_text_copy(pk_attestation_type_name(result->attestation_type),
                              &ret->attestation_type);
    if (!status)
        status = pk_text_copy(pk_trust_name(result->trust), &ret->trust);
    if (!status)
        status = pk_text_copy(requirements->instrument_display_name, &ret->instrument_display_name);
    return status;
}

enum pk_status credential_new(const struct ceremony *ceremony, const char *rp_id,
                              const struct pk_registration_result *result, struct credential *ret)
{
    AUTO_CREDENTIAL struct credential credential = {0};
    enum pk_status status = fill_credential(ceremony, rp_id, result, &credential);

    if (status)
        return status;
    *ret = credential;
    credential = (struct credential){0};
    return PK_OK;
}

bool credential_name_is_taken(const struct credential_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return true;
    return false;
}

/* What a key or an agent calls it, as a name is kept; an application's is what it says. */
static char *default_name(const struct ceremony *ceremony, const char *fallback, size_t longest)
{
    PK_AUTO_FREE char *shown = pk_text_printable(fallback, longest);
    char *name = NULL;
    enum pk_status status;

    if (!shown || ceremony->gateway)
        return pk_steal(shown);
    status = passkey_name_read(shown, &name);
    if (!status)
        return name;
    return status == PK_NO_MEMORY ? NULL : strdup("passkey");
}

enum pk_status credential_choose_name(struct store *store, const struct ceremony *ceremony,
                                      const char *fallback, char **ret)
{
    const struct account *account = &ceremony->account;
    const struct credential_filter filter = {
        .rp = account->rp, .account_name = account->name, .uid = &account->uid, .living = true};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    /* With the number; whoever calls has seen to an application's characters. */
    const size_t longest =
        ceremony->gateway ? (size_t)PK_APPLICATION_NAME_MAX * UTF8_MAX : PK_CREDENTIAL_NAME_MAX - 4;
    PK_AUTO_FREE char *base = NULL;
    enum pk_status status;

    /* Applications give many of their users' passkeys one name. */
    if (ceremony->gateway && ceremony->credential_name)
        fallback = ceremony->credential_name;
    else if (ceremony->credential_name)
        return pk_text_copy(ceremony->credential_name, ret);
    base = default_name(ceremony, fallback, longest);
    status = base ? store->verbs->list(store, &filter, &list) : PK_NO_MEMORY;
    if (status)
        return status;
    for (unsigned i = 1; i <= NAMES_TRIED; i++) {
        char *name = i == 1 ? strdup(base) : pk_text_format("%s %u", base, i);

        if (!name)
            return PK_NO_MEMORY;
        if (!credential_name_is_taken(&list, name)) {
            *ret = name;
            return PK_OK;
        }
        free(name);
    }
    return PK_LIMIT_EXCEEDED;
}

bool credential_is_on_phone(const struct credential *credential)
{
    return (credential->transports & PK_TRANSPORT_HYBRID) && !credential->id_unknown;
}

bool credential_is_on_phone_alone(const struct credential *credential)
{
    static const unsigned key =
        PK_TRANSPORT_USB | PK_TRANSPORT_NFC | PK_TRANSPORT_BLE | PK_TRANSPORT_SMART_CARD;

    return credential_is_on_phone(credential) && !(credential->transports & key);
}
