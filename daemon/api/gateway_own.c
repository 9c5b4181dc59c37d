/* SPDX-License-Identifier: BSD-2-Clause */
/* Gateway1.DescribeOwn, RenameOwn and SignOut, and what all calls of gateway_own.h do first. */
#include "daemon/api/gateway_own.h"

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "common/webauthn/providers.h"
#include "daemon/accounts/account.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/decision_keeper.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/config/passkey_name.h"

#include <string.h>

static const char *argument(const struct call *call, size_t n)
{
    return call->arguments.items[n].text;
}

/* --- the request ------------------------------------------------------------------------------ */

const struct rp_config *own_rp(const struct config *config, const char *name)
{
    const struct rp_config *rp = *name ? config_rp(config, name) : NULL;

    return rp && rp->self_service && rp->system_accounts && rp->browser_prefix && rp->id ? rp
                                                                                         : NULL;
}

static enum pk_status take_session(struct own_request *own, const struct page_session *session)
{
    enum pk_status status = account_copy(&session->account, &own->gateway.user);

    own->session = session->number;
    return status ? status : pk_bytes_copy(pk_view_of(&session->credential), &own->proof);
}

static enum pk_status fill(struct own_request *own, const struct rp_config *rp,
                           const struct page_session *session)
{
    struct gateway_request *gateway = &own->gateway;
    enum pk_status status = pk_text_copy(rp->name, &gateway->party.rp);

    gateway->user.uid = PK_NO_UID;
    if (!status)
        status = pk_text_copy(rp->id, &gateway->party.rp_id);
    gateway->now = pk_clock_now();
    return status || !session ? status : take_session(own, session);
}

struct own_request *own_request_new(struct daemon *daemon, struct call *call, size_t size,
                                    bool session)
{
    const struct rp_config *rp = own_rp(daemon->config, argument(call, 0));
    const struct page_session *found = NULL;
    struct own_request *own;

    if (!rp) {
        call_fail(call, PK_BUS_ERROR_UNKNOWN_RP,
                  "no such relying party with self-service in passkeyd.conf");
        return NULL;
    }
    if (session)
        found = page_sessions_present(daemon->page_sessions, rp->name, argument(call, 1),
                                      pk_clock_monotonic());
    if (session && !found) {
        call_fail(call, PK_BUS_ERROR_NOT_SIGNED_IN, "no such session, or it is over");
        return NULL;
    }
    own = calloc(1, size);
    if (own && fill(own, rp, found) == PK_OK) {
        own->gateway.request.daemon = daemon;
        return own;
    }
    if (own)
        own_request_clear(&own->gateway.request);
    free(own);
    call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(PK_NO_MEMORY));
    return NULL;
}

void own_request_clear(struct request *request)
{
    struct own_request *own = (struct own_request *)request;

    pk_bytes_clear(&own->proof);
    credential_list_clear(&own->list);
    gateway_request_clear(request);
}

const struct credential *own_find(const struct own_request *own, struct pk_view id)
{
    for (size_t i = 0; i < own->list.count; i++)
        if (pk_view_equal(pk_view_of(&own->list.items[i].record.id), id))
            return &own->list.items[i];
    return NULL;
}

size_t own_others(const struct own_request *own, struct pk_view id)
{
    size_t count = 0;

    for (size_t i = 0; i < own->list.count; i++)
        count += strcmp(own->list.items[i].rp_id, own->gateway.party.rp_id) == 0 &&
                 !pk_view_equal(pk_view_of(&own->list.items[i].record.id), id);
    return count;
}

enum pk_status own_check(struct job *job)
{
    struct own_request *own = (struct own_request *)job;
    struct store *store = own->gateway.request.daemon->store;
    const struct account *account = &own->gateway.user;
    const struct credential_filter filter = {
        .rp = account->rp, .account_name = account->name, .uid = &account->uid, .living = true};
    enum pk_status status =
        request_stored(&own->gateway.request, store->verbs->list(store, &filter, &own->list));

    if (status)
        return status;
    if (!own_find(own, pk_view_of(&own->proof)))
        return PK_NOT_SIGNED_IN;
    status = system_account_check(account->name, account->uid);
    return status == PK_OK || status == PK_UNAVAILABLE ? status : PK_NOT_SIGNED_IN;
}

/* --- failures --------------------------------------------------------------------------------- */

