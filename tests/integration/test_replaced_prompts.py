# SPDX-License-Identifier: BSD-2-Clause
"""What a person has to read is told where the application asks in words of its own: if this failed,
a PIN, its last try or a recovery code would be typed at what looks like the password's question."""

import os
import re
import shutil

import pytest

import forward
import machine as parts
import namespace
import ssh
from apps import App, Login, Sudo
from recording import Recording, wait_end

pytestmark = pytest.mark.real_programs

PIN = "123456"
OWN = "Kennwort: "
REQUIRED = "[rp default]\nuser-verification = required\n"
CONNECTION = "192.0.2.7 50000 192.0.2.1 22"
PIN_QUESTION = 'PIN of your security key "Blue"\r\n'
LAST_TRY = r'Only 1 PIN try is left on your security key "Blue"; after that it is locked for ' \
    r'good\. Type "yes" to go on\r\n'
ENTER = 'Press Enter to use the security key for THIS request, or type "no"\r\n'
RECOVERY = r"Recovery code \(empty to give up\)\r\n"
LOCKER = namespace.SCRATCH + "/locker"


class Ours(App):
    """owner is the account whose passkey is asked for; each question reads OWN."""

    def answers(self, text, question=OWN):
        self.child.expect_exact(question)
        self.child.sendline(text)


class SudoWithOption(Ours):
    service, caller, owner = "sudo", "alice", "alice"
    command = ["sudo", "-p", OWN, "-u", "bob", "id", "-un"]
    accepted = Sudo.accepted

    def __init__(self, machine, **variables):
        super().__init__(machine, **self.variables, **variables)

    variables = {}


class SudoWithVariable(SudoWithOption):
    """By itself the variable changes the password's question only."""

    command = ["sudo", "-u", "bob", "id", "-un"]
    variables = {"SUDO_PROMPT": OWN}
    defaults = "passprompt_override"


class SudoWithDefaults(SudoWithOption):
    command = ["sudo", "-u", "bob", "id", "-un"]
    defaults = f'passprompt_override, passprompt = "{OWN}"'


class Locker(Ours):
    service, caller, owner = "passkey-locker", "alice", "alice"
    command = [LOCKER, "passkey-locker", "alice"]

    def answers(self, text, question=OWN):
        super().answers(text, "Unlock: ")

    def accepted(self):
        return self.end() == 0 and "unlocked" in self.screen


@pytest.fixture(params=[SudoWithOption, SudoWithVariable, SudoWithDefaults, Locker],
                ids=["-p", "SUDO_PROMPT", "passprompt_override", "locker"])
def app(machine, request):
    shutil.copy(os.path.join(os.environ["top_builddir"], "tests/lib/locker"), LOCKER)
    namespace.write("/etc/pam.d/passkey-locker", namespace.service())
    with open("/etc/sudoers", "a", encoding="utf-8") as file:
        for each in ('env_keep += "SSH_CONNECTION"', getattr(request.param, "defaults", None)):
            file.write(f"Defaults {each}\n" if each else "")
    yield request.param
    os.unlink("/etc/pam.d/passkey-locker")


@pytest.fixture
def blue(machine, keys):
    key = keys.add("blue", product="Blue").set(touch="immediate")
    parts.set_pin(keys, key, PIN)
    return key


def enrolled(machine, key, config=REQUIRED, who="alice"):
    machine.enrol(who, "blue", pin=PIN)
    machine.configure(config)
    machine.kill_daemon(15)
    return key


def test_the_pin(machine, blue, app):
    enrolled(machine, blue)
    running = app(machine)
    running.child.expect(PIN_QUESTION)
    running.answers("000000")
    running.child.expect(PIN_QUESTION)
    running.answers(PIN)
    assert running.accepted(), running.screen


def test_the_last_try(machine, blue, app):
    enrolled(machine, blue).set_pin(PIN, 1)
    running = app(machine)
    running.child.expect(LAST_TRY)
    running.answers("yes")
    running.child.expect(PIN_QUESTION)
    running.answers(PIN)
    assert running.accepted(), running.screen


def test_a_recovery_code(machine, blue, app):
    enrolled(machine, blue, "[authenticator]\ninsert-timeout = 1\n")
    codes = machine.recovery_codes("alice")
    blue.unplug()
    running = app(machine)
    running.child.expect(RECOVERY)
    running.answers(codes[0])
    assert running.accepted(), running.screen


