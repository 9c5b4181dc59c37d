/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/private_bus.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *create(const struct private_bus *bus, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", bus->folder, name);
    return fopen(path, "we");
}

/* A session-type bus starts services itself, without the setuid helper of a system bus. */
static bool write_files(const struct private_bus *bus, bool with_service)
{
    FILE *file = create(bus, "bus.conf");

    if (!file)
        return false;
    (void)fprintf(file,
                  "<busconfig><type>session</type><listen>unix:path=%s/socket</listen>"
                  "<auth>EXTERNAL</auth><servicedir>%s</servicedir>"
                  "<policy context='default'><allow send_destination='*' eavesdrop='true'/>"
                  "<allow eavesdrop='true'/>"
                  "<allow send_type='method_return' send_requested_reply='false'/>"
                  "<allow receive_type='method_return' receive_requested_reply='false'/>"
                  "<allow own='*'/></policy>"
                  "<limit name='service_start_timeout'>60000</limit></busconfig>\n",
                  bus->folder, bus->folder);
    if (fclose(file) != 0)
        return false;
    if (!with_service)
        return true;
    file = create(bus, "org.passkeyd.service");
    if (!file)
        return false;
    (void)fprintf(file,
                  "[D-BUS Service]\nName=org.passkeyd\n"
                  "Exec=/usr/bin/python3 %s/tests/unit/fake_daemon.py\n",
                  getenv("srcdir"));
    return fclose(file) == 0;
}

bool private_bus_start(struct private_bus *bus, bool with_service)
{
    char config[128], address[128], byte;
    int ready[2];
    ssize_t got;

    (void)strcpy(bus->folder, "/tmp/passkey-bus-XXXXXX");
    if (!getenv("srcdir") || !mkdtemp(bus->folder) || !write_files(bus, with_service) ||
        pipe(ready) < 0)
        return false;
    (void)snprintf(config, sizeof(config), "--config-file=%s/bus.conf", bus->folder);
    (void)snprintf(address, sizeof(address), "unix:path=%s/socket", bus->folder);
    bus->daemon = fork();
    if (bus->daemon == 0) {
        char print[32];

        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)close(ready[0]);
        (void)snprintf(print, sizeof(print), "--print-address=%d", ready[1]);
        (void)execlp("dbus-daemon", "dbus-daemon", config, "--nofork", "--nopidfile", "--nosyslog",
                     print, (char *)NULL);
        _exit(127);
    }
    (void)close(ready[1]);
    /* The address is printed once it listens; end of file means that it could not. */
    got = read(ready[0], &byte, 1);
    (void)close(ready[0]);
    return bus->daemon > 0 && got == 1 && setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1) == 0;
}

bool private_bus_wake(void)
{
    char command[512];

    (void)snprintf(command, sizeof(command),
                   "dbus-send --bus='%s' --print-reply --reply-timeout=60000 --dest=org.passkeyd "
                   "/org/passkeyd org.freedesktop.DBus.Peer.Ping >/dev/null",
                   getenv("DBUS_SYSTEM_BUS_ADDRESS"));
    return system(command) == 0;
}

void private_bus_stop(struct private_bus *bus)
{
    static const char *const names[] = {"bus.conf", "org.passkeyd.service", "socket"};

    if (bus->daemon > 0) {
        (void)kill(bus->daemon, SIGTERM);
        (void)waitpid(bus->daemon, NULL, 0);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", bus->folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(bus->folder);
    bus->daemon = 0;
}
