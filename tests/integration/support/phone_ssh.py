# SPDX-License-Identifier: BSD-2-Clause
"""passkey-ssh --enroll by a phone in software: a server that knows nothing of phones, and a laptop
without security keys."""

import contextlib
import json

import pexpect

import namespace
import phones
import ssh
from softkey import SoftKeys

PASSWORD_ONLY = "auth required pam_unix.so\n" + namespace.REST
OFFER = namespace.HOST + ": make the passkey on a phone that is with you instead?"
WHOSE = rf"Did your phone just save a passkey for alice on {namespace.HOST}\? \[y/N\]"


class Scene:
    def __init__(self, machine, site, keys):
        self.machine, self.site = machine, site
        with open(phones.parts.CONFIG, encoding="utf-8") as file:
            settings = phones.settings_of(file.read())
        machine.configure("")
        self.variables = {"LANG": "C.UTF-8",
                          "PASSKEY_PHONE": "/usr/libexec/passkey/passkey-phone",
                          "PASSKEY_PHONE_CONNECT": settings["test-connect"],
                          "PASSKEY_PHONE_CA_FILE": settings["test-ca-file"]}
        ssh.Server(machine, stack=PASSWORD_ONLY)
        self.laptop = ssh.Laptop(machine, keys)

    def terminal(self, command, **variables):
        child = self.laptop.terminal(command, **{**self.variables, **variables})
        child.setwinsize(24, 80)
        return child

    def start(self, **variables):
        """Up to where a key is waited for."""
        child = self.terminal(["passkey-ssh", "--enroll", "alice@" + namespace.HOST], **variables)
        child.expect(r"\) Password: ")
        child.sendline(namespace.password("alice"))
        child.expect("(?i)password: ")
        child.sendline(namespace.password("alice"))
        child.expect("to enrol a new passkey for the account alice")
        return child

    def shown(self, **variables):
        """Up to the first code; the child and the code's text."""
        child = self.start(**variables)
        child.expect("Press Enter alone to go on to the next way.")
        child.sendline("")
        child.expect_exact(OFFER)
        child.expect("Google or Apple")
        child.expect("Enter alone goes on without:")
        child.sendline("phone")
        return child, self.code(child)

    def code(self, child):
        child.expect(f"Approve on your phone the new passkey for alice on {namespace.HOST}")
        assert "FIDO:/" not in child.before
        return phones.qr.read(phones.qr.rows_of(child.before))

    def listed(self):
        done = self.machine.run_as("alice", ["passkeyctl", "list", "--json"])
        return json.loads(done.stdout)


@contextlib.contextmanager
def scene_of(machine):
    site = phones.Site(machine)
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        scene = Scene(machine, site, keys)
        with scene.laptop.helper():
            yield scene
    site.close()


def refused(scene, child):
    """What is said from here on; nothing is enrolled."""
    child.expect("Nothing is enrolled")
    said = child.before + child.after
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1, said
    assert scene.listed() == []
    return said
