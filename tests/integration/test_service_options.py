# SPDX-License-Identifier: BSD-2-Clause
"""What an administrator sets: methods, settings of one service, the module's options. For each
what the person reads, and what PAM gets."""

import json
import pwd
import re
import subprocess

import pexpect
import pytest

import machine as parts
import namespace
from apps import Pamtester, Su, Sudo, refuses

pytestmark = pytest.mark.real_programs

PIN = "123456"
RECOVERY = r"Recovery code \(empty to give up\)\r\nRecovery code: "


def touch(key):
    key.wait_touch_wanted()
    assert key.touch()


@pytest.fixture
def blue(machine, keys):
    key = keys.add("blue").set_pin(PIN)
    machine.enrol("alice", "blue")
    return key.set(touch="wait")


def codes(machine, user="alice"):
    return machine.recovery_codes(user)


def blinked(keys, since=0):
    return [each for each in keys.events(since) if each["event"] == "touch-wanted"]


def module(options):
    """A service of its own whose stack has the module with these options."""
    namespace.write("/etc/pam.d/probe", namespace.service(options))


# Recovery codes and tickets


def test_a_recovery_code_opens_sudo_once(machine, blue):
    blue.unplug()
    machine.configure("[authenticator]\ninsert-timeout = 0\n")
    machine.kill_daemon(15)
    code, spare = codes(machine)[:2]
    running = Sudo(machine)
    running.child.expect("No security key was plugged in")
    running.child.expect(RECOVERY)
    running.child.sendline(code.lower().replace("-", " "))
    assert running.accepted(), running.screen
    assert machine.syslog.wait(r"RECOVERY CODE of alice \(default\) USED .* 9 left",
                               facility=parts.AUTHPRIV)
    namespace.write(namespace.RESULTS, "", 0o666)
    running = Sudo(machine)
    running.child.expect(RECOVERY)
    running.child.sendline(code)
    running.child.expect("This recovery code is not valid")
    running.child.expect(RECOVERY)
    running.child.sendline(spare)
    assert running.accepted(), running.screen
    for secret in (code, spare):
        assert secret not in running.screen and secret not in machine.syslog.text()


def test_wrong_recovery_codes(machine, blue):
    machine.configure("[service sudo]\nmethods = recovery\n")
    machine.kill_daemon(15)
    codes(machine)
    running = Sudo(machine)
    for _ in range(3):
        running.child.expect(RECOVERY)
        running.child.sendline("0000-0000-0000-0000")
    refuses(machine, running, "auth_err", r"This recovery code is not valid\.")


def test_no_recovery_code_is_typed(machine, keys, blue):
    blue.unplug()
    machine.configure("[authenticator]\ninsert-timeout = 0\n")
    machine.kill_daemon(15)
    codes(machine)
    running = Sudo(machine)
    running.child.expect(RECOVERY)
    running.child.sendline("")
    refuses(machine, running, "auth_err", "No security key was plugged in")


def test_a_ticket_leads_to_sudo(machine, keys):
    key = keys.add("blue").set(touch="wait")
    made = machine.run_as("root", ["passkeyctl", "ticket", "--user", "alice"])
    assert made.returncode == 0, made.stderr
    path = pwd.getpwnam("alice").pw_dir + "/ticket"
    namespace.write(path, made.stdout)
    child = machine.terminal("alice", ["passkey-enroll", "--ticket-file", path])
    touch(key)
    child.expect("Enrolled")
    child.expect(pexpect.EOF)
    running = Sudo(machine)
    touch(key)
    assert running.accepted(), running.screen


# Methods


def test_a_service_with_codes_only(machine, keys, blue):
    machine.configure("[service sudo]\nmethods = recovery\n")
    machine.kill_daemon(15)
    since = keys.mark()
    code = codes(machine)[0]
    running = Sudo(machine)
    running.child.expect(RECOVERY)
    running.child.sendline(code)
    assert running.accepted(), running.screen
    assert not blinked(keys, since)


def test_a_service_without_codes(machine, keys, blue):
    machine.configure("[authenticator]\ninsert-timeout = 0\n[service sudo]\nmethods = local\n")
    machine.kill_daemon(15)
    blue.unplug()
    codes(machine)
    refuses(machine, Sudo(machine), "auth_err", "No security key was plugged in")


