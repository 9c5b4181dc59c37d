/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/main_loop.h"

#include <event2/event.h>
#include <stdlib.h>

struct handled {
    struct event *event;
};

struct pk_signals {
    const struct pk_signal_row *rows;
    void *data;
    size_t count;
    struct handled handled[];
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
    struct pk_signals *signals;
    size_t count = 0;

    while (rows[count].number)
        count++;
    signals = calloc(1, sizeof(*signals) + count * sizeof(signals->handled[0]));
    if (!signals)
        return NULL;
    signals->rows = rows;
    signals->data = data;
    for (; signals->count < count; signals->count++) {
        struct event *event = evsignal_new(base, rows[signals->count].number, on_signal, signals);

        signals->handled[signals->count].event = event;
        if (event && event_add(event, NULL) == 0)
            continue;
        if (event)
            event_free(event);
        pk_signals_free(signals);
        return NULL;
    }
    return signals;
}

void pk_signals_free(struct pk_signals *signals)
{
    if (!signals)
        return;
    for (size_t i = 0; i < signals->count; i++)
        event_free(signals->handled[i].event);
    free(signals);
}
