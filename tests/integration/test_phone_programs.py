# SPDX-License-Identifier: BSD-2-Clause
"""A phone at a console: the real login and su, and sudo's approval plugin.

Were this broken, who has a phone and no key could not sign in where they sit, or would not be told
why.
"""

import json
import os

import pexpect
import pytest

import namespace
import phones

pytestmark = pytest.mark.real_programs

OFFER = "Enter alone goes on without: "
SUDOERS = """Defaults env_reset, !lecture, secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
alice ALL=(ALL:ALL) NOPASSWD: ALL
"""


@pytest.fixture(name="site")
def site_fixture(machine):
    site = phones.Site(machine)
    yield site
    site.close()


@pytest.fixture(name="phone")
def phone_fixture(site):
    """bob's and alice's, which is one."""
    phone = site.phone()
    phones.enrol(site, phone, "bob")
    phones.enrol(site, phone, "alice")
    return phone


PASSWORD = "auth sufficient pam_passkey.so\nauth required pam_unix.so\n" + namespace.REST


@pytest.fixture(name="password")
def password_fixture():
    """What follows, where the phone did not sign in."""
    for service in ("login", "su"):
        namespace.write(f"/etc/pam.d/{service}", PASSWORD)
    yield
    for service in ("login", "su"):
        namespace.write(f"/etc/pam.d/{service}", namespace.service())


def console(machine, user, command, rows=24, columns=80):
    """A terminal of the size of a console's, which has no locale before somebody has signed in."""
    child = machine.terminal(user, ["sh", "-c", f"read line; exec env -u LC_ALL -u LANG {command}"])
    child.setwinsize(rows, columns)
    child.sendline("")
    return child


def fits(screen, rows=24, columns=80):
    """What stands on the screen from the code on, when the phone is to read it."""
    lines = screen.replace("\r", "").split("\n")
    first = next(number for number, line in enumerate(lines) if line.startswith("Read this with"))
    return len(lines) - first <= rows and all(len(line) <= columns for line in lines)


def scan(site, phone, child, purpose):
    """Asks for the code, and reads it."""
    child.sendline("phone")
    child.expect(purpose)
    rows = phones.qr.rows_of(child.before)
    shown = child.before + child.after
    child.expect("Press Enter alone to go on to the [^\n]*\n")
    assert fits(shown + child.before + child.after), shown
    site.scan(phones.qr.read(rows), phone)
    child.expect("Your phone is connected. Approve there.")


def test_login(machine, site, phone):
    child = console(machine, "root", "login bob")
    child.expect(OFFER)
    assert "Use a phone that is with you to sign in as bob on web1 (login)?" in child.before
    assert all(len(line) <= 80 for line in child.before.splitlines()), child.before
    scan(site, phone, child, r"Approve on your phone to sign in as bob on web1 \(login\)")
    child.expect(r"\$ ")
    child.sendline("id -un; exit")
    child.expect("bob\r\n")
    child.expect(pexpect.EOF)
    assert machine.results() == [("login", "bob", "success")]


def test_login_without_the_phone(machine, site, phone, password):
    """Enter at the offer, and in place of the scan, leads to the password."""
    child = console(machine, "root", "login bob")
    child.expect(OFFER)
    child.sendline("")
    child.expect("(?i)password: ")
    assert "camera" not in child.before
    child.close(force=True)
    child = console(machine, "root", "login bob")
    child.expect(OFFER)
    child.sendline("phone")
    child.expect("Press Enter alone to go on to the password")
    child.sendline("")
    child.expect("(?i)password: ")
    child.close(force=True)


def test_su(machine, site, phone):
    child = console(machine, "bob", "su bob -c 'id -un'")
    child.expect(OFFER)
    scan(site, phone, child, r"Approve on your phone to sign in as bob on web1 \(su\)")
    child.expect("bob\r\n")
    child.expect(pexpect.EOF)
    assert machine.results() == [("su", "bob", "success")]


@pytest.mark.parametrize("rows,columns,variables", [
    (23, 80, ""), (24, 59, ""), (24, 80, "LANG=C")])
@pytest.mark.parametrize("user,command", [("root", "login bob"), ("bob", "su bob")])
def test_a_console_that_shows_no_code(machine, site, phone, password, user, command, rows, columns,
                                      variables):
    """It is said, no key is waited for that nobody has, and the password follows."""
    child = console(machine, user, f"{variables} {command}", rows, columns)
    child.expect("(?i)password: ")
    said = child.before.replace("\r", "")
    assert "QR code is not shown here: that takes UTF-8 and 24 lines of 60 columns." in said
    assert "Use a phone" not in said and "nsert" not in said and "camera" not in said
    child.close(force=True)


# --- sudo's approval plugin -----------------------------------------------------------------------


@pytest.fixture(name="plugin")
def plugin_fixture(machine, phone):
    """alice needs no password, so that whatever is asked for is the plugin's."""
    namespace.write("/etc/sudo.conf", "Plugin passkey_approval passkey_approval.so\n")
    namespace.write("/etc/sudoers", SUDOERS, 0o440)
    yield
    os.unlink("/etc/sudo.conf")


def approve(machine, command="sudo -u bob id -un", **variables):
    child = machine.terminal("alice", ["sh", "-c", f"read line; {command}"], **variables)
    child.setwinsize(24, 80)
    child.sendline("")
    return child


def test_the_plugin_offers_a_phone(machine, site, phone, plugin):
    mark = machine.syslog.mark()
    child = approve(machine)
    child.expect(OFFER)
    assert "Use a phone that is with you to run on web1 as bob (group bob)" in child.before
    child.sendline("phone")
    child.expect("Approve on your phone to run on web1 as bob")
    code = phones.qr.read(phones.qr.rows_of(child.before))
    child.expect("Press Enter alone to stop")
    site.scan(code, phone)
    child.expect("Your phone is connected. Approve there.")
    child.expect("bob\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    line = machine.syslog.wait(r"sign-in of alice \(default\): ok", mark)
    assert json.loads(line[line.index("{"):])["act"] == "approve"


def test_the_plugin_without_yes(machine, site, phone, plugin):
    child = approve(machine)
    child.expect(OFFER)
    child.sendline("")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1 and "\nbob\r" not in child.before


@pytest.mark.parametrize("command,variables", [
    ("stty rows 23; sudo -u bob id -un", {}), ("sudo -u bob id -un", {"LC_ALL": "C"}),
    ("sudo -n -u bob id -un", {})])
def test_where_the_plugin_offers_none(machine, site, phone, plugin, command, variables):
    child = approve(machine, command, **variables)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1 and "Use a phone" not in child.before, child.before
    assert ("QR code is not shown here" in child.before) == (" -n " not in command), child.before
