# SPDX-License-Identifier: BSD-2-Clause
"""Hosts with a network of their own, within that of the tests: each has its namespaces of network,
mounts and name, a passkeyd, a store's process, and a cable to a bridge, where the servers are."""

import os
import subprocess

import dbus.bus
from ldap_host import Host

import hosts
import namespace
from hosts import parts

BRIDGE = "fleet0"
NETWORK = "192.0.2."  # RFC 5737
SERVERS = (NETWORK + "11", NETWORK + "12")
RP_ID = "example.org"
SETTINGS = """
[store]
kind = ldap
socket = {socket}
[rp default]
id = {rp_id}
[seat]
without-logind = allow
[authenticator]
program = {program}
"""
# Its own files in the places of the machine's; whoever holds it open holds the host.
HOLDER = """set -e
hostname {name}
mount --bind {folder}/run /run/passkeyd
mount --bind {store} /var/lib/passkey-store-ldap
ip link set lo up
echo ready
exec cat
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Network:
    """The bridge, and the servers' addresses at it."""

    def __init__(self):
        ip("link", "add", "name", BRIDGE, "type", "bridge")
        for address in SERVERS:
            ip("address", "add", address + "/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")

    @staticmethod
    def close():
        ip("link", "delete", BRIDGE)


class Daemon(hosts.Private):
    """A host's own."""

    def start(self, *words):
        self.daemon = self.machine.start(
            ["passkeyd", "--foreground", "--config", self.config, "--state-directory", self.state,
             *words], stderr=subprocess.PIPE,
            env=dict(parts.environment(self.user), DBUS_SYSTEM_BUS_ADDRESS=self.address))
        self.log = hosts.process.Lines(self.daemon.stderr)
        self.log.wait(lambda line: f"serves {RP_ID}" in line)
        return self


class Connection(parts.Connection):
    def __init__(self, address):  # pylint: disable=super-init-not-called
        with parts.effective("root"):
            self.bus = dbus.bus.BusConnection(address)


class SeparateHost:
    """One host. As a machine of the tests it starts programs there."""

    def __init__(self, machine, directory, name, number, **settings):
        self.machine, self.name = machine, name
        self.syslog = machine.syslog
        self.address = f"{NETWORK}{100 + number}"
        self.full_name = f"{name}.{RP_ID}"
        self.cable = f"cable{number}"
        self.within = []
        self.store = Host(directory, name, **settings)
        os.chmod(self.store.folder, 0o711)
        self.daemon = Daemon(self, "root", namespace.DAEMON_USER, name)
        self.holder = None
        self.lay_out()
        self.plug_in()
        self.store.within = self.within
        self.store.start()
        os.chown(self.store.socket, namespace.DAEMON_ID, -1)

    # --- its network ----------------------------------------------------------------------------

    def lay_out(self):
        run = self.daemon.folder + "/run"
        os.mkdir(run, 0o755)
        os.chown(run, namespace.DAEMON_ID, -1)
        os.makedirs("/var/lib/passkey-store-ldap", exist_ok=True)
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "--uts", "sh", "-c",
             HOLDER.format(name=self.name, folder=self.daemon.folder, store=self.store.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        self.within[:] = ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "-u"]

    def plug_in(self):
        ip("link", "add", "name", self.cable, "type", "veth", "peer", "name", "eth0", "netns",
           str(self.holder.pid))
        ip("link", "set", self.cable, "master", BRIDGE, "up")
        for words in (("address", "add", self.address + "/24", "dev", "eth0"),
                      ("link", "set", "eth0", "up")):
            subprocess.run([*self.within, "ip", *words], check=True)

    def pull_out(self):
        """Nothing goes either way any more, and nobody is told so."""
        ip("link", "set", self.cable, "down")

    def put_back(self):
        ip("link", "set", self.cable, "up")

    # --- its programs ---------------------------------------------------------------------------

    def start(self, command, **options):
        return self.machine.start([*self.within, *command], **options)

    def as_user(self, user, command):
        number = str(namespace.PEOPLE.get(user, 0))
        return [*self.within, "-S", number, "-G", number, "--", *command]

    def terminal(self, user, command, **variables):
        words = self.as_user(user, command)
        return parts.Terminal(words[0], words[1:], timeout=parts.PATIENCE, encoding="utf-8",
                              codec_errors="replace", echo=False, dimensions=(24, 200),
                              env=dict(parts.environment(user), **variables))

    def run(self, *command, user="root"):
        """As on its own console."""
        return subprocess.run(
            self.as_user(user, command), text=True, capture_output=True, check=False,
            timeout=parts.PATIENCE,
            env=dict(parts.environment(user), DBUS_SYSTEM_BUS_ADDRESS=self.daemon.address))

    def serve(self, program):
        """Its daemon, with that program to drive its keys."""
        namespace.write(self.daemon.config, SETTINGS.format(
            socket=self.store.socket, rp_id=RP_ID, program=program))
        self.daemon.start("--socket", "/run/passkeyd/socket")
        return self

    def enroll(self, user, name):
        """What became of it, and what was said."""
        seen = []
        connection = Connection(self.daemon.address)
        try:
            return connection.enroll(user, name=name).run(seen=seen)["result"], seen
        finally:
            connection.close()

    def close(self):
        if self.daemon.daemon:
            self.daemon.daemon.kill()
            self.daemon.daemon.wait()
        self.store.stop()
        ip("link", "delete", self.cable)  # what was started there may hold the network for a while
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
