/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of the agent method, for the files of this folder only. */
#ifndef PASSKEYD_AGENT_METHOD_H
#define PASSKEYD_AGENT_METHOD_H

#include "daemon/auth/attempt.h"
#include "daemon/auth/credential_search.h"
#include "daemon/methods/agent/keys.h"

#define AGENT_KEYS_OFFERED_MAX 64

struct agent_method;
/* What is done once the agent's keys are known; status: that they are not, and why. */
typedef void agent_keys_known(struct agent_method *agent, enum pk_status status);

struct agent_method {
    struct attempt *attempt;
    agent_keys_known *keys_known;
    struct agent_connection *connection; /* NULL: closed */
    struct agent_keys keys;              /* held by the agent */

    /* Sign-in: one key after the other is asked to sign. */
    size_t next;         /* index of the credential that is asked next */
    bool verified_first; /* verification is required: keys that have done it come first */
    bool rest;           /* they have been asked: those of which it is not known follow */
    const struct credential *asked; /* the last one that was asked; NULL: none */

    /* Enrolment: one of the keys that the account does not have is enrolled. */
    bool keys_came;
    struct credential_search *search; /* of these, in progress; NULL: none */
    struct credential_list existing;
    const struct agent_key *offered[AGENT_KEYS_OFFERED_MAX];
    size_t offered_count;
    const struct agent_key *chosen; /* NULL: not chosen yet */
};

/*
 * Takes the attempt's descriptor and asks the agent for its keys. PK_INVALID_INPUT when the
 * descriptor is not a connection, PK_NO_MEMORY.
 */
enum pk_status agent_method_new(struct attempt *attempt, agent_keys_known *keys_known,
                                struct agent_method **ret) PK_WARN_UNUSED;
void agent_method_free(struct agent_method *agent);
PK_DEFINE_CLEANUP(struct agent_method *, agent_method_free);

/* Closes the connection, which shows the agent that nothing more will be asked. */
void agent_method_hang_up(struct agent_method *agent);

/* The message for a person when an agent failed with that status; static, never NULL. */
const char *agent_message(enum pk_status why);

/* sign_in.c, enroll.c */
enum pk_status agent_sign_in_start(struct sign_in *sign_in, void **ret_state) PK_WARN_UNUSED;
enum pk_status agent_enroll(struct enrollment *enrollment, void **ret_state) PK_WARN_UNUSED;
/* The answer is the number of the key to enrol. */
void agent_enroll_answered(struct agent_method *agent, const struct pk_secret *answer);

#endif
