# SPDX-License-Identifier: BSD-2-Clause
"""org.passkeyd.RelyingParty1, called by a program that brings its own browser."""

import json

import pytest

import machine as parts
import namespace
import webauthn_client as browser
from relying_party import begin, finish, register

NEVER = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def root(machine):
    machine.configure()
    return machine.connect()


def refused(connection, name, kind, identifier, response):
    return connection.fails(name, parts.RELYING_PARTY, "Finish" + kind, "ss", identifier, response)


@pytest.mark.parametrize("algorithm", [browser.ES256, browser.EDDSA, browser.RS256])
@pytest.mark.parametrize("fmt,attestation", [("none", "none"), ("packed", "direct")])
def test_register_and_sign_in(root, algorithm, fmt, attestation):
    passkey = browser.Passkey(algorithm)
    credential = register(root, "alice", passkey, fmt, attestation=attestation)
    assert credential["credentialId"] == browser.encode(passkey.id)
    identifier, options, expires = begin(root, "Authentication", "alice")
    assert options["rpId"] == namespace.HOST
    assert expires > 0
    assert [each["id"] for each in options["allowCredentials"]] == [browser.encode(passkey.id)]
    user, result = finish(root, "Authentication", identifier, browser.sign_in(options, passkey))
    assert str(user) == "alice"
    assert json.loads(str(result))["credentialId"] == browser.encode(passkey.id)


def test_the_user_handle_is_random_and_stays(root):
    for user in ("alice", "bob"):
        register(root, user, browser.Passkey())
    handles = [begin(root, "Registration", user)[1]["user"]["id"]
               for user in ("alice", "alice", "bob")]
    assert handles[0] == handles[1] != handles[2]
    assert len(browser.decode(handles[0])) == 64


def test_two_first_registrations_at_once(root):
    """Whichever is finished first, both passkeys that were reported as done name their account."""
    begun = [begin(root, "Registration", "alice") for _ in range(2)]
    passkeys = []
    for identifier, options, _ in begun:
        passkey = browser.Passkey()
        finish(root, "Registration", identifier, browser.register(options, passkey))
        passkeys.append(passkey)
    for passkey in passkeys:
        identifier, options, _ = begin(root, "Authentication", "")
        user, _ = finish(root, "Authentication", identifier, browser.sign_in(options, passkey))
        assert str(user) == "alice"


def test_usernameless(root):
    passkeys = {user: browser.Passkey() for user in ("alice", "bob")}
    for user, passkey in passkeys.items():
        register(root, user, passkey, residentKey="required")
    for name, passkey in passkeys.items():
        identifier, options, _ = begin(root, "Authentication", "")
        assert not options.get("allowCredentials")
        user, _ = finish(root, "Authentication", identifier, browser.sign_in(options, passkey))
        assert str(user) == name


def test_usernameless_with_another_users_handle(root):
    alices, bobs = browser.Passkey(), browser.Passkey()
    register(root, "alice", alices)
    register(root, "bob", bobs)
    alices.user_handle = bobs.user_handle
    identifier, options, _ = begin(root, "Authentication", "")
    refused(root, "VerificationFailed", "Authentication", identifier,
            browser.sign_in(options, alices))


def test_an_answer_is_good_once(root):
    passkey = browser.Passkey()
    identifier, options, _ = begin(root, "Registration", "alice")
    response = browser.register(options, passkey)
    finish(root, "Registration", identifier, response)
    refused(root, "UnknownChallenge", "Registration", identifier, response)
    identifier, options, _ = begin(root, "Authentication", "alice")
    response = browser.sign_in(options, passkey)
    finish(root, "Authentication", identifier, response)
    refused(root, "UnknownChallenge", "Authentication", identifier, response)
    identifier, _, _ = begin(root, "Authentication", "alice")
    refused(root, "VerificationFailed", "Authentication", identifier, response)


