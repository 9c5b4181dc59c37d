# SPDX-License-Identifier: BSD-2-Clause
"""Keys that say nothing, or no, until a person has touched them or typed their PIN are asked."""

import unicodedata

import pytest

import machine as parts

PIN = "123456"
QUICK = "[authenticator]\ninsert-timeout = 2\ntouch-timeout = 6\n"
REQUIRED = "[rp default]\nuser-verification = required\n"
NO_CREDENTIALS, MISSING_PARAMETER, UP_REQUIRED, OTHER = 0x2E, 0x14, 0x3B, 0x7F
UNKNOWN = 0xE5  # of the vendors' range


@pytest.fixture(autouse=True)
def impatient(machine, keys):
    machine.configure(QUICK)


def sign_in(machine, user="alice", pins=(PIN,), **options):
    """All that was said, and the result. The pins are typed in turn, then nothing."""
    conversation = machine.connect("root").authenticate(user, service="sudo", **options)
    seen, more, pins = [], {}, list(pins)
    while True:
        kind, text, details = conversation.next(**more)
        more = {}
        seen.append((kind, text))
        if kind == "done":
            return seen, details["result"]
        if kind == "ask-secret":
            more = {"secret": parts.secret(pins.pop(0) if pins else "")}
        elif kind == "ask":
            more = {"text": "yes"}


def texts(seen, kind):
    return [text for each, text in seen if each == kind]


# Credentials that are hidden until the PIN is known

def test_protected_at_level_3_without_configured_verification(machine, keys):
    keys.add("blue", default_protection=3).set_pin(PIN).set(touch="immediate")
    assert machine.enrol("alice", "blue", pin=PIN)["credProtect"] == 3
    seen, result = sign_in(machine)
    assert result == "ok", seen
    assert len(texts(seen, "ask-secret")) == 1, seen
    shown = machine.run_as("alice", ["passkeyctl", "show", "blue"]).stdout
    assert "nobody before the PIN or fingerprint" in shown, shown


def test_who_has_none_that_is_hidden_is_asked_for_no_pin(machine, keys):
    """alice's key hides what it holds; bob's passkey was never used with a PIN."""
    blue = keys.add("blue", default_protection=3).set_pin(PIN).set(touch="immediate")
    machine.enrol("alice", "blue", pin=PIN)
    blue.unplug()
    his = keys.add("his").set(touch="immediate")
    machine.enrol("bob", "his")
    his.unplug()
    blue.plug()
    for options in ({}, {"uv": "required"}):
        seen, result = sign_in(machine, "bob", **options)
        assert result in ("no-match", "no-device"), (seen, result)
        assert not texts(seen, "ask-secret"), seen
    assert blue.info()["pin_tries"] == 8


# Keys whose silent answer is an error, or a no that a touch would change

@pytest.mark.parametrize("code", [NO_CREDENTIALS, MISSING_PARAMETER, UP_REQUIRED, OTHER, UNKNOWN,
                                  0x27, 0x30, 0x2B, 0x36, 0x01, 0x12])
def test_a_key_that_needs_a_touch_to_say_what_it_holds(machine, keys, code):
    keys.add("blue", silent_error=code).set(touch="immediate")
    machine.enrol("alice", "blue")
    seen, result = sign_in(machine)
    assert result == "ok", seen
    assert not texts(seen, "ask-secret"), seen


def test_a_key_that_blinks_when_it_is_asked_silently(machine, keys):
    blue = keys.add("blue", silent_touch=True).set(touch="immediate")
    machine.enrol("alice", "blue")
    blue.set(touch="wait")
    conversation = machine.connect("root").authenticate("alice", service="sudo")
    kind, text, _ = conversation.next()
    assert (kind, text[:5]) == ("info", "Touch"), text
    blue.wait_touch_wanted()
    assert blue.touch()
    assert conversation.next()[2]["result"] == "ok"


