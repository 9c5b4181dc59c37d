/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/crockford.h"

#include "common/base/cleanup.h"

#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void pk_crockford_random(char *ret, size_t count)
{
    pk_random(ret, count);
    /* 32 divides 256, so every character is equally likely. */
    for (size_t i = 0; i < count; i++)
        ret[i] = alphabet[(unsigned char)ret[i] % 32];
    ret[count] = '\0';
}

/* 0: none of them. */
static char spelling(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    if (c == 'I' || c == 'L')
        return '1';
    if (c && strchr(alphabet, c))
        return c;
    return '\0';
}

enum pk_status pk_crockford_read(struct pk_view typed, char *ret, size_t count)
{
    size_t read = 0;

    for (size_t i = 0; i < typed.len; i++) {
        char c = (char)typed.ptr[i];

        if (c == '-' || c == ' ' || c == '\t')
            continue;
        if (read == count || !spelling(c))
            return PK_INVALID_INPUT;
        ret[read++] = spelling(c);
    }
    ret[read] = '\0';
    return read == count ? PK_OK : PK_INVALID_INPUT;
}

bool pk_crockford_matches(struct pk_view typed, const char *expected, size_t count)
{
    PK_AUTO_SECRET struct pk_secret spelled = {0};

    if (pk_secret_new(count, &spelled) || pk_crockford_read(typed, (char *)spelled.data, count))
        return false;
    return pk_view_equal_secret(pk_secret_view(&spelled),
                                (struct pk_view){(const uint8_t *)expected, count});
}
