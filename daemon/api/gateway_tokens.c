/* SPDX-License-Identifier: BSD-2-Clause */
/* Gateway1.IssueToken, CheckToken and Keys. */
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/api/gateway.h"
#include "daemon/api/options.h"
#include "daemon/config/policy.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- IssueToken ------------------------------------------------------------------------------- */

struct issue {
    struct gateway_request gateway;
    struct tokens tokens;
    const char *problem; /* of what the call says of the user; NULL: there is none */
};

/* An application alone says who its users are. */
static enum pk_status check_authority(struct job *job)
{
    const struct gateway_request *gateway = (struct gateway_request *)job;

    switch (authority_kind(gateway->authority)) {
    case AUTHORITY_API_KEY:
        return PK_OK;
    case AUTHORITY_BEARER:
        return PK_DENIED;
    case AUTHORITY_NONE:
        break;
    }
    return PK_NOT_SIGNED_IN;
}

static enum pk_status check_user(struct job *job)
{
    return ((struct issue *)job)->problem ? PK_INVALID_ARGUMENT : PK_OK;
}

/* Makes the user or takes over what the application says of them now. */
static enum pk_status put_user(struct job *job)
{
    struct gateway_request *gateway = (struct gateway_request *)job;
    struct store *store = gateway->request.daemon->store;
    const char *user_name = gateway_text(gateway, "userName");
    const char *email = gateway_text(gateway, "email");
    const char *display_name = gateway_text(gateway, "displayName");
    struct account stored = {0};
    AUTO_ACCOUNT struct account user = {0};
    enum pk_status status = account_copy(&gateway->user, &user);

    if (!status && (user_name || email)) {
        free(user.user_name);
        user.user_name = NULL;
        status = pk_text_copy(user_name ? user_name : email, &user.user_name);
    }
    if (!status && display_name) {
        free(user.display_name);
        user.display_name = NULL;
        status = pk_text_copy(display_name, &user.display_name);
    }
    if (!status)
        status = request_stored(&gateway->request, store->verbs->user_put(store, &user, &stored));
    if (status)
        return status;
    account_clear(&gateway->user);
    gateway->user = stored;
    return PK_OK;
}

static enum pk_status make_token(struct job *job)
{
    struct issue *issue = (struct issue *)job;
    struct gateway_request *gateway = &issue->gateway;
    const struct token_details details = {
        .action = gateway_text(gateway, "action"),
        .idempotency_key = gateway_text(gateway, "idempotencyKey"),
        .scope = gateway_text(gateway, "scope"),
        .lifetime = value_find_number(gateway->options, "lifetime"),
    };

    return request_stored(&gateway->request,
                          tokens_issue_for_user(gateway->request.daemon->store, &gateway->party,
                                                gateway->authority, gateway->user.name, &details,
                                                gateway->now, &issue->tokens));
}

static void answer_issue(struct request *request, struct call *call, enum pk_status status)
{
    const struct issue *issue = (struct issue *)request;
    json_t *object;

    if (status) {
        gateway_fail(&issue->gateway, call, status,
                     issue->problem ? issue->problem : "action, idempotencyKey or scope: too long");
        return;
    }
    object = gateway_user_json(&issue->gateway.user, issue->gateway.passkeys);
    if (object && !(gateway_set(object, "enrolled", json_boolean(issue->gateway.passkeys > 0)) &&
                    json_object_update_new(object, gateway_tokens_json(&issue->tokens)) == 0)) {
        json_decref(object);
        object = NULL;
    }
    gateway_reply(call, object);
}

static void issue_clear(struct request *request)
{
    tokens_clear(&((struct issue *)request)->tokens);
    gateway_request_clear(request);
}

static const char *user_problem(const struct gateway_request *gateway, const struct rp_config *rp)
{
    const char *id = gateway_text(gateway, "userId");
    const char *user_name = gateway_text(gateway, "userName");
    const char *email = gateway_text(gateway, "email");

    if (!id || !policy_user_id_valid(id))
        return "userId: 1 to 64 bytes of printable UTF-8";
    return policy_user_problem(
        rp, &(struct registration_request){.account_name = id,
                                           .user_name = user_name ? user_name : email,
                                           .display_name = gateway_text(gateway, "displayName")});
}

