/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/bus_loop.h"

#include "common/base/cleanup.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

struct bus_loop {
    struct event_base *base;
    DBusConnection *dbus;
    struct event *dispatch;
    void (*lost)(void *data);
    void *data;
};

static void free_event(void *event)
{
    event_free(event);
}

static void on_watch(evutil_socket_t fd, short what, void *data)
{
    unsigned flags = 0;

    (void)fd;
    flags |= (what & EV_READ) ? DBUS_WATCH_READABLE : 0;
    flags |= (what & EV_WRITE) ? DBUS_WATCH_WRITABLE : 0;
    (void)dbus_watch_handle(data, flags);
}

static void toggle_watch(DBusWatch *watch, void *data)
{
    struct event *event = dbus_watch_get_data(watch);

    (void)data;
    if (event && dbus_watch_get_enabled(watch))
        (void)event_add(event, NULL);
    else if (event)
        (void)event_del(event);
}

static dbus_bool_t add_watch(DBusWatch *watch, void *data)
{
    const struct bus_loop *loop = data;
    unsigned flags = dbus_watch_get_flags(watch);
    short what = EV_PERSIST;
    struct event *event;

    what |= (flags & DBUS_WATCH_READABLE) ? EV_READ : 0;
    what |= (flags & DBUS_WATCH_WRITABLE) ? EV_WRITE : 0;
    event = event_new(loop->base, dbus_watch_get_unix_fd(watch), what, on_watch, watch);
    if (!event)
        return FALSE;
    dbus_watch_set_data(watch, event, free_event);
    toggle_watch(watch, NULL);
    return TRUE;
}

static void remove_watch(DBusWatch *watch, void *data)
{
    (void)data;
    dbus_watch_set_data(watch, NULL, NULL);
}

static void on_timeout(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    (void)dbus_timeout_handle(data);
}

static void toggle_timeout(DBusTimeout *timeout, void *data)
{
    struct event *event = dbus_timeout_get_data(timeout);
    int ms = dbus_timeout_get_interval(timeout);
    const struct timeval interval = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};

    (void)data;
    if (event && dbus_timeout_get_enabled(timeout))
        (void)event_add(event, &interval);
    else if (event)
        (void)event_del(event);
}

static dbus_bool_t add_timeout(DBusTimeout *timeout, void *data)
{
    const struct bus_loop *loop = data;
    struct event *event = event_new(loop->base, -1, EV_PERSIST, on_timeout, timeout);

    if (!event)
        return FALSE;
    dbus_timeout_set_data(timeout, event, free_event);
    toggle_timeout(timeout, NULL);
    return TRUE;
}

static void remove_timeout(DBusTimeout *timeout, void *data)
{
    (void)data;
    dbus_timeout_set_data(timeout, NULL, NULL);
}

static void on_dispatch(evutil_socket_t fd, short what, void *data)
{
    const struct bus_loop *loop = data;

    (void)fd, (void)what;
    while (dbus_connection_dispatch(loop->dbus) == DBUS_DISPATCH_DATA_REMAINS)
        continue;
    if (!dbus_connection_get_is_connected(loop->dbus))
        loop->lost(loop->data);
}

static void on_status(DBusConnection *dbus, DBusDispatchStatus status, void *data)
{
    const struct bus_loop *loop = data;

    (void)dbus;
    if (status == DBUS_DISPATCH_DATA_REMAINS)
        event_active(loop->dispatch, EV_TIMEOUT, 0);
}

void bus_loop_free(struct bus_loop *loop)
{
    dbus_connection_set_dispatch_status_function(loop->dbus, NULL, NULL, NULL);
    (void)dbus_connection_set_watch_functions(loop->dbus, NULL, NULL, NULL, NULL, NULL);
    (void)dbus_connection_set_timeout_functions(loop->dbus, NULL, NULL, NULL, NULL, NULL);
    if (loop->dispatch)
        event_free(loop->dispatch);
    free(loop);
}

struct bus_loop *bus_loop_new(struct event_base *base, DBusConnection *dbus,
                              void (*lost)(void *data), void *data)
{
    struct bus_loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    *loop = (struct bus_loop){.base = base, .dbus = dbus, .lost = lost, .data = data};
    loop->dispatch = evtimer_new(base, on_dispatch, loop);
    if (!loop->dispatch ||
        !dbus_connection_set_watch_functions(dbus, add_watch, remove_watch, toggle_watch, loop,
                                             NULL) ||
        !dbus_connection_set_timeout_functions(dbus, add_timeout, remove_timeout, toggle_timeout,
                                               loop, NULL)) {
        bus_loop_free(loop);
        return NULL;
    }
    dbus_connection_set_dispatch_status_function(dbus, on_status, loop, NULL);
    event_active(loop->dispatch, EV_TIMEOUT, 0);
    return loop;
}
