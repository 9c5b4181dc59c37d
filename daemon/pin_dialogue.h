/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking for the PINs of security keys, one key at a time. The last two tries of a key are never
 * spent before the person has agreed to that in so many words.
 */
#ifndef PASSKEYD_PIN_DIALOGUE_H
#define PASSKEYD_PIN_DIALOGUE_H

#include "daemon/conversation.h"
#include "daemon/key.h"

#define PIN_WAITING_MAX PK_DEVICES_MAX

enum pin_step {
    PIN_IDLE,
    PIN_CONFIRM, /* whether to spend one of the last tries */
    PIN_ASKED,
};

struct pin_request {
    const void *who; /* tells the requests of several keys apart */
    struct key *key;
    const char *name; /* borrowed; NULL: there is only one key */
    struct pk_pin_needed needed;
};

struct pin_dialogue {
    struct conversation *conversation;
    enum pin_step step; /* of requests[0] */
    unsigned malformed; /* answers to requests[0] that cannot be a PIN */
    struct pin_request requests[PIN_WAITING_MAX + 1];
    size_t count;
    const void *trying;     /* who was given a PIN and has not come back */
    const void *last_wrong; /* who answered the last PIN with "wrong" */
};

/* who's key needs its PIN. */
void pin_dialogue_needed(struct pin_dialogue *dialogue, const void *who, struct key *key,
                         const char *name, const struct pk_pin_needed *needed);
/* It does not any more. */
void pin_dialogue_withdraw(struct pin_dialogue *dialogue, const void *who);
/* Nobody's does any more. */
void pin_dialogue_stop(struct pin_dialogue *dialogue);
/* The person's answer to what was asked. */
void pin_dialogue_answered(struct pin_dialogue *dialogue, struct pk_secret *answer);
/* Whether who's last PIN was wrong. */
bool pin_dialogue_was_wrong(const struct pin_dialogue *dialogue, const void *who);

#endif
