/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * org.passkeyd.RelyingParty1: registration and authentication for programs that have their own
 * browser or authenticator.
 */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "common/webauthn/options.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/begun.h"
#include "daemon/api/options.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/verify/credential.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- registration ----------------------------------------------------------------------------- */

static const struct member registration_members[] = {
    REGISTRATION_OPTIONS,
    {"rp", "s", OPTION_TEXT_MAX},
    {"ticket", "h", 0},
    {"name", "s", PK_CREDENTIAL_NAME_MAX},
};

static struct registration_begin registration_of(const struct call *call, struct pk_view ticket)
{
    const struct value *options = &call->arguments.items[1];

    return (struct registration_begin){
        .rp = value_find_text(options, "rp", NULL),
        .user_id = value_find_text(options, "userId", NULL),
        .wish = options_registration(options),
        .hints = value_find(options, "hints"),
        .ticket = ticket,
    };
}

static void begin_registration(struct daemon *daemon, struct call *call, struct pk_view ticket)
{
    const struct registration_begin begin = registration_of(call, ticket);

    registration_begin(daemon, call, &begin, begun_publish);
}

/* Whether the options are of the right types; otherwise the call has been answered. */
static bool check_registration(struct call *call)
{
    const struct value *options = &call->arguments.items[1];

    return call_check(call, options, registration_members, COUNT(registration_members)) &&
           !reply_name_error(call, value_find_text(options, "name", NULL));
}

void relying_party_check_registration(struct daemon *daemon, struct call *call)
{
    if (check_registration(call)) {
        const struct registration_begin begin = registration_of(call, (struct pk_view){0});

        registration_check(daemon, call, &begin);
    }
}

void relying_party_begin_registration(struct daemon *daemon, struct call *call)
{
    if (check_registration(call))
        ticket_read(daemon, call, &call->arguments.items[1], begin_registration);
}

static struct ceremony *take_ceremony(struct daemon *daemon, struct call *call,
                                      enum pk_ceremony kind)
{
    struct ceremony *ceremony = ceremonies_take(daemon->ceremonies, call->arguments.items[0].text,
                                                call->uid, kind, pk_clock_monotonic());

    if (!ceremony)
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE,
                  "no such ceremony: it never was, has expired, or was answered already");
    return ceremony;
}

/* --- an answer -------------------------------------------------------------------------------- */

struct response {
    struct request request;
    struct ceremony *ceremony;
    struct verdict verdict;
    char *by; /* who called, for the log */
};

static void response_clear(struct request *request)
{
    struct response *response = (struct response *)request;

    /* A caller that left the bus meanwhile: what was committed is not lost from the log. */
    if (request_call(request) && response->verdict.approval)
        decision_log_verdict(response->ceremony, &response->verdict, response->by);
    verdict_clear(&response->verdict);
    ceremony_free(response->ceremony);
    free(response->by);
}

/* Takes the ceremony, whatever the outcome, and verifies the call's answer to it. */
static void judge(struct daemon *daemon, struct call *call, enum pk_ceremony kind,
                  const struct request_plan *plan)
{
    struct ceremony *ceremony = take_ceremony(daemon, call, kind);
    struct response *response = ceremony ? calloc(1, sizeof(*response)) : NULL;

    if (!ceremony)
        return;
    if (response) {
        response->ceremony = ceremony;
        response->by = decision_caller(call, NULL);
        response->verdict = verdict_refused(PK_INTERNAL);
    } else {
        ceremony_free(ceremony);
    }
    request_start(daemon, call, (struct request *)response, plan);
}

/* Logs the decision. false: refused, and the call was answered. */
static bool is_approved(const struct response *response, struct call *call)
{
    const struct verdict *verdict = &response->verdict;

    decision_log_verdict(response->ceremony, verdict, response->by);
    if (!verdict->approval)
        reply_verdict_error(call, verdict->status, pk_status_name(verdict->status));
    return verdict->approval != NULL;
}

static enum pk_status verify_registration(struct job *job)
{
    struct response *response = (struct response *)job;
    const char *json = request_call(&response->request)->arguments.items[1].text;

    response->verdict = verify_and_commit_registration(
        response->request.daemon->store, response->ceremony, pk_view_string(json), "passkey");
    return PK_OK;
}

static void answer_registration(struct request *request, struct call *call, enum pk_status status)
{
    const struct response *response = (struct response *)request;
    struct value result = value_body();
    PK_AUTO_FREE char *json = NULL;

    (void)status; /* the verdict's counts */
    if (!is_approved(response, call))
        return;
    json = json_text(passkey_json(approval_credential(response->verdict.approval), false));
    value_add_text(&result, 's', json ? json : "{}");
    call_reply(call, &result);
}

void relying_party_finish_registration(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, verify_registration}, {0}};
    static const struct request_plan plan = {steps, answer_registration, response_clear};

    judge(daemon, call, PK_REGISTRATION, &plan);
}

/* --- authentication --------------------------------------------------------------------------- */

static const struct member authentication_members[] = {
    AUTHENTICATION_OPTIONS,
    {"rp", "s", OPTION_TEXT_MAX},
};

struct authentication {
    struct request request;
    struct ceremony *ceremony;
    struct subject_request who;
    char *rp;
};

/* An empty user means that a discoverable credential names the account. */
static enum pk_status find_subject(struct job *job)
{
    const struct authentication *authentication = (struct authentication *)job;
    struct account *account = &authentication->ceremony->account;
    AUTO_SUBJECT struct subject subject = {0};
    enum pk_status status;

