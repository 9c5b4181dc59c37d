/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/domain.h"

#include "common/webauthn/crypto.h"

#include <string.h>

#define HASHED_FIRST 256

static const struct {
    unsigned bit;
    const char *name;
} assigned[] = {
    {PK_HYBRID_GOOGLE, "cable.ua5v.com"},
    {PK_HYBRID_APPLE, "cable.auth.com"},
};

/* The first eight bytes of a hash of the number, little endian. */
static uint64_t hash_number(uint16_t number)
{
    static const char beginning[] = "caBLEv2 tunnel server domain";
    uint8_t text[sizeof(beginning) - 1 + 3];
    uint8_t hash[PK_HASH_SIZE];
    uint64_t value = 0;

    memcpy(text, beginning, sizeof(beginning) - 1);
    text[sizeof(text) - 3] = (uint8_t)number;
    text[sizeof(text) - 2] = (uint8_t)(number >> 8);
    text[sizeof(text) - 1] = 0;
    pk_sha256((struct pk_view){text, sizeof(text)}, hash);
    for (size_t i = sizeof(value); i > 0; i--)
        value = value << 8 | hash[i - 1];
    return value;
}

static void hashed_name(uint16_t number, char *ret)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    static const char *const ends[] = {".com", ".org", ".net", ".info"};
    uint64_t value = hash_number(number);
    const char *end = ends[value & 3];
    size_t len = strlen("cable.");

    memcpy(ret, "cable.", len);
    for (value >>= 2; value != 0; value >>= 5)
        ret[len++] = letters[value & 31];
    memcpy(ret + len, end, strlen(end) + 1);
}

enum pk_status pk_hybrid_domain(uint16_t number, unsigned allowed,
                                char ret[static PK_HYBRID_DOMAIN_SIZE])
{
    const size_t count = sizeof(assigned) / sizeof(assigned[0]);

    if (number >= HASHED_FIRST) {
        if (!(allowed & PK_HYBRID_HASHED))
            return PK_DENIED;
        hashed_name(number, ret);
        return PK_OK;
    }
    if (number >= count)
        return PK_NOT_FOUND;
    if (!(allowed & assigned[number].bit))
        return PK_DENIED;
    memcpy(ret, assigned[number].name, strlen(assigned[number].name) + 1);
    return PK_OK;
}
