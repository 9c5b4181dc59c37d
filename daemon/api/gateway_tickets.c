/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of Gateway1 about enrolment links: whoever opened one presents its ticket with each of
 * them, and that, which the gateway does not have before, is what gives the right. Whether it is
 * unknown, used, expired, of another relying party or of an account that is gone cannot be told
 * apart, nor by the time: all look into the store and ask for the account, or fail before either.
 *
 * BeginTicket gives a claim, which names the ceremony: only the browser that has it can answer. Of
 * several that begin, the first whose answer is right has used the ticket up, in the transaction
 * that stores its passkey.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "common/webauthn/options.h"
#include "common/webauthn/providers.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/api/begun.h"
#include "daemon/api/gateway.h"
#include "daemon/api/ticket_links.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/verify/shared_ceremonies.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

/* No purpose of a call of the gateway's, so that none but these take such a ceremony. */
#define PURPOSE "ticket link"

struct redemption {
    struct request request;
    char *rp;
    uint8_t hash[PK_HASH_SIZE]; /* of what was presented */
    struct account account;
    int64_t expires;
    /* FinishTicket's */
    struct ceremony *ceremony; /* owned; NULL: none was taken */
    struct verdict verdict;
    char *by; /* who called, for the log */
};

static const char *argument(const struct call *call, size_t n)
{
    return call->arguments.items[n].text;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Everything that a ticket can lack is one status. */
static enum pk_status find_ticket(struct job *job)
{
    struct redemption *redemption = (struct redemption *)job;
    struct store *store = redemption->request.daemon->store;
    struct account *account = &redemption->account;
    enum pk_status status = request_stored(
        &redemption->request,
        store->verbs->ticket_find(store, (struct pk_view){redemption->hash, PK_HASH_SIZE},
                                  pk_clock_now(), account, &redemption->expires));

    if (status)
        return status;
    if (strcmp(account->rp, redemption->rp) != 0)
        return PK_TICKET_INVALID;
    status = system_account_check(account->name, account->uid);
    return status == PK_ACCOUNT_CHANGED || status == PK_UNKNOWN_USER ? PK_TICKET_INVALID : status;
}

static struct ceremony_claim claim_of(const struct redemption *redemption)
{
    const struct call *call = request_call(&redemption->request);

    return (struct ceremony_claim){
        .id = argument(call, 2),
        .owner = call->uid,
        .rp = redemption->rp,
        .kind = PK_REGISTRATION,
        .purpose = PURPOSE,
    };
}

/* Begun with this ticket, and not with another one that the browser had. */
static enum pk_status check_ticket(const struct redemption *redemption)
{
    return redemption->ceremony &&
                   pk_view_equal_secret(pk_view_of(&redemption->ceremony->ticket),
                                        (struct pk_view){redemption->hash, PK_HASH_SIZE})
               ? PK_OK
               : PK_CHALLENGE_UNKNOWN;
}

/* In the loop: the ceremony is gone with its first answer, whatever that is. */
static enum pk_status take_ceremony(struct job *job)
{
    struct redemption *redemption = (struct redemption *)job;
    const struct ceremony_claim claim = claim_of(redemption);

    redemption->ceremony = ceremonies_take_gateways(redemption->request.daemon->ceremonies, &claim,
                                                    pk_clock_monotonic());
    return check_ticket(redemption);
}

/* The same out of the store, where several hosts have it: on a worker, and then in the loop. */
static enum pk_status take_shared(struct job *job)
{
    struct redemption *redemption = (struct redemption *)job;
    struct request *request = &redemption->request;
    const struct ceremony_claim claim = claim_of(redemption);
    bool expired = false;

    return request_stored(request,
                          shared_ceremony_take(request->daemon->store, &claim, pk_clock_now(),
                                               &redemption->ceremony, &expired));
}

static enum pk_status complete_shared(struct job *job)
{
    struct redemption *redemption = (struct redemption *)job;
    enum pk_status status = check_ticket(redemption);

    return status ? status
                  : begun_complete(redemption->request.daemon->config, redemption->ceremony);
}

/* Called by who keeps it, where that is known; verified for that, and once more when it is kept. */
static enum pk_status verify(struct job *job)
{
    struct redemption *redemption = (struct redemption *)job;
    struct store *store = redemption->request.daemon->store;
    struct pk_view json = pk_view_string(argument(request_call(&redemption->request), 3));
    AUTO_VERDICT struct verdict known = verify_registration_only(redemption->ceremony, json);

    redemption->verdict = known.status
                              ? verdict_refused(known.status)
                              : verify_and_commit_registration(store, redemption->ceremony, json,
                                                               known.name ? known.name : "passkey");
    return PK_OK;
}

/* --- the requests ----------------------------------------------------------------------------- */

/* The relying party whose pages ask. NULL: it has none. */
static const struct rp_config *asking_rp(const struct daemon *daemon, const char *name)
{
    const struct rp_config *rp = config_rp(daemon->config, name);

    return rp && rp->system_accounts && rp->browser_prefix ? rp : NULL;
}

static void fail(const struct request *request, struct call *call, enum pk_status status)
{
    if (status == PK_STORAGE)
        pk_log(LOG_ERR, "[%s] store: %s", call->id, request->store_error);
    if (status == PK_TICKET_INVALID || status == PK_CHALLENGE_UNKNOWN)
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE,
                  "no such enrolment link: it never was, has been used, or is over");
    else
        reply_subject_error(call, status);
}

