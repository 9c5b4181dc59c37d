/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A libdbus connection or server in a loop of libevent's: the daemon's connections, and the
 * gateway's own. A library by itself, because the PAM module must not bring libevent into programs.
 */
#ifndef PK_BUS_EVENT_LOOP_H
#define PK_BUS_EVENT_LOOP_H

#include <dbus/dbus.h>
#include <stdbool.h>

struct event_base;
struct pk_bus_loop;

/* Called from the loop, and never within pk_bus_loop_attach(). Each may be NULL. */
struct pk_bus_loop_ops {
    /*
     * There is something to read or to write (flags as dbus_watch_handle() takes them): calls
     * dbus_watch_handle(), after which the watch may be gone. NULL: nothing is done besides that.
     */
    void (*handle)(void *data, DBusWatch *watch, unsigned flags);
    /*
     * Messages may have come; it may detach. It is called again when more come, and as
     * pk_bus_loop_dispatch_in() says. NULL: libdbus handles them, for connections that call.
     */
    void (*dispatch)(void *data);
    /* Where there is no dispatch() to see it: the connection has ended. It may detach. */
    void (*lost)(void *data);
};

/*
 * The connection, a private one, remains the caller's, to be closed after pk_bus_loop_detach(). It
 * is closed before where the peer takes nothing any more of what is to be written: then it is as
 * one that the peer has ended. NULL: no memory.
 */
struct pk_bus_loop *pk_bus_loop_attach(struct event_base *base, DBusConnection *dbus,
                                       const struct pk_bus_loop_ops *ops, void *data);
void pk_bus_loop_detach(struct pk_bus_loop *loop);

/*
 * Has messages dispatched once that many milliseconds have passed, below 1000. Until then what
 * comes waits; 0: not.
 */
void pk_bus_loop_dispatch_in(struct pk_bus_loop *loop, unsigned milliseconds);
/* libevent's priority of dispatching. In a loop without priorities it does nothing. */
void pk_bus_loop_set_priority(struct pk_bus_loop *loop, int priority);

/* Until it is disconnected. false: no memory. */
bool pk_bus_loop_attach_server(struct event_base *base, DBusServer *server);

#endif
