/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a security key, which the process that talks to it never does. Nothing that the key says
 * is looked at here: what was sent to others is dropped unread.
 */
#ifndef AUTHENTICATOR_DEVICE_H
#define AUTHENTICATOR_DEVICE_H

#include "common/helper/channel.h"

/*
 * Opens the hidraw node at path, close-on-exec, and waits for its turn: until other programs that
 * lock it are done, two seconds at most. The channel is watched meanwhile. The lock belongs to the
 * opened file, so it goes with the descriptor to whom that is handed. PK_NO_DEVICE, also when it is
 * not a hidraw node; PK_DENIED, PK_DEVICE_ERROR, PK_BUSY, PK_CANCELLED, PK_PROTOCOL.
 */
enum pk_status device_open(const char *path, struct pk_channel *channel,
                           int *ret_fd) PK_WARN_UNUSED;

#endif
