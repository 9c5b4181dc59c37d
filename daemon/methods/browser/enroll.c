/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrolling a passkey that a browser makes. What it made is verified at once and stored only after
 * the code, and a name, have been typed at the terminal: whoever got hold of the link would
 * otherwise have a passkey of their own for somebody else's account.
 */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/options.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/config/config.h"
#include "daemon/config/passkey_name.h"
#include "daemon/daemon.h"
#include "daemon/methods/browser/link_code.h"

#include <string.h>

struct browser_enrollment {
    struct link_code link; /* must be first */
    const struct enrollment *enrollment;
    struct ceremony *ceremony; /* of the answer; NULL: there is none yet */
    char *json;                /* the answer, which has been verified */
    char *provider;            /* who keeps it; NULL: not known */
    bool naming;               /* the code was right, and a name is asked for */
};

static void free_state(struct link_code *own)
{
    struct browser_enrollment *browser = (struct browser_enrollment *)own;

    if (browser->json) /* perhaps a stranger's, who had the link and no terminal */
        pk_log(LOG_WARNING, "[%s] a passkey that a browser made is not enrolled: %s",
               browser->ceremony->correlation,
               browser->naming ? "it was given no name" : "its code was not typed");
    link_code_clear(own);
    if (browser->ceremony)
        ceremony_free(browser->ceremony);
    free(browser->json);
    free(browser->provider);
    free(browser);
}

static void browser_free(struct browser_enrollment *browser)
{
    free_state(&browser->link);
}
PK_DEFINE_CLEANUP(struct browser_enrollment *, browser_free);

/* --- the link --------------------------------------------------------------------------------- */

static enum pk_status describe(const void *data, json_t *object)
{
    const struct browser_enrollment *browser = data;

    return link_code_describe(&browser->link, browser->enrollment->context, browser->enrollment->rp,
                              object);
}

static enum pk_status options(const void *data, char **ret_json)
{
    const struct browser_enrollment *browser = data;
    const struct ceremony *ceremony = attempt_peek_ceremony(browser->link.attempt, 0);

    return ceremony ? pk_creation_options_json(&ceremony->requirements, ret_json)
                    : PK_CHALLENGE_UNKNOWN;
}

/* --- the answer, before the code and after ---------------------------------------------------- */

struct registration_check {
    struct verification verification;
    struct browser_enrollment *browser; /* for the loop */
    char *json;
    char *name; /* NULL: it is not to be stored yet */
};

static struct verdict judge(const struct verification *verification)
{
    const struct registration_check *check = (const struct registration_check *)verification;
    struct pk_view json = pk_view_string(check->json);

    if (!check->name)
        return verify_registration_only(verification->ceremony, json);
    return verify_and_commit_registration(verification->store, verification->ceremony, json,
                                          check->name);
}

static void check_clear(struct verification *verification)
{
    struct registration_check *check = (struct registration_check *)verification;

    free(check->json);
    free(check->name);
}

static void judged(struct verification *verification, struct verdict *verdict)
{
    struct registration_check *check = (struct registration_check *)verification;
    struct browser_enrollment *browser = check->browser;

    if (verdict->status && browser->link.exchange) {
        line_exchange_judged(browser->link.exchange, verdict);
        return;
    }
    if (verdict->status) {
        link_code_refuse(&browser->link, verdict->status);
        attempt_decided(browser->link.attempt, verdict);
        return;
    }
    browser->ceremony = pk_steal(verification->ceremony);
    browser->json = pk_steal(check->json);
    browser->provider = pk_steal(verdict->name);
    if (browser->link.exchange)
        line_exchange_judged(browser->link.exchange, verdict);
    else
        link_code_give(&browser->link);
}

/* Takes the ceremony. */
static void verify(struct browser_enrollment *browser, struct ceremony *ceremony, const char *json,
                   const char *name, const struct verification_plan *plan)
{
    struct registration_check *check = calloc(1, sizeof(*check));
    enum pk_status status = check ? pk_text_copy(json, &check->json) : PK_NO_MEMORY;

    if (!status)
        status = pk_text_copy(name, &check->name);
    if (check)
        check->browser = browser;
    attempt_verify(browser->link.attempt, (struct verification *)check, ceremony, status, plan);
}

static void answered(void *data, const char *json)
{
    static const struct verification_plan plan = {judge, judged, check_clear, false};
    struct browser_enrollment *browser = data;

    verify(browser, attempt_take_ceremony(browser->link.attempt, 0), json, NULL, &plan);
}

/* --- its name --------------------------------------------------------------------------------- */

