/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/bus/secret_reader.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/conversation_private.h"
#include "daemon/dialogue/messages.h"
#include "daemon/dialogue/slots.h"
#include "daemon/verify/approval.h"

#include <event2/event.h>
#include <string.h>

#define MESSAGES_MAX  32 /* queued and not yet fetched; further info and errors are dropped */
#define LINGER_UNREAD 60 /* seconds that an outcome is kept to be fetched */
#define LINGER_READ   10 /* seconds that a conversation is kept afterwards */

/* --- the queue -------------------------------------------------------------------------------- */

static void message_free(struct message *message)
{
    free(message->text);
    value_clear(&message->details);
    free(message);
}

static void set_deadline(struct conversation *conversation, unsigned seconds)
{
    const struct timeval when = {(time_t)seconds, 0};

    (void)evtimer_add(conversation->deadline, &when);
    conversation->ends = pk_clock_monotonic() + seconds;
}

void conversation_deliver(struct conversation *conversation)
{
    struct message *message = STAILQ_FIRST(&conversation->queue);
    struct call *call = conversation->next;
    struct value body = value_body();
    struct value *details;

    if (!message || !call || conversation->held || conversation->question == QUESTION_READING)
        return;
    STAILQ_REMOVE_HEAD(&conversation->queue, entry);
    conversation->queued--;
    conversation->next = NULL;
    if (strncmp(message->kind, PK_BUS_KIND_ASK, strlen(PK_BUS_KIND_ASK)) == 0)
        conversation->question = QUESTION_ASKED;
    if (strcmp(message->kind, PK_BUS_KIND_DONE) == 0) {
        conversation->fetched = true;
        set_deadline(conversation, LINGER_READ);
    }
    value_add_text(&body, 's', message->kind);
    value_add_text(&body, 's', message->text);
    if (!conversation->fetched)
        value_dict_number(&message->details, "time-left", 'u',
                          conversation_time_left(conversation));
    details = value_add_array(&body, "{sv}");
    if (details) { /* moves the whole dictionary into the reply */
        free(details->text);
        *details = message->details;
        message->details = value_body();
    }
    call_reply(call, &body);
    message_free(message);
}

static void on_hold_over(evutil_socket_t fd, short what, void *data)
{
    struct conversation *conversation = data;

    (void)fd, (void)what;
    conversation->held = false;
    conversation_deliver(conversation);
}

void conversation_hold(struct conversation *conversation, int64_t until)
{
    int64_t left = until - pk_clock_monotonic_us();
    const struct timeval when = {(time_t)(left / 1000000), (suseconds_t)(left % 1000000)};

    conversation->held = left > 0 && evtimer_add(conversation->hold, &when) == 0;
}

/* Returns the message's details, to be filled in before conversation_deliver(); NULL: no memory. */
static struct value *enqueue(struct conversation *conversation, const char *kind, const char *text)
{
    struct message *message = calloc(1, sizeof(*message));
    struct value holder = value_body();
    struct value *details = value_add_array(&holder, "{sv}");

    if (message && details) {
        *message = (struct message){.kind = kind, .text = strdup(text), .details = *details};
        holder.count = 0;
    }
    value_clear(&holder);
    if (!message || !details || !message->text) {
        pk_log(LOG_ERR, "[%s] out of memory", conversation->id);
        free(message);
        return NULL;
    }
    STAILQ_INSERT_TAIL(&conversation->queue, message, entry);
    conversation->queued++;
    return &message->details;
}

static bool can_queue(const struct conversation *conversation)
{
    return !conversation->done && conversation->queued < MESSAGES_MAX;
}

void conversation_set_skip(struct conversation *conversation, const char *skip)
{
    conversation->skip = skip;
}

/* Whether the person is asked for a key, and no question follows at once. */
static bool asks_for_key(const char *event)
{
    static const char *const events[] = {"touch", "verify", "insert", "busy", "phone"};

    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (strcmp(event, events[i]) == 0)
            return true;
    return false;
}

void conversation_info(struct conversation *conversation, const char *event, const char *text)
{
    struct value *details =
        can_queue(conversation) ? enqueue(conversation, PK_BUS_KIND_INFO, text) : NULL;

    if (details)
        value_dict_text(details, "event", event);
    if (details && conversation->skip && asks_for_key(event))
        value_dict_text(details, "skip", conversation->skip);
    conversation_deliver(conversation);
}

