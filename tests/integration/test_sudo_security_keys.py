# SPDX-License-Identifier: BSD-2-Clause
"""Security keys of every kind at the real sudo: several at once, plugged late, pulled out, old ones
without a PIN, some with a sensor, and PINs that run out."""

import re

import pytest

import machine as parts
from apps import Su, Sudo, refuses

pytestmark = pytest.mark.real_programs

PIN = "123456"
INSERT = r"Insert your security key for what alice typed on web1: \S*sudo -u bob id -un"
REQUIRED = "[rp default]\nuser-verification = required\n"


def enrolled(machine, keys, name, person="alice", **config):
    key = keys.add(name, **config)
    machine.enrol(person, name)
    key.unplug()
    return key


def touch(key):
    key.wait_touch_wanted()
    assert key.touch()


# Several


@pytest.mark.parametrize("touched,other", [("blue", "green"), ("green", "blue")])
def test_the_first_touch_of_two_wins(machine, keys, touched, other):
    for name in ("blue", "green"):
        enrolled(machine, keys, name, product=f"Key {name}").set(touch="wait")
    for name in ("blue", "green"):
        keys.key(name).plug()
    running = Sudo(machine)
    running.child.expect(r"Touch one of your security keys \((Key blue or Key green|"
                         r"Key green or Key blue)\) for what alice typed on web1: "
                         r"\S*sudo -u bob id -un")
    keys.key(other).wait_touch_wanted()
    touch(keys.key(touched))
    assert running.accepted(), running.screen
    keys.key(other).wait("cancelled", 0)
    assert not keys.key(other).info()["touch_wanted"]


def test_key_of_another_user_beside(machine, keys):
    blue = enrolled(machine, keys, "blue").set(touch="wait")
    green = enrolled(machine, keys, "green", "carol").set(touch="wait")
    red = keys.add("red", plug=False).set(touch="wait")
    for key in (blue, green, red):
        key.plug()
    since = keys.mark()
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    touch(blue)
    assert running.accepted(), running.screen
    wanted = {each["key"] for each in keys.events(since) if each["event"] == "touch-wanted"}
    assert wanted == {"blue"}


def test_inserted_after_the_prompt(machine, keys):
    blue = enrolled(machine, keys, "blue").set(touch="wait")
    running = Sudo(machine)
    running.child.expect(INSERT)
    blue.plug()
    running.child.expect(Sudo.approving)
    touch(blue)
    assert running.accepted(), running.screen


def test_the_wrong_one_first(machine, keys):
    blue = enrolled(machine, keys, "blue").set(touch="wait")
    green = enrolled(machine, keys, "green", "carol").plug()
    running = Sudo(machine)
    running.child.expect("No security key that is plugged in holds a passkey for this. "
                         "If another one does, insert it for what "
                         r"alice typed on web1: \S*sudo -u bob id -un")
    green.unplug()
    blue.plug()
    running.child.expect(Sudo.approving)
    touch(blue)
    assert running.accepted(), running.screen


def test_pulled_out_and_plugged_in_again(machine, keys):
    blue = enrolled(machine, keys, "blue").set(touch="wait").plug()
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    blue.wait_touch_wanted()
    blue.unplug()
    running.child.expect(r"The security key was pulled out\.")
    running.child.expect(INSERT)
    blue.plug()
    running.child.expect(Sudo.approving)
    touch(blue)
    assert running.accepted(), running.screen


def test_no_key_is_inserted(machine, keys):
    enrolled(machine, keys, "blue")
    machine.configure("[authenticator]\ninsert-timeout = 1\n")
    machine.kill_daemon(15)
    refuses(machine, Sudo(machine), "auth_err",
            r"(?s)Insert your.*No security key was plugged in\.")


# Old


def test_u2f_only(machine, keys):
    key = keys.add("blue", version="u2f").set(touch="wait")
    child = machine.terminal("root", ["passkey-enroll", "--user", "alice"])
    child.expect("Touch your security key")
    touch(key)
    child.expect("Enrolled")
    child.wait()
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    touch(key)
    assert running.accepted(), running.screen
    assert machine.results() == [("sudo", "alice", "success")]


def test_u2f_cannot_verify_the_user(machine, keys):
    key = enrolled(machine, keys, "blue", version="u2f").plug()
    machine.configure(REQUIRED)
    machine.kill_daemon(15)
    refuses(machine, Sudo(machine), "auth_err", "neither a PIN nor a fingerprint reader")
    assert not key.info()["touch_wanted"]


# With a sensor


def test_fingerprint(machine, keys):
    key = enrolled(machine, keys, "blue", uv=True).plug().set(fingerprint="wait")
    running = Sudo(machine)
    running.child.expect("Use the fingerprint reader of your security key for what alice typed")
    key.wait("fingerprint-wanted")
    assert key.fingerprint(True)
    assert running.accepted(), running.screen
    assert machine.syslog.wait("sign-in of alice .*user verified", facility=parts.AUTHPRIV)


