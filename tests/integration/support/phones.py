# SPDX-License-Identifier: BSD-2-Clause
"""Phones in software beside the daemon: Bluetooth on the private system bus, tunnel services on
loopback, and the configuration with which passkey-phone reaches both."""

import os

import machine as parts
import namespace
import qr
from fake_bluez import Bluez
from phone_tunnel import DOMAINS, Authority, Server
from software_phone import Behaviour, Phone

POLICY = "/etc/dbus-1/system.d/org.bluez.conf"
# As Debian's bluez has it: everybody may call.
POLICY_TEXT = """<busconfig>
<policy user="root"><allow own="org.bluez"/></policy>
<policy context="default"><allow send_destination="org.bluez"/></policy>
</busconfig>
"""
SETTINGS = """[phone]
enabled = yes
dialler = none
test-connect = {connect}
test-ca-file = {authority}
"""


class Site:
    def __init__(self, machine, *adapters, text=""):
        self.machine = machine
        namespace.write(POLICY, POLICY_TEXT)
        machine.driver("ReloadConfig")
        folder = namespace.SCRATCH + "/authority"
        os.makedirs(folder, exist_ok=True)
        authority = Authority(folder)
        self.server = Server(authority.server(*DOMAINS))
        self.bluez = Bluez(parts.ADDRESS, *(adapters or ("hci0",)))
        machine.configure(SETTINGS.format(connect=self.server.address,
                                          authority=authority.certificate) + text)

    def phone(self, *passkeys, **behaviour):
        phone = Phone(Behaviour(**behaviour))
        phone.passkeys = list(passkeys)
        return phone

    def scan(self, code, phone, connects=True):
        """The phone reads that text and is heard; its tunnel says nothing before it connects."""
        call = phone.scan(code)
        if connects:
            self.server.calls.put(call)
        for number, (uuid, data) in enumerate(call.adverts):
            self.bluez.hear(uuid, data, address=f"C0:00:00:00:01:{number % 256:02X}")
        return call

    def close(self):
        self.bluez.close()
        self.server.__exit__()


def settings_of(text):
    """The keys and values of a configuration."""
    return dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)


def code_of(conversation):
    """The text of the code that is shown next, before which others may say something."""
    seen = []
    while True:
        kind, text, details = conversation.next()
        seen.append((kind, text))
        if kind != "info":
            raise AssertionError(seen)
        if details["event"] == "qr-code":
            title, *rows = text.split("\n")
            assert len(title) < 80 and title.isascii()
            assert len(rows) <= 19 and all(len(row) == len(rows[0]) < 60 for row in rows)
            return qr.read(rows)


def wait_for(conversation, event):
    """What comes with that event; what is said before is passed over."""
    seen = []
    while True:
        kind, text, details = conversation.next()
        seen.append((kind, text))
        if details.get("event", details.get("result")) == event:
            return text
        if kind != "info":
            raise AssertionError(seen)


def outcome(conversation):
    """Its result and last words."""
    while True:
        kind, text, details = conversation.next()
        if kind == "done":
            return details["result"], text


def offered(machine, user="alice", **context):
    conversation = machine.connect().authenticate(
        user, **{"methods": "phone", "service": "sudo", "pictures": True, **context})
    kind, text, details = conversation.next()
    assert (kind, details["event"]) == ("ask", "phone-offer"), text
    return conversation, text


def shown(machine, user="alice", **context):
    """The conversation, and the code that it shows once it is asked for."""
    conversation, _ = offered(machine, user, **context)
    kind, text, details = conversation.next(text="phone")
    while details.get("event") != "qr-code":
        assert kind == "info", text
        kind, text, details = conversation.next()
    return conversation, qr.read(text.split("\n")[1:])


def enrol(site, phone, user="alice", **options):
    """By root, who needs no password; the credential's JSON, as passkeyctl prints it."""
    conversation = site.machine.connect().enroll(
        user, **{"methods": "phone", "pictures": True, **options})
    site.scan(code_of(conversation), phone)
    wait_for(conversation, "phone-confirm")
    kind, text, details = conversation.next(text="y")
    while details.get("event") != "qr-code":
        assert kind == "info", text
        kind, text, details = conversation.next()
    site.scan(qr.read(text.split("\n")[1:]), phone)
    while kind != "done":
        kind, text, details = conversation.next()
    assert details["result"] == "ok", text
    return details["credential"]
