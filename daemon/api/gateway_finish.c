/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gateway1.FinishRegistration and FinishAuthentication. The ceremony is gone with its first answer,
 * whatever that is; tokens are made from its approval alone.
 */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/webauthn/options.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/api/begun.h"
#include "daemon/api/gateway.h"
#include "daemon/api/options.h"
#include "daemon/auth/decision.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/verify/shared_ceremonies.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

static const struct member registration_members[] = {
    GATEWAY_OPTIONS,
    {"name", "s", OPTION_TEXT_MAX},
    {"transports", "as", PK_PURPOSE_MAX},
    {"recoveryCodes", "b", 0},
};

static const struct member authentication_members[] = {GATEWAY_OPTIONS};

struct finish {
    struct gateway_request gateway;
    enum pk_ceremony kind;
    struct ceremony *ceremony; /* owned; NULL: none was taken */
    struct verdict verdict;
    bool expired; /* none was taken, because its time has passed */
    bool others;  /* the credential that is registered already is another user's */
    char *by;     /* who called, for the log */
    struct tokens tokens;
    enum pk_status tokens_status;
    struct pk_secret codes[PK_RECOVERY_CODES]; /* empty: none were made */
    enum pk_status codes_status;
};

/* --- its steps -------------------------------------------------------------------------------- */

/*
 * Whether what was presented may answer the ceremony: a token only of its user, and one is needed
 * where it was begun with one. A passkey that names its user must name the token's.
 */
static enum pk_status check_bearer(const struct finish *finish)
{
    struct account *account = &finish->ceremony->account;
    const char *user = authority_user(finish->gateway.authority);

    if (finish->ceremony->bearer && authority_kind(finish->gateway.authority) == AUTHORITY_NONE)
        return PK_NOT_SIGNED_IN;
    if (!user)
        return PK_OK;
    if (!account->name)
        return pk_text_copy(user, &account->name);
    return strcmp(account->name, user) == 0 ? PK_OK : PK_WRONG_TOKEN;
}

/* As much of it as a name may have. */
static size_t length_of_name(const char *name)
{
    size_t characters = 0;
    size_t len = 0;

    for (; name[len]; len++)
        if (((unsigned char)name[len] & 0xc0) != 0x80 && ++characters > PK_APPLICATION_NAME_MAX)
            break;
    return len;
}

static enum pk_status read_registration_options(const struct finish *finish)
{
    const char *name = gateway_text(&finish->gateway, "name");
    const struct value *transports = value_find(finish->gateway.options, "transports");
    struct ceremony *ceremony = finish->ceremony;

    for (size_t i = 0; transports && i < transports->count; i++) {
        enum pk_transport transport;

        /* Those that are not known are left out (WebAuthn 5.8.4). */
        if (pk_transport_parse(transports->items[i].text, &transport) == PK_OK)
            ceremony->transports |= (unsigned)transport;
    }
    if (!name || !*name)
        return PK_OK;
    free(ceremony->credential_name);
    ceremony->credential_name = strndup(name, length_of_name(name));
    return ceremony->credential_name ? PK_OK : PK_NO_MEMORY;
}

/* The id of the one that the token's user has, where the call names none. */
static enum pk_status name_sole(const struct finish *finish, char ret[static CEREMONY_ID_SIZE])
{
    const char *user = authority_user(finish->gateway.authority);

    return user ? ceremony_sole_id(finish->gateway.party.rp, user,
                                   gateway_purpose(&finish->gateway), ret)
                : PK_NOT_SIGNED_IN;
}

/* PK_NOT_SIGNED_IN: it names none, and nobody's is meant. */
static enum pk_status read_claim(const struct finish *finish, char sole[static CEREMONY_ID_SIZE],
                                 struct ceremony_claim *ret)
{
    const struct call *call = request_call(&finish->gateway.request);

    *ret = (struct ceremony_claim){
        .id = call->arguments.items[1].text,
        .owner = call->uid,
        .rp = finish->gateway.party.rp,
        .kind = finish->kind,
        .purpose = gateway_purpose(&finish->gateway),
    };
    if (*ret->id)
        return PK_OK;
    ret->id = sole;
    ret->sole = true;
    return name_sole(finish, sole);
}

/* Whether it may be answered by who calls, and what the call adds to it. */
static enum pk_status admit(struct finish *finish)
{
    enum pk_status status = check_bearer(finish);

    if (!status && finish->kind == PK_REGISTRATION)
        status = read_registration_options(finish);
    if (status)
        finish->verdict = verdict_refused(status);
    return status;
}

/* In the loop, from the table. */
static enum pk_status take_ceremony(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct daemon *daemon = finish->gateway.request.daemon;
    char sole[CEREMONY_ID_SIZE] = "";
    struct ceremony_claim claim;
    enum pk_status status = read_claim(finish, sole, &claim);

    if (!status)
        finish->ceremony =
            ceremonies_take_gateways(daemon->ceremonies, &claim, pk_clock_monotonic());
    if (finish->ceremony)
        return admit(finish);
    finish->expired = ceremonies_had_ended(daemon->ceremonies, &claim);
    return status ? status : PK_CHALLENGE_UNKNOWN;
}

