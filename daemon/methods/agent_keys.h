/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of an ssh-agent: which security keys it holds, and a signature by one of them. */
#ifndef PASSKEYD_AGENT_KEYS_H
#define PASSKEYD_AGENT_KEYS_H

#include "common/wire/sk.h"
#include "daemon/methods/agent_connection.h"

struct agent_key {
    struct pk_sk_key key;
    struct pk_bytes blob;
    struct pk_bytes public_key; /* sk_public_key() */
    char *comment;              /* printable; what a credential may be called; may be empty */
};

struct agent_keys {
    struct agent_key *items;
    size_t count;
};
void agent_keys_clear(struct agent_keys *keys);
#define AUTO_AGENT_KEYS __attribute__((cleanup(agent_keys_clear)))

/* Asks which keys it holds; agent_keys_parse() reads the reply. As agent_ask(). */
enum pk_status agent_ask_keys(struct agent *agent, agent_replied *replied,
                              void *data) PK_WARN_UNUSED;

/*
 * The security keys whose application begins with "ssh:", each once; other keys are passed over,
 * and so are ones of these types that are malformed, with which nothing could be done anyway.
 * PK_UNAVAILABLE: the agent refuses to say, PK_PROTOCOL and others: the reply is malformed.
 */
enum pk_status agent_keys_parse(struct pk_view payload, struct agent_keys *ret) PK_WARN_UNUSED;

/* Asks for a signature over the SSHSIG blob of message (sk_credential.h). As agent_ask(). */
enum pk_status agent_ask_signature(struct agent *agent, struct pk_view blob,
                                   const uint8_t message[PK_HASH_SIZE], agent_replied *replied,
                                   void *data) PK_WARN_UNUSED;

/* PK_OPERATION_DENIED: the agent does not sign. PK_UNSUPPORTED and others: it is none. */
enum pk_status agent_signature_parse(struct pk_view payload,
                                     struct pk_sk_signature *ret) PK_WARN_UNUSED;

#endif
