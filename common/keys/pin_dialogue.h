/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking for the PINs of security keys, one key at a time. The last two tries of a key are never
 * spent before the person has typed "yes".
 */
#ifndef PK_KEYS_PIN_DIALOGUE_H
#define PK_KEYS_PIN_DIALOGUE_H

#include "common/keys/dialogue.h"
#include "common/keys/key_session.h"

#define PK_PIN_WAITING_MAX PK_DEVICES_MAX

enum pk_pin_step {
    PK_PIN_IDLE,
    PK_PIN_CONFIRM, /* whether to spend one of the last tries */
    PK_PIN_ASKED,
};

struct pk_pin_request {
    const void *who; /* tells the requests of several keys apart */
    struct pk_key_session *session;
    const char *name; /* borrowed */
    struct pk_pin_needed needed;
};

struct pk_pin_dialogue {
    struct pk_dialogue person;
    /* Called before a PIN goes to the key of who; false: it must not. NULL: it always may. */
    bool (*spend)(void *data, const void *who);
    void *data;
    enum pk_pin_step step; /* of requests[0] */
    unsigned malformed;    /* answers to requests[0] that cannot be a PIN */
    struct pk_pin_request requests[PK_PIN_WAITING_MAX + 1];
    size_t count;
    const void *trying;     /* whose key was given a PIN and has not asked or failed since */
    const void *last_wrong; /* whose key refused the last PIN */
};

/* The key of who needs its PIN. */
void pk_pin_dialogue_needed(struct pk_pin_dialogue *dialogue, const void *who,
                            struct pk_key_session *session, const char *name,
                            const struct pk_pin_needed *needed);
/* The key of who needs no PIN any more. */
void pk_pin_dialogue_withdraw(struct pk_pin_dialogue *dialogue, const void *who);
/* No key needs a PIN any more. */
void pk_pin_dialogue_stop(struct pk_pin_dialogue *dialogue);
/* The person's answer to what was asked. */
void pk_pin_dialogue_answered(struct pk_pin_dialogue *dialogue, struct pk_secret *answer);
/* Whether the last PIN for the key of who was wrong. */
bool pk_pin_dialogue_was_wrong(const struct pk_pin_dialogue *dialogue, const void *who);

#endif
