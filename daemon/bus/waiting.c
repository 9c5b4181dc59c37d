/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/waiting.h"

#include <string.h>

bool waiting_full(const struct waiting_list *list, uid_t uid, size_t total, size_t per_uid)
{
    const struct waiting *waiting;
    size_t all = 0, own = 0;

    LIST_FOREACH(waiting, list, entry)
    {
        all++;
        own += waiting->call->uid == uid;
    }
    return all >= total || own >= per_uid;
}

void waiting_drop(struct waiting_list *list, const char *sender,
                  void (*drop)(struct waiting *waiting))
{
    struct waiting *waiting, *next;

    for (waiting = LIST_FIRST(list); waiting; waiting = next) {
        next = LIST_NEXT(waiting, entry);
        if (!sender || strcmp(waiting->call->sender, sender) == 0)
            drop(waiting);
    }
}
