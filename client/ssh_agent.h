/* SPDX-License-Identifier: BSD-2-Clause */
/* The person's own ssh-agent, for the daemon to talk to. */
#ifndef CLIENT_SSH_AGENT_H
#define CLIENT_SSH_AGENT_H

#include "common/base/status.h"

/*
 * Connects to the socket that SSH_AUTH_SOCK names, without waiting. *ret_fd is the caller's to
 * close. PK_NOT_FOUND: the variable is not set; PK_UNAVAILABLE: nothing listens there.
 */
enum pk_status ssh_agent_connect(int *ret_fd) PK_WARN_UNUSED;

#endif
