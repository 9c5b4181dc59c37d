/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gateway1.BeginPasswordCheck, and what becomes of the answer to it, which comes with
 * BeginRegistration or BeginAuthentication: where http is autional, users who have signed in give
 * their password once more, and the application says whether it was right.
 */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/accounts/log_names.h"
#include "daemon/api/gateway.h"
#include "daemon/config/policy.h"
#include "daemon/tokens/password_checks.h"

#include <string.h>

/* --- the question ----------------------------------------------------------------------------- */

struct question {
    struct gateway_request gateway;
    char *url; /* owned; NULL: nobody can be asked */
    char nonce[PASSWORD_NONCE_SIZE];
    char *text; /* owned */
};

/* An API key is the application's, which has asked for the password itself. */
static enum pk_status check_bearer(struct job *job)
{
    const struct gateway_request *gateway = (struct gateway_request *)job;

    switch (authority_kind(gateway->authority)) {
    case AUTHORITY_BEARER:
        return PK_OK;
    case AUTHORITY_API_KEY:
        return PK_DENIED;
    case AUTHORITY_NONE:
        break;
    }
    return PK_NOT_SIGNED_IN;
}

static struct password_check check_of(const struct gateway_request *gateway)
{
    return (struct password_check){.rp = gateway->party.rp,
                                   .user = authority_user(gateway->authority),
                                   .purpose = gateway_purpose(gateway)};
}

static enum pk_status begin(struct job *job)
{
    struct question *question = (struct question *)job;
    struct gateway_request *gateway = &question->gateway;
    const struct daemon *daemon = gateway->request.daemon;
    const struct rp_config *rp = config_rp(daemon->config, gateway->party.rp);
    const struct password_check check = check_of(gateway);

    if (!rp || !rp->password_check || !rp->password_url)
        return PK_UNAVAILABLE;
    if (pk_text_copy(rp->password_url, &question->url))
        return PK_NO_MEMORY;
    return password_checks_begin(daemon->password_checks, &check, pk_clock_monotonic(),
                                 question->nonce);
}

static enum pk_status sign(struct job *job)
{
    struct question *question = (struct question *)job;
    struct gateway_request *gateway = &question->gateway;
    const struct password_question asked = {.url = question->url,
                                            .user = authority_user(gateway->authority),
                                            .purpose = gateway_purpose(gateway),
                                            .nonce = question->nonce};

    return request_stored(&gateway->request,
                          password_question_sign(gateway->request.daemon->store, &gateway->party,
                                                 &asked, gateway->now, &question->text));
}

static void log_refused(const struct gateway_request *gateway, const struct call *call,
                        const char *what)
{
    PK_AUTO_FREE char *user = log_name(authority_user(gateway->authority));

    pk_log(LOG_NOTICE, "[%s] %s: the password of %s, at %s, for %s", call->id, what,
           user ? user : "?", gateway->party.rp,
           *gateway_purpose(gateway) ? gateway_purpose(gateway) : "any purpose");
}

static void answer_question(struct request *request, struct call *call, enum pk_status status)
{
    const struct question *question = (struct question *)request;
    json_t *object;

    if (status == PK_UNAVAILABLE && !question->url) {
        pk_log(LOG_WARNING,
               "[%s] %s: a call gave a password, and nothing says who checks it; set "
               "password-check = application and password-url in passkeyd.conf",
               call->id, question->gateway.party.rp);
        call_fail(call, PK_BUS_ERROR_UNAVAILABLE,
                  "the relying party has no password-check in passkeyd.conf");
        return;
    }
    if (status == PK_LIMIT_EXCEEDED)
        log_refused(&question->gateway, call, "not asked about, too many tries");
    if (status) {
        gateway_fail(&question->gateway, call, status, NULL);
        return;
    }
    object = json_pack("{s:s, s:s, s:I}", "url", question->url, "question", question->text,
                       "expires", (json_int_t)question->gateway.now + PK_PASSWORD_SECONDS);
    gateway_reply(call, object);
}

static void question_clear(struct request *request)
{
    struct question *question = (struct question *)request;

    free(question->url);
    free(question->text);
    gateway_request_clear(request);
}

void gateway_begin_password_check(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {GATEWAY_OPTIONS};
    static const struct gateway_members table = {members, sizeof(members) / sizeof(members[0])};
    static const struct job_step steps[] = {
        {JOB_WORKER, gateway_judge},
        {JOB_WORKER, check_bearer},
        {JOB_LOOP, begin},
        {JOB_WORKER, sign},
        {0},
    };
    static const struct request_plan plan = {steps, answer_question, question_clear};
    struct question *question =
        (struct question *)gateway_request_new(daemon, call, sizeof(*question), &table);

    if (question)
        request_start(daemon, call, &question->gateway.request, &plan);
}

/* --- the answer ------------------------------------------------------------------------------- */

static bool needs_password(const struct gateway_request *gateway)
{
    return gateway->party.http == PK_HTTP_AUTIONAL &&
           authority_kind(gateway->authority) == AUTHORITY_BEARER && !gateway->without_password;
}

/* The application is to be mended, and nobody's password is said to be wrong. */
static enum pk_status refuse_answer(const struct gateway_request *gateway, const char *why)
{
    pk_log(LOG_WARNING, "[%s] %s: the answer about a password is not believed: %s",
           request_call(&gateway->request)->id, gateway->party.rp, why);
    return PK_SIGNATURE_INVALID;
}

enum pk_status gateway_read_password(struct job *job)
{
    struct gateway_request *gateway = (struct gateway_request *)job;
    const char *text = gateway_text(gateway, "passwordAnswer");
    enum pk_status status;

    if (!needs_password(gateway))
        return text ? PK_DENIED : PK_OK;
    if (!text)
        return PK_DENIED;
    status = request_stored(&gateway->request,
                            password_answer_read(gateway->request.daemon->store, &gateway->party,
                                                 pk_view_string(text), gateway->now,
                                                 &gateway->password));
    return status == PK_SIGNATURE_INVALID
               ? refuse_answer(gateway, "it is no password_answer, too old, or not signed by the "
                                        "key that \"passkeyctl rp-key import\" was given")
               : status;
}

/* One that cannot be a name here is none. */
static enum pk_status check_email(struct gateway_request *gateway)
{
    const struct rp_config *rp = config_rp(gateway->request.daemon->config, gateway->party.rp);
    const struct registration_request named = {.account_name = gateway->password.user,
                                               .user_name = gateway->password.email};

    if (!rp)
        return PK_NOT_FOUND; /* removed by a reload */
    if (gateway->password.email && policy_user_problem(rp, &named)) {
        free(gateway->password.email);
        gateway->password.email = NULL;
    }
    return PK_OK;
}

enum pk_status gateway_take_password(struct job *job)
{
    struct gateway_request *gateway = (struct gateway_request *)job;
    struct password_checks *checks = gateway->request.daemon->password_checks;
    const struct password_answer *answer = &gateway->password;
    const struct password_check check = check_of(gateway);
    enum pk_status status;

    if (!needs_password(gateway))
        return PK_OK;
    status = password_checks_take(checks, &check, answer->nonce, pk_clock_monotonic());
    if (status)
        return status;
    if (strcmp(answer->user, check.user) != 0)
        return refuse_answer(gateway, "it is about another user");
    if (!answer->right) {
        log_refused(gateway, request_call(&gateway->request), "wrong, says the application");
        return PK_DENIED;
    }
    password_checks_succeeded(checks, &check);
    return check_email(gateway);
}
