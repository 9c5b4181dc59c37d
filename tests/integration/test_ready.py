# SPDX-License-Identifier: BSD-2-Clause
"""The process that is kept ready: whatever becomes of it, each sign-in has its key's answer."""

import contextlib
import os
import signal

import machine as parts
import namespace


def ready(machine):
    """The pids of those that are kept now."""
    found = []
    for pid in parts.children(machine.daemon_pid()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = parts.status(pid)
            if status["Name"] == "passkey-ready" and status["State"][0] != "Z":
                found.append(pid)
    return found


def signs_in(connection, user="alice"):
    details = connection.authenticate(user).run()
    assert details["result"] == "ok" and details["user"] == user, details


def prepared(machine, keys):
    key = keys.add("blue")
    machine.enrol("alice")
    connection = machine.connect()
    signs_in(connection)
    (kept,) = ready(machine)
    return key, connection, kept


def test_one_is_kept_and_sees_nothing(machine, keys):
    """It serves one sign-in after the other, and its helpers are the daemon's."""
    _, connection, kept = prepared(machine, keys)
    for _ in range(3):
        signs_in(connection)
        assert ready(machine) == [kept]
    status = parts.status(kept)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert status["Uid"].split() == [str(namespace.DAEMON_ID)] * 4
    parts.wait_for_helpers(machine.daemon_pid())
    with open(f"/proc/{kept}/task/{kept}/children", encoding="ascii") as file:
        assert file.read() == "", "its helpers are the daemon's"


def test_one_that_is_killed_or_hangs(machine, keys):
    _, connection, kept = prepared(machine, keys)
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV):
        os.kill(kept, number)
        signs_in(connection)
        signs_in(connection)
        (after,) = ready(machine)
        assert after != kept
        kept = after


def test_another_key_that_was_plugged_in_between(machine, keys):
    """What was known of the key before is not believed of this one."""
    blue, connection, _ = prepared(machine, keys)
    green = keys.add("green", plug=False)
    blue.unplug()
    green.plug()
    machine.enrol("bob")
    green.set(touch="wait")
    conversation = connection.authenticate("alice")
    said = conversation.next()
    assert said[0] == "info" and "touch" not in said[1].lower(), said
    green.unplug()
    blue.plug()
    assert conversation.run()["result"] == "ok"
    signs_in(connection)


def test_the_same_place_and_another_key(machine, keys):
    """A key that has forgotten its passkey since is asked for nothing but a touch."""
    blue, connection, _ = prepared(machine, keys)
    signs_in(connection)
    blue.set(error=0x2E)  # CTAP2_ERR_NO_CREDENTIALS
    conversation = connection.authenticate("alice")
    kinds = [conversation.next()[0]]
    blue.set(error=0)
    kinds.append(conversation.next()[0])
    assert "ask-secret" not in kinds


def test_another_configuration_has_another(machine, keys):
    _, connection, kept = prepared(machine, keys)
    mark = machine.syslog.mark()
    os.kill(machine.daemon_pid(), signal.SIGHUP)
    assert machine.syslog.wait("configuration read again", since=mark,
                               facility=parts.AUTHPRIV)
    signs_in(connection)
    (after,) = ready(machine)
    assert after != kept
