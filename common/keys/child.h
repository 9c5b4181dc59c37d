/* SPDX-License-Identifier: BSD-2-Clause */
/* How a process of passkey-authenticator is started. */
#ifndef PK_KEYS_CHILD_H
#define PK_KEYS_CHILD_H

#include "common/base/status.h"

#include <sys/types.h>

/* A descriptor's number to start processes with, and what fills it meanwhile. */
struct pk_slot {
    int number;
    int nothing;
};

#define PK_SLOT_NONE ((struct pk_slot){-1, -1})

/*
 * To be taken before anybody passes this process a descriptor: no process that is started has what
 * came later. PK_NO_MEMORY: there is no number left.
 */
enum pk_status pk_slot_take(struct pk_slot *ret) PK_WARN_UNUSED;
void pk_slot_release(struct pk_slot *slot);

/*
 * Starts program with fd as its standard input and output, and with the one argument option unless
 * that is NULL. -1: there is no process for it.
 */
pid_t pk_child_start(const struct pk_slot *slot, const char *program, const char *option, int fd);

#endif
