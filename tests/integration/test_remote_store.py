# SPDX-License-Identifier: BSD-2-Clause
"""A store in a process of its own: signing in with it, and without it when it is away, hangs or
comes back."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading

import pytest

import machine as parts
import namespace
from apps import Sudo

SETTINGS = """
[store]
kind = ldap
socket = {}
[rp default]
id = example.org
"""
PROGRAM = os.path.join(os.environ["top_builddir"], "tests/lib/store_process")
AWAY = "the credential store failed"


class Store:
    """The process; the socket's folder is the daemon's to enter."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = f"{folder}/socket"
        self.process = None

    def start(self):
        # Not readable by the daemon: only by asking the process.
        self.process = subprocess.Popen(
            [PROGRAM, self.folder, self.socket, "ldap", "passkeyd"], stderr=subprocess.PIPE)
        while not self.answers():
            assert self.process.poll() is None, self.process.stderr.read()
        os.chown(self.socket, namespace.DAEMON_ID, -1)

    def answers(self):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(self.socket)
            return True
        return False

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait()


@pytest.fixture
def store(machine, keys):
    folder = namespace.SCRATCH + "/store"
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, 0o711)
    process = Store(folder)
    machine.configure(SETTINGS.format(process.socket))
    yield process
    process.stop()


def refused(machine):
    """sudo says so in words, and goes on to the password, which nobody types."""
    sudo = Sudo(machine)
    sudo.child.expect("assword")
    sudo.child.sendintr()
    sudo.child.close(force=True)
    assert AWAY in sudo.screen.lower(), sudo.screen
    assert machine.results()[-1] == ("sudo", "alice", "authinfo_unavail"), machine.results()


def signs_in(machine, key):
    key.set(touch="immediate")
    return Sudo(machine).accepted()


def test_it_serves_a_whole_life(machine, keys, store):
    store.start()
    key = keys.add("blue")
    machine.enrol("alice")
    assert signs_in(machine, key)
    machine.kill_daemon()
    assert signs_in(machine, key)
    # The daemon has nothing of it in a file of its own.
    assert not os.path.exists(parts.STATE + "/passkeyd.db")
    root = machine.connect()
    listed = root.call(parts.CREDENTIALS, "List", "sa{sv}", "", parts.vardict({}))
    assert re.search('"user": ?"alice"', str(listed))


def test_the_daemon_starts_without_it(machine, keys, store):
    key = keys.add("blue")
    assert machine.start_daemon()
    refused(machine)
    pid = machine.daemon_pid()
    store.start()
    machine.enrol("alice")
    assert signs_in(machine, key)
    assert machine.daemon_pid() == pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_and_comes_back(machine, keys, store, number):
    store.start()
    key = keys.add("blue")
    machine.enrol("alice")
    pid = machine.daemon_pid()
    store.stop(number)
    refused(machine)
    store.start()
    assert signs_in(machine, key)
    assert machine.daemon_pid() == pid


def test_it_hangs(machine, keys, store):
    """Nobody waits for it longer than the deadline of one call, and others not at all."""
    store.start()
    key = keys.add("blue")
    machine.enrol("alice")
    store.process.send_signal(signal.SIGSTOP)
    refused(machine)
    # Those who come meanwhile are refused at once, and who does not need it is served.
    root = machine.connect()
    assert root.call(parts.MANAGER, "Status")
    store.process.send_signal(signal.SIGCONT)
    while not signs_in(machine, key):
        pass


def test_it_holds_up_nobody_else(machine, keys, store):
    """As many as there may be wait for it; who does not need it is answered before them."""
    store.start()
    keys.add("blue")
    machine.enrol("alice")
    store.process.send_signal(signal.SIGSTOP)
    ended, begun = [], threading.Barrier(21)

    def sign_in():
        connection = parts.Connection("root")
        begun.wait()
        connection.fails("StorageFailure", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                         parts.vardict({}))
        ended.append(connection)

    waiting = [threading.Thread(target=sign_in) for _ in range(20)]
    for thread in waiting:
        thread.start()
    root = machine.connect()
    begun.wait()
    text = root.call("org.freedesktop.DBus.Introspectable", "Introspect")
    before = len(ended)
    for thread in waiting:
        thread.join()
    assert parts.MANAGER in text and before == 0 and len(ended) == 20
    for connection in ended:
        connection.close()