def test_fingerprint_refused_then_pin(machine, keys):
    key = keys.add("blue", uv=True).set_pin(PIN)
    machine.configure(REQUIRED)
    machine.enrol("alice", "blue", pin=PIN)
    key.set(fingerprint="reject", touch="wait")
    running = Sudo(machine)
    running.child.expect("fingerprint")
    running.child.expect("PIN: ")
    running.child.sendline(PIN)
    touch(key)
    assert running.accepted(), running.screen


# PINs


def with_pin(machine, keys, tries=8, **config):
    key = keys.add("blue", **config).set_pin(PIN)
    machine.configure(REQUIRED)
    machine.enrol("alice", "blue", pin=PIN)
    return key.set_pin(PIN, tries).set(touch="wait")


def test_a_key_that_always_verifies(machine, keys):
    """alwaysUv: the PIN is asked although nobody here demands it."""
    key = keys.add("blue", always_uv=True).set_pin(PIN)
    machine.enrol("alice", "blue", pin=PIN)
    key.set(touch="wait")
    running = Sudo(machine)
    running.child.expect("PIN: ")
    running.child.sendline(PIN)
    touch(key)
    assert running.accepted(), running.screen


def test_no_pin_where_none_is_needed(machine, keys):
    key = keys.add("blue").set_pin(PIN)
    machine.enrol("alice", "blue", pin=PIN)
    key.set(touch="wait")
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    touch(key)
    assert running.accepted(), running.screen
    assert "PIN" not in running.screen


def test_pin_blocked(machine, keys):
    with_pin(machine, keys, tries=0)
    refuses(machine, Sudo(machine), "maxtries",
            r"The PIN of the security key is locked: the key must be reset\.")


def test_pin_not_set(machine, keys):
    enrolled(machine, keys, "blue").plug()
    machine.configure(REQUIRED)
    machine.kill_daemon(15)
    refuses(machine, Sudo(machine), "auth_err",
            r"The security key has no PIN yet\.")


def test_two_wrong_pins_are_all(machine, keys):
    """Then alice is not asked for that key's PIN any more, plugged in anew or not; bob is."""
    key = with_pin(machine, keys)
    running = Sudo(machine)
    for left in ("", "Wrong PIN: 7 tries left"):
        running.child.expect(left)
        running.child.expect("PIN.*: ")
        running.child.sendline("000000")
    refuses(machine, running, "auth_err", "Two wrong PINs.* not asked for again for 15 minutes")
    key.replug()
    again = Sudo(machine)
    again.child.expect("Two wrong PINs.* not asked for again for 15 minutes")
    assert again.refused()
    assert key.info()["pin_tries"] == 6
    key.set(touch="immediate")
    machine.enrol("bob", "bobs", pin=PIN)
    key.set(touch="wait")
    his = Su(machine)
    his.child.expect("PIN.*: ")
    his.child.sendline(PIN)
    touch(key)
    assert his.accepted(), his.screen


def read_question(running):
    """What is on the screen since the last question, without blank lines."""
    running.child.expect(r"(PIN: |\(yes/no\)\? )$")
    text = re.sub(r'(security key) "[^"]*"', r"\1", running.child.before + running.child.after)
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("answer", ["", "no", "y", PIN])
def test_the_last_tries_are_not_spent_unasked(machine, keys, answer):
    key = with_pin(machine, keys, tries=2)
    running = Sudo(machine)
    assert read_question(running) == [
        "Only 2 PIN tries are left on your security key; after that it is locked for good. "
        'Type "yes" to go on', "Go on (yes/no)?"]
    running.child.sendline(answer)
    refuses(machine, running, "auth_err", "The security key needs its PIN.")
    assert key.info()["pin_tries"] == 2


def test_the_dialogue_of_the_last_two_tries(machine, keys):
    key = with_pin(machine, keys, tries=2)
    running = Sudo(machine)
    read_question(running)
    running.child.sendline("yes")
    assert read_question(running) == ["PIN of your security key", "PIN:"]
    running.child.sendline("000000")
    assert read_question(running) == [
        "Wrong PIN: 1 try left.",
        "Only 1 PIN try is left on your security key; after that it is locked for good. "
        'Type "yes" to go on', "Go on (yes/no)?"]
    assert key.info()["pin_tries"] == 1
    running.child.sendline("yes")
    read_question(running)
    running.child.sendline(PIN)
    touch(key)
    assert running.accepted(), running.screen
    assert key.info()["pin_tries"] == 8


def test_the_last_try_of_all(machine, keys):
    key = with_pin(machine, keys, tries=1)
    running = Sudo(machine)
    read_question(running)
    running.child.sendline("yes")
    read_question(running)
    running.child.sendline("000000")
    refuses(machine, running, "maxtries", "is locked: the key must be reset")
    assert key.info()["pin_tries"] == 0
    assert not re.search("(?i)try left|tries left", running.screen)


def test_what_cannot_be_a_pin_costs_no_try(machine, keys):
    key = with_pin(machine, keys)
    running = Sudo(machine)
    running.child.expect("PIN: ")
    running.child.sendline("12")
    running.child.expect("A PIN has at least 4 and at most 63 characters")
    running.child.expect("PIN: ")
    running.child.sendline(PIN)
    touch(key)
    assert running.accepted(), running.screen
    assert key.info()["pin_tries"] == 8
