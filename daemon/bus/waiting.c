/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/waiting.h"

#include <string.h>

bool waiting_full(const struct waiting_list *list, uid_t uid, size_t total, size_t per_uid)
{
    const struct waiting *waiting;
    size_t own = 0, users = 0;

    LIST_FOREACH(waiting, list, entry)
    {
        own += waiting->call->uid == uid;
        users += waiting->call->uid != 0;
    }
    return uid == 0 ? own >= total : users >= total || own >= per_uid;
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
