/* SPDX-License-Identifier: BSD-2-Clause */
/* What the messages of a channel say: the phone's greeting, then messages with a type. */
#ifndef PK_HYBRID_MESSAGE_H
#define PK_HYBRID_MESSAGE_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

/* The phone's first message, which has no type. Views borrow from it. */
struct pk_hybrid_greeting {
    struct pk_view info; /* the answer to authenticatorGetInfo, which a phone is never asked for */
    struct pk_view aaguid; /* PK_AAGUID_SIZE; not the one of its credentials; empty: not said */
    bool ctap2;            /* it knows FIDO_2_0 or a later version */
    bool stores;           /* rk: it makes discoverable credentials */
    bool verifies;         /* uv: it has a screen lock or biometrics set up */
};

/*
 * PK_UNSUPPORTED: a phone of the first protocol, whose greeting ends in padding, or one without
 * CTAP; both are of no use. PK_CBOR_*, PK_PROTOCOL where the answer to authenticatorGetInfo is
 * missing.
 */
enum pk_status pk_hybrid_greeting_parse(struct pk_view message,
                                        struct pk_hybrid_greeting *ret) PK_WARN_UNUSED;

/* The first byte of all other messages. */
enum pk_hybrid_type {
    PK_HYBRID_SHUTDOWN = 0, /* from the client alone: no more commands */
    PK_HYBRID_CTAP = 1,     /* a command and its CBOR, or a status and its CBOR */
    PK_HYBRID_UPDATE = 2,   /* from the phone: linking information or padding */
    PK_HYBRID_JSON = 3,     /* digital credentials */
};

/* A message of that type. PK_TOO_LARGE, PK_NO_MEMORY. */
enum pk_status pk_hybrid_message_make(enum pk_hybrid_type type, struct pk_view payload,
                                      struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * What a phone sent: PK_HYBRID_CTAP, or PK_HYBRID_UPDATE, a CBOR map of which nothing is used here.
 * PK_TRUNCATED, PK_CBOR_* for an update, PK_PROTOCOL for a type that a phone does not send.
 */
enum pk_status pk_hybrid_message_parse(struct pk_view message, enum pk_hybrid_type *ret_type,
                                       struct pk_view *ret_payload) PK_WARN_UNUSED;

/*
 * What may come when, in a session of one command: its answer once, and updates, not too many,
 * which come before or after it.
 */
struct pk_hybrid_order {
    bool asked;
    bool answered;
    unsigned updates;
};

/*
 * Whether a message of that type may come now, which is then counted. PK_PROTOCOL for an answer
 * that is not due, PK_LIMIT_EXCEEDED over PK_HYBRID_UPDATES_MAX.
 */
enum pk_status pk_hybrid_order_take(struct pk_hybrid_order *order,
                                    enum pk_hybrid_type type) PK_WARN_UNUSED;

#endif
