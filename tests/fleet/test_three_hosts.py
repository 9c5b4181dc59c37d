# SPDX-License-Identifier: BSD-2-Clause
"""Three hosts of one directory: enrolled on one, real sudo and real ssh on the others, removed on
the third. Each host is its store's process, with its own certificate and cache; the daemon and the
PAM stacks of the private namespace are those of one host after the other."""

import os

import pexpect
import pytest
from ldap_directory import Directory, until
from ldap_host import Host

import hosts
import namespace
from hosts import parts

SETTINGS = """
[store]
kind = ldap
socket = {}
[rp default]
id = example.org
"""
SSH = ["passkey-ssh", "-o", "PreferredAuthentications=keyboard-interactive",
       "-o", "NumberOfPasswordPrompts=1", "alice@" + namespace.HOST, "id", "-un"]


@pytest.fixture(name="machine")
def machine_():
    if namespace.MARK not in os.environ:
        pytest.skip("runs inside tests/integration/support/namespace.py only (scripts/check)")
    parts.reset_state()
    machine = parts.Machine()
    machine.start_bus()
    yield machine
    machine.close()


@pytest.fixture(name="keys")
def keys_(machine):
    from softkey import SoftKeys
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        machine.program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
        yield keys


class Fleet:
    def __init__(self, machine, directory):
        self.machine = machine
        self.hosts = {name: Host(directory, name) for name in ("enrol", "host1", "host2")}
        for host in self.hosts.values():
            host.start()
            os.chmod(host.folder, 0o711)
            os.chown(host.socket, namespace.DAEMON_ID, -1)

    def be(self, name):
        self.machine.configure(SETTINGS.format(self.hosts[name].socket))
        self.machine.kill_daemon()
        return self.hosts[name]

    def close(self):
        self.machine.kill_daemon()
        for host in self.hosts.values():
            host.stop()


@pytest.fixture(name="directory")
def directory_():
    with Directory(accounts=[(name, namespace.PEOPLE[name]) for name in ("alice", "bob")]) as made:
        yield made


@pytest.fixture(name="fleet")
def fleet_(machine, keys, directory):
    assert keys
    fleet = Fleet(machine, directory)
    yield fleet
    fleet.close()


def all_know(fleet, directory, *wanted):
    directory.settle()
    for host in fleet.hosts.values():
        until("it is known", lambda host=host: len(
            host.ids("alice", namespace.PEOPLE["alice"]) or ()) == len(wanted))


def test_a_removal_says_which_server_is_away(machine, keys, directory, fleet):
    key = keys.add("blue")
    key.set(touch="immediate")
    fleet.be("enrol")
    machine.enrol("alice", "blue")
    all_know(fleet, directory, "blue")
    one, two = directory.servers
    two.stop()
    removed = machine.run_as("root", ["passkeyctl", "remove", "--yes", "--user", "alice", "blue"])
    assert removed.returncode == 1 and not removed.stdout
    assert f"removed at {one.uri}, but another server still has it" in removed.stderr, removed
    assert two.uri in removed.stderr
    assert not one.names()
    two.start()
    until("it is removed there, too", lambda: not two.names())


def test_a_passkey_lives_on_all_hosts(machine, keys, directory, fleet):
    import ssh
    from apps import Sudo
    key = keys.add("blue")
    fleet.be("enrol")
    machine.enrol("alice", "blue")
    all_know(fleet, directory, "blue")

    fleet.be("host1")
    key.set(touch="immediate")
    assert Sudo(machine).accepted()
    # Its root can add nothing for anybody, and says what to do instead.
    green = keys.add("green")
    key.unplug()
    seen = []
    details = machine.connect().enroll("bob", name="green").run(seen=seen)
    assert details["result"] == "storage", seen
    assert machine.syslog.wait("this host may not add passkeys to the directory")
    green.unplug()
    key.plug()

    fleet.be("host2")
    key.set(touch="wait")
    ssh.Server(machine)
    laptop = ssh.Laptop(machine, keys)
    with laptop.helper():
        fleet.be("host2")
        child = laptop.terminal(SSH)
        child.expect(f"{namespace.HOST} asks for your passkey")
        child.expect("(?i)touch your security key")
        key.wait_touch_wanted()
        assert key.touch()
        child.expect(pexpect.EOF)
        assert child.before.split()[-1] == "alice", child.before

    fleet.be("enrol")
    removed = machine.run_as("root", ["passkeyctl", "remove", "--yes", "--user", "alice", "blue"])
    assert removed.returncode == 0, removed
    all_know(fleet, directory)
    for name in ("host1", "host2"):
        fleet.be(name)
        sudo = Sudo(machine)
        assert sudo.refused()
        assert machine.results()[-1] == ("sudo", "alice", "authinfo_unavail")
    assert hosts.INTEGRATION
