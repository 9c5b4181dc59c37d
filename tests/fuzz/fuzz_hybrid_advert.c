/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Service data as it is, which hardly ever matches; and the same as the plaintext of an advert that
 * does, with what is left of it as the suffix.
 */
#include "common/hybrid/derive.h"
#include "common/hybrid/phone.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TUNNELS (PK_HYBRID_GOOGLE | PK_HYBRID_APPLE | PK_HYBRID_HASHED)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t key[PK_HYBRID_EID_KEY_SIZE];
    uint8_t made[PK_HYBRID_ADVERT_MAX + 1];
    const struct pk_view view = {key, sizeof(key)};
    PK_AUTO_ADVERT struct pk_hybrid_advert raw = {0};
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};
    size_t suffix;
    enum pk_status status;

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    (void)!pk_hybrid_advert_open(view, (struct pk_view){data, size}, TUNNELS, &raw);
    if (size < PK_HYBRID_PLAIN_SIZE ||
        size - PK_HYBRID_PLAIN_SIZE > sizeof(made) - PK_HYBRID_ADVERT_SIZE)
        return 0;
    suffix = size - PK_HYBRID_PLAIN_SIZE;
    if (pk_hybrid_advert_make(view, data, made) != PK_OK)
        abort();
    memcpy(made + PK_HYBRID_ADVERT_SIZE, data + PK_HYBRID_PLAIN_SIZE, suffix);
    status = pk_hybrid_advert_open(view, (struct pk_view){made, PK_HYBRID_ADVERT_SIZE + suffix},
                                   TUNNELS, &advert);
    if (status == PK_NO_MATCH ||
        (status == PK_OK && (memcmp(advert.plaintext.data, data, PK_HYBRID_PLAIN_SIZE) != 0 ||
                             advert.suffix.len != suffix)))
        abort();
    return 0;
}
