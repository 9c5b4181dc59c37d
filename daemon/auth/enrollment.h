/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts the conversation of Manager1.Enroll: a new credential on a security key, here or over ssh.
 */
#ifndef PASSKEYD_ENROLLMENT_H
#define PASSKEYD_ENROLLMENT_H

#include "common/base/methods.h"
#include "daemon/verify/ceremony.h"

struct call;
struct daemon;
struct value;

/* Borrowed; NULL and 0: not given. */
struct enrollment_request {
    bool claims_rhost;         /* rhost is the word of a program that is not root's: not a fact */
    const char *rhost;         /* never NULL */
    struct pk_methods methods; /* requested methods; count 0: not given */
    unsigned timeout;          /* seconds */
    struct value *agent;       /* descriptor of the ssh-agent that holds the key; NULL: none */
    bool pictures;             /* as of struct sign_in_request */
};

/*
 * Enrols by the ceremony of registration_begin(), which is taken. Answers the call with the
 * conversation's path or an error.
 */
void enrollment_start(struct daemon *daemon, struct call *call, struct ceremony *begun,
                      const struct enrollment_request *request);

#endif
