/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/clock.h"

#include <time.h>

#define MICROSECONDS 1000000 /* in a second */

static struct timespec get(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return now;
}

int64_t pk_clock_now(void)
{
    return get(CLOCK_REALTIME).tv_sec;
}

int64_t pk_clock_monotonic(void)
{
    return get(CLOCK_MONOTONIC).tv_sec;
}

int64_t pk_clock_monotonic_ms(void)
{
    return pk_clock_monotonic_us() / 1000;
}

int64_t pk_clock_monotonic_us(void)
{
    const struct timespec now = get(CLOCK_MONOTONIC);

    return (int64_t)now.tv_sec * MICROSECONDS + now.tv_nsec / 1000;
}
