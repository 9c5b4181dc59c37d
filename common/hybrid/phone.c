/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/phone.h"

#include "common/hybrid/derive.h"
#include "common/hybrid/noise_state.h"
#include "common/webauthn/crypto.h"

#include <string.h>

enum pk_status pk_hybrid_advert_make(struct pk_view eid_key,
                                     const uint8_t plaintext[static PK_HYBRID_PLAIN_SIZE],
                                     uint8_t ret[static PK_HYBRID_ADVERT_SIZE])
{
    uint8_t advert[PK_HYBRID_PLAIN_SIZE];
    uint8_t mac[PK_HASH_SIZE];
    enum pk_status status;

    if (eid_key.len != PK_HYBRID_EID_KEY_SIZE)
        return PK_INVALID_ARGUMENT;
    status = pk_aes_encrypt_block(eid_key.ptr, plaintext, advert);
    if (status == PK_OK)
        status = pk_hmac_sha256(
            (struct pk_view){eid_key.ptr + PK_AES_KEY_SIZE, eid_key.len - PK_AES_KEY_SIZE},
            (struct pk_view){advert, sizeof(advert)}, mac);
    if (status != PK_OK)
        return status;
    memcpy(ret, advert, sizeof(advert));
    memcpy(ret + sizeof(advert), mac, PK_HYBRID_ADVERT_SIZE - sizeof(advert));
    return PK_OK;
}

static struct pk_view point_of(const struct pk_p256 *key)
{
    return (struct pk_view){key->point, sizeof(key->point)};
}

/* Up to the client's tag. *ret_point is its ephemeral key. */
static enum pk_status read_first(const struct pk_noise_setup *setup, struct pk_view message,
                                 struct pk_noise *ret, struct pk_view *ret_point)
{
    const bool own = setup->pattern == PK_NOISE_NK_PSK0;
    struct pk_view tag;
    enum pk_status status = pk_noise_take_message(message, ret_point, &tag);

    if (own && !setup->own_static)
        return PK_INVALID_ARGUMENT;
    if (status == PK_OK)
        status = pk_noise_start(setup, own ? point_of(setup->own_static) : setup->peer_static, ret);
    if (status == PK_OK)
        status = pk_noise_mix_point(ret, *ret_point);
    if (status == PK_OK && own)
        status = pk_noise_mix_shared(ret, setup->own_static, *ret_point);
    return status == PK_OK ? pk_noise_check_tag(ret, tag) : status;
}

enum pk_status pk_noise_answer(const struct pk_noise_setup *setup, struct pk_view message,
                               uint8_t ret_message[static PK_NOISE_MESSAGE_SIZE],
                               struct pk_noise_result *ret)
{
    PK_AUTO_NOISE struct pk_noise noise = {0};
    uint8_t answer[PK_NOISE_MESSAGE_SIZE];
    struct pk_view point;
    enum pk_status status = read_first(setup, message, &noise, &point);

    if (status == PK_OK)
        status = pk_noise_mix_point(&noise, point_of(setup->ephemeral));
    if (status == PK_OK)
        status = pk_noise_mix_shared(&noise, setup->ephemeral, point);
    if (status == PK_OK && setup->pattern == PK_NOISE_KN_PSK0)
        status = pk_noise_mix_shared(&noise, setup->ephemeral, setup->peer_static);
    if (status == PK_OK)
        status = pk_noise_write_tag(&noise, answer + PK_P256_POINT_SIZE);
    if (status == PK_OK)
        status = pk_noise_split(&noise, ret);
    if (status != PK_OK)
        return status;
    memcpy(answer, setup->ephemeral->point, PK_P256_POINT_SIZE);
    memcpy(ret_message, answer, sizeof(answer));
    return PK_OK;
}
