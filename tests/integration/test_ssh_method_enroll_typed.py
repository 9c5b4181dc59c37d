# SPDX-License-Identifier: BSD-2-Clause
"""passkey-enroll in an ssh session, as alice types it there and pastes what the key answered."""

import json
import os
import subprocess

import pexpect
import pytest

import forward
import machine as parts
import namespace
from fake_logind import Logind
from ssh_method_enroll import ORIGIN, RHOST, Enrolment, listed

CONNECTION = f"{RHOST} 50022 192.0.2.1 22"


class Typed:
    """passkey-enroll on a terminal, with the password given, up to the request."""

    def __init__(self, machine, *arguments, connection=CONNECTION):
        self.mark = machine.syslog.mark()
        self.child = machine.terminal("alice", ["passkey-enroll", *arguments],
                                      SSH_CONNECTION=connection)
        self.child.expect("(?i)password: ")
        self.child.sendline(namespace.password("alice"))
        self.child.expect(r"\r\n(passkey[12]:[A-Za-z0-9_-]+)\r\n")
        self.words, self.line = self.child.before, self.child.match.group(1)
        self.request = forward.decode_request(self.line)

    def end(self):
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.before, self.child.exitstatus


def test_typed_in_an_ssh_session(host):
    typed = Typed(host, "--name", "laptop")
    assert "computer that you sit at" in typed.words and "passkey-askpass --host" in typed.words
    assert json.loads(typed.request["context"])["rhost"] == "unknown"  # alice's word
    line, = forward.answer(typed.request, ORIGIN, forward.Credential())
    typed.child.sendline(line)
    screen, status = typed.end()
    assert status == 0 and 'Enrolled "laptop" for alice' in screen, screen
    assert listed(host)[0]["name"] == "laptop"


def test_re_authentication_that_asks_for_passkeys_too(host):
    """As Debian's profile has polkit do; logind knows that its helper is in a remote session. Who
    has no passkey yet is not asked for one: it is their own account, which they know about."""
    with open("/etc/pam.d/polkit-1", encoding="utf-8") as file:
        before = file.read()
    namespace.write("/etc/pam.d/polkit-1", "auth sufficient pam_passkey.so\n" + before)
    Logind(host, "remote", RHOST)
    try:
        typed = Typed(host)
        assert typed.request["kind"] == "create" and "passkey2:" not in typed.words
        typed.child.sendline(*forward.answer(typed.request, ORIGIN, forward.Credential()))
        assert typed.end()[1] == 0
    finally:
        namespace.write("/etc/pam.d/polkit-1", before)


def test_several_lines_pasted_at_once(host):
    typed = Typed(host)
    lines = forward.answer(typed.request, ORIGIN, forward.Credential(forward.RS256))
    assert len(lines) > 1
    typed.child.send("".join(line + "\n" for line in lines))
    screen, status = typed.end()
    assert status == 0 and "Enrolled" in screen, screen


def test_line_after_line(host):
    typed = Typed(host)
    lines = forward.answer(typed.request, ORIGIN, forward.Credential(forward.RS256))
    typed.child.sendline(lines[0])
    for number, line in enumerate(lines[1:], 2):
        typed.child.expect_exact(forward.more(typed.request, number))
        typed.child.sendline(line)
    assert typed.end()[1] == 0


def test_typed_by_json(host):
    typed = Typed(host, "--json")
    typed.child.sendline(*forward.answer(typed.request, ORIGIN, forward.Credential()))
    screen, status = typed.end()
    assert status == 0
    found = json.loads(screen.strip().split("\n")[-1])
    assert found["ok"] is True and found["credential"]["name"] == "security key (ssh)"


def test_trying_it_there(host):
    key = forward.Credential()
    Enrolment(host).answer(key)
    child = host.terminal("alice", ["passkeyctl", "test"], SSH_CONNECTION=CONNECTION)
    child.expect(r"\r\n(passkey[12]:[A-Za-z0-9_-]+)\r\n")
    request = forward.decode_request(child.match.group(1))
    assert json.loads(request["context"])["rhost"] == "unknown"  # as above
    assert request["credentials"] == [key.id]
    child.sendline(*forward.answer(request, ORIGIN, key))
    child.expect("It works: alice would have been signed in")
    child.expect(pexpect.EOF)


