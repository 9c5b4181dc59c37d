/* SPDX-License-Identifier: BSD-2-Clause */
/* One request from HELLO on: starts the parts, and passes on what they say. It never sees TLS. */
#ifndef PHONE_SESSION_H
#define PHONE_SESSION_H

#include "common/helper/channel.h"

/* PK_OK when the phone answered. In any case the last frame was sent, if there is who takes it. */
enum pk_status session_run(struct pk_channel *channel) PK_WARN_UNUSED;

#endif
