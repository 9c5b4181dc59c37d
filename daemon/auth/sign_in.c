/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/sign_in.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/quote.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/bus/logind.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/messages.h"
#include "daemon/dialogue/network.h"
#include "daemon/verify/credential.h"

#include <string.h>

#define TIMEOUT_EXTRA 60 /* seconds for typing, in addition to inserting and touching */

/* --- callbacks of the dispatcher -------------------------------------------------------------- */

static struct sign_in *self(struct attempt *attempt)
{
    return (struct sign_in *)attempt;
}

static const struct sign_in *self_const(const struct attempt *attempt)
{
    return (const struct sign_in *)attempt;
}

/*
 * The user's name for the log and the person: the name service's spelling, or the name as requested
 * if there is no such account. Where the account is concealed it is always the requested name,
 * because another spelling would show that the account exists.
 */
static const char *user_name(const struct sign_in *sign_in)
{
    const char *found = sign_in->subject.account.name;

    return found && !sign_in->attempt.conceal ? found : sign_in->asked;
}

struct context sign_in_context(const struct sign_in *sign_in)
{
    const struct command *command = &sign_in->command;
    bool for_other = sign_in->ruser[0] && strcmp(sign_in->ruser, user_name(sign_in)) != 0;

    return (struct context){
        .act = sign_in->act,
        .user = user_name(sign_in),
        .service = sign_in->service,
        .host = sign_in->host.text,
        .tty = sign_in->tty,
        .rhost = sign_in->claims_rhost ? LOGIND_RHOST_UNKNOWN : sign_in->rhost,
        .command = command->line ? command->line : "",
        .target = command->target ? command->target : "",
        .digest = command->digest,
        .group = command->group,
        .folder = command->folder,
        .root = command->root,
        .environment = command->environment,
        .files = command->files,
        .ruser = for_other ? sign_in->ruser : NULL,
        .dialog = sign_in->dialog,
    };
}

static enum pk_status start_method(struct attempt *attempt, const struct authmethod *method,
                                   void **ret_state)
{
    attempt_drop_ceremonies(attempt); /* those of the previous method */
    return method->start ? method->start(self(attempt), ret_state) : PK_UNAVAILABLE;
}

static void describe(const struct attempt *attempt, struct decision *decision)
{
    const struct sign_in *sign_in = self_const(attempt);

    decision->user = user_name(sign_in);
    decision->rp = sign_in->rp;
    decision->truth = sign_in->why_no_method;
    decision->context = sign_in->context ? sign_in->context : "";
}

/*
 * The approval must be of the relying party that was asked for, and for the account that was named;
 * if none was, credential_find() has checked that it is one that the caller may sign in to.
 */
static bool accepts(const struct attempt *attempt, const struct approval *approval)
{
    const struct sign_in *sign_in = self_const(attempt);
    const struct account *asked = &sign_in->subject.account;
    const struct account *approved = approval_account(approval);

    if (sign_in->why_no_method || strcmp(approved->rp, sign_in->rp) != 0 ||
        approved->uid == PK_NO_UID)
        return false;
    return !asked->name ||
           (strcmp(asked->name, approved->name) == 0 && asked->uid == approved->uid);
}

static bool has_phone(const struct credential_list *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (credential_is_on_phone(&credentials->items[i]))
            return true;
    return false;
}

static bool may_follow(const struct attempt *attempt, enum pk_method method)
{
    const struct sign_in *sign_in = self_const(attempt);
    const struct context context = sign_in_context(sign_in);

    switch (method) {
    case PK_METHOD_LOCAL:
        return !context_is_remote(&context);
    case PK_METHOD_AGENT:
        return attempt->agent_fd >= 0;
    case PK_METHOD_SSH:
        return sign_in->ssh_in_play;
    case PK_METHOD_BROWSER:
        return sign_in->browser_in_play;
    case PK_METHOD_PHONE:
        return sign_in->phone_in_play && (attempt->conceal || has_phone(&sign_in->credentials));
    case PK_METHOD_RECOVERY:
        return sign_in->recovery_code_count > 0 || attempt->conceal;
    default:
        return false;
    }
}

