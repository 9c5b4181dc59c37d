/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/context.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/webauthn/crypto.h"

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

void context_challenge(const uint8_t nonce[PK_CHALLENGE_SIZE], const char *json,
                       uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_JSON_MAX);
    PK_AUTO_BYTES struct pk_bytes preimage = {0};

    pk_writer_u8(&writer, CONTEXT_VERSION);
    pk_writer_put(&writer, (struct pk_view){nonce, PK_CHALLENGE_SIZE});
    pk_writer_put(&writer, pk_view_string(json));
    /* Without memory the challenge is still fresh and unpredictable, only not bound: refuse. */
    if (pk_writer_finish(&writer, &preimage))
        abort();
    pk_sha256(pk_view_of(&preimage), ret);
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

enum pk_status context_client_data_hash(const char *type, struct pk_view challenge,
                                        const char *rp_id, uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_FREE char *encoded = pk_base64url_encode(challenge);
    PK_AUTO_FREE char *text = NULL;

    /* RP ids are DNS names or forms such as "ssh:": nothing in them needs escaping, and nothing
     * that does is let in. */
    if (strpbrk(rp_id, "\"\\") || !encoded)
        return encoded ? PK_INVALID_ARGUMENT : PK_NO_MEMORY;
    text = pk_text_format("{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"local://%s\","
                          "\"crossOrigin\":false}",
                          type, encoded, rp_id);
    if (!text)
        return PK_NO_MEMORY;
    pk_sha256(pk_view_string(text), ret);
    return PK_OK;
}
