/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrolment by ssh-agent: offers the keys that the agent holds and the account does not have yet;
 * the chosen one proves possession by a signature.
 */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/messages.h"
#include "daemon/dialogue/numbered_choice.h"
#include "daemon/methods/agent/agent.h"
#include "daemon/verify/sk_credential.h"
#include "daemon/verify/sk_enrollment.h"

#include <string.h>

static const char *explain(enum pk_status why)
{
    switch (why) {
    case PK_CREDENTIAL_EXCLUDED:
        return "The security keys in your ssh-agent are enrolled already.";
    case PK_NO_MATCH:
        return "Your ssh-agent holds no security key (made by ssh-keygen -t ed25519-sk).";
    default:
        return agent_message(why);
    }
}

static void fail(struct agent_method *agent, enum pk_status why)
{
    agent_method_hang_up(agent);
    pk_log(LOG_NOTICE, "[%s] ssh-agent: %s (%s)", conversation_id(agent->attempt->conversation),
           pk_status_name(why), pk_status_clause(why));
    attempt_set_text(agent->attempt, explain(why));
    attempt_refused(agent->attempt, why);
}

/* --- the proof of possession ------------------------------------------------------------------ */

struct proof {
    struct verification verification;
    struct pk_sk_key key;
    char *comment;
    struct pk_sk_signature signature;
};

static struct verdict judge(const struct verification *verification)
{
    const struct proof *proof = (const struct proof *)verification;

    return verify_and_commit_sk(verification->store, verification->ceremony,
                                &(struct sk_enrollment){
                                    .key = &proof->key,
                                    .comment = proof->comment,
                                    .signature = &proof->signature,
                                });
}

static void judged(struct verification *verification, struct verdict *verdict)
{
    struct attempt *attempt = verification->attempt;

    PK_AUTO_FREE char *enrolled = verdict->name ? message_enrolled_already(verdict->name) : NULL;

    attempt_set_text(attempt, enrolled ? enrolled : sk_enrollment_message(verdict->status));
    attempt_decided(attempt, verdict);
}

static void proof_clear(struct verification *verification)
{
    struct proof *proof = (struct proof *)verification;

    pk_sk_signature_clear(&proof->signature);
    free(proof->comment);
}

/*
 * Takes the signature and the ceremony first, whatever the outcome: a challenge is used once.
 */
static void decide(struct agent_method *agent, struct pk_sk_signature *signature)
{
    static const struct verification_plan plan = {judge, judged, proof_clear, false};
    struct ceremony *ceremony = attempt_take_ceremony(agent->attempt, 0);
    struct proof *proof = calloc(1, sizeof(*proof));
    enum pk_status status =
        proof ? pk_text_copy(agent->chosen->comment, &proof->comment) : PK_NO_MEMORY;

    agent_method_hang_up(agent);
    if (!status) {
        proof->key = agent->chosen->key;
        proof->signature = *signature;
        *signature = (struct pk_sk_signature){0}; /* moved */
    }
    attempt_verify(agent->attempt, (struct verification *)proof, ceremony, status, &plan);
}

static void on_signature(void *data, enum pk_status status, struct pk_view payload)
{
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};
    struct agent_method *agent = data;

    if (status == PK_OK)
        status = agent_signature_parse(payload, &signature);
    if (status == PK_OK)
        decide(agent, &signature);
    else
        fail(agent, status == PK_TIMEOUT ? PK_TOUCH_TIMEOUT : status);
}

static void request_signature(struct agent_method *agent, const struct agent_key *key)
{
    const struct ceremony *ceremony = attempt_peek_ceremony(agent->attempt, 0);
    PK_AUTO_FREE char *text = message_touch_agent(NULL, agent->attempt->purpose);
    struct sk_question question;
    enum pk_status status = PK_CHALLENGE_UNKNOWN; /* the ceremony has expired */

    agent->chosen = key;
    agent_connection_set_deadline(agent->connection, agent->attempt->daemon->config->touch_timeout);
    if (ceremony)
        status = sk_question_make(PK_REGISTRATION, pk_view_of(&ceremony->requirements.challenge),
                                  &question);
    if (status == PK_OK && !text)
        status = PK_NO_MEMORY;
    if (status == PK_OK)
        status = agent_ask_signature(agent->connection, pk_view_of(&key->blob), question.message,
                                     on_signature, agent);
    if (status == PK_OK)
        conversation_info(agent->attempt->conversation, "touch", text);
    else
        fail(agent, status);
}