static const char *on_behalf_of(const struct attempt *attempt)
{
    return self_const(attempt)->on_behalf_of;
}

static const char *network(const struct attempt *attempt)
{
    return self_const(attempt)->network;
}

static void release(struct attempt *attempt)
{
    struct sign_in *sign_in = self(attempt);

    credential_list_clear(&sign_in->credentials);
    subject_clear(&sign_in->subject);
    free(sign_in->rp);
    free(sign_in->asked);
    free(sign_in->on_behalf_of);
    free(sign_in->network);
    free(sign_in->section);
    free(sign_in->service);
    free(sign_in->tty);
    free(sign_in->rhost);
    free(sign_in->ruser);
    free(sign_in->dialog);
    command_clear(&sign_in->command);
    free(sign_in->user_verification);
    free(sign_in->context);
    free(sign_in);
}

static const struct attempt_ops attempt_ops = {
    .ceremony = PK_AUTHENTICATION,
    .start = start_method,
    .may_follow = may_follow,
    .describe = describe,
    .accepts = accepts,
    .on_behalf_of = on_behalf_of,
    .network = network,
    .release = release,
};

/* --- starting --------------------------------------------------------------------------------- */

/* The service's methods in its order; a caller may omit some of them but not add any. */
static struct pk_methods choose_methods(const struct config *config,
                                        const struct sign_in_request *request)
{
    const struct service_config *service = config_service(config, request->service);
    bool configured = service && service->methods.count > 0;
    const struct pk_methods base = configured ? service->methods : pk_methods_served();
    struct pk_methods chosen = {.count = 0};

    if (request->methods.count == 0)
        return base;
    if (!configured)
        return request->methods;
    for (size_t i = 0; i < base.count; i++)
        if (pk_methods_include(&request->methods, base.items[i]))
            chosen.items[chosen.count++] = base.items[i];
    return chosen;
}

/*
 * An approval is evidence of who approved which command: an authenticator's signature, which a
 * recovery code has none of. Where a program answers in a person's place, nothing is asked that
 * only a person can answer.
 */
static bool is_possible(const struct sign_in_request *request, enum pk_method method)
{
    if (method == PK_METHOD_RECOVERY)
        return !request->approval && !request->unattended;
    return (method != PK_METHOD_SSH && method != PK_METHOD_BROWSER && method != PK_METHOD_PHONE) ||
           !request->unattended;
}

static struct pk_methods possible_methods(const struct config *config,
                                          const struct sign_in_request *request)
{
    const struct pk_methods chosen = choose_methods(config, request);
    struct pk_methods kept = {.count = 0};

    for (size_t i = 0; i < chosen.count; i++)
        if (is_possible(request, chosen.items[i]))
            kept.items[kept.count++] = chosen.items[i];
    return kept;
}

static unsigned choose_timeout(const struct config *config, const struct sign_in_request *request)
{
    const struct service_config *service = config_service(config, request->service);
    unsigned timeout = config->touch_timeout + config->insert_timeout + TIMEOUT_EXTRA;

    if (service && service->timeout > 0)
        timeout = service->timeout;
    if (request->timeout > 0 && request->timeout < timeout)
        timeout = request->timeout;
    return timeout < ATTEMPT_TIMEOUT_MAX ? timeout : ATTEMPT_TIMEOUT_MAX;
}

/* What is shown, bound and logged of a program's words is the same: all of it visible. */
static enum pk_status copy_visible(const char *words, char **ret)
{
    *ret = pk_text_visible(pk_view_string(words), PK_COMMAND_TEXT_MAX);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

/* Only of root's programs: anybody can call, for themselves, and say anything. */
static enum pk_status take_command(const struct sign_in_request *request, bool believed,
                                   struct command *ret)
{
    enum pk_status status;