/* On a worker, from the store, where several hosts have it. */
static enum pk_status take_shared(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct request *request = &finish->gateway.request;
    char sole[CEREMONY_ID_SIZE] = "";
    struct ceremony_claim claim;
    enum pk_status status = read_claim(finish, sole, &claim);

    return status ? status
                  : request_stored(request, shared_ceremony_take(request->daemon->store, &claim,
                                                                 pk_clock_now(), &finish->ceremony,
                                                                 &finish->expired));
}

/* In the loop, after that. */
static enum pk_status complete_shared(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    enum pk_status status =
        begun_complete(finish->gateway.request.daemon->config, finish->ceremony);

    if (!status)
        return admit(finish);
    ceremony_free(pk_steal(finish->ceremony));
    return status;
}

/* Whose the credential of that response is, which the store has already. */
static enum pk_status find_owner(struct finish *finish, struct pk_view json)
{
    struct gateway_request *gateway = &finish->gateway;
    struct store *store = gateway->request.daemon->store;
    json_t *response = json_loadb((const char *)json.ptr, json.len, 0, NULL);
    const char *text = json_string_value(json_object_get(response, "id"));
    PK_AUTO_BYTES struct pk_bytes id = {0};
    const uid_t uid = PK_NO_UID;
    struct credential_filter filter = {
        .rp = gateway->party.rp, .account_name = finish->ceremony->account.name, .uid = &uid};
    size_t count = 0;
    enum pk_status status =
        pk_base64url_decode(pk_view_string(text ? text : ""), PK_CREDENTIAL_ID_MAX, &id);

    json_decref(response);
    if (status)
        return PK_OK;
    filter.credential_id = pk_view_of(&id);
    status = request_stored(&gateway->request, store->verbs->count(store, &filter, &count));
    finish->others = !status && count == 0;
    return status;
}

static enum pk_status verify(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct store *store = finish->gateway.request.daemon->store;
    struct pk_view json =
        pk_view_string(request_call(&finish->gateway.request)->arguments.items[2].text);

    finish->verdict = finish->kind == PK_REGISTRATION
                          ? verify_and_commit_registration(store, finish->ceremony, json, "passkey")
                          : verify_and_commit_response(store, finish->ceremony, json);
    return finish->verdict.status == PK_EXISTS ? find_owner(finish, json) : PK_OK;
}

/*
 * What the token says that it was for: what the application's own token said, which was presented
 * with the answer, or else what the ceremony was begun for.
 */
static struct token_details token_details(const struct finish *finish)
{
    const struct token_claims *claims = authority_claims(finish->gateway.authority);
    const struct ceremony *ceremony = finish->ceremony;

    if (claims && !claims->approved && claims->action)
        return (struct token_details){.transaction = ceremony->transaction,
                                      .action = claims->action,
                                      .idempotency_key = claims->idempotency_key};
    return (struct token_details){.transaction = ceremony->transaction,
                                  .action = ceremony->action,
                                  .idempotency_key = ceremony->idempotency_key};
}

/* Who has codes left keeps them: new ones would make those void that are written down. */
static enum pk_status make_codes(struct finish *finish)
{
    struct store *store = finish->gateway.request.daemon->store;
    const struct account *account = approval_account(finish->verdict.approval);
    size_t left = 0;
    enum pk_status status;

    if (finish->kind != PK_REGISTRATION ||
        !value_find_number(finish->gateway.options, "recoveryCodes"))
        return PK_OK;
    status = recovery_codes_left(store, account, &left);
    return status || left > 0 ? status : recovery_codes_create(store, account, finish->codes);
}

/* What comes of an approval: tokens, and the user as the store has it now. */
static enum pk_status conclude(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct gateway_request *gateway = &finish->gateway;
    struct store *store = gateway->request.daemon->store;
    const struct approval *approval = finish->verdict.approval;
    const struct token_details details = token_details(finish);
    struct user_filter filter = {.rp = gateway->party.rp};

    if (!approval)
        return PK_OK;
    finish->tokens_status = request_stored(
        &gateway->request, tokens_issue_for_approval(store, &gateway->party, approval, &details,
                                                     pk_clock_now(), &finish->tokens));
    finish->codes_status = request_stored(&gateway->request, make_codes(finish));
    filter.id = approval_account(approval)->name;
    return request_stored(&gateway->request, store->verbs->user_find(store, &filter, &gateway->user,
                                                                     &gateway->passkeys));
}

/* --- the end ---------------------------------------------------------------------------------- */

