/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verification of one answer, on a worker, from the ceremony that was taken to the decision.
 * Meanwhile nothing else decides the attempt but its end: the deadline, or a caller that left.
 */
#ifndef PASSKEYD_VERIFICATION_H
#define PASSKEYD_VERIFICATION_H

#include "daemon/jobs/jobs.h"
#include "daemon/verify/verify_and_commit.h"

struct attempt;
struct verification;

/* Constant, one for each kind of answer. */
struct verification_plan {
    /*
     * On a worker: calls a function of verify_and_commit.h. It may use what the verification owns,
     * and the store.
     */
    struct verdict (*judge)(const struct verification *verification);
    /*
     * In the loop, once, unless the attempt has ended: takes the verdict and goes on. NULL: the
     * attempt is decided by the verdict.
     */
    void (*judged)(struct verification *verification, struct verdict *verdict);
    /* Frees what the members after struct verification own. NULL: nothing. */
    void (*clear)(struct verification *verification);
    bool needs_no_ceremony;
};

/* The first member of a struct from calloc() that owns a copy of the answer. */
struct verification {
    struct job job;
    const struct verification_plan *plan;
    struct store *store;
    char correlation[PK_CORRELATION_SIZE];
    struct ceremony *ceremony; /* owned; NULL: it needs none */
    struct attempt *attempt;   /* for the loop */
    struct verdict verdict;
};

/*
 * Takes the verification and its ceremony, which must have been removed from the table, and decides
 * the attempt later. At once it is refused where there is no verification for want of memory, no
 * ceremony because it has expired, or a status, of copying the answer, that is not PK_OK.
 */
void attempt_verify(struct attempt *attempt, struct verification *verification,
                    struct ceremony *ceremony, enum pk_status status,
                    const struct verification_plan *plan);

/*
 * For the end of an attempt: its verification, if it has one in progress, decides nothing any more.
 * What it has committed by then is logged.
 */
void attempt_drop_verification(struct attempt *attempt);

#endif
