/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of a WebSocket (RFC 6455) without extensions, on a stream that the caller reads
 * and writes. Refused of a server: masked frames, reserved bits and opcodes, text, control frames
 * that are long or in pieces, a message within another one, lengths that are not the shortest.
 */
#ifndef PK_HYBRID_WEBSOCKET_H
#define PK_HYBRID_WEBSOCKET_H

#include "common/base/writer.h"

#define PK_WEBSOCKET_MASK_SIZE     4
#define PK_WEBSOCKET_CONTROL_MAX   125  /* what a ping, a pong or a close holds; section 5.5 */
#define PK_WEBSOCKET_CLOSE_NO_CODE 1005 /* in place of a code that did not come; section 7.4.1 */

enum pk_websocket_opcode { /* section 5.2 */
                           PK_WEBSOCKET_CONTINUATION = 0,
                           PK_WEBSOCKET_TEXT = 1,
                           PK_WEBSOCKET_BINARY = 2,
                           PK_WEBSOCKET_CLOSE = 8,
                           PK_WEBSOCKET_PING = 9,
                           PK_WEBSOCKET_PONG = 10,
};

/*
 * One whole frame, masked with random bytes of the caller's. PK_INVALID_ARGUMENT for a control
 * frame over PK_WEBSOCKET_CONTROL_MAX, PK_TOO_LARGE over PK_HYBRID_MESSAGE_MAX, PK_NO_MEMORY.
 */
enum pk_status pk_websocket_write(enum pk_websocket_opcode opcode, struct pk_view payload,
                                  const uint8_t mask[static PK_WEBSOCKET_MASK_SIZE],
                                  struct pk_bytes *ret) PK_WARN_UNUSED;

/* The reading side of one connection. Zero but for the writer, by pk_websocket_new(). */
struct pk_websocket {
    struct pk_writer message; /* the pieces of the one that is coming */
    bool in_message;
    bool closed; /* the server said so: nothing is read after it */
};

struct pk_websocket pk_websocket_new(void);
void pk_websocket_clear(struct pk_websocket *websocket);
#define PK_AUTO_WEBSOCKET __attribute__((cleanup(pk_websocket_clear)))

enum pk_websocket_event_type {
    PK_WEBSOCKET_NOTHING,  /* more bytes are needed, or what was read asks for nothing */
    PK_WEBSOCKET_MESSAGE,  /* a whole message */
    PK_WEBSOCKET_ASKED,    /* a ping: to be answered by a pong of the same payload */
    PK_WEBSOCKET_FINISHED, /* a close: to be answered by one of the same code, once */
};

struct pk_websocket_event {
    enum pk_websocket_event_type type;
    struct pk_bytes payload; /* of a message or a ping */
    uint16_t code;           /* of a close; section 7.4 */
};

void pk_websocket_event_clear(struct pk_websocket_event *event);
#define PK_AUTO_WEBSOCKET_EVENT __attribute__((cleanup(pk_websocket_event_clear)))

/*
 * Reads one frame from the beginning of what has arrived: *ret_used bytes of it are done with, 0 as
 * long as the frame has not arrived whole. So it is called again while it uses something.
 * PK_PROTOCOL; PK_TOO_LARGE for a message over PK_HYBRID_MESSAGE_MAX, as soon as a frame's head
 * says so; PK_CANCELLED after a close; PK_NO_MEMORY. All of them are the end of the connection.
 */
enum pk_status pk_websocket_read(struct pk_websocket *websocket, struct pk_view arrived,
                                 size_t *ret_used, struct pk_websocket_event *ret) PK_WARN_UNUSED;

#endif
