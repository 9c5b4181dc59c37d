/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/handover.h"

#include "common/base/cleanup.h"
#include "common/helper/passing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DESCRIPTORS 2

/* --- the message ------------------------------------------------------------------------------ */

/* Puts request before what the channel holds. */
static enum pk_status gather(const struct pk_channel *channel, const struct pk_frame *request,
                             struct pk_channel *ret)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    enum pk_status status = pk_frame_encode(request, &bytes);

    if (status != PK_OK)
        return status;
    if (bytes.len + channel->len > sizeof(ret->buffer))
        return PK_TOO_LARGE;
    (void)memcpy(ret->buffer, bytes.data, bytes.len);
    (void)memcpy(ret->buffer + bytes.len, channel->buffer, channel->len);
    ret->len = bytes.len + channel->len;
    ret->in = channel->in;
    ret->out = channel->out;
    return PK_OK;
}

static bool send_all(int socket, struct pk_channel *channel, int device)
{
    const int descriptors[DESCRIPTORS] = {channel->in, device};
    struct iovec part = {channel->buffer, channel->len};

    return pk_passing_send(socket, &part, 1, descriptors, DESCRIPTORS) == PK_OK;
}

enum pk_status handover_receive(int socket, struct pk_channel *ret_channel, int *ret_device)
{
    struct pk_passed passed;
    enum pk_status status = pk_passing_receive(socket, ret_channel->buffer,
                                               sizeof(ret_channel->buffer), DESCRIPTORS, &passed);

    if (status != PK_OK)
        return status == PK_CANCELLED ? PK_IO : status;
    if (passed.count != DESCRIPTORS)
        return PK_PROTOCOL; /* what did come is closed with this process */
    ret_channel->in = ret_channel->out = passed.fds[0];
    ret_channel->len = passed.len;
    *ret_device = passed.fds[1];
    return PK_OK;
}

/* --- the server ------------------------------------------------------------------------------- */

/* The next byte that the server says; -1: none comes. */
static int next_byte(int socket)
{
    unsigned char byte;
    ssize_t got;

    do
        got = read(socket, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got == 1 ? byte : -1;
}

/* A socket on which the server has taken it, or -1. */
static int ask_server(struct pk_channel *channel, int device)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = HANDOVER_SOCKET};
    PK_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        /* Without systemd there is none, and only the daemon may ask. */
        if (errno != ENOENT && errno != EACCES)
            (void)fprintf(stderr,
                          "passkey-authenticator: %s: %s; the security key is served under "
                          "the daemon's own user\n",
                          HANDOVER_SOCKET, strerror(errno));
        return -1;
    }
    if (!send_all(fd, channel, device) || next_byte(fd) != HANDOVER_TAKEN)
        return -1;
    return pk_steal_fd(&fd);
}

enum pk_status handover(struct pk_channel *channel, const struct pk_frame *request, int device)
{
    static struct pk_channel whole;
    PK_AUTO_CLOSE int socket = -1;
    enum pk_status status = gather(channel, request, &whole);

    if (status != PK_OK)
        return status;
    socket = ask_server(&whole, device);
    explicit_bzero(&whole, sizeof(whole));
    if (socket < 0)
        return PK_UNAVAILABLE;
    /* From now on the caller hears the end of the frames from that process alone. */
    (void)close(channel->in);
    if (channel->out != channel->in)
        (void)close(channel->out);
    channel->in = channel->out = -1;
    (void)close(device);
    return next_byte(socket) == 0 ? PK_OK : PK_IO;
}
