/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/sign_in.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/local_ceremony.h"
#include "daemon/auth/sign_in_roads.h"
#include "daemon/dialogue/account_choice.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/road_agent.h"
#include "daemon/methods/road_recovery.h"
#include "daemon/methods/road_ssh.h"

#include <string.h>

#define TIMEOUT_EXTRA 60 /* seconds for typing, beside inserting and touching */
/*
 * How long an answer takes, in microseconds, where its time must not tell what was found: longer
 * than the work that differs, and too short for a person to mind.
 */
#define HOLD 100000

/* --- the end ---------------------------------------------------------------------------------- */

static void drop_all(struct sign_in *sign_in)
{
    sign_in_drop(sign_in, &sign_in->local_groups);
    sign_in_drop(sign_in, &sign_in->agent_groups);
    sign_in_drop(sign_in, &sign_in->ssh_groups);
}

static void release(void *data)
{
    struct sign_in *sign_in = data;

    if (sign_in->local)
        pk_local_ceremony_free(sign_in->local);
    if (sign_in->agent)
        agent_road_free(sign_in->agent);
    cleanup_close_fd(&sign_in->agent_fd);
    if (sign_in->ssh)
        ssh_road_free(sign_in->ssh);
    if (sign_in->recovery)
        recovery_road_free(sign_in->recovery);
    if (sign_in->choice)
        account_choice_free(sign_in->choice);
    if (sign_in->conversation)
        drop_all(sign_in);
    credential_list_clear(&sign_in->credentials);
    credential_list_clear(&sign_in->decoys);
    subject_clear(&sign_in->subject);
    free(sign_in->rp);
    free(sign_in->asked);
    free(sign_in->on_behalf_of);
    free(sign_in->service);
    free(sign_in->tty);
    free(sign_in->rhost);
    free(sign_in->command);
    free(sign_in->target);
    free(sign_in->user_verification);
    free(sign_in->host);
    free(sign_in);
}

/*
 * Also the name of somebody who is not there: that is what was asked. And only that, where the name
 * service's own spelling of it would tell that somebody is.
 */
static const char *user_of(const struct sign_in *sign_in)
{
    const char *found = sign_in->subject.account.name;

    return found && !sign_in->hidden ? found : sign_in->asked;
}

struct context sign_in_context(const struct sign_in *sign_in)
{
    return (struct context){
        .act = "authenticate",
        .user = user_of(sign_in),
        .service = sign_in->service,
        .host = sign_in->host,
        .tty = sign_in->tty,
        .rhost = sign_in->rhost,
        .command = sign_in->command,
        .target = sign_in->target,
    };
}

void sign_in_end(struct sign_in *sign_in, enum pk_status why)
{
    drop_all(sign_in);
    conversation_done(sign_in->conversation,
                      &(struct outcome){.status = why, .text = pk_message_outcome(why)});
}

static void log_refusal(const struct sign_in *sign_in, enum pk_status why)
{
    const struct context context = sign_in_context(sign_in);
    enum pk_status truth = sign_in->known ? sign_in->known : why;
    PK_AUTO_FREE char *json = context_json(&context);

    pk_log(LOG_NOTICE, "[%s] sign-in of %s (%s): refused, %s (%s)%s%s, %s",
           conversation_id(sign_in->conversation), context.user, sign_in->rp, pk_status_name(truth),
           pk_status_clause(truth), truth != why ? "; told " : "",
           truth != why ? pk_status_name(why) : "", json ? json : "");
}

void sign_in_refuse(struct sign_in *sign_in, enum pk_status why)
{
    log_refusal(sign_in, why);
    sign_in_end(sign_in, why);
}

/* By its deadline, or because whoever asked has gone: an sshd at its LoginGraceTime, say. */
static void stopped(void *data, enum pk_status why)
{
    struct sign_in *sign_in = data;

    log_refusal(sign_in, why);
    if (sign_in->local)
        pk_local_ceremony_free(pk_steal(sign_in->local));
    if (sign_in->agent)
        agent_road_free(pk_steal(sign_in->agent));
    drop_all(sign_in);
}

void sign_in_succeed(struct sign_in *sign_in, const char *user)
{
    drop_all(sign_in);
    conversation_done(sign_in->conversation, &(struct outcome){.status = PK_OK, .user = user});
}

/* --- road after road -------------------------------------------------------------------------- */

static const struct sign_in_road *const table[ROAD_COUNT] = {
    [ROAD_LOCAL] = &sign_in_local,
    [ROAD_AGENT] = &sign_in_agent,
    [ROAD_SSH] = &sign_in_ssh,
    [ROAD_RECOVERY] = &sign_in_recovery,
};

