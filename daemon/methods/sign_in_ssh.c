/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing in with an authenticator at the other end of an ssh connection. Where whoever asks must
 * not learn which accounts there are, one that has nothing to offer offers decoys, and all that
 * follows is done for these as for real ones.
 */
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/accounts/decoy.h"
#include "daemon/auth/sign_in_roads.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/road_ssh.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

static bool has_rp_id(const struct credential_list *list, const char *rp_id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].rp_id, rp_id) == 0)
            return true;
    return false;
}

/* The account's own passkeys of that RP id, or what it seems to have. */
static enum pk_status choose_credentials(struct sign_in *sign_in, const char *rp_id,
                                         const struct credential_list **ret)
{
    const struct account seeming = {.rp = sign_in->rp, .name = sign_in->asked};
    enum pk_status status;

    if (!sign_in->known && has_rp_id(&sign_in->credentials, rp_id)) {
        *ret = &sign_in->credentials;
        return PK_OK;
    }
    if (!sign_in->hidden)
        return PK_UNAVAILABLE;
    status = decoy_credentials(sign_in->daemon->decoy_key, &seeming, rp_id, &sign_in->decoys);
    *ret = &sign_in->decoys;
    return status;
}

static enum pk_status compose(const struct sign_in *sign_in, const struct ceremony *ceremony,
                              struct pk_forward_request *request)
{
    unsigned left = conversation_time_left(sign_in->conversation);

    request->kind = PK_FORWARD_GET;
    request->user_verification = ceremony->requirements.user_verification;
    request->timeout = left > 0 ? left : 1;
    (void)memcpy(request->nonce, ceremony->nonce, sizeof(request->nonce));
    request->context = strdup(ceremony->context);
    request->rp_id = strdup(ceremony->requirements.rp_id);
    if (!request->context || !request->rp_id)
        return PK_NO_MEMORY;
    return descriptors_copy(&ceremony->requirements, &request->credentials,
                            &request->credential_count);
}

/* Out of the table before it is looked at, whatever comes of it. */
static enum pk_status judge(void *data, enum pk_status status,
                            const struct pk_forward_answer *answer)
{
    struct sign_in *sign_in = data;
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = sign_in_take(sign_in, &sign_in->ssh_groups.items[0]);
    AUTO_VERIFIED struct verified verified = {0};
    const struct forwarded_assertion forwarded = {
        .malformed = status,
        .answer = answer,
        .decoys = sign_in->decoys.count > 0 ? &sign_in->decoys : NULL,
        .why_decoys = sign_in->known ? sign_in->known : PK_NO_CREDENTIALS,
    };

    if (!ceremony) /* a conversation ends before its ceremonies do */
        return PK_CHALLENGE_UNKNOWN;
    status = finish_forwarded_assertion(sign_in->daemon, ceremony, &forwarded, &verified);
    if (status == PK_OK)
        sign_in_succeed(sign_in, verified.credential.account.name);
    return status;
}

/* Logged by the verifier. What exactly was wrong would tell decoys from passkeys. */
static void refused(void *data, enum pk_status status)
{
    struct sign_in *sign_in = data;
    bool ours = status == PK_STORAGE || status == PK_UNAVAILABLE || status == PK_NO_MEMORY;

    sign_in_end(sign_in, sign_in->hidden && !ours ? PK_ANSWER_REFUSED : status);
}

static void declined(void *data)
{
    struct sign_in *sign_in = data;

    sign_in_drop(sign_in, &sign_in->ssh_groups);
    sign_in_next(sign_in, PK_CANCELLED);
}

static enum pk_status ask(struct sign_in *sign_in)
{
    static const struct ssh_road_ops ops = {judge, refused, declined};
    const struct ceremony *ceremony = sign_in_peek(sign_in, &sign_in->ssh_groups.items[0]);
    const struct context context = sign_in_context(sign_in);
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    PK_AUTO_FREE char *purpose = message_purpose(&context);
    enum pk_status status;

    if (!ceremony || !purpose)
        return PK_NO_MEMORY;
    status = compose(sign_in, ceremony, &request);
    if (status)
        return status;
    /* As many as fit a line; the limit of passkeys for one account is far below. */
    do {
        status = ssh_road_new(sign_in->conversation, &request, purpose, sign_in->hidden, &ops,
                              sign_in, &sign_in->ssh);
        if (status == PK_TOO_LARGE)
            pk_bytes_clear(&request.credentials[--request.credential_count].id);
    } while (status == PK_TOO_LARGE && request.credential_count > 0);
    return status;
}

static enum pk_status start(struct sign_in *sign_in)
{
    const struct rp_config *rp = config_rp(sign_in->daemon->config, sign_in->rp);
    const struct credential_list *credentials;
    enum pk_status status;

    if (!sign_in->ssh_in_play || !sign_in->subject.account.name || !rp || !rp->id)
        return PK_UNAVAILABLE;
    status = choose_credentials(sign_in, rp->id, &credentials);
    if (!status)
        status = sign_in_begin(sign_in, credentials, rp->id, true, &sign_in->ssh_groups);
    if (!status)
        status = ask(sign_in);
    if (status == PK_TOO_LARGE || status == PK_INVALID_ARGUMENT) {
        pk_log(LOG_WARNING, "[%s] the request does not fit the ssh form: %s",
               conversation_id(sign_in->conversation), pk_status_name(status));
        return PK_UNAVAILABLE;
    }
    return status;
}

static void answered(struct sign_in *sign_in, struct pk_secret *answer)
{
    ssh_road_answered(sign_in->ssh, answer);
}

const struct sign_in_road sign_in_ssh = {start, answered};
