/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/enrollment.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/local_ceremony.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/auth/registration.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/enrol_agent.h"
#include "daemon/methods/enrol_ssh.h"
#include "daemon/methods/key_naming.h"
#include "daemon/verify/creation.h"
#include "daemon/verify/sk_credential.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

#define TIMEOUT_MAX   600 /* seconds */
#define TIMEOUT_EXTRA 120 /* for typing, beside inserting and touching */

struct enrolment {
    struct daemon *daemon;
    struct conversation *conversation;
    char id[UUID_SIZE]; /* of the ceremony, in the table until an answer comes */
    uid_t owner;
    char *user;
    enum road road; /* ROAD_COUNT: none that the caller would have can be used */
    struct pk_local_ceremony *local;
    struct ssh_enrolment *ssh;
    struct key_naming *naming;
    struct agent_enrolment *agent;
    int agent_fd; /* until it begins; -1: none */
};

static struct ceremony *take(const struct enrolment *enrolment)
{
    return ceremonies_take(enrolment->daemon->ceremonies, enrolment->id, enrolment->owner,
                           PK_REGISTRATION, daemon_monotonic());
}

static void drop_ceremony(const struct enrolment *enrolment)
{
    struct ceremony *ceremony = take(enrolment);

    if (ceremony)
        ceremony_free(ceremony);
}

static void release(void *data)
{
    struct enrolment *enrolment = data;

    if (enrolment->local)
        pk_local_ceremony_free(enrolment->local);
    if (enrolment->naming)
        key_naming_free(enrolment->naming);
    if (enrolment->agent)
        agent_enrolment_free(enrolment->agent);
    cleanup_close_fd(&enrolment->agent_fd);
    if (enrolment->ssh)
        ssh_enrolment_free(enrolment->ssh);
    drop_ceremony(enrolment);
    free(enrolment->user);
    free(enrolment);
}

static void stopped(void *data, enum pk_status why)
{
    struct enrolment *enrolment = data;

    (void)why;
    if (enrolment->local)
        pk_local_ceremony_free(pk_steal(enrolment->local));
    if (enrolment->naming)
        key_naming_free(pk_steal(enrolment->naming));
    if (enrolment->agent)
        agent_enrolment_free(pk_steal(enrolment->agent));
    if (enrolment->ssh)
        ssh_enrolment_free(pk_steal(enrolment->ssh));
    drop_ceremony(enrolment);
}

static void answered(void *data, struct pk_secret *answer)
{
    struct enrolment *enrolment = data;

    if (enrolment->local)
        pk_local_ceremony_answered(enrolment->local, answer);
    else if (enrolment->agent)
        agent_enrolment_answered(enrolment->agent, answer);
    else if (enrolment->ssh)
        ssh_enrolment_answered(enrolment->ssh, answer);
}

/* Over; the log knows why already. */
static void end(struct enrolment *enrolment, enum pk_status why, const char *text)
{
    drop_ceremony(enrolment);
    conversation_done(enrolment->conversation, &(struct outcome){.status = why, .text = text});
}

static void refuse(struct enrolment *enrolment, enum pk_status why, const char *text)
{
    pk_log(LOG_NOTICE, "[%s] enrolment for %s: refused, %s (%s)",
           conversation_id(enrolment->conversation), enrolment->user, pk_status_name(why),
           pk_status_clause(why));
    end(enrolment, why, text);
}

/*
 * What an answer came to. credential: the new row, if there is one; ceremony NULL: it had ended
 * before, and nobody has logged that yet.
 */
static void conclude(struct enrolment *enrolment, const struct ceremony *ceremony,
                     enum pk_status status, struct credential *credential, const char *text)
{
    PK_AUTO_FREE char *json = NULL;

