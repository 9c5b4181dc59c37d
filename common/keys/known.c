/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/known.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "/dev/"

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

/* Only of what is in /dev itself, which is in memory: no path may make the caller wait. */
static struct pk_node node_of(const char *path)
{
    struct stat node;

    if (strncmp(path, FOLDER, strlen(FOLDER)) != 0 || strchr(path + strlen(FOLDER), '/') ||
        lstat(path, &node) != 0)
        return (struct pk_node){0};
    return (struct pk_node){node.st_dev, node.st_ino};
}

static bool is_same(struct pk_node a, struct pk_node b)
{
    return a.device == b.device && a.number == b.number;
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

    pk_known_forget(known, path);
    known->next = (known->next + 1) % PK_KNOWN_MAX;
    clear(key);
    key->path = strdup(path);
    key->node = node_of(path);
    if (!key->path || pk_bytes_copy(id, &key->id) != PK_OK)
        clear(key);
}

bool pk_known_has(const struct pk_known *known, const char *path, struct pk_view id)
{
    for (size_t i = 0; i < PK_KNOWN_MAX; i++)
        if (known->keys[i].path && strcmp(known->keys[i].path, path) == 0)
            return pk_view_equal(pk_view_of(&known->keys[i].id), id) &&
                   is_same(known->keys[i].node, node_of(path));
    return false;
}

void pk_known_keep(struct pk_known *known, const struct pk_devices *list)
{
    for (size_t i = 0; i < PK_KNOWN_MAX; i++)
        if (known->keys[i].path && !is_listed(list, known->keys[i].path))
            clear(&known->keys[i]);
}
