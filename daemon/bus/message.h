/* SPDX-License-Identifier: BSD-2-Clause */
/* Converts the bodies of libdbus messages to values (value.h) and back. */
#ifndef PASSKEYD_MESSAGE_H
#define PASSKEYD_MESSAGE_H

#include "daemon/bus/value.h"

#include <dbus/dbus.h>

/*
 * The body as a value of type 'r', the caller's to clear. It is marked failed when it is too large
 * or too deeply nested, or holds types or descriptors that none of our methods uses
 * (descriptors.h).
 */
struct value message_read(DBusMessage *message);

/* Appends the values of body. false: no memory, a broken value, or text that is not UTF-8. */
bool message_write(DBusMessage *message, const struct value *body) PK_WARN_UNUSED;
bool message_write_text(DBusMessage *message, const char *text) PK_WARN_UNUSED;

#endif
