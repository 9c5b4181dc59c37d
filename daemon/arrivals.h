/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls on their way to the method table: while the password file is being looked at after a change
 * (account_watch.h) they wait, so that none is answered by what was before it.
 */
#ifndef PASSKEYD_ARRIVALS_H
#define PASSKEYD_ARRIVALS_H

#include <stdint.h>

struct call;
struct daemon;

/* Takes the call: dispatches it, now or when the look that is due has ended. */
void arrivals_receive(struct daemon *daemon, struct call *call);

/* The look of that number has ended. */
void arrivals_reached(struct daemon *daemon, uint64_t look);

/* Drops the calls of a connection that left. NULL: all. */
void arrivals_vanished(const char *name);

#endif