void conversation_error(struct conversation *conversation, enum pk_status reason, const char *text)
{
    struct value *details =
        can_queue(conversation) ? enqueue(conversation, PK_BUS_KIND_ERROR, text) : NULL;

    if (details)
        value_dict_text(details, "reason", pk_status_name(reason));
    conversation_deliver(conversation);
}

void conversation_ask(struct conversation *conversation, enum question_kind kind, const char *event,
                      const char *text, unsigned tries)
{
    struct value *details;

    if (conversation->done || conversation->question != QUESTION_NONE)
        return;
    details = enqueue(conversation,
                      kind == QUESTION_SECRET ? PK_BUS_KIND_ASK_SECRET : PK_BUS_KIND_ASK, text);
    if (!details)
        return; /* the conversation then ends at its deadline */
    value_dict_text(details, "event", event);
    if (tries != 0xff)
        value_dict_number(details, "tries", 'u', tries);
    conversation->question = QUESTION_QUEUED;
    conversation->question_kind = kind;
    conversation_deliver(conversation);
}

void conversation_unask(struct conversation *conversation)
{
    struct message *message, *next;

    if (conversation->question == QUESTION_READING) {
        secret_reader_free(conversation->reader);
        conversation->reader = NULL;
    }
    for (message = STAILQ_FIRST(&conversation->queue); message; message = next) {
        next = STAILQ_NEXT(message, entry);
        if (strncmp(message->kind, PK_BUS_KIND_ASK, strlen(PK_BUS_KIND_ASK)) != 0)
            continue;
        STAILQ_REMOVE(&conversation->queue, message, message, entry);
        conversation->queued--;
        message_free(message);
    }
    /* The caller may still answer a question that it fetched before; Next ignores that answer. */
    conversation->question = QUESTION_NONE;
    conversation_deliver(conversation);
}

/* Queues the outcome and returns its details, to be filled in; NULL: no memory. */
static struct value *finish(struct conversation *conversation, enum pk_status status,
                            const char *text)
{
    struct value *details;

    conversation_unask(conversation);
    details = enqueue(conversation, PK_BUS_KIND_DONE, text ? text : "");
    conversation->done = true;
    set_deadline(conversation, details ? LINGER_UNREAD : 0);
    if (details) {
        value_dict_text(details, "result", pk_status_name(status));
        value_dict_text(details, "correlation", conversation->id);
    }
    return details;
}

void conversation_refused(struct conversation *conversation, enum pk_status status,
                          const char *text)
{
    if (conversation->done)
        return;
    (void)finish(conversation, status == PK_OK ? PK_INTERNAL : status, text);
    conversation_deliver(conversation);
}