class Liar:
    """Listens in the store's place, and says the same to everybody."""

    def __init__(self, path, says):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chown(path, namespace.DAEMON_ID, -1)
        self.listener.listen()
        self.says = says
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                with contextlib.closing(self.listener.accept()[0]) as client:
                    client.sendall(self.says)
                    while client.recv(65536):
                        pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


HELLO = struct.pack(">IBHI", 12, 1, 1, 4) + b"ldap" + b"\0"


@pytest.mark.parametrize("says,words", [
    (b"HTTP/1.1 200 OK\r\n\r\n", "what answers there is no store"),
    (struct.pack(">IBH", 3, 1, 2), "speaks another version of the protocol"),
    (HELLO[:-1] + b"\1", "keeps ceremonies for several hosts"),
    (HELLO + struct.pack(">IB", 1, 99), "what it answered is no reply"),
    (HELLO + struct.pack(">IBIIsI", 14, 3, 77, 2, b"o", 0), "what it answered is no reply"),
], ids=["another protocol", "another version", "with ceremonies", "rubbish", "half a reply"])
def test_what_it_says_is_not_believed(machine, keys, store, says, words):
    liar = Liar(store.socket, says)
    try:
        keys.add("blue")
        machine.start_daemon()
        refused(machine)
        assert machine.syslog.wait(words)
    finally:
        machine.kill_daemon()
        liar.close()


def test_the_daemon_says_which_store_it_was(machine, keys, store):
    keys.add("blue")
    machine.start_daemon()
    refused(machine)
    assert machine.syslog.wait(re.escape(store.socket) + ": No such file or directory")


def test_another_kind_is_none(machine, keys, store):
    store.start()
    machine.configure(SETTINGS.format(store.socket).replace("= ldap", "= postgresql"))
    keys.add("blue")
    machine.start_daemon()
    refused(machine)
    assert machine.syslog.wait('the store there is not of the kind "postgresql"')


def test_another_store_is_for_the_next_start(machine, keys, store):
    store.start()
    key = keys.add("blue")
    machine.enrol("alice")
    pid = machine.daemon_pid()
    for text, said in (("",
                        r"kept as it was: \[rp default\] needs an id until passkeyd is started"),
                       ("[rp default]\nid = example.org\n",
                        r"\[store\] is as it was until passkeyd is started again")):
        machine.configure(text)
        os.kill(pid, signal.SIGHUP)
        assert machine.syslog.wait(said)
        assert signs_in(machine, key)
    assert machine.daemon_pid() == pid


def test_many_hosts_need_an_id(machine):
    namespace.write(parts.CONFIG, "[store]\nkind = ldap\n")
    result = machine.run_as("root", ["passkeyd", "--check-config"])
    assert result.returncode != 0
    assert "kind = ldap needs an id in [rp default]" in result.stdout + result.stderr


def test_status_and_check_say_how_it_is(machine, keys, store):
    keys.add("blue")

    def status(user):
        return machine.run_as(user, ["passkeyctl", "status"]).stdout

    store.start()
    assert f"\nstore          ldap, {store.folder}/passkeyd.db\n" in status("root")
    assert "\nstore          ldap\n" in status("alice")
    checks = json.loads(machine.run_as("root", ["passkeyctl", "check", "--json"]).stdout)["checks"]
    assert not [each for each in checks if each["check"] == "store"]
    store.stop()
    assert "\nstore          does not answer: " in status("root")
    assert "\nstore          does not answer\n" in status("alice")
    checks = json.loads(machine.run_as("root", ["passkeyctl", "check", "--json"]).stdout)["checks"]
    found, = [each for each in checks if each["check"] == "store"]
    assert found["state"] == "fail" and "nobody can sign in" in found["text"], found
    # What it has is not known, and nothing is said of it.
    assert not [each for each in checks if each["check"] == "passkeys"]
