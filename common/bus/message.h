/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside common/bus only: messages to the daemon and their replies, as libdbus has them. */
#ifndef PK_BUS_MESSAGE_H
#define PK_BUS_MESSAGE_H

#include "common/bus/connection.h"

#include <dbus/dbus.h>

PK_DEFINE_CLEANUP(DBusMessage *, dbus_message_unref);
#define PK_AUTO_MESSAGE PK_CLEANUP(dbus_message_unref)

/*
 * A method call to the daemon, which pk_bus_find_daemon() must have found; NULL: no memory. The
 * caller's to release.
 */
DBusMessage *pk_bus_message_new(struct pk_bus *bus, const char *path, const char *interface,
                                const char *member);

/*
 * Appends strings (NULL ends the list). libdbus would abort the process over a string that is not
 * UTF-8: here it is PK_INVALID_ARGUMENT. PK_NO_MEMORY.
 */
enum pk_status pk_bus_append_strings(DBusMessage *message,
                                     const char *const *strings) PK_WARN_UNUSED;

/*
 * While pk_bus_call_patiently() waits, typed() is called whenever fd is readable; fd -1: no more.
 */
void pk_bus_listen(struct pk_bus *bus, int fd, void (*typed)(void *data), void *data);

/* Appends a{sv}. Errors as above. */
enum pk_status pk_bus_append_members(DBusMessage *message, const struct pk_bus_member *members,
                                     size_t count) PK_WARN_UNUSED;

/*
 * Sends and waits for the reply, which must come from the peer that was called and have exactly
 * this D-Bus signature. *ret_reply is the caller's to release.
 * PK_UNAVAILABLE: peer or bus is gone; PK_TIMEOUT: the deadline passed; PK_CANCELLED;
 * PK_PROTOCOL: another signature or sender; otherwise what the error reply means.
 */
enum pk_status pk_bus_call(struct pk_bus *bus, DBusMessage *call, const char *signature,
                           DBusMessage **ret_reply) PK_WARN_UNUSED;

/*
 * Likewise where a person has to act first: gives up before the deadline, with PK_UNAVAILABLE, when
 * the daemon no longer answers anything.
 */
enum pk_status pk_bus_call_patiently(struct pk_bus *bus, DBusMessage *call, const char *signature,
                                     DBusMessage **ret_reply) PK_WARN_UNUSED;

/* Sends a message that needs no reply, as far as that is possible without waiting. */
void pk_bus_send(struct pk_bus *bus, DBusMessage *message);

/* The status that a D-Bus error name stands for. PK_PROTOCOL for one that is not documented. */
enum pk_status pk_bus_error_status(const char *name);

#endif
