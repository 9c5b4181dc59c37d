# SPDX-License-Identifier: BSD-2-Clause
"""Whoever passes descriptors that are never read or closed holds up nobody else.

The file and the sockets let go only when the test says so, so that whoever waited for them would
wait for ever.
"""

import array
import contextlib
import mmap
import os
import pwd
import signal
import socket
import struct

import pytest

import machine as parts
import namespace
import slow_files
import software_agent

pytestmark = pytest.mark.skipif(namespace.MARK in os.environ and namespace.module_has_sanitizers(),
                                reason="a sanitizer's read() and recvmsg() come before ours")

OWN = "/run/passkeyd/socket"
FOR_EVER = 3600


def signs_in(machine):
    """Root's program asks, as sudo does."""
    assert machine.connect().authenticate("alice", service="sudo",
                                          tty="pts/1").run()["result"] == "ok"


@pytest.fixture
def alice(machine, keys):
    keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    signs_in(machine)
    return machine


@pytest.fixture
def slow_file():
    with slow_files.slow_files() as files:
        yield files


# What bob writes, without libdbus, which would close things in its own time


def padded(data, size):
    return data + bytes(-len(data) % size)


def text(kind, value):
    if kind == "g":
        return bytes([len(value)]) + value.encode() + bytes(1)
    return struct.pack("<I", len(value)) + value.encode() + bytes(1)


def call(interface, member, signature, body, descriptors=0, serial=7):
    fields = b""
    for code, kind, value in ((1, "o", parts.PATH), (2, "s", interface), (3, "s", member),
                              (8, "g", signature)):
        fields = padded(fields, 8) + bytes([code, 1]) + kind.encode() + bytes(1) + text(kind, value)
    if descriptors:
        fields = padded(fields, 8) + bytes([9, 1]) + b"u" + bytes(1)
        fields = padded(fields, 4) + struct.pack("<I", descriptors)
    head = struct.pack("<III", len(body), serial, len(fields))
    return padded(b"l" + bytes([1, 0, 1]) + head + fields, 8) + body


def authenticate(member, user="alice", method="Authenticate"):
    """Authenticate(user, {member: the first descriptor})"""
    entry = padded(text("s", member) + bytes([1]) + b"h" + bytes(1), 4) + struct.pack("<I", 0)
    body = padded(padded(text("s", user), 4) + struct.pack("<I", len(entry)), 8) + entry
    return call(parts.MANAGER, method, "sa{sv}", body, 1)


def connect(user="bob"):
    with parts.effective(user):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(parts.PATIENCE)
        peer.connect(OWN)
    return peer


def greeted(user="bob"):
    """One that has said who it is, and has had an answer: descriptors pass from then on."""
    peer = connect(user)
    uid = str(pwd.getpwnam(user).pw_uid).encode().hex().encode()
    peer.send(bytes(1) + b"AUTH EXTERNAL " + uid + b"\r\n")
    assert peer.recv(100).startswith(b"OK")
    peer.send(b"NEGOTIATE_UNIX_FD\r\n")
    assert peer.recv(100).startswith(b"AGREE")
    peer.send(b"BEGIN\r\n" + call("org.freedesktop.DBus.Peer", "Ping", "", b""))
    assert peer.recv(1000)
    return peer


def stop(pid):
    """A thread may run on for a moment: until none does."""
    os.kill(pid, signal.SIGSTOP)
    while any(parts.status_of(f"{pid}/task/{thread}") not in "TZ"
              for thread in os.listdir(f"/proc/{pid}/task")):
        os.sched_yield()


def passed(machine, peer, message, *descriptors, flags=0):
    """The daemon's copies are the last ones: it has none yet when these are closed."""
    daemon = machine.daemon_pid()
    stop(daemon)
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
    peer.sendmsg([message], [rights], flags)
    for descriptor in descriptors:
        os.close(descriptor)
    os.kill(daemon, signal.SIGCONT)


