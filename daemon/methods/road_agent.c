/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/road_agent.h"

#include "common/base/log.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/agent_keys.h"
#include "daemon/verify/sk_credential.h"

#include <string.h>

#define DISORDERLY "Your ssh-agent did not answer properly."

struct agent_road {
    struct conversation *conversation;
    const struct agent_road_ops *ops;
    void *data;
    const struct credential_list *credentials;
    char *purpose;
    struct agent *agent;
    struct agent_keys keys;
    size_t next; /* the credential that is asked next */
    const struct credential *asked;
};

static const struct {
    enum pk_status status;
    const char *text;
} texts[] = {
    {PK_NO_MATCH, "Your ssh-agent holds none of the security keys that are enrolled here."},
    {PK_UNAVAILABLE, "Your ssh-agent is gone."},
    {PK_TIMEOUT, "Your ssh-agent did not answer in time."},
    {PK_TOUCH_TIMEOUT, "The security key was not touched in time."},
    {PK_OPERATION_DENIED,
     "Your ssh-agent did not sign. Is the security key plugged in where you are?"},
    {PK_PROTOCOL, DISORDERLY},
    {PK_TRUNCATED, DISORDERLY},
    {PK_TRAILING_DATA, DISORDERLY},
    {PK_TOO_LARGE, DISORDERLY},
    {PK_INVALID_INPUT, DISORDERLY},
    {PK_UNSUPPORTED, DISORDERLY},
};

const char *agent_message(enum pk_status why)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == why)
            return texts[i].text;
    return pk_message_outcome(why);
}

/* The far end sees that nothing more will be asked. */
static void hang_up(struct agent_road *road)
{
    if (road->agent)
        agent_free(pk_steal(road->agent));
}

static void fail(struct agent_road *road, enum pk_status why)
{
    hang_up(road);
    pk_log(LOG_NOTICE, "[%s] ssh-agent%s%s%s: %s (%s)", conversation_id(road->conversation),
           road->asked ? ", passkey \"" : "", road->asked ? road->asked->name : "",
           road->asked ? "\"" : "", pk_status_name(why), pk_status_clause(why));
    conversation_error(road->conversation, why, agent_message(why));
    road->ops->failed(road->data, why);
}

/* --- one key after the other ------------------------------------------------------------------ */

static const struct agent_key *held(const struct agent_road *road,
                                    const struct credential *credential)
{
    for (size_t i = 0; i < road->keys.count; i++) {
        const struct agent_key *key = &road->keys.items[i];

        if (sk_is_credential(key->key.application, pk_view_of(&key->public_key), credential))
            return key;
    }
    return NULL;
}

static size_t count_held(const struct agent_road *road)
{
    size_t count = 0;

    for (size_t i = 0; i < road->credentials->count; i++)
        count += held(road, &road->credentials->items[i]) != NULL;
    return count;
}

static void sign_next(struct agent_road *road);

static void on_signature(void *data, enum pk_status status, struct pk_view payload)
{
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};
    struct agent_road *road = data;

    if (status == PK_OK)
        status = agent_signature_parse(payload, &signature);
    if (status == PK_OK) {
        hang_up(road);
        road->ops->answered(road->data, road->asked, &signature);
    } else if (status == PK_OPERATION_DENIED) {
        sign_next(road);
    } else {
        fail(road, status == PK_TIMEOUT ? PK_TOUCH_TIMEOUT : status);
    }
}

static enum pk_status ask(struct agent_road *road, const struct agent_key *key)
{
    PK_AUTO_FREE char *text =
        message_touch_agent(count_held(road) > 1 ? road->asked->name : NULL, road->purpose);
    uint8_t message[PK_HASH_SIZE];
    enum pk_status status = road->ops->question(road->data, road->asked->rp_id, message);

    if (status == PK_OK && !text)
        status = PK_NO_MEMORY;
    if (status == PK_OK)
        status =
            agent_ask_signature(road->agent, pk_view_of(&key->blob), message, on_signature, road);
    if (status == PK_OK)
        conversation_info(road->conversation, "touch", text);
    return status;
}

static void sign_next(struct agent_road *road)
{
    enum pk_status status = road->asked ? PK_OPERATION_DENIED : PK_NO_MATCH;
    const struct agent_key *key = NULL;

    while (!key && road->next < road->credentials->count) {
        const struct credential *credential = &road->credentials->items[road->next++];

        key = held(road, credential);
        if (key)
            road->asked = credential;
    }
    if (key)
        status = ask(road, key);
    if (status != PK_OK)
        fail(road, status);
}

static void on_keys(void *data, enum pk_status status, struct pk_view payload)
{
    struct agent_road *road = data;

    if (status == PK_OK)
        status = agent_keys_parse(payload, &road->keys);
    if (status == PK_OK)
        sign_next(road);
    else
        fail(road, status);
}

/* --- beginning -------------------------------------------------------------------------------- */

void agent_road_free(struct agent_road *road)
{
    hang_up(road);
    agent_keys_clear(&road->keys);
    free(road->purpose);
    free(road);
}

static bool any_ssh(const struct credential_list *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (sk_is_ssh(credentials->items[i].rp_id))
            return true;
    return false;
}

enum pk_status agent_road_new(struct daemon *daemon, struct conversation *conversation,
                              const struct agent_road_request *request,
                              const struct agent_road_ops *ops, void *data, struct agent_road **ret)
{
    PK_AUTO_CLOSE int fd = request->fd;
    PK_CLEANUP(agent_road_free) struct agent_road *road = calloc(1, sizeof(*road));
    enum pk_status status;

    if (!any_ssh(request->credentials))
        return PK_UNAVAILABLE;
    if (!road)
        return PK_NO_MEMORY;
    *road = (struct agent_road){
        .conversation = conversation,
        .ops = ops,
        .data = data,
        .credentials = request->credentials,
        .purpose = strdup(request->purpose),
    };
    if (!road->purpose)
        return PK_NO_MEMORY;
    status = agent_new(daemon->base, pk_steal_fd(&fd), daemon->config->touch_timeout, &road->agent);
    if (status == PK_OK)
        status = agent_ask_keys(road->agent, on_keys, road);
    if (status == PK_OK)
        *ret = pk_steal(road);
    return status == PK_INVALID_INPUT ? PK_UNAVAILABLE : status;
}
