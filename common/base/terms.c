/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/terms.h"

#include <stdlib.h>
#include <string.h>

enum pk_status pk_strings_add(struct pk_strings *strings, const char *item)
{
    char **items = reallocarray(strings->items, strings->count + 1, sizeof(*items));

    if (!items)
        return PK_NO_MEMORY;
    strings->items = items;
    items[strings->count] = strdup(item);
    if (!items[strings->count])
        return PK_NO_MEMORY;
    strings->count++;
    return PK_OK;
}

void pk_strings_clear(struct pk_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct pk_strings){0};
}
