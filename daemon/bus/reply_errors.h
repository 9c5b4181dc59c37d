/* SPDX-License-Identifier: BSD-2-Clause */
/* D-Bus errors for the statuses of failed calls. Each function answers the call. */
#ifndef PASSKEYD_REPLY_ERRORS_H
#define PASSKEYD_REPLY_ERRORS_H

#include "daemon/bus/call.h"

/* Whether that name for a passkey is invalid: then the call has been answered. NULL: none given. */
bool reply_name_error(struct call *call, const char *name) PK_WARN_UNUSED;

/*
 * Whether the call, which is for somebody other than who makes it, names nobody: then it has been
 * answered. Elsewhere an empty user is the caller, who would be root here.
 */
bool reply_nobody_error(struct call *call) PK_WARN_UNUSED;

/* That there is no relying party of that name; "": the service's, which is not configured. */
void reply_unknown_rp_error(struct call *call, const char *rp);

/*
 * For statuses of subject_find() and of the store. An account or relying party that is not there is
 * named as the call names it: in the first argument, and in the member "rp".
 */
void reply_subject_error(struct call *call, enum pk_status status);

/* For a ticket that is none, or none of this account's. */
void reply_ticket_error(struct call *call);

/*
 * For a registration that could not begin. why: the reason from policy_registration() for an
 * invalid request, or what the account has already; NULL: not known.
 */
void reply_registration_error(struct call *call, enum pk_status status, const char *why);

/*
 * For an answer, or an imported key, that was refused. otherwise: the text for a status that has no
 * error of its own.
 */
void reply_verdict_error(struct call *call, enum pk_status status, const char *otherwise);

#endif
