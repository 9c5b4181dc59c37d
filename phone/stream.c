/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/stream.h"

#include "common/base/cleanup.h"

#include <string.h>

#define NORMAL_CLOSURE 1000 /* RFC 6455 section 7.4.1 */

void stream_clear(struct stream *stream)
{
    tls_close(stream->tls);
    pk_websocket_clear(&stream->websocket);
    explicit_bzero(stream, sizeof(*stream));
}

enum pk_status stream_open(struct stream *stream, int fd, const char *host)
{
    stream->websocket = pk_websocket_new();
    stream->len = 0;
    return tls_open(fd, host, stream->deadline, &stream->tls);
}

/* ---- bytes ---- */

static enum pk_status read_more(struct stream *stream)
{
    size_t len = 0;
    enum pk_status status;

    if (stream->len == sizeof(stream->buffer))
        return PK_TOO_LARGE;
    status = tls_read(stream->tls, stream->buffer + stream->len,
                      sizeof(stream->buffer) - stream->len, stream->deadline, &len);
    if (status == PK_OK)
        stream->len += len;
    return status;
}

static struct pk_view arrived(const struct stream *stream)
{
    return (struct pk_view){stream->buffer, stream->len};
}

static void drop(struct stream *stream, size_t used)
{
    stream->len -= used;
    memmove(stream->buffer, stream->buffer + used, stream->len);
}

enum pk_status stream_upgrade(struct stream *stream, struct pk_upgrade *upgrade,
                              unsigned *ret_number)
{
    struct pk_upgrade_answer answer = {.used = 0};
    PK_AUTO_FREE char *request = NULL;
    enum pk_status status;

    pk_random(upgrade->key, sizeof(upgrade->key));
    status = pk_upgrade_request(upgrade, &request);
    if (status == PK_OK)
        status = tls_write(stream->tls, pk_view_string(request), stream->deadline);
    while (status == PK_OK && answer.used == 0) {
        status = read_more(stream);
        if (status == PK_OK)
            status = pk_upgrade_answer_read(upgrade, arrived(stream), &answer);
    }
    *ret_number = answer.number;
    if (status == PK_OK)
        drop(stream, answer.used);
    return status;
}

/* ---- frames ---- */

static enum pk_status send_frame(struct stream *stream, enum pk_websocket_opcode opcode,
                                 struct pk_view payload)
{
    uint8_t mask[PK_WEBSOCKET_MASK_SIZE];
    PK_AUTO_BYTES struct pk_bytes frame = {0};
    enum pk_status status;

    pk_random(mask, sizeof(mask));
    status = pk_websocket_write(opcode, payload, mask, &frame);
    return status == PK_OK ? tls_write(stream->tls, pk_view_of(&frame), stream->deadline) : status;
}

static enum pk_status send_close(struct stream *stream, uint16_t code)
{
    const uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code};
    const size_t len = code == PK_WEBSOCKET_CLOSE_NO_CODE ? 0 : sizeof(payload);

    return send_frame(stream, PK_WEBSOCKET_CLOSE, (struct pk_view){payload, len});
}

enum pk_status stream_send(struct stream *stream, struct pk_view message)
{
    return send_frame(stream, PK_WEBSOCKET_BINARY, message);
}

/* What an event asks for. PK_NOT_FOUND: it is no message. */
static enum pk_status serve(struct stream *stream, struct pk_websocket_event *event,
                            struct pk_bytes *ret)
{
    enum pk_status status = PK_OK;

    switch (event->type) {
    case PK_WEBSOCKET_MESSAGE:
        *ret = event->payload;
        event->payload = (struct pk_bytes){0};
        return PK_OK;
    case PK_WEBSOCKET_ASKED:
        status = send_frame(stream, PK_WEBSOCKET_PONG, pk_view_of(&event->payload));
        break;
    case PK_WEBSOCKET_FINISHED:
        (void)!send_close(stream, event->code);
        status = PK_IO;
        break;
    default:
        break;
    }
    return status == PK_OK ? PK_NOT_FOUND : status;
}

enum pk_status stream_next(struct stream *stream, struct pk_bytes *ret)
{
    enum pk_status status = PK_NOT_FOUND;

    while (status == PK_NOT_FOUND) {
        PK_AUTO_WEBSOCKET_EVENT struct pk_websocket_event event = {0};
        size_t used = 0;

        status = pk_websocket_read(&stream->websocket, arrived(stream), &used, &event);
        if (status == PK_OK && used == 0)
            status = read_more(stream);
        else
            drop(stream, used);
        if (status == PK_OK)
            status = serve(stream, &event, ret);
    }
    return status;
}

void stream_finish(struct stream *stream)
{
    (void)!send_close(stream, NORMAL_CLOSURE);
}
