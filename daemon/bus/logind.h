/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the person behind a call is at this computer or at a remote host. PAM knows the remote
 * host of a login, but not that of a sudo inside the session or of an enrolment; for those, logind
 * is asked about the session of the calling process.
 */
#ifndef PASSKEYD_LOGIND_H
#define PASSKEYD_LOGIND_H

#include "daemon/bus/call.h"
#include "daemon/daemon.h"

#define LOGIND_RHOST_MAX 256 /* bytes of an rhost */

/* The rhost of a session that may be remote, when the host is unknown. */
#define LOGIND_RHOST_UNKNOWN "unknown"

typedef void logind_handler(struct daemon *daemon, struct call *call);

/*
 * Sets the member "rhost" of the call's second argument, an a{sv} that has been checked, and hands
 * the call to handler. An rhost that the caller gave is kept (an X display only if root gave it).
 * Otherwise logind decides: empty for a session at this computer, the host of a remote session, or
 * LOGIND_RHOST_UNKNOWN when logind is present but gives no valid answer in time, because a local
 * key must not be touched on a guess. A process started by a user's service manager belongs to the
 * user's main session. Without logind, and where there is no session at all, the call counts as
 * local.
 */
void logind_find_rhost(struct daemon *daemon, struct call *call, logind_handler *handler);

/* Drops the calls of a connection that left the bus. NULL: all. */
void logind_vanished(const char *name);

#endif