def declines_over_ssh(running):
    """Over ssh everybody is asked for a passkey, and then for a code."""
    running.child.expect("passkey[12]:.*\r\n")
    running.child.sendline("")
    running.child.expect(RECOVERY)


@pytest.mark.parametrize("host", ["laptop.example.org", "192.0.2.7", "localhost", "::1"])
def test_a_remote_session_blinks_no_local_key(machine, keys, blue, host):
    module("")
    since = keys.mark()
    running = Pamtester(machine, "probe", "alice", items=[f"rhost={host}"])
    declines_over_ssh(running)
    running.child.sendline("")
    refuses(machine, running, "auth_err", "Cancelled")
    assert "Touch" not in running.screen
    code = codes(machine)[0]
    running = Pamtester(machine, "probe", "alice", items=[f"rhost={host}"])
    declines_over_ssh(running)
    running.child.sendline(code)
    assert running.accepted(), running.screen
    assert not blinked(keys, since)


def test_a_display_is_not_remote(machine, blue):
    module("")
    running = Pamtester(machine, "probe", "alice", items=["rhost=:0"])
    touch(blue)
    assert running.accepted(), running.screen


# Settings of one service


def test_only_sudo_wants_the_pin(machine, keys, blue):
    machine.configure("[service sudo]\nuser-verification = required\n")
    machine.kill_daemon(15)
    running = Sudo(machine)
    running.child.expect("PIN.*: ")
    running.child.sendline(PIN)
    touch(blue)
    assert running.accepted(), running.screen
    blue.unplug()
    green = keys.add("green").set_pin(PIN)
    machine.enrol("bob", "green")
    green.set(touch="wait")
    running = Su(machine)
    running.child.expect(Su.approving)
    touch(green)
    assert running.accepted(), running.screen
    assert "PIN" not in running.screen


def test_a_counter_that_goes_back_may_be_only_logged(machine, blue):
    machine.configure("[rp default]\ncounter = log\n")
    machine.kill_daemon(15)
    blue.set(touch="immediate")
    assert Sudo(machine).accepted()
    blue.set(touch="immediate", counter="back")
    running = Sudo(machine)
    assert running.accepted(), running.screen
    assert machine.syslog.wait("sign-in of alice .*ok.*COUNTER WENT BACK", facility=parts.AUTHPRIV)


def test_each_use_is_written(machine, blue):
    """The counter and the time are on disk when sudo goes on: the daemon is killed at once."""
    blue.set(touch="immediate")
    seen = []
    for _ in range(2):
        assert Sudo(machine).accepted()
        machine.kill_daemon()
        done = machine.run_as("alice", ["passkeyctl", "list", "--json"])
        passkey, = json.loads(done.stdout)
        assert passkey["lastUsed"] >= passkey["created"] > 0
        seen.append(passkey["signCount"])
    assert 0 < seen[0] < seen[1] == blue.info()["counter"]


# The module's options


def test_rp(machine, keys):
    machine.configure("[rp ops]\nid = ops.example.org\nsystem-accounts = yes\n")
    key = keys.add("blue")
    machine.enrol("alice", "blue", rp="ops")
    key.set(touch="wait")
    module("rp=ops")
    running = Pamtester(machine, "probe", "alice")
    touch(key)
    assert running.accepted(), running.screen
    namespace.write(namespace.RESULTS, "", 0o666)
    module("")
    refuses(machine, Pamtester(machine, "probe", "alice"), "authinfo_unavail", "")


def test_rp_that_is_not_configured(machine, blue):
    module("rp=nowhere")
    running = Pamtester(machine, "probe", "alice")
    assert running.refused()
    assert machine.results()[0][-1] in ("authinfo_unavail", "default"), machine.results()
    assert machine.syslog.wait("UnknownRelyingParty|no such relying party", facility=parts.AUTHPRIV)
    assert not blue.info()["touch_wanted"]


def test_timeout(machine, blue):
    module("timeout=1")
    running = Pamtester(machine, "probe", "alice")
    refuses(machine, running, "auth_err", r"(?s)Touch.*No answer in time\.")
    assert machine.syslog.wait(r"\[[0-9a-f]{16}\] .*timeout", facility=parts.AUTHPRIV)


