/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/helper/passing.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(PK_PASSED_MAX * sizeof(int))];
};

enum pk_status pk_passing_send(int socket, struct iovec *pieces, size_t piece_count, const int *fds,
                               size_t count)
{
    union control control = {0};
    struct msghdr message = {.msg_iov = pieces,
                             .msg_iovlen = piece_count,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    ssize_t sent;

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    (void)memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent > 0 ? PK_OK : PK_IO;
}

/* All that came: the kernel was given room for no more than fit. */
static void take_descriptors(struct msghdr *message, struct pk_passed *ret)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);

    ret->count = 0;
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len < CMSG_LEN(sizeof(int)))
        return;
    ret->count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    (void)memcpy(ret->fds, CMSG_DATA(header), ret->count * sizeof(int));
}

enum pk_status pk_passing_receive(int socket, uint8_t *buffer, size_t size, size_t room,
                                  struct pk_passed *ret)
{
    struct iovec piece = {buffer, size};
    union control control = {0};
    /* Not CMSG_SPACE(), in whose padding another one would have room. */
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_LEN(room * sizeof(int))};
    struct pk_passed passed = {.count = 0};
    ssize_t got;

    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return PK_CANCELLED;
    take_descriptors(&message, &passed);
    if (got > 0 && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        passed.len = (size_t)got;
        *ret = passed;
        return PK_OK;
    }
    for (size_t i = 0; i < passed.count; i++)
        (void)close(passed.fds[i]);
    return got > 0 ? PK_PROTOCOL : PK_CANCELLED;
}