@contextlib.contextmanager
def lingering():
    """A function that makes a socket which lingers when it is closed: its data is never read."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen(300)

        def make():
            one = socket.create_connection(listener.getsockname())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, FOR_EVER))
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while one.send(bytes(1 << 20)):
                    pass
            return one.detach()

        yield make


def test_a_file_that_is_never_closed(alice, slow_file):
    """Its file system does not answer to close(), of which there is one for each copy."""
    bob = greeted()
    slow_file.pass_to(bob, authenticate("typed"))
    slow_file.wait(slow_files.FLUSH)
    signs_in(alice)


def test_a_file_of_a_call_that_is_refused(alice, slow_file):
    bob = greeted()
    slow_file.pass_to(bob, call(parts.MANAGER, "Nothing", "h", struct.pack("<I", 0), 1))
    slow_file.wait(slow_files.FLUSH)
    signs_in(alice)


def test_a_file_of_a_message_that_is_never_whole(alice, slow_file):
    """libdbus has it still when the connection ends."""
    bob = greeted()
    slow_file.pass_to(bob, authenticate("typed")[:40])
    bob.close()
    slow_file.wait(slow_files.FLUSH)
    signs_in(alice)


def test_files_of_many_connections(alice, slow_file):
    """He is received no more after some, and others are."""
    with contextlib.suppress(OSError, AssertionError):
        for _ in range(40):
            bob = greeted()
            for _ in range(4):
                slow_file.pass_to(bob, authenticate("typed"))
    slow_file.wait(slow_files.FLUSH)
    signs_in(alice)


@pytest.mark.parametrize("message", [authenticate("typed"), authenticate("agent")[:30], b"x"],
                         ids=["refused", "half", "nonsense"])
def test_sockets_that_linger(alice, message):
    with lingering() as make:
        bob = greeted()
        passed(alice, bob, message, make())
        bob.close()
        signs_in(alice)
        # More than a message may have, hence nobody's but the kernel's.
        bob = greeted()
        passed(alice, bob, message, *[make() for _ in range(20)])
        bob.close()
        signs_in(alice)


@pytest.mark.parametrize("said", [bytes(1), bytes(1) + b"AUTH EXTERNAL ", b"x"],
                         ids=["nothing", "half", "nonsense"])
def test_sockets_that_linger_before_anything_is_said(alice, said):
    with lingering() as make:
        bob = connect()
        passed(alice, bob, said, make())
        bob.close()
        signs_in(alice)


@pytest.mark.parametrize("connected", [connect, greeted])
def test_sockets_that_linger_out_of_band(alice, connected):
    """The kernel skips such a byte, and closes what came with it."""
    with lingering() as make:
        bob = connected()
        passed(alice, bob, b"x", make(), flags=socket.MSG_OOB)
        signs_in(alice)


@pytest.mark.parametrize("message", [
    call(parts.MANAGER, "Nothing", "h", struct.pack("<I", 0), 1),
    authenticate("ticket", "bob", "Enroll"),
], ids=["closed", "read"])
def test_a_pipe_that_is_locked(alice, slow_file, message):
    """Somebody is writing to it what is in a file that is never read, as long as they like."""
    reading, writing = os.pipe()
    os.write(writing, b"x")
    bob = greeted()

    def write():
        os.close(reading)
        file = os.open(slow_file.folder + "/file", os.O_RDWR)
        os.write(writing, mmap.mmap(file, slow_files.SIZE))

    slow_file.start(write)
    slow_file.wait(slow_files.READ)
    os.close(writing)
    passed(alice, bob, message, reading)
    signs_in(alice)


def test_an_agents_socket_that_is_locked(alice, slow_file):
    """Who has it, too, reads it into a file that is never read, as long as they like."""
    key = software_agent.Key()
    alice.connect().call(parts.CREDENTIALS, "Import", "sssa{sv}", "bob", "ssh", key.line,
                         parts.vardict({}))
    ours, theirs = socket.socketpair()
    root = greeted("root")

    def read():
        ours.close()
        file = os.open(slow_file.folder + "/file", os.O_RDWR)
        theirs.recv_into(mmap.mmap(file, slow_files.SIZE))

    ours.send(b"x")
    slow_file.start(read)
    slow_file.wait(slow_files.READ)
    socket.send_fds(root, [authenticate("agent", "bob")], [theirs.detach()])
    assert root.recv(1000), "the sign-in has begun"
    signs_in(alice)


def test_an_agent_that_passes_sockets_that_linger(alice):
    """ssh-agents pass nothing; what comes with their answer is not even looked at."""
    key = software_agent.Key()
    alice.connect().call(parts.CREDENTIALS, "Import", "sssa{sv}", "bob", "ssh", key.line,
                         parts.vardict({}))
    ours, theirs = socket.socketpair()
    with lingering() as make:
        root = greeted("root")
        socket.send_fds(root, [authenticate("agent", "bob")], [theirs.detach()])
        ours.settimeout(parts.PATIENCE)
        assert ours.recv(5), "the agent is asked"
        passed(alice, ours, struct.pack(">IBI", 5, 12, 0), make())
        ours.close()
        signs_in(alice)