void conversation_approved(struct conversation *conversation, const struct approval *approval,
                           const char *text, const char *credential)
{
    struct value *details;

    if (conversation->done)
        return;
    details = finish(conversation, PK_OK, text);
    if (details)
        value_dict_text(details, "user", approval_account(approval)->name);
    if (details && approval_account(approval)->uid != PK_NO_UID)
        value_dict_number(details, "uid", 'u', approval_account(approval)->uid);
    if (details && credential)
        value_dict_text(details, "credential", credential);
    conversation_deliver(conversation);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void conversation_free(struct conversations *conversations,
                              struct conversation *conversation)
{
    struct message *message;

    TAILQ_REMOVE(&conversations->list, conversation, entry);
    if (conversation->reader)
        secret_reader_free(conversation->reader);
    if (conversation->next)
        call_drop(conversation->next);
    while ((message = STAILQ_FIRST(&conversation->queue))) {
        STAILQ_REMOVE_HEAD(&conversation->queue, entry);
        message_free(message);
    }
    event_free(conversation->deadline);
    event_free(conversation->hold);
    conversation->ops->release(conversation->data);
    free(conversation->path);
    free(conversation->owner);
    free(conversation);
}

void conversation_stop(struct conversation *conversation, enum pk_status why)
{
    if (conversation->done)
        return;
    conversation->held = false;
    conversation->ops->stopped(conversation->data, why);
    pk_log(LOG_NOTICE, "[%s] conversation of uid %u: %s", conversation->id,
           (unsigned)conversation->uid, pk_status_name(why));
    conversation_refused(conversation, why, pk_message_outcome(why));
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    struct conversation *conversation = data;

    (void)fd, (void)what;
    if (conversation->done)
        conversation_free(conversation->daemon->conversations, conversation);
    else
        conversation_stop(conversation, PK_TIMEOUT);
}

struct conversations *conversations_new(struct daemon *daemon)
{
    struct conversations *conversations = calloc(1, sizeof(*conversations));

    if (conversations) {
        conversations->daemon = daemon;
        TAILQ_INIT(&conversations->list);
    }
    return conversations;
}

void conversations_free(struct conversations *conversations)
{
    struct conversation *conversation;

    while ((conversation = TAILQ_FIRST(&conversations->list))) {
        conversation_stop(conversation, PK_UNAVAILABLE); /* the caller did not cancel */
        conversation_free(conversations, conversation);
    }
    free(conversations);
}

void conversations_vanished(struct conversations *conversations, const char *sender)
{
    struct conversation *conversation = TAILQ_FIRST(&conversations->list);

    while (conversation) {
        struct conversation *next = TAILQ_NEXT(conversation, entry);

        if (strcmp(conversation->owner, sender) == 0) {
            conversation_stop(conversation, PK_CANCELLED);
            conversation_free(conversations, conversation);
        }
        conversation = next;
    }
}

static struct conversation *conversation_new(struct daemon *daemon, const struct call *call)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));
    uint8_t random[16];
    PK_AUTO_FREE char *hex = NULL;

    if (!conversation)
        return NULL;
    pk_random(random, sizeof(random));
    hex = pk_hex_encode((struct pk_view){random, sizeof(random)});
    *conversation = (struct conversation){
        .daemon = daemon,
        .uid = call->uid,
        .charged = call_charged(call),
        .owner = strdup(call->sender),
        .path = hex ? pk_text_format("%s%s", PK_BUS_CONVERSATION_PREFIX, hex) : NULL,
        .deadline = evtimer_new(daemon->base, on_deadline, conversation),
        .hold = evtimer_new(daemon->base, on_hold_over, conversation),
    };
    (void)memcpy(conversation->id, call->id, sizeof(conversation->id));
    STAILQ_INIT(&conversation->queue);
    if (conversation->owner && conversation->path && conversation->deadline && conversation->hold)
        return conversation;
    if (conversation->deadline)
        event_free(conversation->deadline);
    if (conversation->hold)
        event_free(conversation->hold);
    free(conversation->owner);
    free(conversation->path);
    free(conversation);
    return NULL;
}

struct conversation *conversation_open(struct daemon *daemon, struct call *call, unsigned timeout,
                                       const struct conversation_ops *ops, void *data)
{
    struct conversation *surplus = slots_surplus(daemon->conversations, call_charged(call));
    struct conversation *conversation = slots_may_open(daemon->conversations, call, ops, data)
                                            ? conversation_new(daemon, call)
                                            : NULL;
    struct value result = value_body();

    if (surplus)
        conversation_free(daemon->conversations, surplus);
    if (!conversation) {
        ops->release(data);
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "too many people use passkeys at once; try again in a moment");
        return NULL;
    }
    conversation->ops = ops;
    conversation->data = data;
    TAILQ_INSERT_TAIL(&daemon->conversations->list, conversation, entry);
    set_deadline(conversation, timeout);
    value_add_text(&result, 'o', conversation->path);
    call_reply(call, &result);
    return conversation;
}

const char *conversation_id(const struct conversation *conversation)
{
    return conversation->id;
}

uid_t conversation_uid(const struct conversation *conversation)
{
    return conversation->uid;
}

void conversation_set_timeout(struct conversation *conversation, unsigned seconds)
{
    if (!conversation->done)
        set_deadline(conversation, seconds);
}

unsigned conversation_time_left(const struct conversation *conversation)
{
    int64_t left = conversation->ends - pk_clock_monotonic();

    return left > 0 ? (unsigned)left : 0;
}

/* --- the interface for common/keys/ ----------------------------------------------------------- */

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
