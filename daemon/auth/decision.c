/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/decision.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/accounts/log_names.h"
#include "daemon/auth/decision_keeper.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char *act_text(enum pk_ceremony ceremony)
{
    return ceremony == PK_REGISTRATION ? "enrolment for" : "sign-in of";
}

static char *user_or_unknown(const struct decision *decision)
{
    return decision->user[0] ? log_name(decision->user) : strdup("?");
}

static const char *or_unknown(const char *text)
{
    return text ? text : "?";
}

/*
 * Quoted. What the kernel adds to the path of a program that was removed since, " (deleted)",
 * stays.
 */
static char *executable(pid_t pid)
{
    char link[32];
    char path[PATH_MAX];
    ssize_t len;

    (void)snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pid);
    len = pid > 0 ? readlink(link, path, sizeof(path) - 1) : -1;
    if (len < 0)
        return strdup("program unknown");
    path[len] = '\0';
    return log_quoted(path);
}

char *decision_caller(const struct call *call, const char *program)
{
    bool told = call->uid == 0 && program && program[0];
    PK_AUTO_FREE char *shown = told ? log_quoted(program) : executable(call->pid);

    if (!shown)
        return NULL;
    if (call->uid == 0 && call->caller.reported && caller_user(&call->caller) != 0)
        return pk_text_format("by uid 0 for uid %u, pid %ld (%s)",
                              (unsigned)caller_user(&call->caller), (long)call->pid, shown);
    return pk_text_format("by uid %u, pid %ld (%s)", (unsigned)call->uid, (long)call->pid, shown);
}

static void log_approved(const struct decision *decision)
{
    PK_AUTO_FREE char *evidence = approval_describe(decision->approval);
    PK_AUTO_FREE char *user = user_or_unknown(decision);
    /* A sign-in without a passkey should be noticed. */
    bool unusual = !approval_credential(decision->approval);

    pk_log(unusual ? LOG_WARNING : LOG_NOTICE, "[%s] %s %s (%s): ok, %s, %s, %s",
           decision->correlation, act_text(decision->ceremony), or_unknown(user), decision->rp,
           or_unknown(evidence), or_unknown(decision->by), decision->context);
}

static void log_refused(const struct decision *decision)
{
    enum pk_status truth = decision->truth ? decision->truth : decision->status;
    bool storage = (truth == PK_STORAGE || decision->status == PK_STORAGE ||
                    decision->status == PK_DENIED || decision->status == PK_PASSWORD_REFUSED) &&
                   decision->store_error && decision->store_error[0];
    bool other_answer = decision->judged && decision->status != truth;
    bool other_told = !decision->judged && decision->told != truth;
    bool over = decision->judged && decision->over;
    PK_AUTO_FREE char *user = user_or_unknown(decision);

    pk_log(decision->judged ? LOG_WARNING : LOG_NOTICE,
           "[%s] %s %s (%s): refused, %s (%s)%s%s%s%s%s%s%s%s, %s, %s", decision->correlation,
           act_text(decision->ceremony), or_unknown(user), decision->rp, pk_status_name(truth),
           pk_status_clause(truth), storage ? ": " : "", storage ? decision->store_error : "",
           other_answer ? "; the answer: " : "",
           other_answer ? pk_status_name(decision->status) : "", other_told ? "; told " : "",
           other_told ? pk_status_name(decision->told) : "", over ? ", over " : "",
           over ? decision->over : "", or_unknown(decision->by), decision->context);
}

static struct decision_keeper *kept_by;

void decision_keep_by(struct decision_keeper *keeper)
{
    kept_by = keeper;
}

void decision_log(const struct decision *decision)
{
    if (kept_by)
        decision_keeper_add(kept_by, decision, pk_clock_now());
    if (decision->approval)
        log_approved(decision);
    else
        log_refused(decision);
}

void decision_log_verdict(const struct ceremony *ceremony, const struct verdict *verdict,
                          const char *by)
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
        .store_error = verdict->store_error,
        .by = by,
        .context = ceremony->context,
    });
}
