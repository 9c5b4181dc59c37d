/* SPDX-License-Identifier: BSD-2-Clause */
/* Gateway1.BeginAuthentication. */
#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/api/begun.h"
#include "daemon/api/gateway.h"
#include "daemon/api/options.h"
#include "daemon/verify/credential.h"

#include <string.h>

static const struct member members[] = {
    GATEWAY_OPTIONS,
    AUTHENTICATION_OPTIONS,
    {"userId", "s", OPTION_TEXT_MAX},
    {"userName", "s", OPTION_TEXT_MAX},
    {"mfa", "b", 0},
    {"byChallenge", "b", 0},
    {"transactionId", "s", PK_TRANSACTION_ID_MAX},
    {"transactionData", "s", PK_TRANSACTION_DATA_MAX},
    {"action", "s", OPTION_TEXT_MAX},
    {"idempotencyKey", "s", OPTION_TEXT_MAX},
    {"passwordAnswer", "s", PK_TOKEN_MAX},
};

struct authentication {
    struct gateway_request gateway;
    struct ceremony *ceremony; /* owned; NULL once it is begun */
    const char *why;
    enum pk_status refused; /* what the options come to, for who may call */
    bool added;             /* begun, and not answered for yet */
    uid_t owner;
    char id[CEREMONY_ID_SIZE];
    char purpose[PK_PURPOSE_MAX + 1];
    struct begun begun; /* what was added; owned */
};

/* --- the options ------------------------------------------------------------------------------ */

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static const char *check_transaction(const struct gateway_request *gateway)
{
    const char *id = gateway_text(gateway, "transactionId");
    const char *data = gateway_text(gateway, "transactionData");

    if (!id && !data)
        return NULL;
    if (!id || characters(id) < 1 || characters(id) > 128)
        return "transactionId: 1 to 128 characters, beside transactionData";
    if (!data || !*data)
        return "transactionData: JSON text, beside transactionId";
    return NULL;
}

/* Whether a user is to be named, which a second factor and a transaction need. */
static bool names_user(const struct gateway_request *gateway)
{
    return gateway_has_bearer(gateway) || gateway_text(gateway, "userId") ||
           gateway_text(gateway, "userName");
}

/* Options that name nobody, for nobody in particular. */
static bool is_for_anybody(const struct gateway_request *gateway)
{
    return gateway_is_anonymous(gateway) && !names_user(gateway) &&
           !gateway_text(gateway, "transactionId");
}

static const char *check_options(const struct gateway_request *gateway)
{
    const char *why = check_transaction(gateway);
    bool needs =
        gateway_text(gateway, "transactionId") || value_find_number(gateway->options, "mfa");

    if (!why && needs && !names_user(gateway))
        why = "userId: needed for a second factor, and for a transaction";
    return why;
}

static enum pk_status copy_texts(const struct gateway_request *gateway, struct ceremony *ceremony)
{
    enum pk_status status =
        pk_text_copy(gateway_text(gateway, "transactionId"), &ceremony->transaction);

    if (!status)
        status = pk_text_copy(gateway_text(gateway, "action"), &ceremony->action);
    if (!status)
        status = pk_text_copy(gateway_text(gateway, "idempotencyKey"), &ceremony->idempotency_key);
    return status;
}

static enum pk_status apply_policy(const struct config *config, const struct call *call,
                                   struct authentication *authentication)
{
    const struct value *options = authentication->gateway.options;
    const struct rp_config *rp = config_rp(config, authentication->gateway.party.rp);
    struct ceremony *ceremony = ceremony_new(call->id, call->uid);
    struct pk_strings hints = {0};
    const struct authentication_request wish = {
        .user_given = names_user(&authentication->gateway),
        .user_verification = value_find_text(options, "userVerification", NULL),
        .appid = value_find_text(options, "appid", NULL),
        .hints = &hints,
        .timeout_ms = value_find_number(options, "timeout"),
        .now = pk_clock_now(),
    };
    enum pk_status status = ceremony ? PK_OK : PK_NO_MEMORY;

    authentication->ceremony = ceremony;
    authentication->why = check_options(&authentication->gateway);
    if (authentication->why)
        return PK_INVALID_ARGUMENT;
    if (!status)
        status = options_strings(options, "hints", &hints);
    if (!status)
        status =
            policy_authentication(rp, NULL, &wish, &ceremony->requirements, &authentication->why);
    pk_strings_clear(&hints);
    if (status)
        return status;
    ceremony->gateway = ceremony->shared = true;
    ceremony->lifetime = gateway_lifetime(rp);
    ceremony->mfa = value_find_number(options, "mfa") != 0;
    ceremony->bearer = gateway_has_bearer(&authentication->gateway);
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s",
                   gateway_purpose(&authentication->gateway));
    ceremony->account.uid = PK_NO_UID;
    status = copy_texts(&authentication->gateway, ceremony);
    return status ? status : pk_text_copy(rp->name, &ceremony->account.rp);
}

