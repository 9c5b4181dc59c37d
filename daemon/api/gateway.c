/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/gateway.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/accounts/passkey_json.h"

#include <string.h>

#define AUTHSIGNAL_LIFETIME 600 /* of its tokens, in seconds, and so of what they begin */

/* --- the request ------------------------------------------------------------------------------ */

static bool is_served(const struct rp_config *rp)
{
    return rp && rp->http != PK_HTTP_NONE && !rp->system_accounts;
}

/* Where accounts are this host's, the gateway has pages for people, and none of the calls below. */
static bool has_pages(const struct rp_config *rp)
{
    return rp->system_accounts && rp->browser_prefix;
}

/* A word that can stand in a log line as it is. */
static bool is_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static bool check_options(struct call *call, const struct value *options,
                          const struct gateway_members *members)
{
    if (!call_check(call, options, members->items, members->count))
        return false;
    if (value_find(options, "apiKey") && value_find(options, "bearer")) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "apiKey or bearer, not both");
        return false;
    }
    if (!is_word(value_find_text(options, "purpose", ""))) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "purpose: at most %d lower-case letters, digits, - and _", PK_PURPOSE_MAX);
        return false;
    }
    return true;
}

struct gateway_request *gateway_request_new(struct daemon *daemon, struct call *call, size_t size,
                                            const struct gateway_members *members)
{
    const struct rp_config *rp = config_rp(daemon->config, call->arguments.items[0].text);
    const struct value *options =
        members ? &call->arguments.items[call->arguments.count - 1] : NULL;
    struct gateway_request *gateway;

    /* A relying party that the gateway has nothing to do with is none for it. */
    if (!is_served(rp)) {
        call_fail(call, PK_BUS_ERROR_UNKNOWN_RP, "no such relying party over HTTP");
        return NULL;
    }
    if (members && !check_options(call, options, members))
        return NULL;
    gateway = calloc(1, size);
    if (!gateway || token_party_copy(rp, &gateway->party)) {
        free(gateway);
        call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(PK_NO_MEMORY));
        return NULL;
    }
    gateway->options = options;
    gateway->now = pk_clock_now();
    return gateway;
}

void gateway_request_clear(struct request *request)
{
    struct gateway_request *gateway = (struct gateway_request *)request;

    token_party_clear(&gateway->party);
    if (gateway->authority)
        authority_free(gateway->authority);
    account_clear(&gateway->user);
    password_answer_clear(&gateway->password);
}

unsigned gateway_lifetime(const struct rp_config *rp)
{
    bool by_default = rp->timeout == PK_CHALLENGE_LIFETIME;

    return by_default && rp->http == PK_HTTP_AUTHSIGNAL ? AUTHSIGNAL_LIFETIME : rp->timeout;
}

const char *gateway_text(const struct gateway_request *gateway, const char *option)
{
    return gateway->options ? value_find_text(gateway->options, option, NULL) : NULL;
}

const char *gateway_purpose(const struct gateway_request *gateway)
{
    const char *purpose = gateway_text(gateway, "purpose");

    return purpose ? purpose : "";
}

bool gateway_has_bearer(const struct gateway_request *gateway)
{
    return gateway_text(gateway, "bearer") != NULL;
}

bool gateway_is_anonymous(const struct gateway_request *gateway)
{
    return !gateway_text(gateway, "apiKey") && !gateway_text(gateway, "bearer");
}

/* --- steps ------------------------------------------------------------------------------------ */

enum pk_status gateway_judge(struct job *job)
{
    struct gateway_request *gateway = (struct gateway_request *)job;
    const char *api_key = gateway_text(gateway, "apiKey");
    const char *bearer = gateway_text(gateway, "bearer");
    const struct presented presented = {
        .api_key = pk_view_string(api_key ? api_key : ""),
        .bearer = pk_view_string(bearer ? bearer : ""),
    };

    /* An empty one was presented all the same. */
    if ((api_key && !*api_key) || (bearer && !*bearer))
        return PK_NOT_SIGNED_IN;
    return request_stored(&gateway->request,
                          authority_check(gateway->request.daemon->store, &gateway->party,
                                          &presented, gateway->now, &gateway->authority));
}

/* Of a user whom the store does not have there is the id, where that was given. */
static enum pk_status name_unknown(struct gateway_request *gateway, const char *id)
{
    enum pk_status status = pk_text_copy(gateway->party.rp, &gateway->user.rp);

    gateway->user.uid = PK_NO_UID;
    if (!status && id)
        status = pk_bytes_copy(pk_view_string(id), &gateway->user.user_handle);
    return status ? status : pk_text_copy(id, &gateway->user.name);
}

static enum pk_status look_up(struct gateway_request *gateway, const struct user_filter *filter)
{
    const struct store *store = gateway->request.daemon->store;
    enum pk_status status = request_stored(
        &gateway->request, store->verbs->user_find(gateway->request.daemon->store, filter,
                                                   &gateway->user, &gateway->passkeys));

