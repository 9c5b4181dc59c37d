/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time for tests of deadlines, in place of waiting: the monotonic clock, which a test moves on, and
 * poll(), which waits by that clock, and can let the time that it would wait pass at once. For what
 * is linked into the test.
 */
#ifndef TESTS_UNIT_HELD_TIME_H
#define TESTS_UNIT_HELD_TIME_H

#include "common/base/clock.h"

#include <stdbool.h>

/* Moves the monotonic clock on. */
void held_time_add(int64_t milliseconds);

/* While it passes, a poll() for which nothing is ready moves the clock on to its end. */
void held_time_pass(bool passes);

/* Until all that was sent on that local socket has been received, or the other end is closed. */
void held_time_await_empty(int fd);

#endif
