/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the person is who makes a call. PAM knows the remote host of a login, but neither that of a
 * sudo inside it nor that of an enrolment; there logind knows the session of the calling process.
 */
#ifndef PASSKEYD_REMOTE_H
#define PASSKEYD_REMOTE_H

#include "daemon/daemon.h"

#define REMOTE_HOST_MAX 256 /* bytes of an rhost */

/* The rhost of a session of which nothing more is known than that it may be remote. */
#define REMOTE_UNKNOWN "unknown"

typedef void remote_handler(struct daemon *daemon, struct call *call);

/*
 * Hands the call on once the member "rhost" of its second argument, an a{sv} that has been checked,
 * is what is known. One that the caller gave stays, an X display only if root gave it; in its place
 * comes what logind says: nothing of a session at this computer, the host of a remote one, or
 * REMOTE_UNKNOWN, when a logind is there but does not answer sensibly or in time: a local key is
 * not touched on a guess. A process that a user's service manager started belongs to the user's
 * main session. Without a logind, and where there is no session at all, the call counts as local.
 */
void remote_find(struct daemon *daemon, struct call *call, remote_handler *handler);

/* That connection is gone: what is being asked for it is dropped. NULL: all. */
void remote_vanished(const char *name);

#endif
