# SPDX-License-Identifier: BSD-2-Clause
"""passkey-enroll and passkeyctl on a terminal, with the real polkit asking for the password."""

import json
import os
import pwd
import signal
import subprocess

import pexpect
import pytest

import machine as parts
import namespace

PASSWORD = "(?i)password: "


def give_password(child, text=None):
    child.expect(PASSWORD)
    child.sendline(namespace.password("alice") if text is None else text)


def end(child):
    """Everything on the screen since the last expect, and the exit status."""
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


def ctl(machine, *arguments, user="alice"):
    return machine.run_as(user, ["passkeyctl", *arguments])


def listed(machine, user="alice"):
    done = ctl(machine, "list", "--json", user=user)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def key(keys):
    return keys.add("blue").set(touch="wait")


def enroll(machine, key, *arguments, user="alice"):
    child = machine.terminal(user, ["passkey-enroll", *arguments])
    give_password(child)
    child.expect("Touch your security key")
    key.wait_touch_wanted()
    assert key.touch()
    return end(child)


def test_enter_stops_waiting_for_the_key(machine, key):
    child = machine.terminal("alice", ["passkey-enroll"])
    give_password(child)
    child.expect("Touch your security key")
    child.expect("\nPress Enter alone to stop.\r")
    key.wait_touch_wanted()
    child.sendline("")
    key.wait("cancelled", 0)
    screen, status = end(child)
    assert status == 1 and "Cancelled" in screen, screen
    assert listed(machine) == []
    assert enroll(machine, key)[1] == 0
    child = machine.terminal("alice", ["passkeyctl", "test"])
    child.expect("\nPress Enter alone to stop.\r")
    child.sendline("")
    screen, status = end(child)
    assert status == 1 and "Cancelled" in screen, screen


def test_enrol(machine, key):
    screen, status = enroll(machine, key, "--name", "blue key")
    assert status == 0, screen
    assert "passkeyctl test" in screen and "pam-auth-update" in screen  # what to do next
    passkey, = listed(machine)
    assert passkey["name"] == "blue key" and passkey["user"] == "alice"
    assert passkey["rpId"] == namespace.HOST and passkey["uid"] == namespace.PEOPLE["alice"]


def test_a_wrong_password_enrols_nothing(machine, key):
    child = machine.terminal("alice", ["passkey-enroll"])
    give_password(child, "not it")
    screen, status = end(child)
    assert status == 1, screen
    assert listed(machine) == []
    assert not key.info()["touch_wanted"]
    assert machine.syslog.wait("NotAuthorized", facility=parts.AUTHPRIV)


