/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gateways' ceremonies that several hosts share: where the store has the verbs for it, a ceremony
 * that one host has begun is in the store, and ends on whichever host gets its answer first. Those
 * of this host's users stay in the table (ceremony.h), and so do those of a page's session, which
 * is of one host.
 *
 * What holds in the table holds here. A claim of another relying party takes nothing, because the
 * store looks by relying party and id; what was claimed for another kind or purpose is gone. Those
 * that are sole have ids of their own in the store, which no caller can name. The owner is not
 * compared: the gateway's uid is each host's own, and who may call for a gateway is judged on the
 * host that is called (bus/gateway_user.h), for the relying parties that it serves (api/gateway.h).
 * An id that somebody has guessed or seen is worth no more than on one host, where there is one
 * gateway, too.
 */
#ifndef PASSKEYD_SHARED_CEREMONIES_H
#define PASSKEYD_SHARED_CEREMONIES_H

#include "daemon/verify/ceremony.h"

/* Seconds for which it is said of a ceremony that its time has passed, if the store has it still.
 */
#define SHARED_CEREMONY_ENDED 600

bool shared_ceremonies(const struct store *store) PK_WARN_UNUSED;

/* What goes to the store of it; expires: seconds since the epoch. As ceremony_record_write(). */
enum pk_status shared_ceremony_make(const struct ceremony *ceremony, int64_t expires,
                                    struct kept_ceremony *ret) PK_WARN_UNUSED;
/* On a worker. PK_LIMIT_EXCEEDED: the relying party has as many as it may; PK_STORAGE. */
enum pk_status shared_ceremony_add(struct store *store,
                                   const struct kept_ceremony *kept) PK_WARN_UNUSED;
/* On a worker: what nobody was told of is taken back, if the store can do that. */
void shared_ceremony_drop(struct store *store, const struct kept_ceremony *kept);

/*
 * On a worker: removes it from the store, and gives it to one caller alone. The claim's owner is
 * its owner from then on. PK_CHALLENGE_UNKNOWN: there is none for that claim, and it is gone if
 * there was; *ret_expired: because its time has passed, which is said once. PK_STORAGE: it is not
 * known whether there was, and it is gone, too. PK_NO_MEMORY.
 */
enum pk_status shared_ceremony_take(struct store *store, const struct ceremony_claim *claim,
                                    int64_t now, struct ceremony **ret,
                                    bool *ret_expired) PK_WARN_UNUSED;

#endif
