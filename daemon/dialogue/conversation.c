/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/conversation.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/secret_reader.h"
#include "daemon/dialogue/messages.h"

#include <event2/event.h>
#include <string.h>
#include <sys/queue.h>

#define MESSAGES_MAX       32  /* said and not yet fetched; more info is left unsaid */
#define PER_CONNECTION_MAX 64  /* also for root: one broken program must not take all */
#define KEPT_FROM_ROOT     64  /* of the total: root's programs must not shut users out */
#define STRANGERS_MAX      128 /* of root's: a flood of logins must not shut out sudo and login */
#define FINISHED_MAX       64  /* kept to answer "Finished"; the oldest goes first */
#define LINGER_UNREAD      60  /* seconds that a result waits to be fetched */
#define LINGER_READ        10

struct message {
    STAILQ_ENTRY(message) entry;
    const char *kind; /* PK_BUS_KIND_… */
    char *text;
    struct value details; /* a{sv} */
};

enum question_state {
    QUESTION_NONE,
    QUESTION_QUEUED,  /* the caller has not fetched it yet */
    QUESTION_ASKED,   /* it has; the next Next answers */
    QUESTION_READING, /* the answer's descriptor is being read */
};

struct conversation {
    TAILQ_ENTRY(conversation) entry;
    struct daemon *daemon;
    char *path;
    char id[CORRELATION_SIZE];
    char *owner; /* unique name */
    uid_t uid;
    const struct conversation_ops *ops;
    void *data;
    struct event *deadline;
    int64_t ends;
    struct event *hold;
    bool held;
    STAILQ_HEAD(, message) queue;
    size_t queued;
    struct call *next; /* the Next that waits */
    enum question_state question;
    enum question_kind question_kind;
    struct secret_reader *reader;
    bool done;    /* the outcome is queued */
    bool fetched; /* and has been fetched */
};

struct conversations {
    struct daemon *daemon;
    TAILQ_HEAD(, conversation) list; /* oldest first */
};

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
    conversation->ends = daemon_monotonic() + seconds;
}

/* Hands the oldest message to the Next that waits, if there are both. */
static void deliver(struct conversation *conversation)
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
    details = value_add_array(&body, "{sv}");
    if (details) { /* the whole dictionary moves over */
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
    deliver(conversation);
}

void conversation_hold(struct conversation *conversation, int64_t until)
{
    int64_t left = until - daemon_microseconds();
    const struct timeval when = {(time_t)(left / 1000000), (suseconds_t)(left % 1000000)};

    conversation->held = left > 0 && evtimer_add(conversation->hold, &when) == 0;
}

/* Returns the message's details to be filled in before deliver(), NULL when it cannot be said. */
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

static bool may_say(const struct conversation *conversation)
{
    return !conversation->done && conversation->queued < MESSAGES_MAX;
}

void conversation_info(struct conversation *conversation, const char *event, const char *text)
{
    struct value *details =
        may_say(conversation) ? enqueue(conversation, PK_BUS_KIND_INFO, text) : NULL;

    if (details)
        value_dict_text(details, "event", event);
    deliver(conversation);
}

void conversation_error(struct conversation *conversation, enum pk_status reason, const char *text)
{
    struct value *details =
        may_say(conversation) ? enqueue(conversation, PK_BUS_KIND_ERROR, text) : NULL;

    if (details)
        value_dict_text(details, "reason", pk_status_name(reason));
    deliver(conversation);
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
        return; /* the deadline ends it */
    value_dict_text(details, "event", event);
    if (tries != 0xff)
        value_dict_number(details, "tries", 'u', tries);
    conversation->question = QUESTION_QUEUED;
    conversation->question_kind = kind;
    deliver(conversation);
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
    /* An answer to a question that was fetched already may still come; Next then ignores it. */
    conversation->question = QUESTION_NONE;
    deliver(conversation);
}

void conversation_done(struct conversation *conversation, const struct outcome *outcome)
{
    struct value *details;

    if (conversation->done)
        return;
    conversation_unask(conversation);
    details = enqueue(conversation, PK_BUS_KIND_DONE, outcome->text ? outcome->text : "");
    conversation->done = true;
    set_deadline(conversation, details ? LINGER_UNREAD : 0);
    if (details) {
        value_dict_text(details, "result", pk_status_name(outcome->status));
        value_dict_text(details, "correlation", conversation->id);
        if (outcome->user && outcome->status == PK_OK)
            value_dict_text(details, "user", outcome->user);
        if (outcome->credential && outcome->status == PK_OK)
            value_dict_text(details, "credential", outcome->credential);
    }
    deliver(conversation);
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

static void stop(struct conversation *conversation, enum pk_status why)
{
    if (conversation->done)
        return;
    conversation->held = false;
    conversation->ops->stopped(conversation->data, why);
    pk_log(LOG_NOTICE, "[%s] conversation of uid %u: %s", conversation->id,
           (unsigned)conversation->uid, pk_status_name(why));
    conversation_done(conversation,
                      &(struct outcome){.status = why, .text = pk_message_outcome(why)});
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    struct conversation *conversation = data;

    (void)fd, (void)what;
    if (conversation->done)
        conversation_free(conversation->daemon->conversations, conversation);
    else
        stop(conversation, PK_TIMEOUT);
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
        stop(conversation, PK_UNAVAILABLE); /* the daemon ends, the person did not */
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
            stop(conversation, PK_CANCELLED);
            conversation_free(conversations, conversation);
        }
        conversation = next;
    }
}

