/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One conversation: a queue of things to say, the caller's one outstanding Next, and the question
 * that waits for an answer. What it is about is somebody else's (sign_in.c, enrolment.c): they
 * speak through the functions below and hear through struct conversation_ops.
 */
#ifndef PASSKEYD_CONVERSATION_H
#define PASSKEYD_CONVERSATION_H

#include "daemon/daemon.h"

#include "common/keys/dialogue.h"

struct conversation;

struct conversation_ops {
    /* The answer to the last question; length 0: declined. The secret is wiped afterwards. */
    void (*answered)(void *data, struct pk_secret *answer);
    /* Over before it was done: cancelled, vanished (PK_CANCELLED) or the deadline (PK_TIMEOUT). */
    void (*stopped)(void *data, enum pk_status why);
    /* The last call: release data. */
    void (*release)(void *data);
    /*
     * For whom a program of root's asks, when it is for somebody else: a user's name, "" for people
     * at the far end of a network of whom nothing is known yet. May be NULL, and give NULL.
     */
    const char *(*on_behalf_of)(const void *data);
};

struct conversations *conversations_new(struct daemon *daemon);
void conversations_free(struct conversations *conversations);
/* Cancels what that connection opened. */
void conversations_vanished(struct conversations *conversations, const char *sender);

/*
 * Opens one for the caller and answers the call with its path; timeout is in seconds. On a failure
 * the call has been answered and release() called, and NULL is returned.
 */
struct conversation *conversation_open(struct daemon *daemon, struct call *call, unsigned timeout,
                                       const struct conversation_ops *ops, void *data);

/* The correlation id, which the log repeats. */
const char *conversation_id(const struct conversation *conversation);
uid_t conversation_uid(const struct conversation *conversation);
/* Seconds until the deadline. */
unsigned conversation_time_left(const struct conversation *conversation);

/*
 * Nothing that is said is handed out before that moment (daemon_microseconds()): how long it took
 * to find out what to say then tells nobody anything. An earlier hold ends.
 */
void conversation_hold(struct conversation *conversation, int64_t until);

/* Things to say. event and reason are stable names (doc/protocol.md). */
void conversation_info(struct conversation *conversation, const char *event, const char *text);
void conversation_error(struct conversation *conversation, enum pk_status reason, const char *text);

enum question_kind {
    QUESTION_ECHOED,
    QUESTION_SECRET,
};
/* tries: 0xff: not known, not said. One question at a time. */
void conversation_ask(struct conversation *conversation, enum question_kind kind, const char *event,
                      const char *text, unsigned tries);
/* Takes a question back that has not been answered. */
void conversation_unask(struct conversation *conversation);

/* The same, for what speaks through common/keys/dialogue.h. */
struct pk_dialogue conversation_dialogue(struct conversation *conversation);

/* How it ended. user and credential (JSON) may be NULL. Only the first call counts. */
struct outcome {
    enum pk_status status;
    const char *text;
    const char *user;
    const char *credential;
};
void conversation_done(struct conversation *conversation, const struct outcome *outcome);

#endif