    if (authentication->who.name[0] == '\0')
        return PK_OK;
    status = subject_find(&authentication->who, &subject);
    if (!status) {
        account->uid = subject.account.uid;
        account->name = pk_steal(subject.account.name);
    }
    return status;
}

static enum pk_status load_credentials(struct job *job)
{
    const struct authentication *authentication = (struct authentication *)job;
    const struct subject subject = {.account = authentication->ceremony->account};
    struct pk_requirements *requirements = &authentication->ceremony->requirements;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status;

    if (!subject.account.name)
        return PK_OK;
    status = subject_credentials(authentication->request.daemon->store, &subject,
                                 requirements->rp_id, &list);
    if (!status && list.count == 0)
        status = PK_NO_CREDENTIALS;
    if (!status)
        status = pk_bytes_copy(credential_list_handle(&list, requirements->rp_id, false),
                               &requirements->user_handle);
    return status ? status : credential_list_require(&list, requirements->rp_id, requirements);
}

static void answer_options(struct request *request, struct call *call, enum pk_status status)
{
    struct authentication *authentication = (struct authentication *)request;
    struct ceremony *ceremony = authentication->ceremony;

    if (!status)
        status = ceremony_bind_act(ceremony, "authenticate",
                                   ceremony->account.name ? ceremony->account.name : "");
    if (status == PK_NO_CREDENTIALS)
        call_fail(call, PK_BUS_ERROR_NO_CREDENTIALS, "the account has no passkey here");
    else if (status)
        reply_subject_error(call, status);
    else
        begun_publish(request->daemon, call, pk_steal(authentication->ceremony));
}

static void authentication_clear(struct request *request)
{
    struct authentication *authentication = (struct authentication *)request;

    if (authentication->ceremony)
        ceremony_free(authentication->ceremony);
    free(authentication->rp);
}

/* What the configuration and the caller demand. */
static enum pk_status apply_policy(const struct config *config, const struct call *call,
                                   struct authentication *authentication, const char **ret_why)
{
    const struct value *options = &call->arguments.items[1];
    const struct rp_config *rp = config_rp(config, value_find_text(options, "rp", NULL));
    struct ceremony *ceremony = ceremony_new(call->id, call->uid);
    struct pk_strings hints = {0};
    const struct authentication_request wish = {
        .user_given = call->arguments.items[0].text[0] != '\0',
        .user_verification = value_find_text(options, "userVerification", NULL),
        .appid = value_find_text(options, "appid", NULL),
        .hints = &hints,
        .timeout_ms = value_find_number(options, "timeout"),
        .now = pk_clock_now(),
    };
    enum pk_status status = !ceremony ? PK_NO_MEMORY : !rp ? PK_NOT_FOUND : PK_OK;

    authentication->ceremony = ceremony;
    authentication->who = methods_subject(call);
    if (!status)
        status = options_strings(options, "hints", &hints);
    if (!status)
        status = policy_authentication(rp, NULL, &wish, &ceremony->requirements, ret_why);
    pk_strings_clear(&hints);
    if (status)
        return status;
    ceremony->system_account = rp->system_accounts;
    status = pk_text_copy(rp->name, &ceremony->account.rp);
    return status ? status
                  : subject_set_rp(config, rp->name, &authentication->who, &authentication->rp);
}

void relying_party_begin_authentication(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, find_subject}, {JOB_WORKER, load_credentials}, {0}};
    static const struct request_plan plan = {steps, answer_options, authentication_clear};
    struct authentication *authentication;
    const char *why = "";
    enum pk_status status;

    if (!call_check(call, &call->arguments.items[1], authentication_members,
                    COUNT(authentication_members)))
        return;
    authentication = calloc(1, sizeof(*authentication));
    status = authentication ? apply_policy(daemon->config, call, authentication, &why) : PK_OK;
    if (!status) {
        request_start(daemon, call, (struct request *)authentication, &plan);
        return;
    }
    authentication_clear(&authentication->request);
    free(authentication);
    reply_registration_error(call, status, why);
}

static enum pk_status verify_authentication(struct job *job)
{
    struct response *response = (struct response *)job;
    const char *json = request_call(&response->request)->arguments.items[1].text;

    response->verdict = verify_and_commit_response(response->request.daemon->store,
                                                   response->ceremony, pk_view_string(json));
    return PK_OK;
}

static void answer_authentication(struct request *request, struct call *call, enum pk_status status)
{
    const struct response *response = (struct response *)request;
    struct value answer = value_body();
    PK_AUTO_FREE char *json = NULL;

    (void)status; /* the verdict's counts */
    if (!is_approved(response, call))
        return;
    json = json_text(used_passkey_json(response->verdict.approval));
    value_add_text(&answer, 's', approval_account(response->verdict.approval)->name);
    value_add_text(&answer, 's', json ? json : "{}");
    call_reply(call, &answer);
}

void relying_party_finish_authentication(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, verify_authentication}, {0}};
    static const struct request_plan plan = {steps, answer_authentication, response_clear};

    judge(daemon, call, PK_AUTHENTICATION, &plan);
}

void relying_party_cancel(struct daemon *daemon, struct call *call)
{
    const char *id = call->arguments.items[0].text;
    const int64_t now = pk_clock_monotonic();
    struct ceremony *ceremony =
        ceremonies_take(daemon->ceremonies, id, call->uid, PK_REGISTRATION, now);
    struct value empty = value_body();

    if (!ceremony)
        ceremony = ceremonies_take(daemon->ceremonies, id, call->uid, PK_AUTHENTICATION, now);
    if (!ceremony) {
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE, "no such ceremony");
        return;
    }
    ceremony_free(ceremony);
    call_reply(call, &empty);
}
