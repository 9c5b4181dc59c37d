/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages that pass through a tunnel: TLS and a WebSocket on a connection that is there. */
#ifndef PHONE_STREAM_H
#define PHONE_STREAM_H

#include "phone/tls.h"

#include "common/hybrid/upgrade.h"
#include "common/hybrid/websocket.h"

struct stream {
    struct tls *tls;
    struct pk_websocket websocket;
    /* When what is waited for must have come, or gone; of pk_clock_monotonic_ms(). */
    int64_t deadline;
    size_t len;
    uint8_t buffer[2 * PK_HYBRID_MESSAGE_MAX];
};

void stream_clear(struct stream *stream);

/* TLS: stream->deadline is the caller's to set before. As tls_open(), which the fd goes to. */
enum pk_status stream_open(struct stream *stream, int fd, const char *host) PK_WARN_UNUSED;

/*
 * Asks for the WebSocket. upgrade: all but its key. As pk_upgrade_answer_read(), tls_write() and
 * tls_read(); *ret_number is HTTP's status once there is one.
 */
enum pk_status stream_upgrade(struct stream *stream, struct pk_upgrade *upgrade,
                              unsigned *ret_number) PK_WARN_UNUSED;

/* One binary message. PK_IO, PK_TIMEOUT, PK_TOO_LARGE, PK_NO_MEMORY. */
enum pk_status stream_send(struct stream *stream, struct pk_view message) PK_WARN_UNUSED;

/*
 * The next message; pings are answered meanwhile, and so is a close, which is PK_IO as any other
 * end. As pk_websocket_read() besides; PK_TIMEOUT.
 */
enum pk_status stream_next(struct stream *stream, struct pk_bytes *ret) PK_WARN_UNUSED;

/* Says that no more messages come, as far as the deadline allows. */
void stream_finish(struct stream *stream);

#endif
