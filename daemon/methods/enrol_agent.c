/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/enrol_agent.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/webauthn/crypto.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/agent_keys.h"
#include "daemon/methods/road_agent.h"
#include "daemon/verify/sk_credential.h"

#include <string.h>

#define KEYS_OFFERED_MAX 64
#define QUESTION_MAX     16384

struct agent_enrolment {
    struct daemon *daemon;
    struct conversation *conversation;
    const struct agent_enrolment_ops *ops;
    void *data;
    char *purpose;
    struct credential_list existing; /* what the account has */
    struct agent *agent;
    struct agent_keys keys;
    const struct agent_key *offered[KEYS_OFFERED_MAX];
    size_t offered_count;
    const struct agent_key *asked;
};

/* The far end sees that nothing more will be asked. */
static void hang_up(struct agent_enrolment *enrolment)
{
    if (enrolment->agent)
        agent_free(pk_steal(enrolment->agent));
}

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

static void fail(struct agent_enrolment *enrolment, enum pk_status why)
{
    hang_up(enrolment);
    pk_log(LOG_NOTICE, "[%s] ssh-agent: %s (%s)", conversation_id(enrolment->conversation),
           pk_status_name(why), pk_status_clause(why));
    enrolment->ops->failed(enrolment->data, why, explain(why));
}

/* --- the proof -------------------------------------------------------------------------------- */

static void on_signature(void *data, enum pk_status status, struct pk_view payload)
{
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};
    struct agent_enrolment *enrolment = data;

    if (status == PK_OK)
        status = agent_signature_parse(payload, &signature);
    if (status != PK_OK) {
        fail(enrolment, status == PK_TIMEOUT ? PK_TOUCH_TIMEOUT : status);
        return;
    }
    hang_up(enrolment);
    enrolment->ops->answered(enrolment->data, &(struct sk_enrolment){
                                                  .key = &enrolment->asked->key,
                                                  .comment = enrolment->asked->comment,
                                                  .signature = &signature,
                                              });
}

static void sign(struct agent_enrolment *enrolment, const struct agent_key *key)
{
    PK_AUTO_FREE char *text = message_touch_agent(NULL, enrolment->purpose);
    uint8_t message[PK_HASH_SIZE];
    enum pk_status status = enrolment->ops->question(enrolment->data, message);

    enrolment->asked = key;
    agent_set_deadline(enrolment->agent, enrolment->daemon->config->touch_timeout);
    if (status == PK_OK && !text)
        status = PK_NO_MEMORY;
    if (status == PK_OK)
        status = agent_ask_signature(enrolment->agent, pk_view_of(&key->blob), message,
                                     on_signature, enrolment);
    if (status == PK_OK)
        conversation_info(enrolment->conversation, "touch", text);
    else
        fail(enrolment, status);
}

/* --- which key -------------------------------------------------------------------------------- */

static bool has(const struct agent_enrolment *enrolment, const struct agent_key *key)
{
    return sk_is_among(key->key.application, pk_view_of(&key->public_key), &enrolment->existing);
}

/* As ssh-add -l lists them. */
static char *describe(const struct agent_key *key, size_t number)
{
    uint8_t hash[PK_HASH_SIZE];
    PK_AUTO_FREE char *digest = NULL;

    pk_sha256(pk_view_of(&key->blob), hash);
    digest = pk_base64_encode((struct pk_view){hash, sizeof(hash)});
    if (!digest)
        return NULL;
    digest[strcspn(digest, "=")] = '\0';
    return pk_text_format("\n  %zu  SHA256:%s %s (%s)", number, digest, key->comment,
                          key->key.type == PK_SK_ECDSA ? "ECDSA-SK" : "ED25519-SK");
}

