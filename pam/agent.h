/* SPDX-License-Identifier: BSD-2-Clause */
/* The ssh-agent of the person who runs this program, for the daemon to talk to. */
#ifndef PAM_PASSKEY_AGENT_H
#define PAM_PASSKEY_AGENT_H

#include "common/base/status.h"

/*
 * Connects to the socket that the environment variable SSH_AUTH_SOCK names. The variable is
 * whatever the person set it to, so all of it is done with that person's access rights (of the real
 * user and group): the socket must be theirs, and a process of theirs must listen on it. Never
 * waits. *ret_fd is connected, does not block, and is the caller's to close.
 *
 * PK_NOT_FOUND: the variable is not set, or root runs this program (which then serves somebody
 * else, whose agent it cannot be); PK_DENIED: not a socket of that person's; PK_UNAVAILABLE:
 * nothing listens there. PK_INTERNAL: the access rights of this process could not be put back, and
 * nothing must go on with it.
 */
enum pk_status agent_connect(int *ret_fd) PK_WARN_UNUSED;

/* The same with that value of the variable; NULL: not set. */
enum pk_status agent_connect_named(const char *path, int *ret_fd) PK_WARN_UNUSED;

#endif
