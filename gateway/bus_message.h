/* SPDX-License-Identifier: BSD-2-Clause */
/* The gateway's calls as libdbus's messages, and the results of replies. */
#ifndef GATEWAY_BUS_MESSAGE_H
#define GATEWAY_BUS_MESSAGE_H

#include "gateway/bus_client.h"

#include <dbus/dbus.h>

/*
 * *ret: the caller's. PK_INVALID_ARGUMENT: an option of a type that has no place, or a string that
 * is too long or no UTF-8. PK_NO_MEMORY.
 */
enum pk_status bus_message_write(const struct bus_call *call, DBusMessage **ret) PK_WARN_UNUSED;
/* The strings remain the message's. false: it is not of a documented type. */
bool bus_message_read(DBusMessage *message, struct bus_reply *ret);

#endif
