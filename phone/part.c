/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/part.h"

#include "common/base/cleanup.h"
#include "common/helper/passing.h"
#include "common/helper/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SOCKET 3 /* in a part */

/* ---- packets ---- */

enum pk_status part_send(int socket, enum part_word word, struct pk_view payload, int fd)
{
    uint8_t first = (uint8_t)word;
    struct iovec pieces[] = {{&first, 1}, {(void *)(uintptr_t)payload.ptr, payload.len}};
    ssize_t sent;

    if (payload.len >= PART_PACKET_MAX)
        return PK_TOO_LARGE;
    if (fd >= 0)
        return pk_passing_send(socket, pieces, 2, &fd, 1);
    /* Not sendmsg(), which most parts may not call. */
    do
        sent = writev(socket, pieces, 2);
    while (sent < 0 && errno == EINTR);
    return sent > 0 ? PK_OK : PK_IO;
}

enum pk_status part_receive(int socket, uint8_t *buffer, struct part_packet *ret)
{
    struct pk_passed passed;
    enum pk_status status = pk_passing_receive(socket, buffer, PART_PACKET_MAX, 1, &passed);

    if (status != PK_OK)
        return status;
    ret->word = buffer[0];
    ret->payload = (struct pk_view){buffer + 1, passed.len - 1};
    ret->fd = passed.count > 0 ? passed.fds[0] : -1;
    return PK_OK;
}

/* ---- processes ---- */

static void become(int socket, pid_t parent, void (*run)(int socket, const void *data),
                   const void *data)
{
    /* The frames are the session's alone; their numbers stay taken. */
    int nothing = open("/dev/null", O_RDWR);

    if (pk_sandbox_prepare() != PK_OK || getppid() != parent || nothing < 0 ||
        dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        (socket != SOCKET && dup2(socket, SOCKET) < 0) || fcntl(SOCKET, F_SETFD, FD_CLOEXEC) < 0 ||
        close_range(SOCKET + 1, ~0U, 0) != 0)
        _exit(EXIT_FAILURE);
    run(SOCKET, data);
    _exit(EXIT_SUCCESS);
}

enum pk_status part_start(void (*run)(int socket, const void *data), const void *data, int *ret)
{
    PK_AUTO_CLOSE int ours = -1;
    PK_AUTO_CLOSE int theirs = -1;
    const pid_t parent = getpid();
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return PK_NO_MEMORY;
    ours = ends[0];
    theirs = ends[1];
    pid = fork();
    if (pid == 0)
        become(theirs, parent, run, data);
    if (pid < 0)
        return PK_NO_MEMORY;
    *ret = pk_steal_fd(&ours);
    return PK_OK;
}

void part_close_log(void)
{
#ifndef SANITIZERS
    /* Not closed: the next descriptor that comes would be it. */
    (void)dup2(STDIN_FILENO, STDERR_FILENO);
#endif
}
