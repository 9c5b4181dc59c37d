/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redeems enrolment tickets, which a call carries as a descriptor in place of polkit's
 * authorization.
 */
#ifndef PASSKEYD_TICKETS_H
#define PASSKEYD_TICKETS_H

#include "daemon/accounts/subject.h"
#include "daemon/bus/call.h"
#include "daemon/daemon.h"

/*
 * Reads the "ticket" member of options and calls handler with its hash, or with an empty view if
 * there is no ticket. subject, for whom the ticket must be, is taken and passed on; the handler may
 * take its members. A ticket that is invalid or for another account is answered TicketInvalid. The
 * ticket is used up when the credential is inserted.
 */
typedef void ticket_handler(struct daemon *daemon, struct call *call, struct subject *subject,
                            struct pk_view hash);
void ticket_redeem(struct daemon *daemon, struct call *call, const struct value *options,
                   struct subject *subject, ticket_handler *handler);

/* Drops the calls of a connection that left the bus. NULL: all. */
void tickets_vanished(const char *name);

#endif
