/* SPDX-License-Identifier: BSD-2-Clause */
/* One request, from HELLO to the last frame. */
#ifndef AUTHENTICATOR_SESSION_H
#define AUTHENTICATOR_SESSION_H

#include "authenticator/channel.h"

/* PK_OK when the request was answered, for WATCH when the input ended. */
enum pk_status session_run(struct channel *channel) PK_WARN_UNUSED;

/* WATCH: DEVICES at once and whenever the list changes, until the input ends. */
enum pk_status watch_devices(struct channel *channel) PK_WARN_UNUSED;

#endif
