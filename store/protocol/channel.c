/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/protocol/channel.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/reader.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void frame_clear(struct pk_bytes *frame)
{
    if (frame->data)
        explicit_bzero(frame->data, frame->len);
    pk_bytes_clear(frame);
}

/* Asked after each piece as well, for there is always another one where they come fast enough. */
static bool is_late(int64_t deadline)
{
    return deadline != CHANNEL_FOREVER && pk_clock_monotonic_ms() >= deadline;
}

static enum pk_status wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = events};
        int64_t left = deadline == CHANNEL_FOREVER ? -1 : deadline - pk_clock_monotonic_ms();
        int count;

        if (deadline != CHANNEL_FOREVER && left <= 0)
            return PK_TIMEOUT;
        count = poll(&poller, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (count > 0)
            return PK_OK;
        if (count < 0 && errno != EINTR)
            return PK_IO;
    }
}

enum pk_status channel_send(int fd, struct pk_view frame, int64_t deadline)
{
    while (frame.len > 0) {
        ssize_t sent = send(fd, frame.ptr, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        enum pk_status status;

        if (sent >= 0) {
            frame.ptr += sent;
            frame.len -= (size_t)sent;
            if (frame.len > 0 && is_late(deadline))
                return PK_TIMEOUT;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return PK_IO;
        status = wait_for(fd, POLLOUT, deadline);
        if (status)
            return status;
    }
    return PK_OK;
}

/* PK_NOT_FOUND: the end, before the first byte. */
static enum pk_status receive_all(int fd, uint8_t *buffer, size_t len, int64_t deadline)
{
    size_t have = 0;

    while (have < len) {
        ssize_t got = recv(fd, buffer + have, len - have, MSG_DONTWAIT);
        enum pk_status status = PK_OK;

        if (got > 0) {
            have += (size_t)got;
            if (have < len && is_late(deadline))
                return PK_TIMEOUT;
            continue;
        }
        if (got == 0) {
            errno = ECONNRESET;
            return have > 0 ? PK_IO : PK_NOT_FOUND;
        }
        if (errno == EAGAIN)
            status = wait_for(fd, POLLIN, deadline);
        else if (errno != EINTR)
            status = PK_IO;
        if (status)
            return status;
    }
    return PK_OK;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

enum pk_status channel_receive(int fd, int64_t deadline, struct pk_bytes *ret)
{
    uint8_t head[sizeof(uint32_t)];
    AUTO_FRAME struct pk_bytes payload = {0};
    enum pk_status status = receive_all(fd, head, 1, deadline);
    size_t size;

    if (status)
        return status;
    deadline = earlier(deadline, pk_clock_monotonic_ms() + PK_STORE_FRAME_SECONDS * INT64_C(1000));
    status = receive_all(fd, head + 1, sizeof(head) - 1, deadline);
    if (status == PK_OK)
        status = pk_message_size((struct pk_view){head, sizeof(head)}, PK_STORE_FRAME_MAX, &size);
    if (status == PK_OK) {
        payload.len = size - sizeof(head);
        payload.data = malloc(payload.len);
        status = payload.data ? receive_all(fd, payload.data, payload.len, deadline) : PK_NO_MEMORY;
    }
    if (status)
        return status == PK_NOT_FOUND ? PK_IO : status;
    *ret = payload;
    payload = (struct pk_bytes){0}; /* moved */
    return PK_OK;
}
