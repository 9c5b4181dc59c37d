/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redeems enrolment tickets, which a call carries as a descriptor in place of polkit's
 * authorization.
 */
#ifndef PASSKEYD_TICKETS_H
#define PASSKEYD_TICKETS_H

#include "common/base/bytes.h"
#include "daemon/bus/call.h"
#include "daemon/daemon.h"

/*
 * Reads the "ticket" member of options and calls handler with its hash, or with an empty view if
 * there is no ticket. That it is a ticket, and for that account, is checked by
 * registration_begin(), and used up it is when the credential is inserted.
 */
typedef void ticket_handler(struct daemon *daemon, struct call *call, struct pk_view hash);
void ticket_read(struct daemon *daemon, struct call *call, const struct value *options,
                 ticket_handler *handler);

/* Drops the calls of a connection that left the bus. NULL: all. */
void tickets_vanished(const char *name);

#endif
