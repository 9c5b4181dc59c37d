/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ssh_agent.h"

#include "common/base/cleanup.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum pk_status ssh_agent_connect(int *ret_fd)
{
    const char *path = getenv("SSH_AUTH_SOCK");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    PK_AUTO_CLOSE int fd = -1;

    if (!path || !*path)
        return PK_NOT_FOUND;
    if (strlen(path) >= sizeof(address.sun_path))
        return PK_UNAVAILABLE;
    (void)memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return PK_UNAVAILABLE;
    *ret_fd = pk_steal_fd(&fd);
    return PK_OK;
}
