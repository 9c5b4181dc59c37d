# SPDX-License-Identifier: BSD-2-Clause
"""One user who calls as much as he can, by every way there is, takes nothing away from others."""

import contextlib
import os
import select
import socket
import subprocess
import time

import pytest

import machine as parts
import namespace
from apps import Login, Sudo

pytestmark = pytest.mark.real_programs

OWN = "/run/passkeyd/socket"
PER_USER = 16


class AlicesLogin(Login):
    owner = "alice"
    command = ["login", "alice"]

    def accepted(self):
        self.child.expect(r"\$ ")
        self.child.close(force=True)
        return True


@contextlib.contextmanager
def flood(code, *arguments):
    """bob runs that Python code until the end of the block; it has begun when it says so."""
    process = subprocess.Popen(["/usr/bin/python3", "-c", code, *arguments],
                               preexec_fn=parts.become("bob"), env=parts.environment("bob"),
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"begun\n"
        yield process
        assert process.poll() is None, "the flood ended early"
    finally:
        process.kill()
        process.wait()


def enrolled(machine, keys):
    key = keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    return key


def ended(processes, count):
    """Waits until at least so many of them have ended."""
    poll = select.poll()
    descriptors = {os.pidfd_open(process.pid) for process in processes}
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    left = len(descriptors)
    while len(processes) - left < count:
        events = poll.poll(parts.PATIENCE * 1000)
        assert events, f"{left} are still there"
        for descriptor, _ in events:
            poll.unregister(descriptor)
            left -= 1
    for descriptor in descriptors:
        os.close(descriptor)


def test_many_setuid_programs(machine, keys):
    """chsh is setuid root and names nobody whom it asks for: each used up a place of root's."""
    machine.configure("[authenticator]\ninsert-timeout = 300\n")
    namespace.write("/etc/pam.d/chsh", "auth required pam_passkey.so\n" + namespace.REST)
    bobs = keys.add("bobs").set(touch="immediate")
    machine.enrol("bob")
    bobs.unplug()
    # U2F's "no" is the last word: bob's requests do not ask for a touch of this key.
    keys.add("blue", version="u2f").set(touch="immediate")
    machine.enrol("alice")
    variables = parts.environment("bob")
    chsh = [machine.start(["chsh", "-s", "/bin/sh"], preexec_fn=parts.become("bob"), env=variables,
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) for _ in range(200)]
    ended(chsh, len(chsh) - PER_USER)
    assert sum(process.poll() is None for process in chsh) <= PER_USER
    assert Sudo(machine).accepted()
    assert AlicesLogin(machine).accepted()
    # The log has a summary, and not a line for each.
    assert machine.syslog.wait("uid 2002: more than its share")
    machine.syslog.mark()
    assert machine.syslog.text().count("LimitExceeded") <= 60 + len(chsh)  # the module's own lines
    assert machine.syslog.text().count("passkeyd[") < 100


ON_THE_BUS = """
import sys
import dbus, dbus.bus, dbus.lowlevel
address, interface, member, who = sys.argv[1:]
connections = [dbus.bus.BusConnection(address) for _ in range(20)]
print("begun", flush=True)
while True:
    for connection in connections:
        for _ in range(50):
            message = dbus.lowlevel.MethodCallMessage("org.passkeyd", "/org/passkeyd", interface,
                                                      member)
            message.append(who, dbus.Dictionary({}, signature="sv"), signature="sa{sv}")
            connection.send_message(message)
        connection.flush()
"""

# Without libdbus, which would keep what the daemon does not take.
AT_THE_SOCKET = """
import select, socket, struct, sys, os
path, interface, member, who = sys.argv[1:]

def text(kind, value):
    if kind == "g":
        return bytes([len(value)]) + value.encode() + bytes(1)
    return struct.pack("<I", len(value)) + value.encode() + bytes(1)

def padded(data, size):
    return data + bytes(-len(data) % size)

def call():
    body = padded(padded(text("s", who), 4) + bytes(4), 8)
    fields = b""
    for code, kind, value in ((1, "o", "/org/passkeyd"), (2, "s", interface), (3, "s", member),
                              (8, "g", "sa{sv}")):
        fields = padded(fields, 8) + bytes([code, 1]) + kind.encode() + bytes(1) + text(kind, value)
    return padded(b"l" + bytes([1, 0, 1]) + struct.pack("<III", len(body), 7, len(fields)) + fields,
                  8) + body

calls = call() * 50
connections, poll = {}, select.poll()
for _ in range(20):
    one = socket.socket(socket.AF_UNIX)
    one.connect(path)
    one.send(bytes(1) + b"AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\\r\\n")
    assert one.recv(100).startswith(b"OK")
    one.send(b"BEGIN\\r\\n")
    one.setblocking(False)
    connections[one.fileno()] = [one, b""]
    poll.register(one, select.POLLOUT)
begun = False
while True:
    for fd, what in poll.poll():
        one, left = connections[fd]
        left = left or calls
        connections[fd][1] = left[one.send(left):]
    if not begun:
        print("begun", flush=True)
    begun = True
"""


@pytest.mark.parametrize("interface,member,who", [(parts.CREDENTIALS, "List", "bob"),
                                                  (parts.MANAGER, "Authenticate", "alice"),
                                                  (parts.MANAGER, "Authenticate", "bob")])
@pytest.mark.parametrize("code,address", [(ON_THE_BUS, parts.ADDRESS), (AT_THE_SOCKET, OWN)],
                         ids=["bus", "socket"])
def test_calls_without_end(machine, keys, code, address, interface, member, who):
    """He reads no answer. Refusals filled the log, and alice was asked elsewhere or not at all."""
    enrolled(machine, keys)
    assert Sudo(machine).accepted()
    pid = machine.daemon_pid()
    memory = int(parts.status(pid)["VmRSS"].split()[0])
    begin, since = machine.syslog.mark(), time.monotonic()
    with flood(code, address, interface, member, who):
        for _ in range(3):
            assert Sudo(machine).accepted()
        assert AlicesLogin(machine).accepted()
    assert parts.status(pid)["Name"] == "passkeyd"
    machine.syslog.mark()
    lines = [line for line in machine.syslog.text(begin).split("\n") if "passkeyd[" in line]
    # Each sign-in has its line; budget.c says how many a user may begin. Refusals have a summary.
    decided = [line for line in lines if "sign-in of bob" in line]
    assert len(decided) < 1000 + 250 * (time.monotonic() - since), lines[-5:]
    assert len(lines) - len(decided) < 500, lines[-5:]
    assert int(parts.status(pid)["VmRSS"].split()[0]) < memory + 65536
    assert Sudo(machine).accepted()


def test_who_leaves_without_reading_the_answers(machine, keys):
    """Answers that nobody takes any more were written again and again; no user was served after."""
    enrolled(machine, keys)
    for _ in range(3):
        with flood(AT_THE_SOCKET, OWN, parts.MANAGER, "Authenticate", "alice"):
            assert Sudo(machine).accepted()
    for _ in range(3):
        done = call_status("unix:path=" + OWN, "carol")
        assert done.returncode == 0, done.stderr
    assert Sudo(machine).accepted()


# It stays, and takes no answer.
DEAF = """
import os, select, signal, socket, sys
one = socket.socket(socket.AF_UNIX)
one.connect(sys.argv[1])
one.send(bytes(1) + b"AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\\r\\n")
assert one.recv(100).startswith(b"OK")
one.send(b"BEGIN\\r\\n")
one.shutdown(socket.SHUT_RD)
fields = b"".join((b + bytes(-len(b) % 8)) for b in (
    b"\\1\\1o\\0\\x0d\\0\\0\\0/org/passkeyd\\0",
    b"\\2\\1s\\0\\x15\\0\\0\\0org.passkeyd.Manager1\\0", b"\\3\\1s\\0\\6\\0\\0\\0Status\\0"))
size = len(fields) - 1  # without what pads the last one
one.send(b"l\\1\\0\\1" + bytes(4) + b"\\7\\0\\0\\0" + size.to_bytes(4, "little") + fields)
print("begun", flush=True)
gone = select.poll()
gone.register(one, 0)
gone.poll()
print("closed", flush=True)
signal.pause()
"""


def test_who_takes_no_answer(machine, keys):
    """The same by somebody who stays: one call was enough."""
    enrolled(machine, keys)
    with flood(DEAF, OWN) as process:
        assert select.select([process.stdout], [], [], parts.PATIENCE)[0]
        assert process.stdout.readline() == b"closed\n"
        assert call_status("unix:path=" + OWN, "carol").returncode == 0
        assert Sudo(machine).accepted()


SILENT = """
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
kept = []
first = True
while True:
    one = socket.socket(socket.AF_UNIX)
    try:
        one.connect(sys.argv[1])
        kept.append(one)
    except OSError:
        pass
    if len(kept) == 1000:
        kept.clear()
    if first and len(kept) == 500:
        print("begun", flush=True)
        first = False
"""


def test_connections_without_end(machine, keys):
    """Connections that say nothing, as fast as they can be made."""
    enrolled(machine, keys)
    assert Sudo(machine).accepted()
    pid = machine.daemon_pid()
    with flood(SILENT, OWN):
        for _ in range(3):
            assert Sudo(machine).accepted()
        assert AlicesLogin(machine).accepted()
        assert len(os.listdir(f"/proc/{pid}/fd")) < 1000


def call_status(address, user):
    """As a program of that user at the daemon's own socket."""
    code = """
import sys, dbus.connection
c = dbus.connection.Connection(sys.argv[1])
print(c.call_blocking(None, "/org/passkeyd", "org.passkeyd.Manager1", "Status", "", ()))
"""
    return subprocess.run(["/usr/bin/python3", "-c", code, address], preexec_fn=parts.become(user),
                          env=parts.environment(user), capture_output=True, text=True,
                          timeout=parts.PATIENCE, check=False)


def test_somebody_elses_conversation(machine, keys):
    """A name that a caller writes into the head of a message is nobody's."""
    enrolled(machine, keys)
    root = machine.connect()
    conversation = root.authenticate("alice", service="sudo", rhost="192.0.2.7")
    code = """
import sys, dbus.connection, dbus.lowlevel
c = dbus.connection.Connection(sys.argv[1])
m = dbus.lowlevel.MethodCallMessage(None, sys.argv[2], "org.passkeyd.Conversation1", "Next")
m.append(dbus.Dictionary({}, signature="sv"), signature="a{sv}")
m.set_sender(sys.argv[3]) if hasattr(m, "set_sender") else None
try:
    c.send_message_with_reply_and_block(m, 10)
except dbus.DBusException as error:
    print(error.get_dbus_name())
"""
    done = subprocess.run(["/usr/bin/python3", "-c", code, "unix:path=" + OWN, conversation.path,
                           root.bus.get_unique_name()], preexec_fn=parts.become("bob"),
                          env=parts.environment("bob"), capture_output=True, text=True,
                          timeout=parts.PATIENCE, check=False)
    assert done.stdout.strip() == parts.ERROR + "AccessDenied", done
    assert conversation.next()[0] in ("ask", "info", "done")


def test_who_calls_at_the_own_socket(machine, keys):
    """The kernel says so: a user sees their own account alone, and the file is for everybody."""
    enrolled(machine, keys)
    assert Sudo(machine).accepted()
    assert os.stat(OWN).st_mode & 0o777 == 0o666
    folder = os.stat(os.path.dirname(OWN))
    assert folder.st_mode & 0o022 == 0 and folder.st_uid in (0, namespace.DAEMON_ID)
    done = call_status("unix:path=" + OWN, "bob")
    assert done.returncode == 0 and '"version"' in done.stdout, done
    done = machine.run_as("alice", ["passkeyctl", "list"])
    assert done.returncode == 0 and "blue" in done.stdout, done


def test_without_the_bus_in_between(machine, keys):
    """A sign-in needs nothing of the system bus once the daemon runs: nobody can connect to it."""
    enrolled(machine, keys)
    os.rename(parts.SOCKET, parts.SOCKET + ".away")
    try:
        assert Sudo(machine).accepted()
        assert AlicesLogin(machine).accepted()
    finally:
        os.rename(parts.SOCKET + ".away", parts.SOCKET)


def listen(path, owner):
    """A socket at which somebody of that user listens, without ever accepting."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.chmod(path, 0o666)
    with parts.effective(owner):
        server.listen(16)
    return server


def test_nobody_else_plays_the_daemon(machine, keys):
    """A socket in its place that another user listens at is passed over, and so is a variable."""
    enrolled(machine, keys)
    with listen(OWN, "bob") as server:
        assert Sudo(machine).accepted()
        # It was tried, and nothing was said to it.
        connection, _ = server.accept()
        assert connection.recv(1) == b""
    machine.kill_daemon()
    os.unlink(OWN)
    path = namespace.SCRATCH + "/home/alice/socket"
    with listen(path, "alice") as server:
        server.setblocking(False)
        assert Sudo(machine, PASSKEYD_SOCKET=path).accepted()
        with pytest.raises(BlockingIOError):
            server.accept()
