/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/dialects.h"

#include <string.h>

static const struct dialect *const dialects[] = {
    &dialect_standard,   &dialect_hanko,    &dialect_cloudreve,
    &dialect_authsignal, &dialect_autional, &dialect_pages,
};

const struct dialect *dialect_of(const char *word)
{
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
        if (strcmp(dialects[i]->name, word) == 0)
            return dialects[i];
    return NULL;
}

const struct dialect *dialect_at(size_t n)
{
    return n < sizeof(dialects) / sizeof(dialects[0]) ? dialects[n] : NULL;
}