    if (status && ceremony) {
        end(enrolment, status, text); /* logged by the verifier */
        return;
    }
    if (status) {
        refuse(enrolment, status, text);
        return;
    }
    json = json_text(passkey_json(credential, ceremony->system_account));
    credential_clear(credential);
    conversation_done(enrolment->conversation,
                      &(struct outcome){.status = PK_OK,
                                        .text = "Your passkey is enrolled.",
                                        .user = enrolment->user,
                                        .credential = json});
}

/* --- the local road --------------------------------------------------------------------------- */

static enum pk_status local_request(void *data, size_t group, struct pk_frame *ret)
{
    struct enrolment *enrolment = data;
    const struct ceremony *ceremony = ceremonies_peek(enrolment->daemon->ceremonies, enrolment->id);
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_MAKE_CREDENTIAL};
    struct pk_credential_request *request = &frame.make_credential;
    const struct pk_requirements *requirements;
    enum pk_status status;

    (void)group;
    if (!ceremony)
        return PK_TIMEOUT;
    requirements = &ceremony->requirements;
    status = context_local_client_data_hash(PK_REGISTRATION, pk_view_of(&requirements->challenge),
                                            requirements->rp_id, request->client_data_hash);
    if (!status)
        status = creation_from_requirements(requirements, &request->creation);
    if (status)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

static void local_answered(void *data, size_t group, const char *name, const struct pk_frame *frame)
{
    struct enrolment *enrolment = data;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = take(enrolment);
    struct credential credential = {0};
    enum pk_status status = PK_CHALLENGE_UNKNOWN;

    (void)group;
    if (ceremony)
        status = finish_local_registration(enrolment->daemon, ceremony, &frame->credential, name,
                                           &credential);
    conclude(enrolment, ceremony, status, &credential, pk_message_outcome(status));
}

static void named(void *data, const char *name)
{
    struct enrolment *enrolment = data;
    PK_AUTO_FREE char *text =
        name ? pk_text_format("This security key is enrolled already, as \"%s\".", name) : NULL;

    refuse(enrolment, PK_CREDENTIAL_EXCLUDED,
           text ? text : pk_message_outcome(PK_CREDENTIAL_EXCLUDED));
}

static void local_failed(void *data, enum pk_status why)
{
    struct enrolment *enrolment = data;
    const struct ceremony *ceremony = ceremonies_peek(enrolment->daemon->ceremonies, enrolment->id);
    const char *path = pk_local_ceremony_failed_path(enrolment->local);

    /* Which of the account's passkeys does that key hold? */
    if (why == PK_CREDENTIAL_EXCLUDED && ceremony && path &&
        key_naming_new(enrolment->daemon, ceremony, path, named, enrolment, &enrolment->naming) ==
            PK_OK)
        return;
    refuse(enrolment, why, pk_message_outcome(why));
}

static enum pk_status begin_local(struct enrolment *enrolment, const char *purpose)
{
    static const struct pk_local_ceremony_ops ops = {local_request, local_answered, local_failed};
    const struct pk_dialogue person = conversation_dialogue(enrolment->conversation);

    return pk_local_ceremony_new(enrolment->daemon->keys, &person, 1, purpose, &ops, enrolment,
                                 &enrolment->local);
}

/* --- the ssh-agent ---------------------------------------------------------------------------- */

static enum pk_status agent_question(void *data, uint8_t ret_message[PK_HASH_SIZE])
{
    struct enrolment *enrolment = data;
    const struct ceremony *ceremony = ceremonies_peek(enrolment->daemon->ceremonies, enrolment->id);
    struct sk_question question;
    enum pk_status status = PK_CHALLENGE_UNKNOWN; /* it has expired */

    if (ceremony)
        status = sk_question_make(PK_REGISTRATION, pk_view_of(&ceremony->requirements.challenge),
                                  &question);
    if (status == PK_OK)
        (void)memcpy(ret_message, question.message, PK_HASH_SIZE);
    return status;
}

