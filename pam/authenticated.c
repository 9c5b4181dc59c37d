/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/authenticated.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an entry of the name service: doubled until it fits. */
#define ENTRY_START 1024
#define ENTRY_MAX   1048576

bool authenticated_anybody(const struct pk_outcome *outcome)
{
    return outcome->user && *outcome->user && outcome->has_uid && outcome->uid != UINT32_MAX;
}

bool authenticated_is(const struct pk_outcome *outcome, const char *name)
{
    if (!authenticated_anybody(outcome))
        return false;
    for (size_t len = ENTRY_START; len <= ENTRY_MAX; len *= 2) {
        PK_AUTO_FREE char *buffer = malloc(len);
        struct passwd *found = NULL;
        struct passwd entry;
        int error = buffer ? getpwnam_r(name, &entry, buffer, len, &found) : ENOMEM;

        if (error != ERANGE)
            return found && found->pw_uid == outcome->uid &&
                   strcmp(found->pw_name, outcome->user) == 0;
    }
    return false;
}
