/* SPDX-License-Identifier: BSD-2-Clause */
/* The requests to an ssh-agent: which security keys it holds, and a signature by one of them. */
#ifndef PASSKEYD_AGENT_KEYS_H
#define PASSKEYD_AGENT_KEYS_H

#include "common/wire/sk.h"
#include "daemon/methods/agent/connection.h"

struct agent_key {
    struct pk_sk_key key;
    struct pk_bytes blob;       /* the public key as the agent sent it */
    struct pk_bytes public_key; /* sk_public_key() */
    char *comment;              /* printable, may be empty; the default name of a credential */
};

struct agent_keys {
    struct agent_key *items;
    size_t count;
};
void agent_keys_clear(struct agent_keys *keys);
#define AUTO_AGENT_KEYS __attribute__((cleanup(agent_keys_clear)))

/* Asks for the list of keys; agent_keys_parse() reads the reply. As agent_connection_ask(). */
enum pk_status agent_ask_keys(struct agent_connection *agent, agent_replied *replied,
                              void *data) PK_WARN_UNUSED;

/*
 * The security keys whose application begins with "ssh:", each once. Other keys are skipped, and so
 * are malformed keys of these types, which could not be used anyway. PK_UNAVAILABLE: the agent
 * refused; PK_PROTOCOL and others: the reply is malformed.
 */
enum pk_status agent_keys_parse(struct pk_view payload, struct agent_keys *ret) PK_WARN_UNUSED;

/*
 * Asks for a signature over the SSHSIG blob of message (sk_credential.h). As
 * agent_connection_ask().
 */
enum pk_status agent_ask_signature(struct agent_connection *agent, struct pk_view blob,
                                   const uint8_t message[PK_HASH_SIZE], agent_replied *replied,
                                   void *data) PK_WARN_UNUSED;

/*
 * PK_OPERATION_DENIED: the agent refused to sign. PK_UNSUPPORTED and others: not such a signature.
 */
enum pk_status agent_signature_parse(struct pk_view payload,
                                     struct pk_sk_signature *ret) PK_WARN_UNUSED;

#endif