def test_uv(machine, blue):
    module("uv=required")
    running = Pamtester(machine, "probe", "alice")
    running.child.expect("PIN.*: ")
    running.child.sendline(PIN)
    touch(blue)
    assert running.accepted(), running.screen


def test_uv_lowers_nothing(machine, blue):
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(15)
    module("uv=discouraged")
    running = Pamtester(machine, "probe", "alice")
    running.child.expect("PIN.*: ")
    running.child.sendline("")
    refuses(machine, running, "auth_err", r"The security key needs its PIN\.")


def test_methods(machine, keys, blue):
    module("methods=recovery")
    since = keys.mark()
    refuses(machine, Pamtester(machine, "probe", "alice"), "authinfo_unavail", "")
    assert not blinked(keys, since)


def test_old_spelling_in_an_option(machine, keys, blue):
    module("transports=recovery")
    since, mark = keys.mark(), machine.syslog.mark()
    refuses(machine, Pamtester(machine, "probe", "alice"), "authinfo_unavail", "")
    assert not blinked(keys, since)
    machine.syslog.wait("transports.*methods", since=mark)


def test_old_spelling_in_the_configuration(machine, keys, blue):
    mark = machine.syslog.mark()
    machine.configure("[service probe]\ntransports = recovery\n")
    machine.kill_daemon(15)
    module("")
    since = keys.mark()
    refuses(machine, Pamtester(machine, "probe", "alice"), "authinfo_unavail", "")
    assert not blinked(keys, since)
    machine.syslog.wait("transports.*methods", since=mark)


def test_methods_add_nothing(machine, keys, blue):
    machine.configure("[service probe]\nmethods = recovery\n")
    machine.kill_daemon(15)
    module("methods=local,recovery")
    since = keys.mark()
    refuses(machine, Pamtester(machine, "probe", "alice"), "authinfo_unavail", "")
    assert not blinked(keys, since)


@pytest.mark.parametrize("options,result", [("", "authinfo_unavail"), ("nullok", "ignore")])
def test_nullok(machine, keys, options, result):
    module(options)
    running = Pamtester(machine, "probe", "alice")
    refuses(machine, running, result, "")
    assert "passkey" not in running.screen.lower(), running.screen  # whether she has one


def test_nullok_excuses_no_daemon(machine):
    machine.activatable(False)
    module("nullok")
    refuses(machine, Pamtester(machine, "probe", "alice"), "authinfo_unavail", "")


@pytest.mark.parametrize("options", ["", "debug"])
def test_debug(machine, blue, options):
    blue.set(touch="immediate")
    module(options)
    mark = machine.syslog.mark()
    assert Pamtester(machine, "probe", "alice").accepted()
    subprocess.run(["logger", "the last line"], check=True)
    machine.syslog.wait("the last line", since=mark)
    line = machine.syslog.wait("sign-in of alice .*: ok", since=mark)
    correlation = re.search(r"\[(\w{16})\]", line).group(1)
    said = re.search(rf"pam_passkey.*ok.* id={correlation}", machine.syslog.text(mark))
    assert bool(said) == bool(options), machine.syslog.text(mark)


@pytest.mark.parametrize("options", ["", "quiet"])
def test_quiet(machine, blue, options):
    module(options)
    running = Pamtester(machine, "probe", "alice")
    running.child.expect("Touch your security key")
    blue.wait_touch_wanted()
    blue.unplug()
    running.child.expect("Insert your security key")
    assert ("pulled out" in running.screen) == (not options), running.screen
    blue.plug()
    running.child.expect("Touch your security key")
    touch(blue)
    assert running.accepted(), running.screen


@pytest.mark.parametrize("options", ["timeout=0", "timeout=601", "uv=maybe", "methods=pigeon",
                                     "transports=pigeon", "methods=local,local",
                                     "transports=local,local", "rp=", "rp=a/b",
                                     "quiet quiet", "Nullok", "debug=1"])
def test_malformed_options(machine, blue, options):
    module(options)
    running = Pamtester(machine, "probe", "alice")
    refuses(machine, running, "default", "")
    assert machine.syslog.wait("unknown, malformed or repeated option: " + options.split()[-1],
                               facility=parts.AUTHPRIV)
    assert not blue.info()["touch_wanted"]
