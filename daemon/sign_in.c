/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/sign_in.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/road_local.h"
#include "daemon/account.h"
#include "daemon/account_choice.h"
#include "daemon/ceremony.h"
#include "daemon/conversation.h"
#include "daemon/finish.h"
#include "daemon/messages.h"
#include "daemon/policy.h"
#include "daemon/road_recovery.h"
#include "daemon/subject.h"

#include <string.h>

#define TIMEOUT_MAX   600 /* seconds */
#define TIMEOUT_EXTRA 60  /* for typing, beside inserting and touching */

/* The credentials of one RP id: asked for with one challenge. */
struct group {
    char *rp_id;
    char id[UUID_SIZE]; /* of its ceremony, in the table until an answer comes */
};

struct sign_in {
    struct daemon *daemon;
    struct conversation *conversation;
    struct subject subject; /* subject.rp is not kept; account.name NULL: discoverable */
    char *rp;
    char *asked; /* the name as the caller gave it */
    char *service, *tty, *rhost, *command, *target;
    char *user_verification;
    char *host;
    struct roads roads;
    size_t next_road;
    struct group *groups;
    size_t group_count;
    struct credential_list credentials;
    struct pk_local_road *local;
    struct recovery_road *recovery;
    struct account_choice *choice;
    enum pk_status failure; /* of the last road that was tried */
};

static void next_road(struct sign_in *sign_in);

/* --- the end ---------------------------------------------------------------------------------- */

static struct ceremony *take(struct sign_in *sign_in, size_t group)
{
    return ceremonies_take(sign_in->daemon->ceremonies, sign_in->groups[group].id,
                           conversation_uid(sign_in->conversation), PK_AUTHENTICATION,
                           daemon_monotonic());
}

/* No challenge outlives its conversation. */
static void drop_groups(struct sign_in *sign_in)
{
    for (size_t i = 0; i < sign_in->group_count; i++) {
        struct ceremony *ceremony = take(sign_in, i);

        if (ceremony)
            ceremony_free(ceremony);
        free(sign_in->groups[i].rp_id);
    }
    free(sign_in->groups);
    sign_in->groups = NULL;
    sign_in->group_count = 0;
}

static void release(void *data)
{
    struct sign_in *sign_in = data;

    if (sign_in->local)
        pk_local_road_free(sign_in->local);
    if (sign_in->recovery)
        recovery_road_free(sign_in->recovery);
    if (sign_in->choice)
        account_choice_free(sign_in->choice);
    if (sign_in->conversation)
        drop_groups(sign_in);
    credential_list_clear(&sign_in->credentials);
    subject_clear(&sign_in->subject);
    free(sign_in->rp);
    free(sign_in->asked);
    free(sign_in->service);
    free(sign_in->tty);
    free(sign_in->rhost);
    free(sign_in->command);
    free(sign_in->target);
    free(sign_in->user_verification);
    free(sign_in->host);
    free(sign_in);
}

/* Also the name of somebody who is not there: that is what was asked. */
static const char *user_of(const struct sign_in *sign_in)
{
    return sign_in->subject.account.name ? sign_in->subject.account.name : sign_in->asked;
}

static struct context context_of(const struct sign_in *sign_in)
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

/* Over; the log knows why already. */
static void end(struct sign_in *sign_in, enum pk_status why)
{
    drop_groups(sign_in);
    conversation_done(sign_in->conversation,
                      &(struct outcome){.status = why, .text = pk_message_outcome(why)});
}

static void refuse(struct sign_in *sign_in, enum pk_status why)
{
    const struct context context = context_of(sign_in);
    PK_AUTO_FREE char *json = context_json(&context);

    pk_log(LOG_NOTICE, "[%s] sign-in of %s (%s): refused, %s (%s), %s",
           conversation_id(sign_in->conversation), context.user, sign_in->rp, pk_status_name(why),
           pk_status_clause(why), json ? json : "");
    end(sign_in, why);
}

static void stopped(void *data, enum pk_status why)
{
    struct sign_in *sign_in = data;

    (void)why;
    if (sign_in->local)
        pk_local_road_free(pk_steal(sign_in->local));
    drop_groups(sign_in);
}

