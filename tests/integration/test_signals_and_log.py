# SPDX-License-Identifier: BSD-2-Clause
"""passkeyd's signals, and its log: each error and outcome has the id that the caller was given."""

import json
import os
import re
import signal
import time

import dbus
import pytest

import machine as parts
import namespace
import webauthn_client as browser
from apps import Sudo, refuses

NEVER = "00000000-0000-4000-8000-000000000000"


# SIGHUP


@pytest.mark.real_programs
def test_a_bad_configuration_changes_nothing(machine, keys):
    key = keys.add("blue")
    machine.configure("[rp default]\nid = kept.example\n")
    machine.enrol("alice", "blue")
    pid = machine.daemon_pid()
    for text, where in (("[rp default]\nid = other.example\nspeed = 1\n", ":3: "),
                        ("[rp default]\nid = Other Example\n", ":2: "),
                        ("[shop]\n", ":1: ")):
        namespace.write(parts.CONFIG, text)
        mark = machine.syslog.mark()
        os.kill(pid, signal.SIGHUP)
        line = machine.syslog.wait("configuration kept as it was", since=mark,
                                   facility=parts.AUTHPRIV)
        assert parts.CONFIG + where in line, line
    status = json.loads(str(machine.connect().call(parts.MANAGER, "Status")))
    assert [each["id"] for each in status["relyingParties"]] == ["kept.example"]
    assert Sudo(machine).accepted()
    assert machine.daemon_pid() == pid and key


@pytest.mark.real_programs
def test_a_good_configuration_applies_from_then_on(machine, keys):
    key = keys.add("blue").set_pin("123456")
    machine.enrol("alice", "blue")
    key.set(touch="wait")
    running = Sudo(machine)  # one that began before is not disturbed
    key.wait_touch_wanted()
    machine.configure("[service sudo]\nuser-verification = required\n")
    os.kill(machine.daemon_pid(), signal.SIGHUP)
    machine.syslog.wait("configuration read again", facility=parts.AUTHPRIV)
    assert key.touch()
    assert running.accepted(), running.screen
    running = Sudo(machine)
    running.child.expect("PIN.*: ")
    running.child.sendline("")
    assert running.refused()


# SIGTERM


@pytest.mark.real_programs
def test_ends_in_the_middle_of_a_conversation(machine, keys):
    key = keys.add("blue")
    machine.enrol("alice", "blue")
    key.set(touch="wait")
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    key.wait_touch_wanted()
    helpers = parts.children(machine.daemon_pid())
    assert helpers
    mark = machine.syslog.mark()
    machine.kill_daemon(signal.SIGTERM)
    refuses(machine, running, "authinfo_unavail", Sudo.approving)
    for helper in helpers:
        parts.wait_exit(helper)
    assert not key.info()["touch_wanted"]
    assert machine.syslog.wait(r"\[\w{16}\] conversation of uid 0: unavailable", since=mark,
                               facility=parts.AUTHPRIV)
    assert machine.syslog.wait("signal 15: ending", since=mark, facility=parts.AUTHPRIV)
    # The next call starts it again, with its stored state.
    key.set(touch="immediate")
    namespace.write(namespace.RESULTS, "", 0o666)
    assert Sudo(machine).accepted()


@pytest.mark.real_programs
def test_ends_in_the_middle_of_a_question(machine, keys):
    key = keys.add("blue").set_pin("123456")
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.enrol("alice", "blue", pin="123456")
    running = Sudo(machine)
    running.child.expect("PIN.*: ")
    machine.kill_daemon(signal.SIGTERM)
    machine.activatable(False)
    running.child.sendline("123456")
    refuses(machine, running, "authinfo_unavail", "")
    assert key.info()["pin_tries"] == 8


def test_ends_with_status_0(machine):
    pid = machine.start_daemon()
    mark = machine.syslog.mark()
    os.kill(pid, signal.SIGTERM)
    parts.wait_exit(pid)
    machine.syslog.wait("signal 15: ending", since=mark)
    assert "exited with status" not in machine.syslog.text(mark)


# At rest.


def timers(pid):
    """Seconds until each timer of the process expires that is set."""
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        if os.readlink(f"/proc/{pid}/fd/{name}") == "anon_inode:[timerfd]":
            with open(f"/proc/{pid}/fdinfo/{name}", encoding="ascii") as file:
                value = re.search(r"it_value: \((\d+), (\d+)\)", file.read())
            found.append(int(value[1]) + int(value[2]) / 1e9)
    return [seconds for seconds in found if seconds > 0]


