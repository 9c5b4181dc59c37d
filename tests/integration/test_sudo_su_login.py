# SPDX-License-Identifier: BSD-2-Clause
"""The real sudo, su and login: each accepts a touch and refuses everything else.

Every refusal is checked three ways: what pam_passkey.so returned, that the program did not go on,
and what the person reads.
"""

import signal

import pexpect
import pytest

import machine as parts
import namespace
from apps import Login, Su, Sudo, refuses

pytestmark = pytest.mark.real_programs

UNREACHABLE = "passkeyd cannot be reached"
PIN = "123456"


@pytest.fixture(params=[Sudo, Su, Login], ids=lambda app: app.service)
def app(request):
    return request.param


def enrolled(machine, keys, app, **config):
    """A plugged-in key that waits to be touched and opens the owner's account."""
    key = keys.add("blue", **config)
    machine.enrol(app.owner, "blue")
    return key.set(touch="wait")


def test_accepts_a_touch(machine, keys, app):
    key = enrolled(machine, keys, app)
    running = app(machine)
    running.child.expect(app.approving)
    key.wait_touch_wanted()
    assert key.touch()
    assert running.accepted(), running.screen
    assert machine.results() == [(app.service, app.owner, "success")]
    assert machine.syslog.wait(f"{app.owner}.*ok|ok.*{app.owner}", facility=parts.AUTHPRIV)


def test_accepts_pin_and_touch(machine, keys, app):
    key = keys.add("blue")
    parts.set_pin(keys, key, PIN)
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.enrol(app.owner, "blue", pin=PIN)
    key.set(touch="wait")
    running = app(machine)
    running.child.expect("PIN.*: ")
    running.child.sendline(PIN)
    key.wait_touch_wanted()
    assert key.touch()
    assert running.accepted(), running.screen
    assert PIN not in running.screen


def test_another_users_key(machine, keys, app):
    blue = enrolled(machine, keys, app)
    blue.unplug()
    green = keys.add("green")
    machine.enrol("carol", "green")
    machine.configure("[authenticator]\ninsert-timeout = 1\n")
    machine.kill_daemon(signal.SIGTERM)
    running = app(machine)
    refuses(machine, running, "auth_err",
            "None of the plugged-in security keys is enrolled for this account")
    assert not green.info()["touch_wanted"]


def test_a_key_that_answers_for_another(machine, keys, app):
    key = enrolled(machine, keys, app).set(touch="immediate", wrong_credential=True)
    running = app(machine)
    refuses(machine, running, "auth_err", "refused|did not answer properly")
    assert key


def test_the_key_gives_up_waiting(machine, keys, app):
    key = enrolled(machine, keys, app)
    running = app(machine)
    key.wait_touch_wanted()
    assert key.give_up()
    refuses(machine, running, "auth_err", "not touched in time")


def test_no_touch_in_time(machine, keys, app):
    enrolled(machine, keys, app)
    machine.configure("[authenticator]\ntouch-timeout = 5\n")
    machine.kill_daemon(signal.SIGTERM)
    running = app(machine)
    refuses(machine, running, "auth_err", "not touched in time")


def test_wrong_pin(machine, keys, app):
    key = keys.add("blue")
    parts.set_pin(keys, key, PIN)
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.enrol(app.owner, "blue", pin=PIN)
    running = app(machine)
    running.child.expect("PIN.*: ")
    running.child.sendline("000000")
    running.child.expect("(?i)wrong PIN.*7|7 tries left")
    running.child.expect("PIN.*: ")
    running.child.sendline("")
    refuses(machine, running, "auth_err", "(?i)wrong PIN")
    assert key.info()["pin_tries"] == 7


def test_counter_going_back(machine, keys, app):
    key = enrolled(machine, keys, app)
    running = app(machine)
    key.wait_touch_wanted()
    key.touch()
    assert running.accepted()
    namespace.write(namespace.RESULTS, "", 0o666)
    key.set(counter="back", touch="immediate")
    refuses(machine, app(machine), "auth_err", "counter went back: it may have been copied")
    assert machine.syslog.wait("counter-regressed", facility=parts.AUTHPRIV)


def test_enter_goes_on_without_the_key(machine, keys, app):
    """The screen says so, and the key is given back."""
    key = enrolled(machine, keys, app)
    running = app(machine)
    running.child.expect(app.approving)
    running.child.expect("\nPress Enter alone to go on to the password.\r")
    key.wait_touch_wanted()
    running.child.sendline("")
    key.wait("cancelled", 0)
    refuses(machine, running, "auth_err", "Cancelled")


def test_enter_instead_of_plugging_in(machine, keys, app):
    enrolled(machine, keys, app).unplug()
    running = app(machine)
    running.child.expect("Insert your security key")
    running.child.expect("\nPress Enter alone to go on to the password.\r")
    running.child.sendline("")
    refuses(machine, running, "auth_err", "Cancelled")


def test_enter_leads_to_the_next_way(machine, keys, app):
    enrolled(machine, keys, app)
    code, *_ = machine.recovery_codes(app.owner)
    running = app(machine)
    running.child.expect("\nPress Enter alone to go on to the next way.\r")
    running.child.sendline("")
    running.child.expect("(?i)recovery code.*: ")
    running.child.sendline(code)
    assert running.accepted(), running.screen