static enum pk_status ask(struct agent_enrolment *enrolment)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(QUESTION_MAX);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    enum pk_status status;

    pk_writer_put(&writer, pk_view_string("Your ssh-agent holds several security keys:"));
    for (size_t i = 0; i < enrolment->offered_count; i++) {
        PK_AUTO_FREE char *line = describe(enrolment->offered[i], i + 1);

        if (!line)
            return PK_NO_MEMORY;
        pk_writer_put(&writer, pk_view_string(line));
    }
    pk_writer_put(&writer, pk_view_string("\nNumber: "));
    pk_writer_u8(&writer, 0);
    status = pk_writer_finish(&writer, &text);
    if (status != PK_OK)
        return status;
    /* A person reads and types: the agent may wait as long as the conversation. */
    agent_set_deadline(enrolment->agent, conversation_time_left(enrolment->conversation));
    conversation_ask(enrolment->conversation, QUESTION_ECHOED, "key", (const char *)text.data,
                     0xff);
    return PK_OK;
}

static void on_keys(void *data, enum pk_status status, struct pk_view payload)
{
    struct agent_enrolment *enrolment = data;

    if (status == PK_OK)
        status = agent_keys_parse(payload, &enrolment->keys);
    for (size_t i = 0; i < enrolment->keys.count; i++)
        if (!has(enrolment, &enrolment->keys.items[i]) &&
            enrolment->offered_count < KEYS_OFFERED_MAX)
            enrolment->offered[enrolment->offered_count++] = &enrolment->keys.items[i];
    if (status == PK_OK && enrolment->offered_count == 0)
        status = enrolment->keys.count > 0 ? PK_CREDENTIAL_EXCLUDED : PK_NO_MATCH;
    if (status == PK_OK && enrolment->offered_count == 1) {
        sign(enrolment, enrolment->offered[0]);
        return;
    }
    if (status == PK_OK)
        status = ask(enrolment);
    if (status != PK_OK)
        fail(enrolment, status);
}

void agent_enrolment_answered(struct agent_enrolment *enrolment, const struct pk_secret *answer)
{
    char *end = NULL;
    unsigned long number = answer->len > 0 ? strtoul((const char *)answer->data, &end, 10) : 0;
    bool valid = end && *end == '\0' && number >= 1 && number <= enrolment->offered_count;

    if (enrolment->asked || !enrolment->agent)
        return;
    if (valid)
        sign(enrolment, enrolment->offered[number - 1]);
    else
        fail(enrolment, PK_CANCELLED);
}

/* --- beginning -------------------------------------------------------------------------------- */

void agent_enrolment_free(struct agent_enrolment *enrolment)
{
    hang_up(enrolment);
    agent_keys_clear(&enrolment->keys);
    credential_list_clear(&enrolment->existing);
    free(enrolment->purpose);
    free(enrolment);
}

enum pk_status agent_enrolment_new(struct daemon *daemon, struct conversation *conversation,
                                   const struct agent_enrolment_request *request,
                                   const struct agent_enrolment_ops *ops, void *data,
                                   struct agent_enrolment **ret)
{
    const struct credential_filter filter = {.rp = request->account->rp,
                                             .account_name = request->account->name,
                                             .uid = &request->account->uid};
    PK_AUTO_CLOSE int fd = request->fd;
    PK_CLEANUP(agent_enrolment_free)
    struct agent_enrolment *enrolment = calloc(1, sizeof(*enrolment));
    enum pk_status status;

    if (!enrolment)
        return PK_NO_MEMORY;
    *enrolment = (struct agent_enrolment){
        .daemon = daemon,
        .conversation = conversation,
        .ops = ops,
        .data = data,
        .purpose = strdup(request->purpose),
    };
    if (!enrolment->purpose)
        return PK_NO_MEMORY;
    status = daemon->store->verbs->list(daemon->store, &filter, &enrolment->existing);
    if (status == PK_OK)
        status = agent_new(daemon->base, pk_steal_fd(&fd), daemon->config->touch_timeout,
                           &enrolment->agent);
    if (status == PK_OK)
        status = agent_ask_keys(enrolment->agent, on_keys, enrolment);
    if (status == PK_OK)
        *ret = pk_steal(enrolment);
    return status;
}
