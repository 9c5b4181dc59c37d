/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/key_records.h"

#include <stdlib.h>

void api_key_clear(struct api_key *key)
{
    free(key->rp);
    free(key->id);
    free(key->name);
    *key = (struct api_key){0};
}

void api_key_list_clear(struct api_key_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        api_key_clear(&list->items[i]);
    free(list->items);
    *list = (struct api_key_list){0};
}

void signing_key_clear(struct signing_key *key)
{
    free(key->rp);
    free(key->kid);
    free(key->algorithm);
    pk_secret_clear(&key->jwk);
    *key = (struct signing_key){0};
}

void signing_key_list_clear(struct signing_key_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        signing_key_clear(&list->items[i]);
    free(list->items);
    *list = (struct signing_key_list){0};
}

void transaction_clear(struct transaction *transaction)
{
    free(transaction->rp);
    free(transaction->user);
    free(transaction->id);
    free(transaction->data);
    *transaction = (struct transaction){0};
}

void transaction_list_clear(struct transaction_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        transaction_clear(&list->items[i]);
    free(list->items);
    *list = (struct transaction_list){0};
}
