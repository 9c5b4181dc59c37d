/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is calling: the bus is asked once for the uid and the pid of each connection, and calls wait
 * for the answers in their order. Unique names are never used twice on one bus, so the answer stays
 * true.
 */
#ifndef PASSKEYD_PEERS_H
#define PASSKEYD_PEERS_H

#include "daemon/bus/bus.h"

struct peers;

/* handler is called with every call whose uid, and pid if the bus has it, are known. NULL: no
 * memory. */
struct peers *peers_new(void (*handler)(void *data, struct call *call), void *data);
void peers_free(struct peers *peers);

/* Takes the call; it is handed on at once or when the bus has answered. */
void peers_receive(struct peers *peers, struct call *call);
/* That connection is gone. false: it never called. */
bool peers_vanished(struct peers *peers, const char *name);

#endif
