/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/noise_state.h"

#include "common/base/reader.h"
#include "common/hybrid/derive.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/crypto_seal.h"

#include <string.h>

#define CHAIN_SIZE PK_HASH_SIZE

/* By enum pk_noise_pattern: 31 characters and their NUL, which counts, and the prologue. */
static const struct {
    char name[PK_HASH_SIZE];
    uint8_t prologue;
} patterns[] = {
    [PK_NOISE_KN_PSK0] = {"Noise_KNpsk0_P256_AESGCM_SHA256", 1},
    [PK_NOISE_NK_PSK0] = {"Noise_NKpsk0_P256_AESGCM_SHA256", 0},
};

void pk_noise_clear(struct pk_noise *noise)
{
    pk_secret_clear(&noise->keys);
}

void pk_noise_result_clear(struct pk_noise_result *result)
{
    pk_secret_clear(&result->client_key);
    pk_secret_clear(&result->phone_key);
}

/* ---- the symmetric state ---- */

static void mix_hash(struct pk_noise *noise, struct pk_view data)
{
    uint8_t both[PK_HASH_SIZE + PK_P256_POINT_SIZE]; /* nothing longer is mixed in */

    memcpy(both, noise->hash, PK_HASH_SIZE);
    memcpy(both + PK_HASH_SIZE, data.ptr, data.len);
    pk_sha256((struct pk_view){both, PK_HASH_SIZE + data.len}, noise->hash);
}

/* The next len bytes from the chaining key and an input. */
static enum pk_status next_keys(const struct pk_noise *noise, struct pk_view input, uint8_t *ret,
                                size_t len)
{
    const struct pk_hkdf from = {.ikm = input, .salt = {noise->keys.data, CHAIN_SIZE}};

    return pk_hkdf_sha256(&from, ret, len);
}

static enum pk_status mix_key(struct pk_noise *noise, struct pk_view input)
{
    return next_keys(noise, input, noise->keys.data, noise->keys.len);
}

static enum pk_status mix_key_and_hash(struct pk_noise *noise, struct pk_view input)
{
    PK_AUTO_SECRET struct pk_secret made = {0};
    enum pk_status status = pk_secret_new(CHAIN_SIZE + PK_HASH_SIZE + PK_SEAL_KEY_SIZE, &made);

    if (status == PK_OK)
        status = next_keys(noise, input, made.data, made.len);
    if (status != PK_OK)
        return status;
    memcpy(noise->keys.data, made.data, CHAIN_SIZE);
    mix_hash(noise, (struct pk_view){made.data + CHAIN_SIZE, PK_HASH_SIZE});
    memcpy(noise->keys.data + CHAIN_SIZE, made.data + CHAIN_SIZE + PK_HASH_SIZE, PK_SEAL_KEY_SIZE);
    return PK_OK;
}

enum pk_status pk_noise_start(const struct pk_noise_setup *setup, struct pk_view known_static,
                              struct pk_noise *ret)
{
    PK_AUTO_NOISE struct pk_noise noise = {0};
    enum pk_status status;

    if (setup->psk.len != PK_HYBRID_PSK_SIZE || known_static.len != PK_P256_POINT_SIZE ||
        !setup->ephemeral)
        return PK_INVALID_ARGUMENT;
    status = pk_secret_new(CHAIN_SIZE + PK_SEAL_KEY_SIZE, &noise.keys);
    if (status != PK_OK)
        return status;
    memcpy(noise.hash, patterns[setup->pattern].name, sizeof(noise.hash));
    memcpy(noise.keys.data, patterns[setup->pattern].name, CHAIN_SIZE);
    mix_hash(&noise, (struct pk_view){&patterns[setup->pattern].prologue, 1});
    mix_hash(&noise, known_static);
    status = mix_key_and_hash(&noise, setup->psk);
    if (status != PK_OK)
        return status;
    *ret = noise;
    noise = (struct pk_noise){0};
    return PK_OK;
}

enum pk_status pk_noise_mix_point(struct pk_noise *noise, struct pk_view point)
{
    mix_hash(noise, point);
    return mix_key(noise, point);
}

enum pk_status pk_noise_mix_shared(struct pk_noise *noise, const struct pk_p256 *own,
                                   struct pk_view peer)
{
    PK_AUTO_SECRET struct pk_secret shared = {0};
    enum pk_status status = pk_p256_shared(own, peer, &shared);

    return status == PK_OK ? mix_key(noise, pk_secret_view(&shared)) : status;
}

/* Each key makes one tag only, so that the nonce is always 0. */
static struct pk_seal seal_of(const struct pk_noise *noise)
{
    static const uint8_t nonce[PK_SEAL_NONCE_SIZE];

    return (struct pk_seal){
        .key = noise->keys.data + CHAIN_SIZE,
        .nonce = nonce,
        .about = {noise->hash, sizeof(noise->hash)},
    };
}

