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

#define SECOND_NS INT64_C(1000000000)
#define MS_NS     INT64_C(1000000)
#define SLICE_MS  5 /* after which poll() looks at the clock again */

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
    int result = (int)syscall(SYS_clock_gettime, clock, ret);
    int64_t ns = ret->tv_nsec;

    if (clock == CLOCK_MONOTONIC)
        ns += atomic_load(&added) * MS_NS;
    ret->tv_sec += ns / SECOND_NS;
    ret->tv_nsec = ns % SECOND_NS;
    return result;
}

/* Of several that wait until the same moment one moves the clock on. */
static bool has_passed(int64_t end)
{
    int64_t before = atomic_load(&added), left = end - pk_clock_monotonic_ms();

    if (left > 0 && atomic_load(&passing))
        (void)atomic_compare_exchange_strong(&added, &before, before + left);
    return pk_clock_monotonic_ms() >= end;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int64_t end = timeout < 0 ? INT64_MAX : pk_clock_monotonic_ms() + timeout;

    for (;;) {
        bool at_once = timeout == 0 || (timeout > 0 && atomic_load(&passing));
        const struct timespec slice = {.tv_nsec = at_once ? 0 : SLICE_MS * MS_NS};
        int ready = ppoll(fds, count, &slice, NULL);

        if (ready != 0 || timeout == 0 || (timeout > 0 && has_passed(end)))
            return ready;
    }
}
