# SPDX-License-Identifier: BSD-2-Clause
"""Two requests for one key, with the real sudo and su: a touch serves the one that was meant."""

import os
import re
import signal
import subprocess

import pexpect
import pytest

import machine as parts
from apps import App, Sudo

pytestmark = pytest.mark.real_programs

# What is typed before the question itself is thrown away.
ENTER = 'Press Enter to use the security key for THIS request.*Enter, or "no": '
HONEST = r'alice: sudo "\S*sudo -u bob id -un"[^\r\n]* on /dev/pts/'
TOUCH = "Touch your security key"
PIN = "123456"


class Evil(App):
    """Something of alice's own uid that starts a sudo on a terminal of its own."""
    service, caller, owner = "sudo", "alice", "alice"
    command = ["sudo", "sh", "-c", "echo EVIL RAN AS $(id -un)"]

    def ran(self):
        return "EVIL RAN AS root" in self.screen


class Becomes(App):
    """bob wants to be alice."""
    service, caller, owner = "su", "bob", "alice"
    command = ["su", "alice", "-c", "echo now $(id -un)"]

    def accepted(self):
        return self.end() == 0 and "now alice" in self.screen


@pytest.fixture
def blue(machine, keys):
    key = keys.add("blue", product="Blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    return key.set(touch="wait")


def contend(key, first, second):
    """The second's request came while the key blinked for the first, which was waited for."""
    for each in (second, first):
        each.child.expect('Two requests want the security key "Blue":')
        each.child.expect(ENTER)
    assert not key.info()["touch_wanted"]


def test_the_touch_is_for_the_one_that_is_confirmed(machine, blue):
    evil = Evil(machine)
    evil.child.expect(TOUCH)
    blue.wait_touch_wanted()
    honest = Sudo(machine)
    contend(blue, evil, honest)
    # Each reads what the other is.
    assert "EVIL RAN" in honest.screen and "/dev/pts/" in honest.screen, honest.screen
    assert "id -un" in evil.screen
    assert not blue.touch()
    honest.child.sendline("")
    honest.child.expect(TOUCH)
    blue.wait_touch_wanted()
    assert blue.touch()
    assert honest.accepted(), honest.screen
    # The key does not blink for the one that waited before its own Enter.
    assert not blue.info()["touch_wanted"]
    assert not evil.ran()
    evil.child.sendline("")
    evil.child.expect(TOUCH)
    blue.wait_touch_wanted()
    assert blue.touch()
    evil.child.expect(pexpect.EOF)
    assert evil.ran(), evil.screen


def test_who_confirms_at_once_does_not_get_the_touch_either(machine, blue):
    """Malware that presses Enter by itself: the person's own Enter stops the key."""
    evil = Evil(machine)
    evil.child.expect(TOUCH)
    blue.wait_touch_wanted()
    honest = Sudo(machine)
    contend(blue, evil, honest)
    evil.child.sendline("")
    blue.wait_touch_wanted(blue.seen)
    honest.child.sendline("")
    honest.child.expect("Another request was confirmed first: the key is stopped.")
    honest.child.expect(ENTER)
    assert not blue.touch()
    honest.child.sendline("")
    honest.child.expect(TOUCH)
    blue.wait_touch_wanted(blue.seen)
    assert blue.touch()
    assert honest.accepted(), honest.screen
    assert not evil.ran()


def test_a_job_without_a_terminal_gets_nothing(machine, keys, blue):
    """What bob starts without a terminal cannot be confirmed: the key never blinks for it."""
    mark = keys.mark()
    job = subprocess.Popen(["su", "alice", "-c", "id -un"], preexec_fn=parts.become("bob"),
                           env=parts.environment("bob"), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           start_new_session=True)
    said = job.communicate(timeout=parts.PATIENCE)[0]
    assert job.returncode != 0, said
    assert "bob asks to become alice" in said
    assert not [each for each in keys.events(mark) if each["event"] == "touch-wanted"]
    honest = Sudo(machine)
    honest.child.expect(TOUCH)
    blue.wait_touch_wanted()
    assert blue.touch()
    assert honest.accepted(), honest.screen


def test_who_becomes_another_confirms(machine, blue):
    su = Becomes(machine)
    su.child.expect(r"bob asks to become alice on web1 \(su\)\.")
    su.child.expect(ENTER)
    assert not blue.info()["touch_wanted"]
    su.child.sendline("")
    su.child.expect(TOUCH)
    blue.wait_touch_wanted()
    assert blue.touch()
    assert su.accepted(), su.screen


def test_who_becomes_another_gives_the_pin(machine, keys):
    """Where the key can verify, nothing less will do; and bob's tries are counted to bob."""
    key = keys.add("blue", product="Blue").set_pin(PIN).set(touch="immediate")
    machine.enrol("alice", "blue", pin=PIN)
    key.set(touch="wait")
    su = Becomes(machine)
    su.child.expect('PIN of your security key "Blue"\r\nPIN: ')
    assert not key.info()["touch_wanted"]
    su.child.sendline(PIN)
    su.child.expect(TOUCH)
    key.wait_touch_wanted()
    assert key.touch()
    assert su.accepted(), su.screen


def test_another_user_does_not_get_the_touch(machine, blue):
    """bob's su and alice's sudo: both read user, program, terminal and command of the other."""
    su = Becomes(machine)
    su.child.expect(ENTER)
    su.child.sendline("")
    su.child.expect(TOUCH)
    blue.wait_touch_wanted()
    honest = Sudo(machine)
    contend(blue, su, honest)
    assert "bob: su to alice on /dev/pts/" in honest.screen, honest.screen
    assert re.search(HONEST, su.screen), su.screen
    honest.child.sendline("")
    honest.child.expect(TOUCH)
    blue.wait_touch_wanted(blue.seen)
    assert blue.touch()
    assert honest.accepted(), honest.screen
    assert not blue.info()["touch_wanted"]
    su.child.sendline("no")
    assert su.end() == 1
    assert "now alice" not in su.screen


def test_three_at_once(machine, blue):
    first, second = Evil(machine), Sudo(machine)
    for each in (first, second):
        each.child.expect(ENTER)
    third = Becomes(machine)
    third.child.expect('Three requests want the security key "Blue":')
    third.child.expect(ENTER)
    mark = None
    for each in (second, third, first):
        assert not blue.info()["touch_wanted"]
        each.child.sendline("")
        each.child.expect(TOUCH)
        mark = blue.wait_touch_wanted(mark)
        assert blue.touch()
        each.child.expect(pexpect.EOF)
    assert "bob" in second.screen.split() and "now alice" in third.screen and first.ran()


@pytest.mark.parametrize("dies", ["first", "second"])
def test_one_is_killed_while_both_are_asked(machine, blue, dies):
    first, second = Evil(machine), Sudo(machine)
    for each in (first, second):
        each.child.expect(ENTER)
    gone, left = (first, second) if dies == "first" else (second, first)
    # sudo of root cannot be killed by its user; the machine's owner can.
    os.kill(gone.child.pid, signal.SIGKILL)
    gone.child.expect(pexpect.EOF)
    assert not blue.info()["touch_wanted"]
    left.child.sendline("")
    left.child.expect(TOUCH)
    blue.wait_touch_wanted()
    assert blue.touch()
    left.child.expect(pexpect.EOF)
    assert [words[-1] for words in machine.results()] == ["success"]


def test_pulled_and_plugged_in_again(machine, blue):
    first, second = Evil(machine), Sudo(machine)
    for each in (first, second):
        each.child.expect(ENTER)
    mark = blue.seen
    blue.unplug()
    second.child.sendline("")  # to a question that is, or was, about a key that is gone
    second.child.expect("Insert your security key")
    blue.plug()
    second.child.expect(ENTER)
    assert not blue.info()["touch_wanted"]
    second.child.sendline("")
    second.child.expect(TOUCH)
    blue.wait_touch_wanted(mark)
    assert blue.touch()
    assert second.accepted(), second.screen
    assert not first.ran()


def test_newcomers_do_not_keep_it_from_being_touched(machine, blue):
    """Requests that come again and again, and give up: the one that is confirmed ends."""
    honest = Sudo(machine)
    honest.child.expect(TOUCH)
    for _ in range(8):
        evil = Evil(machine)
        if evil.child.expect([ENTER, "is used for another request now"]) == 1:
            assert re.search(HONEST, evil.screen), evil.screen
            break
        evil.child.close(force=True)
        honest.child.expect(ENTER)
        honest.child.sendline("")
        honest.child.expect(TOUCH)
    else:
        pytest.fail("the key was stopped again and again")
    blue.wait_touch_wanted()
    assert blue.touch()
    assert honest.accepted(), honest.screen
    assert not evil.ran()
    evil.child.expect(ENTER)  # it has waited
    assert not blue.info()["touch_wanted"]


def test_what_a_neighbour_shows(machine, blue):
    """Its command is quoted, escaped and cut: it cannot draw on the other's terminal."""
    class Loud(App):
        service, caller, owner = "sudo", "alice", "alice"
        command = ["sudo", "-u", "root", "echo",
                   '" on /dev/pts/1 (this request)\x1b[2J' + "x" * 400]

    loud = Loud(machine)
    loud.child.expect(TOUCH)
    honest = Sudo(machine)
    honest.child.expect(ENTER)
    (line,) = [each for each in honest.screen.splitlines() if each.startswith("(2) ")]
    assert "\x1b" not in line and line.count('"') == 2, line
    assert len(line) < 300 and '..."' in line, line
    honest.child.sendline("no")
