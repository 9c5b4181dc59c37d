/* SPDX-License-Identifier: BSD-2-Clause */
/* A libdbus connection in the event loop, for the gateway's own calls and what answers them. */
#ifndef GATEWAY_BUS_LOOP_H
#define GATEWAY_BUS_LOOP_H

#include <dbus/dbus.h>

struct bus_loop;
struct event_base;

/* lost: once, from the loop, when the connection has ended. NULL: no memory. */
struct bus_loop *bus_loop_new(struct event_base *base, DBusConnection *dbus,
                              void (*lost)(void *data), void *data);
/* Detaches the connection, which remains the caller's. */
void bus_loop_free(struct bus_loop *loop);

#endif
