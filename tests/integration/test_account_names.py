# SPDX-License-Identifier: BSD-2-Clause
"""Whose account it is, and who asked: otherwise a spelling locks people out, a web user named root
is root, and anybody's program writes lines into the log that look like sudo's."""

import json
import os
import re
import subprocess

import pexpect
import pytest

import machine as parts
import namespace
from apps import Pamtester
from people import directory

SPELLINGS = ["Alice", r"EXAMPLE\alice", "alice@EXAMPLE.ORG"]


@pytest.fixture
def people():
    with directory() as made:
        for name in SPELLINGS:
            made.add(name, namespace.PEOPLE["alice"], "alice")
        yield made


@pytest.fixture
def key(machine, keys):
    plugged = keys.add("blue").set(touch="immediate")
    machine.enrol("alice")
    return plugged


@pytest.mark.real_programs
@pytest.mark.parametrize("name", SPELLINGS)
def test_any_spelling_of_the_account_signs_in(machine, key, people, name):
    child = machine.terminal("root", ["login", name])
    assert child.expect([r"\$ ", "Login incorrect"]) == 0, machine.syslog.text()
    child.sendline("id -un; exit")
    child.expect("alice\r\n")
    child.expect(pexpect.EOF)
    assert machine.results()[-1][-1] == "success"


@pytest.mark.real_programs
def test_another_account_under_that_spelling(machine, key, people):
    """The name means bob at the end, whatever it was at the beginning."""
    namespace.write("/etc/pam.d/probe", namespace.service())
    people.add("Alice", namespace.PEOPLE["bob"], "bob")
    assert Pamtester(machine, "probe", "Alice").refused()
    people.add("Alice", namespace.PEOPLE["alice"], "alice")
    key.set(touch="wait")
    running = Pamtester(machine, "probe", "Alice")
    running.child.expect("Touch your security key")
    key.wait_touch_wanted()
    people.add("Alice", namespace.PEOPLE["bob"], "bob")
    assert key.touch()
    assert running.refused()
    assert [result for _, _, result in machine.results()].count("success") == 0


# --- a relying party without accounts of this host ----------------------------------------------

PORTAL = "[rp portal]\nid = portal.example.org\nsystem-accounts = no\n"


@pytest.mark.real_programs
def test_a_web_user_is_nobody_here(machine, keys):
    """One that is called root, with a passkey that is good for the portal."""
    machine.configure(PORTAL)
    keys.add("blue").set(touch="immediate")
    machine.enrol("root", rp="portal")
    machine.connect().fails("InvalidArguments", parts.MANAGER, "Authenticate", "sa{sv}", "root",
                            parts.vardict({"rp": "portal"}))
    machine.connect("alice").fails("InvalidArguments", parts.MANAGER, "Authenticate", "sa{sv}",
                                   "alice", parts.vardict({"rp": "portal"}))
    namespace.write("/etc/pam.d/su", namespace.service("rp=portal"))
    try:
        child = machine.terminal("alice", ["su", "root", "-c", "id -un"])
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus != 0
        assert [result for _, _, result in machine.results()].count("success") == 0
    finally:
        namespace.write("/etc/pam.d/su", namespace.service())


# --- who says so ----------------------------------------------------------------------------------

def decision(machine, since):
    line = machine.syslog.wait(r"sign-in of .*\{", since, parts.AUTHPRIV)
    return line, json.loads(line[line.index("{"):])


@pytest.mark.real_programs
def test_the_line_of_a_real_sudo(machine, key):
    since = machine.syslog.mark()
    child = machine.terminal("alice", ["sudo", "-u", "bob", "id", "-un"])
    child.expect(pexpect.EOF)
    line, context = decision(machine, since)
    assert re.search(r'ok, passkey "blue" \[[\w-]{22}\.\.\.\], user present, '
                     r'by uid 0 for uid 2001, pid \d+ \("/usr/bin/sudo"\), ', line), line
    assert context["service"] == "sudo" and "bob" in json.dumps(context)


@pytest.mark.parametrize("claims", [
    {"service": "sudo", "command": "rm -rf /srv", "target": "root", "tty": "/dev/tty1",
     "ruser": "alice"},
    {"service": "login", "tty": "/dev/tty1"},
    {"service": "sudo", "command": "id", "executable": "/usr/bin/sudo", "real-uid": 0},
    {"service": "sshd", "tty": "ssh", "rhost": "192.0.2.66", "methods": "recovery"},
])
def test_nobody_elses_line_looks_like_it(machine, key, claims):
    """alice's own program says what it likes, for herself."""
    machine.recovery_codes("alice")
    since = machine.syslog.mark()
    seen = []
    machine.connect("alice").authenticate("alice", **claims).run(seen=seen)
    line, context = decision(machine, since)
    assert re.search(rf"by uid 2001, pid {os.getpid()} \(", line), line
    assert " for uid " not in line and "sudo" not in line and "tty1" not in line, line
    assert {name: context[name] for name in ("service", "command", "target", "tty")} == {
        "service": "", "command": "", "target": "", "tty": ""}
    assert context["rhost"] in ("", "unknown")
    shown = " ".join(text for _, text in seen)
    assert "rm -rf" not in shown and "login" not in shown and "sshd" not in shown
    if "rhost" not in claims:
        assert f"asked by uid 2001, pid {os.getpid()}" in shown, shown


def test_names_do_not_write_log_lines(machine, key):
    """Neither a name that a stranger types nor one that a passkey is given."""
    typed = 'x (default): ok, passkey "blue", by uid 0'
    root = machine.connect()
    since = machine.syslog.mark()
    root.authenticate(typed, service="sshd", rhost="192.0.2.66", methods="recovery").next()
    root.close()
    line = machine.syslog.wait("sign-in of .*refused", since)
    assert 'sign-in of "x (default): ok, passkey \\"blue\\", by uid 0" (default): refused' in line

    passkey = json.loads(machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice",
                                                parts.vardict({})))[0]["credentialId"]
    since = machine.syslog.mark()
    machine.connect().call(parts.CREDENTIALS, "Rename", "sss", "alice", passkey,
                           'red", by uid 0')
    line = machine.syslog.wait("renamed", since)
    assert (f'passkey "blue" [{passkey[:22]}...] of alice (default) renamed to '
            f'"red\\", by uid 0", by uid 0, pid {os.getpid()} (') in line


def test_a_claimed_service_weakens_nothing(machine, keys):
    """The section of the service may ask for more than the relying party, not for less."""
    key = keys.add("blue")
    parts.set_pin(keys, key, "123456")
    machine.configure("[rp default]\nuser-verification = required\n"
                      "[service easy]\nuser-verification = discouraged\n")
    machine.enrol("alice", pin="123456")
    key.set(touch="immediate")
    seen = []
    machine.connect("alice").authenticate("alice", service="easy").run(pin="123456", seen=seen)
    assert "ask-secret" in [kind for kind, _ in seen]
    seen.clear()
    machine.connect().authenticate("alice", service="easy").run(pin="123456", seen=seen)
    assert "ask-secret" not in [kind for kind, _ in seen]


def test_polkit_says_what_it_is_for(machine):
    """Not that passkeys are renamed, where recovery codes are made."""
    text = subprocess.run(["pkaction", "--verbose", "--action-id", "org.passkeyd.recovery-codes"],
                          capture_output=True, text=True, check=True).stdout
    assert "new recovery codes" in text
    assert re.search(r"implicit active: +auth_self\n", text)
