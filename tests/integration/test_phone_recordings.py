# SPDX-License-Identifier: BSD-2-Clause
"""What a terminal says where a phone signs; each is compared with its file in doc/recordings
(recording.py)."""

import pytest

import namespace
import phones
import ssh
from recording import Recording, wait_end
from softkey import SoftKeys

pytestmark = pytest.mark.real_programs


class Scene:
    """A terminal, and the phone of who sits at it."""

    def __init__(self, site, phone, name, title):
        self.site, self.phone = site, phone
        self.recording = Recording(name, title)
        self.finish = self.recording.finish

    def types(self, where, command, start):
        """The terminal has its size before anything runs in it."""
        self.recording.type(where, command)
        child = start(["sh", "-c", f"read line; {command}"])
        child.setwinsize(24, 80)
        child.sendline("")
        child.logfile_read = self.recording.screen()
        return child

    def answers(self, child, question, text, shown=None):
        child.expect(question)
        self.recording.acts(f"types {shown or text}")
        child.sendline(text)

    def scans(self, child):
        child.expect("Approve on your phone")
        code = phones.qr.read(phones.qr.rows_of(child.before))
        child.expect("Press Enter alone [^\n]*\n")
        self.recording.acts("reads the code with the phone, whose screen asks for a finger")
        self.site.scan(code, self.phone)


@pytest.fixture(name="site")
def site_fixture(machine):
    site = phones.Site(machine)
    yield site
    site.close()


def test_enroll(machine, site):
    scene = Scene(site, site.phone(), "enroll-phone", "Enrolling a phone")
    child = scene.types("alice@web1", "passkey-enroll --phone --name pocket",
                        lambda command: machine.terminal("alice", command, LANG="C.UTF-8"))
    scene.answers(child, "(?i)password: ", namespace.password("alice"), "the password")
    scene.scans(child)
    scene.answers(child, r"\[y/N\] ", "y")
    scene.scans(child)
    assert wait_end(child) == 0, child.before
    scene.finish()


def test_sudo(machine, site):
    scene = Scene(site, site.phone(), "sudo-phone", "sudo with a phone")
    phones.enrol(site, scene.phone)
    child = scene.types("alice@web1", "sudo -u bob id -un",
                        lambda command: machine.terminal("alice", command, LANG="C.UTF-8"))
    scene.answers(child, "Enter alone goes on without: ", "phone")
    scene.scans(child)
    assert wait_end(child) == 0 and child.before.split()[-1] == "bob"
    scene.finish()


def test_login(machine, site):
    """At a console, which has no locale."""
    scene = Scene(site, site.phone(), "console-phone", "Signing in at a console with a phone")
    phones.enrol(site, scene.phone, "bob")
    scene.recording.say('At web1, after "web1 login: bob":')
    child = machine.terminal("root", ["sh", "-c", "read line; exec env -u LC_ALL login bob"])
    child.setwinsize(24, 80)
    child.logfile_read = scene.recording.screen()
    child.sendline("")
    scene.answers(child, "Enter alone goes on without: ", "phone")
    scene.scans(child)
    child.expect("Your phone is connected. Approve there.\r\n")
    child.logfile_read = None
    scene.recording.acts("is signed in")
    child.expect(r"\$ ")
    child.close(force=True)
    scene.finish()


def far_away(machine):
    """What passkey-askpass of a laptop reaches a phone by; the server has no phones switched on."""
    with open(phones.parts.CONFIG, encoding="utf-8") as file:
        settings = phones.settings_of(file.read())
    machine.configure("")
    machine.kill_daemon(15)
    return {"LANG": "C.UTF-8", "PASSKEY_PHONE": "/usr/libexec/passkey/passkey-phone",
            "PASSKEY_PHONE_CONNECT": settings["test-connect"],
            "PASSKEY_PHONE_CA_FILE": settings["test-ca-file"]}


def test_enroll_over_ssh(machine, site):
    scene = Scene(site, site.phone(), "enroll-phone-ssh", "Enrolling a phone over ssh")
    variables = far_away(machine)
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        ssh.Server(machine, stack="auth required pam_unix.so\n" + namespace.REST)
        laptop = ssh.Laptop(machine, keys)
        with laptop.helper():
            child = scene.types("erin@laptop", f"passkey-ssh --enroll alice@{namespace.HOST}",
                                lambda command: laptop.terminal(command, **variables))
            scene.answers(child, r"\) Password: ", namespace.password("alice"), "the password")
            scene.answers(child, "(?i)password: ", namespace.password("alice"), "the password")
            child.expect("Press Enter alone to go on to the next way")
            scene.recording.acts("has no key, and presses Enter")
            child.sendline("")
            scene.answers(child, "Enter alone goes on without: ?", "phone")
            scene.scans(child)
            scene.answers(child, r"\[y/N\] ?", "y")
            scene.scans(child)
            assert wait_end(child) == 0, child.before
    scene.finish()


def test_ssh(machine, site):
    """The server's own passkeyd has no phones switched on."""
    scene = Scene(site, site.phone(), "login-phone", "Signing in by ssh with a phone")
    phones.enrol(site, scene.phone)
    variables = far_away(machine)
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        ssh.Server(machine)
        laptop = ssh.Laptop(machine, keys)
        with laptop.helper():
            child = scene.types(
                "erin@laptop", f"passkey-ssh alice@{namespace.HOST} id -un",
                lambda command: laptop.terminal(command, **variables))
            child.expect("Press Enter alone to go on to the next way")
            scene.recording.acts("has no key, and presses Enter")
            child.sendline("")
            scene.answers(child, "Enter alone goes on without: ?", "phone")
            scene.scans(child)
            assert wait_end(child) == 0 and child.before.split()[-1] == "alice"
    scene.finish()
