/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/store/store.h"

#include <stdlib.h>

void account_clear(struct account *account)
{
    free(account->rp);
    free(account->name);
    pk_bytes_clear(&account->user_handle);
    *account = (struct account){.uid = PK_NO_UID};
}

void credential_clear(struct credential *credential)
{
    account_clear(&credential->account);
    free(credential->rp_id);
    pk_bytes_clear(&credential->record.id);
    pk_bytes_clear(&credential->record.public_key);
    pk_bytes_clear(&credential->record.user_handle);
    free(credential->name);
    free(credential->format);
    free(credential->attestation_type);
    free(credential->trust);
    free(credential->instrument_display_name);
    *credential = (struct credential){.account.uid = PK_NO_UID};
}

void credential_list_clear(struct credential_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        credential_clear(&list->items[i]);
    free(list->items);
    *list = (struct credential_list){0};
}
