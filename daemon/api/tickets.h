/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrolment tickets that come with a call, as a descriptor, instead of polkit's consent. */
#ifndef PASSKEYD_TICKETS_H
#define PASSKEYD_TICKETS_H

#include "daemon/accounts/subject.h"

/*
 * Reads the "ticket" member of options, if there is one, and hands the call on with its hash, or
 * with an empty view where there is none. A ticket that is not for subject's account, or is not
 * valid, is answered TicketInvalid. Inserting the credential uses it up.
 */
typedef void ticket_handler(struct daemon *daemon, struct call *call, struct pk_view hash);
void ticket_redeem(struct daemon *daemon, struct call *call, const struct value *options,
                   const struct subject *subject, ticket_handler *handler);

/* That connection is gone: what is being read for it is dropped. NULL: all. */
void tickets_vanished(const char *name);

#endif
