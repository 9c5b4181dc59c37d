# SPDX-License-Identifier: BSD-2-Clause
"""What test_cli.py leaves out: PINs at the terminal, other accounts, recovery codes."""

import json

import pexpect
import pytest

import namespace

PIN = "123456"


def finished(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def give_password(child, user):
    """To polkit's text agent."""
    child.expect("Password: ")
    child.sendline(namespace.password(user))


def listed(machine, user):
    result = machine.run_as(user, ["passkeyctl", "list", "--json"])
    assert result.returncode == 0, result
    return json.loads(result.stdout)


@pytest.fixture
def blue(keys):
    return keys.add("blue").set(touch="wait")


def test_another_account(machine, blue):
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
    refused = machine.run_as("alice", ["passkeyctl", "list", "--all"])
    assert refused.returncode == 1 and refused.stdout == ""
    assert "Only root" in refused.stderr


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


def test_check_finds_what_is_missing(machine):
    machine.activatable(False)
    result = machine.run_as("alice", ["passkeyctl", "check", "--json"])
    found = {each["check"]: each for each in json.loads(result.stdout)["checks"]}
    assert result.returncode == 2
    assert found["daemon"]["state"] == "fail" and found["daemon"]["mend"]
