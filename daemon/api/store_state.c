/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/store_state.h"

#include <string.h>

static int add_text(json_t *object, const char *name, const char *text)
{
    return *text ? json_object_set_new(object, name, json_string(text)) : 0;
}

/* What is not known is left out. */
static int add_number(json_t *object, const char *name, int64_t number)
{
    return number >= 0 ? json_object_set_new(object, name, json_integer((json_int_t)number)) : 0;
}

static json_t *conclude(json_t *object, int failed)
{
    if (object && !failed)
        return object;
    json_decref(object);
    return NULL;
}

/* A process that does not answer cannot even say what it is. */
static json_t *silent(bool for_root)
{
    json_t *object = json_pack("{s:b}", "answers", false);

    return conclude(object, object && for_root && add_text(object, "failure", store_error()));
}

json_t *store_state_json(struct store *store, bool for_root)
{
    AUTO_STORE_STATE struct store_state state = {0};
    json_t *object;
    int failed;

    if (store->verbs->state(store, &state))
        return silent(for_root);
    object = json_pack("{s:s, s:b}", "kind", state.kind, "answers", state.server[0] != '\0');
    if (!object)
        return NULL;
    failed = for_root && add_text(object, "server", state.server);
    failed |= add_number(object, "lagMilliseconds", state.lag);
    failed |= add_number(object, "cacheAge", state.age);
    failed |= add_number(object, "cacheLeft", state.refuses);
    return conclude(object, failed);
}