static void agent_answered(void *data, const struct sk_enrolment *made)
{
    struct enrolment *enrolment = data;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = take(enrolment);
    struct credential credential = {0};
    enum pk_status status = PK_CHALLENGE_UNKNOWN;

    if (ceremony)
        status = sk_enrol(enrolment->daemon, ceremony, made, &credential);
    conclude(enrolment, ceremony, status, &credential, sk_enrolment_message(status));
}

static void agent_failed(void *data, enum pk_status why, const char *text)
{
    refuse(data, why, text);
}

static enum pk_status begin_agent(struct enrolment *enrolment, const char *purpose)
{
    static const struct agent_enrolment_ops ops = {agent_question, agent_answered, agent_failed};
    const struct ceremony *ceremony = ceremonies_peek(enrolment->daemon->ceremonies, enrolment->id);
    struct agent_enrolment_request request = {.purpose = purpose};

    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    request.account = &ceremony->account;
    request.fd = pk_steal_fd(&enrolment->agent_fd);
    return agent_enrolment_new(enrolment->daemon, enrolment->conversation, &request, &ops,
                               enrolment, &enrolment->agent);
}

/* --- over ssh --------------------------------------------------------------------------------- */

static struct ceremony *ssh_take(void *data)
{
    return take(data);
}

static void ssh_finished(void *data, const struct ceremony *ceremony, enum pk_status status,
                         struct credential *credential, const char *text)
{
    conclude(data, ceremony, status, credential, text);
}

static enum pk_status begin_ssh(struct enrolment *enrolment, const char *purpose)
{
    static const struct ssh_enrolment_ops ops = {ssh_take, ssh_finished};
    const struct ceremony *ceremony = ceremonies_peek(enrolment->daemon->ceremonies, enrolment->id);

    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    return ssh_enrolment_new(enrolment->daemon, enrolment->conversation, ceremony, purpose, &ops,
                             enrolment, &enrolment->ssh);
}

/* --- beginning -------------------------------------------------------------------------------- */

/* Not bound to a terminal: the program that asks, not the person, would have to say which. */
static struct context context_of(const char *user, const char *rhost, const char *host)
{
    return (struct context){
        .act = "enroll",
        .user = user,
        .service = "",
        .host = host,
        .tty = "",
        .rhost = rhost,
        .command = "",
        .target = "",
    };
}

/*
 * How the key is reached: by the agent that was brought along, or the first way that the caller
 * would have and that the place permits.
 */
static enum road choose_road(const struct enrolment_request *request)
{
    static const struct roads usual = {{ROAD_LOCAL, ROAD_SSH}, 2};
    const struct roads *roads = request->roads.count > 0 ? &request->roads : &usual;
    bool remote = context_is_remote(&(struct context){.rhost = request->rhost});

    if (request->agent)
        return ROAD_AGENT;
    for (size_t i = 0; i < roads->count; i++)
        if (roads->items[i] == ROAD_SSH || (roads->items[i] == ROAD_LOCAL && !remote))
            return roads->items[i];
    return ROAD_COUNT;
}

static enum pk_status begin_road(struct enrolment *enrolment, const char *purpose)
{
    switch (enrolment->road) {
    case ROAD_LOCAL:
        return begin_local(enrolment, purpose);
    case ROAD_SSH:
        return begin_ssh(enrolment, purpose);
    case ROAD_AGENT:
        return begin_agent(enrolment, purpose);
    default:
        return PK_UNAVAILABLE;
    }
}

static void begin(struct enrolment *enrolment)
{
    char host[PK_RP_ID_MAX + 1] = "";
    PK_AUTO_FREE char *purpose = NULL;
    struct context context;
    enum pk_status status;

    if (enrolment->road == ROAD_COUNT) {
        refuse(enrolment, PK_UNAVAILABLE,
               "No security key can be reached from here in a way that is allowed.");
        return;
    }
    (void)gethostname(host, sizeof(host) - 1);
    context = context_of(enrolment->user, "", host);
    purpose = message_purpose(&context);
    status = purpose ? begin_road(enrolment, purpose) : PK_NO_MEMORY;
    if (status)
        refuse(enrolment, status, pk_message_outcome(status));
}

