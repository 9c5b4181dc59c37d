/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/helper/channel.h"

#include "common/base/io.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum pk_status pk_channel_send(const struct pk_channel *channel, const struct pk_frame *frame)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    enum pk_status status = pk_frame_encode(frame, &bytes);

    return status == PK_OK ? pk_write_all(channel->out, pk_view_of(&bytes)) : status;
}

enum pk_status pk_channel_send_bare(const struct pk_channel *channel, enum pk_frame_type type)
{
    return pk_channel_send(channel, &(struct pk_frame){.type = type});
}

void pk_channel_send_failure(const struct pk_channel *channel, const struct pk_failure *failure)
{
    (void)!pk_channel_send(channel,
                           &(struct pk_frame){.type = PK_FRAME_FAILED, .failure = *failure});
}

/* The size of the first frame if all of it is in the buffer, otherwise 0. */
static enum pk_status whole_frame(const struct pk_channel *channel, size_t *ret_size)
{
    size_t size = 0;
    enum pk_status status = pk_frame_size((struct pk_view){channel->buffer, channel->len}, &size);

    if (status == PK_OK)
        *ret_size = size <= channel->len ? size : 0;
    return status;
}

bool pk_channel_pending(const struct pk_channel *channel)
{
    size_t size = 0;

    /* A malformed length counts as well: the next read has to report it. */
    return whole_frame(channel, &size) != PK_OK || size > 0;
}

/* Takes the first frame out of the buffer; nothing of it stays behind, for it may be a PIN. */
static enum pk_status take_frame(struct pk_channel *channel, struct pk_frame *ret)
{
    size_t size = 0;
    enum pk_status status = whole_frame(channel, &size);

    if (status != PK_OK)
        return PK_PROTOCOL;
    if (size == 0)
        return PK_NOT_FOUND;
    status = pk_frame_decode((struct pk_view){channel->buffer + 4, size - 4}, ret);
    memmove(channel->buffer, channel->buffer + size, channel->len - size);
    explicit_bzero(channel->buffer + channel->len - size, size);
    channel->len -= size;
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_PROTOCOL;
}

enum pk_status pk_channel_read(struct pk_channel *channel, struct pk_frame *ret)
{
    enum pk_status status = take_frame(channel, ret);
    ssize_t got;

    if (status != PK_NOT_FOUND)
        return status;
    do
        got = read(channel->in, channel->buffer + channel->len,
                   sizeof(channel->buffer) - channel->len);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return PK_CANCELLED;
    channel->len += (size_t)got;
    return take_frame(channel, ret);
}

enum pk_status pk_channel_wait(struct pk_channel *channel, struct pk_frame *ret)
{
    enum pk_status status;

    do
        status = pk_channel_read(channel, ret);
    while (status == PK_NOT_FOUND);
    if (status == PK_OK && ret->type == PK_FRAME_CANCEL)
        return PK_CANCELLED;
    return status;
}

enum pk_status pk_channel_expect(struct pk_channel *channel, enum pk_frame_type type,
                                 struct pk_frame *ret)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status = pk_channel_wait(channel, &frame);

    if (status != PK_OK)
        return status;
    if (frame.type != type)
        return PK_PROTOCOL;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

enum pk_status pk_channel_greet(struct pk_channel *channel)
{
    PK_AUTO_FRAME struct pk_frame theirs = {0};
    const struct pk_frame ours = {.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION};
    enum pk_status status = pk_channel_send(channel, &ours);

    if (status == PK_OK)
        status = pk_channel_expect(channel, PK_FRAME_HELLO, &theirs);
    if (status == PK_OK && theirs.version != PK_FRAME_VERSION)
        status = PK_UNSUPPORTED;
    return status;
}
