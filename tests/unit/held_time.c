/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/held_time.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLICE_MS 5 /* after which poll() looks again whether time passes now */

static _Atomic int64_t added; /* milliseconds */
static atomic_bool passing;

void held_time_add(int64_t milliseconds)
{
    (void)atomic_fetch_add(&added, milliseconds);
}

void held_time_pass(bool passes)
{
    atomic_store(&passing, passes);
}

void held_time_await_empty(int fd)
{
    int unread = 0;

    while (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0)
        (void)sched_yield();
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int64_t more = clock == CLOCK_MONOTONIC ? atomic_load(&added) : 0;
    int result = (int)syscall(SYS_clock_gettime, clock, ret);

    ret->tv_sec += more / 1000;
    ret->tv_nsec += more % 1000 * 1000000;
    if (ret->tv_nsec >= 1000000000) {
        ret->tv_sec++;
        ret->tv_nsec -= 1000000000;
    }
    return result;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    for (int waited = 0;; waited += SLICE_MS) {
        const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000};
        bool passes = atomic_load(&passing);
        int ready =
            ppoll(fds, count, timeout == 0 || passes ? &(struct timespec){0} : &slice, NULL);

        if (ready != 0 || timeout == 0)
            return ready;
        if (timeout > 0 && (passes || waited + SLICE_MS >= timeout)) {
            if (passes)
                held_time_add(timeout);
            return 0;
        }
    }
}
