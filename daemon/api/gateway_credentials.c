/* SPDX-License-Identifier: BSD-2-Clause */
/* Gateway1.List, Rename, Remove, User and Transactions. */
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/log_names.h"
#include "daemon/api/gateway.h"
#include "daemon/api/options.h"
#include "daemon/auth/decision.h"
#include "daemon/config/policy.h"

#include <string.h>

#define LISTED_DEFAULT 100
#define LISTED_MAX     1000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- List ------------------------------------------------------------------------------------- */

struct listing {
    struct gateway_request gateway;
    struct pk_bytes id; /* of the credential; empty: not given */
    struct credential_list list;
    size_t total;
};

/*
 * Whether it is asked for one passkey by its id, as a sign-in page does before it offers to use
 * what its device has. Who has not seen the passkey cannot name it (WebAuthn 5.1.8: 16 bytes that
 * nobody can guess), so that nobody learns whose passkeys there are.
 */
static bool asks_for_one(const struct listing *listing)
{
    return listing->gateway.party.http == PK_HTTP_AUTHSIGNAL && listing->id.len > 0;
}

static enum pk_status list_credentials(struct job *job)
{
    struct listing *listing = (struct listing *)job;
    struct gateway_request *gateway = &listing->gateway;
    struct store *store = gateway->request.daemon->store;
    const uid_t uid = PK_NO_UID;
    uint32_t limit = value_find_number(gateway->options, "limit");
    const struct credential_filter filter = {
        .rp = gateway->party.rp,
        .account_name = gateway->named ? gateway->user.name : NULL,
        .uid = &uid,
        .credential_id = pk_view_of(&listing->id),
        .living = true,
        .order = value_find_number(gateway->options, "oldestFirst") ? CREDENTIALS_OLDEST_FIRST
                                                                    : CREDENTIALS_NEWEST_FIRST,
        .offset = value_find_number(gateway->options, "offset"),
        .limit = limit == 0           ? LISTED_DEFAULT
                 : limit > LISTED_MAX ? LISTED_MAX
                                      : limit,
    };
    enum pk_status status;

    if (authority_kind(gateway->authority) == AUTHORITY_NONE && !asks_for_one(listing))
        return PK_NOT_SIGNED_IN;
    if (gateway->named && !gateway->known)
        return PK_OK;
    status =
        request_stored(&gateway->request, store->verbs->count(store, &filter, &listing->total));
    return status ? status
                  : request_stored(&gateway->request,
                                   store->verbs->list(store, &filter, &listing->list));
}

/* All of it for who presented something; otherwise what the times of its id are. */
static json_t *item_json(const struct listing *listing, const struct credential *credential)
{
    json_t *passkey = gateway_passkey_json(credential);
    json_t *item;

    if (authority_kind(listing->gateway.authority) != AUTHORITY_NONE)
        return passkey;
    item = json_pack("{s:O, s:O, s:O}", "credentialId", json_object_get(passkey, "credentialId"),
                     "created", json_object_get(passkey, "created"), "lastUsed",
                     json_object_get(passkey, "lastUsed"));
    json_decref(passkey);
    return item;
}

