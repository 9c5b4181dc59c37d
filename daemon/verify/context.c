/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/context.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <jansson.h>
#include <string.h>

char *context_json(const struct context *context)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, "
        "s:s*, s:s*}",
        "act", context->act, "command", context->command, "host", context->host, "rhost",
        context->rhost, "service", context->service, "target", context->target, "tty", context->tty,
        "user", context->user, "digest", context->digest, "group", context->group, "cwd",
        context->folder, "chroot", context->root, "environment", context->environment, "files",
        context->files, "ruser", context->ruser, "dialog", context->dialog);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    json_decref(object);
    return text;
}

static json_t *array_of(const struct pk_strings *strings)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < strings->count; i++) {
        if (json_array_append_new(array, json_string(strings->items[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

char *context_json_with_host_keys(const char *json, const struct pk_strings *host_keys)
{
    json_t *object = json_loads(json, 0, NULL);
    char *text = NULL;

    if (object && json_object_set_new(object, "hostkeys", array_of(host_keys)) == 0)
        text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    return text;
}

/* ":DISPLAY" or ":DISPLAY.SCREEN"; "::1" is an address. */
static bool is_display(const char *rhost)
{
    static const char digits[] = "0123456789";
    size_t len = rhost[0] == ':' ? strspn(rhost + 1, digits) : 0;
    const char *rest = rhost + 1 + len;

    if (len == 0)
        return false;
    return rest[0] == '\0' ||
           (rest[0] == '.' && rest[1] != '\0' && rest[1 + strspn(rest + 1, digits)] == '\0');
}

bool context_is_remote(const struct context *context)
{
    return context->rhost[0] != '\0' && !is_display(context->rhost);
}

enum pk_status context_local_client_data_hash(enum pk_ceremony ceremony, struct pk_view challenge,
                                              const char *rp_id, uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_FREE char *origin = pk_text_format("local://%s", rp_id);

    return origin ? pk_client_data_hash(ceremony, challenge, origin, ret) : PK_NO_MEMORY;
}
