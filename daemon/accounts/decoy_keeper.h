/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's key for decoys. Where the store cannot say it when the daemon starts, decoys are
 * made with a new key meanwhile, which is of no use to anybody: of a store that is away no account
 * has passkeys. It is asked again until it says it.
 */
#ifndef PASSKEYD_DECOY_KEEPER_H
#define PASSKEYD_DECOY_KEEPER_H

#include "daemon/accounts/decoy.h"

struct decoy_keeper;
struct event_base;
struct jobs;

/* Asks at once, in the loop; later in jobs, which it outlives. PK_NO_MEMORY. */
enum pk_status decoy_keeper_new(struct store *store, struct jobs *jobs, struct event_base *base,
                                struct decoy_keeper **ret) PK_WARN_UNUSED;
void decoy_keeper_free(struct decoy_keeper *keeper);

/* DECOY_KEY_SIZE bytes, as long as the keeper; they change in the loop alone. */
const uint8_t *decoy_keeper_key(const struct decoy_keeper *keeper);

#endif
