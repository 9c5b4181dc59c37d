/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent method: a security key at the other end of an ssh connection, used through the
 * ssh-agent that the person forwards.
 */
#include "daemon/methods/agent/agent.h"

#include "common/base/cleanup.h"
#include "common/keys/messages.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"

#define MALFORMED "Your ssh-agent did not answer properly."

static const struct {
    enum pk_status status;
    const char *text;
} messages[] = {
    {PK_NO_MATCH, "Your ssh-agent holds none of the security keys that are enrolled here."},
    {PK_UNAVAILABLE, "Your ssh-agent is gone."},
    {PK_TIMEOUT, "Your ssh-agent did not answer in time."},
    {PK_TOUCH_TIMEOUT, "The security key was not touched in time."},
    {PK_OPERATION_DENIED,
     "Your ssh-agent did not sign. Is the security key plugged in where you are?"},
    {PK_PROTOCOL, MALFORMED},
    {PK_TRUNCATED, MALFORMED},
    {PK_TRAILING_DATA, MALFORMED},
    {PK_TOO_LARGE, MALFORMED},
    {PK_INVALID_INPUT, MALFORMED},
    {PK_UNSUPPORTED, MALFORMED},
};

const char *agent_message(enum pk_status why)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        if (messages[i].status == why)
            return messages[i].text;
    return pk_message_outcome(why);
}

void agent_method_hang_up(struct agent_method *agent)
{
    if (agent->connection)
        agent_connection_free(pk_steal(agent->connection));
}

void agent_method_free(struct agent_method *agent)
{
    agent_method_hang_up(agent);
    if (agent->search)
        credential_search_cancel(agent->search);
    agent_keys_clear(&agent->keys);
    credential_list_clear(&agent->existing);
    free(agent);
}

static void on_keys(void *data, enum pk_status status, struct pk_view payload)
{
    struct agent_method *agent = data;

    agent->keys_known(agent, status == PK_OK ? agent_keys_parse(payload, &agent->keys) : status);
}

enum pk_status agent_method_new(struct attempt *attempt, agent_keys_known *keys_known,
                                struct agent_method **ret)
{
    struct daemon *daemon = attempt->daemon;
    PK_CLEANUP(agent_method_free) struct agent_method *agent = calloc(1, sizeof(*agent));
    enum pk_status status;

    if (!agent)
        return PK_NO_MEMORY;
    agent->attempt = attempt;
    agent->keys_known = keys_known;
    status = agent_connection_new(daemon->base, pk_steal_fd(&attempt->agent_fd),
                                  daemon->config->touch_timeout, &agent->connection);
    if (status == PK_OK)
        status = agent_ask_keys(agent->connection, on_keys, agent);
    if (status == PK_OK)
        *ret = pk_steal(agent);
    return status;
}

/* Only an enrolment asks a question that is typed. */
static void answered(void *state, struct pk_secret *answer)
{
    struct agent_method *agent = state;

    if (agent->attempt->ops->ceremony == PK_REGISTRATION)
        agent_enroll_answered(agent, answer);
}

/* The agent is told by the end of the connection. */
static void skip(void *state)
{
    struct agent_method *agent = state;

    agent_method_hang_up(agent);
    if (agent->attempt->ops->ceremony == PK_REGISTRATION)
        attempt_refused(agent->attempt, PK_CANCELLED);
    else
        attempt_next(agent->attempt, PK_CANCELLED);
}

static void stop(void *state)
{
    agent_method_free(state);
}

const struct authmethod authmethod_agent = {
    .start = agent_sign_in_start,
    .enroll = agent_enroll,
    .answered = answered,
    .skip = skip,
    .stop = stop,
};