def test_enter_for_one_of_two_requests(machine, keys, app):
    key = keys.add("blue", product="Blue")
    machine.enrol_with_touch(key, "alice")
    key.set(touch="wait")
    first = Sudo(machine)
    first.child.expect("Touch your security key")
    key.wait_touch_wanted()
    second = app(machine)
    second.child.expect("Two requests want the security key")
    second.child.expect(ENTER)
    second.answers("")
    second.child.expect("Touch your security key")
    key.wait_touch_wanted()
    assert key.touch()
    assert second.accepted(), second.screen
    first.child.close(force=True)


@pytest.mark.parametrize("app", [SudoWithOption, SudoWithVariable, SudoWithDefaults],
                         ids=["-p", "SUDO_PROMPT", "passprompt_override"], indirect=True)
def test_a_request_to_another_computer(machine, blue, app):
    """One line, to be copied as a whole; and each part of the answer is asked for by its own."""
    enrolled(machine, blue, "[service sudo]\nmethods = ssh\n")
    running = app(machine, SSH_CONNECTION=CONNECTION)
    running.child.expect(r"Use the security key of your own computer\r\n")
    running.child.expect(r"Enter alone goes on without a passkey\.\r\n(passkey[12]:[\w-]+)\r\n")
    assert forward.decode_request(running.child.match.group(1))["kind"] == "get"
    running.answers("passkey1/1/2:" + "A" * 496)
    running.child.expect(r"Part 2 of the answer:\r\n(passkey1:[\w-]+)\r\n")
    running.answers("")
    assert running.end() == 1, running.screen


def test_login_and_su_tell_before_they_ask(machine, blue):
    """Neither has words of its own; the question is short, and what it is about is above it."""
    enrolled(machine, blue, REQUIRED, who="bob")
    login = Login(machine)
    login.child.expect(PIN_QUESTION + "PIN: ")
    login.child.sendline(PIN)
    assert login.accepted(), login.screen
    su = App.__new__(App)
    su.caller, su.command = "bob", ["su", "bob", "-c", "id -un"]
    App.__init__(su, machine)
    su.child.expect(PIN_QUESTION + "PIN: ")
    su.child.sendline(PIN)
    assert Sudo.accepted(su), su.screen


def test_sshd_asks_each_question_whole(machine, blue):
    """As it is what passkey-askpass is given; ssh alone shows it to the person."""
    enrolled(machine, blue, "")
    ssh.Server(machine)
    laptop = ssh.Laptop(machine)
    child = laptop.terminal(["ssh", "-o", "PreferredAuthentications=keyboard-interactive",
                             f"alice@{namespace.HOST}", "id", "-un"])
    child.expect(r"\(alice@\S+\) Use the security key of your own computer\r\n")
    child.expect(r"\r\npasskey[12]:[\w-]+\r\n")
    assert "Answer" not in child.before
    child.sendline("")
    child.expect(r"\(alice@\S+\) " + RECOVERY[:-4] + ": ")
    child.sendline(machine.recovery_codes("alice")[0])
    child.expect("alice\r\n")
    child.expect(parts.pexpect.EOF)
    assert not re.search(r"Answer: |Recovery code: ", child.before)


def test_recording(machine, blue):
    enrolled(machine, blue, REQUIRED + "[authenticator]\ninsert-timeout = 1\n").set_pin(PIN, 2)
    codes = machine.recovery_codes("alice")
    recording = Recording("prompt-of-its-own", "A sudo that asks in words of its own")

    def types(command):
        recording.type("alice@web1", command)
        child = machine.terminal("alice", ["sh", "-c", command])
        child.logfile_read = recording.screen()
        return child

    def answers(child, text, shown):
        child.expect_exact("\n" + OWN)
        recording.acts(f"types {shown}")
        child.sendline(text)

    child = types(f"sudo -p '{OWN}' -u bob id -un")
    answers(child, "yes", "yes")
    answers(child, "000000", "a wrong PIN")
    answers(child, "yes", "yes")
    answers(child, PIN, "the PIN, and touches the key")
    assert wait_end(child) == 0
    blue.unplug()
    recording.say("Without the key, by a recovery code:")
    child = types(f"sudo -k -p '{OWN}' -u bob id -un")
    answers(child, codes[0], "the code")
    assert wait_end(child) == 0
    recording.finish()
