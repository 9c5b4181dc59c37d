# SPDX-License-Identifier: BSD-2-Clause
"""Security keys are served by processes of another user: what a hostile key might take over there
can neither read nor lock the daemon's files, nor disturb another such process. If these failed, a
broken parser of one person's key would hold up everybody's sign-in.

systemd's part, the socket, is played here; tests/vm/systemd_checks.py has the units themselves.
"""

import array
import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest

import machine as parts
import namespace

HELPER = "/usr/libexec/passkey/passkey-authenticator"
SOCKET = "/run/passkeyd/authenticator.sock"
UID = 991  # of the server; no account needs to have it
EACCES = "PermissionError"


def listen(owner=namespace.DAEMON_USER):
    """What passkey-authenticator.socket makes."""
    os.makedirs(os.path.dirname(SOCKET), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SOCKET)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(SOCKET)
    os.chown(SOCKET, parts.pwd.getpwnam(owner).pw_uid, 0)
    os.chmod(SOCKET, 0o600)
    listener.listen(64)
    return listener


def serve(machine, listener, uid=UID):
    """The server on that socket; its process."""
    def change():
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    script = f'LISTEN_PID=$$ LISTEN_FDS=1 exec {HELPER} --server'
    return machine.start(["/bin/sh", "-c", script], preexec_fn=change, pass_fds=[3],
                         env={"PATH": "/usr/bin:/bin", **ASAN})


ASAN = {"ASAN_OPTIONS": "detect_leaks=0"} if namespace.module_has_sanitizers() else {}


@pytest.fixture
def server(machine, keys):
    with contextlib.closing(listen()) as listener:
        process = serve(machine, listener)
        # It answers when it can: a stranger's connection is closed.
        with contextlib.closing(connect()) as asked:
            assert asked.recv(1) == b""
        yield process
        assert process.poll() is None, "the server has ended"
    os.unlink(SOCKET)


def connect():
    asked = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asked.settimeout(parts.PATIENCE)
    asked.connect(SOCKET)
    return asked


def begin(machine, key, user):
    """A sign-in of which the key waits for a touch."""
    mark = key.keys.mark()
    conversation = machine.connect().authenticate(user)
    key.wait_touch_wanted(mark)
    return conversation


def own(machine, keys, *people):
    """A key for each, plugged in, that waits for a touch."""
    owned = []
    for person in people:
        key = keys.add(person)
        machine.enrol_with_touch(key, person)
        key.unplug()
        owned.append(key.set(touch="wait"))
    for key in owned:
        key.plug()
    return owned


def assert_two_sockets(worker):
    """Frames and the key, which is a socket as well when it is a software key; and nothing else."""
    found = parts.descriptors(worker)
    sockets = [path for path in found if path.startswith("socket:")]
    assert len(sockets) == 2 and (ASAN or found == sockets), found


def as_user(uid, code, *arguments):
    """What that Python code prints when the user runs it."""
    done = subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
                           sys.executable, "-ISc", code, *map(str, arguments)],
                          text=True, capture_output=True, check=True)
    return done.stdout.split()


# Each prints the name of what it was refused with, or "allowed".
OPEN = """
import sys
for name in sys.argv[1:]:
    try:
        open(name, "rb")
        print("allowed")
    except OSError as error:
        print(type(error).__name__)
"""


def test_a_key_has_a_process_of_another_user(machine, keys, server):
    (blue,) = own(machine, keys, "alice")
    conversation = begin(machine, blue, "alice")
    (worker,) = parts.children(server.pid)
    status = parts.status(worker)
    assert status["Uid"].split() == status["Gid"].split() == [str(UID)] * 4
    assert status["Groups"] == "" and int(status["CapEff"], 16) == 0
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    assert_two_sockets(worker)
    assert blue.touch()
    assert conversation.run()["result"] == "ok"


def test_that_user_has_no_way_to_the_store(machine, keys, server):
    own(machine, keys, "alice")
    files = [parts.STATE + "/" + name for name in os.listdir(parts.STATE)]
    assert files
    assert as_user(UID, OPEN, parts.STATE, *files) == [EACCES] * (1 + len(files))


def test_enrolment_with_a_pin(machine, keys, server):
    """Everything that a helper does works without opening anything."""
    key = keys.add("blue").set_pin("1234")
    machine.enrol("alice", pin="1234")
    conversation = machine.connect().authenticate("alice", uv="required")
    assert conversation.run(pin="1234")["result"] == "ok"
    assert key.info()["pin_tries"] == 8


def test_two_at_once_do_not_disturb_each_other(machine, keys, server):
    """Neither by their user's rights nor by the end of one."""
    blue, green = own(machine, keys, "alice", "bob")
    conversations = [begin(machine, blue, "alice"), begin(machine, green, "bob")]
    blue.wait_touch_wanted()  # again, once bob's request has seen that it is not his
    one, two = parts.children(server.pid)
    watched = [f"/proc/{pid}/{what}" for pid in (one, two, server.pid)
               for what in ("mem", "maps", "environ")]
    assert as_user(UID, OPEN, *watched) == [EACCES] * len(watched)
    assert ASAN or not set(parts.descriptors(one)) & set(parts.descriptors(two))
    os.kill(one, signal.SIGKILL)
    for key in (blue, green):
        key.touch()
    assert sorted(each.run()["result"] == "ok" for each in conversations) == [False, True]
    blue.set(touch="immediate")
    assert machine.connect().authenticate("alice").run()["result"] == "ok"


