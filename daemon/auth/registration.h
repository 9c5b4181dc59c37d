/* SPDX-License-Identifier: BSD-2-Clause */
/* Begins a registration: the part that Enroll, BeginRegistration and Import share. */
#ifndef PASSKEYD_REGISTRATION_H
#define PASSKEYD_REGISTRATION_H

#include "daemon/accounts/subject.h"
#include "daemon/config/policy.h"
#include "daemon/verify/ceremony.h"

struct call;
struct daemon;

/*
 * Makes the ceremony, with requirements by policy, user handle, exclude list and bound challenge;
 * it is not in the table yet. wish is completed from subject, whose account moves into the
 * ceremony. On a failure the call has been answered with an error and NULL is returned.
 */
struct ceremony *registration_begin(struct daemon *daemon, struct call *call,
                                    struct subject *subject, struct registration_request *wish,
                                    struct pk_view ticket) PK_WARN_UNUSED;

#endif
