/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper that is played by a test: it passes its socket to the process that listens at
 * PROGRAM.socket, and exits with status 0 when that connection ends.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to_test(const char *program)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s.socket", program);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (len < 0 || (size_t)len >= sizeof(address.sun_path) || fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return -1;
    return fd;
}

static ssize_t hand_over(int connection, int fd)
{
    char byte = 0;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    const struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    (void)memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    return sendmsg(connection, &message, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    int connection = argc > 0 ? connect_to_test(argv[0]) : -1;
    char byte;

    if (connection < 0 || hand_over(connection, STDIN_FILENO) != 1)
        return 1;
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    return (int)read(connection, &byte, 1);
}
