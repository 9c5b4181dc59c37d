/* SPDX-License-Identifier: BSD-2-Clause */
/* A dbus-daemon of the test's own, which starts tests/unit/fake_daemon.py as org.passkeyd. */
#ifndef TEST_PRIVATE_BUS_H
#define TEST_PRIVATE_BUS_H

#include <stdbool.h>
#include <sys/types.h>

struct private_bus {
    char folder[64];
    pid_t daemon;
};

/*
 * Starts it and points DBUS_SYSTEM_BUS_ADDRESS at it; with_service says whether org.passkeyd can be
 * activated. false: something that the test needs is not on this machine.
 */
bool private_bus_start(struct private_bus *bus, bool with_service);
/*
 * Starts the daemon, which may take longer than a client waits for the first reply. false: it does
 * not answer.
 */
bool private_bus_wake(void);
void private_bus_stop(struct private_bus *bus);

#endif
