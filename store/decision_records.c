/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/decision_records.h"

#include <stdlib.h>

void kept_decision_list_clear(struct kept_decision_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].rp);
        free(list->items[i].name);
        free(list->items[i].context);
        free(list->items[i].passkey);
        pk_bytes_clear(&list->items[i].credential_id);
    }
    free(list->items);
    *list = (struct kept_decision_list){0};
}
