/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded, a monotonic clock that is as many seconds ahead as a file of the test's says: for what
 * ends after minutes. What waits for a time wakes up when it next looks at the clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AHEAD "/run/tests/later"

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret);

static long seconds_ahead(void)
{
    const int error = errno;
    char text[16] = "";
    int fd = open(AHEAD, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!read(fd, text, sizeof(text) - 1);
        (void)close(fd);
    }
    errno = error;
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int failed = (int)syscall(SYS_clock_gettime, id, ret);

    if (!failed && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE))
        ret->tv_sec += seconds_ahead();
    return failed;
}
