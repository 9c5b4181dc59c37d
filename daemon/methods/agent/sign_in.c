/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sign-in by ssh-agent: the enrolled keys that the agent holds are asked for a signature, one after
 * the other, until one signs as is required here.
 */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/agent/agent.h"
#include "daemon/verify/sk_credential.h"

#include <string.h>

static struct sign_in *sign_in_of(const struct agent_method *agent)
{
    return (struct sign_in *)agent->attempt;
}

/*
 * Reports the failure to the person and the log; the attempt continues as if there were no agent.
 */
static void fail(struct agent_method *agent, enum pk_status why)
{
    struct attempt *attempt = agent->attempt;

    agent_method_hang_up(agent);
    pk_log(LOG_NOTICE, "[%s] ssh-agent%s%s%s: %s (%s)", conversation_id(attempt->conversation),
           agent->asked ? ", passkey \"" : "", agent->asked ? agent->asked->name : "",
           agent->asked ? "\"" : "", pk_status_name(why), pk_status_clause(why));
    conversation_error(attempt->conversation, why, agent_message(why));
    attempt_next(attempt, why == PK_TOUCH_TIMEOUT ? PK_TIMEOUT : attempt->failure);
}

/* --- the signature ---------------------------------------------------------------------------- */

static enum pk_status make_question(const struct ceremony *ceremony, struct sk_question *ret)
{
    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN; /* the ceremony has expired */
    return sk_question_make(PK_AUTHENTICATION, pk_view_of(&ceremony->requirements.challenge), ret);
}

struct signature_check {
    struct verification verification;
    struct agent_method *agent; /* for the loop */
    struct pk_bytes credential_id;
    char *rp_id;
    struct pk_sk_signature signature;
};

static struct verdict judge(const struct verification *verification)
{
    const struct signature_check *check = (const struct signature_check *)verification;
    PK_AUTO_BYTES struct pk_bytes auth_data = {0};
    struct sk_question asked;
    enum pk_status status = make_question(verification->ceremony, &asked);

    if (status == PK_OK)
        status = sk_authenticator_data(check->rp_id, &check->signature, &auth_data);
    if (status != PK_OK)
        return verdict_refused(status);
    return verify_and_commit_assertion(verification->store, verification->ceremony, asked.hash,
                                       &(struct pk_assertion){
                                           .credential_id = pk_view_of(&check->credential_id),
                                           .authenticator_data = pk_view_of(&auth_data),
                                           .signature = pk_view_of(&check->signature.signature),
                                       });
}

static const struct agent_key *take_next(struct agent_method *agent);
static void sign_with(struct agent_method *agent, const struct agent_key *key);

/* The key did what it can, and that is not enough here: another one may do more. */
static bool may_another(enum pk_status status)
{
    return status == PK_USER_NOT_VERIFIED || status == PK_USER_NOT_PRESENT;
}

static void judged(struct verification *verification, struct verdict *verdict)
{
    struct agent_method *agent = ((struct signature_check *)verification)->agent;
    struct attempt *attempt = verification->attempt;
    const char *name = agent->asked->name;
    const struct agent_key *key = NULL;

    if (verdict->status == PK_USER_NOT_VERIFIED)
        conversation_error(attempt->conversation, verdict->status, SK_MESSAGE_NOT_VERIFIED);
    if (may_another(verdict->status))
        key = take_next(agent);
    if (key) {
        pk_log(LOG_NOTICE, "[%s] ssh-agent, passkey \"%s\": %s, another one is asked",
               conversation_id(attempt->conversation), name, pk_status_name(verdict->status));
        agent_connection_set_deadline(agent->connection, attempt->daemon->config->touch_timeout);
        sign_with(agent, key);
        return;
    }
    agent_method_hang_up(agent);
    attempt_decided(attempt, verdict);
}

static void signature_check_clear(struct verification *verification)
{
    struct signature_check *check = (struct signature_check *)verification;

    pk_bytes_clear(&check->credential_id);
    pk_sk_signature_clear(&check->signature);
    free(check->rp_id);
}

/*
 * Takes the signature and the ceremony first, whatever the outcome: a challenge is used once.
 */
static void decide(struct agent_method *agent, struct pk_sk_signature *signature)
{
    static const struct verification_plan plan = {judge, judged, signature_check_clear, false};
    struct attempt *attempt = agent->attempt;
    struct ceremony *ceremony =
        attempt_take_ceremony(attempt, attempt_find_ceremony(attempt, agent->asked->rp_id));
    struct signature_check *check = calloc(1, sizeof(*check));
    enum pk_status status = check ? pk_text_copy(agent->asked->rp_id, &check->rp_id) : PK_NO_MEMORY;

    if (!status)
        status = pk_bytes_copy(pk_view_of(&agent->asked->record.id), &check->credential_id);
    if (!status) {
        check->agent = agent;
        check->signature = *signature;
        *signature = (struct pk_sk_signature){0}; /* moved */
    }
    if (status || !ceremony) /* refused at once */
        agent_method_hang_up(agent);
    attempt_verify(attempt, (struct verification *)check, ceremony, status, &plan);
}

/* --- the sequence of keys --------------------------------------------------------------------- */

static const struct agent_key *find_key(const struct agent_method *agent,
                                        const struct credential *credential)
{
    for (size_t i = 0; i < agent->keys.count; i++) {
        const struct agent_key *key = &agent->keys.items[i];

        if (sk_is_credential(key->key.application, pk_view_of(&key->public_key), credential))
            return key;
    }
    return NULL;
}