/* The one way to say success: after a verified answer or a valid recovery code, its use on disk. */
static void succeed(struct sign_in *sign_in, const char *user)
{
    drop_groups(sign_in);
    conversation_done(sign_in->conversation, &(struct outcome){.status = PK_OK, .user = user});
}

/* --- ceremonies ------------------------------------------------------------------------------- */

/* The requirements of one group: policy's, with the credentials' own RP id. */
static enum pk_status demand(struct sign_in *sign_in, const char *rp_id, struct ceremony *ceremony)
{
    const struct config *config = sign_in->daemon->config;
    const struct rp_config *rp = config_rp(config, sign_in->rp);
    const struct authentication_request request = {
        .user_given = sign_in->subject.account.name != NULL,
        .user_verification = sign_in->user_verification,
        .now = daemon_now(),
    };
    const char *why = "";
    enum pk_status status;

    if (!rp) /* a reload took it away */
        return PK_UNAVAILABLE;
    status = policy_authentication(rp, config_service(config, sign_in->service), &request,
                                   &ceremony->requirements, &why);
    if (status)
        return status;
    ceremony->system_account = rp->system_accounts;
    free(ceremony->requirements.rp_id);
    ceremony->requirements.rp_id = strdup(rp_id);
    ceremony->account.rp = strdup(sign_in->rp);
    ceremony->account.uid = sign_in->subject.account.uid;
    if (sign_in->subject.account.name)
        ceremony->account.name = strdup(sign_in->subject.account.name);
    if (!ceremony->requirements.rp_id || !ceremony->account.rp ||
        (sign_in->subject.account.name && !ceremony->account.name))
        return PK_NO_MEMORY;
    for (size_t i = 0; i < sign_in->credentials.count && !status; i++) {
        const struct credential *credential = &sign_in->credentials.items[i];

        if (strcmp(credential->rp_id, rp_id) != 0)
            continue;
        status = pk_requirements_add_credential(
            &ceremony->requirements, pk_view_of(&credential->record.id), credential->transports);
        if (!status && ceremony->requirements.user_handle.len == 0)
            status = pk_bytes_copy(pk_view_of(&credential->record.user_handle),
                                   &ceremony->requirements.user_handle);
    }
    return status;
}

static enum pk_status begin_group(struct sign_in *sign_in, const char *rp_id)
{
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = ceremony_new(conversation_id(sign_in->conversation),
                                             conversation_uid(sign_in->conversation));
    struct group *groups = reallocarray(sign_in->groups, sign_in->group_count + 1, sizeof(*groups));
    const struct context context = context_of(sign_in);
    enum pk_status status;

    if (groups)
        sign_in->groups = groups;
    if (!ceremony || !groups)
        return PK_NO_MEMORY;
    status = demand(sign_in, rp_id, ceremony);
    if (!status)
        status = ceremony_bind(ceremony, &context);
    if (!status)
        status = ceremonies_add(sign_in->daemon->ceremonies, ceremony, daemon_monotonic(),
                                TIMEOUT_MAX, sign_in->daemon->config->challenges_per_user);
    if (status)
        return status;
    (void)memcpy(groups[sign_in->group_count].id, ceremony->id, UUID_SIZE);
    ceremony = NULL; /* the table's now */
    groups[sign_in->group_count].rp_id = strdup(rp_id);
    return groups[sign_in->group_count++].rp_id ? PK_OK : PK_NO_MEMORY;
}

static bool has_group(const struct sign_in *sign_in, const char *rp_id)
{
    for (size_t i = 0; i < sign_in->group_count; i++)
        if (strcmp(sign_in->groups[i].rp_id, rp_id) == 0)
            return true;
    return false;
}

static enum pk_status begin_groups(struct sign_in *sign_in)
{
    const struct rp_config *rp = config_rp(sign_in->daemon->config, sign_in->rp);
    enum pk_status status = PK_OK;

