/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/options_shape.h"

#include "gateway/members.h"

#include <string.h>

static json_t *shape_selection(json_t *selection, const char *const *names)
{
    AUTO_JSON json_t *whole = json_is_object(selection) ? json_copy(selection) : NULL;

    if (!whole)
        whole = json_object();
    members_set_flag(whole, "requireResidentKey",
                     json_is_true(json_object_get(whole, "requireResidentKey")));
    return members_pick(whole, names);
}

static json_t *shape_timeout(const json_t *value, json_int_t most)
{
    json_int_t timeout = json_integer_value(value);

    return json_integer(most > 0 && (timeout == 0 || timeout > most) ? most : timeout);
}

static bool is_list(const char *name)
{
    return strcmp(name, "excludeCredentials") == 0 || strcmp(name, "allowCredentials") == 0;
}

/* NULL: it is left out, or memory ran out. */
static json_t *shape_member(const json_t *options, const char *name,
                            const struct options_shape *shape)
{
    json_t *value = json_object_get(options, name);

    if (is_list(name))
        return value || shape->lists ? members_pick_each(value, shape->descriptor) : NULL;
    if (strcmp(name, "authenticatorSelection") == 0)
        return shape_selection(value, shape->selection);
    if (strcmp(name, "timeout") == 0)
        return shape_timeout(value, shape->timeout);
    if (value && strcmp(name, "rp") == 0)
        return members_pick(value, shape->rp);
    if (value && strcmp(name, "user") == 0)
        return members_pick(value, shape->user);
    return json_incref(value);
}

json_t *options_shape(const json_t *options, const struct options_shape *shape)
{
    json_t *result = json_object();

    for (const char *const *name = shape->members; *name; name++) {
        json_t *value = shape_member(options, *name, shape);

        if (value)
            (void)json_object_set_new(result, *name, value);
    }
    return result;
}