/* NULL: no memory. */
static json_t *codes_json(const struct finish *finish)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < PK_RECOVERY_CODES; i++) {
        const struct pk_secret *code = &finish->codes[i];

        if (json_array_append_new(list, json_stringn((const char *)code->data, code->len)) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

static json_t *result_json(const struct finish *finish)
{
    const struct approval *approval = finish->verdict.approval;
    const char *transaction = finish->ceremony->transaction;
    json_t *object = json_object();
    bool good = object && gateway_set(object, "credential", gateway_approved_json(approval)) &&
                gateway_set(object, "user",
                            gateway_user_json(&finish->gateway.user, finish->gateway.passkeys));

    if (good && finish->tokens.token)
        good = gateway_set(object, "tokens", gateway_tokens_json(&finish->tokens));
    if (good && finish->codes[0].len > 0)
        good = gateway_set(object, "recoveryCodes", codes_json(finish));
    if (good && transaction)
        good = gateway_set(object, "transactionId", json_string(transaction));
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

/*
 * A passkey that is registered stays so when no token can be made: it would be refused a second
 * time. Nobody is signed in without one.
 */
static enum pk_status token_problem(const struct finish *finish, const struct call *call)
{
    if (finish->codes_status)
        pk_log(LOG_WARNING, "[%s] no recovery codes with the passkey registered at %s: %s",
               call->id, finish->gateway.party.rp, pk_status_name(finish->codes_status));
    if (!finish->tokens_status)
        return PK_OK;
    pk_log(LOG_WARNING, "[%s] no token for what was approved at %s: %s", call->id,
           finish->gateway.party.rp, pk_status_name(finish->tokens_status));
    return finish->kind == PK_REGISTRATION ? PK_OK : finish->tokens_status;
}

static void answer(struct request *request, struct call *call, enum pk_status status)
{
    struct finish *finish = (struct finish *)request;
    const struct verdict *verdict = &finish->verdict;

    if (!finish->ceremony && finish->expired) {
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE, "expired");
        return;
    }
    if (!finish->ceremony) {
        gateway_fail(&finish->gateway, call, status, NULL);
        return;
    }
    decision_log_verdict(finish->ceremony, verdict, finish->by);
    if (status && !verdict->approval) {
        gateway_fail(&finish->gateway, call, status, NULL);
        return;
    }
    if (finish->others) {
        call_fail(call, PK_BUS_ERROR_ALREADY_ENROLLED, "of-another-user");
        return;
    }
    if (!verdict->approval) {
        reply_verdict_error(call, verdict->status, pk_status_name(verdict->status));
        return;
    }
    if (!status)
        status = token_problem(finish, call);
    if (status)
        gateway_fail(&finish->gateway, call, status, NULL);
    else
        gateway_reply(call, result_json(finish));
}

static void finish_clear(struct request *request)
{
    struct finish *finish = (struct finish *)request;

    /* A gateway that left the bus meanwhile: what was committed is not lost from the log. */
    if (request_call(request) && finish->verdict.approval)
        decision_log_verdict(finish->ceremony, &finish->verdict, finish->by);
    verdict_clear(&finish->verdict);
    tokens_clear(&finish->tokens);
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        pk_secret_clear(&finish->codes[i]);
    if (finish->ceremony)
        ceremony_free(finish->ceremony);
    free(finish->by);
    gateway_request_clear(request);
}

static void start(struct daemon *daemon, struct call *call, enum pk_ceremony kind,
                  const struct gateway_members *members)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, gateway_judge},
        {JOB_LOOP, take_ceremony},
        {JOB_WORKER, verify},
        {JOB_WORKER, conclude},
        {0},
    };
    static const struct job_step anonymous[] = {
        {JOB_LOOP, gateway_judge},
        {JOB_LOOP, take_ceremony},
        {JOB_WORKER, verify},
        {JOB_WORKER, conclude},
        {0},
    };
    static const struct job_step shared[] = {
        {JOB_WORKER, gateway_judge}, {JOB_WORKER, take_shared}, {JOB_LOOP, complete_shared},
        {JOB_WORKER, verify},        {JOB_WORKER, conclude},    {0},
    };
    static const struct request_plan plan = {steps, answer, finish_clear};
    static const struct request_plan anonymous_plan = {anonymous, answer, finish_clear};
    static const struct request_plan shared_plan = {shared, answer, finish_clear};
    const struct request_plan *chosen = &plan;
    struct finish *finish =
        (struct finish *)gateway_request_new(daemon, call, sizeof(*finish), members);
    PK_AUTO_FREE char *caller = NULL;
    const char *purpose;

    if (!finish)
        return;
    finish->kind = kind;
    finish->verdict = verdict_refused(PK_INTERNAL);
    caller = decision_caller(call, NULL);
    purpose = gateway_purpose(&finish->gateway);
    finish->by = pk_text_format("through the gateway, for %s, %s",
                                *purpose ? purpose : "any purpose", caller ? caller : "?");
    if (shared_ceremonies(daemon->store))
        chosen = &shared_plan;
    else if (gateway_is_anonymous(&finish->gateway))
        chosen = &anonymous_plan;
    request_start(daemon, call, &finish->gateway.request, chosen);
}

void gateway_finish_registration(struct daemon *daemon, struct call *call)
{
    static const struct gateway_members table = {
        registration_members, sizeof(registration_members) / sizeof(registration_members[0])};

    start(daemon, call, PK_REGISTRATION, &table);
}

void gateway_finish_authentication(struct daemon *daemon, struct call *call)
{
    static const struct gateway_members table = {
        authentication_members, sizeof(authentication_members) / sizeof(authentication_members[0])};

    start(daemon, call, PK_AUTHENTICATION, &table);
}
