/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/bus/open_socket.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_MS 20 /* between tries while the socket's queue is full */

/* Whether fd, which may be -1, becomes readable within that time. */
static bool readable_within(int fd, int milliseconds)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};

    return poll(&event, 1, milliseconds) > 0;
}

/*
 * A socket that does not block is refused at once where the queue of those that wait to be accepted
 * is full: a daemon that hangs does not accept.
 */
static enum pk_status connect_until(int fd, const char *path, int64_t until, int cancel_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    size_t len = strlen(path);

    if (len >= sizeof(address.sun_path))
        return PK_NOT_FOUND;
    (void)memcpy(address.sun_path, path, len + 1);
    while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return PK_NOT_FOUND;
        if (pk_clock_monotonic_ms() >= until)
            return PK_TIMEOUT;
        if (readable_within(cancel_fd, RETRY_MS))
            return PK_CANCELLED;
    }
    return PK_OK;
}

/*
 * Whoever listens must be somebody who may answer for the daemon: root (systemd), or whom root gave
 * the folder to. In a private instance it may be the person who runs this program.
 */
static bool listener_is_trusted(int fd, const char *path)
{
    PK_AUTO_FREE char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    struct ucred listener;
    socklen_t len = sizeof(listener);
    struct stat found;

    if (!slash || slash == folder || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &len) < 0 ||
        len != sizeof(listener))
        return false;
    *slash = '\0';
    if (lstat(folder, &found) < 0 || !S_ISDIR(found.st_mode) || (found.st_mode & 022) != 0)
        return false;
    return listener.uid == 0 || listener.uid == found.st_uid || listener.uid == getuid();
}

/* A socket of our own that listens and is never accepted from, and its D-Bus address. */
static int listen_anywhere(char **ret_address)
{
    PK_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(address.sun_family); /* alone: the kernel chooses an abstract name */

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, SOMAXCONN) < 0)
        return -1;
    len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
        len <= offsetof(struct sockaddr_un, sun_path) + 1)
        return -1;
    *ret_address = pk_text_format("unix:abstract=%.*s",
                                  (int)(len - offsetof(struct sockaddr_un, sun_path) - 1),
                                  address.sun_path + 1);
    return *ret_address ? pk_steal_fd(&fd) : -1;
}

/*
 * libdbus makes its connections itself, and waits in connect() for as long as a full queue lasts.
 * It is given a connection that needs no waiting, to ourselves, in the place of which ours is put
 * before a byte has been written. NULL: it could not be done.
 */
static DBusConnection *adopt(int fd)
{
    PK_AUTO_FREE char *address = NULL;
    PK_AUTO_CLOSE int listener = listen_anywhere(&address);
    DBusConnection *connection = listener >= 0 ? dbus_connection_open_private(address, NULL) : NULL;
    int own;

    if (connection &&
        (!dbus_connection_get_socket(connection, &own) || dup3(fd, own, O_CLOEXEC) < 0)) {
        dbus_connection_close(connection);
        dbus_connection_unref(connection);
        return NULL;
    }
    return connection;
}

/* libdbus's own way, where a sandbox does not allow what adopt() needs. */
static DBusConnection *open_plainly(const char *path)
{
    char *value = dbus_address_escape_value(path);
    PK_AUTO_FREE char *address = value ? pk_text_format("unix:path=%s", value) : NULL;

    dbus_free(value);
    return address ? dbus_connection_open_private(address, NULL) : NULL;
}

enum pk_status pk_bus_open_socket(const char *path, bool own, int64_t until, int cancel_fd,
                                  DBusConnection **ret)
{
    PK_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    enum pk_status status = fd < 0 ? PK_NO_MEMORY : connect_until(fd, path, until, cancel_fd);

    if (status != PK_OK)
        return status;
    if (own && !listener_is_trusted(fd, path))
        return PK_NOT_FOUND;
    *ret = adopt(fd);
    if (!*ret && !own)
        *ret = open_plainly(path);
    return *ret ? PK_OK : PK_NOT_FOUND;
}
