/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An enrolment by an ssh-agent: the keys that the agent holds and the account does not have yet are
 * offered, and the chosen one proves by a signature that the person holds it.
 */
#ifndef PASSKEYD_ENROL_AGENT_H
#define PASSKEYD_ENROL_AGENT_H

#include "daemon/dialogue/conversation.h"
#include "daemon/verify/sk_enrollment.h"

struct agent_enrolment;

struct agent_enrolment_ops {
    /* What the key is to sign: sk_question_make()'s message. */
    enum pk_status (*question)(void *data, uint8_t ret_message[PK_HASH_SIZE]);
    /* A key signed: this part is over. */
    void (*answered)(void *data, const struct sk_enrolment *enrolment);
    /* Over, and nothing was signed; text is for the person. */
    void (*failed)(void *data, enum pk_status why, const char *text);
};

/* Borrowed, but fd, and purpose, which is copied. */
struct agent_enrolment_request {
    int fd;                        /* the agent's; taken, also on a failure */
    const struct account *account; /* who is to have the key */
    const char *purpose;           /* what the touch is for (messages.h) */
};

/*
 * Starts. PK_INVALID_INPUT when the descriptor is no connection, PK_STORAGE, PK_NO_MEMORY; on a
 * failure nobody is told.
 */
enum pk_status agent_enrolment_new(struct daemon *daemon, struct conversation *conversation,
                                   const struct agent_enrolment_request *request,
                                   const struct agent_enrolment_ops *ops, void *data,
                                   struct agent_enrolment **ret) PK_WARN_UNUSED;

/* The answer to its question. */
void agent_enrolment_answered(struct agent_enrolment *enrolment, const struct pk_secret *answer);

/* Closes the connection and releases. Not from within ops. */
void agent_enrolment_free(struct agent_enrolment *enrolment);
PK_DEFINE_CLEANUP(struct agent_enrolment *, agent_enrolment_free);

#endif
