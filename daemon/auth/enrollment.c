/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/enrollment.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/bus/call.h"
#include "daemon/bus/logind.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/config/policy.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/messages.h"

#include <string.h>

#define DIRECTORY_SHOWN_MAX 128 /* characters */
#define TIMEOUT_EXTRA       120 /* seconds for typing, in addition to inserting and touching */

/* --- callbacks of the dispatcher -------------------------------------------------------------- */

static struct enrollment *self(struct attempt *attempt)
{
    return (struct enrollment *)attempt;
}

static enum pk_status start_method(struct attempt *attempt, const struct authmethod *method,
                                   void **ret_state)
{
    return method->enroll ? method->enroll(self(attempt), ret_state) : PK_UNAVAILABLE;
}

static void describe(const struct attempt *attempt, struct decision *decision)
{
    const struct enrollment *enrollment = (const struct enrollment *)attempt;

    decision->user = enrollment->user;
    decision->rp = enrollment->rp;
    decision->context = enrollment->context;
}

static bool accepts(const struct attempt *attempt, const struct approval *approval)
{
    const struct enrollment *enrollment = (const struct enrollment *)attempt;
    const struct account *account = approval_account(approval);

    return strcmp(account->name, enrollment->user) == 0 && account->uid == enrollment->uid &&
           strcmp(account->rp, enrollment->rp) == 0;
}

/* The account was there a moment ago, when the credential was stored. */
static char *credential_json(const struct approval *approval)
{
    return json_text(passkey_json(approval_credential(approval), false));
}

/* What was asked by ask_password(). */
static void answered(struct attempt *attempt, struct pk_secret *password)
{
    enum pk_status status = PK_CANCELLED;

    if (password->len > 0)
        status = attempt_set_password(attempt, 0, password);
    if (status == PK_CANCELLED)
        attempt_set_text(attempt, "Nothing was enrolled: the directory adds a passkey only with "
                                  "the account's password.");
    if (status)
        attempt_refused(attempt, status);
    else
        attempt_begin(attempt);
}

static void release(struct attempt *attempt)
{
    struct enrollment *enrollment = self(attempt);

    free(enrollment->user);
    free(enrollment->rp);
    free(enrollment->context);
    free(enrollment);
}

static const struct attempt_ops attempt_ops = {
    .ceremony = PK_REGISTRATION,
    .start = start_method,
    .answered = answered,
    .describe = describe,
    .accepts = accepts,
    .credential_json = credential_json,
    .success_text = "Your passkey is enrolled.",
    .unreachable_text = "No security key can be reached from here in a way that is allowed.",
    .release = release,
};

/* --- starting --------------------------------------------------------------------------------- */

/* No terminal is bound: only the calling program, not the person, could name it. */
static struct context context_of(const char *user, const char *rhost,
                                 const struct pk_host_name *host)
{
    return (struct context){
        .act = "enroll",
        .user = user,
        .service = "",
        .host = host->text,
        .tty = "",
        .rhost = rhost,
        .command = "",
        .target = "",
    };
}

/* A request with an ssh-agent uses that method only; otherwise the requested ones, or all. */
static struct pk_methods choose_methods(const struct enrollment_request *request)
{
    if (request->agent)
        return (struct pk_methods){{PK_METHOD_AGENT}, 1};
    return request->methods.count > 0 ? request->methods : pk_methods_served();
}

/* Binds the challenge to this host and to the person's host, and allows ssh origins only. */
static enum pk_status bind_ceremony(const struct config *config, const struct context *context,
                                    const char *rhost, struct ceremony *ceremony)
{
    const struct rp_config *rp = config_rp(config, ceremony->account.rp);
    struct pk_strings *origins = &ceremony->requirements.origins;
    enum pk_status status = rp ? ceremony_bind(ceremony, context) : PK_NOT_FOUND;

    pk_strings_clear(origins);
    return status ? status : policy_ssh_origins(rp, rhost, origins);
}

static unsigned choose_timeout(const struct config *config,
                               const struct enrollment_request *request)
{
    unsigned timeout = config->touch_timeout + config->insert_timeout + TIMEOUT_EXTRA;

    if (request->timeout > 0)
        timeout = request->timeout;
    return timeout < ATTEMPT_TIMEOUT_MAX ? timeout : ATTEMPT_TIMEOUT_MAX;
}

