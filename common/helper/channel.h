/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames on the two descriptors that connect the helper with the program that started it. */
#ifndef PK_HELPER_CHANNEL_H
#define PK_HELPER_CHANNEL_H

#include "common/wire/frames.h"

struct pk_channel {
    int in;
    int out;
    size_t len; /* bytes of buffer that hold what has arrived and was not yet taken */
    uint8_t buffer[4 + PK_FRAME_MAX];
};

/* Writes the whole frame. PK_IO when the other side is gone, or as pk_frame_encode(). */
enum pk_status pk_channel_send(const struct pk_channel *channel,
                               const struct pk_frame *frame) PK_WARN_UNUSED;

/* A frame that has no fields: TOUCH, VERIFY. */
enum pk_status pk_channel_send_bare(const struct pk_channel *channel,
                                    enum pk_frame_type type) PK_WARN_UNUSED;

#define PK_TRIES_UNKNOWN 0xff /* in frames that have a number of tries */

/* The last frame of a request that failed. A write error is ignored: the caller may be gone. */
void pk_channel_send_failure(const struct pk_channel *channel, const struct pk_failure *failure);

/*
 * Reads what is there, waiting if nothing is, and takes the first frame. PK_NOT_FOUND: it has not
 * arrived whole yet. PK_CANCELLED: the input has ended. PK_PROTOCOL: not a frame.
 */
enum pk_status pk_channel_read(struct pk_channel *channel, struct pk_frame *ret) PK_WARN_UNUSED;

/* As pk_channel_read(), until a frame is whole. A CANCEL frame becomes PK_CANCELLED. */
enum pk_status pk_channel_wait(struct pk_channel *channel, struct pk_frame *ret) PK_WARN_UNUSED;

/* pk_channel_wait() for a frame of that type only: PK_PROTOCOL for any other. */
enum pk_status pk_channel_expect(struct pk_channel *channel, enum pk_frame_type type,
                                 struct pk_frame *ret) PK_WARN_UNUSED;

/* HELLO both ways. PK_UNSUPPORTED for another version, or as pk_channel_expect(). */
enum pk_status pk_channel_greet(struct pk_channel *channel) PK_WARN_UNUSED;

/* Whether a whole frame is in the buffer already: poll() does not report that one. */
bool pk_channel_pending(const struct pk_channel *channel);

#endif
