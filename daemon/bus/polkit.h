/* SPDX-License-Identifier: BSD-2-Clause */
/* Re-authentication of the caller, through polkit. */
#ifndef PASSKEYD_POLKIT_H
#define PASSKEYD_POLKIT_H

#include "daemon/bus/bus.h"

#define POLKIT_ENROLL "org.passkeyd.enroll" /* a new credential */
#define POLKIT_MANAGE "org.passkeyd.manage" /* rename, remove */
#define POLKIT_CODES  "org.passkeyd.recovery-codes"

/*
 * Asks polkit whether the caller may do action, and hands the call to allowed() if so; otherwise
 * the call is answered NotAuthorized. Root passes without asking. polkit may interact with the
 * person only if the caller set the flag for it; without polkit on the bus only root passes.
 */
void polkit_check(struct call *call, const char *action,
                  void (*allowed)(void *data, struct call *call), void *data);

/* Drops the pending questions of a connection that left the bus. NULL: all. */
void polkit_vanished(const char *name);

#endif
