/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that wait until a test lets them go: as a module of the name service (libnss_held.so.2), a
 * directory that is away, which is asked about names that begin with "slow"; preloaded, a disk that
 * does not finish writing. Each waits at a FIFO of the test's, and writes a byte to another first.
 * For measuring, a disk that takes as many milliseconds as a file of the test's says.
 */
#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
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

static void take_time(const char *file)
{
    FILE *stream = fopen(file, "re");
    struct timespec time = {0};
    long milliseconds = 0;

    if (!stream)
        return;
    if (fscanf(stream, "%ld", &milliseconds) == 1) {
        time.tv_sec = milliseconds / 1000;
        time.tv_nsec = milliseconds % 1000 * 1000000;
    }
    (void)fclose(stream);
    (void)nanosleep(&time, NULL);
}

PUBLIC int fdatasync(int fd)
{
    hold(FOLDER "held-sync");
    take_time(FOLDER "held-sync-takes");
    return (int)syscall(SYS_fdatasync, fd);
}