/* The challenge is bound to where the person is; over ssh only this host's origins may answer. */
static enum pk_status bind(struct daemon *daemon, const struct enrolment_request *request,
                           enum road road, struct ceremony *ceremony)
{
    const struct rp_config *rp = config_rp(daemon->config, request->rp);
    char host[PK_RP_ID_MAX + 1] = "";
    struct context context;
    enum pk_status status;

    (void)gethostname(host, sizeof(host) - 1);
    context = context_of(ceremony->account.name, request->rhost, host);
    status = ceremony_bind(ceremony, &context);
    if (!status && road == ROAD_SSH)
        status = rp ? ssh_enrolment_prepare(rp, request->rhost, ceremony) : PK_NOT_FOUND;
    return status;
}

static struct ceremony *make_ceremony(struct daemon *daemon, struct call *call,
                                      const struct enrolment_request *request, enum road road)
{
    AUTO_SUBJECT struct subject subject = {0};
    struct registration_request wish = {
        .name = request->name,
        .resident_key = request->resident_key,
        .user_verification = request->user_verification,
    };
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = NULL;
    enum pk_status status = subject_resolve(daemon, call, request->rp, request->user, &subject);

    if (!status) {
        ceremony = registration_begin(daemon, call, &subject, &wish, request->ticket);
        if (!ceremony)
            return NULL; /* answered */
        status = bind(daemon, request, road, ceremony);
    }
    if (status) {
        subject_refuse(call, status);
        return NULL;
    }
    return pk_steal(ceremony);
}

/* Copying lines by hand takes its time: over ssh the relying party's own limit holds. */
static unsigned choose_timeout(const struct config *config, const struct enrolment_request *request,
                               enum road road, const struct ceremony *ceremony)
{
    unsigned timeout = config->touch_timeout + config->insert_timeout + TIMEOUT_EXTRA;

    if (road == ROAD_SSH && ceremony->requirements.timeout_ms > 0)
        timeout = (ceremony->requirements.timeout_ms + 999) / 1000;
    if (request->timeout > 0)
        timeout = request->timeout;
    return timeout < TIMEOUT_MAX ? timeout : TIMEOUT_MAX;
}

void enrolment_start(struct daemon *daemon, struct call *call,
                     const struct enrolment_request *request)
{
    static const struct conversation_ops ops = {answered, stopped, release, NULL};
    enum road road = choose_road(request);
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = make_ceremony(daemon, call, request, road);
    struct enrolment *enrolment = ceremony ? calloc(1, sizeof(*enrolment)) : NULL;
    struct conversation *conversation;
    unsigned timeout;

    if (!ceremony)
        return;
    if (enrolment)
        enrolment->user = strdup(ceremony->account.name);
    if (!enrolment || !enrolment->user) {
        free(enrolment);
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
        return;
    }
    enrolment->daemon = daemon;
    enrolment->owner = call->uid;
    enrolment->agent_fd = request->agent ? value_take_fd(request->agent) : -1;
    enrolment->road = road;
    (void)memcpy(enrolment->id, ceremony->id, UUID_SIZE);
    timeout = choose_timeout(daemon->config, request, road, ceremony);
    pk_log(LOG_DEBUG, "[%s] enrolment for %s asked by uid %u%s", call->id, enrolment->user,
           (unsigned)call->uid, request->ticket.len ? " with a ticket" : "");
    if (ceremonies_add(daemon->ceremonies, ceremony, daemon_monotonic(), TIMEOUT_MAX,
                       daemon->config->challenges_per_user)) {
        release(enrolment);
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many ceremonies at once");
        return;
    }
    ceremony = NULL; /* the table's now */
    conversation = conversation_open(daemon, call, timeout, &ops, enrolment);
    if (!conversation)
        return; /* released already */
    enrolment->conversation = conversation;
    begin(enrolment);
}
