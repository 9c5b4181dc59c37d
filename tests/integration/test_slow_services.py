# SPDX-License-Identifier: BSD-2-Clause
"""Nobody waits for what another caused: not for a directory that is away, nor for a busy disk.

The directory and the disk answer only when the test lets them, so that whoever waited for them
would wait for ever.
"""

import contextlib
import json
import os
import signal
import sqlite3

import dbus
import dbus.lowlevel
import pexpect
import pytest

import held
import machine as parts
import namespace

SUDO = ["sudo", "-u", "bob", "id", "-un"]
USER_SHARE = 2  # workers for one user's jobs (daemon/jobs/jobs.c)
STATUS_SHARE = 4  # Status calls of one user (daemon/api/status.c)
OTHERS_SHARE = 8  # for root's, and for strangers'
with open("/usr/sbin/passkeyd", "rb") as program:
    SANITIZED = b"libasan.so" in program.read()


def send(connection, interface, member, signature, *arguments, path=parts.PATH):
    """A call whose answer nobody waits for."""
    message = dbus.lowlevel.MethodCallMessage(parts.NAME, path, interface, member)
    message.append(*arguments, signature=signature)
    connection.bus.send_message(message)
    connection.bus.flush()


def ask_for_slow_names(connection, count):
    for number in range(count):
        send(connection, parts.CREDENTIALS, "List", "sa{sv}", f"slow{number}", parts.vardict({}))


def signs_in(machine):
    """Root's program asks, as sudo does."""
    details = machine.connect().authenticate("alice", service="sudo", tty="pts/1").run()
    assert details["result"] == "ok"


