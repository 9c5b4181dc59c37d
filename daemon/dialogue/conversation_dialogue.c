/* SPDX-License-Identifier: BSD-2-Clause */
/* A conversation as common/keys/ sees it. */
#include "daemon/dialogue/conversation.h"

static void dialogue_info(void *data, const char *event, const char *text)
{
    conversation_info(data, event, text);
}

static void dialogue_error(void *data, enum pk_status reason, const char *text)
{
    conversation_error(data, reason, text);
}

static void dialogue_ask(void *data, bool secret, const char *event, const char *text,
                         unsigned tries)
{
    conversation_ask(data, secret ? QUESTION_SECRET : QUESTION_ECHOED, event, text, tries);
}

static void dialogue_unask(void *data)
{
    conversation_unask(data);
}

static unsigned dialogue_time_left(void *data)
{
    return conversation_time_left(data);
}

struct pk_dialogue conversation_dialogue(struct conversation *conversation)
{
    static const struct pk_dialogue_ops ops = {dialogue_info, dialogue_error, dialogue_ask,
                                               dialogue_unask, dialogue_time_left};

    return (struct pk_dialogue){&ops, conversation, conversation_id(conversation)};
}
