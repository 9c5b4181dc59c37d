/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/config_places.h"

#include "common/base/config_file.h"

#include <stdlib.h>
#include <string.h>

static void place_clear(struct config_place *place)
{
    free(place->where);
    free(place->kind);
    free(place->name);
    free(place->key);
}

enum pk_status config_places_add(struct config_places *places, const char *where,
                                 const struct config_line *line, bool good)
{
    struct config_place place = {strdup(where), strdup(line->kind), strdup(line->name),
                                 strdup(line->key ? line->key : ""), good};
    struct config_place *items = NULL;

    if (place.where && place.kind && place.name && place.key)
        items = reallocarray(places->items, places->count + 1, sizeof(*items));
    if (!items) {
        place_clear(&place);
        return PK_NO_MEMORY;
    }
    places->items = items;
    places->items[places->count++] = place;
    return PK_OK;
}

void config_places_clear(struct config_places *places)
{
    for (size_t i = 0; i < places->count; i++)
        place_clear(&places->items[i]);
    free(places->items);
    *places = (struct config_places){0};
}

bool config_places_refused(const struct config_places *places, const char *rp, const char *key)
{
    for (size_t i = 0; i < places->count; i++) {
        const struct config_place *place = &places->items[i];

        if (!place->good && strcmp(place->kind, "rp") == 0 && strcmp(place->name, rp) == 0 &&
            strcmp(place->key, key) == 0)
            return true;
    }
    return false;
}

bool config_places_overruled(const struct config_places *places, size_t index)
{
    const struct config_place *place = &places->items[index];

    for (size_t i = index + 1; i < places->count; i++) {
        const struct config_place *other = &places->items[i];

        if (other->good && strcmp(place->kind, other->kind) == 0 &&
            strcmp(place->name, other->name) == 0 && strcmp(place->key, other->key) == 0)
            return true;
    }
    return false;
}
