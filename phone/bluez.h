/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said to BlueZ and what it says (org.bluez of bluez/doc), as messages of libdbus. What
 * comes is looked through within its bounds, and everything in it that is not asked for is passed
 * over.
 */
#ifndef PHONE_BLUEZ_H
#define PHONE_BLUEZ_H

#include "common/base/bytes.h"

#include <dbus/dbus.h>

#define BLUEZ_NAME "org.bluez"

/* Connected and greeted; address: empty is the system bus. NULL: there is none. */
DBusConnection *bluez_connect(const char *address);

/* Who wants to hear of devices, adapters and the service's coming and going. false: no memory. */
bool bluez_subscribe(DBusConnection *connection);

/* Each sends a call; its serial, or 0: no memory. */
dbus_uint32_t bluez_list(DBusConnection *connection);
dbus_uint32_t bluez_filter(DBusConnection *connection, const char *adapter);
dbus_uint32_t bluez_start(DBusConnection *connection, const char *adapter);
dbus_uint32_t bluez_stop(DBusConnection *connection, const char *adapter);

/* What is found in a message, in its order. Paths and data are borrowed for the call. */
struct bluez_finder {
    void (*adapter)(void *data, const char *path, bool powered); /* found, or its power changed */
    void (*gone)(void *data, const char *path);                  /* an adapter was removed */
    void (*advert)(void *data, struct pk_view service_data);     /* of one of the two UUIDs */
    void *data;
};

/* The answer to bluez_list(). false: it is no such answer. */
bool bluez_read_list(DBusMessage *reply, const struct bluez_finder *finder);

/* A signal of BlueZ's; the caller has compared the sender. */
void bluez_read_signal(DBusMessage *signal, const struct bluez_finder *finder);

/*
 * Whether it is the bus's own word about who is org.bluez; *ret is then the unique name, borrowed
 * and empty where there is nobody.
 */
bool bluez_read_owner(DBusMessage *signal, const char **ret);

/* The status that an error of BlueZ's or the bus's stands for; PK_OK: it scans already. */
enum pk_status bluez_error(DBusMessage *error);

#endif