/* Answers the call, and says of a passkey that was made that it was: once. */
static void conclude(struct redemption *redemption)
{
    const struct approval *approval = redemption->verdict.approval;
    const struct credential *credential = approval ? approval_credential(approval) : NULL;
    const char *provider = credential ? pk_provider_name(credential->aaguid) : NULL;
    PK_AUTO_FREE char *text = NULL;

    decision_log_verdict(redemption->ceremony, &redemption->verdict, redemption->by);
    if (!credential)
        return;
    text = json_text(json_pack("{s:s, s:o, s:s*}", "outcome", "used", "credential",
                               passkey_json(credential, false), "provider", provider));
    ticket_link_used(redemption->hash, text ? text : "{\"outcome\":\"used\"}");
}

static void redemption_clear(struct request *request)
{
    struct redemption *redemption = (struct redemption *)request;

    /* A gateway that left the bus meanwhile: what was committed is not lost. */
    if (request_call(request) && redemption->verdict.approval)
        conclude(redemption);
    verdict_clear(&redemption->verdict);
    if (redemption->ceremony)
        ceremony_free(redemption->ceremony);
    account_clear(&redemption->account);
    free(redemption->rp);
    free(redemption->by);
}

/* What is no ticket by its form is looked up as one that nobody has. */
static void start(struct daemon *daemon, struct call *call, const struct request_plan *plan)
{
    struct redemption *redemption;
    PK_AUTO_FREE char *caller = NULL;

    if (!asking_rp(daemon, argument(call, 0))) {
        fail(NULL, call, PK_TICKET_INVALID);
        return;
    }
    redemption = calloc(1, sizeof(*redemption));
    if (redemption) {
        redemption->verdict = verdict_refused(PK_INTERNAL);
        redemption->account.uid = PK_NO_UID;
        if (link_ticket_hash(pk_view_string(argument(call, 1)), redemption->hash))
            (void)memset(redemption->hash, 0, sizeof(redemption->hash));
        redemption->rp = strdup(argument(call, 0));
        caller = decision_caller(call, NULL);
        redemption->by =
            pk_text_format("by a link, through the gateway, %s", caller ? caller : "?");
    }
    if (redemption && (!redemption->rp || !redemption->by)) {
        redemption_clear(&redemption->request);
        free(redemption);
        redemption = NULL;
    }
    request_start(daemon, call, (struct request *)redemption, plan);
}

/* --- DescribeTicket --------------------------------------------------------------------------- */

static void described(struct request *request, struct call *call, enum pk_status status)
{
    const struct redemption *redemption = (struct redemption *)request;
    const struct rp_config *rp = asking_rp(request->daemon, redemption->rp);
    const struct pk_host_name host = pk_host_name();

    if (!status && !rp)
        status = PK_TICKET_INVALID; /* gone with a reload */
    if (status)
        fail(request, call, status);
    else
        gateway_reply(call, json_pack("{s:s, s:s, s:s, s:I}", "user", redemption->account.name,
                                      "host", host.text, "rpId", rp->id, "expires",
                                      (json_int_t)redemption->expires));
}

