/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/decision.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"

static const char *act_text(enum pk_ceremony ceremony)
{
    return ceremony == PK_REGISTRATION ? "enrolment for" : "sign-in of";
}

static const char *user_or_unknown(const struct decision *decision)
{
    return decision->user[0] ? decision->user : "?";
}

static void log_approved(const struct decision *decision)
{
    PK_AUTO_FREE char *by = approval_describe(decision->approval);
    /* A sign-in without a passkey should be noticed. */
    bool unusual = !approval_credential(decision->approval);

    pk_log(unusual ? LOG_WARNING : LOG_NOTICE, "[%s] %s %s (%s): ok, %s, %s", decision->correlation,
           act_text(decision->ceremony), user_or_unknown(decision), decision->rp, by ? by : "?",
           decision->context);
}

static void log_refused(const struct decision *decision)
{
    enum pk_status truth = decision->truth ? decision->truth : decision->status;
    bool storage = (truth == PK_STORAGE || decision->status == PK_STORAGE) && decision->store_error;
    bool other_answer = decision->judged && decision->status != truth;
    bool other_told = !decision->judged && decision->told != truth;
    bool over = decision->judged && decision->over;

    pk_log(decision->judged ? LOG_WARNING : LOG_NOTICE,
           "[%s] %s %s (%s): refused, %s (%s)%s%s%s%s%s%s%s%s, %s", decision->correlation,
           act_text(decision->ceremony), user_or_unknown(decision), decision->rp,
           pk_status_name(truth), pk_status_clause(truth), storage ? ": " : "",
           storage ? decision->store_error : "", other_answer ? "; the answer: " : "",
           other_answer ? pk_status_name(decision->status) : "", other_told ? "; told " : "",
           other_told ? pk_status_name(decision->told) : "", over ? ", over " : "",
           over ? decision->over : "", decision->context);
}

void decision_log(const struct decision *decision)
{
    if (decision->approval)
        log_approved(decision);
    else
        log_refused(decision);
}

void decision_log_verdict(const struct ceremony *ceremony, const struct verdict *verdict,
                          const char *store_error)
{
    const char *user = verdict->account.name ? verdict->account.name : ceremony->account.name;

    if (verdict->approval)
        user = approval_account(verdict->approval)->name;
    decision_log(&(struct decision){
        .correlation = ceremony->correlation,
        .ceremony = ceremony->requirements.ceremony,
        .user = user ? user : "",
        .rp = ceremony->account.rp,
        .approval = verdict->approval,
        .status = verdict->status,
        .told = verdict->status,
        .judged = true,
        .store_error = store_error,
        .context = ceremony->context,
    });
}
