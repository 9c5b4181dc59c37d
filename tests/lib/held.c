/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that wait until a test lets them go: as a module of the name service (libnss_held.so.2), a
 * directory that is away, which is asked about names that begin with "slow"; preloaded, a disk that
 * does not finish writing. Each waits at a FIFO of the test's, and writes a byte to another first.
 */
#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

#define FOLDER  "/run/tests/"
#define REACHED FOLDER "held-reached"

PUBLIC enum nss_status _nss_held_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
                                            size_t len, int *error);
PUBLIC enum nss_status _nss_held_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer,
                                            size_t len, int *error);
PUBLIC int fdatasync(int fd);

/* A FIFO opens for reading once it is open for writing. Without one, nothing waits. */
static void hold(const char *gate)
{
    int reached;

    if (access(gate, F_OK))
        return;
    reached = open(REACHED, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    (void)!write(reached, "", 1);
    (void)close(reached);
    (void)close(open(gate, O_RDONLY | O_CLOEXEC));
}

PUBLIC enum nss_status _nss_held_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
                                            size_t len, int *error)
{
    (void)entry, (void)buffer, (void)len;
    if (strncmp(name, "slow", 4) == 0)
        hold(FOLDER "held-names");
    *error = ENOENT;
    return NSS_STATUS_NOTFOUND;
}

PUBLIC enum nss_status _nss_held_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer,
                                            size_t len, int *error)
{
    (void)uid, (void)entry, (void)buffer, (void)len;
    *error = ENOENT;
    return NSS_STATUS_NOTFOUND;
}

PUBLIC int fdatasync(int fd)
{
    hold(FOLDER "held-sync");
    return (int)syscall(SYS_fdatasync, fd);
}
