/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gateway1.FinishOwn: the answer to a challenge of BeginOwn, and what it does. The ceremony is gone
 * with its first answer, whatever that is, and answers to no session but its own.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/decoy.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/gateway_own.h"
#include "daemon/auth/decision.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/verify/decoy_answer.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

struct finish {
    struct own_request own;
    enum own_act act;
    struct ceremony *ceremony; /* owned; NULL: none was taken */
    struct verdict verdict;
    struct page_lock lock;
    bool removed; /* the object is; and the log says so, however the call ends */
    char *by;     /* who called, for the log */
};

/* --- its steps -------------------------------------------------------------------------------- */

static enum pk_status take_ceremony(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct daemon *daemon = finish->own.gateway.request.daemon;
    const struct call *call = request_call(&finish->own.gateway.request);
    const struct ceremony_claim claim = {
        .id = call->arguments.items[3].text,
        .owner = call->uid,
        .rp = finish->own.gateway.party.rp,
        .kind = own_acts[finish->act].kind,
        .purpose = own_acts[finish->act].purpose,
    };
    struct ceremony *ceremony =
        ceremonies_take_gateways(daemon->ceremonies, &claim, pk_clock_monotonic());

    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    if (ceremony->page_session != finish->own.session) {
        ceremony_free(ceremony);
        return PK_CHALLENGE_UNKNOWN;
    }
    finish->ceremony = ceremony;
    if (finish->act == OWN_REMOVE || finish->act == OWN_REMOVE_LAST)
        return page_sessions_lock(daemon->page_sessions, &finish->lock, &finish->own.gateway.user);
    return PK_OK;
}

/* Of a name that has no passkeys here; see gateway_own_begin.c. */
static struct verdict refuse_decoys(const struct finish *finish, struct pk_view json)
{
    const struct daemon *daemon = finish->own.gateway.request.daemon;
    const struct ceremony *ceremony = finish->ceremony;
    AUTO_CREDENTIAL_LIST struct credential_list decoys = {0};
    enum pk_status status = decoy_credentials(daemon->decoy_key, &ceremony->account,
                                              ceremony->requirements.rp_id, true, &decoys);

    if (!status)
        status = decoy_refuse_response(daemon->store, ceremony, &decoys, json);
    return verdict_refused(status);
}

/* Root's discoverable passkey is good elsewhere, and its account is for the log. */
static void refuse_root(struct verdict *verdict)
{
    struct verdict refused = verdict_refused(PK_DENIED);

    if (account_copy(approval_account(verdict->approval), &refused.account))
        account_clear(&refused.account);
    verdict_clear(verdict);
    *verdict = refused;
}

static enum pk_status verify_assertion(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct store *store = finish->own.gateway.request.daemon->store;
    const struct ceremony *ceremony = finish->ceremony;
    struct pk_view json =
        pk_view_string(request_call(&finish->own.gateway.request)->arguments.items[4].text);

    if (ceremony->account.name && ceremony->account.uid == PK_NO_UID)
        finish->verdict = refuse_decoys(finish, json);
    else
        finish->verdict = verify_and_commit_response(store, ceremony, json);
    if (finish->verdict.approval && approval_account(finish->verdict.approval)->uid == 0)
        refuse_root(&finish->verdict);
    return PK_OK;
}

static enum pk_status verify_registration(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct store *store = finish->own.gateway.request.daemon->store;
    struct pk_view json =
        pk_view_string(request_call(&finish->own.gateway.request)->arguments.items[4].text);
    AUTO_VERDICT struct verdict known = verify_registration_only(finish->ceremony, json);

    if (known.status)
        finish->verdict = verdict_refused(known.status);
    else
        finish->verdict = verify_and_commit_registration(store, finish->ceremony, json,
                                                         known.name ? known.name : "passkey");
    return PK_OK;
}

/*
 * What the account has was loaded before it was locked: others may have gone meanwhile. The one
 * that signed has not, and for the last one there must be none.
 */
