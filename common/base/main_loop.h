/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of a program that serves others, and the signals that it is told in the loop. */
#ifndef PK_BASE_MAIN_LOOP_H
#define PK_BASE_MAIN_LOOP_H

#include <stdbool.h>

struct event_base;
struct pk_signals;

/*
 * Timers count from the time at which they are set, not from the end of the previous work; precise:
 * to the microsecond, and not rounded to milliseconds. For event_base_free(). NULL: no memory.
 */
struct event_base *pk_main_loop_new(bool precise);

struct pk_signal_row {
    int number;
    void (*handler)(void *data, int number); /* called in the loop */
};

/* rows: one whose number is 0 ends them, and they must outlive the result. NULL: no memory. */
struct pk_signals *pk_signals_new(struct event_base *base, const struct pk_signal_row *rows,
                                  void *data);
/* The signals do what they did before. NULL is taken. */
void pk_signals_free(struct pk_signals *signals);

#endif
