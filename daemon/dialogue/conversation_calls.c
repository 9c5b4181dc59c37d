/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversation1: the methods that a caller calls on its conversation. */
#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/secret_reader.h"
#include "daemon/dialogue/conversation_private.h"

#include <string.h>

/*
 * The conversation at the call's path if it belongs to the caller; otherwise the call is answered
 * with an error and NULL is returned.
 */
static struct conversation *find_conversation(struct daemon *daemon, struct call *call)
{
    struct conversation *conversation;

    TAILQ_FOREACH(conversation, &daemon->conversations->list, entry)
    if (strcmp(conversation->path, call->path) == 0)
        break;
    if (!conversation) {
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CONVERSATION, "no such conversation");
        return NULL;
    }
    if (strcmp(conversation->owner, call->sender) != 0) {
        call_fail(call, PK_BUS_ERROR_ACCESS_DENIED, "this conversation is somebody else's");
        return NULL;
    }
    return conversation;
}

static void on_secret(void *data, enum pk_status status, struct pk_secret *secret)
{
    struct conversation *conversation = data;
    struct call *call;

    conversation->reader = NULL;
    conversation->question = QUESTION_NONE;
    if (status) {
        call = pk_steal(conversation->next);
        /* The answer is unknown, so the question stays open for another one. */
        conversation->question = QUESTION_ASKED;
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the secret cannot be read: %s",
                  pk_message_outcome(status));
        return;
    }
    conversation->ops->answered(conversation->data, secret);
    conversation_deliver(conversation);
}

/* Delivers an echoed answer, or an empty one to a question of either kind. NULL: none at all. */
static void answer_text(struct conversation *conversation, const char *text)
{
    PK_AUTO_SECRET struct pk_secret answer = {0};

    conversation->question = QUESTION_NONE;
    if (text && pk_secret_copy(pk_view_string(text), &answer))
        return;
    conversation->ops->answered(conversation->data, &answer);
}

static const struct member answer_members[] = {
    {"text", "s", PK_ANSWER_MAX},
    {"secret", "h", 0},
};

/* Takes the answer that Next carries. false: the call has been answered with an error. */
static bool take_answer(struct conversation *conversation, struct call *call)
{
    struct value *dict = &call->arguments.items[0];
    struct value *secret = value_find(dict, "secret");
    const char *text = value_find_text(dict, "text", NULL);
    bool is_secret = conversation->question_kind == QUESTION_SECRET;

    if (conversation->question != QUESTION_ASKED)
        return true;
    if ((secret && !is_secret) || (text && text[0] && is_secret)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the answer must be \"%s\"",
                  is_secret ? "secret" : "text");
        return false;
    }
    if (!secret) {
        answer_text(conversation, text);
        return true;
    }
    if (secret_reader_new(conversation->daemon->base, value_take_fd(secret), on_secret,
                          conversation, &conversation->reader)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the secret must be in a pipe or a memfd");
        return false;
    }
    conversation->question = QUESTION_READING;
    return true;
}

void conversation_next(struct daemon *daemon, struct call *call)
{
    struct conversation *conversation = find_conversation(daemon, call);

    if (!conversation || !call_check(call, &call->arguments.items[0], answer_members, 2))
        return;
    if (conversation->fetched) {
        call_fail(call, PK_BUS_ERROR_FINISHED, "this conversation is over");
        return;
    }
    if (conversation->next) {
        call_fail(call, PK_BUS_ERROR_BUSY, "another Next is waiting");
        return;
    }
    if (!take_answer(conversation, call))
        return;
    conversation->next = call;
    conversation_deliver(conversation);
}

/* Comes too late where the conversation is over or asks something: then nothing happens. */
void conversation_skip(struct daemon *daemon, struct call *call)
{
    struct conversation *conversation = find_conversation(daemon, call);
    struct value result = value_body();

    if (!conversation)
        return;
    if (conversation->skip && !conversation->done && conversation->question == QUESTION_NONE)
        conversation->ops->skipped(conversation->data);
    call_reply(call, &result);
}

void conversation_cancel(struct daemon *daemon, struct call *call)
{
    struct conversation *conversation = find_conversation(daemon, call);
    struct value result = value_body();

    if (!conversation)
        return;
    conversation_stop(conversation, PK_CANCELLED);
    call_reply(call, &result);
}