static json_t *list_json(const struct listing *listing)
{
    json_t *items = json_array();
    json_t *object = json_object();
    bool good = items && object;

    for (size_t i = 0; good && i < listing->list.count; i++)
        good = json_array_append_new(items, item_json(listing, &listing->list.items[i])) == 0;
    good = gateway_set(object, "items", items) && good &&
           gateway_set(object, "total", json_integer((json_int_t)listing->total));
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static void answer_list(struct request *request, struct call *call, enum pk_status status)
{
    const struct listing *listing = (struct listing *)request;

    if (status)
        gateway_fail(&listing->gateway, call, status, NULL);
    else
        gateway_reply(call, list_json(listing));
}

static void listing_clear(struct request *request)
{
    struct listing *listing = (struct listing *)request;

    pk_bytes_clear(&listing->id);
    credential_list_clear(&listing->list);
    gateway_request_clear(request);
}

void gateway_list(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {
        GATEWAY_OPTIONS,          {"userId", "s", OPTION_TEXT_MAX},
        {"credentialId", "s", 0}, {"offset", "u", 0},
        {"limit", "u", 0},        {"oldestFirst", "b", 0},
    };
    static const struct gateway_members table = {members, COUNT(members)};
    static const struct job_step steps[] = {{JOB_WORKER, gateway_judge},
                                            {JOB_WORKER, gateway_find_user},
                                            {JOB_WORKER, list_credentials},
                                            {0}};
    static const struct request_plan plan = {steps, answer_list, listing_clear};
    struct listing *listing =
        (struct listing *)gateway_request_new(daemon, call, sizeof(*listing), &table);
    const char *id;

    if (!listing)
        return;
    id = gateway_text(&listing->gateway, "credentialId");
    if (!id || (*id && pk_base64url_decode(pk_view_string(id), PK_CREDENTIAL_ID_MAX,
                                           &listing->id) == PK_OK)) {
        request_start(daemon, call, &listing->gateway.request, &plan);
        return;
    }
    gateway_fail(&listing->gateway, call, PK_INVALID_ARGUMENT, "credentialId must be base64url");
    listing_clear(&listing->gateway.request);
    free(listing);
}

/* --- Rename and Remove ------------------------------------------------------------------------ */

struct change {
    struct gateway_request gateway;
    const char *new_name; /* NULL: it is removed */
    bool names_nothing;   /* it can be no name, which is said to who may call */
    struct pk_bytes id;
    struct credential_list list;
};

/* Another relying party's or, for a token, another user's is none. */
static enum pk_status find_credential(struct job *job)
{
    struct change *change = (struct change *)job;
    struct gateway_request *gateway = &change->gateway;
    struct store *store = gateway->request.daemon->store;
    const uid_t uid = PK_NO_UID;
    const struct credential_filter filter = {.rp = gateway->party.rp,
                                             .uid = &uid,
                                             .credential_id = pk_view_of(&change->id),
                                             .living = true};
    enum pk_status status;

    if (authority_kind(gateway->authority) == AUTHORITY_NONE)
        return PK_NOT_SIGNED_IN;
    status = request_stored(&gateway->request, store->verbs->list(store, &filter, &change->list));
    if (status)
        return status;
    if (change->list.count != 1 ||
        authority_for_user(gateway->authority, change->list.items[0].account.name))
        return PK_NOT_FOUND;
    return authority_may_change(gateway->authority, gateway->party.http,
                                change->new_name ? AUTHORITY_RENAME : AUTHORITY_REMOVE, true);
}

static void log_change(struct request *request, const struct call *call)
{
    const struct change *change = (struct change *)request;
    const struct credential *credential = &change->list.items[0];
    PK_AUTO_FREE char *passkey = log_credential(credential);
    PK_AUTO_FREE char *user = log_name(credential->account.name);
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] passkey %s of %s (%s) %s, through the gateway, %s", call->id,
           passkey ? passkey : "?", user ? user : "?", credential->account.rp,
           change->new_name ? "has that name now" : "removed", by ? by : "?");
}

static enum pk_status change_credential(struct job *job)
{
    struct change *change = (struct change *)job;
    struct store *store = change->gateway.request.daemon->store;
    struct credential *credential = &change->list.items[0];
    struct pk_view id = pk_view_of(&change->id);
    char *name = NULL;
    enum pk_status status;

    if (!change->new_name)
        return request_committed(&change->gateway.request,
                                 store->verbs->remove(store, &credential->account, id), log_change);
    status = pk_text_copy(change->new_name, &name);
    if (!status)
        status = request_committed(&change->gateway.request,
                                   store->verbs->rename(store, &credential->account, id, name),
                                   log_change);
    if (status) {
        free(name);
        return status;
    }
    free(credential->name);
    credential->name = name;
    return PK_OK;
}

static void answer_change(struct request *request, struct call *call, enum pk_status status)
{
    const struct change *change = (struct change *)request;
    struct value empty = value_body();

    if (!status && change->names_nothing)
        status = PK_INVALID_ARGUMENT;
    if (status) {
        gateway_fail(&change->gateway, call, status, "name: 1 to 255 characters of UTF-8");
        return;
    }
    if (change->new_name)
        gateway_reply(call, gateway_passkey_json(&change->list.items[0]));
    else
        call_reply(call, &empty);
}

static void change_clear(struct request *request)
{
    struct change *change = (struct change *)request;

    pk_bytes_clear(&change->id);
    credential_list_clear(&change->list);
    gateway_request_clear(request);
}

static void start_change(struct daemon *daemon, struct call *call, bool renames)
{
    static const struct member members[] = {GATEWAY_OPTIONS, {"name", "s", OPTION_TEXT_MAX}};
    static const struct gateway_members table = {members, COUNT(members)};
    static const struct job_step steps[] = {{JOB_WORKER, gateway_judge},
                                            {JOB_WORKER, find_credential},
                                            {JOB_WORKER, change_credential},
                                            {0}};
    static const struct request_plan plan = {steps, answer_change, change_clear};
    static const struct job_step name_steps[] = {{JOB_WORKER, gateway_judge}, {0}};
    static const struct request_plan name_plan = {name_steps, answer_change, change_clear};
    const char *name = value_find_text(&call->arguments.items[2], "name", "");
    struct pk_view id = pk_view_string(call->arguments.items[1].text);
    struct change *change;

    change = (struct change *)gateway_request_new(daemon, call, sizeof(*change), &table);
    if (!change)
        return;
    change->new_name = renames ? name : NULL;
    change->names_nothing = renames && !policy_application_name_valid(name);
    if (change->names_nothing) {
        request_start(daemon, call, &change->gateway.request, &name_plan);
        return;
    }
    if (pk_base64url_decode(id, PK_CREDENTIAL_ID_MAX, &change->id) == PK_OK && change->id.len > 0) {
        request_start(daemon, call, &change->gateway.request, &plan);
        return;
    }
    gateway_fail(&change->gateway, call, PK_INVALID_ARGUMENT, "credential_id must be base64url");
    change_clear(&change->gateway.request);
    free(change);
}