@pytest.mark.parametrize("code", [MISSING_PARAMETER, UNKNOWN, OTHER])
@pytest.mark.parametrize("silent", [False, True])
def test_a_key_that_wants_its_pin_for_everything(machine, keys, code, silent):
    keys.add("blue", no_token_error=code, silent_error=code if silent else 0).set_pin(PIN).set(
        touch="immediate")
    machine.enrol("alice", "blue", pin=PIN)
    seen, result = sign_in(machine)
    assert result == "ok", seen
    assert len(texts(seen, "ask-secret")) == 1, seen


def test_a_stranger_s_key_is_still_a_stranger_s(machine, keys):
    """It is asked with a touch, and then said not to be enrolled."""
    blue = keys.add("blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    blue.unplug()
    keys.add("other").set(touch="immediate")
    seen, result = sign_in(machine)
    assert result in ("no-match", "no-device"), seen
    assert any("holds a passkey for this" in text for text in texts(seen, "info")), seen


def test_what_shows_itself_goes_before_what_may_be_hidden(machine, keys):
    blue = keys.add("blue", product="Blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    other = keys.add("other", product="Other", silent_error=OTHER).set(touch="immediate")
    machine.enrol("bob", "other")
    blue.set(touch="wait")
    other.set(touch="wait")
    conversation = machine.connect("root").authenticate("alice", service="sudo")
    assert conversation.next()[0] == "info"
    blue.wait_touch_wanted()
    assert not other.info()["touch_wanted"]
    assert blue.touch()
    assert conversation.next()[2]["result"] == "ok"


# The PIN has to be changed

@pytest.mark.parametrize("policy_at", ["token", "pin"])
def test_a_pin_that_must_be_changed(machine, keys, policy_at):
    key = keys.add("blue", force_pin_change=True, policy_at=policy_at).set_pin(PIN)
    key.set(touch="immediate")
    machine.enrol("alice", "blue")
    machine.configure(QUICK + REQUIRED)
    machine.kill_daemon(15)
    seen, result = sign_in(machine)
    assert result == "pin-change", seen
    shown = " ".join(text for _, text in seen)
    shown = shown.replace("\n", " ")
    assert "passkeyctl key change-pin" in shown and "fido2-token -C" in shown, seen
    assert not texts(seen, "ask-secret"), seen
    assert key.info()["pin_tries"] == 8


# What can be a PIN

def required(machine):
    machine.configure(QUICK + REQUIRED)
    machine.kill_daemon(15)


def test_no_try_is_spent_for_a_pin_shorter_than_the_key_takes(machine, keys):
    required(machine)
    key = keys.add("blue", min_pin_length=8).set_pin("12345678").set(touch="immediate")
    machine.enrol("alice", "blue", pin="12345678")
    seen, result = sign_in(machine, pins=("1234567", "12345678"))
    assert result == "ok", seen
    assert "at least 8 and at most 63 characters" in " ".join(texts(seen, "error")), seen
    assert key.info()["pin_tries"] == 8


@pytest.mark.parametrize("pin", ["\u00e4\u00f6\u00fc\u00df", "\u1e69\u00c5\ud55c\uae00x"])
def test_a_pin_is_sent_composed(machine, keys, pin):
    """However the keyboard composes the letters, they are the same PIN."""
    required(machine)
    key = keys.add("blue").set_pin(unicodedata.normalize("NFC", pin)).set(touch="immediate")
    machine.enrol("alice", "blue", pin=pin)
    seen, result = sign_in(machine, pins=(unicodedata.normalize("NFD", pin),))
    assert result == "ok", seen
    assert key.info()["pin_tries"] == 8


@pytest.mark.parametrize("pin", ["\u00e4\u00f6", "a\u0301e\u0301c\u0301", "\u00e4" * 32])
def test_code_points_and_bytes_are_counted(machine, keys, pin):
    """Two letters of four bytes, three of nine; 32 letters that are 64 bytes."""
    required(machine)
    key = keys.add("blue").set_pin(PIN).set(touch="immediate")
    machine.enrol("alice", "blue", pin=PIN)
    seen, result = sign_in(machine, pins=(pin, PIN))
    assert result == "ok", seen
    (error,) = texts(seen, "error")
    assert error.startswith("A PIN has at"), seen
    assert key.info()["pin_tries"] == 8
