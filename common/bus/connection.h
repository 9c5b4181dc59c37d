/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A private connection to the daemon, at its own socket or on the system bus, that is safe inside
 * an application's process: opened for one piece of work and closed after it, never shared, never
 * kept over fork(), never fatal. No threads, no signal disposition, no environment is changed.
 * Everything that waits, waits for the one deadline of the connection.
 */
#ifndef PK_BUS_CONNECTION_H
#define PK_BUS_CONNECTION_H

#include "common/base/cleanup.h"
#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pk_bus;

/*
 * Connects to the daemon's own socket, or to the system bus where there is no such socket or nobody
 * who could be trusted listens at it. Where the process is not setuid, PASSKEYD_SOCKET names the
 * one and DBUS_SYSTEM_BUS_ADDRESS the other, which is then taken alone unless both are named.
 * seconds is the deadline from now for all that follows, until pk_bus_set_deadline(). As soon as
 * cancel_fd (borrowed; -1: none) is readable, what waits gives PK_CANCELLED.
 * PK_UNAVAILABLE: there is neither. PK_TIMEOUT: it does not answer. PK_NO_MEMORY.
 */
enum pk_status pk_bus_open(unsigned seconds, int cancel_fd, struct pk_bus **ret) PK_WARN_UNUSED;

/* The same, but always to the system bus: for questions about the bus itself. */
enum pk_status pk_bus_open_system(unsigned seconds, int cancel_fd,
                                  struct pk_bus **ret) PK_WARN_UNUSED;

/* Closes and releases. The daemon ends what this connection had begun. */
void pk_bus_close(struct pk_bus *bus);
PK_DEFINE_CLEANUP(struct pk_bus *, pk_bus_close);
#define PK_AUTO_BUS PK_CLEANUP(pk_bus_close)

void pk_bus_set_deadline(struct pk_bus *bus, unsigned seconds);

/* Whether calls tell the daemon that polkit may ask the user. Off until then. */
void pk_bus_set_interactive(struct pk_bus *bus, bool interactive);

/*
 * On the bus, learns the unique name of the daemon, which is started where it does not run, and
 * talks to that peer alone from then on. Called by what needs it. PK_UNAVAILABLE.
 */
enum pk_status pk_bus_find_daemon(struct pk_bus *bus) PK_WARN_UNUSED;

/* Of the system bus: whether the name has an owner now, or could be started. For diagnosis, not for
 * decisions. */
enum pk_status pk_bus_name_has_owner(struct pk_bus *bus, const char *name,
                                     bool *ret) PK_WARN_UNUSED;
enum pk_status pk_bus_name_activatable(struct pk_bus *bus, const char *name,
                                       bool *ret) PK_WARN_UNUSED;

/*
 * The error that the last failed call was answered with: its D-Bus name and its message, made
 * printable; empty strings when the failure was not such an answer. Valid until the next call.
 */
const char *pk_bus_error_name(const struct pk_bus *bus);
const char *pk_bus_error_message(const struct pk_bus *bus);

/*
 * The message where it is meant for users; otherwise empty. The bus's errors about a peer that is
 * not there, or has just gone, name connections and files that mean nothing to them.
 */
const char *pk_bus_error_text(const struct pk_bus *bus);

/* One named member of a context or options dictionary (a{sv}). */
struct pk_bus_member {
    const char *name;
    char type;          /* D-Bus type: 's' string, 'u' and 'b' number, 'h' fd; 0: left out */
    const char *string; /* valid UTF-8; borrowed; NULL: left out */
    uint32_t number;
    int fd; /* borrowed */
};

#endif
