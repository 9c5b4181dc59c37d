/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/known.h"

#include <stdlib.h>
#include <string.h>

static void clear(struct pk_known_key *key)
{
    free(key->path);
    pk_bytes_clear(&key->id);
    *key = (struct pk_known_key){0};
}

static bool is_listed(const struct pk_devices *list, const char *path)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (strcmp(list->items[i].path, path) == 0)
            return true;
    return false;
}

void pk_known_forget(struct pk_known *known, const char *path)
{
    for (size_t i = 0; i < PK_KNOWN_MAX; i++)
        if (known->keys[i].path && strcmp(known->keys[i].path, path) == 0)
            clear(&known->keys[i]);
}

void pk_known_add(struct pk_known *known, const char *path, struct pk_view id)
{
    struct pk_known_key *key = &known->keys[known->next];

    if (pk_known_has(known, path, id))
        return;
    pk_known_forget(known, path);
    known->next = (known->next + 1) % PK_KNOWN_MAX;
    clear(key);
    key->path = strdup(path);
    if (!key->path || pk_bytes_copy(id, &key->id) != PK_OK)
        clear(key);
}

bool pk_known_has(const struct pk_known *known, const char *path, struct pk_view id)
{
    for (size_t i = 0; i < PK_KNOWN_MAX; i++)
        if (known->keys[i].path && strcmp(known->keys[i].path, path) == 0)
            return pk_view_equal(pk_view_of(&known->keys[i].id), id);
    return false;
}

void pk_known_keep(struct pk_known *known, const struct pk_devices *list)
{
    for (size_t i = 0; i < PK_KNOWN_MAX; i++)
        if (known->keys[i].path && !is_listed(list, known->keys[i].path))
            clear(&known->keys[i]);
}
