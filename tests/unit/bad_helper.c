/* SPDX-License-Identifier: BSD-2-Clause */
/* A helper that misbehaves, or is started in another way: as its program file is named. */
#include "common/wire/frames.h"
#include "common/wire/start.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void put(struct pk_view bytes)
{
    if (write(STDOUT_FILENO, bytes.ptr, bytes.len) != (ssize_t)bytes.len)
        _exit(1);
}

static void send_frame(const struct pk_frame *frame)
{
    struct pk_bytes bytes = {0};

    if (pk_frame_encode(frame, &bytes))
        _exit(1);
    put(pk_view_of(&bytes));
    pk_bytes_clear(&bytes);
}

/* A new process of the caller's, as common/wire/start.h has it; false: in that process. */
static bool start_one(int socket)
{
    struct pk_started started = {(int32_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0L)};

    if (started.pid == 0) {
        if (dup2(socket, STDIN_FILENO) < 0 || dup2(socket, STDOUT_FILENO) < 0)
            _exit(1);
        (void)close(socket);
        return false;
    }
    (void)close(socket);
    if (write(STDIN_FILENO, &started, sizeof(started)) != (ssize_t)sizeof(started))
        _exit(1);
    return true;
}

/* The socket of the next helper; -1: the end. */
static int next_socket(void)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int socket = -1;

    if (recvmsg(STDIN_FILENO, &message, 0) == 1)
        (void)memcpy(&socket, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(socket));
    return socket;
}

/* Is kept ready until its end; returns in each helper. Its pid is left in a file. */
static void be_ready(const char *path, const char *name)
{
    char file[128];
    int log, socket;

    (void)snprintf(file, sizeof(file), "%s.ready", path);
    log = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dprintf(log, "%d\n", (int)getpid()) < 0)
        _exit(1);
    if (strcmp(name, "not-ready-dies") == 0)
        _exit(1);
    if (strcmp(name, "not-ready-mute") == 0)
        (void)pause();
    if (strcmp(name, "not-ready-talks") == 0)
        send_frame(&(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION});
    while ((socket = next_socket()) >= 0) {
        if (!start_one(socket))
            return;
        if (strcmp(name, "once-ready") == 0)
            _exit(0);
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    static const uint8_t long_frame[] = {0x7f, 0xff, 0xff, 0xff, 1};
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : "";

    if (argc > 1 && strcmp(argv[1], PK_START_OPTION) == 0)
        be_ready(argv[0], name);
    if (strcmp(name, "dies") == 0)
        return 1;
    if (strcmp(name, "mute") == 0)
        (void)pause();
    if (strcmp(name, "other-version") == 0) {
        send_frame(&(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION + 1});
        (void)pause();
    }
    send_frame(&(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION});
    if (strcmp(name, "floods") == 0)
        for (;;)
            send_frame(&(struct pk_frame){.type = PK_FRAME_TOUCH});
    if (strcmp(name, "overlong") == 0) {
        put((struct pk_view){long_frame, sizeof(long_frame)});
        (void)pause();
    }
    if (strcmp(name, "hangs") == 0) /* closes its output and does not exit */ {
        (void)close(STDIN_FILENO);
        (void)close(STDOUT_FILENO);
        (void)pause();
    }
    if (strcmp(name, "crashes") == 0)
        (void)raise(SIGABRT);
    if (strcmp(name, "sends-and-exits") == 0 || strstr(name, "ready"))
        for (unsigned i = 0; i < 3; i++)
            send_frame(&(struct pk_frame){.type = PK_FRAME_TOUCH});
    return 0;
}
