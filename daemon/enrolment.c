/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/enrolment.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/road_local.h"
#include "daemon/conversation.h"
#include "daemon/enrol_agent.h"
#include "daemon/finish.h"
#include "daemon/key_naming.h"
#include "daemon/messages.h"
#include "daemon/passkey_json.h"
#include "daemon/registration.h"
#include "daemon/sk_credential.h"

#include <string.h>

#define TIMEOUT_MAX   600 /* seconds */
#define TIMEOUT_EXTRA 120 /* for typing, beside inserting and touching */

struct enrolment {
    struct daemon *daemon;
    struct conversation *conversation;
    char id[UUID_SIZE]; /* of the ceremony, in the table until an answer comes */
    uid_t owner;
    char *user;
    struct pk_local_road *local;
    struct key_naming *naming;
    struct agent_enrolment *agent;
    int agent_fd; /* until it begins; -1: a key in this machine is meant */
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
        pk_local_road_free(enrolment->local);
    if (enrolment->naming)
        key_naming_free(enrolment->naming);
    if (enrolment->agent)
        agent_enrolment_free(enrolment->agent);
    cleanup_close_fd(&enrolment->agent_fd);
    drop_ceremony(enrolment);
    free(enrolment->user);
    free(enrolment);
}

static void stopped(void *data, enum pk_status why)
{
    struct enrolment *enrolment = data;

    (void)why;
    if (enrolment->local)
        pk_local_road_free(pk_steal(enrolment->local));
    if (enrolment->naming)
        key_naming_free(pk_steal(enrolment->naming));
    if (enrolment->agent)
        agent_enrolment_free(pk_steal(enrolment->agent));
    drop_ceremony(enrolment);
}

static void answered(void *data, struct pk_secret *answer)
{
    struct enrolment *enrolment = data;

    if (enrolment->local)
        pk_local_road_answered(enrolment->local, answer);
    else if (enrolment->agent)
        agent_enrolment_answered(enrolment->agent, answer);
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

static char *text_or_empty(const char *text)
{
    return strdup(text ? text : "");
}

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
    request->rp_id = strdup(requirements->rp_id);
    request->rp_name = text_or_empty(requirements->rp_name);
    request->user_name = text_or_empty(requirements->user_name);
    request->user_display_name = text_or_empty(requirements->user_display_name);
    request->algorithm_count = requirements->algorithm_count;
    (void)memcpy(request->algorithms, requirements->algorithms, sizeof(request->algorithms));
    request->user_verification = requirements->user_verification;
    request->resident_key = requirements->resident_key;
    request->attestation = requirements->attestation;
    request->cred_protect = requirements->cred_protect;
    if (!request->rp_id || !request->rp_name || !request->user_name || !request->user_display_name)
        return PK_NO_MEMORY;
    status = context_local_client_data_hash(PK_REGISTRATION, pk_view_of(&requirements->challenge),
                                            requirements->rp_id, request->client_data_hash);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&requirements->user_handle), &request->user_handle);
    if (!status)
        status = descriptors_copy(requirements, &request->exclude, &request->exclude_count);
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
    const char *path = pk_local_road_failed_path(enrolment->local);

    /* Which of the account's passkeys does that key hold? */
    if (why == PK_CREDENTIAL_EXCLUDED && ceremony && path &&
        key_naming_new(enrolment->daemon, ceremony, path, named, enrolment, &enrolment->naming) ==
            PK_OK)
        return;
    refuse(enrolment, why, pk_message_outcome(why));
}

/* --- the ssh-agent ---------------------------------------------------------------------------- */

static enum pk_status agent_question(void *data, uint8_t ret_message[PK_HASH_SIZE])
{
    struct enrolment *enrolment = data;
    const struct ceremony *ceremony = ceremonies_peek(enrolment->daemon->ceremonies, enrolment->id);
    struct sk_question question;
    enum pk_status status = PK_TIMEOUT;

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
    const struct agent_enrolment_request request = {
        .fd = pk_steal_fd(&enrolment->agent_fd),
        .account = &ceremony->account,
        .purpose = purpose,
    };

    return agent_enrolment_new(enrolment->daemon, enrolment->conversation, &request, &ops,
                               enrolment, &enrolment->agent);
}

/* --- beginning -------------------------------------------------------------------------------- */

static enum pk_status begin(struct enrolment *enrolment)
{
    static const struct pk_local_road_ops ops = {local_request, local_answered, local_failed};
    const struct pk_dialogue person = conversation_dialogue(enrolment->conversation);
    char host[PK_RP_ID_MAX + 1] = "";
    PK_AUTO_FREE char *purpose = NULL;

    (void)gethostname(host, sizeof(host) - 1);
    purpose = message_purpose(&(struct context){.act = "enroll",
                                                .user = enrolment->user,
                                                .service = "",
                                                .host = host,
                                                .tty = "",
                                                .rhost = "",
                                                .command = "",
                                                .target = ""});
    if (!purpose)
        return PK_NO_MEMORY;
    if (enrolment->agent_fd >= 0)
        return begin_agent(enrolment, purpose);
    return pk_local_road_new(enrolment->daemon->keys, &person, 1, purpose, &ops, enrolment,
                             &enrolment->local);
}

static struct ceremony *make_ceremony(struct daemon *daemon, struct call *call,
                                      const struct enrolment_request *request)
{
    AUTO_SUBJECT struct subject subject = {0};
    struct registration_request wish = {
        .name = request->name,
        .resident_key = request->resident_key,
        .user_verification = request->user_verification,
    };
    enum pk_status status = subject_resolve(daemon, call, request->rp, request->user, &subject);

    if (status) {
        subject_refuse(call, status);
        return NULL;
    }
    return registration_begin(daemon, call, &subject, &wish, request->ticket);
}

static unsigned choose_timeout(const struct config *config, const struct enrolment_request *request)
{
    unsigned timeout = request->timeout
                           ? request->timeout
                           : config->touch_timeout + config->insert_timeout + TIMEOUT_EXTRA;

    return timeout < TIMEOUT_MAX ? timeout : TIMEOUT_MAX;
}

void enrolment_start(struct daemon *daemon, struct call *call,
                     const struct enrolment_request *request)
{
    static const struct conversation_ops ops = {answered, stopped, release};
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = make_ceremony(daemon, call, request);
    struct enrolment *enrolment = ceremony ? calloc(1, sizeof(*enrolment)) : NULL;
    struct conversation *conversation;
    enum pk_status status;

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
    (void)memcpy(enrolment->id, ceremony->id, UUID_SIZE);
    pk_log(LOG_DEBUG, "[%s] enrolment for %s asked by uid %u%s", call->id, enrolment->user,
           (unsigned)call->uid, request->ticket.len ? " with a ticket" : "");
    if (ceremonies_add(daemon->ceremonies, ceremony, daemon_monotonic(), TIMEOUT_MAX,
                       daemon->config->challenges_per_user)) {
        release(enrolment);
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many ceremonies at once");
        return;
    }
    ceremony = NULL; /* the table's now */
    conversation =
        conversation_open(daemon, call, choose_timeout(daemon->config, request), &ops, enrolment);
    if (!conversation)
        return; /* released already */
    enrolment->conversation = conversation;
    status = begin(enrolment);
    if (status)
        refuse(enrolment, status, pk_message_outcome(status));
}
