/* SPDX-License-Identifier: BSD-2-Clause */
/* polkit's text agent, for terminals whose session has no agent of its own. */
#ifndef CLIENT_POLKIT_AGENT_H
#define CLIENT_POLKIT_AGENT_H

#include <sys/types.h>

struct polkit_agent {
    pid_t process; /* 0: none was started */
};

/*
 * Starts pkttyagent for this process and waits until it is registered, or cancel_fd is readable.
 * An agent that is registered already takes precedence. Does nothing for root, for whom polkit is
 * not asked, and where standard input is no terminal. Without an agent polkit refuses, and the
 * daemon's error says so.
 */
void polkit_agent_start(int cancel_fd, struct polkit_agent *ret);
void polkit_agent_stop(struct polkit_agent *agent);

#endif