/* --- its steps -------------------------------------------------------------------------------- */

/* Whose sign-in form may ask for a name before anybody is known. */
static bool names_are_public(enum pk_http http)
{
    return http == PK_HTTP_AUTHSIGNAL || http == PK_HTTP_AUTIONAL;
}

/*
 * Who is not found gets a ceremony nevertheless where names are public, so that nobody learns who
 * is: one that no passkey ends, because no user has an empty id.
 */
static enum pk_status check_user(struct job *job)
{
    struct authentication *authentication = (struct authentication *)job;
    const struct gateway_request *gateway = &authentication->gateway;
    struct account *account = &authentication->ceremony->account;
    bool anonymous = authority_kind(gateway->authority) == AUTHORITY_NONE;

    authentication->ceremony->anonymous = anonymous;
    if (!gateway->named)
        return names_user(gateway) ? PK_INVALID_ARGUMENT : PK_OK;
    /* Nobody is a second factor's user without having been a first one's. */
    if (anonymous && (authentication->ceremony->mfa || !names_are_public(gateway->party.http)))
        return PK_NOT_SIGNED_IN;
    if (!gateway->known && !anonymous)
        return PK_UNKNOWN_USER;
    return pk_text_copy(gateway->known ? gateway->user.name : "", &account->name);
}

/*
 * Who named the user is told that there is nothing to sign in with. A page of authsignal's asks
 * with its user's token, and has the browser look for itself.
 */
static bool needs_credentials(const struct gateway_request *gateway)
{
    switch (authority_kind(gateway->authority)) {
    case AUTHORITY_API_KEY:
        return true;
    case AUTHORITY_BEARER:
        return gateway->party.http != PK_HTTP_AUTHSIGNAL;
    case AUTHORITY_NONE:
        break;
    }
    return false;
}

static enum pk_status load_credentials(struct job *job)
{
    struct authentication *authentication = (struct authentication *)job;
    struct gateway_request *gateway = &authentication->gateway;
    struct pk_requirements *requirements = &authentication->ceremony->requirements;
    struct store *store = gateway->request.daemon->store;
    const uid_t uid = PK_NO_UID;
    const struct credential_filter filter = {.rp = gateway->party.rp,
                                             .account_name = gateway->user.name,
                                             .uid = &uid,
                                             .living = true,
                                             .first_factor = !authentication->ceremony->mfa};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status;

    if (!gateway->known)
        return PK_OK;
    status = request_stored(&gateway->request, store->verbs->list(store, &filter, &list));
    if (!status)
        status = pk_bytes_copy(pk_view_of(&gateway->user.user_handle), &requirements->user_handle);
    if (!status)
        status = credential_list_require(&list, requirements->rp_id, requirements);
    if (!status && requirements->credential_count == 0 && needs_credentials(gateway))
        status = PK_NO_CREDENTIALS;
    return status;
}

/* The application's word for its user, which nobody gives for themselves. */
static enum pk_status check_transaction_authority(struct job *job)
{
    const struct gateway_request *gateway = (struct gateway_request *)job;

    return authority_kind(gateway->authority) == AUTHORITY_NONE ? PK_NOT_SIGNED_IN : PK_OK;
}

static enum pk_status bind(const struct authentication *authentication)
{
    const struct gateway_request *gateway = &authentication->gateway;
    struct ceremony *ceremony = authentication->ceremony;
    enum pk_status status = ceremony_bind_act(ceremony, "authenticate",
                                              ceremony->account.name ? ceremony->account.name : "");

    if (!status && ceremony->transaction)
        status = ceremony_bind_transaction(ceremony, ceremony->transaction,
                                           gateway_text(gateway, "transactionData"));
    if (!status && value_find_number(gateway->options, "byChallenge"))
        status = ceremony_name_by_challenge(ceremony);
    return status;
}

static enum pk_status begin(struct authentication *authentication, const struct call *call)
{
    struct daemon *daemon = authentication->gateway.request.daemon;
    enum pk_status status = bind(authentication);

    if (status)
        return status;
    (void)memcpy(authentication->id, authentication->ceremony->id, sizeof(authentication->id));
    (void)memcpy(authentication->purpose, authentication->ceremony->purpose,
                 sizeof(authentication->purpose));
    status = begun_add(daemon, call, pk_steal(authentication->ceremony), &authentication->begun);
    authentication->added = !status;
    return status;
}

/* Before a transaction's id is used up: where there are too many ceremonies, it is not. */
static enum pk_status begin_for_transaction(struct job *job)
{
    struct authentication *authentication = (struct authentication *)job;

    return begin(authentication, request_call(&authentication->gateway.request));
}

static enum pk_status put_transaction(struct gateway_request *gateway)
{
    struct store *store = gateway->request.daemon->store;
    const char *id = gateway_text(gateway, "transactionId");
    const char *data = gateway_text(gateway, "transactionData");
    AUTO_TRANSACTION struct transaction transaction = {.created = gateway->now};
    enum pk_status status;

