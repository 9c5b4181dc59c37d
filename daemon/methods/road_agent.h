/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ssh-agent's road: a security key at the far end of an ssh connection, reached through the
 * agent that the person forwards. Enrolled keys that the agent holds are asked for a signature one
 * after the other, until one signs. The road speaks to the person through the conversation; whether
 * a signature is good is not for it to say.
 */
#ifndef PASSKEYD_ROAD_AGENT_H
#define PASSKEYD_ROAD_AGENT_H

#include "daemon/dialogue/conversation.h"

#include "common/wire/sk.h"

struct agent_road;

struct agent_road_ops {
    /* What a key of that RP id is to sign: sk_question_make()'s message. */
    enum pk_status (*question)(void *data, const char *rp_id, uint8_t ret_message[PK_HASH_SIZE]);
    /* That credential's key signed: the road is over. */
    void (*answered)(void *data, const struct credential *credential,
                     const struct pk_sk_signature *signature);
    /* The road is over, nothing was signed, and the person and the log have been told why. */
    void (*failed)(void *data, enum pk_status why);
};

/* Borrowed, but fd, and purpose, which is copied. */
struct agent_road_request {
    int fd;                                    /* the agent's; taken, also on a failure */
    const struct credential_list *credentials; /* the account's, of whatever kind */
    const char *purpose;                       /* what the touch is for (messages.h) */
};

/*
 * Starts. Credentials must live as long as the road. PK_UNAVAILABLE: none of the credentials is an
 * OpenSSH key, or the descriptor is no connection. On a failure nobody is told.
 */
enum pk_status agent_road_new(struct daemon *daemon, struct conversation *conversation,
                              const struct agent_road_request *request,
                              const struct agent_road_ops *ops, void *data,
                              struct agent_road **ret) PK_WARN_UNUSED;

/* Closes the connection and releases. Not from within ops. */
void agent_road_free(struct agent_road *road);
PK_DEFINE_CLEANUP(struct agent_road *, agent_road_free);

/* What a person reads when an agent failed like that; static, never NULL. */
const char *agent_message(enum pk_status why);

#endif
