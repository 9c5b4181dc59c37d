/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the one log line of every decision. */
#ifndef PASSKEYD_DECISION_H
#define PASSKEYD_DECISION_H

#include "daemon/bus/call.h"
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
    const char *by;      /* who called: decision_caller(); NULL: no memory */
    const char *context; /* JSON */
};

/*
 * "by uid 2001, pid 77 ("/usr/bin/swaylock")": the process behind the call. program is what a
 * program of root's says of itself; of anybody else's the kernel is asked, which tells the daemon's
 * user of few processes only. The caller's to free; NULL: no memory.
 */
char *decision_caller(const struct call *call, const char *program) PK_WARN_UNUSED;

/*@ requires \valid_read(decision);
    assigns \nothing; */
void decision_log(const struct decision *decision);

/* Who is handed what is logged, too, from now on; NULL: nobody. */
struct decision_keeper;
void decision_keep_by(struct decision_keeper *keeper);

/* The same for a ceremony whose answer a program brought, without a method. */
void decision_log_verdict(const struct ceremony *ceremony, const struct verdict *verdict,
                          const char *by);

#endif
