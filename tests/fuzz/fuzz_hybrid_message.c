/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a phone encrypted, with its padding, read as a greeting and as a message with a type.
 * Padding is the input's own last byte; what is encrypted anew opens to the same.
 */
#include "common/base/limits.h"
#include "common/hybrid/channel.h"
#include "common/hybrid/message.h"
#include "common/webauthn/crypto_seal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_plain(struct pk_view plain)
{
    struct pk_hybrid_greeting greeting;
    struct pk_hybrid_order order = {.asked = true};
    enum pk_hybrid_type type;
    struct pk_view payload;

    (void)!pk_hybrid_greeting_parse(plain, &greeting);
    if (pk_hybrid_message_parse(plain, &type, &payload) == PK_OK &&
        (payload.len != plain.len - 1 || pk_hybrid_order_take(&order, type) != PK_OK))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t sealed[PK_HYBRID_MESSAGE_MAX];
    static const uint8_t nonce[PK_SEAL_NONCE_SIZE];
    PK_AUTO_CHANNEL struct pk_hybrid_channel channel = {0};
    PK_AUTO_CHANNEL struct pk_hybrid_channel raw = {0};
    PK_AUTO_BYTES struct pk_bytes plain = {0};
    PK_AUTO_BYTES struct pk_bytes none = {0};
    struct pk_seal seal = {.nonce = nonce};

    use_plain((struct pk_view){data, size});
    if (size > sizeof(sealed) - PK_SEAL_TAG_SIZE)
        return 0;
    if (pk_secret_new(PK_SEAL_KEY_SIZE, &channel.read_key) != PK_OK ||
        pk_secret_new(PK_SEAL_KEY_SIZE, &raw.read_key) != PK_OK)
        abort();
    (void)!pk_hybrid_channel_read(&raw, (struct pk_view){data, size}, &none);
    seal.key = channel.read_key.data;
    if (pk_seal_close(&seal, (struct pk_view){data, size}, sealed) != PK_OK)
        abort();
    if (pk_hybrid_channel_read(&channel, (struct pk_view){sealed, size + PK_SEAL_TAG_SIZE},
                               &plain) != PK_OK)
        return 0;
    if (plain.len + data[size - 1] + 1 != size || memcmp(plain.data, data, plain.len) != 0)
        abort();
    use_plain(pk_view_of(&plain));
    return 0;
}
