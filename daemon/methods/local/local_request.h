/* SPDX-License-Identifier: BSD-2-Clause */
/* What a ceremony with the keys in this machine is told of the request behind it. */
#ifndef PASSKEYD_LOCAL_REQUEST_H
#define PASSKEYD_LOCAL_REQUEST_H

#include "common/keys/local_ceremony.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/auth/sign_in_attempt.h"

#define LOCAL_TERMINAL_SIZE 32
#define LOCAL_PAYER_SIZE    32

struct local_request {
    struct pk_local_request request; /* borrows from the attempt and from this */
    char terminal[LOCAL_TERMINAL_SIZE];
    char payer[LOCAL_PAYER_SIZE];
    char person[SIGN_IN_PERSON_SIZE];
};

/* Fill in *ret, which must stay where it is while it is used. */
void local_request_sign_in(const struct sign_in *sign_in, struct local_request *ret);
void local_request_enrollment(const struct enrollment *enrollment, struct local_request *ret);

/*
 * "/dev/pts/3" of the number that the kernel has for a controlling terminal; "" where that is of
 * no kind that has such a name.
 */
void local_terminal_name(uint32_t number, char ret[LOCAL_TERMINAL_SIZE]);

#endif
