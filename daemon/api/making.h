/* SPDX-License-Identifier: BSD-2-Clause */
/* What calls share that make something for an account: its passkeys' codes, tickets and links. */
#ifndef PASSKEYD_MAKING_H
#define PASSKEYD_MAKING_H

#include "daemon/accounts/subject.h"
#include "daemon/bus/request.h"

/* The first member of such a request. */
struct making {
    struct request request;
    struct subject_request who;
    char *rp;
    struct subject subject;
    struct account account; /* its row */
    struct pk_secret ticket;
    int64_t expires;
};

/*
 * For the account that call names; rp: NULL is the default one. As subject_set_rp(), and *making is
 * to be cleared in any case.
 */
enum pk_status making_set(struct making *making, struct daemon *daemon, struct call *call,
                          const char *rp, int64_t expires) PK_WARN_UNUSED;

/* Steps on a worker: the account is found, and its row is made if it is not there. */
enum pk_status making_find_subject(struct job *job) PK_WARN_UNUSED;
enum pk_status making_make_account(struct job *job) PK_WARN_UNUSED;

/* The release function of a plan whose request owns nothing else. */
void making_clear(struct request *request);

#endif
