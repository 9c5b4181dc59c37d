/* SPDX-License-Identifier: BSD-2-Clause */
/* passkey-ssh --enroll: passkey-enroll on a remote host, with a key of this computer or a phone. */
#ifndef CLIENT_SSH_ENROLL_H
#define CLIENT_SSH_ENROLL_H

#include <stddef.h>

/*
 * Runs ssh with those arguments (options and a host) and passkey-enroll as the command, on a
 * terminal of its own; the person's is passed through both ways. The first request to enrol that
 * is printed there is answered by passkey-askpass, for the host that ssh means by the arguments.
 * Returns the exit code.
 */
int ssh_enroll(char *const *arguments, size_t count);

#endif
