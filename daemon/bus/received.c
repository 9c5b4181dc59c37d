/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors that come with bytes where nobody made room for them, or too little of it, the kernel
 * closes itself, in the thread that reads. Hence read(), recv() and recvmsg() of this program are
 * defined here: in the event loop they never leave any to the kernel.
 */
#include "daemon/bus/descriptors.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PASSED_MAX 253 /* the kernel's SCM_MAX_FD */

static ssize_t (*libc_read)(int fd, void *buffer, size_t len);
static ssize_t (*libc_recvmsg)(int fd, struct msghdr *message, int flags);

__attribute__((constructor)) static void find_next(void)
{
    *(void **)&libc_read = dlsym(RTLD_NEXT, "read");
    *(void **)&libc_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
}

/* Libraries may read something before that constructor has run. */
static ssize_t read_now(int fd, void *buffer, size_t len)
{
    return libc_read ? libc_read(fd, buffer, len) : syscall(SYS_read, fd, buffer, len);
}

static ssize_t recvmsg_now(int fd, struct msghdr *message, int flags)
{
    return libc_recvmsg ? libc_recvmsg(fd, message, flags)
                        : syscall(SYS_recvmsg, fd, message, flags);
}

/*
 * Bytes that are sent out of band (MSG_OOB) are to be read in their place: otherwise they are
 * skipped, and the kernel closes what came with them.
 */
static bool can_bring_descriptors(int fd)
{
    static const int in_line = 1;
    int domain;
    socklen_t len = sizeof(domain);

    if (!descriptors_guarded() || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) ||
        domain != AF_UNIX)
        return false;
    (void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &in_line, sizeof(in_line));
    return true;
}

/* Room for as many descriptors as there can be, and for credentials and the like. */
union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(PASSED_MAX * sizeof(int)) + 1024];
};

/* Whether there were any. */
static bool close_received(struct msghdr *message)
{
    size_t closed = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        bool passed = part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS;
        size_t count = passed ? (part->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
            (void)close(fd);
        }
        closed += count;
    }
    return closed > 0;
}

/* Nobody sends descriptors where bytes alone are read: the connection is no good any more. */
static ssize_t receive_bytes(int fd, void *buffer, size_t len, int flags)
{
    union control control;
    struct iovec part = {buffer, len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t count = recvmsg_now(fd, &message, flags | MSG_CMSG_CLOEXEC);

    if (count >= 0 && close_received(&message)) {
        errno = ECONNRESET;
        return -1;
    }
    return count;
}

/* Who asked gets all descriptors, or none and MSG_CTRUNC. */
static ssize_t receive_all(int fd, struct msghdr *message, int flags)
{
    union control control;
    struct msghdr received = *message;
    ssize_t count;

    received.msg_control = control.bytes;
    received.msg_controllen = sizeof(control.bytes);
    count = recvmsg_now(fd, &received, flags | MSG_CMSG_CLOEXEC);
    if (count < 0)
        return count;
    message->msg_namelen = received.msg_namelen;
    message->msg_flags = received.msg_flags;
    if (received.msg_controllen > message->msg_controllen) {
        (void)close_received(&received);
        message->msg_flags |= MSG_CTRUNC;
        received.msg_controllen = 0;
    }
    if (received.msg_controllen > 0)
        memcpy(message->msg_control, control.bytes, received.msg_controllen);
    message->msg_controllen = received.msg_controllen;
    return count;
}

/* --- in place of libc's, for libdbus as well -------------------------------------------------- */

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return can_bring_descriptors(fd) ? receive_all(fd, message, flags)
                                     : recvmsg_now(fd, message, flags);
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void *buffer, size_t len, int flags)
{
    struct iovec part = {buffer, len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    return can_bring_descriptors(fd) ? receive_bytes(fd, buffer, len, flags)
                                     : recvmsg_now(fd, &message, flags);
}

__attribute__((visibility("default"))) ssize_t read(int fd, void *buffer, size_t len)
{
    return can_bring_descriptors(fd) ? receive_bytes(fd, buffer, len, 0)
                                     : read_now(fd, buffer, len);
}
