/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to an ssh-agent, as a caller passed it: whoever is behind it may be silent, slow or
 * lying. It is given one question at a time and has until one deadline for all of them; what it
 * says is bounded, and means nothing until a signature verifies.
 */
#ifndef PASSKEYD_AGENT_H
#define PASSKEYD_AGENT_H

#include "common/wire/agent.h"

struct event_base;
struct agent;

/*
 * payload: what followed the length; valid during the call, empty unless status is PK_OK.
 * PK_TIMEOUT; PK_UNAVAILABLE: it closed the connection; PK_TOO_LARGE, PK_PROTOCOL, PK_NO_MEMORY.
 * Nothing can be asked after a failure.
 */
typedef void agent_replied(void *data, enum pk_status status, struct pk_view payload);

/*
 * Takes fd, also when it fails. It is the caller's open file as well: its flags are left alone, and
 * reading and writing never wait. The deadline is seconds from now. PK_INVALID_INPUT for anything
 * but a connected stream socket of this machine, PK_NO_MEMORY.
 */
enum pk_status agent_new(struct event_base *base, int fd, unsigned seconds,
                         struct agent **ret) PK_WARN_UNUSED;

/* Another deadline from now, where a person was asked something in between. */
void agent_set_deadline(struct agent *agent, unsigned seconds);

/*
 * Sends request (whole, with its length; copied) and calls replied once, from the event loop, where
 * the next question may be asked, or the agent freed. PK_BUSY while a question is open;
 * PK_UNAVAILABLE after a failure.
 */
enum pk_status agent_ask(struct agent *agent, struct pk_view request, agent_replied *replied,
                         void *data) PK_WARN_UNUSED;

/* Closes. An open question is not answered any more. */
void agent_free(struct agent *agent);

#endif