static const char *default_name(const struct browser_enrollment *browser)
{
    return browser->provider ? browser->provider : "passkey";
}

static void ask_name(struct browser_enrollment *browser)
{
    PK_AUTO_FREE char *text =
        pk_text_format("The passkey is kept by %s.\nIts name (Enter: %s): ",
                       browser->provider ? browser->provider : "a provider that is not known here",
                       default_name(browser));

    browser->naming = true;
    if (text)
        conversation_ask(browser->link.attempt->conversation, QUESTION_ECHOED, "name", text, 0xff);
    else
        attempt_refused(browser->link.attempt, PK_NO_MEMORY);
}

static void store(struct browser_enrollment *browser, const char *name)
{
    static const struct verification_plan plan = {judge, NULL, check_clear, false};
    PK_AUTO_FREE char *json = pk_steal(browser->json);

    verify(browser, pk_steal(browser->ceremony), json, name, &plan);
}

static void name_typed(struct browser_enrollment *browser, const struct pk_secret *answer)
{
    PK_AUTO_FREE char *typed_name =
        strndup(answer->len > 0 ? (const char *)answer->data : "", answer->len);
    PK_AUTO_FREE char *name = NULL;

    if (!typed_name) {
        attempt_refused(browser->link.attempt, PK_NO_MEMORY);
    } else if (answer->len == 0) {
        store(browser, default_name(browser));
    } else if (strlen(typed_name) == answer->len && passkey_name_read(typed_name, &name) == PK_OK) {
        store(browser, name);
    } else {
        conversation_error(browser->link.attempt->conversation, PK_INVALID_ARGUMENT,
                           "A name is 1 to 64 bytes of visible text without control characters.");
        ask_name(browser);
    }
}

static void name_it(struct browser_enrollment *browser)
{
    if (browser->ceremony->credential_name)
        store(browser, browser->ceremony->credential_name);
    else
        ask_name(browser);
}

static void typed(struct link_code *own, struct pk_secret *answer)
{
    struct browser_enrollment *browser = (struct browser_enrollment *)own;

    if (browser->naming)
        name_typed(browser, answer);
    else if (own->exchange)
        line_exchange_answered(own->exchange, answer);
    else if (link_code_is_typed(own, answer))
        name_it(browser);
}

/* --- the answer that is pasted ---------------------------------------------------------------- */

static void pasted(void *data, enum pk_status malformed, struct pk_forward_answer *answer)
{
    struct browser_enrollment *browser = data;
    PK_AUTO_FREE char *json = NULL;

    if (!malformed)
        malformed = link_code_json(&browser->link, answer, &json);
    if (!malformed) {
        answered(browser, json);
        return;
    }
    attempt_set_text(browser->link.attempt, "That is no answer to this request.");
    line_exchange_judged(browser->link.exchange,
                         &(struct verdict){.status = malformed, .account = {.uid = PK_NO_UID}});
}

static void paste_done(void *data, struct verdict *verdict)
{
    struct browser_enrollment *browser = data;
    struct attempt *attempt = browser->link.attempt;

    if (!verdict) {
        attempt_set_text(attempt, "Cancelled: there was no answer. Nothing is enrolled.");
        attempt_refused(attempt, PK_CANCELLED);
    } else if (verdict->status) {
        attempt_decided(attempt, verdict);
    } else {
        name_it(browser);
    }
}

/* --- the start -------------------------------------------------------------------------------- */

enum pk_status browser_enroll(struct enrollment *enrollment, void **ret_state)
{
    static const struct link_ops ops = {describe, options, answered, link_code_disowned};
    static const struct line_exchange_ops paste_ops = {pasted, paste_done};
    struct attempt *attempt = &enrollment->attempt;
    const struct rp_config *rp = config_rp(attempt->daemon->config, enrollment->rp);
    PK_CLEANUP(browser_free) struct browser_enrollment *browser = NULL;
    enum pk_status status;

    if (!rp || !rp->browser_origin)
        return PK_UNAVAILABLE;
    browser = calloc(1, sizeof(*browser));
    if (!browser)
        return PK_NO_MEMORY;
    browser->link = (struct link_code){.attempt = attempt,
                                       .own_timeout = enrollment->own_timeout,
                                       .typed = typed,
                                       .free = free_state};
    browser->enrollment = enrollment;
    status = attempt_set_origin(attempt, 0, rp->browser_origin);
    if (!status)
        status = rp->browser_page ? link_code_paste(&browser->link, rp->browser_page, &paste_ops)
                                  : link_code_open(&browser->link, rp, &ops);
    if (!status)
        *ret_state = pk_steal(browser);
    return status;
}
