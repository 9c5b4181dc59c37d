/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/agent.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/*
 * Whose access rights to files the kernel applies. Together with these it takes away and gives back
 * root's capabilities over files, and unlike the effective user they do not let that user send
 * signals to this process.
 */
struct rights {
    uid_t user;
    gid_t group;
};

/* Setting (uid_t)-1 changes nothing and returns the current one. */
static struct rights rights_now(void)
{
    return (struct rights){(uid_t)setfsuid((uid_t)-1), (gid_t)setfsgid((gid_t)-1)};
}

static bool rights_set(struct rights wanted)
{
    struct rights now;

    (void)setfsgid(wanted.group);
    (void)setfsuid(wanted.user);
    now = rights_now();
    return now.user == wanted.user && now.group == wanted.group;
}

/*
 * The file is opened without its contents, looked at, and connected to through its descriptor, so
 * that it stays the same file however the path changes.
 */
static enum pk_status connect_to(const char *path, uid_t owner, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    PK_AUTO_CLOSE int file = open(path, O_PATH | O_CLOEXEC);
    PK_AUTO_CLOSE int fd = -1;
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);
    struct stat found;

    if (file < 0 || fstat(file, &found) < 0)
        return errno == ENOENT ? PK_UNAVAILABLE : PK_DENIED;
    if (!S_ISSOCK(found.st_mode) || found.st_uid != owner)
        return PK_DENIED;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", file);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return PK_UNAVAILABLE;
    /* The peer is who called listen(), which the file's owner need not be. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != owner)
        return PK_DENIED;
    *ret_fd = fd;
    fd = -1;
    return PK_OK;
}

enum pk_status agent_connect(int *ret_fd)
{
    /* Not secure_getenv(), which gives nothing in a setuid program: see agent.h. */
    return agent_connect_named(getenv("SSH_AUTH_SOCK"), ret_fd);
}

enum pk_status agent_connect_named(const char *path, int *ret_fd)
{
    const struct rights before = rights_now();
    const struct rights person = {getuid(), getgid()};
    enum pk_status status = PK_DENIED;
    PK_AUTO_CLOSE int fd = -1;

    if (!path || person.user == 0)
        return PK_NOT_FOUND;
    if (path[0] != '/')
        return PK_DENIED;
    if (rights_set(person))
        status = connect_to(path, person.user, &fd);
    if (!rights_set(before))
        return PK_INTERNAL;
    if (status == PK_OK) {
        *ret_fd = fd;
        fd = -1;
    }
    return status;
}
