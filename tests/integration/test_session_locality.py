# SPDX-License-Identifier: BSD-2-Clause
"""Where the person is: a local key is asked only from a session at this computer."""

import json
import os
import re

import dbus
import dbus.lowlevel
import pexpect
import pytest

import machine as parts
import namespace
from apps import App, Sudo
from fake_logind import Logind

SERVICE = "/usr/share/dbus-1/system-services/org.freedesktop.login1.service"
UNKNOWN = "unknown"
UNCLEAR = ["silent", "silent-about-remote", "silent-about-host", "session-is-no-object",
         "two-sessions", "remote-is-text", "remote-without-variant", "host-is-a-number",
         "nothing-in-it", "denied", "session-gone", "silent-about-user", "silent-about-display",
         "user-is-no-object", "user-denied", "display-is-text", "display-is-short",
         "display-is-no-object", "display-backwards"]


@pytest.fixture
def blue(machine, keys):
    key = keys.add("blue")
    machine.configure("[authenticator]\ninsert-timeout = 0\n")
    machine.enrol("alice")
    return key


def bound_rhost(machine, since):
    """The rhost of the context in the line of the decision."""
    line = machine.syslog.wait(r"sign-in of alice .*\{", since=since, facility=parts.AUTHPRIV)
    return json.loads(line[line.index("{"):])["rhost"]


def sign_in(machine, **context):
    """As alice, without PAM: the result, and the rhost it was bound to."""
    mark = machine.syslog.mark()
    details = machine.connect("alice").authenticate("alice", **context).run()
    return details["result"], bound_rhost(machine, mark)


def test_without_logind(machine, keys, blue):
    assert sign_in(machine) == ("ok", "")


def test_logind_is_not_started_for_it(machine, keys, blue):
    """On systems that use it it runs already; activation could take any time."""
    os.rename(SERVICE, SERVICE + ".off")
    namespace.write(SERVICE, "[D-BUS Service]\nName=org.freedesktop.login1\nUser=root\n"
                    f"Exec=/bin/sh -c '>{namespace.SCRATCH}/started'\n")
    try:
        machine.driver("ReloadConfig")
        assert sign_in(machine) == ("ok", "")
        assert not os.path.exists(namespace.SCRATCH + "/started")
    finally:
        os.rename(SERVICE + ".off", SERVICE)


def test_a_local_session(machine, keys, blue):
    logind = Logind(machine, "local")
    assert sign_in(machine) == ("ok", "")
    assert logind.questions() == [f"GetSessionByPID {os.getpid()}",
                                  "Get org.freedesktop.login1.Session Remote",
                                  "Get org.freedesktop.login1.Session RemoteHost"]


@pytest.mark.parametrize("host, outcome", [("localhost", ("cancelled", "localhost")),
                                           (":0", ("ok", ""))])
def test_a_session_that_logind_calls_local(machine, keys, blue, host, outcome):
    """For logind localhost is not remote; for passkeyd it may be the end of a tunnel."""
    Logind(machine, "local", host)
    assert sign_in(machine) == outcome


def test_outside_of_any_session(machine, keys, blue):
    Logind(machine, "no-session")
    assert sign_in(machine) == ("ok", "")


@pytest.mark.parametrize("scenario, outcome", [("manager-of-local", ("ok", "")),
                                               ("manager-of-nobody", ("ok", "")),
                                               ("manager-of-remote", ("cancelled", "192.0.2.7"))])
def test_what_a_service_manager_started(machine, keys, blue, scenario, outcome):
    """Terminals of desktops are outside of their user's session; so is systemd-run --user."""
    logind = Logind(machine, scenario, "192.0.2.7")
    assert sign_in(machine) == outcome
    assert logind.questions()[:3] == [f"GetSessionByPID {os.getpid()}",
                                      f"GetUserByPID {os.getpid()}",
                                      "Get org.freedesktop.login1.User Display"]


