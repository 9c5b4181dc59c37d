/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages behind the handshake: padded to steps of 32 bytes, encrypted with a key for each
 * direction, and counted, so that none can be left out, repeated or put in another order.
 */
#ifndef PK_HYBRID_CHANNEL_H
#define PK_HYBRID_CHANNEL_H

#include "common/hybrid/noise.h"

/* What is encrypted may have padding of 32 bytes, and has a tag of 16. */
#define PK_HYBRID_PAYLOAD_MAX (PK_HYBRID_MESSAGE_MAX - 48)

struct pk_hybrid_channel {
    struct pk_secret write_key, read_key;
    uint32_t written, read; /* messages */
    bool ended;             /* a message did not open: nothing is read any more */
};

void pk_hybrid_channel_clear(struct pk_hybrid_channel *channel);
#define PK_AUTO_CHANNEL __attribute__((cleanup(pk_hybrid_channel_clear)))

/* Takes the keys over from result: the client's side, or a phone's. */
struct pk_hybrid_channel pk_hybrid_channel_of_client(struct pk_noise_result *result);
struct pk_hybrid_channel pk_hybrid_channel_of_phone(struct pk_noise_result *result);

/*
 * PK_TOO_LARGE over PK_HYBRID_PAYLOAD_MAX, PK_LIMIT_EXCEEDED after PK_HYBRID_COUNTER_MAX messages,
 * PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status pk_hybrid_channel_write(struct pk_hybrid_channel *channel, struct pk_view plain,
                                       struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * PK_SIGNATURE_INVALID: not the next message of this peer. PK_UNSUPPORTED where the first one is of
 * the construction of 2021, which is not spoken: the phone is too old. PK_PROTOCOL for padding that
 * is longer than the message, PK_TRUNCATED for less than a tag and a byte, PK_TOO_LARGE over
 * PK_HYBRID_MESSAGE_MAX, PK_LIMIT_EXCEEDED, PK_NO_MEMORY, PK_INTERNAL. All of them are the end of
 * the channel; PK_CANCELLED after it.
 */
enum pk_status pk_hybrid_channel_read(struct pk_hybrid_channel *channel, struct pk_view message,
                                      struct pk_bytes *ret) PK_WARN_UNUSED;

#endif
