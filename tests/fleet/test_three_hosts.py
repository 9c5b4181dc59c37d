# SPDX-License-Identifier: BSD-2-Clause
"""Three hosts of one directory, each with a network, a daemon and a store's process of its own:
enrolled on one, real sudo and ssh on the others, removed on the third; and one that is cut off.

Were this broken, a removed passkey would go on to serve where it matters, or a host that cannot
reach the directory would let nobody in, or everybody, for ever.
"""

import os

import pexpect
import pytest
import separate_hosts
from ldap_directory import Directory, until
from separate_hosts import SeparateHost

import namespace
import ssh
from apps import Sudo
from hosts import parts

NAMES = ("enrol", "host1", "host2")
ALICE = ("alice", namespace.PEOPLE["alice"])
OFFLINE = 12


@pytest.fixture(name="machine")
def machine_():
    if namespace.MARK not in os.environ:
        pytest.skip("runs inside tests/integration/support/namespace.py only (scripts/check)")
    parts.reset_state()
    machine = parts.Machine()
    with open("/etc/hosts", encoding="utf-8") as file:
        before = file.read()
    namespace.write("/etc/hosts", before + "".join(
        f"{separate_hosts.NETWORK}{101 + number} {name}.{separate_hosts.RP_ID} {name}\n"
        for number, name in enumerate(NAMES)))
    yield machine
    machine.close()
    namespace.write("/etc/hosts", before)


@pytest.fixture(name="keys")
def keys_(machine):
    from softkey import SoftKeys
    assert machine
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        yield keys


@pytest.fixture(name="directory")
def directory_():
    network = separate_hosts.Network()
    try:
        with Directory(accounts=[(name, namespace.PEOPLE[name]) for name in ("alice", "bob")],
                       addresses=separate_hosts.SERVERS) as directory:
            yield directory
    finally:
        network.close()


@pytest.fixture(name="fleet")
def fleet_(machine, keys, directory):
    """By name. host2 is the one that people reach over the network: it has no keys."""
    fleet = {}
    program = keys.wrapper(ssh.HELPER)
    try:
        for number, name in enumerate(NAMES):
            fleet[name] = SeparateHost(machine, directory, name, number + 1, refresh_seconds=2,
                                       offline_seconds=OFFLINE)
            if name != "host2":
                fleet[name].serve(program)
        yield fleet
    finally:
        for host in fleet.values():
            host.close()


def all_know(directory, hosts, *wanted):
    directory.settle()
    for host in hosts:
        until("it is known", lambda host=host: len(host.store.ids(*ALICE) or ()) == len(wanted))


def enrol(keys, directory, fleet):
    key = keys.add("blue")
    key.set(touch="immediate")
    result, seen = fleet["enrol"].enroll("alice", "blue")
    assert result == "ok", seen
    all_know(directory, fleet.values(), "blue")
    return key


def remove(host):
    """Anew where a busy server has not answered in the time that a call has."""
    tries = []

    def answered():
        tries.append(host.run("passkeyctl", "remove", "--yes", "--user", "alice", "blue"))
        return "does not answer, and the passkey is still there" not in tries[-1].stderr
    until("a server has answered", answered)
    return tries[-1]


def test_a_removal_says_which_server_is_away(keys, directory, fleet):
    enrol(keys, directory, fleet)
    one, two = directory.servers
    two.stop()
    removed = remove(fleet["enrol"])
    assert removed.returncode == 1 and not removed.stdout
    assert f"removed at {one.uri}, but another server still has it" in removed.stderr, removed
    assert two.uri in removed.stderr
    assert not one.names()
    two.start()
    until("it is removed there, too", lambda: not two.names())


def sign_in_over_the_network(machine, keys, key, fleet):
    """By ssh, from the first host to the second, which has no key."""
    host = fleet["host2"]
    ssh.Server(host)
    laptop = ssh.Laptop(fleet["host1"], keys)
    laptop.know(host.full_name, host.address)
    key.set(touch="wait")
    with laptop.helper():
        host.serve(ssh.HELPER + ".real")
        child = laptop.terminal(["passkey-ssh", *ssh.CLIENT[1:], f"alice@{host.full_name}",
                                 "id -un; hostname; echo $SSH_CONNECTION"])
        child.expect(f"{host.full_name} asks for your passkey")
        child.expect("(?i)touch your security key")
        key.wait_touch_wanted()
        assert key.touch()
        child.expect(pexpect.EOF)
        *_, who, where, ours, _, theirs, port = child.before.split()
    assert (who, where, port) == ("alice", "host2", "22"), child.before
    assert (ours, theirs) == (fleet["host1"].address, host.address)


def test_a_passkey_lives_on_all_hosts(machine, keys, directory, fleet):
    key = enrol(keys, directory, fleet)
    assert Sudo(fleet["host1"]).accepted()
    # Its root can add nothing for anybody, and says what to do instead.
    green = keys.add("green")
    green.set(touch="immediate")
    key.unplug()
    result, seen = fleet["host1"].enroll("bob", "green")
    assert result == "storage", seen
    fleet["host1"].daemon.log.wait(
        lambda line: "this host may not add passkeys to the directory" in line)
    green.unplug()
    key.plug()
    sign_in_over_the_network(machine, keys, key, fleet)

    removed = remove(fleet["enrol"])
    assert removed.returncode == 0, removed
    all_know(directory, fleet.values())
    for name in ("host1", "host2"):
        assert Sudo(fleet[name]).refused()
        assert machine.results()[-1] == ("sudo", "alice", "authinfo_unavail")


def words_of(host):
    """Of the store, as passkeyctl status has them."""
    said = host.run("passkeyctl", "status").stdout
    return [line for line in said.splitlines() if line.startswith("store ")][0]


@pytest.mark.slow
def test_a_host_that_is_cut_off(machine, keys, directory, fleet):
    """Nobody refuses its packets: they are lost. It serves from its cache until the limit; what is
    removed meanwhile is gone everywhere else at once, and here as soon as it hears of it."""
    enrol(keys, directory, fleet)
    cut, others = fleet["host1"], [fleet["enrol"], fleet["host2"]]
    until("followed", lambda: directory.servers[0].uri in words_of(cut))
    assert "Nothing is wrong." in cut.run("passkeyctl", "directory", "check", "--config",
                                          cut.store.config).stdout
    cut.pull_out()
    until("nobody answers", lambda: "no server answers" in words_of(cut))
    assert Sudo(cut).accepted()
    assert "and serves for " in words_of(cut)
    assert remove(fleet["enrol"]).returncode == 0
    all_know(directory, others)

    until("refused", lambda: cut.store.ids(*ALICE) is None)
    assert "serves no more" in words_of(cut)
    answer = cut.store.call("list", *ALICE)  # within 3 s, as call() asserts
    assert "the directory has not answered since 20" in answer.words, answer
    assert Sudo(cut).refused()
    assert machine.results()[-1] == ("sudo", "alice", "authinfo_unavail")
    checked = cut.run("passkeyctl", "directory", "check", "--config", cut.store.config)
    assert checked.returncode == 1
    for server in directory.servers:
        assert server.uri in checked.stdout, checked

    cut.put_back()
    until("it is removed", lambda: cut.store.ids(*ALICE) == set())
    until("followed", lambda: "no server answers" not in words_of(cut))
    assert Sudo(cut).refused()
