# SPDX-License-Identifier: BSD-2-Clause
"""Where accounts are concealed, a phone and a browser show nothing of them: accounts with a passkey
of each kind, with several, with none, and no account at all have one dialogue, words and times.
"""

import re
import time

import pytest

import pages
import phones
import software_phone

METHODS = "[service login]\nmethods = phone, browser, recovery\n"
HELD = 0.1  # seconds before the first words, at least, however little there was to do


@pytest.fixture(name="site")
def site_fixture(machine):
    site = phones.Site(machine)
    with open(phones.parts.CONFIG, encoding="utf-8") as file:
        site.pages = pages.Site(machine, file.read() + METHODS)
    yield site
    site.close()


@pytest.fixture(name="crowd")
def crowd_fixture(machine, site):
    site.pages.enrol("alice", transport="hybrid")
    site.pages.enrol("bob", transport="usb")
    for transport in ("usb", "internal", "hybrid"):
        site.pages.enrol("carol", transport=transport)
    site.pages.enrol("dave", transport="internal")
    machine.recovery_codes("dave")
    return "alice", "bob", "carol", "dave", "erin", "root", "nobody-here", "\u00e9"


def shape(step, user):
    """What came, without what must differ from call to call."""
    kind, text, details = step
    details = {key: str(value) for key, value in details.items()
               if key not in ("correlation", "time-left")}
    if details.get("event") == "qr-code":
        text = text.split("\n")[0] + f" {text.count(chr(10))} rows"
    text = re.sub(r"http\S+", "LINK", text)
    return kind, re.sub(rf"\b{re.escape(user)}\b", "USER", text), details


def talk(site, user, phone=None):
    """The shapes of all that is said to who wants nothing but, with a phone, the code for that."""
    start = time.monotonic()
    conversation = site.machine.connect().authenticate(user, service="login", pictures=True)
    step = conversation.next()
    assert time.monotonic() - start > HELD, "it is not held back"
    shapes = []
    while step[0] != "done":
        shapes.append(shape(step, user))
        event = step[2].get("event")
        if event == "qr-code" and phone and "camera" in step[1] and "Bluetooth" in step[1]:
            site.scan(phones.qr.read(step[1].split("\n")[1:]), phone)
        offered = event == "phone-offer" and phone
        answer = {"text": "phone" if offered else ""} if step[0] == "ask" else {}
        step = conversation.next(**answer)
    return [*shapes, shape(step, user)]


class Liar(software_phone.Phone):
    """It says to have each passkey that it is asked for, and signs with a key of its own."""

    def _get(self, parameters):
        secret = software_phone.credential.new_secret(software_phone.credential.ES256)
        self.passkeys = [software_phone.Passkey(parameters[1], {}, software_phone.credential.ES256,
                                                secret, one["id"]) for one in parameters[3]]
        return super()._get(parameters)


def events(shapes):
    return [details.get("event", details.get("result")) for _, _, details in shapes]


def test_who_wants_no_phone(site, crowd):
    expected = talk(site, "alice")
    assert events(expected) == ["phone-offer", "qr-code", "browser", "recovery-code", "cancelled"]
    for user in crowd:
        assert talk(site, user) == expected, user


@pytest.mark.parametrize("behaviour,last", [
    ({"status": 0x27}, ["qr-code", "browser", "recovery-code", "cancelled"]),  # declined
    ({"status": 0x2e}, ["qr-code", "browser", "recovery-code", "cancelled"]),  # it has none
    ({}, ["answer-refused"])])
def test_a_strangers_phone(site, crowd, behaviour, last):
    found = {}
    for user in crowd:
        phone = Liar(software_phone.Behaviour(**behaviour))
        found[user] = talk(site, user, phone)
        assert phone.shown[1] == "localhost" and len(phone.shown[3]) > 0
    expected = found["alice"]
    assert events(expected)[-len(last):] == last, expected
    assert events(expected)[:2] == ["phone-offer", "qr-code"]
    assert found == {user: expected for user in crowd}
