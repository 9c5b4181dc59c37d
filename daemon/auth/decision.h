/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the one log line of every decision. */
#ifndef PASSKEYD_DECISION_H
#define PASSKEYD_DECISION_H

#include "daemon/verify/verify_and_commit.h"

/* Everything is borrowed. */
struct decision {
    const char *correlation;
    enum pk_ceremony ceremony;
    const char *user;                /* empty: unknown */
    const char *rp;                  /* name of the relying party's section */
    const struct approval *approval; /* NULL: refused */
    enum pk_status status;           /* from the method or the verification */
    enum pk_status truth;            /* the actual reason, if it is not status; or PK_OK */
    enum pk_status told;             /* the status that the person was told */
    bool judged;                     /* status is the verdict on an answer */
    const char *store_error;
    const char *over;    /* the connection that an answer came over; NULL: none */
    const char *context; /* JSON */
};

void decision_log(const struct decision *decision);

/* The same for a ceremony whose answer a program brought, without a method. */
void decision_log_verdict(const struct ceremony *ceremony, const struct verdict *verdict,
                          const char *store_error);

#endif