static enum pk_status remove_object(struct job *job)
{
    struct finish *finish = (struct finish *)job;
    struct own_request *own = &finish->own;
    struct store *store = own->gateway.request.daemon->store;
    struct pk_view object = pk_view_of(&finish->ceremony->object);
    const struct credential *signer;
    enum pk_status status;

    if (!finish->verdict.approval)
        return PK_OK;
    credential_list_clear(&own->list);
    status = own_check(job);
    if (status)
        return status;
    signer = approval_credential(finish->verdict.approval);
    if (pk_view_equal(pk_view_of(&signer->record.id), object) != (finish->act == OWN_REMOVE_LAST))
        return PK_CREDENTIAL_NOT_ALLOWED;
    if (!own_find(own, object))
        return PK_NOT_FOUND;
    if (finish->act == OWN_REMOVE_LAST && own_others(own, object) > 0)
        return PK_NO_CREDENTIALS;
    status = request_stored(&own->gateway.request,
                            store->verbs->remove(store, &own->gateway.user, object));
    finish->removed = status == PK_OK;
    return status;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void log_removal(const struct finish *finish, const struct call *call)
{
    const struct account *account = &finish->own.gateway.user;
    PK_AUTO_FREE char *passkey =
        log_credential(own_find(&finish->own, pk_view_of(&finish->ceremony->object)));
    PK_AUTO_FREE char *user = log_name(account->name);

    pk_log(LOG_NOTICE, "[%s] passkey %s of %s (%s) removed%s, %s", call->id,
           passkey ? passkey : "?", user ? user : "?", account->rp,
           finish->act == OWN_REMOVE_LAST ? " by itself, the last one" : "",
           finish->by ? finish->by : "?");
}

/* A session for who signed in, in place of one that the browser has already. */
static enum pk_status sign_in(const struct finish *finish, const struct call *call, json_t **ret)
{
    struct page_sessions *sessions = finish->own.gateway.request.daemon->page_sessions;
    const struct approval *approval = finish->verdict.approval;
    const int64_t now = pk_clock_monotonic();
    char token[PK_PAGE_SESSION_SIZE];
    const struct page_session *before = page_sessions_present(
        sessions, finish->own.gateway.party.rp, call->arguments.items[1].text, now);
    enum pk_status status;

    if (before)
        page_sessions_end(sessions, before->number);
    status = page_sessions_add(sessions, approval_account(approval),
                               pk_view_of(&approval_credential(approval)->record.id), now, token);
    if (status)
        return status;
    *ret = json_pack("{s:s, s:s}", "session", token, "user", approval_account(approval)->name);
    explicit_bzero(token, sizeof(token));
    return PK_OK;
}

/* The session is the signing passkey's from now on. */
static enum pk_status prove(const struct finish *finish)
{
    const int64_t now = pk_clock_monotonic();
    struct page_session *session = page_sessions_find(
        finish->own.gateway.request.daemon->page_sessions, finish->own.session, now);
    struct pk_view id = pk_view_of(&approval_credential(finish->verdict.approval)->record.id);

    return session ? page_session_prove(session, id, now) : PK_NOT_SIGNED_IN;
}

static enum pk_status conclude_removal(const struct finish *finish, const struct call *call,
                                       json_t **ret)
{
    struct page_sessions *sessions = finish->own.gateway.request.daemon->page_sessions;
    enum pk_status status = PK_OK;

    log_removal(finish, call);
    if (finish->act == OWN_REMOVE)
        status = prove(finish);
    page_sessions_end_with(sessions, &finish->own.gateway.user,
                           pk_view_of(&finish->ceremony->object));
    /* It is removed, whatever became of the session meanwhile. */
    *ret = json_pack("{s:b}", "signedOut", status || finish->act == OWN_REMOVE_LAST);
    return PK_OK;
}

static enum pk_status conclude(const struct finish *finish, const struct call *call, json_t **ret)
{
    enum pk_status status;

