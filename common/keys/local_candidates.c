/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/local_private.h"

#include <string.h>

/* --- what they are at ------------------------------------------------------------------------- */

bool local_is_in(const struct candidate *candidate, unsigned phases)
{
    return candidate->session && (IN(pk_key_session_phase(candidate->session)) & phases) != 0;
}

size_t local_count(const struct pk_local_ceremony *ceremony, unsigned phases)
{
    size_t found = 0;

    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        found += local_is_in(c, phases);
    return found;
}

bool local_is_gone(const struct candidate *candidate)
{
    return candidate->failure == PK_NO_DEVICE || candidate->failure == PK_DEVICE_REMOVED;
}

bool local_any_left(const struct pk_local_ceremony *ceremony)
{
    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        if (c->failure == PK_OK)
            return true;
    return false;
}

/* --- coming and leaving ----------------------------------------------------------------------- */

void local_drop_session(struct candidate *candidate)
{
    if (candidate->session)
        pk_key_session_cancel(pk_steal(candidate->session));
    pk_pin_dialogue_withdraw(&candidate->ceremony->pin, candidate);
}

static void candidate_free(struct candidate *candidate)
{
    free(candidate->path);
    free(candidate->name);
    free(candidate->model);
    free(candidate->pin_name);
    free(candidate);
}

void local_candidates_free(struct pk_local_ceremony *ceremony)
{
    while (ceremony->candidates) {
        struct candidate *next = ceremony->candidates->next;

        candidate_free(ceremony->candidates);
        ceremony->candidates = next;
    }
}

static struct candidate *candidate_new(struct pk_local_ceremony *ceremony,
                                       const struct pk_device *device)
{
    struct candidate *candidate = calloc(1, sizeof(*candidate));

    if (!candidate)
        return NULL;
    *candidate = (struct candidate){
        .ceremony = ceremony,
        .path = strdup(device->path),
        .name = pk_message_device_name(device),
        .doubtful = ceremony->groups,
        .model = pk_text_format("%04x:%04x %s %s", device->vendor_id, device->product_id,
                                device->manufacturer, device->product),
    };
    if (!candidate->path || !candidate->name || !candidate->model) {
        candidate_free(candidate);
        return NULL;
    }
    candidate->next = ceremony->candidates;
    ceremony->candidates = candidate;
    return candidate;
}

static bool has_candidate(const struct pk_local_ceremony *ceremony, const char *path)
{
    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        if (strcmp(c->path, path) == 0)
            return true;
    return false;
}

static bool is_listed(const struct candidate *candidate, const struct pk_devices *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, candidate->path) == 0)
            return true;
    return false;
}

/* Keys that are no longer listed leave; a helper that has not noticed is cancelled. */
static void remove_unlisted(struct pk_local_ceremony *ceremony, const struct pk_devices *list)
{
    struct candidate **link = &ceremony->candidates;

    while (*link) {
        struct candidate *candidate = *link;

        if (is_listed(candidate, list)) {
            link = &candidate->next;
            continue;
        }
        if (local_is_in(candidate, ACTIVE)) {
            local_inform_of_removal(ceremony);
            ceremony->failure = PK_DEVICE_REMOVED;
        }
        local_drop_session(candidate);
        *link = candidate->next;
        candidate_free(candidate);
    }
    if (local_count(ceremony, ACTIVE) == 0)
        pk_deadlines_stop(&ceremony->deadlines, TOUCH_TIMEOUT);
}

void local_candidates_update(struct pk_local_ceremony *ceremony, const struct pk_devices *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!has_candidate(ceremony, list->items[i].path))
            (void)candidate_new(ceremony, &list->items[i]);
    }
    remove_unlisted(ceremony, list);
}