    if (request->described) {
        *ret = *request->described;
        *request->described = (struct command){0};
        return PK_OK;
    }
    status = copy_visible(believed ? request->command : "", &ret->line);
    return status ? status : copy_visible(believed ? request->target : "", &ret->target);
}

/*
 * Only root's programs are believed what they say they are and do: anybody can call, for
 * themselves, and would otherwise have lines in the log that look like sudo's.
 */
static enum pk_status copy_request(const struct sign_in_request *request, struct sign_in *sign_in)
{
    bool believed = sign_in->attempt.owner == 0;
    const struct {
        const char *from;
        char **to;
    } texts[] = {
        {request->user, &sign_in->asked},
        {request->service, &sign_in->section},
        {believed ? request->service : "", &sign_in->service},
        {believed ? request->tty : "", &sign_in->tty},
        {request->rhost, &sign_in->rhost},
        {believed ? request->ruser : "", &sign_in->ruser},
        {request->user_verification, &sign_in->user_verification},
    };
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !status; i++)
        status = pk_text_copy(texts[i].from, texts[i].to);
    if (!status && believed && request->dialog)
        status = copy_visible(request->dialog, &sign_in->dialog);
    return status ? status : take_command(request, believed, &sign_in->command);
}

static struct sign_in *sign_in_new(struct daemon *daemon, const struct call *call,
                                   const struct sign_in_request *request)
{
    struct sign_in *sign_in = calloc(1, sizeof(*sign_in));

    if (!sign_in)
        return NULL;
    *sign_in = (struct sign_in){
        .attempt =
            {
                .daemon = daemon,
                .ops = &attempt_ops,
                .owner = call->uid,
                .began = pk_clock_monotonic_us(),
                .methods = possible_methods(daemon->config, request),
                .failure = PK_UNAVAILABLE,
                .agent_fd = request->agent ? value_take_fd(request->agent) : -1,
            },
        .unattended = request->unattended,
        .host = pk_host_name(),
        .act = request->approval ? "approve" : "authenticate",
        .subject = {.account = {.uid = PK_NO_UID}},
    };
    if (copy_request(request, sign_in)) {
        attempt_free(&sign_in->attempt);
        return NULL;
    }
    return sign_in;
}

/*
 * Whether a question over ssh may be asked and a link for a browser be shown, and whether the
 * account must be concealed from whoever sees these. It is not concealed from its owner: an
 * unprivileged caller can only ask about itself, and a person who is signed in as that user (ruser)
 * has the account already.
 */
static void decide_distant_use(struct sign_in *sign_in, const struct call *call,
                               const struct sign_in_request *request)
{
    const struct config *config = sign_in->attempt.daemon->config;
    const struct service_config *service = config_service(config, request->service);
    const struct rp_config *rp = config_rp(config, sign_in->rp);
    const struct context context = sign_in_context(sign_in);
    bool named = service && pk_methods_include(&service->methods, PK_METHOD_SSH);
    bool phone;

    named = named || pk_methods_include(&request->methods, PK_METHOD_SSH);
    sign_in->ssh_in_play = pk_methods_include(&sign_in->attempt.methods, PK_METHOD_SSH) &&
                           (named || context_is_remote(&context));
    sign_in->browser_in_play = pk_methods_include(&sign_in->attempt.methods, PK_METHOD_BROWSER) &&
                               rp && rp->browser_origin;
    /* Code and phone are in front of one person: who is elsewhere would scan what others see. */
    phone = pk_methods_include(&sign_in->attempt.methods, PK_METHOD_PHONE) &&
            config->phone.enabled && request->user[0] && !context_is_remote(&context);
    sign_in->phone_in_play = phone && request->pictures;
    sign_in->phone_unseen = phone && !request->pictures && call->caller.terminal != 0;
    sign_in->own_timeout = (service && service->timeout > 0) || request->timeout > 0;
    sign_in->attempt.conceal = (sign_in->ssh_in_play || sign_in->browser_in_play) &&
                               call->uid == 0 && request->user[0] &&
                               strcmp(request->ruser, request->user) != 0;
}

/*
 * A placeholder for an account that does not exist, so that the same steps follow as for one that
 * does.
 */