@pytest.mark.parametrize("host", ["192.0.2.7", "laptop.example.org", "::1", "127.0.0.1"])
def test_a_remote_session(machine, keys, blue, host):
    logind = Logind(machine, "remote", host)
    since = keys.mark()
    assert sign_in(machine) == ("cancelled", host)
    assert not touched(keys, since)
    assert logind.questions() == [f"GetSessionByPID {os.getpid()}",
                                  "Get org.freedesktop.login1.Session Remote",
                                  "Get org.freedesktop.login1.Session RemoteHost"]


@pytest.mark.parametrize("host, bound", [("", UNKNOWN), (":0", UNKNOWN), ("a\x1bb", "a?b"),
                                         ("h" * 300, "h" * 256)])
def test_a_remote_session_with_an_odd_host(machine, keys, blue, host, bound):
    Logind(machine, "remote", host)
    assert sign_in(machine) == ("cancelled", bound)


@pytest.mark.parametrize("scenario", UNCLEAR)
def test_unclear_logind_answers_count_as_remote(machine, keys, blue, scenario):
    Logind(machine, scenario, "192.0.2.7")
    since = keys.mark()
    mark = machine.syslog.mark()
    assert sign_in(machine) == ("cancelled", UNKNOWN)
    assert machine.syslog.wait("taken for a remote session: logind does not tell", since=mark,
                               facility=parts.AUTHPRIV)
    assert not touched(keys, since)


def test_given_rhost_is_not_looked_up(machine, keys, blue):
    logind = Logind(machine, "remote", "192.0.2.7")
    # That it is remote is believed of anybody; from where, of root.
    assert sign_in(machine, rhost="192.0.2.9") == ("cancelled", UNKNOWN)
    mark = machine.syslog.mark()
    assert machine.connect().authenticate("alice", rhost="192.0.2.9").run()["result"] == "cancelled"
    assert bound_rhost(machine, mark) == "192.0.2.9"
    mark = machine.syslog.mark()
    assert machine.connect().authenticate("alice", rhost=":0").run()["result"] == "ok"
    assert bound_rhost(machine, mark) == ":0"
    assert logind.questions() == []


def test_a_display_is_no_way_around_logind(machine, keys, blue):
    """Programs of root's may call an X display an rhost; of others it would be a claim."""
    since = keys.mark()
    Logind(machine, "remote", "192.0.2.7")
    assert sign_in(machine, rhost=":0") == ("cancelled", "192.0.2.7")
    assert not touched(keys, since)


def test_an_empty_rhost_is_none(machine, keys, blue):
    Logind(machine, "remote", "192.0.2.7")
    assert sign_in(machine, rhost="") == ("cancelled", "192.0.2.7")


def test_a_wrong_call_is_wrong_at_once(machine, keys, blue):
    logind = Logind(machine, "silent")
    machine.connect("alice").fails("InvalidArguments", parts.MANAGER, "Authenticate", "sa{sv}",
                                   "alice", parts.vardict({"speed": "1"}))
    assert logind.questions() == []


def decline_over_ssh(running):
    running.child.expect("passkey[12]:.*\r\n")
    running.child.sendline("")


def touched(keys, since):
    return any(each["event"] == "touch-wanted" for each in keys.events(since))


# Callers that do not wait for the answer


def begin(machine, user="alice"):
    """Authenticate, not waiting for the answer."""
    connection = machine.connect(user)
    message = dbus.lowlevel.MethodCallMessage(parts.NAME, parts.PATH, parts.MANAGER,
                                              "Authenticate")
    message.append(user, parts.vardict({}), signature="sa{sv}")
    connection.bus.send_message(message)
    connection.bus.flush()
    return connection


def test_callers_leave_before_logind_answers(machine, keys, blue):
    logind = Logind(machine, "silent")
    connections = [begin(machine) for _ in range(4)]
    for _ in connections:
        assert logind.question().startswith("GetSessionByPID")
    for connection in connections:
        connection.close()
    logind.process.kill()
    logind.process.wait()
    assert sign_in(machine) == ("ok", "")