/* Starts the next road that can be used here; without one, the last failure is the outcome. */
static void next_road(struct sign_in *sign_in)
{
    while (sign_in->next_road < sign_in->roads.count) {
        enum road road = sign_in->roads.items[sign_in->next_road++];
        enum pk_status status = PK_UNAVAILABLE;

        sign_in->road = table[road];
        if (sign_in->road)
            status = sign_in->road->start(sign_in);
        if (status == PK_OK)
            return;
        if (status != PK_UNAVAILABLE) {
            sign_in_refuse(sign_in, status);
            return;
        }
    }
    sign_in_refuse(sign_in, sign_in->failure);
}

void sign_in_next(struct sign_in *sign_in, enum pk_status why)
{
    sign_in->failure = why;
    next_road(sign_in);
}

static void answered(void *data, struct pk_secret *answer)
{
    struct sign_in *sign_in = data;

    if (sign_in->hidden)
        conversation_hold(sign_in->conversation, daemon_microseconds() + HOLD);
    if (sign_in->road)
        sign_in->road->answered(sign_in, answer);
}

/* --- beginning -------------------------------------------------------------------------------- */

static bool allows(const struct roads *roads, enum road road)
{
    for (size_t i = 0; i < roads->count; i++)
        if (roads->items[i] == road)
            return true;
    return false;
}

/* The service's roads in its order; a caller may leave some out, but add none. */
static struct roads choose_roads(const struct config *config, const struct sign_in_request *request)
{
    static const struct roads usual = {{ROAD_LOCAL, ROAD_AGENT, ROAD_SSH, ROAD_RECOVERY}, 4};
    const struct service_config *service = config_service(config, request->service);
    bool configured = service && service->roads.count > 0;
    const struct roads *base = configured ? &service->roads : &usual;
    struct roads chosen = {.count = 0};

    if (request->roads.count == 0)
        return *base;
    if (!configured)
        return request->roads;
    for (size_t i = 0; i < base->count; i++)
        if (allows(&request->roads, base->items[i]))
            chosen.items[chosen.count++] = base->items[i];
    return chosen;
}

static unsigned choose_timeout(const struct config *config, const struct sign_in_request *request)
{
    const struct service_config *service = config_service(config, request->service);
    unsigned timeout = config->touch_timeout + config->insert_timeout + TIMEOUT_EXTRA;

    if (service && service->timeout > 0)
        timeout = service->timeout;
    if (request->timeout > 0 && request->timeout < timeout)
        timeout = request->timeout;
    return timeout < SIGN_IN_TIMEOUT_MAX ? timeout : SIGN_IN_TIMEOUT_MAX;
}

static struct sign_in *sign_in_new(struct daemon *daemon, const struct sign_in_request *request)
{
    struct sign_in *sign_in = calloc(1, sizeof(*sign_in));
    char host[PK_RP_ID_MAX + 1] = "";

    if (!sign_in)
        return NULL;
    (void)gethostname(host, sizeof(host) - 1);
    *sign_in = (struct sign_in){
        .daemon = daemon,
        .agent_fd = request->agent ? value_take_fd(request->agent) : -1,
        .asked = strdup(request->user),
        .service = strdup(request->service),
        .tty = strdup(request->tty),
        .rhost = strdup(request->rhost),
        .command = strdup(request->command),
        .target = strdup(request->target),
        .host = strdup(host),
        .roads = choose_roads(daemon->config, request),
        .failure = PK_UNAVAILABLE,
        .subject = {.account = {.uid = PK_NO_UID}},
    };
    if (request->user_verification)
        sign_in->user_verification = strdup(request->user_verification);
    if (!sign_in->asked || !sign_in->service || !sign_in->tty || !sign_in->rhost ||
        !sign_in->command || !sign_in->target || !sign_in->host ||
        (request->user_verification && !sign_in->user_verification)) {
        release(sign_in);
        return NULL;
    }
    return sign_in;
}

/*
 * Whether somebody at the far end may be asked, and whether who asks may learn what there is about
 * the account. Its own owner may: an unprivileged caller asks for nobody else, and a person who is
 * signed in as that user (ruser) has it already.
 */
static void look_around(struct sign_in *sign_in, const struct call *call,
                        const struct sign_in_request *request)
{
    const struct service_config *service =
        config_service(sign_in->daemon->config, request->service);
    const struct context context = sign_in_context(sign_in);
    bool named = service && allows(&service->roads, ROAD_SSH);

    named = named || allows(&request->roads, ROAD_SSH);
    sign_in->ssh_in_play =
        allows(&sign_in->roads, ROAD_SSH) && (named || context_is_remote(&context));
    sign_in->hidden = sign_in->ssh_in_play && call->uid == 0 && request->user[0] &&
                      strcmp(request->ruser, request->user) != 0;
}