static enum pk_status make_placeholder(struct sign_in *sign_in)
{
    struct account *account = &sign_in->subject.account;
    enum pk_status status = pk_text_copy(sign_in->rp, &account->rp);

    account->uid = PK_NO_UID;
    return status ? status : pk_text_copy(sign_in->asked, &account->name);
}

/* Why the account has no passkeys: another uid may have had that name, and have passkeys. */
static enum pk_status find_reason(struct store *store, const struct account *account,
                                  enum pk_status *ret)
{
    const struct credential_filter filter = {.rp = account->rp, .account_name = account->name};
    AUTO_CREDENTIAL_LIST struct credential_list others = {0};
    enum pk_status status = store->verbs->list(store, &filter, &others);

    if (status == PK_OK)
        *ret = others.count > 0 ? PK_ACCOUNT_CHANGED : PK_NO_CREDENTIALS;
    return status;
}

/* --- its steps -------------------------------------------------------------------------------- */

/* A sign-in that is not open yet. */
struct opening {
    struct request request;
    struct sign_in *sign_in;
    struct sign_in_request wish; /* points into the call */
    struct subject_request subject;
};

/*
 * An account that does not exist is reported in the conversation, like any other outcome, and not
 * as an error of the call.
 */
static enum pk_status find_account(struct job *job)
{
    const struct opening *opening = (struct opening *)job;
    struct sign_in *sign_in = opening->sign_in;
    enum pk_status status;

    /* Without a name a caller that is not root can only be itself, and is looked up as such. */
    if (opening->subject.name[0] == '\0' && opening->subject.caller == 0)
        return PK_OK;
    status = subject_find(&opening->subject, &sign_in->subject);
    if (status != PK_UNKNOWN_USER)
        return status;
    sign_in->why_no_method = status;
    return make_placeholder(sign_in);
}

static enum pk_status load_credentials(struct job *job)
{
    const struct opening *opening = (struct opening *)job;
    struct sign_in *sign_in = opening->sign_in;
    struct store *store = sign_in->attempt.daemon->store;
    enum pk_status status;

    if (!sign_in->subject.account.name)
        return PK_OK;
    status = subject_credentials(store, &sign_in->subject, NULL, &sign_in->credentials);
    sign_in->recovery_codes =
        recovery_codes_left(store, &sign_in->subject.account, &sign_in->recovery_code_count);
    if (sign_in->why_no_method)
        credential_list_clear(&sign_in->credentials);
    else if (!status && sign_in->credentials.count == 0)
        status = find_reason(store, &sign_in->subject.account, &sign_in->why_no_method);
    return status;
}

/*
 * Makes the JSON for the log, and the purpose that the person is shown: of a program that is not
 * root's it says what process that is, and nothing of what it says of itself.
 */
static enum pk_status make_context_texts(struct sign_in *sign_in)
{
    const struct context context = sign_in_context(sign_in);
    PK_AUTO_FREE char *purpose = NULL;

    sign_in->context = context_json(&context);
    purpose = message_purpose(&context);
    if (!purpose || !sign_in->attempt.by)
        return PK_NO_MEMORY;
    sign_in->attempt.purpose = sign_in->attempt.owner == 0
                                   ? pk_steal(purpose)
                                   : pk_text_format("%s, asked %s", purpose, sign_in->attempt.by);
    return sign_in->attempt.purpose ? PK_OK : PK_NO_MEMORY;
}

static bool can_all_verify(const struct credential_list *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (!credentials->items[i].user_verified)
            return false;
    return credentials->count > 0;
}

/* The status that may be told: that another uid had the name before is for the log only. */
static enum pk_status status_to_tell(enum pk_status why)
{
    return why == PK_ACCOUNT_CHANGED ? PK_NO_CREDENTIALS : why;
}

