/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing in by a passkey in a browser. Where the account must be concealed, one without passkeys
 * offers decoys, as in the ssh method.
 */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/options.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/methods/browser/link_code.h"
#include "daemon/verify/credential.h"
#include "daemon/verify/decoy_answer.h"

#include <string.h>

struct browser_sign_in {
    struct link_code link; /* must be first */
    const struct sign_in *sign_in;
    struct credential_list decoys; /* offered when there are no passkeys */
    struct verdict verdict;        /* of a right answer, until its code has been typed */
    struct ceremony *ceremony;     /* likewise; otherwise NULL */
};

/*
 * Somebody used their passkey, and nobody had the code: perhaps they were talked into it. That is
 * not lost from the log.
 */
static void log_unused(const struct browser_sign_in *browser)
{
    const struct approval *approval = browser->ceremony ? browser->verdict.approval : NULL;
    PK_AUTO_FREE char *by = approval ? approval_describe(approval) : NULL;

    if (by)
        pk_log(LOG_WARNING, "[%s] the answer was valid, but its code was not typed: %s",
               approval_correlation(approval), by);
}

static void free_state(struct link_code *own)
{
    struct browser_sign_in *browser = (struct browser_sign_in *)own;

    log_unused(browser);
    link_code_clear(own);
    credential_list_clear(&browser->decoys);
    verdict_clear(&browser->verdict);
    if (browser->ceremony)
        ceremony_free(browser->ceremony);
    free(browser);
}

static void browser_free(struct browser_sign_in *browser)
{
    free_state(&browser->link);
}
PK_DEFINE_CLEANUP(struct browser_sign_in *, browser_free);

/* --- the link --------------------------------------------------------------------------------- */

static enum pk_status describe(const void *data, json_t *object)
{
    const struct browser_sign_in *browser = data;

    return link_code_describe(&browser->link, browser->sign_in->context, browser->sign_in->rp,
                              object);
}

static enum pk_status options(const void *data, char **ret_json)
{
    const struct browser_sign_in *browser = data;
    const struct ceremony *ceremony = attempt_peek_ceremony(browser->link.attempt, 0);

    return ceremony ? pk_request_options_json(&ceremony->requirements, ret_json)
                    : PK_CHALLENGE_UNKNOWN;
}

/* --- verifying the answer --------------------------------------------------------------------- */

struct response_check {
    struct verification verification;
    struct browser_sign_in *browser; /* for the loop */
    enum pk_status malformed;        /* PK_OK, or why what was pasted is no answer */
    char *json;
    struct credential_list decoys;
};

static struct verdict judge(const struct verification *verification)
{
    const struct response_check *check = (const struct response_check *)verification;
    struct pk_view json;

    if (check->malformed)
        return verdict_refused(check->malformed);
    json = pk_view_string(check->json);
    if (check->decoys.count > 0)
        return verdict_refused(decoy_refuse_response(verification->store, verification->ceremony,
                                                     &check->decoys, json));
    return verify_and_commit_response(verification->store, verification->ceremony, json);
}

static void check_clear(struct verification *verification)
{
    struct response_check *check = (struct response_check *)verification;

    free(check->json);
    credential_list_clear(&check->decoys);
}

/* The approval waits for the code; what was pasted into the terminal needs none. */
static void judged(struct verification *verification, struct verdict *verdict)
{
    struct browser_sign_in *browser = ((struct response_check *)verification)->browser;

    if (browser->link.exchange) {
        line_exchange_judged(browser->link.exchange, verdict);
        return;
    }
    if (verdict->status) {
        link_code_refuse(&browser->link, verdict->status);
        attempt_decided(browser->link.attempt, verdict);
        return;
    }
    browser->verdict = *verdict;
    *verdict = verdict_refused(PK_INTERNAL); /* moved */
    browser->ceremony = pk_steal(verification->ceremony);
    link_code_give(&browser->link);
}

/*
 * Takes the ceremony first, whatever the outcome: a challenge is used once. What is malformed goes
 * the same way, so that its time shows nothing.
 */
static void check_answer(struct browser_sign_in *browser, enum pk_status malformed,
                         const char *json)
{
    static const struct verification_plan plan = {judge, judged, check_clear, false};
    struct attempt *attempt = browser->link.attempt;
    struct ceremony *ceremony = attempt_take_ceremony(attempt, 0);
    struct response_check *check = calloc(1, sizeof(*check));
    enum pk_status status = check ? pk_text_copy(json, &check->json) : PK_NO_MEMORY;

    if (check) {
        check->browser = browser;
        check->malformed = malformed;
        check->decoys = browser->decoys;
        browser->decoys = (struct credential_list){0}; /* moved */
    }
    attempt_verify(attempt, (struct verification *)check, ceremony, status, &plan);
}