enum pk_status pk_noise_write_tag(struct pk_noise *noise, uint8_t *ret)
{
    static const uint8_t nothing;
    const struct pk_seal seal = seal_of(noise);
    enum pk_status status = pk_seal_close(&seal, (struct pk_view){&nothing, 0}, ret);

    if (status == PK_OK)
        mix_hash(noise, (struct pk_view){ret, PK_SEAL_TAG_SIZE});
    return status;
}

enum pk_status pk_noise_check_tag(struct pk_noise *noise, struct pk_view tag)
{
    uint8_t nothing[1];
    const struct pk_seal seal = seal_of(noise);
    enum pk_status status = pk_seal_open(&seal, tag, nothing);

    if (status == PK_OK)
        mix_hash(noise, tag);
    return status;
}

enum pk_status pk_noise_take_message(struct pk_view message, struct pk_view *ret_point,
                                     struct pk_view *ret_tag)
{
    struct pk_reader reader = pk_reader_new(message);
    struct pk_view point = pk_reader_take(&reader, PK_P256_POINT_SIZE);
    struct pk_view tag = pk_reader_take(&reader, PK_SEAL_TAG_SIZE);
    enum pk_status status = pk_reader_finish(&reader);

    if (status != PK_OK)
        return status;
    *ret_point = point;
    *ret_tag = tag;
    return PK_OK;
}

enum pk_status pk_noise_split(const struct pk_noise *noise, struct pk_noise_result *ret)
{
    PK_AUTO_NOISE_RESULT struct pk_noise_result result = {0};
    PK_AUTO_SECRET struct pk_secret made = {0};
    enum pk_status status = pk_secret_new((size_t)2 * PK_SEAL_KEY_SIZE, &made);

    if (status == PK_OK)
        status = next_keys(noise, (struct pk_view){NULL, 0}, made.data, made.len);
    if (status == PK_OK)
        status = pk_secret_copy((struct pk_view){made.data, PK_SEAL_KEY_SIZE}, &result.client_key);
    if (status == PK_OK)
        status = pk_secret_copy((struct pk_view){made.data + PK_SEAL_KEY_SIZE, PK_SEAL_KEY_SIZE},
                                &result.phone_key);
    if (status != PK_OK)
        return status;
    memcpy(result.handshake_hash, noise->hash, sizeof(result.handshake_hash));
    *ret = result;
    result = (struct pk_noise_result){0};
    return PK_OK;
}

/* ---- the client ---- */

static struct pk_view point_of(const struct pk_p256 *key)
{
    return (struct pk_view){key->point, sizeof(key->point)};
}

enum pk_status pk_noise_begin(const struct pk_noise_setup *setup,
                              uint8_t ret_message[static PK_NOISE_MESSAGE_SIZE],
                              struct pk_noise *ret)
{
    const bool own = setup->pattern == PK_NOISE_KN_PSK0;
    PK_AUTO_NOISE struct pk_noise noise = {0};
    uint8_t message[PK_NOISE_MESSAGE_SIZE];
    enum pk_status status;

    if (own && !setup->own_static)
        return PK_INVALID_ARGUMENT;
    status = pk_noise_start(setup, own ? point_of(setup->own_static) : setup->peer_static, &noise);
    if (status == PK_OK)
        status = pk_noise_mix_point(&noise, point_of(setup->ephemeral));
    if (status == PK_OK && !own)
        status = pk_noise_mix_shared(&noise, setup->ephemeral, setup->peer_static);
    if (status == PK_OK)
        status = pk_noise_write_tag(&noise, message + PK_P256_POINT_SIZE);
    if (status != PK_OK)
        return status;
    memcpy(message, setup->ephemeral->point, PK_P256_POINT_SIZE);
    memcpy(ret_message, message, sizeof(message));
    *ret = noise;
    noise = (struct pk_noise){0};
    return PK_OK;
}

enum pk_status pk_noise_finish(struct pk_noise *noise, const struct pk_noise_setup *setup,
                               struct pk_view message, struct pk_noise_result *ret)
{
    PK_AUTO_NOISE struct pk_noise last = *noise;
    struct pk_view point;
    struct pk_view tag;
    enum pk_status status;

    *noise = (struct pk_noise){0};
    if (!last.keys.data)
        return PK_INVALID_ARGUMENT;
    status = pk_noise_take_message(message, &point, &tag);
    if (status == PK_OK)
        status = pk_noise_mix_point(&last, point);
    if (status == PK_OK)
        status = pk_noise_mix_shared(&last, setup->ephemeral, point);
    if (status == PK_OK && setup->pattern == PK_NOISE_KN_PSK0)
        status = pk_noise_mix_shared(&last, setup->own_static, point);
    if (status == PK_OK)
        status = pk_noise_check_tag(&last, tag);
    return status == PK_OK ? pk_noise_split(&last, ret) : status;
}
