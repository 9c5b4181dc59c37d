/* SPDX-License-Identifier: BSD-2-Clause */
/* Signing in with a security key that the person's ssh-agent reaches. */
#include "common/base/cleanup.h"
#include "daemon/auth/sign_in_roads.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/road_agent.h"
#include "daemon/verify/sk_credential.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

static const struct group *find(const struct groups *groups, const char *rp_id)
{
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->items[i].rp_id, rp_id) == 0)
            return &groups->items[i];
    return NULL;
}

static enum pk_status make_question(const struct ceremony *ceremony, struct sk_question *ret)
{
    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN; /* it has expired */
    return sk_question_make(PK_AUTHENTICATION, pk_view_of(&ceremony->requirements.challenge), ret);
}

/* The ceremony begins once the agent is known to hold a key that can end it. */
static enum pk_status question(void *data, const char *rp_id, uint8_t ret_message[PK_HASH_SIZE])
{
    struct sign_in *sign_in = data;
    struct groups *groups = &sign_in->agent_groups;
    struct sk_question made;
    enum pk_status status = PK_OK;

    if (!find(groups, rp_id))
        status = sign_in_begin(sign_in, &sign_in->credentials, rp_id, false, groups);
    if (status == PK_OK)
        status = make_question(sign_in_peek(sign_in, find(groups, rp_id)), &made);
    if (status == PK_OK)
        (void)memcpy(ret_message, made.message, PK_HASH_SIZE);
    return status;
}

/* Out of the table before it is looked at, whatever comes of it. */
static void key_signed(void *data, const struct credential *credential,
                       const struct pk_sk_signature *signature)
{
    struct sign_in *sign_in = data;
    const struct group *group = find(&sign_in->agent_groups, credential->rp_id);
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = group ? sign_in_take(sign_in, group) : NULL;
    PK_AUTO_BYTES struct pk_bytes auth_data = {0};
    AUTO_VERIFIED struct verified verified = {0};
    struct sk_question asked;
    enum pk_status status = make_question(ceremony, &asked);

    if (status == PK_OK)
        status = sk_authenticator_data(credential->rp_id, signature, &auth_data);
    if (status != PK_OK) {
        sign_in_refuse(sign_in, status);
        return;
    }
    status = finish_assertion_with(sign_in->daemon, ceremony,
                                   &(struct pk_assertion_answer){
                                       .credential_id = credential->record.id,
                                       .authenticator_data = auth_data,
                                       .signature = signature->signature,
                                   },
                                   asked.hash, &verified);
    if (status == PK_USER_NOT_VERIFIED)
        conversation_error(sign_in->conversation, status, SK_MESSAGE_NOT_VERIFIED);
    if (status == PK_OK)
        sign_in_succeed(sign_in, verified.credential.account.name);
    else
        sign_in_end(sign_in, status); /* logged by the verifier */
}

/* The person knows already; what the sign-in comes to in the end is as if there were no agent. */
static void failed(void *data, enum pk_status why)
{
    struct sign_in *sign_in = data;

    sign_in_next(sign_in, why == PK_TOUCH_TIMEOUT ? PK_TIMEOUT : sign_in->failure);
}

static enum pk_status start(struct sign_in *sign_in)
{
    static const struct agent_road_ops ops = {question, key_signed, failed};
    const struct context context = sign_in_context(sign_in);
    PK_AUTO_FREE char *purpose = NULL;

    if (sign_in->known || sign_in->agent_fd < 0)
        return PK_UNAVAILABLE;
    purpose = message_purpose(&context);
    if (!purpose)
        return PK_NO_MEMORY;
    return agent_road_new(sign_in->daemon, sign_in->conversation,
                          &(struct agent_road_request){
                              .fd = pk_steal_fd(&sign_in->agent_fd),
                              .credentials = &sign_in->credentials,
                              .purpose = purpose,
                          },
                          &ops, sign_in, &sign_in->agent);
}

/* It asks nothing that is typed. */
static void answered(struct sign_in *sign_in, struct pk_secret *answer)
{
    (void)sign_in, (void)answer;
}

const struct sign_in_road sign_in_agent = {start, answered};
