/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/main_loop.h"

#include <event2/event.h>
#include <stdlib.h>

#define SIGNALS_MAX 8

struct pk_signals {
    const struct pk_signal_row *rows;
    struct event *events[SIGNALS_MAX];
    void *data;
};

struct event_base *pk_main_loop_new(bool precise)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (!config)
        return NULL;
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME |
                                            (precise ? EVENT_BASE_FLAG_PRECISE_TIMER : 0));
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static void on_signal(evutil_socket_t number, short what, void *data)
{
    const struct pk_signals *signals = data;

    (void)what;
    for (const struct pk_signal_row *row = signals->rows; row->number; row++)
        if (row->number == (int)number)
            row->handler(signals->data, row->number);
}

struct pk_signals *pk_signals_new(struct event_base *base, const struct pk_signal_row *rows,
                                  void *data)
{
    struct pk_signals *signals = calloc(1, sizeof(*signals));

    if (!signals)
        return NULL;
    signals->rows = rows;
    signals->data = data;
    for (size_t i = 0; rows[i].number; i++) {
        if (i < SIGNALS_MAX)
            signals->events[i] = evsignal_new(base, rows[i].number, on_signal, signals);
        if (i == SIGNALS_MAX || !signals->events[i] || event_add(signals->events[i], NULL)) {
            pk_signals_free(signals);
            return NULL;
        }
    }
    return signals;
}

void pk_signals_free(struct pk_signals *signals)
{
    if (!signals)
        return;
    for (size_t i = 0; i < SIGNALS_MAX; i++)
        if (signals->events[i])
            event_free(signals->events[i]);
    free(signals);
}