static enum pk_status fill_enrollment(const struct ceremony *ceremony,
                                      const struct context *context, struct enrollment *enrollment)
{
    const struct account *account = &ceremony->account;
    enum pk_status status = pk_text_copy(account->name, &enrollment->user);

    enrollment->uid = account->uid;
    if (!status)
        status = pk_text_copy(account->rp, &enrollment->rp);
    if (!status)
        status = pk_text_copy(ceremony->context, &enrollment->context);
    enrollment->attempt.purpose = message_purpose(context);
    enrollment->remote = context_is_remote(context);
    return status || enrollment->attempt.purpose ? status : PK_NO_MEMORY;
}

static struct enrollment *enrollment_new(struct daemon *daemon,
                                         const struct enrollment_request *request,
                                         const struct ceremony *ceremony,
                                         const struct context *context)
{
    struct enrollment *enrollment = calloc(1, sizeof(*enrollment));

    if (!enrollment)
        return NULL;
    enrollment->attempt = (struct attempt){
        .daemon = daemon,
        .ops = &attempt_ops,
        .owner = ceremony->owner,
        .methods = choose_methods(request),
        .failure = PK_UNAVAILABLE,
        .agent_fd = request->agent ? value_take_fd(request->agent) : -1,
    };
    enrollment->own_timeout = request->timeout > 0;
    enrollment->pictures = request->pictures;
    if (fill_enrollment(ceremony, context, enrollment)) {
        attempt_free(&enrollment->attempt);
        return NULL;
    }
    return enrollment;
}

/* The ceremony stays the caller's. PK_NO_MEMORY, and what bind_ceremony() returns. */
static enum pk_status prepare(struct daemon *daemon, const struct enrollment_request *request,
                              struct ceremony *ceremony, struct enrollment **ret)
{
    const struct pk_host_name host = pk_host_name();
    const char *rhost = request->claims_rhost ? LOGIND_RHOST_UNKNOWN : request->rhost;
    const struct context context = context_of(ceremony->account.name, rhost, &host);
    enum pk_status status = bind_ceremony(daemon->config, &context, request->rhost, ceremony);

    if (status)
        return status;
    *ret = enrollment_new(daemon, request, ceremony, &context);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

/* Before any key is asked: without the password nothing comes of what it makes. */
static void ask_password(struct enrollment *enrollment, const char *directory)
{
    PK_AUTO_FREE char *shown = pk_text_printable(directory, DIRECTORY_SHOWN_MAX);
    PK_AUTO_FREE char *text = NULL;

    if (shown)
        text = pk_text_format(
            "Password of %s in the directory %s, which adds the passkey:", enrollment->user, shown);
    if (text)
        conversation_ask(enrollment->attempt.conversation, QUESTION_SECRET, "directory-password",
                         text, 0xff);
    else
        attempt_refused(&enrollment->attempt, PK_NO_MEMORY);
}

static void begin(struct enrollment *enrollment)
{
    const struct ceremony *ceremony = attempt_peek_ceremony(&enrollment->attempt, 0);

    if (ceremony && ceremony->directory)
        ask_password(enrollment, ceremony->directory);
    else
        attempt_begin(&enrollment->attempt);
}

void enrollment_start(struct daemon *daemon, struct call *call, struct ceremony *begun,
                      const struct enrollment_request *request)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begun;
    struct enrollment *enrollment = NULL;
    enum pk_status status = prepare(daemon, request, ceremony, &enrollment);

    if (status) {
        reply_subject_error(call, status);
        return;
    }
    enrollment->attempt.real_uid = call->uid;
    enrollment->attempt.by = decision_caller(call, NULL);
    pk_log(LOG_DEBUG, "[%s] enrolment for %s asked by uid %u%s", call->id, enrollment->user,
           (unsigned)call->uid, ceremony->ticket.len ? " with a ticket" : "");
    enrollment->attempt.job_owner = call_owner(call, false);
    if (attempt_add_ceremony(&enrollment->attempt, pk_steal(ceremony))) {
        attempt_free(&enrollment->attempt);
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "too many enrolments at once; try again in a moment");
        return;
    }
    if (attempt_open(&enrollment->attempt, call, choose_timeout(daemon->config, request)))
        begin(enrollment);
}