void gateway_describe_ticket(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, find_ticket}, {0}};
    static const struct request_plan plan = {steps, described, redemption_clear};

    start(daemon, call, &plan);
}

/* --- BeginTicket ------------------------------------------------------------------------------ */

/* Only the page's own origin answers it. */
static enum pk_status prepare(const struct rp_config *rp, struct ceremony *ceremony,
                              char **ret_options)
{
    struct pk_strings *origins = &ceremony->requirements.origins;
    enum pk_status status;

    pk_strings_clear(origins);
    status = pk_strings_add(origins, rp->browser_origin);
    if (!status)
        status = pk_creation_options_json(&ceremony->requirements, ret_options);
    return status;
}

static void begun(struct daemon *daemon, struct call *call, struct ceremony *given)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = given;
    const struct rp_config *rp = asking_rp(daemon, ceremony->account.rp);
    PK_AUTO_FREE char *options = NULL;
    struct begun begun = {.answer = value_body()};
    enum pk_status status = rp ? prepare(rp, ceremony, &options) : PK_TICKET_INVALID;

    ceremony->gateway = ceremony->shared = true;
    ceremony->anonymous = true;
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s", PURPOSE);
    if (!status) {
        value_add_text(&begun.answer, 's', ceremony->id);
        value_add_text(&begun.answer, 's', options);
        status = begun_enter(daemon, pk_steal(ceremony), rp->timeout, &begun);
    }
    if (!status) {
        begun_answer(daemon, call, &begun, fail);
        return;
    }
    begun_clear(&begun);
    fail(NULL, call, status);
}

static void begin(struct request *request, struct call *call, enum pk_status status)
{
    const struct redemption *redemption = (struct redemption *)request;
    const struct rp_config *rp = asking_rp(request->daemon, redemption->rp);
    const char *resident = rp && rp->resident_key == PK_REQUIREMENT_UNSET ? "preferred" : NULL;

    if (status)
        fail(request, call, status);
    else
        registration_begin(request->daemon, call,
                           &(struct registration_begin){
                               .rp = redemption->rp,
                               .account = redemption->account.name,
                               /* As browsers make them, unless it is configured. */
                               .wish = {.resident_key = resident},
                               .ticket = {redemption->hash, sizeof(redemption->hash)},
                           },
                           begun);
}

void gateway_begin_ticket(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, find_ticket}, {0}};
    static const struct request_plan plan = {steps, begin, redemption_clear};

    start(daemon, call, &plan);
}

/* --- FinishTicket ----------------------------------------------------------------------------- */

static void answer(const struct redemption *redemption, struct call *call)
{
    const struct verdict *verdict = &redemption->verdict;
    const struct credential *credential =
        verdict->approval ? approval_credential(verdict->approval) : NULL;

    if (credential)
        gateway_reply(call, json_pack("{s:s, s:s*}", "name", credential->name, "provider",
                                      pk_provider_name(credential->aaguid)));
    else if (verdict->status == PK_TICKET_INVALID)
        fail(&redemption->request, call, verdict->status); /* somebody else was quicker */
    else if (verdict->status == PK_STORAGE || verdict->status == PK_LIMIT_EXCEEDED)
        reply_verdict_error(call, verdict->status, "");
    else
        gateway_reply(call, json_pack("{s:s}", "reason", pk_status_name(verdict->status)));
}

static void finished(struct request *request, struct call *call, enum pk_status status)
{
    struct redemption *redemption = (struct redemption *)request;

    if (status) {
        fail(request, call, status);
        return;
    }
    conclude(redemption);
    answer(redemption, call);
}

void gateway_finish_ticket(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, find_ticket}, {JOB_LOOP, take_ceremony}, {JOB_WORKER, verify}, {0}};
    static const struct job_step shared[] = {{JOB_WORKER, find_ticket},
                                             {JOB_WORKER, take_shared},
                                             {JOB_LOOP, complete_shared},
                                             {JOB_WORKER, verify},
                                             {0}};
    static const struct request_plan plan = {steps, finished, redemption_clear};
    static const struct request_plan shared_plan = {shared, finished, redemption_clear};

    start(daemon, call, shared_ceremonies(daemon->store) ? &shared_plan : &plan);
}
