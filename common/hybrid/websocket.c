/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/websocket.h"

#include "common/base/limits.h"
#include "common/base/reader.h"
#include "common/base/text.h"

#define FIN         0x80 /* in the first byte */
#define RESERVED    0x70
#define OPCODE      0x0f
#define CONTROL     0x08 /* a bit of the opcode */
#define MASKED      0x80 /* in the second byte */
#define LENGTH      0x7f
#define LENGTH_U16  126
#define LENGTH_U64  127
#define LARGEST_U16 0xffff
#define HEAD_MAX    (2 + 8 + PK_WEBSOCKET_MASK_SIZE) /* of the largest frame */

enum pk_status pk_websocket_write(enum pk_websocket_opcode opcode, struct pk_view payload,
                                  const uint8_t mask[static PK_WEBSOCKET_MASK_SIZE],
                                  struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_HYBRID_MESSAGE_MAX + HEAD_MAX);
    uint8_t masked = MASKED;

    if ((opcode & CONTROL) && payload.len > PK_WEBSOCKET_CONTROL_MAX)
        return PK_INVALID_ARGUMENT;
    pk_writer_u8(&writer, (uint8_t)(FIN | opcode));
    if (payload.len < LENGTH_U16) {
        pk_writer_u8(&writer, (uint8_t)(masked | payload.len));
    } else if (payload.len <= LARGEST_U16) {
        pk_writer_u8(&writer, masked | LENGTH_U16);
        pk_writer_u16(&writer, (uint16_t)payload.len);
    } else {
        pk_writer_u8(&writer, masked | LENGTH_U64);
        pk_writer_u64(&writer, payload.len);
    }
    pk_writer_put(&writer, (struct pk_view){mask, PK_WEBSOCKET_MASK_SIZE});
    for (size_t i = 0; i < payload.len; i++)
        pk_writer_u8(&writer, payload.ptr[i] ^ mask[i % PK_WEBSOCKET_MASK_SIZE]);
    return pk_writer_finish(&writer, ret);
}

struct pk_websocket pk_websocket_new(void)
{
    return (struct pk_websocket){.message = pk_writer_new(PK_HYBRID_MESSAGE_MAX)};
}

void pk_websocket_clear(struct pk_websocket *websocket)
{
    pk_writer_clear(&websocket->message);
}

void pk_websocket_event_clear(struct pk_websocket_event *event)
{
    pk_bytes_clear(&event->payload);
}

struct frame {
    uint8_t opcode;
    bool last;
    uint64_t len;
};

/* PK_TRUNCATED while the head has not arrived whole. */
static enum pk_status read_head(struct pk_reader *reader, struct frame *ret)
{
    uint8_t first = pk_reader_u8(reader);
    uint8_t second = pk_reader_u8(reader);
    struct frame frame = {first & OPCODE, (first & FIN) != 0, second & LENGTH};
    uint64_t least = 0;

    if (reader->status == PK_OK && ((first & RESERVED) || (second & MASKED)))
        return PK_PROTOCOL;
    if (frame.len == LENGTH_U16) {
        frame.len = pk_reader_u16(reader);
        least = LENGTH_U16;
    } else if (frame.len == LENGTH_U64) {
        frame.len = pk_reader_u64(reader);
        least = LARGEST_U16 + 1;
    }
    if (reader->status != PK_OK)
        return reader->status;
    if (frame.len < least)
        return PK_PROTOCOL;
    *ret = frame;
    return PK_OK;
}

/* Whether such a frame may come now, which its head alone says. */
static enum pk_status judge(const struct pk_websocket *websocket, const struct frame *frame)
{
    switch (frame->opcode) {
    case PK_WEBSOCKET_CLOSE:
    case PK_WEBSOCKET_PING:
    case PK_WEBSOCKET_PONG:
        return frame->last && frame->len <= PK_WEBSOCKET_CONTROL_MAX ? PK_OK : PK_PROTOCOL;
    case PK_WEBSOCKET_BINARY:
        if (websocket->in_message)
            return PK_PROTOCOL;
        break;
    case PK_WEBSOCKET_CONTINUATION:
        if (!websocket->in_message)
            return PK_PROTOCOL;
        break;
    default:
        return PK_PROTOCOL;
    }
    return frame->len <= websocket->message.max - websocket->message.len ? PK_OK : PK_TOO_LARGE;
}

/* Section 7.4: codes that may stand in a frame. */
static bool code_allowed(uint16_t code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != PK_WEBSOCKET_CLOSE_NO_CODE &&
            code != 1006) ||
           (code >= 3000 && code <= 4999);
}

/* Section 5.5.1: nothing, or a code and a reason. */
static enum pk_status read_close(struct pk_view payload, uint16_t *ret_code)
{
    struct pk_reader reader = pk_reader_new(payload);
    uint16_t code;

    if (payload.len == 0) {
        *ret_code = PK_WEBSOCKET_CLOSE_NO_CODE;
        return PK_OK;
    }
    code = pk_reader_u16(&reader);
    if (reader.status != PK_OK || !code_allowed(code) ||
        !pk_utf8_valid((struct pk_view){reader.ptr, reader.remaining}))
        return PK_PROTOCOL;
    *ret_code = code;
    return PK_OK;
}

static enum pk_status take_piece(struct pk_websocket *websocket, const struct frame *frame,
                                 struct pk_view payload, struct pk_websocket_event *event)
{
    websocket->in_message = !frame->last;
    pk_writer_put(&websocket->message, payload);
    if (!frame->last)
        return websocket->message.status;
    event->type = PK_WEBSOCKET_MESSAGE;
    return pk_writer_finish(&websocket->message, &event->payload);
}

static enum pk_status take_frame(struct pk_websocket *websocket, const struct frame *frame,
                                 struct pk_view payload, struct pk_websocket_event *event)
{
    switch (frame->opcode) {
    case PK_WEBSOCKET_CLOSE:
        websocket->closed = true;
        event->type = PK_WEBSOCKET_FINISHED;
        return read_close(payload, &event->code);
    case PK_WEBSOCKET_PING:
        event->type = PK_WEBSOCKET_ASKED;
        return pk_bytes_copy(payload, &event->payload);
    case PK_WEBSOCKET_PONG:
        return PK_OK;
    default:
        return take_piece(websocket, frame, payload, event);
    }
}

enum pk_status pk_websocket_read(struct pk_websocket *websocket, struct pk_view arrived,
                                 size_t *ret_used, struct pk_websocket_event *ret)
{
    struct pk_reader reader = pk_reader_new(arrived);
    struct pk_websocket_event event = {.type = PK_WEBSOCKET_NOTHING};
    struct frame frame;
    enum pk_status status;

    if (websocket->closed)
        return PK_CANCELLED;
    status = read_head(&reader, &frame);
    if (status == PK_OK)
        status = judge(websocket, &frame);
    if (status == PK_TRUNCATED || (status == PK_OK && frame.len > reader.remaining)) {
        *ret_used = 0;
        *ret = event;
        return PK_OK;
    }
    if (status == PK_OK)
        status =
            take_frame(websocket, &frame, (struct pk_view){reader.ptr, (size_t)frame.len}, &event);
    if (status != PK_OK)
        return status;
    *ret_used = arrived.len - reader.remaining + (size_t)frame.len;
    *ret = event;
    return PK_OK;
}
