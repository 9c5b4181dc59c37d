/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/correlation.h"

#include "common/base/bytes.h"

void pk_correlation_new(char ret[PK_CORRELATION_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[(PK_CORRELATION_SIZE - 1) / 2];

    pk_random(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++) {
        ret[2 * i] = digits[random[i] >> 4];
        ret[2 * i + 1] = digits[random[i] & 15];
    }
    ret[PK_CORRELATION_SIZE - 1] = '\0';
}
