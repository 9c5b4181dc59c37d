/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to an ssh-agent, passed by a caller, so the agent may be silent, slow or malicious.
 * It is asked one question at a time, with one deadline for all of them. Replies are bounded in
 * size and are not trusted until a signature has been verified.
 */
#ifndef PASSKEYD_AGENT_CONNECTION_H
#define PASSKEYD_AGENT_CONNECTION_H

#include "common/wire/agent.h"

struct event_base;
struct agent_connection;

/*
 * payload: the message without its length; valid during the call, and empty unless status is PK_OK.
 * PK_TIMEOUT; PK_UNAVAILABLE: the agent closed the connection; PK_TOO_LARGE, PK_PROTOCOL,
 * PK_NO_MEMORY. Nothing can be asked after a failure.
 */
typedef void agent_replied(void *data, enum pk_status status, struct pk_view payload);

/*
 * Takes fd, also on failure. The caller shares the open file description, so its flags are not
 * changed; a thread reads and writes it (daemon/bus/passed.h). The deadline is seconds from now.
 * PK_INVALID_INPUT for anything but a connected AF_UNIX stream socket, PK_NO_MEMORY.
 */
enum pk_status agent_connection_new(struct event_base *base, int fd, unsigned seconds,
                                    struct agent_connection **ret) PK_WARN_UNUSED;

/* Moves the deadline to seconds from now, after a person was asked something in between. */
void agent_connection_set_deadline(struct agent_connection *agent, unsigned seconds);

/*
 * Sends request (a whole message with its length; copied) and calls replied once, from the event
 * loop; the next question may be asked, or the connection freed, from within. PK_BUSY while a
 * question is pending; PK_UNAVAILABLE after a failure.
 */
enum pk_status agent_connection_ask(struct agent_connection *agent, struct pk_view request,
                                    agent_replied *replied, void *data) PK_WARN_UNUSED;

/* Closes the connection. A pending question is not answered any more. */
void agent_connection_free(struct agent_connection *agent);

#endif
