/* SPDX-License-Identifier: BSD-2-Clause */
/* The conversation that Authenticate opens: road after road until one of them decides. */
#ifndef PASSKEYD_SIGN_IN_H
#define PASSKEYD_SIGN_IN_H

#include "daemon/daemon.h"

/* Borrowed; strings are never NULL. */
struct sign_in_request {
    const char *user; /* empty: a discoverable credential names the account */
    const char *service, *tty, *rhost, *ruser, *command, *target;
    const char *rp;
    const char *user_verification; /* NULL: not said */
    struct roads roads;            /* what the caller would have; count 0: not said */
    unsigned timeout;              /* seconds; 0: not said */
    struct value *agent;           /* a descriptor: of an ssh-agent; NULL: none */
};

/* Answers the call with the conversation's path or an error. */
void sign_in_start(struct daemon *daemon, struct call *call, const struct sign_in_request *request);

#endif