def test_daemon_ends_before_logind_answers(machine, keys, blue):
    logind = Logind(machine, "silent")
    begin(machine)
    assert logind.question().startswith("GetSessionByPID")
    machine.kill_daemon(15)
    logind.process.kill()
    logind.process.wait()
    assert sign_in(machine) == ("ok", "")
    assert not re.search("AddressSanitizer|LeakSanitizer", machine.syslog.text())


def test_logind_ends_before_it_answers(machine, keys, blue):
    logind = Logind(machine, "silent")
    mark = machine.syslog.mark()
    begin(machine)
    assert logind.question().startswith("GetSessionByPID")
    logind.process.kill()
    assert machine.syslog.wait("taken for a remote session", since=mark)


def test_pending_lookups_are_limited_per_user(machine, keys, blue):
    machine.configure("[limits]\nconversations-per-user = 2\n")
    machine.kill_daemon(15)
    logind = Logind(machine, "silent")
    for _ in range(2):
        begin(machine)
        assert logind.question().startswith("GetSessionByPID")
    machine.connect("alice").fails("LimitExceeded", parts.MANAGER, "Authenticate", "sa{sv}",
                                   "alice", parts.vardict({}))
    begin(machine, "bob")
    assert logind.question().startswith("GetSessionByPID")


# The real sudo


@pytest.mark.real_programs
def test_sudo_in_a_remote_session(machine, keys, blue):
    logind = Logind(machine, "remote", "192.0.2.7")
    since = keys.mark()
    mark = machine.syslog.mark()
    running = Sudo(machine)
    decline_over_ssh(running)
    assert running.refused(), running.screen
    assert bound_rhost(machine, mark) == "192.0.2.7"
    assert not touched(keys, since)
    assert f"GetSessionByPID {running.child.pid}" in logind.questions()


@pytest.mark.real_programs
def test_sudo_in_a_local_session(machine, keys, blue):
    Logind(machine, "local")
    assert Sudo(machine).accepted()


class RemoteSudo(App):
    """sudo as it runs inside an ssh login."""

    service, caller, owner = "sudo", "alice", "alice"
    command = ["env", "SSH_CONNECTION=192.0.2.7 50022 192.0.2.1 22", *Sudo.command]
    accepted, refused = Sudo.accepted, Sudo.refused


def keep_ssh_connection():
    namespace.write("/etc/sudoers.d/passkey", 'Defaults env_keep += "SSH_CONNECTION"\n', 0o440)


@pytest.fixture
def sudoers():
    namespace.write("/etc/sudoers", open("/etc/sudoers", encoding="utf-8").read()
                    + "@includedir /etc/sudoers.d\n", 0o440)
    yield
    for name in os.listdir("/etc/sudoers.d"):
        os.unlink("/etc/sudoers.d/" + name)


@pytest.mark.real_programs
def test_sudo_that_keeps_ssh_connection(machine, keys, blue, sudoers):
    """The key that is plugged in here is not even opened."""
    keep_ssh_connection()
    since = keys.mark()
    mark = machine.syslog.mark()
    running = RemoteSudo(machine)
    decline_over_ssh(running)
    assert running.refused(), running.screen
    assert bound_rhost(machine, mark) == "192.0.2.7"
    # The helper that enrolled it may have closed it only now.
    assert [each["event"] for each in keys.events(since) if each["event"] != "closed"] == []
    assert machine.results() == [("sudo", "alice", "auth_err")]


@pytest.mark.real_programs
def test_sudo_that_drops_ssh_connection(machine, keys, blue, sudoers):
    """Without env_keep and without a logind nobody can tell."""
    since = keys.mark()
    assert RemoteSudo(machine).accepted()
    assert touched(keys, since)


@pytest.mark.real_programs
@pytest.mark.parametrize("value", ["evil", "192.0.2.7;reboot 1 2 3", "\x1b[2J 1 2 3", "a" * 5000])
def test_sudo_with_nonsense_in_ssh_connection(machine, keys, blue, sudoers, value):
    keep_ssh_connection()
    mark = machine.syslog.mark()
    child = machine.terminal("alice", Sudo.command, SSH_CONNECTION=value)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert bound_rhost(machine, mark) == ""