static void open_conversation(struct request *request, struct call *call, enum pk_status status)
{
    struct opening *opening = (struct opening *)request;
    struct sign_in *sign_in = opening->sign_in;
    const struct sign_in_request *wish = &opening->wish;

    sign_in->verify = sign_in_for_another(sign_in) && can_all_verify(&sign_in->credentials);
    decide_distant_use(sign_in, call, wish);
    if (!status)
        status = make_context_texts(sign_in);
    if (status) {
        reply_subject_error(call, status);
        return;
    }
    opening->sign_in = NULL; /* owned by the conversation from now on */
    pk_log(LOG_DEBUG, "[%s] authentication of \"%s\" for %s asked by uid %u", call->id, wish->user,
           wish->service, (unsigned)call->uid);
    if (!attempt_open(&sign_in->attempt, call, choose_timeout(request->daemon->config, wish)))
        return;
    if (sign_in->why_no_method && !sign_in->attempt.conceal)
        attempt_refused(&sign_in->attempt, status_to_tell(sign_in->why_no_method));
    else
        attempt_begin(&sign_in->attempt);
}

static void opening_clear(struct request *request)
{
    const struct opening *opening = (struct opening *)request;

    if (opening->sign_in)
        attempt_free(&opening->sign_in->attempt);
}

/* --- the start -------------------------------------------------------------------------------- */

/*
 * On whose behalf a root program asks, so that its conversations count for that user: sudo and su
 * name the calling user; sshd cannot name one yet. Other callers are not believed.
 */
static enum pk_status find_principal(struct sign_in *sign_in, const struct call *call,
                                     const struct sign_in_request *request)
{
    const struct context context = sign_in_context(sign_in);
    bool remote = context_is_remote(&context);
    char at[INET6_ADDRSTRLEN];

    sign_in->attempt.job_owner = call_owner(call, remote);
    if (call->uid != 0 || (request->ruser[0] == '\0' && !remote))
        return PK_OK;
    if (request->ruser[0] == '\0' &&
        pk_text_copy(network_of(request->rhost, at) ? at : request->rhost, &sign_in->network))
        return PK_NO_MEMORY;
    return pk_text_copy(request->ruser, &sign_in->on_behalf_of);
}

static enum pk_status prepare(struct sign_in *sign_in, const struct call *call,
                              const struct sign_in_request *request,
                              struct subject_request *ret_subject)
{
    const struct config *config = sign_in->attempt.daemon->config;
    const struct service_config *service = config_service(config, request->service);
    const char *rp = request->rp[0] ? request->rp : service ? service->rp : NULL;
    enum pk_status status = find_principal(sign_in, call, request);

    sign_in->attempt.real_uid = call->uid == 0 ? caller_user(&call->caller) : call->uid;
    sign_in->claims_rhost = call->caller.claims_rhost;
    sign_in->attempt.by = decision_caller(call, request->executable);
    sign_in->caller = call->caller;
    *ret_subject = methods_subject(call);
    if (!status)
        status = subject_set_rp(config, rp, ret_subject, &sign_in->rp);
    /* Its users are not this host's, whatever they are called: they sign in to the program's. */
    return status || ret_subject->system_accounts ? status : PK_UNSUPPORTED;
}

void sign_in_start(struct daemon *daemon, struct call *call, const struct sign_in_request *request)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, find_account},
        {JOB_WORKER, load_credentials},
        {0},
    };
    static const struct request_plan plan = {steps, open_conversation, opening_clear};
    struct sign_in *sign_in = sign_in_new(daemon, call, request);
    struct opening *opening = sign_in ? calloc(1, sizeof(*opening)) : NULL;
    enum pk_status status =
        opening ? prepare(sign_in, call, request, &opening->subject) : PK_NO_MEMORY;

    if (status) {
        free(opening);
        if (sign_in)
            attempt_free(&sign_in->attempt);
        if (status == PK_UNSUPPORTED)
            call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                      "this relying party has no accounts of this host (system-accounts)");
        else
            reply_subject_error(call, status);
        return;
    }
    opening->sign_in = sign_in;
    opening->wish = *request;
    request_start_for(daemon, call, &opening->request, &plan, sign_in->attempt.job_owner);
}
