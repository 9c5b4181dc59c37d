/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/device.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/dev/"
/* How often to look whether another program is done with the key. */
#define TURN_MS 50
#define TURNS   40 /* of that long, until the key counts as busy */
/* How many packets the kernel keeps for a descriptor that is not read (HIDRAW_BUFFER_SIZE). */
#define UNREAD_MAX  64
#define PACKET_SIZE 64 /* CTAP 2.1 section 11.2.4 */

static enum pk_status open_trouble(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return PK_DENIED;
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return PK_NO_DEVICE;
    default:
        return PK_DEVICE_ERROR;
    }
}

/* Only hidraw's nodes answer that question; a file that is none is neither written nor locked. */
static bool is_hidraw(int fd)
{
    struct hidraw_devinfo info;
    struct stat node;

    return fstat(fd, &node) == 0 && S_ISCHR(node.st_mode) && ioctl(fd, HIDIOCGRAWINFO, &info) == 0;
}

/* Only CANCEL and the end of the input are in place while the key is not ours yet. */
static enum pk_status read_channel(struct pk_channel *channel)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status = pk_channel_read(channel, &frame);

    if (status == PK_NOT_FOUND)
        return PK_OK;
    if (status == PK_OK)
        return frame.type == PK_FRAME_CANCEL ? PK_CANCELLED : PK_PROTOCOL;
    return status;
}

/*
 * One program at a time: with flock(), as libfido2's own I/O functions do, so that we and they take
 * turns instead of disturbing each other.
 */
static enum pk_status take_turn(int fd, struct pk_channel *channel)
{
    for (unsigned turns = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; turns++) {
        struct pollfd polled = {.fd = channel->in, .events = POLLIN};
        enum pk_status status = PK_OK;

        if (errno != EWOULDBLOCK && errno != EINTR)
            return PK_OK; /* this node cannot be locked */
        if (turns == TURNS)
            return PK_BUSY;
        if (pk_channel_pending(channel) || poll(&polled, 1, TURN_MS) > 0)
            status = read_channel(channel);
        if (status != PK_OK)
            return status;
    }
    return PK_OK;
}

/*
 * hidraw gives every descriptor all that the key sends. What came while others had their turn was
 * for them; a reply to their CTAPHID_INIT would be taken for ours, since both are broadcast.
 */
static void drop_unread(int fd)
{
    unsigned char packet[PACKET_SIZE];
    struct pollfd polled = {.fd = fd, .events = POLLIN};

    for (unsigned i = 0; i < UNREAD_MAX; i++) {
        if (poll(&polled, 1, 0) <= 0 || !(polled.revents & POLLIN) ||
            read(fd, packet, sizeof(packet)) <= 0)
            return;
    }
}

enum pk_status device_open(const char *path, struct pk_channel *channel, int *ret_fd)
{
    PK_AUTO_CLOSE int fd = -1;
    enum pk_status status;

    if (strncmp(path, FOLDER, strlen(FOLDER)) != 0 || strstr(path, "/../"))
        return PK_NO_DEVICE;
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    if (fd < 0)
        return open_trouble(errno);
    if (!is_hidraw(fd))
        return PK_NO_DEVICE;
    status = take_turn(fd, channel);
    if (status != PK_OK)
        return status;
    drop_unread(fd);
    *ret_fd = pk_steal_fd(&fd);
    return PK_OK;
}