    if (!sign_in->subject.account.name)
        return rp && rp->id ? begin_group(sign_in, rp->id) : PK_UNAVAILABLE;
    for (size_t i = 0; i < sign_in->credentials.count && !status; i++)
        if (!has_group(sign_in, sign_in->credentials.items[i].rp_id))
            status = begin_group(sign_in, sign_in->credentials.items[i].rp_id);
    return status;
}

/* --- the local road --------------------------------------------------------------------------- */

static enum pk_status local_request(void *data, size_t group, struct pk_frame *ret)
{
    struct sign_in *sign_in = data;
    const struct ceremony *ceremony =
        ceremonies_peek(sign_in->daemon->ceremonies, sign_in->groups[group].id);
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    struct pk_assertion_request *request = &frame.get_assertion;
    enum pk_status status;

    if (!ceremony)
        return PK_TIMEOUT;
    status = context_local_client_data_hash(
        PK_AUTHENTICATION, pk_view_of(&ceremony->requirements.challenge),
        ceremony->requirements.rp_id, request->client_data_hash);
    request->user_verification = ceremony->requirements.user_verification;
    request->rp_id = strdup(ceremony->requirements.rp_id);
    if (!status && !request->rp_id)
        status = PK_NO_MEMORY;
    if (!status && ceremony->requirements.appid) {
        request->appid = strdup(ceremony->requirements.appid);
        status = request->appid ? PK_OK : PK_NO_MEMORY;
    }
    if (!status)
        status = descriptors_copy(&ceremony->requirements, &request->allow, &request->allow_count);
    if (status)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

/* Out of the table before it is looked at, whatever comes of it. */
static void judge_local(struct sign_in *sign_in, size_t group,
                        const struct pk_assertion_answer *answer)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = take(sign_in, group);
    AUTO_VERIFIED struct verified verified = {0};
    enum pk_status status = PK_CHALLENGE_UNKNOWN;

    if (ceremony)
        status = finish_local_assertion(sign_in->daemon, ceremony, answer, &verified);
    if (status == PK_OK)
        succeed(sign_in, verified.credential.account.name);
    else if (ceremony)
        end(sign_in, status); /* logged by the verifier */
    else
        refuse(sign_in, status);
}

static void local_chosen(void *data, const struct pk_assertion_answer *answer)
{
    if (answer)
        judge_local(data, 0, answer);
    else
        refuse(data, PK_CANCELLED);
}

static void local_answered(void *data, size_t group, const char *name, const struct pk_frame *frame)
{
    struct sign_in *sign_in = data;
    enum pk_status status;

    (void)name;
    if (frame->type != PK_FRAME_ASSERTION || frame->assertion.count == 0) {
        refuse(sign_in, PK_DEVICE_ERROR);
        return;
    }
    if (frame->assertion.count == 1 || sign_in->subject.account.name) {
        judge_local(sign_in, group, &frame->assertion.items[0]);
        return;
    }
    /* The key holds several accounts: those that may be meant are offered. */
    status =
        account_choice_new(sign_in->daemon, sign_in->conversation,
                           ceremonies_peek(sign_in->daemon->ceremonies, sign_in->groups[group].id),
                           &frame->assertion, local_chosen, sign_in, &sign_in->choice);
    if (status)
        refuse(sign_in, status);
}

static void local_failed(void *data, enum pk_status why)
{
    struct sign_in *sign_in = data;

    sign_in->failure = why;
    next_road(sign_in);
}

static enum pk_status start_local(struct sign_in *sign_in)
{
    static const struct pk_local_road_ops ops = {local_request, local_answered, local_failed};
    const struct pk_dialogue person = conversation_dialogue(sign_in->conversation);
    const struct context context = context_of(sign_in);
    PK_AUTO_FREE char *purpose = NULL;
    enum pk_status status;

    if (context_is_remote(&context))
        return PK_UNAVAILABLE; /* a remote session never blinks a local key */
    status = begin_groups(sign_in);
    if (status)
        return status;
    purpose = message_purpose(&context);
    if (!purpose)
        return PK_NO_MEMORY;
    return pk_local_road_new(sign_in->daemon->keys, &person, sign_in->group_count, purpose, &ops,
                             sign_in, &sign_in->local);
}