    switch (finish->act) {
    case OWN_SIGN_IN:
        return sign_in(finish, call, ret);
    case OWN_REMOVE:
    case OWN_REMOVE_LAST:
        return conclude_removal(finish, call, ret);
    case OWN_ADD:
        *ret = passkey_json(approval_credential(finish->verdict.approval), false);
        return PK_OK;
    case OWN_PROVE:
        break;
    }
    status = prove(finish);
    if (!status)
        *ret = json_object();
    return status;
}

/*
 * Who signs in is not told why not. A browser that offered a passkey of its own accord is told that
 * it is not known any more: whoever names its id has had it.
 */
static void answer_refused(const struct finish *finish, struct call *call)
{
    const struct verdict *verdict = &finish->verdict;

    if (finish->act != OWN_SIGN_IN) {
        reply_verdict_error(call, verdict->status, pk_status_name(verdict->status));
        return;
    }
    if (verdict->status == PK_CREDENTIAL_NOT_ALLOWED && !finish->ceremony->account.name &&
        !verdict->account.name)
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CREDENTIAL, "no such passkey");
    else
        call_fail(call, PK_BUS_ERROR_VERIFICATION_FAILED, "answer-refused");
}

static void answer(struct request *request, struct call *call, enum pk_status status)
{
    struct finish *finish = (struct finish *)request;
    json_t *result = NULL;

    if (!finish->ceremony) {
        own_fail(&finish->own, call, status);
        return;
    }
    decision_log_verdict(finish->ceremony, &finish->verdict, finish->by);
    if (!status && !finish->verdict.approval) {
        answer_refused(finish, call);
        return;
    }
    if (!status)
        status = conclude(finish, call, &result);
    if (status)
        own_fail(&finish->own, call, status);
    else
        gateway_reply(call, result);
}

static void finish_clear(struct request *request)
{
    struct finish *finish = (struct finish *)request;
    const struct call *call = request_call(request);

    /* A gateway that left the bus meanwhile: what was committed is not lost from the log. */
    if (call && finish->verdict.approval)
        decision_log_verdict(finish->ceremony, &finish->verdict, finish->by);
    if (call && finish->removed)
        log_removal(finish, call);
    page_sessions_unlock(&finish->lock);
    verdict_clear(&finish->verdict);
    if (finish->ceremony)
        ceremony_free(finish->ceremony);
    free(finish->by);
    own_request_clear(request);
}

void gateway_finish_own(struct daemon *daemon, struct call *call)
{
    static const struct job_step sign_in_steps[] = {
        {JOB_LOOP, take_ceremony}, {JOB_WORKER, verify_assertion}, {0}};
    static const struct job_step prove_steps[] = {
        {JOB_WORKER, own_check}, {JOB_LOOP, take_ceremony}, {JOB_WORKER, verify_assertion}, {0}};
    static const struct job_step remove_steps[] = {{JOB_WORKER, own_check},
                                                   {JOB_LOOP, take_ceremony},
                                                   {JOB_WORKER, verify_assertion},
                                                   {JOB_WORKER, remove_object},
                                                   {0}};
    static const struct job_step add_steps[] = {
        {JOB_WORKER, own_check}, {JOB_LOOP, take_ceremony}, {JOB_WORKER, verify_registration}, {0}};
    static const struct request_plan plans[OWN_ACTS] = {
        [OWN_SIGN_IN] = {sign_in_steps, answer, finish_clear},
        [OWN_PROVE] = {prove_steps, answer, finish_clear},
        [OWN_REMOVE] = {remove_steps, answer, finish_clear},
        [OWN_REMOVE_LAST] = {remove_steps, answer, finish_clear},
        [OWN_ADD] = {add_steps, answer, finish_clear},
    };
    PK_AUTO_FREE char *caller = NULL;
    struct finish *finish;
    enum own_act act;

    if (!own_act_find(call->arguments.items[2].text, &act)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "act: sign-in, prove, remove, remove-last or add");
        return;
    }
    finish = (struct finish *)own_request_new(daemon, call, sizeof(*finish), act != OWN_SIGN_IN);
    if (!finish)
        return;
    finish->act = act;
    finish->verdict = verdict_refused(PK_INTERNAL);
    caller = decision_caller(call, NULL);
    finish->by = pk_text_format("on the gateway's page, %s", caller ? caller : "?");
    request_start(daemon, call, &finish->own.gateway.request, &plans[act]);
}
