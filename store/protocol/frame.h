/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What travels between the daemon and a store process: u32 length, u8 type, and the rest of one
 * message. Both sides begin with HELLO; then each REQUEST is followed by its REPLY.
 * doc/store-protocol.md has the bytes.
 */
#ifndef STORE_PROTOCOL_FRAME_H
#define STORE_PROTOCOL_FRAME_H

#include "store/protocol/calls.h"

#define PROTOCOL_VERSION 1

struct store_hello {
    uint16_t version;
    char *kind;      /* of the store, as its state says; the daemon's: "passkeyd"; owned */
    bool ceremonies; /* it has ceremony_add and ceremony_take */
};
void store_hello_clear(struct store_hello *hello);
#define AUTO_STORE_HELLO __attribute__((cleanup(store_hello_clear)))

struct request_head {
    uint32_t number; /* of the request on its connection; the reply has the same */
    enum store_call call;
    uint32_t milliseconds; /* after which nobody waits for the reply */
};

struct reply_head {
    uint32_t number;
    enum pk_status status;
    char *why; /* what store_error() is; "" where there is nothing to say; owned */
};

/*
 * Whole frames, length included. They may hold secrets: wipe them. PK_TOO_LARGE, PK_NO_MEMORY,
 * PK_INVALID_INPUT for a member that is text and not UTF-8.
 */
enum pk_status frame_hello(const struct store_hello *hello, struct pk_bytes *ret) PK_WARN_UNUSED;
/* PK_INVALID_ARGUMENT for a request that lacks what its call must say. */
enum pk_status frame_request(const struct request_head *head, const struct store_request *request,
                             struct pk_bytes *ret) PK_WARN_UNUSED;
/* reply is written for PK_OK alone, and may be NULL otherwise. */
enum pk_status frame_reply(const struct reply_head *head, enum store_call call,
                           const struct store_reply *reply, struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * payload: what followed the length. PK_TRUNCATED, PK_TRAILING_DATA, PK_TOO_LARGE, PK_PROTOCOL for
 * an unknown type, call or status or a number out of its range, PK_INVALID_INPUT for text that is
 * not UTF-8, PK_NO_MEMORY. On PK_OK *ret is the caller's, and its views point into the payload.
 */
enum pk_status frame_hello_read(struct pk_view payload, struct store_hello *ret) PK_WARN_UNUSED;
enum pk_status frame_request_read(struct pk_view payload, struct request_head *ret_head,
                                  struct store_request *ret) PK_WARN_UNUSED;
enum pk_status frame_reply_read(struct pk_view payload, enum store_call call,
                                struct reply_head *ret_head,
                                struct store_reply *ret) PK_WARN_UNUSED;

void store_request_clear(enum store_call call, struct store_request *request);
void store_reply_clear(enum store_call call, struct store_reply *reply);

#endif
