/* SPDX-License-Identifier: BSD-2-Clause */
/* The conversation that Enroll opens: a new credential on a security key, here or over ssh. */
#ifndef PASSKEYD_ENROLMENT_H
#define PASSKEYD_ENROLMENT_H

#include "daemon/daemon.h"

/* Borrowed; NULL and 0: not said. */
struct enrolment_request {
    const char *user; /* empty: the caller */
    const char *rp;
    const char *name;
    const char *user_verification;
    const char *resident_key;
    const char *rhost;     /* never NULL */
    struct roads roads;    /* what the caller would have; count 0: not said */
    unsigned timeout;      /* seconds */
    struct value *agent;   /* a descriptor: the ssh-agent whose key it is to be; NULL: none */
    struct pk_view ticket; /* SHA-256 of the ticket that allows it; empty: polkit did */
};

/* Answers the call with the conversation's path or an error. */
void enrolment_start(struct daemon *daemon, struct call *call,
                     const struct enrolment_request *request);

#endif