/* Nobody of that name. All that follows is done as for somebody. */
static enum pk_status stand_in(struct sign_in *sign_in)
{
    struct account *account = &sign_in->subject.account;

    *account = (struct account){
        .rp = strdup(sign_in->rp), .name = strdup(sign_in->asked), .uid = PK_NO_UID};
    return account->rp && account->name ? PK_OK : PK_NO_MEMORY;
}

/* Why the account has no passkeys: perhaps another uid had that name, and has some. */
static enum pk_status why_none(struct daemon *daemon, const struct account *account,
                               enum pk_status *ret)
{
    const struct credential_filter filter = {.rp = account->rp, .account_name = account->name};
    AUTO_CREDENTIAL_LIST struct credential_list others = {0};
    enum pk_status status = daemon->store->verbs->list(daemon->store, &filter, &others);

    if (status == PK_OK)
        *ret = others.count > 0 ? PK_ACCOUNT_CHANGED : PK_NO_CREDENTIALS;
    return status;
}

/* Who is it? An account that is not there is told in the conversation, as any other outcome. */
static enum pk_status identify(struct sign_in *sign_in, const struct call *call,
                               const struct sign_in_request *request)
{
    const struct config *config = sign_in->daemon->config;
    const struct service_config *service = config_service(config, request->service);
    const char *rp_name = request->rp[0] ? request->rp : service ? service->rp : NULL;
    const struct rp_config *rp = config_rp(config, rp_name);
    enum pk_status status;

    if (!rp)
        return PK_NOT_FOUND;
    sign_in->rp = strdup(rp->name);
    if (!sign_in->rp)
        return PK_NO_MEMORY;
    if (request->user[0] == '\0')
        return PK_OK;
    status = subject_resolve(sign_in->daemon, call, rp->name, request->user, &sign_in->subject);
    sign_in->subject.rp = NULL;
    if (status == PK_UNKNOWN_USER) {
        sign_in->known = status;
        status = stand_in(sign_in);
    }
    if (!status)
        status =
            subject_credentials(sign_in->daemon, &sign_in->subject, NULL, &sign_in->credentials);
    if (sign_in->known)
        credential_list_clear(&sign_in->credentials);
    else if (!status && sign_in->credentials.count == 0)
        status = why_none(sign_in->daemon, &sign_in->subject.account, &sign_in->known);
    return status;
}

static const char *on_behalf_of(const void *data)
{
    const struct sign_in *sign_in = data;

    return sign_in->on_behalf_of;
}

/* Only root's word counts; sudo and su say who calls them, sshd has nobody to name yet. */
static enum pk_status find_principal(struct sign_in *sign_in, const struct call *call,
                                     const struct sign_in_request *request)
{
    const struct context context = sign_in_context(sign_in);

    if (call->uid != 0 || (request->ruser[0] == '\0' && !context_is_remote(&context)))
        return PK_OK;
    sign_in->on_behalf_of = strdup(request->ruser);
    return sign_in->on_behalf_of ? PK_OK : PK_NO_MEMORY;
}

/* Whose name it was before is for the log. */
static enum pk_status what_to_tell(enum pk_status known)
{
    return known == PK_ACCOUNT_CHANGED ? PK_NO_CREDENTIALS : known;
}

void sign_in_start(struct daemon *daemon, struct call *call, const struct sign_in_request *request)
{
    int64_t began = daemon_microseconds();
    struct sign_in *sign_in = sign_in_new(daemon, request);
    static const struct conversation_ops ops = {answered, stopped, release, on_behalf_of};
    struct conversation *conversation;
    enum pk_status status;

    if (!sign_in) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
        return;
    }
    status = find_principal(sign_in, call, request);
    if (!status)
        status = identify(sign_in, call, request);
    if (status) {
        release(sign_in);
        subject_refuse(call, status);
        return;
    }
    look_around(sign_in, call, request);
    pk_log(LOG_DEBUG, "[%s] authentication of \"%s\" for %s asked by uid %u", call->id,
           request->user, request->service, (unsigned)call->uid);
    conversation =
        conversation_open(daemon, call, choose_timeout(daemon->config, request), &ops, sign_in);
    if (!conversation)
        return; /* released already */
    sign_in->conversation = conversation;
    if (sign_in->hidden)
        conversation_hold(conversation, began + HOLD);
    if (sign_in->known && !sign_in->hidden)
        sign_in_refuse(sign_in, what_to_tell(sign_in->known));
    else
        next_road(sign_in);
}
