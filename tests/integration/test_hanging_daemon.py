# SPDX-License-Identifier: BSD-2-Clause
"""Whatever hangs, people get to their password question in a few seconds; a person gets minutes."""

import contextlib
import os
import signal
import socket
import subprocess

import pytest

import machine as parts
import namespace
from apps import App
from fake_logind import Logind, LogindWithFiles

pytestmark = pytest.mark.real_programs

OWN = "/run/passkeyd/socket"
PASSWORD = r"(?i)password[^\n]*: "
# Seconds until the question at the latest: five are promised, and the machine may be busy.
SOON = 15


class WithPassword(App):
    """Of a service that asks for the password next, as pam-auth-update sets it up."""

    def reaches_password(self, within=SOON):
        self.child.expect(PASSWORD, timeout=within)
        self.child.sendline(namespace.password(self.owner))


class Sudo(WithPassword):
    service, caller, owner = "sudo", "alice", "alice"
    command = ["sudo", "-u", "bob", "id", "-un"]


class Login(WithPassword):
    service, caller, owner = "login", "root", "alice"
    command = ["login", "alice"]


@pytest.fixture(params=[Sudo, Login], ids=["sudo", "login"])
def app(request):
    service = "/etc/pam.d/" + request.param.service
    before = namespace.service()
    namespace.write(service, "auth [success=done default=ignore] pam_passkey.so\n"
                    "auth required pam_unix.so\n" + namespace.REST)
    yield request.param
    namespace.write(service, before)


@pytest.fixture
def enrolled(machine, keys):
    key = keys.add("blue").set(touch="wait")
    machine.activatable(True)
    key.set(touch="immediate")
    machine.enrol("alice")
    return key.set(touch="wait")


def ends_well(running):
    """The password is taken."""
    if isinstance(running, Sudo):
        running.child.expect("bob\r\n")
    else:
        running.child.expect(r"\$ ")
    running.child.close(force=True)


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_daemon_stopped(machine, enrolled, app):
    with stopped(machine.daemon_pid()):
        running = app(machine)
        running.reaches_password()
        ends_well(running)


def test_bus_stopped(machine, enrolled, app):
    """The daemon is reached, and cannot ask anybody where the person sits."""
    Logind(machine, "local")
    # What the bus says of the new logind arrives before the answer.
    machine.connect().call("org.freedesktop.DBus.Peer", "Ping")
    with stopped(machine.daemon_bus.pid):
        running = app(machine)
        running.reaches_password()
        ends_well(running)


def test_bus_stopped_beside_a_sign_in(machine, enrolled, app):
    """Without a logind nobody is asked anything; this waited for the bus, and was refused then."""
    enrolled.set(touch="immediate")
    with stopped(machine.daemon_bus.pid):
        ends_well(app(machine))


LOCKER = ["pamtester", "locker", "alice", "authenticate"]


@pytest.mark.parametrize("scenario, is_in", [
    ("local", True), ("remote", False), ("manager-of-desktop", True),
    ("manager-of-desktop-and-remote", False), ("no-session", False)])
def test_bus_stopped_beside_a_logind(machine, enrolled, scenario, is_in):
    """Its files say where the person sits, with nobody on the bus being there to ask; each of
    these waited for the bus, and was refused then."""
    enrolled.set(touch="immediate")
    namespace.write("/etc/pam.d/locker",
                    "auth required pam_passkey.so methods=local\n" + namespace.REST)
    logind = LogindWithFiles(machine, scenario)
    mark = machine.syslog.mark()
    # What the bus says of the new logind arrives before the answer.
    machine.connect().call("org.freedesktop.DBus.Peer", "Ping")
    with logind.begun(LOCKER, preexec_fn=parts.become("alice"),
                      env=parts.environment("alice")) as locker:
        with stopped(machine.daemon_bus.pid):
            locker.communicate(b"go\n", parts.PATIENCE)
    assert (locker.returncode == 0) == is_in
    assert "logind does not tell" not in machine.syslog.text(mark)
    assert logind.questions() == []
    logind.close()