def test_a_worker_ends_with_who_asked_for_it(machine, keys, server):
    (blue,) = own(machine, keys, "alice")
    begin(machine, blue, "alice")
    (worker,) = parts.children(server.pid)
    os.kill(worker, signal.SIGSTOP)  # it does nothing about it by itself
    machine.kill_daemon()
    parts.wait_exit(worker)
    blue.set(touch="immediate")
    assert machine.connect().authenticate("alice").run()["result"] == "ok"


def test_a_cancelled_request_stops_the_blinking(machine, keys, server):
    (blue,) = own(machine, keys, "alice")
    conversation = begin(machine, blue, "alice")
    (worker,) = parts.children(server.pid)
    conversation.cancel()
    parts.wait_exit(worker)
    assert not blue.info()["touch_wanted"]


def test_a_worker_ends_with_the_server(machine, keys):
    with contextlib.closing(listen()) as listener:
        process = serve(machine, listener)
        (blue,) = own(machine, keys, "alice")
        conversation = begin(machine, blue, "alice")
        (worker,) = parts.children(process.pid)
        process.kill()
        process.wait()
        parts.wait_exit(worker)
        assert conversation.run()["result"] != "ok"


def test_strangers(server):
    """Root is one as well; and nobody else reaches it."""
    with contextlib.closing(connect()) as asked:
        assert asked.recv(1) == b""
    assert parts.children(server.pid) == []
    code = ("import socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
            f"try:\n    s.connect({SOCKET!r})\n    print('allowed')\n"
            "except OSError as error:\n    print(type(error).__name__)\n")
    for uid in (*namespace.PEOPLE.values(), UID):
        assert as_user(uid, code) == [EACCES], uid


@pytest.mark.parametrize("payload, count", [
    (b"", 0), (b"x", 0), (b"x", 1), (b"x", 3), (b"\xff" * 64, 2),
    (b"\x00\x00\x00\x02\x10\x00", 2), (b"\x00\x00\x00\x01\x10", 2)])
def test_other_messages(server, payload, count):
    """From the daemon's user: the worker ends, and nothing else does."""
    with parts.effective(namespace.DAEMON_USER):
        asked = connect()
    pairs = [socket.socketpair() for _ in range(count)]
    passed = array.array("i", [theirs.fileno() for _, theirs in pairs])
    if payload or count:
        asked.sendmsg([payload], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)] if count else [])
    else:
        asked.shutdown(socket.SHUT_WR)
    got = [asked.recv(16)]
    while got[-1]:
        got.append(asked.recv(16))
    assert got in ([b"\x01", b""], [b"T", b"\x01", b""]), got
    for ours, theirs in pairs:
        ours.close()
        theirs.close()
    asked.close()


def deaf(machine, keys):
    """Nobody listens at the socket that is there."""
    listen().close()


def gone(machine, keys):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SOCKET)




@pytest.mark.parametrize("without", [deaf, gone])
def test_without_the_server(machine, keys, without):
    """The daemon's own user then, but shut out of all files."""
    without(machine, keys)
    (blue,) = own(machine, keys, "alice")
    conversation = begin(machine, blue, "alice")
    uid = parts.pwd.getpwnam(namespace.DAEMON_USER).pw_uid
    # The one that watches for keys has a filter as well, but keeps its standard error.
    workers = [pid for pid in parts.children(machine.daemon_pid())
               if parts.status(pid)["Seccomp"] == "2" and not os.path.exists(f"/proc/{pid}/fd/1")]
    assert len(workers) == 1
    status = parts.status(workers[0])
    assert status["Uid"].split()[0] == str(uid) and status["Seccomp"] == "2"
    assert_two_sockets(workers[0])
    assert blue.touch()
    assert conversation.run()["result"] == "ok"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_a_server_that_does_not_take_it(machine, keys):
    """It ends every connection without a word, or with another one."""
    with contextlib.closing(listen()) as listener:
        refusing = machine.start([sys.executable, "-ISc", """
import socket
listener = socket.socket(fileno=3)
while True:
    asked = listener.accept()[0]
    asked.recv(65536)
    asked.send(b"\\0")
    asked.close()
"""], preexec_fn=lambda: (os.dup2(listener.fileno(), 3), os.set_inheritable(3, True)),
                                 pass_fds=[3])
        (blue,) = own(machine, keys, "alice")
        conversation = begin(machine, blue, "alice")
        assert blue.touch()
        assert conversation.run()["result"] == "ok"
        assert refusing.poll() is None


def test_the_socket_must_be_passed(machine):
    done = subprocess.run([HELPER, "--server"], text=True, capture_output=True, check=False)
    assert done.returncode == 1 and "passkey-authenticator.socket" in done.stderr


def unit(name):
    folders = ("/lib/systemd/system", "/usr/lib/systemd/system")
    return read(next(path for path in (f"{folder}/{name}" for folder in folders)
                     if os.path.exists(path))).decode()


def test_the_units():
    """The path is the program's; and no group of system calls has those of Landlock."""
    text = unit("passkey-authenticator.socket")
    assert f"ListenSequentialPacket={SOCKET}\n" in text and "SocketMode=0600\n" in text
    assert f"SocketUser={namespace.DAEMON_USER}\n" in text
    assert "DynamicUser=yes\n" in unit("passkey-authenticator.service")
    for name in ("passkey-authenticator.service", "passkeyd.service"):
        for call in ("create_ruleset", "add_rule", "restrict_self"):
            assert f"landlock_{call}" in unit(name), (name, call)