static const struct {
    enum pk_status status;
    const char *error, *text;
} errors[] = {
    {PK_NOT_SIGNED_IN, PK_BUS_ERROR_NOT_SIGNED_IN, "no such session, or it is over"},
    {PK_DENIED, PK_BUS_ERROR_ACCESS_DENIED, "needs a passkey's signature first"},
    {PK_INVALID_ARGUMENT, PK_BUS_ERROR_INVALID_ARGUMENTS, "wrong arguments"},
    {PK_NOT_FOUND, PK_BUS_ERROR_UNKNOWN_CREDENTIAL, "the account has no such passkey"},
    {PK_NAME_TAKEN, PK_BUS_ERROR_NAME_TAKEN, "the account has a passkey of that name already"},
    {PK_CHALLENGE_UNKNOWN, PK_BUS_ERROR_UNKNOWN_CHALLENGE,
     "no such ceremony: it never was, has expired, was answered already, or is for something else"},
    {PK_NO_CREDENTIALS, PK_BUS_ERROR_NO_CREDENTIALS,
     "it is the only passkey that can be used here, or it is not"},
    {PK_CREDENTIAL_NOT_ALLOWED, PK_BUS_ERROR_VERIFICATION_FAILED, "answer-refused"},
    {PK_LIMIT_EXCEEDED, PK_BUS_ERROR_LIMIT_EXCEEDED, "as many as there may be"},
    {PK_STORAGE, PK_BUS_ERROR_STORAGE_FAILURE,
     "the credential store failed; the system log of passkeyd says why"},
    {PK_UNAVAILABLE, PK_BUS_ERROR_UNAVAILABLE, "the name service of the host does not answer"},
};

void own_fail(const struct own_request *own, struct call *call, enum pk_status status)
{
    const struct request *request = &own->gateway.request;

    if (status == PK_NOT_SIGNED_IN)
        page_sessions_end(request->daemon->page_sessions, own->session);
    if (status == PK_STORAGE)
        pk_log(LOG_ERR, "[%s] store: %s", call->id, request->store_error);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].status == status) {
            call_fail(call, errors[i].error, "%s", own->why ? own->why : errors[i].text);
            return;
        }
    call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(status));
}

/* --- DescribeOwn ------------------------------------------------------------------------------ */

struct description {
    struct own_request own;
    size_t codes; /* recovery codes that are left */
    struct kept_decision_list stored;
    struct shown_decisions *decisions;
};

/* Before those in the store are read, so that none is missing that is written meanwhile. */
static enum pk_status take_recent(struct job *job)
{
    struct description *description = (struct description *)job;
    const struct gateway_request *gateway = &description->own.gateway;

    description->decisions = shown_decisions_new(
        decision_keeper_recent(gateway->request.daemon->decision_keeper), &gateway->user);
    return description->decisions ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status read_decisions(struct job *job)
{
    struct description *description = (struct description *)job;
    struct gateway_request *gateway = &description->own.gateway;
    struct store *store = gateway->request.daemon->store;

    return request_stored(&gateway->request, store->verbs->decisions_list(store, &gateway->user,
                                                                          &description->stored));
}

static enum pk_status join_decisions(struct job *job)
{
    struct description *description = (struct description *)job;

    return shown_decisions_join(description->decisions, &description->stored);
}

static void clear_description(struct request *request)
{
    struct description *description = (struct description *)request;

    if (description->decisions)
        shown_decisions_free(description->decisions);
    kept_decision_list_clear(&description->stored);
    own_request_clear(request);
}

static enum pk_status count_codes(struct job *job)
{
    struct description *description = (struct description *)job;
    struct gateway_request *gateway = &description->own.gateway;

