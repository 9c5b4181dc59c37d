/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identifies callers: the bus is asked once for the uid and the pid of each connection, and calls
 * wait, in order, for the answers. The answers stay valid because a bus never reuses unique names.
 */
#ifndef PASSKEYD_PEERS_H
#define PASSKEYD_PEERS_H

#include "daemon/bus/bus.h"

struct peers;

/*
 * handler is called with every call once its uid, and its pid if the bus knows it, are set, and it
 * is counted in the caller's budget (borrowed). NULL: no memory.
 */
struct peers *peers_new(struct budget *budget, void (*handler)(void *data, struct call *call),
                        void *data);
void peers_free(struct peers *peers);

/* Whether a call from that name may be taken now, before anything is done for it. */
enum bus_admission peers_admit(struct peers *peers, const char *name, enum budget_rate rate);

/* Takes the call, which was admitted, and hands it on, at once or when the bus has answered. */
void peers_receive(struct peers *peers, struct call *call);
/* Forgets a connection that left the bus. false: it never called. */
bool peers_vanished(struct peers *peers, const char *name);

#endif
