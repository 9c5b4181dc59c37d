/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that talks to one key: it gets the opened device and opens nothing itself. */
#ifndef AUTHENTICATOR_WORKER_H
#define AUTHENTICATOR_WORKER_H

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

#endif
