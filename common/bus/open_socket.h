/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside common/bus only: connections to sockets that are opened without ever waiting in connect().
 */
#ifndef PK_BUS_OPEN_SOCKET_H
#define PK_BUS_OPEN_SOCKET_H

#include "common/base/status.h"

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Connects to the listening socket at path until that time (pk_clock_monotonic_ms()), as long as
 * cancel_fd (-1: none) is not readable. own: only where root, this user, or the owner of the folder
 * that the socket is in, and that nobody else may write to, listens there.
 * PK_NOT_FOUND: nobody does. PK_TIMEOUT: nobody accepts. PK_CANCELLED, PK_NO_MEMORY.
 */
enum pk_status pk_bus_open_socket(const char *path, bool own, int64_t until, int cancel_fd,
                                  DBusConnection **ret) PK_WARN_UNUSED;

#endif
