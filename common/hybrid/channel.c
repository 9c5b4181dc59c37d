/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/channel.h"

#include "common/base/cleanup.h"
#include "common/webauthn/crypto_seal.h"

#include <string.h>

#define STEP 32 /* what a message and its padding are a multiple of */

void pk_hybrid_channel_clear(struct pk_hybrid_channel *channel)
{
    pk_secret_clear(&channel->write_key);
    pk_secret_clear(&channel->read_key);
}

struct pk_hybrid_channel pk_hybrid_channel_of_client(struct pk_noise_result *result)
{
    struct pk_hybrid_channel channel = {.write_key = result->client_key,
                                        .read_key = result->phone_key};

    result->client_key = result->phone_key = (struct pk_secret){0};
    return channel;
}

struct pk_hybrid_channel pk_hybrid_channel_of_phone(struct pk_noise_result *result)
{
    struct pk_hybrid_channel channel = {.write_key = result->phone_key,
                                        .read_key = result->client_key};

    result->client_key = result->phone_key = (struct pk_secret){0};
    return channel;
}

/* The counter in the last four bytes, big endian. */
static void number_nonce(uint32_t counter, uint8_t ret[static PK_SEAL_NONCE_SIZE])
{
    memset(ret, 0, PK_SEAL_NONCE_SIZE);
    for (size_t i = 0; i < sizeof(counter); i++)
        ret[PK_SEAL_NONCE_SIZE - 1 - i] = (uint8_t)(counter >> (8 * i));
}

enum pk_status pk_hybrid_channel_write(struct pk_hybrid_channel *channel, struct pk_view plain,
                                       struct pk_bytes *ret)
{
    uint8_t nonce[PK_SEAL_NONCE_SIZE];
    const struct pk_seal seal = {.key = channel->write_key.data, .nonce = nonce};
    PK_AUTO_BYTES struct pk_bytes padded = {0};
    PK_AUTO_BYTES struct pk_bytes sealed = {0};
    size_t zeros = STEP - 1 - plain.len % STEP;
    enum pk_status status;

    if (plain.len > PK_HYBRID_PAYLOAD_MAX)
        return PK_TOO_LARGE;
    if (channel->written >= PK_HYBRID_COUNTER_MAX)
        return PK_LIMIT_EXCEEDED;
    padded = (struct pk_bytes){calloc(1, plain.len + zeros + 1), plain.len + zeros + 1};
    sealed =
        (struct pk_bytes){malloc(padded.len + PK_SEAL_TAG_SIZE), padded.len + PK_SEAL_TAG_SIZE};
    if (!padded.data || !sealed.data)
        return PK_NO_MEMORY;
    if (plain.len > 0)
        memcpy(padded.data, plain.ptr, plain.len);
    padded.data[padded.len - 1] = (uint8_t)zeros;
    number_nonce(channel->written, nonce);
    status = pk_seal_close(&seal, pk_view_of(&padded), sealed.data);
    if (status != PK_OK)
        return status;
    channel->written++;
    *ret = sealed;
    sealed = (struct pk_bytes){0};
    return PK_OK;
}

/* Chrome of 2021 and 2022 had the counter in another place, and one byte authenticated beside. */
static bool is_old_construction(const struct pk_hybrid_channel *channel, struct pk_view message,
                                uint8_t *room)
{
    static const uint8_t nonce[PK_SEAL_NONCE_SIZE]; /* of message 0 the same in both */
    static const uint8_t about = 2;
    const struct pk_seal seal = {channel->read_key.data, nonce, {&about, 1}};

    return channel->read == 0 && pk_seal_open(&seal, message, room) == PK_OK;
}

static enum pk_status open_message(const struct pk_hybrid_channel *channel, struct pk_view message,
                                   struct pk_bytes *ret)
{
    uint8_t nonce[PK_SEAL_NONCE_SIZE];
    const struct pk_seal seal = {.key = channel->read_key.data, .nonce = nonce};
    PK_AUTO_BYTES struct pk_bytes plain = {0};
    enum pk_status status;
    size_t padding;

    if (message.len > PK_HYBRID_MESSAGE_MAX)
        return PK_TOO_LARGE;
    if (message.len <= PK_SEAL_TAG_SIZE)
        return PK_TRUNCATED;
    if (channel->read >= PK_HYBRID_COUNTER_MAX)
        return PK_LIMIT_EXCEEDED;
    plain =
        (struct pk_bytes){malloc(message.len - PK_SEAL_TAG_SIZE), message.len - PK_SEAL_TAG_SIZE};
    if (!plain.data)
        return PK_NO_MEMORY;
    number_nonce(channel->read, nonce);
    status = pk_seal_open(&seal, message, plain.data);
    if (status == PK_SIGNATURE_INVALID && is_old_construction(channel, message, plain.data))
        status = PK_UNSUPPORTED;
    if (status != PK_OK)
        return status;
    /* Not a multiple of 32 is taken: some put the padding before the type's byte. */
    padding = (size_t)plain.data[plain.len - 1] + 1;
    if (padding > plain.len)
        return PK_PROTOCOL;
    plain.len -= padding;
    *ret = plain;
    plain = (struct pk_bytes){0};
    return PK_OK;
}

enum pk_status pk_hybrid_channel_read(struct pk_hybrid_channel *channel, struct pk_view message,
                                      struct pk_bytes *ret)
{
    enum pk_status status;

    if (channel->ended)
        return PK_CANCELLED;
    status = open_message(channel, message, ret);
    if (status == PK_OK)
        channel->read++;
    else
        channel->ended = true;
    return status;
}
