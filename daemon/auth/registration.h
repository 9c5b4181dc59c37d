/* SPDX-License-Identifier: BSD-2-Clause */
/* The beginning of a registration, for whichever road: what Enroll and BeginRegistration share. */
#ifndef PASSKEYD_REGISTRATION_H
#define PASSKEYD_REGISTRATION_H

#include "daemon/accounts/subject.h"
#include "daemon/config/policy.h"
#include "daemon/verify/ceremony.h"

/*
 * Makes the ceremony: requirements by policy, user handle, exclude list, bound challenge; it is not
 * in the table yet. wish is completed from subject. On a failure the call has been answered and
 * NULL is returned.
 */
struct ceremony *registration_begin(struct daemon *daemon, struct call *call,
                                    struct subject *subject, struct registration_request *wish,
                                    struct pk_view ticket);

#endif
