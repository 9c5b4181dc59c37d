# SPDX-License-Identifier: BSD-2-Clause
"""passkey-enroll on a host that may add nothing: alice, root and somebody over ssh are asked for
the password that the directory has."""

import os

import pexpect
import pytest
from hosts import parts
from ldap_directory import ALICE, Directory, until
from ldap_host import Host
from test_ldap_own_bind import memory

import namespace
from apps import Sudo

SETTINGS = """
[store]
kind = ldap
socket = {}
[rp default]
id = example.org
"""
SECRET = "alices-own-words"
ALICE_OF = ("alice", namespace.PEOPLE["alice"])
ASKED = r"Password of alice in the directory ldaps://[0-9.:]+, which adds the passkey: "
POLKIT = "(?i)password: "


class Fleet:
    """Hosts that are their stores' processes; the daemon is that of one after the other."""

    def __init__(self, machine, directory, **settings):
        """Each host asks the server of its number first."""
        uris = [server.uri for server in directory.servers]
        self.machine = machine
        self.hosts = {name: Host(directory, name, servers, **settings)
                      for name, servers in (("host1", uris), ("host2", uris[::-1]))}
        for host in self.hosts.values():
            host.start()
            os.chmod(host.folder, 0o711)
            os.chown(host.socket, namespace.DAEMON_ID, -1)

    def be(self, name):
        self.machine.configure(SETTINGS.format(self.hosts[name].socket))
        self.machine.kill_daemon()

    def close(self):
        self.machine.kill_daemon()
        for host in self.hosts.values():
            host.stop()


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


@pytest.fixture(name="directory")
def directory_():
    with Directory(accounts=[(name, namespace.PEOPLE[name]) for name in ("alice", "bob")]) as made:
        yield made


@pytest.fixture(name="fleet")
def fleet_(machine, keys, directory):
    assert keys and directory.servers[0].modify(
        f"dn: {ALICE}\nchangetype: modify\nreplace: userPassword\nuserPassword: {SECRET}\n",
        admin=True) == 0
    directory.settle()
    fleet = Fleet(machine, directory, add_as="account")
    fleet.be("host1")
    yield fleet
    fleet.close()


@pytest.fixture(name="key")
def key_(keys, fleet):
    assert fleet
    return keys.add("blue").set(touch="immediate")


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


def start(machine, user, *arguments):
    """Up to the directory's question."""
    child = machine.terminal(user, ["passkey-enroll", "--name", "blue", *arguments])
    if user != "root":
        child.expect(POLKIT)
        child.sendline(namespace.password(user))
    child.expect(ASKED)
    return child


def entries(directory):
    return {name for server in directory.servers for name in server.names()}


@pytest.mark.parametrize("user,arguments", [("alice", ()), ("root", ("--user", "alice"))])
def test_who_knows_the_password_enrols(machine, directory, fleet, key, user, arguments):
    child = start(machine, user, *arguments)
    child.sendline(SECRET)
    screen, status = end(child)
    assert status == 0 and 'Enrolled "blue" for alice' in screen, screen
    assert SECRET not in screen and len(entries(directory)) == 1
    directory.settle()
    other = fleet.hosts["host2"]
    until("another host has it", lambda: other.ids("alice", namespace.PEOPLE["alice"]))
    assert SECRET not in machine.syslog.text() and key
    for pid in (machine.daemon_pid(), fleet.hosts["host1"].process.pid):
        assert not any(SECRET.encode() in part for part in memory(pid))


def test_nobody_else_does(machine, directory, fleet, key):
    """Not root, who has taken the host over, either."""
    child = start(machine, "root", "--user", "alice")
    child.sendline("roots-guess")
    screen, status = end(child)
    assert status == 1, screen
    assert "Nothing was enrolled: the directory did not take alice's password." in screen
    assert "opens nothing" in screen and "roots-guess" not in screen
    assert machine.syslog.wait("refused, password-refused")
    assert "roots-guess" not in machine.syslog.text()
    assert not entries(directory) and not fleet.hosts["host1"].ids() and key


def test_enrolled_twice_while_the_servers_are_parted(machine, keys, directory, fleet):
    """Neither host knows the handle that the other one gave alice: both passkeys serve."""
    enrolled = {"host1": keys.add("blue").set(touch="immediate")}
    directory.partition()
    for number, name in enumerate(fleet.hosts):
        if number:
            enrolled["host1"].unplug()
            enrolled[name] = keys.add("red").set(touch="immediate")
            fleet.be(name)
        child = start(machine, "root", "--user", "alice", "--name", name)
        child.sendline(SECRET)
        screen, status = end(child)
        assert status == 0, screen
    enrolled["host2"].unplug()
    directory.rejoin()
    directory.settle()
    for name in fleet.hosts:
        until("both are known", lambda name=name: len(fleet.hosts[name].ids(*ALICE_OF)) == 2)
        fleet.be(name)
        for key in enrolled.values():
            key.plug()
            assert Sudo(machine).accepted()
            key.unplug()


def test_no_password_asks_no_key(machine, directory, key, fleet):
    child = start(machine, "alice")
    child.sendline("")
    screen, status = end(child)
    assert status == 1 and "only with the account's password" in screen, screen
    assert not entries(directory) and not fleet.hosts["host1"].ids()
    assert not key.info()["touch_wanted"]


def test_a_directory_that_is_away_asks_nobody(machine, directory, key, fleet):
    for server in directory.servers:
        server.stop()
    done = machine.run_as("root", ["passkey-enroll", "--user", "alice", "--name", "blue"])
    assert done.returncode == 1 and "Password of" not in done.stderr, done
    assert machine.syslog.wait("the directory does not answer")
    assert fleet.hosts["host1"] and not key.info()["touch_wanted"]


def test_accounts_of_the_host_are_asked_nothing(machine, directory, key, fleet):
    child = machine.terminal("root", ["passkey-enroll", "--user", "root", "--name", "roots"])
    screen, status = end(child)
    assert status == 0 and "Password of" not in screen, screen
    assert not entries(directory) and fleet.hosts["host1"].ids("root", 0) and key


def test_over_ssh(machine, keys, directory, fleet):
    import ssh
    ssh.Server(machine, stack="auth required pam_unix.so\n" + namespace.REST)
    fleet.be("host1")
    laptop = ssh.Laptop(machine, keys)
    key = keys.add("laptop").set(touch="wait")
    child = laptop.terminal(["passkey-ssh", "--enroll", "alice@" + namespace.HOST],
                            PASSKEY_AUTHENTICATOR=machine.program)
    for question, answer in ((r"\) Password: ", namespace.password("alice")),
                             (POLKIT, namespace.password("alice")), (ASKED, SECRET)):
        child.expect(question)
        child.sendline(answer)
    child.expect("(?i)touch your security key")
    key.wait_touch_wanted()
    key.touch()
    child.expect("Enrolled")
    assert end(child)[1] == 0 and len(entries(directory)) == 1
    assert os.path.exists(fleet.hosts["host1"].log)