def test_a_failed_answer_uses_the_challenge_up(root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    identifier, options, _ = begin(root, "Authentication", "alice")
    bad = browser.sign_in(options, passkey, spoil=True)
    refused(root, "VerificationFailed", "Authentication", identifier, bad)
    good = browser.sign_in(options, passkey)
    refused(root, "UnknownChallenge", "Authentication", identifier, good)


def test_another_users_passkey(root):
    alices, bobs = browser.Passkey(), browser.Passkey()
    register(root, "alice", alices)
    register(root, "bob", bobs)
    identifier, options, _ = begin(root, "Authentication", "alice")
    refused(root, "VerificationFailed", "Authentication", identifier,
            browser.sign_in(options, bobs))


def test_challenges_belong_to_who_asked_for_them(machine, root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    alice, bob = machine.connect("alice"), machine.connect("bob")
    identifier, options, _ = begin(alice, "Authentication", "alice")
    response = browser.sign_in(options, passkey)
    refused(bob, "UnknownChallenge", "Authentication", identifier, response)
    bob.fails("UnknownChallenge", parts.RELYING_PARTY, "Cancel", "s", identifier)
    # And bob's attempt did not use alice's challenge up.
    user, _ = finish(alice, "Authentication", identifier, response)
    assert str(user) == "alice"


def test_a_user_is_not_somebody_else(machine, root):
    alice = machine.connect("alice")
    for member in ("BeginRegistration", "BeginAuthentication"):
        alice.fails("AccessDenied", parts.RELYING_PARTY, member, "sa{sv}", "bob",
                    parts.vardict({}))
    assert machine.syslog.wait("AccessDenied|access|denied", facility=parts.AUTHPRIV)


def test_registering_needs_reauthentication(machine, root):
    alice = machine.connect("alice")
    alice.fails("NotAuthorized", parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", "alice",
                parts.vardict({}))


def test_kinds_do_not_mix(root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    identifier, options, _ = begin(root, "Registration", "alice")
    options["rpId"] = options["rp"]["id"]
    refused(root, "UnknownChallenge", "Authentication", identifier,
            browser.sign_in(options, passkey))


def test_cancel(root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    identifier, options, _ = begin(root, "Authentication", "alice")
    root.call(parts.RELYING_PARTY, "Cancel", "s", identifier)
    refused(root, "UnknownChallenge", "Authentication", identifier,
            browser.sign_in(options, passkey))
    root.fails("UnknownChallenge", parts.RELYING_PARTY, "Cancel", "s", NEVER)


def test_expiry(root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    identifier, options, expires = begin(root, "Authentication", "alice", timeout=1000)
    response = browser.sign_in(options, passkey)
    # The daemon announces nothing when a challenge expires; the reply said when it does.
    parts.wait_until(expires + 1)
    refused(root, "UnknownChallenge", "Authentication", identifier, response)


@pytest.mark.parametrize("change,reason", [
    ({"origin": "https://evil.example"}, "origin-mismatch"),
    ({"flags": browser.UV}, "user-not-present"),
    ({"flags": browser.UP | browser.BS}, None),
    ({"spoil": True}, "signature-invalid"),
])
def test_what_verification_refuses(machine, root, change, reason):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    identifier, options, _ = begin(root, "Authentication", "alice")
    mark = machine.syslog.mark()
    message = refused(root, "VerificationFailed", "Authentication", identifier,
                      browser.sign_in(options, passkey, **change))
    correlation = message[message.rindex("[") + 1:message.rindex("]")]
    line = machine.syslog.wait(correlation, since=mark, facility=parts.AUTHPRIV)
    assert reason is None or reason in line, line


def test_counter_going_back_is_refused(machine, root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    for step, accepted in ((5, True), (3, False)):
        identifier, options, _ = begin(root, "Authentication", "alice")
        passkey.counter = step
        response = browser.sign_in(options, passkey)
        if accepted:
            finish(root, "Authentication", identifier, response)
        else:
            refused(root, "VerificationFailed", "Authentication", identifier, response)
    assert machine.syslog.wait("counter-regressed", facility=parts.AUTHPRIV)


def test_a_credential_id_is_unique_across_accounts(root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    identifier, options, _ = begin(root, "Registration", "bob")
    refused(root, "AlreadyEnrolled", "Registration", identifier,
            browser.register(options, passkey))


def test_enrolled_keys_are_excluded(root):
    passkey = browser.Passkey()
    register(root, "alice", passkey)
    _, options, _ = begin(root, "Registration", "alice")
    assert [each["id"] for each in options["excludeCredentials"]] == [browser.encode(passkey.id)]


def test_another_relying_party(machine):
    machine.configure("[rp shop]\nid = shop.example\nname = Shop\n")
    root = machine.connect()
    passkey = browser.Passkey()
    register(root, "17", passkey, rp="shop", userId="17", userName="someone@example.com",
             displayName="Some One")
    identifier, options, _ = begin(root, "Authentication", "17", rp="shop")
    assert options["rpId"] == "shop.example"
    user, _ = finish(root, "Authentication", identifier, browser.sign_in(options, passkey))
    assert str(user) == "17"
    # The host's own accounts are not there, and the shop's are not here.
    root.fails("UnknownRelyingParty", parts.RELYING_PARTY, "BeginAuthentication", "sa{sv}", "",
               parts.vardict({"rp": "nowhere"}))
    root.fails("UnknownUser", parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", "17",
               parts.vardict({}))
