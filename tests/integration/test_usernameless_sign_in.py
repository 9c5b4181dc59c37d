# SPDX-License-Identifier: BSD-2-Clause
"""Nobody has typed a name: a discoverable credential names the user. And who may ask for whom."""

import pexpect
import pytest

import machine as parts
import namespace
from apps import Pamtester, refuses

pytestmark = pytest.mark.real_programs

PIN = "123456"


@pytest.fixture
def kiosk(machine, keys):
    """A PAM service that asks for no name."""
    namespace.write("/etc/pam.d/kiosk", namespace.service("identify"))
    return machine


def resident(machine, keys, name, *people):
    """A key that holds a passkey of each of them."""
    key = keys.add(name).set_pin(PIN)
    for person in people:
        machine.enrol(person, f"{name} of {person}", pin=PIN, resident="required")
    return key.set(touch="wait")


def touch(running, key):
    running.child.expect(r"Touch your security key to sign in")
    key.wait_touch_wanted()
    assert key.touch()


def test_a_passkey_names_the_user(kiosk, keys):
    key = resident(kiosk, keys, "blue", "bob")
    running = Pamtester(kiosk, "kiosk", "")
    touch(running, key)
    assert running.accepted(), running.screen
    assert kiosk.results() == [("kiosk", "bob", "success")]
    assert kiosk.syslog.wait(r"sign-in of bob .*: ok.*\"user\":\"\"", facility=parts.AUTHPRIV)


def test_verified_by_pin(kiosk, keys):
    kiosk.configure("[service kiosk]\nuser-verification = required\n")
    key = resident(kiosk, keys, "blue", "bob")
    running = Pamtester(kiosk, "kiosk", "")
    running.child.expect("PIN.*: ")
    running.child.sendline(PIN)
    touch(running, key)
    assert running.accepted(), running.screen
    assert kiosk.syslog.wait(r"sign-in of bob .*: ok.*user verified", facility=parts.AUTHPRIV)


def test_real_login_asks_for_no_name(kiosk, keys):
    key = resident(kiosk, keys, "blue", "bob")
    namespace.write("/etc/pam.d/login", namespace.service("identify"))
    try:
        child = kiosk.terminal("root", ["login"])
        child.expect(r"Touch your security key to sign in on web1 \(login\)")
        key.wait_touch_wanted()
        assert key.touch()
        child.expect(r"\$ ")
        child.sendline("id -un; exit")
        child.expect("bob\r\n")
        child.expect(pexpect.EOF)
    finally:
        namespace.write("/etc/pam.d/login", namespace.service())


@pytest.mark.parametrize("answer,user", [("1", None), ("2", None), ("3", ""), ("", ""), ("x", "")])
def test_two_accounts_on_one_key(kiosk, keys, answer, user):
    """The person says which of them."""
    key = resident(kiosk, keys, "blue", "alice", "bob")
    running = Pamtester(kiosk, "kiosk", "")
    touch(running, key)
    running.child.expect("several accounts")
    running.child.expect("Number: ")
    offered = dict(line.split() for line in running.child.before.splitlines()
                   if line.strip()[:1].isdigit())
    assert sorted(offered.values()) == ["alice", "bob"], running.screen
    running.child.sendline(answer)
    if user is None:
        assert running.accepted(), running.screen
        assert kiosk.results() == [("kiosk", offered[answer], "success")]
    else:
        assert running.refused(), running.screen
        assert [words[-1] for words in kiosk.results()] == ["auth_err"]


def test_an_unprivileged_caller_ends_as_itself(kiosk, keys):
    """Of two accounts on the key alice gets her own, without being told of the other."""
    key = resident(kiosk, keys, "blue", "alice", "bob")
    running = Pamtester(kiosk, "kiosk", "", caller="alice")
    touch(running, key)
    assert running.accepted(), running.screen
    assert kiosk.results() == [("kiosk", "alice", "success")]
    assert "bob" not in running.screen


def test_an_unprivileged_caller_does_not_end_as_somebody_else(kiosk, keys):
    key = resident(kiosk, keys, "blue", "bob")
    running = Pamtester(kiosk, "kiosk", "", caller="alice")
    assert running.refused(), running.screen
    assert [words[-1] for words in kiosk.results()] == ["authinfo_unavail"]
    assert "bob" not in running.screen
    assert not key.info()["touch_wanted"]
    assert kiosk.syslog.wait("no-credentials", facility=parts.AUTHPRIV)


def test_a_key_without_a_discoverable_credential(kiosk, keys):
    kiosk.configure("[authenticator]\ninsert-timeout = 0\n")
    key = keys.add("blue")
    kiosk.enrol("bob", "blue", resident="discouraged")
    running = Pamtester(kiosk, "kiosk", "")
    assert running.refused(), running.screen
    assert [words[-1] for words in kiosk.results()] == ["auth_err"]
    assert not key.info()["touch_wanted"]


def test_a_name_that_is_known_is_kept(kiosk, keys):
    """identify changes nothing for an application that has asked already."""
    key = resident(kiosk, keys, "blue", "alice", "bob")
    running = Pamtester(kiosk, "kiosk", "bob")
    running.child.expect("Touch your security key to sign in as bob")
    key.wait_touch_wanted()
    assert key.touch()
    assert running.accepted(), running.screen
    assert kiosk.results() == [("kiosk", "bob", "success")]


# A screen locker runs as the user it lets back in.


@pytest.fixture
def locker(machine, keys):
    namespace.write("/etc/pam.d/locker", namespace.service())
    return machine


def test_a_locker_for_its_own_user(locker, keys):
    key = keys.add("blue")
    locker.enrol("alice", "blue")
    key.set(touch="wait")
    running = Pamtester(locker, "locker", "alice", caller="alice")
    running.child.expect("Touch your security key to sign in as alice on web1, asked by uid 2001, ")
    key.wait_touch_wanted()
    assert key.touch()
    assert running.accepted(), running.screen
    assert locker.results() == [("locker", "alice", "success")]


def test_a_locker_for_somebody_else(locker, keys):
    key = keys.add("blue")
    locker.enrol("bob", "blue")
    running = Pamtester(locker, "locker", "bob", caller="alice")
    refuses(locker, running, "auth_err", "")
    assert not key.info()["touch_wanted"]
    assert locker.syslog.wait("AccessDenied", facility=parts.AUTHPRIV)
