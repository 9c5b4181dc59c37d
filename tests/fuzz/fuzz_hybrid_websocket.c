/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that a server sends. Read at once and in pieces it is the same; a ping can be answered, and
 * no message is larger than its limit.
 */
#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/hybrid/websocket.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum pk_status status;
    size_t used;
    size_t events;
    size_t bytes;
};

static void take(const struct pk_websocket_event *event, struct outcome *outcome)
{
    static const uint8_t mask[PK_WEBSOCKET_MASK_SIZE] = {1, 2, 3, 4};
    PK_AUTO_BYTES struct pk_bytes pong = {0};

    if (event->type == PK_WEBSOCKET_NOTHING)
        return;
    outcome->events++;
    outcome->bytes += event->payload.len + event->code;
    if (event->payload.len > PK_HYBRID_MESSAGE_MAX ||
        (event->type == PK_WEBSOCKET_ASKED &&
         pk_websocket_write(PK_WEBSOCKET_PONG, pk_view_of(&event->payload), mask, &pong) != PK_OK))
        abort();
}

static void read_some(struct pk_websocket *websocket, struct pk_view arrived,
                      struct outcome *outcome)
{
    size_t used = 1;

    while (used > 0 && outcome->status == PK_OK && outcome->used < arrived.len) {
        PK_AUTO_WEBSOCKET_EVENT struct pk_websocket_event event = {0};
        struct pk_view rest = {arrived.ptr + outcome->used, arrived.len - outcome->used};

        outcome->status = pk_websocket_read(websocket, rest, &used, &event);
        if (outcome->status != PK_OK)
            return;
        if (used > rest.len)
            abort();
        outcome->used += used;
        take(&event, outcome);
    }
}

static struct outcome read_stream(struct pk_view stream, size_t step)
{
    PK_AUTO_WEBSOCKET struct pk_websocket websocket = pk_websocket_new();
    struct outcome outcome = {0};

    for (size_t len = 0; len < stream.len && outcome.status == PK_OK;) {
        len = len + step < stream.len ? len + step : stream.len;
        read_some(&websocket, (struct pk_view){stream.ptr, len}, &outcome);
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view stream;
    struct outcome whole, pieces;

    if (size == 0)
        return 0;
    stream = (struct pk_view){data + 1, size - 1};
    whole = read_stream(stream, size);
    /* Not byte by byte where that would be all that is done. */
    pieces = read_stream(stream, data[0] + (size_t)1 + size / 512);
    if (whole.status != pieces.status || whole.used != pieces.used ||
        whole.events != pieces.events || whole.bytes != pieces.bytes)
        abort();
    return 0;
}
