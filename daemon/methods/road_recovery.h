/* SPDX-License-Identifier: BSD-2-Clause */
/* The last resort: a recovery code. Loud in the log, and slow to guess at. */
#ifndef PASSKEYD_ROAD_RECOVERY_H
#define PASSKEYD_ROAD_RECOVERY_H

#include "daemon/dialogue/conversation.h"

struct recovery_road;

struct recovery_subject {
    const struct account *account; /* must live as long as the road */
    bool hidden;                   /* whether the account has codes must not be told */
    bool decoy;                    /* no code is right, whatever the store has */
};

/*
 * Says why the roads before it failed, and asks for a code. PK_UNAVAILABLE: the account has none
 * left and that may be told, or too many wrong ones were tried lately. finished is called once,
 * from recovery_road_answered(): PK_OK when the code was right and is used up, PK_CANCELLED when
 * none was given, PK_RECOVERY_CODE_INVALID, PK_STORAGE.
 */
enum pk_status recovery_road_new(struct daemon *daemon, struct conversation *conversation,
                                 const struct recovery_subject *subject, enum pk_status why,
                                 void (*finished)(void *data, enum pk_status status), void *data,
                                 struct recovery_road **ret) PK_WARN_UNUSED;
void recovery_road_answered(struct recovery_road *road, const struct pk_secret *answer);
void recovery_road_free(struct recovery_road *road);

#endif
