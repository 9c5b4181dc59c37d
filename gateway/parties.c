/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/parties.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "gateway/dialects.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT 300

static void party_clear(struct party *party)
{
    free(party->name);
    free(party->id);
    free(party->display_name);
    free(party->prefix);
    free(party->tenant);
    pk_strings_clear(&party->origins);
}

struct parties *parties_ref(struct parties *parties)
{
    parties->references++;
    return parties;
}

void parties_unref(struct parties *parties)
{
    if (!parties || --parties->references > 0)
        return;
    for (size_t i = 0; i < parties->count; i++)
        party_clear(&parties->items[i]);
    free(parties->items);
    free(parties);
}

PK_DEFINE_CLEANUP(struct parties *, parties_unref);
PK_DEFINE_CLEANUP(json_t *, json_decref);

/* "" or "/..." of segments that need no escapes. */
static bool prefix_is_good(const char *prefix)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~/";
    size_t len = strlen(prefix);

    if (len == 0)
        return true;
    return prefix[0] == '/' && prefix[len - 1] != '/' && strspn(prefix, allowed) == len &&
           !strstr(prefix, "//") && !strstr(prefix, "/.");
}

static enum pk_status read_origins(const json_t *list, struct pk_strings *ret)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item) || i >= PK_ORIGINS_MAX)
            return PK_INVALID_INPUT;
        if (pk_strings_add(ret, json_string_value(item)))
            return PK_NO_MEMORY;
    }
    return PK_OK;
}

static enum pk_status copy_member(const json_t *object, const char *name, const char *otherwise,
                                  char **ret)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (!text)
        text = otherwise;
    return text ? pk_text_copy(text, ret) : PK_INVALID_INPUT;
}

/* *ret has to be cleared after a failure, too. PK_UNSUPPORTED: it cannot be served. */
static enum pk_status read_party(const json_t *object, struct party *ret)
{
    const char *http = json_string_value(json_object_get(object, "http"));
    const json_t *timeout = json_object_get(object, "timeout");
    enum pk_status status = copy_member(object, "name", NULL, &ret->name);

    if (!status)
        status = copy_member(object, "id", NULL, &ret->id);
    if (!status)
        status = copy_member(object, "displayName", ret->id, &ret->display_name);
    if (!status)
        status = copy_member(object, "prefix", "", &ret->prefix);
    if (!status)
        status = copy_member(object, "tenantId", "", &ret->tenant);
    if (!status)
        status = read_origins(json_object_get(object, "origins"), &ret->origins);
    if (status)
        return status;
    ret->timeout = json_is_integer(timeout) && json_integer_value(timeout) > 0 &&
                           json_integer_value(timeout) <= 3600
                       ? (unsigned)json_integer_value(timeout)
                       : TIMEOUT_DEFAULT;
    ret->self_service = json_is_true(json_object_get(object, "selfService"));
    ret->dialect = http ? dialect_of(http) : NULL;
    return ret->dialect && prefix_is_good(ret->prefix) ? PK_OK : PK_UNSUPPORTED;
}

static int by_length(const void *a, const void *b)
{
    size_t left = strlen(((const struct party *)a)->prefix);
    size_t right = strlen(((const struct party *)b)->prefix);

    return left < right ? 1 : left > right ? -1 : 0;
}

static void add_left_out(char **text, const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *http = json_string_value(json_object_get(object, "http"));
    char *more = pk_text_format("%s%s%s (http = %s)", *text ? *text : "", *text ? ", " : "",
                                name ? name : "?", http ? http : "?");

    free(*text);
    *text = more;
}

static bool shares_prefix(const struct parties *parties, const struct party *party)
{
    for (size_t i = 0; i < parties->count; i++)
        if (strcmp(parties->items[i].prefix, party->prefix) == 0)
            return true;
    return false;
}

enum pk_status parties_read(const char *text, struct parties **ret, char **ret_left_out)
{
    PK_CLEANUP(json_decref) json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    PK_CLEANUP(parties_unref) struct parties *parties = calloc(1, sizeof(*parties));
    PK_AUTO_FREE char *left_out = NULL;
    size_t i;
    json_t *item;

    if (!parties)
        return PK_NO_MEMORY;
    parties->references = 1;
    if (!json_is_array(list))
        return PK_INVALID_INPUT;
    if (json_array_size(list) > PARTIES_MAX)
        return PK_TOO_LARGE;
    parties->items = calloc(json_array_size(list) + 1, sizeof(*parties->items));
    if (!parties->items)
        return PK_NO_MEMORY;
    json_array_foreach(list, i, item)
    {
        struct party party = {0};
        enum pk_status status = read_party(item, &party);

        if (status == PK_OK && !shares_prefix(parties, &party)) {
            parties->items[parties->count++] = party;
            continue;
        }
        party_clear(&party);
        if (status == PK_NO_MEMORY || status == PK_INVALID_INPUT)
            return status;
        add_left_out(&left_out, item);
    }
    qsort(parties->items, parties->count, sizeof(*parties->items), by_length);
    *ret = pk_steal(parties);
    *ret_left_out = pk_steal(left_out);
    return PK_OK;
}
