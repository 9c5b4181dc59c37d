/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames over a stream socket that does not block, each until a moment. */
#ifndef STORE_PROTOCOL_CHANNEL_H
#define STORE_PROTOCOL_CHANNEL_H

#include "common/base/bytes.h"
#include "common/base/status.h"

#define CHANNEL_FOREVER INT64_MAX

/*
 * deadline: of pk_clock_monotonic_ms(), or CHANNEL_FOREVER. PK_TIMEOUT; PK_IO with errno, where the
 * other end is gone as well. The socket cannot be used any more after a failure.
 */
enum pk_status channel_send(int fd, struct pk_view frame, int64_t deadline) PK_WARN_UNUSED;

/*
 * One frame's payload, without its length. Where it has begun it must be whole within
 * PK_STORE_FRAME_SECONDS, whatever the deadline is. PK_NOT_FOUND: the other end has closed, between
 * two frames; PK_TOO_LARGE, PK_PROTOCOL for an empty one; PK_NO_MEMORY. It may hold secrets: wipe
 * it.
 */
enum pk_status channel_receive(int fd, int64_t deadline, struct pk_bytes *ret) PK_WARN_UNUSED;

/* Wipes and releases a frame. */
void frame_clear(struct pk_bytes *frame);
#define AUTO_FRAME __attribute__((cleanup(frame_clear)))

#endif
