/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/bus/event_loop.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

struct pk_bus_loop {
    struct event_base *base;
    DBusConnection *dbus;
    struct event *dispatch;
    bool paused; /* dispatch waits for its time, whatever comes */
    const struct pk_bus_loop_ops *ops;
    void *data;
};

struct watch {
    DBusWatch *dbus;
    struct event *event;
    const struct pk_bus_loop *loop; /* NULL: a server's */
};

/* --- what is read and written ----------------------------------------------------------------- */

/* Whether nothing that is written to the peer can arrive any more; writes nothing. */
static bool takes_nothing(int fd)
{
    return send(fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE;
}

/*
 * libdbus ignores that the peer is gone when it writes, and leaves it to the reading: which ends
 * nothing where the peer has closed one direction only, and does not happen while what was read
 * before waits. It would try to write without end.
 */
static void end_if_gone(const struct pk_bus_loop *loop, int fd, long before)
{
    if (before > 0 && dbus_connection_get_outgoing_size(loop->dbus) == before &&
        dbus_connection_get_is_connected(loop->dbus) && takes_nothing(fd))
        dbus_connection_close(loop->dbus);
}

/* libdbus may free the watch meanwhile, when the connection is lost. */
static void on_watch(evutil_socket_t fd, short what, void *data)
{
    const struct watch *watch = data;
    const struct pk_bus_loop *loop = watch->loop;
    long waiting = loop ? dbus_connection_get_outgoing_size(loop->dbus) : 0;
    unsigned flags = 0;

    flags |= (what & EV_READ) ? DBUS_WATCH_READABLE : 0;
    flags |= (what & EV_WRITE) ? DBUS_WATCH_WRITABLE : 0;
    if (loop && loop->ops->handle)
        loop->ops->handle(loop->data, watch->dbus, flags);
    else
        (void)dbus_watch_handle(watch->dbus, flags);
    if (loop && (what & EV_WRITE))
        end_if_gone(loop, fd, waiting);
}

static void free_watch(void *data)
{
    struct watch *watch = data;

    event_free(watch->event);
    free(watch);
}

static void toggle_watch(DBusWatch *dbus, void *data)
{
    const struct watch *watch = dbus_watch_get_data(dbus);

    (void)data;
    if (!watch)
        return;
    if (dbus_watch_get_enabled(dbus))
        (void)event_add(watch->event, NULL);
    else
        (void)event_del(watch->event);
}

static dbus_bool_t add_watch(DBusWatch *dbus, struct event_base *base,
                             const struct pk_bus_loop *loop)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    unsigned flags = dbus_watch_get_flags(dbus);
    short what = EV_PERSIST;

    if (!watch)
        return FALSE;
    what |= (flags & DBUS_WATCH_READABLE) ? EV_READ : 0;
    what |= (flags & DBUS_WATCH_WRITABLE) ? EV_WRITE : 0;
    *watch = (struct watch){.dbus = dbus, .loop = loop};
    watch->event = event_new(base, dbus_watch_get_unix_fd(dbus), what, on_watch, watch);
    if (!watch->event) {
        free(watch);
        return FALSE;
    }
    dbus_watch_set_data(dbus, watch, free_watch);
    toggle_watch(dbus, NULL);
    return TRUE;
}

static dbus_bool_t add_connections_watch(DBusWatch *watch, void *data)
{
    const struct pk_bus_loop *loop = data;

    return add_watch(watch, loop->base, loop);
}

static dbus_bool_t add_servers_watch(DBusWatch *watch, void *data)
{
    return add_watch(watch, data, NULL);
}

static void remove_watch(DBusWatch *watch, void *data)
{
    (void)data;
    dbus_watch_set_data(watch, NULL, NULL);
}

/* --- timeouts --------------------------------------------------------------------------------- */

static void free_event(void *event)
{
    event_free(event);
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
    if (!event)
        return;
    if (dbus_timeout_get_enabled(timeout))
        (void)event_add(event, &interval);
    else
        (void)event_del(event);
}

static dbus_bool_t add_timeout(DBusTimeout *timeout, void *data)
{
    struct event *event = event_new(data, -1, EV_PERSIST, on_timeout, timeout);

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

/* --- messages --------------------------------------------------------------------------------- */

static void on_dispatch(evutil_socket_t fd, short what, void *data)
{
    struct pk_bus_loop *loop = data;

    (void)fd, (void)what;
    loop->paused = false;
    if (loop->ops->dispatch) {
        loop->ops->dispatch(loop->data);
        return;
    }
    while (dbus_connection_dispatch(loop->dbus) == DBUS_DISPATCH_DATA_REMAINS)
        continue;
    if (!dbus_connection_get_is_connected(loop->dbus) && loop->ops->lost)
        loop->ops->lost(loop->data);
}

static void on_dispatch_status(DBusConnection *dbus, DBusDispatchStatus status, void *data)
{
    struct pk_bus_loop *loop = data;

    (void)dbus;
    if (status == DBUS_DISPATCH_DATA_REMAINS && !loop->paused)
        pk_bus_loop_dispatch_in(loop, 0);
}

void pk_bus_loop_dispatch_in(struct pk_bus_loop *loop, unsigned milliseconds)
{
    const struct timeval when = {0, (suseconds_t)milliseconds * 1000};

    loop->paused = milliseconds > 0;
    (void)evtimer_add(loop->dispatch, &when);
}

void pk_bus_loop_set_priority(struct pk_bus_loop *loop, int priority)
{
    (void)event_priority_set(loop->dispatch, priority);
}

/* --- beginning and end ------------------------------------------------------------------------ */

void pk_bus_loop_detach(struct pk_bus_loop *loop)
{
    dbus_connection_set_dispatch_status_function(loop->dbus, NULL, NULL, NULL);
    (void)dbus_connection_set_watch_functions(loop->dbus, NULL, NULL, NULL, NULL, NULL);
    (void)dbus_connection_set_timeout_functions(loop->dbus, NULL, NULL, NULL, NULL, NULL);
    if (loop->dispatch)
        event_free(loop->dispatch);
    free(loop);
}

struct pk_bus_loop *pk_bus_loop_attach(struct event_base *base, DBusConnection *dbus,
                                       const struct pk_bus_loop_ops *ops, void *data)
{
    struct pk_bus_loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    *loop = (struct pk_bus_loop){.base = base, .dbus = dbus, .ops = ops, .data = data};
    loop->dispatch = evtimer_new(base, on_dispatch, loop);
    if (!loop->dispatch ||
        !dbus_connection_set_watch_functions(dbus, add_connections_watch, remove_watch,
                                             toggle_watch, loop, NULL) ||
        !dbus_connection_set_timeout_functions(dbus, add_timeout, remove_timeout, toggle_timeout,
                                               base, NULL)) {
        pk_bus_loop_detach(loop);
        return NULL;
    }
    dbus_connection_set_dispatch_status_function(dbus, on_dispatch_status, loop, NULL);
    /* What came before. */
    pk_bus_loop_dispatch_in(loop, 0);
    return loop;
}

bool pk_bus_loop_attach_server(struct event_base *base, DBusServer *server)
{
    return dbus_server_set_watch_functions(server, add_servers_watch, remove_watch, toggle_watch,
                                           base, NULL) &&
           dbus_server_set_timeout_functions(server, add_timeout, remove_timeout, toggle_timeout,
                                             base, NULL);
}
