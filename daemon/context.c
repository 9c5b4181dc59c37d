/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/context.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <jansson.h>
#include <string.h>

char *context_json(const struct context *context)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "act", context->act,
                               "command", context->command, "host", context->host, "rhost",
                               context->rhost, "service", context->service, "target",
                               context->target, "tty", context->tty, "user", context->user);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    json_decref(object);
    return text;
}

bool context_is_remote(const struct context *context)
{
    static const char *const local[] = {"", "localhost", "localhost.localdomain", "127.0.0.1",
                                        "::1"};

    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        if (strcmp(context->rhost, local[i]) == 0)
            return false;
    return true;
}

enum pk_status context_local_client_data_hash(enum pk_ceremony ceremony, struct pk_view challenge,
                                              const char *rp_id, uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_FREE char *origin = pk_text_format("local://%s", rp_id);

    return origin ? pk_client_data_hash(ceremony, challenge, origin, ret) : PK_NO_MEMORY;
}