/* What a caller has, and whoever it asks for. */
struct shares {
    size_t finished, total, of_uid, of_connection, on_behalf;
};

static struct shares count(const struct conversations *conversations, const struct call *call,
                           const char *on_behalf_of)
{
    const struct conversation *conversation;
    struct shares shares = {0};

    TAILQ_FOREACH(conversation, &conversations->list, entry)
    {
        const struct conversation_ops *ops = conversation->ops;
        const char *other = ops->on_behalf_of ? ops->on_behalf_of(conversation->data) : NULL;

        if (conversation->done) {
            shares.finished++;
            continue;
        }
        shares.total++;
        shares.of_uid += conversation->uid == call->uid;
        shares.of_connection += strcmp(conversation->owner, call->sender) == 0;
        shares.on_behalf += on_behalf_of && other && strcmp(other, on_behalf_of) == 0;
    }
    return shares;
}

static void drop_oldest_finished(struct conversations *conversations)
{
    struct conversation *conversation;

    TAILQ_FOREACH(conversation, &conversations->list, entry)
    if (conversation->done)
        break;
    if (conversation)
        conversation_free(conversations, conversation);
}

/* Makes room among the finished ones and says whether the caller may have one more. */
static bool within_limits(struct conversations *conversations, const struct call *call,
                          const char *on_behalf_of)
{
    const struct shares shares = count(conversations, call, on_behalf_of);
    unsigned per_user = conversations->daemon->config->conversations_per_user;

    if (shares.finished >= FINISHED_MAX)
        drop_oldest_finished(conversations);
    if (shares.total >= PK_CONVERSATIONS_MAX || shares.of_connection >= PER_CONNECTION_MAX)
        return false;
    /* A user's sudos are root's conversations, and still the user's. */
    if (on_behalf_of && shares.on_behalf >= (on_behalf_of[0] ? per_user : STRANGERS_MAX))
        return false;
    return shares.of_uid < (call->uid == 0 ? PK_CONVERSATIONS_MAX - KEPT_FROM_ROOT : per_user);
}

static struct conversation *create(struct daemon *daemon, const struct call *call)
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
    struct conversation *conversation =
        within_limits(daemon->conversations, call,
                      ops->on_behalf_of ? ops->on_behalf_of(data) : NULL)
            ? create(daemon, call)
            : NULL;
    struct value result = value_body();

    if (!conversation) {
        ops->release(data);
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many conversations at once");
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

unsigned conversation_time_left(const struct conversation *conversation)
{
    int64_t left = conversation->ends - daemon_monotonic();

    return left > 0 ? (unsigned)left : 0;
}

/* --- Conversation1 ---------------------------------------------------------------------------- */

/* The conversation at the call's path if it is the caller's; otherwise the call has been answered.
 */
static struct conversation *lookup(struct daemon *daemon, struct call *call)
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
        /* What was typed cannot be told: the question stays open for another answer. */
        conversation->question = QUESTION_ASKED;
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the secret cannot be read: %s",
                  pk_status_name(status));
        return;
    }
    conversation->ops->answered(conversation->data, secret);
    deliver(conversation);
}

/* An echoed answer, or an empty one to either kind. */
static void answer_text(struct conversation *conversation, const char *text)
{
    PK_AUTO_SECRET struct pk_secret answer = {0};

    conversation->question = QUESTION_NONE;
    if (pk_secret_copy(pk_view_string(text), &answer))
        return;
    conversation->ops->answered(conversation->data, &answer);
}

static const struct member answer_members[] = {
    {"text", "s", PK_ANSWER_MAX},
    {"secret", "h", 0},
};

/* Takes the answer that comes with Next. false: the call has been answered with an error. */
static bool take_answer(struct conversation *conversation, struct call *call)
{
    struct value *dict = &call->arguments.items[0];
    struct value *secret = value_find(dict, "secret");
    const char *text = value_find_text(dict, "text", NULL);
    bool secretly = conversation->question_kind == QUESTION_SECRET;

    if (conversation->question != QUESTION_ASKED)
        return true;
    if ((secret && !secretly) || (text && text[0] && secretly)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the answer must be \"%s\"",
                  secretly ? "secret" : "text");
        return false;
    }
    if (!secret) {
        answer_text(conversation, text ? text : "");
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
    struct conversation *conversation = lookup(daemon, call);
    PK_AUTO_FREE char *why = NULL;

    if (!conversation)
        return;
    if (value_check(&call->arguments.items[0], answer_members, 2, &why)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why ? why : "out of memory");
        return;
    }
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
    deliver(conversation);
}

void conversation_cancel(struct daemon *daemon, struct call *call)
{
    struct conversation *conversation = lookup(daemon, call);
    struct value result = value_body();

    if (!conversation)
        return;
    stop(conversation, PK_CANCELLED);
    call_reply(call, &result);
}
