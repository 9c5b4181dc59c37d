/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that talks to one key: it gets the opened device and opens nothing itself. */
#ifndef AUTHENTICATOR_WORKER_H
#define AUTHENTICATOR_WORKER_H

#include "common/helper/channel.h"

/*
 * Loads what libfido2 and OpenSSL would load when it is first needed, which the sandbox forbids. A
 * process that forks workers does this once for all of them.
 */
void worker_prepare(void);

/*
 * Takes the request and the device from the socket (handover.h), shuts itself in, and serves it:
 * the exit status. Nothing of the key is read before.
 */
int worker_run(int socket);

/*
 * Where there is no server: the process that opened the key shuts itself in, for good, and serves
 * the request, whose last frame is sent. PK_INTERNAL: there is no sandbox to be had, and none was
 * sent. Nothing of the key is read before.
 */
enum pk_status worker_become(struct pk_channel *channel, const struct pk_frame *request,
                             int device) PK_WARN_UNUSED;

#endif
