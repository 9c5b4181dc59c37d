/* SPDX-License-Identifier: BSD-2-Clause */
/* What each process of this program may still do: see common/helper/sandbox.h. */
#ifndef PHONE_SANDBOX_H
#define PHONE_SANDBOX_H

#include "common/base/status.h"

enum phone_process {
    /* Waits for the others and the program that started it, and passes on what they say. */
    PHONE_SESSION,
    /* Has one connection to the bus, and the key of the adverts. */
    PHONE_RADIO,
    /* Resolves names and connects; reads files for that, and writes, makes and runs none. */
    PHONE_DIALLER,
    /* Speaks on a connection that it is handed, with the keys of the code. */
    PHONE_TUNNEL,
    PHONE_PROCESSES,
};

/* PK_INTERNAL: the caller must not go on. */
enum pk_status phone_sandbox_enter(enum phone_process process) PK_WARN_UNUSED;

#endif
