/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/terms.h"

#include <stdlib.h>
#include <string.h>

void pk_descriptors_free(struct pk_descriptor *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pk_bytes_clear(&items[i].id);
    free(items);
}

enum pk_status pk_descriptors_copy(const struct pk_descriptor *items, size_t count,
                                   struct pk_descriptor **ret_items, size_t *ret_count)
{
    struct pk_descriptor *copy = NULL;

    if (count > 0) {
        copy = calloc(count, sizeof(*copy));
        if (!copy)
            return PK_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (pk_bytes_copy(pk_view_of(&items[i].id), &copy[i].id) != PK_OK) {
            pk_descriptors_free(copy, i);
            return PK_NO_MEMORY;
        }
        copy[i].transports = items[i].transports;
    }
    *ret_items = copy;
    *ret_count = count;
    return PK_OK;
}

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

bool pk_strings_include(const struct pk_strings *strings, const char *item)
{
    for (size_t i = 0; i < strings->count; i++)
        if (strcmp(strings->items[i], item) == 0)
            return true;
    return false;
}

void pk_strings_clear(struct pk_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct pk_strings){0};
}