def test_bus_stopped_and_no_daemon(machine, enrolled, app):
    machine.kill_daemon()
    with stopped(machine.daemon_bus.pid):
        running = app(machine)
        running.reaches_password()
        ends_well(running)


def test_all_stopped(machine, enrolled, app):
    with stopped(machine.daemon_pid()), stopped(machine.daemon_bus.pid):
        running = app(machine)
        running.reaches_password()
        ends_well(running)


@pytest.fixture
def listener(machine):
    """A socket in the place of the daemon's; not accepted from, by default."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(OWN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(OWN)
        os.chmod(OWN, 0o666)
        yield server
    os.unlink(OWN)


def test_never_accepted(listener, machine, app):
    listener.listen(16)
    running = app(machine)
    running.reaches_password()
    ends_well(running)


def test_queue_is_full(listener, machine, app):
    """connect() itself would wait, for ever."""
    listener.listen(1)
    kept = []
    with contextlib.suppress(BlockingIOError):
        while True:
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            kept.append(one)
            one.connect(OWN)
    running = app(machine)
    running.reaches_password()
    ends_well(running)


FILLS = """
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
kept = []
try:
    while True:
        kept.append(socket.socket(socket.AF_UNIX))
        kept[-1].setblocking(False)
        kept[-1].connect(sys.argv[1])
except BlockingIOError:
    print("full", flush=True)
sys.stdin.read()
"""


def test_bus_queue_is_full(machine, enrolled, app):
    """The same on the way to the bus, for want of a daemon."""
    machine.kill_daemon()
    with stopped(machine.daemon_bus.pid):
        filler = machine.start(["/usr/bin/python3", "-c", FILLS, parts.SOCKET],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert filler.stdout.readline() == b"full\n"
        running = app(machine)
        running.reaches_password()
        ends_well(running)


ACCEPTS = """
import socket, sys
server = socket.socket(fileno=int(sys.argv[1]))
kept = []
while True:
    one = server.accept()[0]
    kept.append(one)
    if sys.argv[2] == "greets":
        one.recv(1000)
        one.send(b"OK 0123456789abcdef0123456789abcdef\\r\\n")
        one.recv(1000)
        one.send(b"AGREE_UNIX_FD\\r\\n")
"""


@pytest.mark.parametrize("how", ["accepts", "greets"])
def test_accepted_and_never_answered(listener, machine, app, how):
    listener.listen(16)
    machine.start(["/usr/bin/python3", "-c", ACCEPTS, str(listener.fileno()), how],
                  pass_fds=[listener.fileno()])
    running = app(machine)
    running.reaches_password()
    ends_well(running)


def test_nobody_listens(listener, machine, keys, app):
    """The file is there, the daemon is not: the bus starts it."""
    keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    running = app(machine)
    running.child.expect("Touch your security key")
    ends_well(running)


def test_daemon_stopped_in_the_middle(machine, enrolled, app):
    running = app(machine)
    running.child.expect("Touch your security key")
    enrolled.wait_touch_wanted()
    with stopped(machine.daemon_pid()):
        running.reaches_password()
        ends_well(running)


def test_a_person_gets_longer(machine, enrolled, app):
    """As long as the daemon lives, more than what a hanging one gets: until the touch."""
    machine.configure("[authenticator]\ntouch-timeout = 60\n")
    machine.kill_daemon(signal.SIGTERM)
    running = app(machine)
    running.child.expect("Touch your security key")
    enrolled.wait_touch_wanted()
    seen = running.child.expect([PASSWORD, r"\$ ", "bob\r\n", parts.pexpect.TIMEOUT], timeout=12)
    assert seen == 3
    enrolled.touch()
    ends_well(running)


def test_one_that_is_busy_is_not_given_up(machine, enrolled):
    """A deadline of the configuration that is longer than the module's was: it is told."""
    machine.configure("[service sudo]\ntimeout = 600\n")
    machine.kill_daemon(signal.SIGTERM)
    connection = machine.connect()
    conversation = connection.authenticate("alice", service="sudo", rhost="192.0.2.7")
    details = conversation.next()[2]
    assert 500 < int(details["time-left"]) <= 600, details
