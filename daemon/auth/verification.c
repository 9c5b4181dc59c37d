/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/verification.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "daemon/auth/attempt.h"
#include "daemon/daemon.h"

#include <string.h>

static enum pk_status run_judge(struct job *job)
{
    struct verification *verification = (struct verification *)job;

    verification->verdict = verification->plan->judge(verification);
    return PK_OK; /* the verdict has its status */
}

static void on_done(struct job *job, enum pk_status status)
{
    struct verification *verification = (struct verification *)job;
    struct attempt *attempt = verification->attempt;

    attempt->verification = NULL;
    if (status) /* too many of this owner's wait already: nothing was looked at */
        verification->verdict.status = PK_LIMIT_EXCEEDED;
    if (verification->plan->judged)
        verification->plan->judged(verification, &verification->verdict);
    else
        attempt_decided(attempt, &verification->verdict);
}

/*
 * An answer that was right, and is used up or enrolled, after nobody waited for it any more: that
 * is not lost from the log, though nobody was signed in.
 */
static void log_lost(const struct verification *verification)
{
    const struct verdict *verdict = &verification->verdict;
    PK_AUTO_FREE char *by = verdict->approval ? approval_describe(verdict->approval) : NULL;

    if (by)
        pk_log(LOG_WARNING, "[%s] the answer was valid, but nobody waits for it any more: %s",
               verification->correlation, by);
    else if (verdict->code_used)
        pk_log(LOG_WARNING, "[%s] RECOVERY CODE of %s (%s) USED, and nobody waits for it any more",
               verification->correlation, verdict->account.name ? verdict->account.name : "?",
               verdict->account.rp ? verdict->account.rp : "?");
}

static void verification_free(struct verification *verification)
{
    if (verification->plan->clear)
        verification->plan->clear(verification);
    if (verification->ceremony)
        ceremony_free(verification->ceremony);
    verdict_clear(&verification->verdict);
    free(verification);
}

static void on_release(struct job *job)
{
    struct verification *verification = (struct verification *)job;

    if (!verification->attempt)
        log_lost(verification);
    verification_free(verification);
}

static void refuse_at_once(struct attempt *attempt, enum pk_status status)
{
    AUTO_VERDICT struct verdict verdict = verdict_refused(status);

    attempt_decided(attempt, &verdict);
}

void attempt_verify(struct attempt *attempt, struct verification *verification,
                    struct ceremony *ceremony, enum pk_status status,
                    const struct verification_plan *plan)
{
    static const struct job_step steps[] = {{JOB_WORKER, run_judge}, {0}};
    static const struct job_plan job_plan = {steps, on_done, on_release};

    if (!verification) {
        if (ceremony)
            ceremony_free(ceremony);
        refuse_at_once(attempt, PK_NO_MEMORY);
        return;
    }
    verification->plan = plan;
    verification->ceremony = ceremony;
    if (!ceremony && !plan->needs_no_ceremony)
        status = PK_CHALLENGE_UNKNOWN;
    if (status) {
        verification_free(verification);
        refuse_at_once(attempt, status);
        return;
    }
    verification->store = attempt->daemon->store;
    verification->attempt = attempt;
    verification->verdict = verdict_refused(PK_INTERNAL);
    (void)snprintf(verification->correlation, sizeof(verification->correlation), "%s",
                   conversation_id(attempt->conversation));
    attempt->verification = verification;
    job_start(attempt->daemon->jobs, &verification->job, &job_plan, attempt->job_owner);
}

void attempt_drop_verification(struct attempt *attempt)
{
    struct verification *verification = pk_steal(attempt->verification);

    if (!verification)
        return;
    verification->attempt = NULL;
    job_cancel(&verification->job);
}
