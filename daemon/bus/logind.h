/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the person behind a call is at this computer, and otherwise at which remote host: learns
 * from logind's files, or asks logind, about the calling process, and lets seat.h decide.
 */
#ifndef PASSKEYD_LOGIND_H
#define PASSKEYD_LOGIND_H

#include "daemon/bus/call.h"
#include "daemon/bus/seat.h"
#include "daemon/daemon.h"

/* The rhost of a caller that is not known to be at this computer, when the host is unknown. */
#define LOGIND_RHOST_UNKNOWN "unknown"

typedef void logind_handler(struct daemon *daemon, struct call *call);

/*
 * Sets the member "rhost" of the call's second argument, an a{sv} that has been checked, and hands
 * the call to handler; call->caller is what caller_read() found in it. A remote host that the
 * caller named is kept. Otherwise seat_decide() says whether a key in this computer may be used:
 * then the rhost is empty, or the display that root named. If not, it is the remote host of the
 * caller's session, or LOGIND_RHOST_UNKNOWN.
 */
void logind_find_rhost(struct daemon *daemon, struct call *call, logind_handler *handler);

/* The texts of the verdict are static. NULL: too many such questions are open. */
typedef void logind_judged(struct daemon *daemon, struct call *call,
                           const struct seat_verdict *verdict);

/*
 * Tells the calling process how it would be judged, by what can be read of it; for its information
 * only. The call is handed on as it is, and nothing but what debug shows is logged: anybody may
 * ask.
 */
void logind_judge(struct daemon *daemon, struct call *call, logind_judged *judged);

/* Looks whether this host has a logind, and watches it; before the first call, as it waits. */
void logind_watch(struct daemon *daemon);

/* Drops the calls of a connection that left the bus. NULL: all. */
void logind_vanished(const char *name);

#endif
