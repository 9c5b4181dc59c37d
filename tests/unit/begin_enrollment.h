/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrolments as Manager1.Enroll begins them, of alice's uid or root's, and of the bare daemon. */
#ifndef TESTS_UNIT_BEGIN_ENROLLMENT_H
#define TESTS_UNIT_BEGIN_ENROLLMENT_H

#include "common/base/bytes.h"
#include "common/base/methods.h"

struct value;

/* What is asked for, of the registration and of the enrolment; NULL and 0: not given. */
struct wish {
    const char *rp, *name, *user_verification, *resident_key, *rhost;
    struct pk_methods methods;
    unsigned timeout;
    struct value *agent;
    struct pk_view ticket;
    bool by_root;
    bool pictures;
    bool cannot_ask; /* as where another program begins a registration */
};

/* The call is answered when it returns. */
void begin_enrollment_of(const char *user, const struct wish *wish);
void begin_enrollment(const struct wish *wish);

#endif
