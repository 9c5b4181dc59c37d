/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a program reaches the person who uses the keys: the daemon through a conversation on the bus,
 * passkey-askpass on its terminal.
 */
#ifndef PK_KEYS_DIALOGUE_H
#define PK_KEYS_DIALOGUE_H

#include "common/base/status.h"

#include <stdbool.h>

/* Texts are printable and valid during the call. event is a stable name (doc/protocol.md). */
struct pk_dialogue_ops {
    void (*info)(void *data, const char *event, const char *text);
    void (*error)(void *data, enum pk_status reason, const char *text);
    /*
     * The answer goes to pk_local_ceremony_answered(), later, from the event loop. One question at
     * a time. secret: not to be echoed. tries: left before the key locks; 0xff: not known.
     */
    void (*ask)(void *data, bool secret, const char *event, const char *text, unsigned tries);
    /* Takes a question back that has not been answered. */
    void (*unask)(void *data);
    /* Seconds until the caller stops waiting for the outcome. */
    unsigned (*time_left)(void *data);
};

struct pk_dialogue {
    const struct pk_dialogue_ops *ops;
    void *data;
    const char *id; /* borrowed: in front of what is logged */
};

#endif
