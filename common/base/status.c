/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/status.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    const char *clause;
} table[] = {
#define PK_STATUS_ROW(symbol, name, clause) [PK_##symbol] = {name, clause},
    PK_STATUS_LIST(PK_STATUS_ROW)
#undef PK_STATUS_ROW
};

const char *pk_status_name(enum pk_status status)
{
    return (size_t)status < PK_STATUS_COUNT ? table[status].name : table[PK_INTERNAL].name;
}

const char *pk_status_clause(enum pk_status status)
{
    return (size_t)status < PK_STATUS_COUNT ? table[status].clause : table[PK_INTERNAL].clause;
}

enum pk_status pk_status_from_name(const char *name)
{
    for (size_t i = 0; i < PK_STATUS_COUNT; i++)
        if (strcmp(table[i].name, name) == 0)
            return (enum pk_status)i;
    return PK_INTERNAL;
}
