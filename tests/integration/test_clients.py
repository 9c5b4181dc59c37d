# SPDX-License-Identifier: BSD-2-Clause
"""passkey-enroll and passkeyctl as people use them: real bus, polkit and daemon, software keys."""

import json

import pexpect
import pytest

import house
import machine as parts

PIN = "123456"


def finished(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def give_password(child, user, text=None):
    """To polkit's text agent."""
    child.expect("Password: ")
    child.sendline(house.password(user) if text is None else text)


def enrol(machine, key, user, *options):
    """Through the program, as user; the child, at its end."""
    child = machine.terminal(user, ["passkey-enroll", *options])
    give_password(child, user)
    key.wait_touch_wanted()
    assert key.touch()
    return child


def listed(machine, user):
    result = machine.run_as(user, ["passkeyctl", "list", "--json"])
    assert result.returncode == 0, result
    return json.loads(result.stdout)


@pytest.fixture
def blue(keys):
    return keys.add("blue").set(touch="wait")


def test_enrol_and_sign_in(machine, blue):
    child = enrol(machine, blue, "alice", "--name", "blue key")
    child.expect('Enrolled "blue key" for alice')
    child.expect("passkeyctl test")
    child.expect("pam-auth-update")
    assert finished(child) == 0
    (passkey,) = listed(machine, "alice")
    assert (passkey["name"], passkey["user"], passkey["uid"]) == ("blue key", "alice", 2001)
    assert passkey["lastUsed"] == 0

    child = machine.terminal("alice", ["passkeyctl", "test"])
    child.expect("Touch your security key")
    blue.wait_touch_wanted()
    assert blue.touch()
    child.expect("It works: alice")
    assert finished(child) == 0
    assert listed(machine, "alice")[0]["lastUsed"] > 0


def test_an_enrolled_key_is_refused_by_name(machine, blue):
    assert finished(enrol(machine, blue, "alice", "--name", "blue key")) == 0
    child = machine.terminal("alice", ["passkey-enroll"])
    give_password(child, "alice")
    child.expect('enrolled already, as "blue key"')
    assert finished(child) == 1
    assert len(listed(machine, "alice")) == 1


def test_a_wrong_password_enrols_nothing(machine, blue):
    child = machine.terminal("alice", ["passkey-enroll"])
    give_password(child, "alice", "wrong")
    child.expect("AUTHENTICATION FAILED")
    assert finished(child) == 1
    assert listed(machine, "alice") == []
    assert not blue.info()["touch_wanted"]


def test_without_a_terminal_there_is_nobody_to_ask(machine, blue):
    result = machine.run_as("alice", ["passkey-enroll"])
    assert result.returncode == 1 and result.stderr
    assert listed(machine, "alice") == [] and not blue.info()["touch_wanted"]


def test_interrupting_an_enrolment(machine, blue):
    child = machine.terminal("alice", ["passkey-enroll"])
    give_password(child, "alice")
    blue.wait_touch_wanted()
    child.sendintr()
    assert finished(child) == 130
    assert listed(machine, "alice") == []


def test_somebody_else(machine, blue):
    result = machine.run_as("alice", ["passkey-enroll", "--user", "bob"])
    assert result.returncode == 1 and listed(machine, "bob") == []
    result = machine.run_as("alice", ["passkeyctl", "list", "--user", "bob", "--json"])
    assert result.returncode == 1 and json.loads(result.stdout)["reason"] == "denied"
    assert machine.run_as("alice", ["passkeyctl", "ticket", "--user", "alice"]).returncode == 1


def test_root_needs_no_password(machine, blue):
    blue.set(touch="immediate")
    result = machine.run_as("root", ["passkey-enroll", "--user", "bob", "--name", "b", "--json"])
    assert result.returncode == 0, result
    assert json.loads(result.stdout)["credential"]["user"] == "bob"
    shown = machine.run_as("root", ["passkeyctl", "list", "--all"])
    assert shown.returncode == 0 and "bob" in shown.stdout
    assert "bob" not in machine.run_as("alice", ["passkeyctl", "list", "--all"]).stdout


def test_a_ticket_stands_for_the_password_once(machine, blue):
    made = machine.run_as("root", ["passkeyctl", "ticket", "--user", "alice", "--json"])
    ticket = json.loads(made.stdout)["ticket"]
    house.write(house.ROOM + "/ticket", ticket, 0o644)
    words = ["passkey-enroll", "--name", "with ticket", "--ticket-file", house.ROOM + "/ticket"]
    blue.set(touch="immediate")
    assert machine.run_as("bob", words).returncode == 1
    assert machine.run_as("alice", words).returncode == 0
    assert [each["name"] for each in listed(machine, "alice")] == ["with ticket"]
    again = machine.run_as("alice", words)
    assert again.returncode == 1
    assert len(listed(machine, "alice")) == 1 and listed(machine, "bob") == []
    assert ticket not in machine.syslog.text()


def test_rename_show_and_remove(machine, keys):
    blue = keys.add("blue")
    machine.enrol("alice", "first")
    blue.unplug()
    keys.add("green")
    machine.enrol("alice", "second")
    child = machine.terminal("alice", ["passkeyctl", "rename", "first", "second"])
    give_password(child, "alice")
    assert finished(child) == 1
    child = machine.terminal("alice", ["passkeyctl", "rename", "first", "oldest"])
    give_password(child, "alice")
    child.expect("Renamed")
    assert finished(child) == 0
    shown = machine.run_as("alice", ["passkeyctl", "show", "oldest", "--json"])
    identifier = json.loads(shown.stdout)["credentialId"]
    child = machine.terminal("alice", ["passkeyctl", "remove", identifier[:12]])
    give_password(child, "alice")
    child.expect("Removed")
    assert finished(child) == 0
    assert [each["name"] for each in listed(machine, "alice")] == ["second"]
    child = machine.terminal("alice", ["passkeyctl", "remove", "second"])
    child.expect("last passkey")
    child.sendline("n")
    assert finished(child) == 1
    child = machine.terminal("alice", ["passkeyctl", "remove", "second", "--yes"])
    give_password(child, "alice")
    assert finished(child) == 0
    assert listed(machine, "alice") == []


def test_the_pin(machine, keys):
    key = keys.add("blue").set_pin(PIN).set(touch="immediate")
    child = machine.terminal("alice", ["passkey-enroll", "--uv", "required"])
    give_password(child, "alice")
    child.expect("PIN.*: ")
    child.sendline("000000")
    child.expect("(?i)wrong PIN")
    child.expect("PIN.*: ")
    child.sendline(PIN)
    child.expect("Enrolled")
    assert finished(child) == 0
    child = machine.terminal("alice", ["passkeyctl", "test", "--uv", "required"])
    child.expect("PIN.*: ")
    child.sendline(PIN)
    child.expect("It works")
    assert finished(child) == 0
    assert PIN not in machine.syslog.text() and key.info()["pin_tries"] == 8


def test_recovery_codes(machine):
    child = machine.terminal("alice", ["passkeyctl", "recovery-codes", "--yes", "--json"])
    give_password(child, "alice")
    child.expect("{.*}")
    codes = json.loads(child.after)["codes"]
    assert finished(child) == 0
    assert len(set(codes)) == 10
    assert not any(code in machine.syslog.text() for code in codes)


def test_status_and_check(machine, keys):
    keys.add("blue")
    machine.enrol("alice", "blue key")
    status = machine.run_as("alice", ["passkeyctl", "status", "--json"])
    assert status.returncode == 0
    found = json.loads(status.stdout)
    assert found["version"] and found["polkit"] is True and found["authenticator"]["present"]
    assert [(each["user"], each["passkeys"]) for each in found["accounts"]] == [("alice", 1)]
    house.write("/etc/pam.d/sudo", house.service())
    result = machine.run_as("alice", ["passkeyctl", "check", "--json"])
    states = {each["check"]: each["state"] for each in json.loads(result.stdout)["checks"]}
    assert result.returncode == 0, result
    states.pop("device")
    assert set(states.values()) == {"ok"}, states


def test_check_finds_what_is_missing(machine):
    machine.activatable(False)
    result = machine.run_as("alice", ["passkeyctl", "check", "--json"])
    found = {each["check"]: each for each in json.loads(result.stdout)["checks"]}
    assert result.returncode == 1
    assert found["daemon"]["state"] == "fail" and found["daemon"]["mend"]