    return request_stored(
        &gateway->request,
        recovery_codes_left(gateway->request.daemon->store, &gateway->user, &description->codes));
}

static json_t *passkey(const struct description *description, const struct credential *credential)
{
    const struct own_request *own = &description->own;
    const char *provider = pk_provider_name(credential->aaguid);
    bool here = strcmp(credential->rp_id, own->gateway.party.rp_id) == 0;
    /* json_incref() of what stays as it is */
    json_t *place = (json_t *)(uintptr_t)shown_decisions_place(description->decisions,
                                                               pk_view_of(&credential->record.id));
    json_t *object = passkey_json(credential, false);

    if (object && gateway_set(object, "usableHere", json_boolean(here)) &&
        (!place || json_object_set(object, "lastContext", place) == 0) &&
        (!provider || gateway_set(object, "provider", json_string(provider))))
        return object;
    json_decref(object);
    return NULL;
}

static json_t *passkeys(const struct description *description)
{
    const struct own_request *own = &description->own;
    json_t *list = json_array();

    for (size_t i = 0; list && i < own->list.count; i++) {
        if (json_array_append_new(list, passkey(description, &own->list.items[i])) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

/* The handle by which browsers know the account: that of the passkey which signed in. */
static json_t *user_handle(const struct own_request *own)
{
    const struct credential *credential = own_find(own, pk_view_of(&own->proof));
    PK_AUTO_FREE char *text =
        credential ? pk_base64url_encode(pk_view_of(&credential->record.user_handle)) : NULL;

    return json_string(text);
}

static json_t *proof(const struct own_request *own)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(pk_view_of(&own->proof));

    return json_string(text);
}

static json_t *describe(const struct description *description, bool fresh)
{
    const struct own_request *own = &description->own;
    const struct pk_host_name host = pk_host_name();
    json_t *object = json_object();
    bool good =
        object && gateway_set(object, "user", json_string(own->gateway.user.name)) &&
        gateway_set(object, "host", json_string(host.text)) &&
        gateway_set(object, "rpId", json_string(own->gateway.party.rp_id)) &&
        gateway_set(object, "userHandle", user_handle(own)) &&
        gateway_set(object, "credentialId", proof(own)) &&
        gateway_set(object, "fresh", json_boolean(fresh)) &&
        gateway_set(object, "recoveryCodes", json_integer((json_int_t)description->codes)) &&
        gateway_set(object, "passkeys", passkeys(description)) &&
        gateway_set(object, "decisions", shown_decisions_json(description->decisions));

    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static void answer_description(struct request *request, struct call *call, enum pk_status status)
{
    const struct description *description = (struct description *)request;
    const int64_t now = pk_clock_monotonic();
    const struct page_session *session =
        page_sessions_find(request->daemon->page_sessions, description->own.session, now);

    if (!status && !session)
        status = PK_NOT_SIGNED_IN;
    if (status)
        own_fail(&description->own, call, status);
    else
        gateway_reply(call, describe(description, page_session_is_fresh(session, now)));
}

void gateway_describe_own(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, own_check},      {JOB_WORKER, count_codes},  {JOB_LOOP, take_recent},
        {JOB_WORKER, read_decisions}, {JOB_LOOP, join_decisions}, {0}};
    static const struct request_plan plan = {steps, answer_description, clear_description};
    struct own_request *own = own_request_new(daemon, call, sizeof(struct description), true);

    if (own)
        request_start(daemon, call, &own->gateway.request, &plan);
}

/* --- RenameOwn -------------------------------------------------------------------------------- */

struct naming {
    struct own_request own;
    struct pk_bytes id;
    char *name; /* owned */
};

static void log_name_change(struct request *request, const struct call *call)
{
    const struct naming *naming = (struct naming *)request;
    const struct account *account = &naming->own.gateway.user;
    PK_AUTO_FREE char *passkey = log_credential(own_find(&naming->own, pk_view_of(&naming->id)));
    PK_AUTO_FREE char *user = log_name(account->name);
    PK_AUTO_FREE char *quoted = log_quoted(naming->name);
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] passkey %s of %s (%s) renamed to %s, on the gateway's page, %s",
           call->id, passkey ? passkey : "?", user ? user : "?", account->rp, quoted ? quoted : "?",
           by ? by : "?");
}

static enum pk_status rename_passkey(struct job *job)
{
    struct naming *naming = (struct naming *)job;
    struct gateway_request *gateway = &naming->own.gateway;
    struct store *store = gateway->request.daemon->store;
    struct pk_view id = pk_view_of(&naming->id);

    if (!own_find(&naming->own, id))
        return PK_NOT_FOUND;
    return request_committed(&gateway->request,
                             store->verbs->rename(store, &gateway->user, id, naming->name),
                             log_name_change);
}

static void answer_name(struct request *request, struct call *call, enum pk_status status)
{
    const struct naming *naming = (struct naming *)request;
    struct value empty = value_body();

    if (status) {
        own_fail(&naming->own, call, status);
        return;
    }
    call_reply(call, &empty);
}

static void naming_clear(struct request *request)
{
    struct naming *naming = (struct naming *)request;

    free(naming->name);
    pk_bytes_clear(&naming->id);
    own_request_clear(request);
}

void gateway_rename_own(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, own_check}, {JOB_WORKER, rename_passkey}, {0}};
    static const struct request_plan plan = {steps, answer_name, naming_clear};
    struct naming *naming;

    /* Not who has no session: nothing else is said to them. */
    naming = (struct naming *)own_request_new(daemon, call, sizeof(*naming), true);
    if (!naming)
        return;
    if (!reply_name_error(call, argument(call, 3))) {
        enum pk_status status = passkey_name_read(argument(call, 3), &naming->name);

        if (!status && pk_base64url_decode(pk_view_string(argument(call, 2)), PK_CREDENTIAL_ID_MAX,
                                           &naming->id))
            status = PK_INVALID_ARGUMENT;
        if (!status) {
            request_start(daemon, call, &naming->own.gateway.request, &plan);
            return;
        }
        own_fail(&naming->own, call, status);
    }
    naming_clear(&naming->own.gateway.request);
    free(naming);
}

/* --- SignOut ---------------------------------------------------------------------------------- */

void gateway_sign_out(struct daemon *daemon, struct call *call)
{
    struct own_request *own = own_request_new(daemon, call, sizeof(*own), true);
    struct value empty = value_body();

    if (!own)
        return;
    page_sessions_end(daemon->page_sessions, own->session);
    own_request_clear(&own->gateway.request);
    free(own);
    call_reply(call, &empty);
}