/* --- the choice of a key ---------------------------------------------------------------------- */

/* The key as "ssh-add -l" lists it. */
static char *describe_key(const struct agent_key *key)
{
    uint8_t hash[PK_HASH_SIZE];
    PK_AUTO_FREE char *digest = NULL;

    pk_sha256(pk_view_of(&key->blob), hash);
    digest = pk_base64_encode((struct pk_view){hash, sizeof(hash)});
    if (!digest)
        return NULL;
    digest[strcspn(digest, "=")] = '\0';
    return pk_text_format("SHA256:%s %s (%s)", digest, key->comment,
                          key->key.type == PK_SK_ECDSA ? "ECDSA-SK" : "ED25519-SK");
}

static enum pk_status ask_which_key(struct agent_method *agent)
{
    struct conversation *conversation = agent->attempt->conversation;
    struct pk_strings lines = {0};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < agent->offered_count && status == PK_OK; i++) {
        PK_AUTO_FREE char *line = describe_key(agent->offered[i]);

        status = line ? pk_strings_add(&lines, line) : PK_NO_MEMORY;
    }
    /* While the person reads and types, the agent may wait as long as the conversation. */
    agent_connection_set_deadline(agent->connection, conversation_time_left(conversation));
    if (status == PK_OK)
        status = numbered_choice_ask(conversation, "key",
                                     "Your ssh-agent holds several security keys:", &lines);
    pk_strings_clear(&lines);
    return status;
}

static void offer_if_new(struct agent_method *agent, const struct agent_key *key)
{
    bool enrolled = sk_find(key->key.application, pk_view_of(&key->public_key), &agent->existing);

    if (!enrolled && agent->offered_count < AGENT_KEYS_OFFERED_MAX)
        agent->offered[agent->offered_count++] = key;
}

/* Once the agent's keys and the account's are both known. */
static void offer_keys(struct agent_method *agent)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < agent->keys.count; i++)
        offer_if_new(agent, &agent->keys.items[i]);
    if (agent->offered_count == 0)
        status = agent->keys.count > 0 ? PK_CREDENTIAL_EXCLUDED : PK_NO_MATCH;
    if (agent->offered_count == 1) {
        request_signature(agent, agent->offered[0]);
        return;
    }
    if (status == PK_OK)
        status = ask_which_key(agent);
    if (status != PK_OK)
        fail(agent, status);
}

static void keys_known(struct agent_method *agent, enum pk_status status)
{
    agent->keys_came = true;
    if (status != PK_OK)
        fail(agent, status);
    else if (!agent->search)
        offer_keys(agent);
}

void agent_enroll_answered(struct agent_method *agent, const struct pk_secret *answer)
{
    size_t index = numbered_choice_read(answer, agent->offered_count);

    if (agent->chosen || !agent->connection)
        return;
    if (index < agent->offered_count)
        request_signature(agent, agent->offered[index]);
    else
        fail(agent, PK_CANCELLED);
}

/* --- starting --------------------------------------------------------------------------------- */

static void on_existing(void *data, enum pk_status status, struct credential_list *list)
{
    struct agent_method *agent = data;

    agent->search = NULL;
    agent->existing = *list;
    *list = (struct credential_list){0}; /* moved */
    if (status != PK_OK)
        attempt_refused(agent->attempt, status);
    else if (agent->keys_came)
        offer_keys(agent);
}

enum pk_status agent_enroll(struct enrollment *enrollment, void **ret_state)
{
    struct attempt *attempt = &enrollment->attempt;
    const struct ceremony *ceremony = attempt_peek_ceremony(attempt, 0);
    PK_CLEANUP(agent_method_free) struct agent_method *agent = NULL;
    enum pk_status status;

    if (attempt->agent_fd < 0)
        return PK_UNAVAILABLE;
    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    status = agent_method_new(attempt, keys_known, &agent);
    if (status == PK_OK)
        status = credential_search_new(attempt, &ceremony->account, (struct pk_view){0},
                                       on_existing, agent, &agent->search);
    if (status == PK_OK)
        *ret_state = pk_steal(agent);
    return status;
}
