/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of a conversation, for conversation.c and conversation_calls.c only. */
#ifndef PASSKEYD_CONVERSATION_PRIVATE_H
#define PASSKEYD_CONVERSATION_PRIVATE_H

#include "common/base/correlation.h"
#include "daemon/bus/call.h"
#include "daemon/dialogue/conversation.h"

#include <sys/queue.h>

struct event;
struct secret_reader;

struct message {
    STAILQ_ENTRY(message) entry;
    const char *kind; /* PK_BUS_KIND_… */
    char *text;
    struct value details; /* a{sv} */
};

enum question_state {
    QUESTION_NONE,
    QUESTION_QUEUED,  /* not fetched by the caller yet */
    QUESTION_ASKED,   /* fetched; the next Next call answers it */
    QUESTION_READING, /* the answer's descriptor is being read */
};

struct conversation {
    TAILQ_ENTRY(conversation) entry;
    struct daemon *daemon;
    char *path;
    char id[PK_CORRELATION_SIZE];
    char *owner; /* the caller's unique bus name */
    uid_t uid;
    uid_t charged; /* whose it counts as (call_charged()) */
    const struct conversation_ops *ops;
    void *data;
    struct event *deadline;
    int64_t ends; /* the deadline, monotonic seconds */
    struct event *hold;
    bool held; /* until the timer hold */
    STAILQ_HEAD(, message) queue;
    size_t queued;
    struct call *next; /* the pending Next call; NULL: none */
    enum question_state question;
    enum question_kind question_kind;
    struct secret_reader *reader;
    const char *skip; /* static; NULL: what is awaited cannot be skipped */
    bool done;        /* the outcome is queued */
    bool fetched;     /* the outcome has been fetched */
};

struct conversations {
    struct daemon *daemon;
    TAILQ_HEAD(, conversation) list; /* oldest first */
};

/* Answers the pending Next call with the oldest message, if there are both and nothing holds it. */
void conversation_deliver(struct conversation *conversation);
/* Ends the conversation without an outcome of its owner, for that reason. */
void conversation_stop(struct conversation *conversation, enum pk_status why);

#endif
