/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two requests that are sent to an ssh-agent, and its answers
 * (draft-miller-ssh-agent, OpenSSH PROTOCOL.agent): u32 length, u8 type, fields.
 */
#ifndef PK_WIRE_AGENT_H
#define PK_WIRE_AGENT_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

/* SSH_AGENTC_REQUEST_IDENTITIES, length included. */
/*@ requires \valid(ret);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_agent_request_identities(struct pk_bytes *ret) PK_WARN_UNUSED;

/* SSH_AGENTC_SIGN_REQUEST without flags, length included. PK_TOO_LARGE. */
/*@ requires readable(key_blob) && readable(data) && \valid(ret);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_agent_sign_request(struct pk_view key_blob, struct pk_view data,
                                     struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * How many bytes the first message of a stream takes: 0 while its length has not arrived whole.
 * PK_TOO_LARGE over PK_AGENT_MESSAGE_MAX, PK_PROTOCOL for an empty one.
 */
/*@ requires readable(stream) && \valid(ret_size);
    assigns *ret_size;
    ensures \result == PK_OK ==> *ret_size == 0 || 4 < *ret_size <= 4 + PK_AGENT_MESSAGE_MAX;
    ensures \result != PK_OK ==> *ret_size == \old(*ret_size); */
enum pk_status pk_agent_message_size(struct pk_view stream, size_t *ret_size) PK_WARN_UNUSED;

struct pk_agent_identity { /* borrowed from the message */
    struct pk_view blob;
    struct pk_view comment; /* whatever the agent says: make it printable before it is shown */
};

/*
 * payload: what followed the length. *ret_items is the caller's to free, NULL when the agent holds
 * no keys. PK_UNAVAILABLE when the agent answered SSH_AGENT_FAILURE; PK_PROTOCOL for another type
 * or more than PK_AGENT_IDENTITIES_MAX; PK_TRUNCATED, PK_TRAILING_DATA.
 */
/*@ requires readable(payload) && \valid(ret_items) && \valid(ret_count);
    requires \separated(ret_items, ret_count, &heap);
    assigns *ret_items, *ret_count, heap[..];
    ensures \result == PK_OK ==> *ret_count <= PK_AGENT_IDENTITIES_MAX;
    ensures \result == PK_OK ==> *ret_count == 0 || on_heap(*ret_items);
    ensures \result != PK_OK ==> *ret_items == \old(*ret_items) && *ret_count == \old(*ret_count);
*/
enum pk_status pk_agent_identities_parse(struct pk_view payload,
                                         struct pk_agent_identity **ret_items,
                                         size_t *ret_count) PK_WARN_UNUSED;

/* The blob of SSH_AGENT_SIGN_RESPONSE, borrowed. PK_OPERATION_DENIED: SSH_AGENT_FAILURE. */
/*@ requires readable(payload) && \valid(ret_signature);
    assigns *ret_signature;
    ensures \result != PK_OK ==> *ret_signature == \old(*ret_signature); */
enum pk_status pk_agent_signature_parse(struct pk_view payload,
                                        struct pk_view *ret_signature) PK_WARN_UNUSED;

#endif