static void answered(void *data, const char *json)
{
    check_answer(data, PK_OK, json);
}

static void pasted(void *data, enum pk_status malformed, struct pk_forward_answer *answer)
{
    struct browser_sign_in *browser = data;
    PK_AUTO_FREE char *json = NULL;

    if (!malformed)
        malformed = link_code_json(&browser->link, answer, &json);
    check_answer(browser, malformed, json);
}

static void paste_done(void *data, struct verdict *verdict)
{
    const struct browser_sign_in *browser = data;

    if (!verdict)
        attempt_next(browser->link.attempt, PK_CANCELLED);
    else
        attempt_decided(browser->link.attempt, verdict);
}

/* --- after the code --------------------------------------------------------------------------- */

struct presence_check {
    struct verification verification;
    struct browser_sign_in *browser; /* for the loop */
    struct pk_bytes credential_id;
};

static struct verdict judge_presence(const struct verification *verification)
{
    const struct presence_check *check = (const struct presence_check *)verification;
    AUTO_CREDENTIAL struct credential found = {.account.uid = PK_NO_UID};
    enum pk_status status = credential_find(verification->store, verification->ceremony,
                                            pk_view_of(&check->credential_id), &found);

    return status ? verdict_refused(status)
                  : (struct verdict){.status = PK_OK, .account = {.uid = PK_NO_UID}};
}

static void presence_clear(struct verification *verification)
{
    pk_bytes_clear(&((struct presence_check *)verification)->credential_id);
}

/* Decided by the answer's own verdict, which has the approval. */
static void presence_judged(struct verification *verification, struct verdict *verdict)
{
    struct browser_sign_in *browser = ((struct presence_check *)verification)->browser;

    attempt_decided(browser->link.attempt, verdict->status ? verdict : &browser->verdict);
}

/* The approval has waited for a person: passkey and account may have been removed meanwhile. */
static void typed(struct link_code *own, struct pk_secret *answer)
{
    static const struct verification_plan plan = {judge_presence, presence_judged, presence_clear,
                                                  false};
    struct browser_sign_in *browser = (struct browser_sign_in *)own;
    const struct credential *used;
    struct presence_check *check;
    enum pk_status status = PK_NO_MEMORY;

    if (own->exchange) {
        line_exchange_answered(own->exchange, answer);
        return;
    }
    if (!link_code_is_typed(own, answer))
        return;
    used = approval_credential(browser->verdict.approval);
    check = calloc(1, sizeof(*check));
    if (check) {
        check->browser = browser;
        status = pk_bytes_copy(pk_view_of(&used->record.id), &check->credential_id);
    }
    attempt_verify(own->attempt, (struct verification *)check, pk_steal(browser->ceremony), status,
                   &plan);
}

/* --- the start -------------------------------------------------------------------------------- */

enum pk_status browser_sign_in_start(struct sign_in *sign_in, void **ret_state)
{
    static const struct link_ops ops = {describe, options, answered, link_code_disowned};
    static const struct line_exchange_ops paste_ops = {pasted, paste_done};
    const struct rp_config *rp = config_rp(sign_in->attempt.daemon->config, sign_in->rp);
    const struct credential_list *credentials;
    PK_CLEANUP(browser_free) struct browser_sign_in *browser = NULL;
    enum pk_status status;

    if (!sign_in->browser_in_play || !sign_in->subject.account.name || !rp || !rp->id ||
        !rp->browser_origin)
        return PK_UNAVAILABLE;
    browser = calloc(1, sizeof(*browser));
    if (!browser)
        return PK_NO_MEMORY;
    browser->link = (struct link_code){.attempt = &sign_in->attempt,
                                       .own_timeout = sign_in->own_timeout,
                                       .typed = typed,
                                       .free = free_state};
    browser->sign_in = sign_in;
    browser->verdict = verdict_refused(PK_INTERNAL);
    status = sign_in_appears_to_have(sign_in, rp->id, &browser->decoys, &credentials);
    if (!status)
        status = sign_in_begin(sign_in, credentials, rp->id, ANSWERED_IN_BROWSER);
    if (!status)
        status = rp->browser_page ? link_code_paste(&browser->link, rp->browser_page, &paste_ops)
                                  : link_code_open(&browser->link, rp, &ops);
    if (!status)
        *ret_state = pk_steal(browser);
    return status;
}