/* --- recovery codes --------------------------------------------------------------------------- */

static void recovery_finished(void *data, enum pk_status status)
{
    struct sign_in *sign_in = data;
    const struct account *account = &sign_in->subject.account;

    if (status == PK_OK && account->uid != PK_NO_UID)
        status = system_account_check(account->name, account->uid);
    if (status == PK_OK)
        succeed(sign_in, account->name);
    else
        refuse(sign_in, status == PK_CANCELLED ? sign_in->failure : status);
}

static enum pk_status start_recovery(struct sign_in *sign_in)
{
    if (!sign_in->subject.account.name)
        return PK_UNAVAILABLE;
    return recovery_road_new(sign_in->daemon, sign_in->conversation, &sign_in->subject.account,
                             sign_in->failure, recovery_finished, sign_in, &sign_in->recovery);
}

/* --- road after road -------------------------------------------------------------------------- */

/* Starts the next road that can be used here; without one, the last failure is the outcome. */
static void next_road(struct sign_in *sign_in)
{
    while (sign_in->next_road < sign_in->roads.count) {
        enum road road = sign_in->roads.items[sign_in->next_road++];
        enum pk_status status = PK_UNAVAILABLE;

        if (road == ROAD_LOCAL && !sign_in->local)
            status = start_local(sign_in);
        else if (road == ROAD_RECOVERY && !sign_in->recovery)
            status = start_recovery(sign_in);
        if (status == PK_OK)
            return;
        if (status != PK_UNAVAILABLE) {
            refuse(sign_in, status);
            return;
        }
    }
    refuse(sign_in, sign_in->failure);
}

static void answered(void *data, struct pk_secret *answer)
{
    struct sign_in *sign_in = data;

    if (sign_in->recovery)
        recovery_road_answered(sign_in->recovery, answer);
    else if (sign_in->choice)
        account_choice_answered(sign_in->choice, answer);
    else if (sign_in->local)
        pk_local_road_answered(sign_in->local, answer);
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
    static const struct roads usual = {{ROAD_LOCAL, ROAD_RECOVERY}, 2};
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
    return timeout < TIMEOUT_MAX ? timeout : TIMEOUT_MAX;
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

/* Who is it? An account that is not there is told in the conversation, as any other outcome. */
static enum pk_status identify(struct sign_in *sign_in, const struct call *call,
                               const struct sign_in_request *request, enum pk_status *ret_known)
{
    const struct config *config = sign_in->daemon->config;
    const struct service_config *service = config_service(config, request->service);
    const char *rp_name = request->rp[0] ? request->rp : service ? service->rp : NULL;
    const struct rp_config *rp = config_rp(config, rp_name);
    enum pk_status status;

    *ret_known = PK_OK;
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
        *ret_known = status;
        return PK_OK;
    }
    if (!status)
        status =
            subject_credentials(sign_in->daemon, &sign_in->subject, NULL, &sign_in->credentials);
    if (!status && sign_in->credentials.count == 0)
        *ret_known = PK_NO_CREDENTIALS;
    return status;
}

void sign_in_start(struct daemon *daemon, struct call *call, const struct sign_in_request *request)
{
    struct sign_in *sign_in = sign_in_new(daemon, request);
    static const struct conversation_ops ops = {answered, stopped, release};
    struct conversation *conversation;
    enum pk_status known;
    enum pk_status status;

    if (!sign_in) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
        return;
    }
    status = identify(sign_in, call, request, &known);
    if (status) {
        release(sign_in);
        subject_refuse(call, status);
        return;
    }
    pk_log(LOG_DEBUG, "[%s] authentication of \"%s\" for %s asked by uid %u", call->id,
           request->user, request->service, (unsigned)call->uid);
    conversation =
        conversation_open(daemon, call, choose_timeout(daemon->config, request), &ops, sign_in);
    if (!conversation)
        return; /* released already */
    sign_in->conversation = conversation;
    if (known != PK_OK)
        refuse(sign_in, known);
    else
        next_road(sign_in);
}
