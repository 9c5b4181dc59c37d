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

/*
 * How long a ticket is to be good for, in seconds: the member "lifetime" of options, or what is
 * configured. false: the call has been answered.
 */
bool ticket_lifetime(const struct daemon *daemon, struct call *call, const struct value *options,
                     uint32_t *ret) PK_WARN_UNUSED;

/*
 * Reads another secret, of at most PK_SHARED_KEY_MAX bytes, from the descriptor in that member.
 * status is not PK_OK where it is too long or cannot be read; secret is wiped after the call.
 */
typedef void secret_taker(struct daemon *daemon, struct call *call, enum pk_status status,
                          struct pk_secret *secret);
void secret_read(struct daemon *daemon, struct call *call, struct value *member,
                 secret_taker *taker);

/* Drops the calls of a connection that left the bus. NULL: all. */
void tickets_vanished(const char *name);

#endif