void gateway_issue_token(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {
        GATEWAY_OPTIONS,
        {"userId", "s", OPTION_TEXT_MAX},
        {"userName", "s", OPTION_TEXT_MAX},
        {"displayName", "s", OPTION_TEXT_MAX},
        {"email", "s", OPTION_TEXT_MAX},
        {"action", "s", OPTION_TEXT_MAX},
        {"idempotencyKey", "s", OPTION_TEXT_MAX},
        {"scope", "s", OPTION_TEXT_MAX},
        {"lifetime", "u", 0},
    };
    static const struct gateway_members table = {members, COUNT(members)};
    static const struct job_step steps[] = {
        {JOB_WORKER, gateway_judge},
        {JOB_WORKER, check_authority},
        {JOB_WORKER, check_user},
        {JOB_WORKER, gateway_find_user},
        {JOB_WORKER, put_user},
        {JOB_WORKER, make_token},
        {0},
    };
    static const struct request_plan plan = {steps, answer_issue, issue_clear};
    struct issue *issue = (struct issue *)gateway_request_new(daemon, call, sizeof(*issue), &table);

    if (!issue)
        return;
    issue->problem =
        user_problem(&issue->gateway, config_rp(daemon->config, issue->gateway.party.rp));
    request_start(daemon, call, &issue->gateway.request, &plan);
}

/* --- CheckToken ------------------------------------------------------------------------------- */

struct inquiry {
    struct gateway_request gateway;
    struct token_claims claims;
    enum pk_status found;
};

static enum pk_status check_token(struct job *job)
{
    struct inquiry *inquiry = (struct inquiry *)job;
    struct gateway_request *gateway = &inquiry->gateway;
    const char *token = request_call(&gateway->request)->arguments.items[1].text;

    inquiry->found = request_stored(
        &gateway->request, tokens_check(gateway->request.daemon->store, &gateway->party,
                                        pk_view_string(token), gateway->now, &inquiry->claims));
    switch (inquiry->found) {
    case PK_NOT_SIGNED_IN:
    case PK_TOKEN_EXPIRED:
    case PK_WRONG_TOKEN:
        return PK_OK;
    default:
        return inquiry->found;
    }
}

static json_t *inquiry_json(const struct inquiry *inquiry)
{
    const struct token_claims *claims = &inquiry->claims;
    json_t *object = json_object();
    bool good = object && gateway_set(object, "valid", json_boolean(inquiry->found == PK_OK));

    if (inquiry->found)
        good = good && gateway_set(object, "reason", json_string(pk_status_name(inquiry->found)));
    else
        good = good && gateway_set(object, "userId", json_string(claims->user)) &&
               gateway_set(object, "approved", json_boolean(claims->approved)) &&
               gateway_set(object, "refresh", json_boolean(claims->refresh)) &&
               gateway_set(object, "expires", json_integer((json_int_t)claims->expires)) &&
               gateway_set(object, "claims", json_loads(claims->json, 0, NULL));
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static void answer_inquiry(struct request *request, struct call *call, enum pk_status status)
{
    const struct inquiry *inquiry = (struct inquiry *)request;

    if (status)
        gateway_fail(&inquiry->gateway, call, status, NULL);
    else
        gateway_reply(call, inquiry_json(inquiry));
}

static void inquiry_clear(struct request *request)
{
    token_claims_clear(&((struct inquiry *)request)->claims);
    gateway_request_clear(request);
}

void gateway_check_token(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {GATEWAY_OPTIONS};
    static const struct gateway_members table = {members, COUNT(members)};
    static const struct job_step steps[] = {
        {JOB_WORKER, gateway_judge}, {JOB_WORKER, check_token}, {0}};
    static const struct request_plan plan = {steps, answer_inquiry, inquiry_clear};
    struct inquiry *inquiry =
        (struct inquiry *)gateway_request_new(daemon, call, sizeof(*inquiry), &table);

    if (inquiry)
        request_start(daemon, call, &inquiry->gateway.request, &plan);
}

/* --- Keys ------------------------------------------------------------------------------------- */

struct key_set {
    struct gateway_request gateway;
    char *json; /* owned */
};

static enum pk_status list_keys(struct job *job)
{
    struct key_set *keys = (struct key_set *)job;
    struct gateway_request *gateway = &keys->gateway;

    return request_stored(
        &gateway->request,
        tokens_jwks(gateway->request.daemon->store, &gateway->party, gateway->now, &keys->json));
}

static void answer_keys(struct request *request, struct call *call, enum pk_status status)
{
    const struct key_set *keys = (struct key_set *)request;
    struct value result = value_body();

    if (status) {
        gateway_fail(&keys->gateway, call, status, NULL);
        return;
    }
    value_add_text(&result, 's', keys->json);
    call_reply(call, &result);
}

static void key_set_clear(struct request *request)
{
    free(((struct key_set *)request)->json);
    gateway_request_clear(request);
}

void gateway_keys(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, list_keys}, {0}};
    static const struct request_plan plan = {steps, answer_keys, key_set_clear};
    struct key_set *keys = (struct key_set *)gateway_request_new(daemon, call, sizeof(*keys), NULL);

    if (keys)
        request_start(daemon, call, &keys->gateway.request, &plan);
}