def test_nothing_wakes_it_up(machine):
    """It looks at the accounts once a day; what was refused is summed up where anything was."""
    machine.start_daemon()
    pid = machine.daemon_pid()
    (kept,) = parts.children(pid)  # is ended by itself, once, a minute after the start
    os.kill(kept, signal.SIGKILL)
    parts.wait_exit(kept)
    machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "", parts.vardict({}))
    assert all(seconds > 3600 for seconds in timers(pid)), timers(pid)
    bob = machine.connect("bob")
    refused = 0
    while refused < 2:  # the first one is told at once
        try:
            bob.call(parts.CREDENTIALS, "List", "sa{sv}", "", parts.vardict({}))
        except dbus.exceptions.DBusException as error:
            assert "LimitExceeded" in error.get_dbus_name(), error
            refused += 1
    # It answers before it goes to rest, and sets the timer when it does.
    end = time.monotonic() + parts.PATIENCE
    while min(timers(pid), default=3601) > 60:
        assert time.monotonic() < end, timers(pid)


# Each decision is one line, with the id that the caller was given.


def line_of(machine, correlation, since):
    machine.syslog.wait(rf"\[{correlation}\]", since=since, facility=parts.AUTHPRIV)
    return [line for line in machine.syslog.text(since).splitlines() if correlation in line
            and "passkeyd[" in line]


@pytest.mark.parametrize("member,arguments,name,reads", [
    ("Authenticate", ("bob", {}), "AccessDenied", "AccessDenied"),
    ("Authenticate", ("alice", {"rp": "nowhere"}), "UnknownRelyingParty", "UnknownRelyingParty"),
    ("Authenticate", ("alice", {"speed": "high"}), "InvalidArguments", "InvalidArguments"),
    ("Enroll", ("alice", {}), "NotAuthorized", "NotAuthorized"),
])
def test_errors_of_manager(machine, member, arguments, name, reads):
    alice = machine.connect("alice")
    mark = machine.syslog.mark()
    message = alice.fails(name, parts.MANAGER, member, "sa{sv}", arguments[0],
                          parts.vardict(arguments[1]))
    correlation = re.search(r" \[(\w+)\]$", message).group(1)
    lines = line_of(machine, correlation, mark)
    assert len(lines) == 1 and reads in lines[0], lines


def test_errors_of_ceremonies(machine):
    root = machine.connect()
    mark = machine.syslog.mark()
    seen = set()
    for interface, member, signature, arguments, name in (
            (parts.RELYING_PARTY, "FinishAuthentication", "ss", (NEVER, "{}"), "UnknownChallenge"),
            (parts.RELYING_PARTY, "BeginAuthentication", "sa{sv}", ("alice", {}), "NoCredentials"),
            (parts.RELYING_PARTY, "BeginAuthentication", "sa{sv}", ("mallory", {}), "UnknownUser"),
            (parts.CREDENTIALS, "Remove", "ss", ("alice", "AAAA"), "UnknownCredential")):
        arguments = [parts.vardict(each) if isinstance(each, dict) else each for each in arguments]
        message = root.fails(name, interface, member, signature, *arguments)
        correlation = re.search(r" \[(\w+)\]$", message).group(1)
        assert line_of(machine, correlation, mark), message
        seen.add(correlation)
    assert len(seen) == 4


def test_outcomes_of_conversations(machine, keys):
    key = keys.add("blue")
    machine.enrol("alice", "blue")
    root = machine.connect()
    mark = machine.syslog.mark()
    key.set(touch="immediate")
    accepted = root.authenticate("alice").run()
    key.set(counter="back")
    refused = root.authenticate("alice").run()
    nobody = root.authenticate("mallory").run()
    without = root.authenticate("bob").run()
    for details, reads in ((accepted, r"sign-in of alice \(default\): ok"),
                           (refused, "refused, counter-regressed"),
                           (nobody, "refused, unknown-user"),
                           (without, "refused, no-credentials")):
        lines = line_of(machine, details["correlation"], mark)
        assert len(lines) == 1 and re.search(reads, lines[0]), lines


def test_ids_of_enrolments(machine, keys):
    keys.add("blue")
    root = machine.connect()
    mark = machine.syslog.mark()
    for name, reads in (("one", "ok, passkey \"one\""), ("two", "refused, credential-excluded")):
        details = root.enroll("alice", name=name).run()
        lines = line_of(machine, details["correlation"], mark)
        assert len(lines) == 1 and reads in lines[0], lines
    identifier, made, _ = root.call(parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", "bob",
                                    parts.vardict({}))
    response = browser.register(json.loads(str(made)), browser.Passkey(), attestation="none")
    root.call(parts.RELYING_PARTY, "FinishRegistration", "ss", identifier, response)
    assert machine.syslog.wait(r"\[\w{16}\] enrolment for bob .*: ok", since=mark,
                               facility=parts.AUTHPRIV)