    status = pk_text_copy(gateway->party.rp, &transaction.rp);
    if (!status)
        status = pk_text_copy(gateway->user.name, &transaction.user);
    if (!status)
        status = pk_text_copy(id, &transaction.id);
    if (!status)
        status = pk_text_copy(data, &transaction.data);
    if (!status)
        status =
            request_stored(&gateway->request, store->verbs->transaction_add(store, &transaction));
    return status;
}

static enum pk_status add_transaction(struct job *job)
{
    struct authentication *authentication = (struct authentication *)job;
    struct request *request = &authentication->gateway.request;
    enum pk_status status = begun_keep(request, &authentication->begun);

    if (status) {
        authentication->added = false;
        return status;
    }
    status = put_transaction(&authentication->gateway);
    if (status)
        begun_take_back(request, &authentication->begun);
    return status;
}

/* --- the end ---------------------------------------------------------------------------------- */

/*
 * What nobody was told of is not begun. The call, and its options, may be gone. In the store it
 * stays until its time has passed, where its step did not take it back.
 */
static void take_back(const struct authentication *authentication)
{
    const struct gateway_request *gateway = &authentication->gateway;
    const struct ceremony_claim claim = {
        .id = authentication->id,
        .owner = authentication->owner,
        .rp = gateway->party.rp,
        .kind = PK_AUTHENTICATION,
        .purpose = authentication->purpose,
    };
    struct ceremony *ceremony =
        ceremonies_take_gateways(gateway->request.daemon->ceremonies, &claim, pk_clock_monotonic());

    if (ceremony)
        ceremony_free(ceremony);
}

static void answer_options(struct request *request, struct call *call, enum pk_status status)
{
    struct authentication *authentication = (struct authentication *)request;

    if (!status && authentication->refused)
        status = authentication->refused;
    else if (!status && authentication->ceremony)
        status = begin(authentication, call);
    else if (!status) /* with a transaction, and kept already */
        kept_ceremony_clear(&authentication->begun.kept);
    if (!status) {
        authentication->added = false;
        begun_answer(request->daemon, call, &authentication->begun, begun_fail);
        return;
    }
    if (!authentication->ceremony && !authentication->added && !authentication->refused)
        begun_fail(request, call, status);
    else
        gateway_fail(&authentication->gateway, call, status, authentication->why);
}

static void authentication_clear(struct request *request)
{
    struct authentication *authentication = (struct authentication *)request;

    if (authentication->added && !authentication->begun.kept.id)
        take_back(authentication);
    if (authentication->ceremony)
        ceremony_free(authentication->ceremony);
    begun_clear(&authentication->begun);
    gateway_request_clear(request);
}

void gateway_begin_authentication(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, gateway_judge},
        {JOB_WORKER, gateway_read_password},
        {JOB_LOOP, gateway_take_password},
        {JOB_WORKER, gateway_find_user},
        {JOB_WORKER, check_user},
        {JOB_WORKER, load_credentials},
        {0},
    };
    static const struct job_step transaction_steps[] = {
        {JOB_WORKER, gateway_judge},
        {JOB_WORKER, gateway_read_password},
        {JOB_LOOP, gateway_take_password},
        {JOB_WORKER, gateway_find_user},
        {JOB_WORKER, check_user},
        {JOB_WORKER, load_credentials},
        {JOB_WORKER, check_transaction_authority},
        {JOB_LOOP, begin_for_transaction},
        {JOB_WORKER, add_transaction},
        {0},
    };
    /* Whoever it will be: nothing is looked up. */
    static const struct job_step nobodys[] = {
        {JOB_LOOP, gateway_judge},
        {JOB_LOOP, check_user},
        {0},
    };
    static const struct job_step refused_steps[] = {{JOB_WORKER, gateway_judge}, {0}};
    static const struct request_plan refused_plan = {refused_steps, answer_options,
                                                     authentication_clear};
    static const struct request_plan plan = {steps, answer_options, authentication_clear};
    static const struct request_plan nobodys_plan = {nobodys, answer_options, authentication_clear};
    static const struct request_plan transaction_plan = {transaction_steps, answer_options,
                                                         authentication_clear};
    static const struct gateway_members table = {members, sizeof(members) / sizeof(members[0])};
    struct authentication *authentication =
        (struct authentication *)gateway_request_new(daemon, call, sizeof(*authentication), &table);
    const struct request_plan *chosen = &plan;

    if (!authentication)
        return;
    authentication->begun.answer = value_body();
    authentication->owner = call->uid;
    authentication->refused = apply_policy(daemon->config, call, authentication);
    if (authentication->refused)
        chosen = &refused_plan;
    else if (is_for_anybody(&authentication->gateway))
        chosen = &nobodys_plan;
    else if (gateway_text(&authentication->gateway, "transactionId"))
        chosen = &transaction_plan;
    request_start(daemon, call, &authentication->gateway.request, chosen);
}