def test_without_a_terminal_nobody_can_be_asked(machine, key):
    done = machine.run_as("alice", ["passkey-enroll", "--json"], stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["ok"] is False and answer["reason"] == "denied", answer
    assert listed(machine) == []


def test_json(machine, key):
    child = machine.terminal("alice", ["sh", "-c", "passkey-enroll --json >$HOME/out"])
    give_password(child)
    key.wait_touch_wanted()
    key.touch()
    assert end(child)[1] == 0
    with open(pwd.getpwnam("alice").pw_dir + "/out", encoding="utf-8") as file:
        answer = json.load(file)
    assert answer["ok"] is True
    assert answer["credential"]["credentialId"] == listed(machine)[0]["credentialId"]


def test_an_enrolled_key_is_refused_by_name(machine, key):
    enroll(machine, key, "--name", "blue key")
    key.set(touch="immediate")
    child = machine.terminal("alice", ["passkey-enroll", "--name", "again"])
    give_password(child)
    screen, status = end(child)
    assert status == 1
    assert "blue key" in screen and "enrolled already" in screen, screen
    assert len(listed(machine)) == 1


def refused_before_the_password(machine, command):
    """What is printed; polkit was not asked, so no password was either."""
    child = machine.terminal("alice", command)
    screen, status = end(child)
    assert status == 1 and "assword" not in screen, screen
    return screen


def test_known_refusals_come_before_the_password(machine, key):
    enroll(machine, key, "--name", "blue key")
    machine.configure("[limits]\ncredentials-per-account = 1\n")
    machine.kill_daemon(signal.SIGTERM)
    screen = refused_before_the_password(machine, ["passkey-enroll"])
    assert "as many passkeys as it may, 1 (credentials-per-account" in screen
    machine.configure()
    machine.kill_daemon(signal.SIGTERM)
    screen = refused_before_the_password(machine, ["passkey-enroll", "--name", "blue key"])
    assert "a passkey named \"blue key\" already" in screen
    screen = refused_before_the_password(machine, ["passkey-enroll", "--name", "x" * 65])
    assert "64 bytes" in screen
    screen = refused_before_the_password(machine, ["passkey-enroll", "--rp", "nosuch"])
    assert "no such relying party" in screen
    screen = refused_before_the_password(
        machine, ["passkeyctl", "rename", "blue key", "y" * 65])
    assert "1 to 64 bytes" in screen
    assert not key.info()["touch_wanted"]


def test_a_name_that_is_taken_is_refused_before_the_password(machine, keys, key):
    enroll(machine, key, "--name", "blue key")
    key.unplug()
    keys.add("green").set(touch="immediate")
    machine.enrol("alice", "green key")
    screen = refused_before_the_password(
        machine, ["passkeyctl", "rename", "green key", "blue key"])
    assert "of that name already" in screen
    assert sorted(each["name"] for each in listed(machine)) == ["blue key", "green key"]


def test_a_file_that_cannot_be_read_is_named(machine):
    for command in (["passkeyctl", "import", "ssh", "/nowhere/key.pub"],
                    ["passkey-enroll", "--ticket-file", "/nowhere/key.pub"]):
        done = machine.run_as("alice", command, stdin=subprocess.DEVNULL)
        assert done.returncode == 1
        assert "from /nowhere/key.pub: No such file" in done.stderr, done.stderr


@pytest.mark.parametrize("option,discoverable", [("--resident", True), ("--no-resident", False)])
def test_resident(machine, keys, key, option, discoverable):
    parts.set_pin(keys, key, "123456")
    child = machine.terminal("alice", ["passkey-enroll", option])
    give_password(child)
    if discoverable:
        child.expect("PIN.*: ")
        child.sendline("123456")
    key.wait_touch_wanted()
    key.touch()
    screen, status = end(child)
    assert status == 0, screen
    assert listed(machine)[0]["discoverable"] is discoverable


def test_root_enrols_for_others_without_polkit(machine, key):
    child = machine.terminal("root", ["passkey-enroll", "--user", "bob", "--name", "b"])
    key.wait_touch_wanted()
    key.touch()
    assert end(child)[1] == 0
    assert [each["user"] for each in listed(machine, "bob")] == ["bob"]
    done = ctl(machine, "list", "--user", "bob")
    assert done.returncode == 1, done.stdout  # alice is not root


def test_a_ticket_voids_no_other(machine, key):
    """Whatever root asks for: the daemon bounds the lifetime by itself, too."""
    ticket = json.loads(ctl(machine, "ticket", "--user", "alice", "--json", user="root").stdout)
    root = machine.connect()
    for seconds in (0, 59, 86401, 172800, 0xffffffff):
        root.fails("InvalidArguments", parts.CREDENTIALS, "CreateTicket", "sa{sv}", "bob",
                   parts.vardict({"lifetime": parts.dbus.UInt32(seconds)}))
    made = ctl(machine, "ticket", "--user", "bob", "--lifetime", "86400", user="root")
    assert made.returncode == 0
    path = pwd.getpwnam("alice").pw_dir + "/ticket"
    namespace.write(path, ticket["ticket"] + "\n")
    key.set(touch="immediate")
    done = machine.run_as("alice", ["passkey-enroll", "--json", "--ticket-file", path])
    assert done.returncode == 0, done.stdout


def test_a_ticket_stands_for_the_password(machine, key):
    made = ctl(machine, "ticket", "--user", "alice", "--json", user="root")
    assert made.returncode == 0, made.stderr
    ticket = json.loads(made.stdout)["ticket"]
    path = pwd.getpwnam("alice").pw_dir + "/ticket"
    namespace.write(path, ticket + "\n")
    child = machine.terminal("alice", ["passkey-enroll", "--ticket-file", path])
    key.wait_touch_wanted()
    key.touch()
    screen, status = end(child)
    assert status == 0, screen
    # Once.
    done = machine.run_as("alice", ["passkey-enroll", "--json", "--ticket-file", path])
    assert done.returncode == 1 and json.loads(done.stdout)["reason"] == "ticket-invalid"
    assert ticket not in machine.syslog.text()


def test_interrupted(machine, key):
    child = machine.terminal("alice", ["passkey-enroll"])
    give_password(child)
    key.wait_touch_wanted()
    child.sendintr()
    assert end(child)[1] == 130
    assert listed(machine) == []
    assert not key.info()["touch_wanted"]


def test_rename_and_remove(machine, keys, key):
    enroll(machine, key, "--name", "blue key")
    key.unplug()
    second = keys.add("green").set(touch="wait")
    enroll(machine, second, "--name", "green key")
    child = machine.terminal("alice", ["passkeyctl", "rename", "green key", "spare"])
    give_password(child)
    assert end(child)[1] == 0
    assert {each["name"] for each in listed(machine)} == {"blue key", "spare"}
    shown = ctl(machine, "show", "spare", "--json")
    assert json.loads(shown.stdout)["name"] == "spare"
    child = machine.terminal("alice", ["passkeyctl", "remove", "spare"])
    give_password(child)
    assert end(child)[1] == 0
    # The last one: asked first, and "no" keeps it.
    child = machine.terminal("alice", ["passkeyctl", "remove", "blue key"])
    child.expect(r"\[y/N\] ")
    child.sendline("n")
    assert end(child)[1] == 1
    assert [each["name"] for each in listed(machine)] == ["blue key"]
    child = machine.terminal("alice", ["passkeyctl", "remove", "blue key"])
    child.expect(r"\[y/N\] ")
    child.sendline("y")
    give_password(child)
    assert end(child)[1] == 0
    assert listed(machine) == []
    assert ctl(machine, "show", "blue key").returncode == 1


def test_each_change_needs_its_own_authentication(machine, key):
    enroll(machine, key, "--name", "blue key")
    child = machine.terminal("alice", ["passkeyctl", "rename", "blue key", "other"])
    give_password(child, "not it")
    assert end(child)[1] == 1
    assert listed(machine)[0]["name"] == "blue key"


def test_sign_in_without_an_application(machine, key):
    enroll(machine, key)
    child = machine.terminal("alice", ["passkeyctl", "test"])
    child.expect("Touch your security key")
    key.wait_touch_wanted()
    key.touch()
    screen, status = end(child)
    assert status == 0 and "It works" in screen
    key.set(counter="back", touch="immediate")
    child = machine.terminal("alice", ["passkeyctl", "test"])
    screen, status = end(child)
    assert status == 1 and "counter" in screen, screen


def test_status_and_check(machine, key):
    enroll(machine, key)
    status = json.loads(ctl(machine, "status", "--json").stdout)
    assert status["relyingParties"][0]["id"] == namespace.HOST
    assert [each["user"] for each in status["accounts"]] == ["alice"]
    assert status["store"] == {"kind": "sqlite", "answers": True}
    assert "\nstore          sqlite\n" in ctl(machine, "status").stdout
    store = json.loads(ctl(machine, "status", "--json", user="root").stdout)["store"]
    assert store["server"].endswith("/passkeyd.db"), store
    done = ctl(machine, "check", "--json")
    findings = json.loads(done.stdout)["checks"]
    assert {"bus", "daemon", "polkit", "authenticator", "module"} <= {
        each["check"] for each in findings}, findings
    assert ctl(machine, "check").returncode == done.returncode


def test_without_the_daemon(machine):
    machine.activatable(False)
    for command in (["passkeyctl", "list"], ["passkeyctl", "status"], ["passkey-enroll"]):
        done = machine.run_as("alice", command)
        assert done.returncode == 3, (command, done.stderr)
        assert done.stderr


def test_a_list_of_nobody_is_an_error(machine):
    done = ctl(machine, "list", "--user", "nobodyhere", user="root")
    assert done.returncode == 1 and "no such account" in done.stderr, done
    done = ctl(machine, "list", "--rp", "nosuch", user="root")
    assert done.returncode == 1 and "no such relying party" in done.stderr, done
    assert ctl(machine, "list", "--rp", "nosuch").returncode == 1
    done = ctl(machine, "list", "--user", "bob", user="root")
    assert done.returncode == 0 and "There are no passkeys" in done.stderr, done


@pytest.mark.parametrize("command", [
    "passkeyctl list", "passkeyctl show blue", "passkeyctl rename blue red",
    "passkeyctl remove blue", "passkeyctl ticket", "passkeyctl recovery-codes",
    "passkeyctl recovery-codes --yes", "passkeyctl adopt nobodyhere", "passkeyctl test",
    "passkey-enroll"])
def test_an_account_that_is_not_there_is_named(machine, command):
    words = command.split() + ([] if "adopt" in command else ["--user", "nobodyhere"])
    done = machine.run_as("root", words)
    assert done.returncode == 1 and '"nobodyhere"' in done.stderr, done


@pytest.mark.parametrize("command", [
    "passkeyctl list", "passkeyctl show blue", "passkeyctl rename blue red",
    "passkeyctl remove blue", "passkeyctl ticket --user bob", "passkeyctl adopt bob",
    "passkeyctl test --user bob", "passkey-enroll --user bob"])
def test_a_relying_party_that_is_not_there_is_named(machine, command):
    done = machine.run_as("root", command.split() + ["--rp", "nosuch"])
    assert done.returncode == 1 and '"nosuch"' in done.stderr, done


@pytest.mark.parametrize("user,whose", [("alice", "bob"), ("root", "nobodyhere")])
def test_recovery_codes_are_refused_before_a_question(machine, user, whose):
    child = machine.terminal(user, ["passkeyctl", "recovery-codes", "--user", whose])
    screen, status = end(child)
    assert status == 1 and "[y/N]" not in screen, screen
    assert "root" in screen or whose in screen, screen


def test_a_daemon_without_a_bus_says_so_on_the_terminal(machine):
    machine.stop_bus()
    child = machine.terminal("root", ["/usr/sbin/passkeyd"])
    screen, status = end(child)
    assert status == 1 and "passkeyd: cannot start: " in screen, screen
    assert "bus" in screen or "socket" in screen, screen


def test_wrong_usage(machine):
    for command in (["passkeyctl"], ["passkeyctl", "dance"], ["passkeyctl", "show"],
                    ["passkeyctl", "list", "--uv", "required"], ["passkey-enroll", "extra"]):
        assert machine.run_as("alice", command).returncode == 2, command


def test_another_uid(machine, key):
    """The account's name has another uid now: the passkeys open nothing, and status says so."""
    machine.enrol_with_touch(key, "alice")
    with open("/etc/passwd", encoding="utf-8") as file:
        before = file.read()
    try:
        namespace.write("/etc/passwd", before.replace("alice:x:2001:", "alice:x:2999:"))
        root = machine.connect()
        mark = machine.syslog.mark()
        result = root.authenticate("alice").run()["result"]
        assert result == "no-credentials"
        accounts = json.loads(ctl(machine, "status", "--json", user="root").stdout)["accounts"]
        assert [each["orphaned"] for each in accounts] == [True]
        machine.syslog.wait("sign-in of alice .*refused, account-changed", mark,
                            facility=parts.AUTHPRIV)
    finally:
        namespace.write("/etc/passwd", before)


def test_reload_by_hangup(machine, key):
    pid = machine.start_daemon()
    namespace.write(parts.CONFIG, "[authenticator]\nnonsense = 1\n")
    os.kill(pid, signal.SIGHUP)
    assert machine.syslog.wait(r"passkeyd\.conf:2", facility=parts.AUTHPRIV)
    assert machine.daemon_pid() == pid
    done = machine.run_as("root", ["passkeyd", "--check-config"])
    assert done.returncode != 0 and "passkeyd.conf:2" in done.stderr
    machine.configure()
    os.kill(pid, signal.SIGHUP)
    assert machine.syslog.wait("configuration read again", facility=parts.AUTHPRIV)
    assert machine.run_as("root", ["passkeyd", "--check-config"]).returncode == 0
