/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A libdbus connection in the event loop, and the calls that arrive on it: what the system bus
 * (bus.c) and the daemon's own socket (socket.c) share. Only these and message.c use libdbus.
 */
#ifndef PASSKEYD_CONNECTION_H
#define PASSKEYD_CONNECTION_H

#include "daemon/bus/budget.h"
#include "daemon/bus/call.h"

#include <dbus/dbus.h>

struct bus;
struct event_base;
struct connection;

struct connection_ops {
    /* Whether the message may be handled now; false: it is asked again a little later. */
    bool (*ready)(void *data, DBusMessage *message); /* NULL: always */
    /*
     * Handles the message, which is borrowed. false: the connection has been freed meanwhile. NULL:
     * replies to the daemon's own calls alone are handled.
     */
    bool (*message)(void *data, DBusMessage *message);
    void (*lost)(void *data); /* where there is no message() to see it */
};

/*
 * Attaches dbus to the loop. owner: whose the descriptors are that come by it (descriptors.h);
 * where that is not root, whatever else has happened comes first. NULL: no memory, and dbus is the
 * caller's still.
 */
struct connection *connection_new(struct event_base *base, DBusConnection *dbus, uid_t owner,
                                  const struct connection_ops *ops, void *data);
/* Detaches it, closes dbus and gives up its reference. */
void connection_free(struct connection *connection);

/*
 * A number for the message that has come in part, and for no other one. 0: there is none. A part
 * that came together with whole messages is seen when more of it comes.
 */
uint64_t connection_message_begun(const struct connection *connection);

/* --- calls ------------------------------------------------------------------------------------ */

/* Which of a user's budgets the call comes out of. Looks at its head alone. */
enum budget_rate connection_rate(DBusMessage *message);

/*
 * Decodes a method call that has been admitted; sender is who called, as the bus or the kernel
 * says. charge: what call_charge() does besides; may be NULL. The answer goes to dbus. NULL: no
 * memory.
 */
struct call *connection_call_new(DBusConnection *dbus, DBusMessage *message, const char *sender,
                                 bool (*charge)(struct call *call, uid_t uid));

/* Answers org.freedesktop.DBus.Peer, as every connection must. false: it is not called. */
bool connection_answer_peer(DBusConnection *dbus, DBusMessage *message);

/* Answers that the caller has had its share, as cheaply as possible. */
void connection_refuse(DBusConnection *dbus, DBusMessage *message);

#endif