    gateway->named = true;
    gateway->known = status == PK_OK;
    return status == PK_NOT_FOUND ? name_unknown(gateway, filter->id) : status;
}

enum pk_status gateway_find_user(struct job *job)
{
    struct gateway_request *gateway = (struct gateway_request *)job;
    const char *id = gateway_text(gateway, "userId");
    const char *own = authority_user(gateway->authority);
    const char *user_name = gateway_text(gateway, "userName");

    if (id && authority_kind(gateway->authority) == AUTHORITY_NONE)
        return PK_NOT_SIGNED_IN;
    if (id && authority_for_user(gateway->authority, id))
        return PK_DENIED;
    if (!id)
        id = own;
    if (id)
        return look_up(gateway, &(struct user_filter){.rp = gateway->party.rp, .id = id});
    if (user_name && *user_name)
        return look_up(gateway,
                       &(struct user_filter){.rp = gateway->party.rp, .user_name = user_name});
    return PK_OK;
}

/* --- answers ---------------------------------------------------------------------------------- */

static const struct {
    enum pk_status status;
    const char *error, *text;
} errors[] = {
    {PK_NOT_SIGNED_IN, PK_BUS_ERROR_NOT_SIGNED_IN, "no API key or token, or a wrong one"},
    {PK_TOKEN_EXPIRED, PK_BUS_ERROR_TOKEN_EXPIRED, "the token has expired"},
    {PK_WRONG_TOKEN, PK_BUS_ERROR_WRONG_TOKEN,
     "the token is of another kind, user or relying party"},
    {PK_DENIED, PK_BUS_ERROR_ACCESS_DENIED, "what was presented does not allow this"},
    {PK_INVALID_ARGUMENT, PK_BUS_ERROR_INVALID_ARGUMENTS, "wrong options"},
    {PK_UNSUPPORTED, PK_BUS_ERROR_INVALID_ARGUMENTS, "wrong options"},
    {PK_EXISTS, PK_BUS_ERROR_EXISTS, "the relying party had one of that id already"},
    {PK_NAME_TAKEN, PK_BUS_ERROR_NAME_TAKEN, "the user has a passkey of that name already"},
    {PK_UNKNOWN_USER, PK_BUS_ERROR_UNKNOWN_USER, "the relying party has no such user"},
    {PK_NO_CREDENTIALS, PK_BUS_ERROR_NO_CREDENTIALS, "the user has no passkey here"},
    {PK_NOT_FOUND, PK_BUS_ERROR_UNKNOWN_CREDENTIAL, "no such passkey"},
    {PK_CHALLENGE_UNKNOWN, PK_BUS_ERROR_UNKNOWN_CHALLENGE,
     "no such ceremony: it never was, has expired, was answered already, or is for another "
     "purpose"},
    {PK_LIMIT_EXCEEDED, PK_BUS_ERROR_LIMIT_EXCEEDED, "as many as there may be"},
    {PK_SIGNATURE_INVALID, PK_BUS_ERROR_INTERNAL,
     "the application's answer about a password is not believed; the system log of passkeyd says "
     "why"},
    {PK_STORAGE, PK_BUS_ERROR_STORAGE_FAILURE,
     "the credential store failed; the system log of passkeyd says why"},
    {PK_UNAVAILABLE, PK_BUS_ERROR_UNAVAILABLE,
     "the relying party has no key to sign tokens with; passkeyctl rp-key import gives it one"},
};

void gateway_fail(const struct gateway_request *gateway, struct call *call, enum pk_status status,
                  const char *why)
{
    if (status == PK_STORAGE)
        pk_log(LOG_ERR, "[%s] store: %s", call->id, gateway->request.store_error);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].status != status)
            continue;
        if (why && *why && (status == PK_INVALID_ARGUMENT || status == PK_UNSUPPORTED))
            call_fail(call, errors[i].error, "%s", why);
        else
            call_fail(call, errors[i].error, "%s", errors[i].text);
        return;
    }
    call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(status));
}

void gateway_reply(struct call *call, json_t *json)
{
    PK_AUTO_FREE char *text = json_text(json);
    struct value result = value_body();

    if (!text) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(PK_NO_MEMORY));
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

/* --- the relying parties ---------------------------------------------------------------------- */

void gateway_relying_parties(struct daemon *daemon, struct call *call)
{
    const struct config *config = daemon->config;
    json_t *list = json_array();
    bool failed = !list;

    for (size_t i = 0; i < config->rp_count; i++)
        if (is_served(&config->rps[i]) || has_pages(&config->rps[i]))
            failed |= json_array_append_new(list, gateway_party_json(&config->rps[i])) != 0;
    if (failed) {
        json_decref(list);
        list = NULL;
    }
    gateway_reply(call, list);
}
