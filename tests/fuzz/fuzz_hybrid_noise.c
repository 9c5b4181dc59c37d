/* SPDX-License-Identifier: BSD-2-Clause */
/* A message of the handshake, for the client with fixed keys, and for a phone with the same. */
#include "common/hybrid/derive.h"
#include "common/hybrid/phone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pk_p256 own, ephemeral;
static uint8_t psk[PK_HYBRID_PSK_SIZE];

static void load(uint8_t last, struct pk_p256 *ret)
{
    const uint8_t scalar[PK_P256_SCALAR_SIZE] = {[PK_P256_SCALAR_SIZE - 1] = last};

    if (pk_p256_load((struct pk_view){scalar, sizeof(scalar)}, ret) != PK_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pk_view message = {data, size};
    struct pk_noise_setup setup = {PK_NOISE_KN_PSK0, {psk, sizeof(psk)}, NULL, NULL, {0}};
    PK_AUTO_NOISE struct pk_noise noise = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result client = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result phone = {0};
    uint8_t answer[PK_NOISE_MESSAGE_SIZE];

    if (!own.scalar.data) {
        load(1, &own);
        load(2, &ephemeral);
    }
    setup.ephemeral = &ephemeral;
    setup.own_static = &own;
    setup.peer_static = (struct pk_view){own.point, sizeof(own.point)};
    if (pk_noise_begin(&setup, answer, &noise) != PK_OK)
        abort();
    (void)!pk_noise_finish(&noise, &setup, message, &client);
    (void)!pk_noise_answer(&setup, message, answer, &phone);
    return 0;
}