def test_a_pin_is_not_given_up_by_what_came_before(machine, keys, app):
    """A question has the terminal for itself, and what was typed before it is no answer."""
    key = keys.add("blue")
    parts.set_pin(keys, key, PIN)
    machine.enrol(app.owner, "blue", pin=PIN)
    key.set(touch="wait")
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(signal.SIGTERM)
    running = app(machine)
    running.child.expect("PIN.*: ")
    assert "Press Enter alone" not in running.screen
    running.child.sendline(PIN)
    running.child.expect("\nPress Enter alone to go on to the password.\r")
    key.wait_touch_wanted()
    running.child.sendline("")
    refuses(machine, running, "auth_err", "Cancelled")


def test_a_key_that_goes_silent(machine, keys, app):
    key = enrolled(machine, keys, app).set(hang="dumb", misbehave_at="touch")
    running = app(machine)
    running.child.expect(app.approving)
    key.wait("hanging", 0)
    refuses(machine, running, "auth_err",
            'The security key "[^"]+" stopped answering: unplug it and plug it in again')


def test_nothing_is_said_of_enter_where_a_pipe_answers(machine, keys):
    enrolled(machine, keys, Su).set(touch="immediate")
    for command in (["sudo", "-S", "-u", "bob", "id", "-un"], ["su", "bob", "-c", "id -un"]):
        # Who asks may have ended before anything is written, which is no news here.
        child = machine.terminal("bob", ["sh", "-c", 'echo 2>/dev/null | "$@"', "sh", *command])
        child.expect(pexpect.EOF)
        assert "Press Enter alone" not in child.before, child.before
        assert command[0] == "sudo" or child.before.split()[-1] == "bob", child.before


def test_enter_leads_to_the_password(machine, keys):
    """With the profile that pam-auth-update installs; what is typed then is the password alone."""
    enrolled(machine, keys, Sudo)
    namespace.write("/etc/pam.d/sudo", "auth [success=done default=ignore] pam_passkey.so\n"
                    "auth required pam_unix.so\n" + namespace.REST)
    try:
        running = Sudo(machine)
        running.child.expect("\nPress Enter alone to go on to the password.\r")
        running.child.sendline("typed too early")
        running.child.expect("(?i)password.*: ")
        running.child.sendline(namespace.password("alice"))
        assert running.accepted(), running.screen
    finally:
        namespace.write("/etc/pam.d/sudo", namespace.service())


def test_unplugged(machine, keys, app):
    key = enrolled(machine, keys, app)
    machine.configure("[authenticator]\ninsert-timeout = 1\n")
    machine.kill_daemon(signal.SIGTERM)
    running = app(machine)
    key.wait_touch_wanted()
    key.unplug()
    refuses(machine, running, "auth_err", "pulled out")


def test_daemon_not_running(machine, keys, app):
    enrolled(machine, keys, app)
    machine.kill_daemon()
    machine.activatable(False)
    refuses(machine, app(machine), "authinfo_unavail", UNREACHABLE)


def test_daemon_killed_in_the_middle(machine, keys, app):
    key = enrolled(machine, keys, app)
    running = app(machine)
    running.child.expect(app.approving)
    key.wait_touch_wanted()
    machine.kill_daemon()
    refuses(machine, running, "authinfo_unavail", UNREACHABLE)


def test_bus_gone_in_the_middle(machine, keys, app):
    key = enrolled(machine, keys, app)
    running = app(machine)
    running.child.expect(app.approving)
    key.wait_touch_wanted()
    machine.stop_bus()
    refuses(machine, running, "authinfo_unavail", "Passkeys cannot be used right now|" +
            UNREACHABLE)


def test_no_bus(quiet_machine, app):
    refuses(quiet_machine, app(quiet_machine), "authinfo_unavail", UNREACHABLE)


def test_no_passkey(machine, keys, app):
    keys.add("blue")
    refuses(machine, app(machine), "authinfo_unavail", "")


def test_falls_through_to_the_password(machine):
    """With the profile that pam-auth-update installs, nobody is locked out."""
    namespace.write("/etc/pam.d/sudo", "auth [success=done default=ignore] pam_passkey.so\n"
                    "auth required pam_unix.so\n" + namespace.REST)
    try:
        machine.activatable(False)
        running = Sudo(machine)
        running.child.expect(UNREACHABLE)
        running.child.expect("(?i)password.*: ")
        running.child.sendline(namespace.password("alice"))
        assert running.accepted(), running.screen
    finally:
        namespace.write("/etc/pam.d/sudo", namespace.service())


def test_denies_with_an_unknown_option(machine):
    namespace.write("/etc/pam.d/sudo", namespace.service("nulok"))
    try:
        running = Sudo(machine)
        assert running.refused()
        assert [result for *_, result in machine.results()] == ["default"]
        assert machine.syslog.wait("nulok", facility=parts.AUTHPRIV)
    finally:
        namespace.write("/etc/pam.d/sudo", namespace.service())
