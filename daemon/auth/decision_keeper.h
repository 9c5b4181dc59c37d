/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the last decisions to the store, behind what they were about: nobody waits for it, and
 * when it fails that is a line in the log, and is tried again. An approval is written at once,
 * refusals once in KEEPER_SECONDS and KEEPER_REFUSALS of them at most, because whoever has a
 * network causes these. What is not an account's that has a passkey is looked up and dropped. For
 * the loop alone.
 */
#ifndef PASSKEYD_DECISION_KEEPER_H
#define PASSKEYD_DECISION_KEEPER_H

#include "daemon/auth/recent_decisions.h"

#define KEEPER_SECONDS  60
#define KEEPER_REFUSALS 32

struct event_base;
struct jobs;
struct store;
struct decision_keeper;

struct decision_keeper_setup {
    struct event_base *base;
    struct jobs *jobs; /* it outlives them */
    struct store *store;
    bool shared; /* other hosts have the store, too, and it may be away */
    /* Whether people look after their passkeys there: of other relying parties nothing is kept. */
    bool (*is_shown)(void *data, const char *rp);
    void *data;
};

/* PK_STORAGE, of a store that is not shared: store_error() says why. */
enum pk_status decision_keeper_new(const struct decision_keeper_setup *setup,
                                   struct decision_keeper **ret) PK_WARN_UNUSED;
/* After the jobs have ended: writes what was not written yet. */
void decision_keeper_free(struct decision_keeper *keeper);

void decision_keeper_add(struct decision_keeper *keeper, const struct decision *decision,
                         int64_t now);
/* Those that are in memory; borrowed. */
const struct recent_decisions *decision_keeper_recent(const struct decision_keeper *keeper);

#endif