static bool holds_several(const struct agent_method *agent)
{
    const struct credential_list *credentials = &sign_in_of(agent)->credentials;
    size_t count = 0;

    for (size_t i = 0; i < credentials->count; i++)
        count += find_key(agent, &credentials->items[i]) != NULL;
    return count > 1;
}

static void sign_next(struct agent_method *agent);

static void on_signature(void *data, enum pk_status status, struct pk_view payload)
{
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};
    struct agent_method *agent = data;

    if (status == PK_OK)
        status = agent_signature_parse(payload, &signature);
    if (status == PK_OK)
        decide(agent, &signature);
    else if (status == PK_OPERATION_DENIED)
        sign_next(agent);
    else
        fail(agent, status == PK_TIMEOUT ? PK_TOUCH_TIMEOUT : status);
}

/* A ceremony begins only when the agent holds a key that can complete it. */
static enum pk_status request_signature(struct agent_method *agent, const struct agent_key *key)
{
    struct sign_in *sign_in = sign_in_of(agent);
    struct attempt *attempt = agent->attempt;
    const char *rp_id = agent->asked->rp_id;
    PK_AUTO_FREE char *text =
        message_touch_agent(holds_several(agent) ? agent->asked->name : NULL, attempt->purpose);
    struct sk_question question;
    enum pk_status status = text ? PK_OK : PK_NO_MEMORY;

    if (status == PK_OK && attempt_find_ceremony(attempt, rp_id) == attempt->ceremony_count)
        status = sign_in_begin(sign_in, &sign_in->credentials, rp_id, ANSWERED_HERE);
    if (status == PK_OK)
        status = make_question(
            attempt_peek_ceremony(attempt, attempt_find_ceremony(attempt, rp_id)), &question);
    if (status == PK_OK)
        status = agent_ask_signature(agent->connection, pk_view_of(&key->blob), question.message,
                                     on_signature, agent);
    if (status == PK_OK)
        conversation_info(attempt->conversation, "touch", text);
    return status;
}

static void sign_with(struct agent_method *agent, const struct agent_key *key)
{
    enum pk_status status = request_signature(agent, key);

    if (status != PK_OK)
        fail(agent, status);
}

/* Of the credentials whose turn it is the next that the agent has the key of; NULL: none. */
static const struct agent_key *take_from_list(struct agent_method *agent)
{
    const struct credential_list *credentials = &sign_in_of(agent)->credentials;
    const struct agent_key *key = NULL;

    while (!key && agent->next < credentials->count) {
        const struct credential *credential = &credentials->items[agent->next++];

        if (agent->verified_first && credential->user_verified == agent->rest)
            continue;
        key = find_key(agent, credential);
        if (key)
            agent->asked = credential;
    }
    return key;
}

/* The key to ask next, whose credential is then agent->asked; NULL: there is no more. */
static const struct agent_key *take_next(struct agent_method *agent)
{
    const struct agent_key *key = take_from_list(agent);

    if (key || !agent->verified_first || agent->rest)
        return key;
    agent->rest = true;
    agent->next = 0;
    return take_from_list(agent);
}

static void sign_next(struct agent_method *agent)
{
    enum pk_status status = agent->asked ? PK_OPERATION_DENIED : PK_NO_MATCH;
    const struct agent_key *key = take_next(agent);

    if (key)
        sign_with(agent, key);
    else
        fail(agent, status);
}

/*
 * Where the person has to be verified, a key without a PIN would only cost a touch that counts for
 * nothing.
 */
static enum pk_status choose_order(struct agent_method *agent)
{
    struct sign_in *sign_in = sign_in_of(agent);
    const struct credential_list *credentials = &sign_in->credentials;
    const struct ceremony *ceremony;
    size_t held = 0;
    enum pk_status status;

    while (held < credentials->count && !find_key(agent, &credentials->items[held]))
        held++;
    if (held == credentials->count)
        return PK_OK;
    status = sign_in_begin(sign_in, credentials, credentials->items[held].rp_id, ANSWERED_HERE);
    if (status != PK_OK)
        return status;
    ceremony = attempt_peek_ceremony(
        &sign_in->attempt,
        attempt_find_ceremony(&sign_in->attempt, credentials->items[held].rp_id));
    agent->verified_first = ceremony && ceremony->requirements.user_verification == PK_REQUIRED;
    return PK_OK;
}

static void keys_known(struct agent_method *agent, enum pk_status status)
{
    if (status == PK_OK)
        status = choose_order(agent);
    if (status == PK_OK)
        sign_next(agent);
    else
        fail(agent, status);
}

/* --- starting --------------------------------------------------------------------------------- */

static bool has_ssh_key(const struct credential_list *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (sk_is_ssh(credentials->items[i].rp_id))
            return true;
    return false;
}

enum pk_status agent_sign_in_start(struct sign_in *sign_in, void **ret_state)
{
    struct agent_method *agent = NULL;
    enum pk_status status;

    if (sign_in->why_no_method || !has_ssh_key(&sign_in->credentials))
        cleanup_close_fd(&sign_in->attempt.agent_fd);
    if (sign_in->attempt.agent_fd < 0)
        return PK_UNAVAILABLE;
    status = agent_method_new(&sign_in->attempt, keys_known, &agent);
    if (status == PK_OK)
        *ret_state = agent;
    return status == PK_INVALID_INPUT ? PK_UNAVAILABLE : status;
}
