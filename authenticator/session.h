/* SPDX-License-Identifier: BSD-2-Clause */
/* One request, from HELLO on: the list of keys, or a ceremony, for which the key is opened here. */
#ifndef AUTHENTICATOR_SESSION_H
#define AUTHENTICATOR_SESSION_H

#include "common/helper/channel.h"

/*
 * PK_OK when the request was answered, for WATCH when the input ended. A ceremony is handed over to
 * a process for the key alone (handover.h).
 */
enum pk_status session_run(struct pk_channel *channel) PK_WARN_UNUSED;

/* WATCH: DEVICES at once and whenever the list changes, until the input ends. */
enum pk_status watch_devices(struct pk_channel *channel) PK_WARN_UNUSED;

#endif
