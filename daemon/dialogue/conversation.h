/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation on the bus: a queue of messages, the caller's pending Next call, and the question
 * that waits for an answer. Its owner (auth/dispatcher.c) decides what is asked: it calls the
 * functions below and is called through struct conversation_ops.
 */
#ifndef PASSKEYD_CONVERSATION_H
#define PASSKEYD_CONVERSATION_H

#include "common/base/bytes.h"
#include "common/keys/dialogue.h"

#include <sys/types.h>

struct approval;
struct call;
struct conversation;
struct conversations;
struct daemon;

struct conversation_ops {
    /*
     * The answer to the last question; length 0: declined. Without data there was not even an empty
     * line: the question could not be asked. The secret is wiped after the call.
     */
    void (*answered)(void *data, struct pk_secret *answer);
    /*
     * Ended without an outcome: cancelled or left by the caller (PK_CANCELLED), or by its deadline
     * (PK_TIMEOUT).
     */
    void (*stopped)(void *data, enum pk_status why);
    /* The last call: releases data. */
    void (*release)(void *data);
    /*
     * The user on whose behalf a program of root's asks: the user's name, or "" for a person at a
     * remote host who is not identified yet. The function may be NULL, and may return NULL: nobody
     * else.
     */
    const char *(*on_behalf_of)(const void *data);
    /*
     * The person does not want to wait any longer: only while something is awaited that may be
     * skipped (conversation_set_skip()), and no question is open.
     */
    void (*skipped)(void *data);
    /*
     * Where that person at a remote host is, as network_of() has it: strangers at one address leave
     * room for those elsewhere. The function may be NULL, and may return NULL: nobody is.
     */
    const char *(*network)(const void *data);
};

struct conversations *conversations_new(struct daemon *daemon);
void conversations_free(struct conversations *conversations);
/* Cancels the conversations of a connection that left the bus. */
void conversations_vanished(struct conversations *conversations, const char *sender);

/*
 * To be asked before anything is looked up for a call that is to open a conversation, once
 * call->caller is set; stranger: root's program asks for a person at a remote host who has not said
 * yet who they are. Counts the call as the user's for whom it is made. false: that would be too
 * many, and the call has been answered.
 */
bool conversation_admit(struct daemon *daemon, struct call *call, bool stranger) PK_WARN_UNUSED;

/*
 * Opens a conversation for the caller and answers the call with its path; timeout is in seconds. On
 * a failure the call has been answered with an error, release() has been called, and NULL is
 * returned.
 */
struct conversation *conversation_open(struct daemon *daemon, struct call *call, unsigned timeout,
                                       const struct conversation_ops *ops, void *data);

/* The correlation id, which is in every log line of the conversation. */
/*@ axiomatic Conversations {
      logic char *id_of(struct conversation *conversation);
    } */
/*@ requires conversation != \null;
    assigns \nothing;
    ensures is_string(\result) && \result == id_of(conversation); */
const char *conversation_id(const struct conversation *conversation);
uid_t conversation_uid(const struct conversation *conversation);
/* Moves the deadline to that many seconds from now. */
void conversation_set_timeout(struct conversation *conversation, unsigned seconds);
/* Seconds until the deadline. */
unsigned conversation_time_left(const struct conversation *conversation);

/*
 * Delivers no message before that time (pk_clock_monotonic_us()), so that the time of a reply does
 * not show what was found. Replaces an earlier hold.
 */
void conversation_hold(struct conversation *conversation, int64_t until);

/* Queue a message. event and reason are stable names (doc/protocol.md). */
void conversation_info(struct conversation *conversation, const char *event, const char *text);
void conversation_error(struct conversation *conversation, enum pk_status reason, const char *text);

/*
 * From now on the person may go on without what is awaited: to PK_BUS_SKIP_NEXT or
 * PK_BUS_SKIP_END (static), which is told with what asks for a key. NULL, as at first: may not.
 */
void conversation_set_skip(struct conversation *conversation, const char *skip);

enum question_kind {
    QUESTION_ECHOED,
    QUESTION_SECRET,
};
/* Asks; one question at a time. tries: attempts that remain; 0xff: unknown and not sent. */
void conversation_ask(struct conversation *conversation, enum question_kind kind, const char *event,
                      const char *text, unsigned tries);
/* Withdraws a question that has not been answered. */
void conversation_unask(struct conversation *conversation);

/* The same functions as the interface of common/keys/dialogue.h. */
struct pk_dialogue conversation_dialogue(struct conversation *conversation);

/*
 * Ends the conversation with its outcome; only the first call counts. A refusal with PK_OK becomes
 * PK_INTERNAL. The approval is borrowed and names the user; text is for the person, credential JSON
 * for the caller, and both may be NULL.
 */
/*@ requires conversation != \null && text != \null;
    assigns \nothing; */
void conversation_refused(struct conversation *conversation, enum pk_status status,
                          const char *text);
/* For the prover (doc/proofs.md): by which approval success was said last. */
/*@ ghost const struct approval *success_by; */
/*@ requires conversation != \null && approval != \null;
    assigns success_by;
    ensures success_by == approval; */
void conversation_approved(struct conversation *conversation, const struct approval *approval,
                           const char *text, const char *credential);

#endif
