/* SPDX-License-Identifier: BSD-2-Clause */
/* Fresh re-authentication, asked of polkit. */
#ifndef PASSKEYD_POLKIT_H
#define PASSKEYD_POLKIT_H

#include "daemon/bus/bus.h"

#define POLKIT_ENROLL "org.passkeyd.enroll" /* a new credential */
#define POLKIT_MANAGE "org.passkeyd.manage" /* rename, remove, recovery codes */

/*
 * Asks whether the caller may do action and hands the call to allowed() if so. Otherwise the call
 * is answered NotAuthorized. Root passes at once. The dialogue may be interactive only if the
 * caller set that flag; where no polkit is on the bus only root may.
 */
void polkit_check(struct call *call, const char *action,
                  void (*allowed)(void *data, struct call *call), void *data);

/* That connection is gone: its pending questions are dropped. */
void polkit_vanished(const char *name);
void polkit_forget_all(void);

#endif
