# SPDX-License-Identifier: BSD-2-Clause
"""Nothing secret in the log, on the bus, in the store or in what is left on disk."""

import os

import pytest

import machine as parts
import namespace

PIN = "correct horse 93"
WRONG = "battery staple 17"


def everything_under(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read()


@pytest.mark.real_programs
def test_the_pin_is_nowhere(machine, keys, tmp_path):
    key = keys.add("blue")
    parts.set_pin(keys, key, PIN)
    machine.configure("[daemon]\ndebug = yes\n[rp default]\nuser-verification = required\n")
    capture = tmp_path / "bus"
    with open(capture, "wb") as file:
        monitor = machine.start(["dbus-monitor", "--system", "--binary"], stdout=file)
        # It is a monitor once the bus does not know its unique name any more: see the capture.
        wait_for_monitor(machine, capture)
    machine.enrol("alice", "blue", pin=PIN)
    terminal = machine.terminal("alice", ["sudo", "-u", "bob", "id", "-un"])
    screen = []
    terminal.logfile_read = type("Screen", (), {
        "write": staticmethod(screen.append), "flush": staticmethod(lambda: None)})
    for answer in (WRONG, PIN):
        terminal.expect("PIN.*: ")
        terminal.sendline(answer)
    terminal.expect("bob\r\n")
    terminal.wait()
    codes = machine.recovery_codes("alice")
    assert len(codes) == 10
    machine.kill_daemon(15)
    monitor.terminate()
    monitor.wait()
    seen = capture.read_bytes()
    assert b"org.passkeyd" in seen and b"Next" in seen  # the capture did see the dialogue
    for secret in (PIN, WRONG):
        assert secret not in machine.syslog.text()
        assert secret.encode() not in seen
        assert secret not in "".join(screen)
        for path, data in everything_under(parts.STATE):
            assert secret.encode() not in data, path
    for code in codes:
        assert code not in machine.syslog.text()
        assert code.encode() not in seen
        for path, data in everything_under(parts.STATE):
            assert code.encode() not in data, path
    assert namespace.password("alice") not in machine.syslog.text()


def wait_for_monitor(machine, capture):
    """Until something that happens on the bus is in the capture."""
    while b"org.passkeyd.Marker" not in capture.read_bytes():
        machine.driver("NameHasOwner", "s", "org.passkeyd.Marker")


def test_who_reads_the_state(machine, keys):
    keys.add("blue")
    machine.enrol("alice", "blue")
    assert os.stat(parts.STATE).st_mode & 0o777 == 0o700
    for path, _ in everything_under(parts.STATE):
        assert os.stat(path).st_mode & 0o077 == 0, path
        assert os.stat(path).st_uid == os.stat(parts.STATE).st_uid


def test_no_root_and_no_core_dump(machine, keys):
    """Of the daemon and of the helper that holds the PIN."""
    key = keys.add("blue")
    machine.enrol("alice", "blue")
    daemon = machine.daemon_pid()
    parts.wait_for_helpers(daemon)
    key.set(touch="wait")
    alice = machine.connect("alice")
    alice.authenticate("alice")
    key.wait_touch_wanted()
    children = parts.children(daemon)
    assert children
    for pid in [daemon, *children]:
        status = parts.status(pid)
        assert status["Uid"].split() == [str(namespace.DAEMON_ID)] * 4, status["Name"]
        assert status["CapEff"].strip("0") == "" and status["CapPrm"].strip("0") == ""
        assert status["Groups"].split() in ([], [str(namespace.DAEMON_ID)])
    for pid in children:
        status = parts.status(pid)
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status["Name"]
        with open(f"/proc/{pid}/limits", encoding="ascii") as file:
            core = next(line for line in file if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], core