def test_blanks_around_what_was_pasted(host):
    typed = Typed(host)
    line, = forward.answer(typed.request, ORIGIN, forward.Credential())
    typed.child.sendline("  " + line + " \t ")
    assert typed.end()[1] == 0


def test_enter_gives_up(host):
    typed = Typed(host)
    typed.child.sendline("")
    screen, status = typed.end()
    assert status == 1 and "Cancelled: there was no answer. Nothing is enrolled." in screen, screen
    assert listed(host) == []


def test_control_d_gives_up(host):
    typed = Typed(host)
    typed.child.sendeof()
    screen, status = typed.end()
    assert status == 1 and "Cancelled" in screen, screen


def test_control_c_interrupts(host):
    typed = Typed(host)
    typed.child.sendintr()
    _, status = typed.end()
    assert status == 130 and listed(host) == []
    assert host.syslog.wait(r"enrolment for alice \(default\): refused, cancelled",
                            since=typed.mark)


def test_the_daemon_goes_while_people_paste(host):
    typed = Typed(host)
    host.kill_daemon()
    typed.child.sendline(*forward.answer(typed.request, ORIGIN, forward.Credential()))
    screen, status = typed.end()
    assert status == 3 and "passkeyd" in screen, screen
    assert listed(host) == []


def test_an_answer_that_comes_too_late(host):
    typed = Typed(host, "--timeout", "1")
    assert host.syslog.wait("conversation of uid 2001: timeout", since=typed.mark)
    typed.child.sendline(*forward.answer(typed.request, ORIGIN, forward.Credential()))
    screen, status = typed.end()
    assert status == 1 and "No answer in time" in screen, screen
    assert listed(host) == []


def test_an_answer_for_another_host(host):
    typed = Typed(host)
    typed.child.sendline(*forward.answer(typed.request, "ssh://web9", forward.Credential()))
    screen, status = typed.end()
    assert status == 1 and "another host" in screen and "ssh-hosts" in screen, screen


def test_a_line_that_is_too_long(host):
    """Nothing of it reaches whatever reads the terminal next."""
    typed = Typed(host)
    typed.child.sendline("x" * 2000 + "; touch /tmp/evil")
    screen, status = typed.end()
    assert status == 1 and listed(host) == [], screen


def test_the_json_of_a_refusal(host):
    typed = Typed(host, "--json")
    typed.child.sendline("nonsense")
    screen, status = typed.end()
    assert status == 1
    found = json.loads(screen.strip().split("\n")[-1])
    assert found["ok"] is False and "no answer to this request" in found["message"]


def test_without_a_terminal(host):
    """As ssh runs a command; a ticket spares the password that nobody could be asked for."""
    ticket, _ = host.connect().call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "alice",
                                    parts.vardict({}))
    with os.fdopen(ticket.take(), encoding="ascii") as pipe:
        text = pipe.read()
    done = subprocess.run(["setsid", "-w", "env", "SSH_CONNECTION=" + CONNECTION, "passkey-enroll",
                           "--json", "--ticket-file", "-"],
                          preexec_fn=parts.become("alice"), env=parts.environment("alice"),
                          input=text, text=True, capture_output=True, timeout=parts.PATIENCE,
                          check=False)
    assert done.returncode == 1, done
    assert json.loads(done.stdout)["reason"] == "cancelled"
    assert "no terminal to ask on" in done.stderr and "passkey2:" not in done.stderr


@pytest.mark.parametrize("connection", ["", "nonsense 1 2 3"])
def test_what_is_no_ssh_session(machine, keys, connection):
    keys.add("blue")
    child = machine.terminal("alice", ["passkey-enroll"], SSH_CONNECTION=connection)
    child.expect("(?i)password: ")
    child.sendline(namespace.password("alice"))
    child.expect("Touch your security key")
    child.expect(pexpect.EOF)
    assert len(listed(machine)) == 1
