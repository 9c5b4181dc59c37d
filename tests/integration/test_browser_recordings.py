# SPDX-License-Identifier: BSD-2-Clause
"""What terminals and pages say where a passkey in a real Chromium is used, over https; each is
compared with its file in doc/recordings (recording.py)."""

import os

import pytest

import chromium
import namespace
import ssh
import test_browser_pages as browsers
from recording import Recording, wait_end
from test_browser_tls import authority_fixture, own  # noqa: F401  (a fixture)
from tls_pages import TlsSite

pytestmark = [
    pytest.mark.real_programs,
    pytest.mark.skipif(not os.path.exists(chromium.PROGRAM), reason="no " + chromium.PROGRAM),
]
CODE = "7K2M9Q"  # what stands for the code of each run


class Scene:
    """A terminal and a browser, which are one person's."""

    def __init__(self, machine, browser, name, title):
        self.machine = machine
        self.recording = Recording(name, title)
        self.page = browser.page()
        self.page.plug()

    def types(self, where, command, start):
        self.recording.type(where, command)
        child = start(["sh", "-c", command])
        child.setwinsize(24, 80)
        child.logfile_read = self.recording.screen()
        return child

    def look(self):
        shown = self.page.shown()
        self.recording.page(CODE if line == shown["code"] else line for line in shown["lines"])
        return shown

    def answers_link(self, child, where="the browser"):
        child.expect(r"https?://\S+", timeout=browsers.PATIENCE)
        link = child.after
        child.expect("Code( from the page)?: ")
        self.recording.acts(f"opens the link in {where}")
        self.page.open(link)
        button = self.look()["use"]
        self.recording.acts(f'presses "{button}"; the browser asks for the passkey')
        self.page.use()
        shown = self.look()
        assert shown["part"] == "code", shown
        self.recording.acts(f"types {CODE}")
        child.sendline(shown["code"])


@pytest.fixture(name="browser")
def browser_fixture(authority):  # pylint: disable=unused-argument
    with chromium.Chromium() as browser:
        yield browser


def only_browser(service):
    return f"[service {service}]\nmethods = browser\n"


def test_sudo(machine, browser):
    site = TlsSite(machine, more=only_browser("sudo"))
    scene = Scene(machine, browser, "sudo-browser", "sudo with a passkey in a browser")
    scene.page.hold(own(site.enrol("alice")))
    child = scene.types("alice@web1", "sudo -u bob id -un",
                        lambda command: machine.terminal("alice", command))
    scene.answers_link(child)
    assert wait_end(child) == 0 and child.before.split()[-1] == "bob"
    scene.recording.finish()


def test_ssh(machine, browser):
    """With OpenSSH's own client, and nothing of passkeyd's at the person's computer."""
    site = TlsSite(machine, more=only_browser("sshd"))
    scene = Scene(machine, browser, "login-browser",
                  "Signing in by ssh with a passkey in a browser")
    scene.page.hold(own(site.enrol("alice")))
    ssh.Server(machine)
    laptop = ssh.Laptop(machine)
    child = scene.types("erin@laptop", f"ssh alice@{namespace.HOST} id -un", laptop.terminal)
    scene.answers_link(child, "the laptop's browser")
    assert wait_end(child) == 0 and child.before.split()[-1] == "alice"
    scene.recording.finish()


def test_enrol(machine, browser):
    TlsSite(machine)
    scene = Scene(machine, browser, "enroll-browser", "Enrolling a passkey that a browser makes")
    child = scene.types("alice@web1", "passkey-enroll --browser",
                        lambda command: machine.terminal("alice", command))
    child.expect("(?i)password: ")
    scene.recording.acts("types alice's password")
    child.sendline(namespace.password("alice"))
    scene.answers_link(child)
    child.expect("Its name[^\n]*: ")
    scene.recording.acts("types laptop")
    child.sendline("laptop")
    assert wait_end(child) == 0
    scene.recording.finish()