def runs_sudo(machine):
    child = machine.terminal("alice", SUDO)
    child.expect("bob\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.fixture
def slow_names(machine):
    with held.names() as gate:
        yield gate


@pytest.fixture
def alice(slow_names, machine, keys):
    """With a key that needs no waiting for."""
    key = keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    return key


@pytest.mark.real_programs
def test_ten_slow_lookups_of_another(machine, slow_names, alice):
    """Two of them are under way and eight wait, for as long as it takes; alice notices nothing."""
    ask_for_slow_names(machine.connect("bob"), 10)
    slow_names.wait(USER_SHARE)
    runs_sudo(machine)
    assert machine.connect("alice").call(parts.CREDENTIALS, "List", "sa{sv}", "alice",
                                         parts.vardict({}))
    assert slow_names.nothing_more()


def test_lookups_are_limited(machine, slow_names, alice):
    """More than the waiting room holds are refused, and nobody else's are."""
    bob = machine.connect("bob")
    ask_for_slow_names(bob, USER_SHARE)
    slow_names.wait(USER_SHARE)
    ask_for_slow_names(bob, 64)
    for _ in range(3):
        bob.fails("LimitExceeded", parts.CREDENTIALS, "List", "sa{sv}", "slow", parts.vardict({}))
    signs_in(machine)


def test_status_calls_are_limited_per_user(machine):
    """Each waits for a helper that says nothing; one user's do not take the places of others."""
    helper = namespace.SCRATCH + "/silent-helper"
    namespace.write(helper, "#!/bin/sh\nexec sleep 60\n", 0o755)
    machine.configure(f"[authenticator]\nprogram = {helper}\n")
    machine.kill_daemon(signal.SIGTERM)
    bob, alice = machine.connect("bob"), machine.connect("alice")
    bob.call("org.freedesktop.DBus.Peer", "Ping")
    for _ in range(STATUS_SHARE):
        send(bob, parts.MANAGER, "Status", "")
    bob.fails("LimitExceeded", parts.MANAGER, "Status")
    status = json.loads(str(alice.call(parts.MANAGER, "Status")))
    assert status["authenticator"]["failure"] == "it does not answer"


def test_strangers_at_sshd(machine, slow_names, alice):
    """As many as MaxStartups lets in, each with a name that has to be looked up far away."""
    root = machine.connect()
    for number in range(110):
        send(root, parts.MANAGER, "Authenticate", "sa{sv}", f"slow{number}",
             parts.vardict({"service": "sshd", "tty": "ssh",
                            "rhost": f"198.51.100.{number}"}))
    slow_names.wait(OTHERS_SHARE)
    signs_in(machine)
    assert machine.connect().authenticate("alice", service="login", tty="tty1").run(
        )["result"] == "ok"
    assert slow_names.nothing_more()


def test_who_left_is_not_answered(machine, slow_names, alice):
    bob = machine.connect("bob")
    ask_for_slow_names(bob, 5)
    slow_names.wait(USER_SHARE)
    bob.close()
    signs_in(machine)
    slow_names.let_go()
    pid = machine.daemon_pid()
    # His share is free again.
    machine.connect("bob").fails("AccessDenied", parts.CREDENTIALS, "List", "sa{sv}", "slow",
                                 parts.vardict({}))
    signs_in(machine)
    assert machine.daemon_pid() == pid


def test_configuration_is_read_meanwhile(machine, slow_names, alice):
    ask_for_slow_names(machine.connect("bob"), 5)
    slow_names.wait(USER_SHARE)
    mark = machine.syslog.mark()
    for _ in range(3):
        os.kill(machine.daemon_pid(), signal.SIGHUP)
    machine.syslog.wait("configuration read again", mark)
    signs_in(machine)


def test_a_daemon_with_a_stuck_worker_ends(machine, slow_names, alice):
    ask_for_slow_names(machine.connect("bob"), 5)
    slow_names.wait(USER_SHARE)
    machine.kill_daemon(signal.SIGTERM)
    machine.syslog.wait("ending although a worker has not returned")
    assert not machine.daemon_pid()
    slow_names.let_go()
    signs_in(machine)


# A disk that is busy


@pytest.fixture
def slow_disk(machine):
    with held.disk() as gate:
        yield gate


@pytest.mark.skipif(SANITIZED, reason="nothing can be preloaded before AddressSanitizer")
def test_a_change_that_is_being_written(machine, slow_disk, keys):
    """What alice reads, and her question, do not wait for it."""
    blue = keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    blue.set(touch="wait")
    gate = slow_disk()
    codes = machine.connect()
    send(codes, parts.CREDENTIALS, "CreateRecoveryCodes", "s", "alice")
    gate.wait()
    alice = machine.connect("alice")
    assert alice.call(parts.CREDENTIALS, "List", "sa{sv}", "alice", parts.vardict({}))
    conversation = machine.connect().authenticate("alice", service="sudo", tty="pts/1")
    blue.wait_touch_wanted()
    blue.touch()
    gate.let_go()
    assert conversation.run()["result"] == "ok"


@pytest.mark.skipif(SANITIZED, reason="nothing can be preloaded before AddressSanitizer")
def test_a_queue_of_changes_that_are_being_written(machine, slow_disk, keys):
    """However many there are, alice's waits for one of them at most, and shares the next sync."""
    keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    gate = slow_disk()
    others = machine.connect()
    for _ in range(5):
        send(others, parts.CREDENTIALS, "CreateTicket", "sa{sv}", "bob", parts.vardict({}))
    gate.wait()
    conversation = machine.connect().authenticate("alice", service="sudo", tty="pts/1")
    assert conversation.next()[2]["event"] == "touch"
    gate.let_go()
    assert conversation.run()["result"] == "ok"


LOGGED = {
    "CreateRecoveryCodes": (("s", "alice"), "new recovery codes, which replace .*, for alice"),
    "CreateTicket": (("sa{sv}", "alice", parts.vardict({})), "an enrolment ticket for alice"),
    "RevokeTickets": (("sa{sv}", "alice", parts.vardict({})), "tickets .* for alice .* void"),
    "Rename": (("sss", "alice", None, "green"), "passkey .* of alice .* renamed to .*green"),
    "Remove": (("ss", "alice", None), "passkey .* of alice .* removed"),
}


@pytest.mark.skipif(SANITIZED, reason="nothing can be preloaded before AddressSanitizer")
@pytest.mark.parametrize("member", LOGGED)
def test_who_leaves_is_in_the_log(machine, slow_disk, keys, member):
    """Or nobody would see what somebody did who does not wait for the answer."""
    keys.add("blue").set(touch="immediate")
    passkey = machine.enrol("alice")
    root = machine.connect()
    if member == "RevokeTickets":
        root.call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "alice", parts.vardict({}))
    (signature, *arguments), words = LOGGED[member]
    mark = machine.syslog.mark()
    gate = slow_disk()
    send(root, parts.CREDENTIALS, member, signature,
         *[passkey["credentialId"] if each is None else each for each in arguments])
    gate.wait()
    root.close()
    machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice", parts.vardict({}))
    gate.let_go()
    machine.syslog.wait(words, mark)


@pytest.mark.skipif(SANITIZED, reason="nothing can be preloaded before AddressSanitizer")
def test_a_change_that_is_being_written_when_the_daemon_ends(machine, slow_disk, keys):
    """It is waited for, so that what was begun is there."""
    keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    gate = slow_disk()
    pid = machine.daemon_pid()
    send(machine.connect(), parts.CREDENTIALS, "CreateTicket", "sa{sv}", "alice",
         parts.vardict({}))
    gate.wait()
    os.kill(pid, signal.SIGTERM)
    machine.syslog.wait("signal 15: ending")
    gate.let_go()
    parts.wait_exit(pid)
    with contextlib.closing(sqlite3.connect(parts.database())) as database:
        assert database.execute("SELECT count(*) FROM ticket").fetchone() == (1,)
