/* SPDX-License-Identifier: BSD-2-Clause */
/* Signing in with a security key in this machine. */
#include "common/keys/local_ceremony.h"
#include "daemon/auth/sign_in_roads.h"
#include "daemon/dialogue/account_choice.h"
#include "daemon/dialogue/messages.h"
#include "daemon/verify/sk_credential.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

static enum pk_status request(void *data, size_t group, struct pk_frame *ret)
{
    const struct sign_in *sign_in = data;
    const struct ceremony *ceremony = sign_in_peek(sign_in, &sign_in->local_groups.items[group]);
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    struct pk_assertion_request *assertion = &frame.get_assertion;
    enum pk_status status;

    if (!ceremony)
        return PK_TIMEOUT;
    status = context_local_client_data_hash(
        PK_AUTHENTICATION, pk_view_of(&ceremony->requirements.challenge),
        ceremony->requirements.rp_id, assertion->client_data_hash);
    assertion->user_verification = ceremony->requirements.user_verification;
    assertion->rp_id = strdup(ceremony->requirements.rp_id);
    if (!status && !assertion->rp_id)
        status = PK_NO_MEMORY;
    if (!status && ceremony->requirements.appid) {
        assertion->appid = strdup(ceremony->requirements.appid);
        status = assertion->appid ? PK_OK : PK_NO_MEMORY;
    }
    if (!status)
        status =
            descriptors_copy(&ceremony->requirements, &assertion->allow, &assertion->allow_count);
    if (status)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

/* Out of the table before it is looked at, whatever comes of it. */
static void judge(struct sign_in *sign_in, size_t group, const struct pk_assertion_answer *answer)
{
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = sign_in_take(sign_in, &sign_in->local_groups.items[group]);
    AUTO_VERIFIED struct verified verified = {0};
    enum pk_status status = PK_CHALLENGE_UNKNOWN;

    if (ceremony)
        status = finish_local_assertion(sign_in->daemon, ceremony, answer, &verified);
    if (status == PK_OK)
        sign_in_succeed(sign_in, verified.credential.account.name);
    else if (ceremony)
        sign_in_end(sign_in, status); /* logged by the verifier */
    else
        sign_in_refuse(sign_in, status);
}

static void chosen(void *data, const struct pk_assertion_answer *answer)
{
    if (answer)
        judge(data, 0, answer);
    else
        sign_in_refuse(data, PK_CANCELLED);
}

static void key_answered(void *data, size_t group, const char *name, const struct pk_frame *frame)
{
    struct sign_in *sign_in = data;
    enum pk_status status;

    (void)name;
    if (frame->type != PK_FRAME_ASSERTION || frame->assertion.count == 0) {
        sign_in_refuse(sign_in, PK_DEVICE_ERROR);
        return;
    }
    if (frame->assertion.count == 1 || sign_in->subject.account.name) {
        judge(sign_in, group, &frame->assertion.items[0]);
        return;
    }
    /* The key holds several accounts: those that may be meant are offered. */
    status = account_choice_new(sign_in->daemon, sign_in->conversation,
                                sign_in_peek(sign_in, &sign_in->local_groups.items[group]),
                                &frame->assertion, chosen, sign_in, &sign_in->choice);
    if (status)
        sign_in_refuse(sign_in, status);
}

static void failed(void *data, enum pk_status why)
{
    sign_in_next(data, why);
}

static bool has_group(const struct groups *groups, const char *rp_id)
{
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->items[i].rp_id, rp_id) == 0)
            return true;
    return false;
}

static enum pk_status begin_groups(struct sign_in *sign_in)
{
    const struct rp_config *rp = config_rp(sign_in->daemon->config, sign_in->rp);
    const struct credential_list *credentials = &sign_in->credentials;
    struct groups *groups = &sign_in->local_groups;
    enum pk_status status = PK_OK;

    if (!sign_in->subject.account.name)
        return rp && rp->id ? sign_in_begin(sign_in, credentials, rp->id, false, groups)
                            : PK_UNAVAILABLE;
    for (size_t i = 0; i < credentials->count && !status; i++) {
        const char *rp_id = credentials->items[i].rp_id;

        /* An OpenSSH key is asked for by the agent that knows its handle. */
        if (!sk_is_ssh(rp_id) && !has_group(groups, rp_id))
            status = sign_in_begin(sign_in, credentials, rp_id, false, groups);
    }
    return status || groups->count > 0 ? status : PK_UNAVAILABLE;
}

static enum pk_status start(struct sign_in *sign_in)
{
    static const struct pk_local_ceremony_ops ops = {request, key_answered, failed};
    const struct pk_dialogue person = conversation_dialogue(sign_in->conversation);
    const struct context context = sign_in_context(sign_in);
    PK_AUTO_FREE char *purpose = NULL;
    enum pk_status status;

    if (context_is_remote(&context))
        return PK_UNAVAILABLE; /* a remote session never blinks a local key */
    status = sign_in->known ? PK_UNAVAILABLE : begin_groups(sign_in);
    if (status)
        return status;
    purpose = message_purpose(&context);
    if (!purpose)
        return PK_NO_MEMORY;
    return pk_local_ceremony_new(sign_in->daemon->keys, &person, sign_in->local_groups.count,
                                 purpose, &ops, sign_in, &sign_in->local);
}

static void answered(struct sign_in *sign_in, struct pk_secret *answer)
{
    if (sign_in->choice)
        account_choice_answered(sign_in->choice, answer);
    else
        pk_local_ceremony_answered(sign_in->local, answer);
}

const struct sign_in_road sign_in_local = {start, answered};
