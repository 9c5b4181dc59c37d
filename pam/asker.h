/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose request polkit's helper carries: it knows neither the action nor the program. */
#ifndef PAM_PASSKEY_ASKER_H
#define PAM_PASSKEY_ASKER_H

#include "common/base/status.h"

#include <sys/types.h>

/* Owned. */
struct asker {
    char *user;    /* name of the account that the agent runs as; NULL: not known */
    char *program; /* path of the agent, as it is in /proc; NULL: not known, or it is pkexec */
    int typed;     /* the command line of pkexec, which asks for itself (command.h); -1: none */
};
#define ASKER_EMPTY                                                                                \
    {                                                                                              \
        .typed = -1                                                                                \
    }
void asker_clear(struct asker *asker);
#define AUTO_ASKER __attribute__((cleanup(asker_clear)))

/*
 * Looks at the agent that this process, polkit-agent-helper-1, serves: the peer of standard input
 * where that is a socket (polkit 127 and later), otherwise the parent. What cannot be known is left
 * out. PK_NO_MEMORY.
 */
enum pk_status asker_find(struct asker *ret) PK_WARN_UNUSED;

#endif
