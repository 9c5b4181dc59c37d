/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/client.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/webauthn/crypto.h"

static void compute(uint8_t version, const uint8_t nonce[PK_CHALLENGE_SIZE], struct pk_view context,
                    uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_JSON_MAX);
    PK_AUTO_BYTES struct pk_bytes preimage = {0};

    pk_writer_u8(&writer, version);
    pk_writer_put(&writer, (struct pk_view){nonce, PK_CHALLENGE_SIZE});
    pk_writer_put(&writer, context);
    /* Without memory the challenge would be fresh and unpredictable, only not bound: refuse. */
    if (pk_writer_finish(&writer, &preimage))
        abort();
    pk_sha256(pk_view_of(&preimage), ret);
}

void pk_bound_challenge(const uint8_t nonce[PK_CHALLENGE_SIZE], struct pk_view context,
                        uint8_t ret[PK_HASH_SIZE])
{
    compute(PK_BOUND_VERSION, nonce, context, ret);
}

void pk_host_key_bound_challenge(const uint8_t nonce[PK_CHALLENGE_SIZE], struct pk_view context,
                                 uint8_t ret[PK_HASH_SIZE])
{
    compute(PK_HOST_KEY_BOUND_VERSION, nonce, context, ret);
}

static bool needs_no_escape(const char *origin)
{
    for (const char *c = origin; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
            return false;
    return true;
}

enum pk_status pk_client_data_compose(enum pk_ceremony ceremony, struct pk_view challenge,
                                      const char *origin, char **ret)
{
    PK_AUTO_FREE char *encoded = NULL;
    char *text;

    if (!needs_no_escape(origin))
        return PK_INVALID_ARGUMENT;
    encoded = pk_base64url_encode(challenge);
    if (!encoded)
        return PK_NO_MEMORY;
    text = pk_text_format("{\"type\":\"webauthn.%s\",\"challenge\":\"%s\",\"origin\":\"%s\","
                          "\"crossOrigin\":false}",
                          ceremony == PK_REGISTRATION ? "create" : "get", encoded, origin);
    if (!text)
        return PK_NO_MEMORY;
    *ret = text;
    return PK_OK;
}

enum pk_status pk_client_data_hash(enum pk_ceremony ceremony, struct pk_view challenge,
                                   const char *origin, uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = pk_client_data_compose(ceremony, challenge, origin, &text);

    if (status == PK_OK)
        pk_sha256(pk_view_string(text), ret);
    return status;
}
