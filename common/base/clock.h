/* SPDX-License-Identifier: BSD-2-Clause */
/* The clocks. One that cannot be read gives 0. */
#ifndef PK_BASE_CLOCK_H
#define PK_BASE_CLOCK_H

#include <stdint.h>

/* Seconds since the epoch: for what is stored or shown. */
int64_t pk_clock_now(void);

/* A clock that only goes forward, for deadlines: in seconds, milliseconds and microseconds. */
int64_t pk_clock_monotonic(void);
int64_t pk_clock_monotonic_ms(void);
int64_t pk_clock_monotonic_us(void);

#endif