void gateway_rename(struct daemon *daemon, struct call *call)
{
    start_change(daemon, call, true);
}

void gateway_remove(struct daemon *daemon, struct call *call)
{
    start_change(daemon, call, false);
}

/* --- User ------------------------------------------------------------------------------------- */

/* Of one who has presented nothing, who asks by user name where the sign-in form does. */
static enum pk_status check_user(struct job *job)
{
    const struct gateway_request *gateway = (struct gateway_request *)job;

    if (authority_kind(gateway->authority) == AUTHORITY_NONE &&
        gateway->party.http != PK_HTTP_CLOUDREVE)
        return PK_NOT_SIGNED_IN;
    return gateway->named ? PK_OK : PK_INVALID_ARGUMENT;
}

static void answer_user(struct request *request, struct call *call, enum pk_status status)
{
    const struct gateway_request *gateway = (struct gateway_request *)request;
    static const struct account nobody;
    json_t *object;
    bool anonymous;

    if (status) {
        gateway_fail(gateway, call, status, "userId, userName, or a user's token");
        return;
    }
    anonymous = authority_kind(gateway->authority) == AUTHORITY_NONE;
    object = gateway_user_json(anonymous ? &nobody : &gateway->user, gateway->passkeys);
    if (object && !gateway_set(object, "exists", json_boolean(gateway->known))) {
        json_decref(object);
        object = NULL;
    }
    gateway_reply(call, object);
}

void gateway_user(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {
        GATEWAY_OPTIONS, {"userId", "s", OPTION_TEXT_MAX}, {"userName", "s", OPTION_TEXT_MAX}};
    static const struct gateway_members table = {members, COUNT(members)};
    static const struct job_step steps[] = {{JOB_WORKER, gateway_judge},
                                            {JOB_WORKER, gateway_find_user},
                                            {JOB_WORKER, check_user},
                                            {0}};
    static const struct request_plan plan = {steps, answer_user, gateway_request_clear};
    struct gateway_request *gateway = gateway_request_new(daemon, call, sizeof(*gateway), &table);

    if (gateway)
        request_start(daemon, call, &gateway->request, &plan);
}

/* --- Transactions ----------------------------------------------------------------------------- */

struct history {
    struct gateway_request gateway;
    struct transaction_list list;
};

static enum pk_status list_transactions(struct job *job)
{
    struct history *history = (struct history *)job;
    struct gateway_request *gateway = &history->gateway;
    struct store *store = gateway->request.daemon->store;

    if (authority_kind(gateway->authority) == AUTHORITY_NONE)
        return PK_NOT_SIGNED_IN;
    if (!gateway->named)
        return PK_INVALID_ARGUMENT;
    if (!gateway->known)
        return PK_OK;
    return request_stored(&gateway->request,
                          store->verbs->transaction_list(store, gateway->party.rp,
                                                         gateway->user.name, &history->list));
}

static void answer_transactions(struct request *request, struct call *call, enum pk_status status)
{
    const struct history *history = (struct history *)request;

    if (status)
        gateway_fail(&history->gateway, call, status, "userId, or a user's token");
    else
        gateway_reply(call, gateway_transactions_json(&history->list));
}

static void history_clear(struct request *request)
{
    transaction_list_clear(&((struct history *)request)->list);
    gateway_request_clear(request);
}

void gateway_transactions(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {GATEWAY_OPTIONS, {"userId", "s", OPTION_TEXT_MAX}};
    static const struct gateway_members table = {members, COUNT(members)};
    static const struct job_step steps[] = {{JOB_WORKER, gateway_judge},
                                            {JOB_WORKER, gateway_find_user},
                                            {JOB_WORKER, list_transactions},
                                            {0}};
    static const struct request_plan plan = {steps, answer_transactions, history_clear};
    struct history *history =
        (struct history *)gateway_request_new(daemon, call, sizeof(*history), &table);

    if (history)
        request_start(daemon, call, &history->gateway.request, &plan);
}
