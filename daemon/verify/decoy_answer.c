/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/decoy_answer.h"

#include "daemon/accounts/account.h"
#include "daemon/verify/credential.h"

/* What comes before the signature of a passkey. PK_OK: go on with that. */
static enum pk_status search(struct store *store, const struct ceremony *ceremony,
                             struct pk_view credential_id)
{
    const struct account *account = &ceremony->account;
    AUTO_CREDENTIAL struct credential found = {.account.uid = PK_NO_UID};
    enum pk_status status = credential_find(store, ceremony, credential_id, &found);

    if (status != PK_CREDENTIAL_NOT_ALLOWED)
        return status ? status : PK_INTERNAL;
    if (ceremony->system_account &&
        system_account_check(account->name, account->uid) == PK_UNAVAILABLE)
        return PK_UNAVAILABLE;
    return PK_OK;
}

/* No private key of a decoy is known. */
static enum pk_status refused(enum pk_status status, struct pk_authentication_result *result)
{
    pk_authentication_result_clear(result);
    return status ? status : PK_INTERNAL;
}

enum pk_status decoy_refuse_assertion(struct store *store, const struct ceremony *ceremony,
                                      const struct credential *decoy,
                                      const uint8_t client_data_hash[PK_HASH_SIZE],
                                      const struct pk_assertion *assertion)
{
    struct pk_authentication_result result = {0};
    enum pk_status status = search(store, ceremony, assertion->credential_id);

    if (!status)
        status = pk_authentication_verify(&ceremony->requirements, &decoy->record, client_data_hash,
                                          assertion, &result);
    return refused(status, &result);
}

/* One that was not offered costs as much as one that was, and is refused before its signature. */
static const struct credential *find_decoy(const struct credential_list *decoys, struct pk_view id)
{
    for (size_t i = 0; i < decoys->count; i++)
        if (pk_view_equal(pk_view_of(&decoys->items[i].record.id), id))
            return &decoys->items[i];
    return NULL;
}

enum pk_status decoy_refuse_response(struct store *store, const struct ceremony *ceremony,
                                     const struct credential_list *decoys, struct pk_view json)
{
    struct pk_authentication_response response = {0};
    struct pk_authentication_result result = {0};
    enum pk_status status = pk_authentication_response_parse(json, &response);
    const struct credential *decoy;

    if (status)
        return status;
    status = search(store, ceremony, pk_view_of(&response.credential_id));
    decoy = find_decoy(decoys, pk_view_of(&response.credential_id));
    if (!status)
        status = decoy ? pk_authentication_response_verify(&ceremony->requirements, &decoy->record,
                                                           &response, &result)
                       : PK_CREDENTIAL_NOT_ALLOWED;
    pk_authentication_response_clear(&response);
    return refused(status, &result);
}
