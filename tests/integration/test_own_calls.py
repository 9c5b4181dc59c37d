# SPDX-License-Identifier: BSD-2-Clause
"""The calls by which people look after their own passkeys, made by a gateway that was taken over.

Were this broken, a gateway, or whoever has a session, could take away or add somebody's passkeys
without their passkey's signature.
"""

import os
import signal

import pytest

import machine as parts
import namespace
import own
import webauthn_client
from own import ADD, PROVE, REMOVE, REMOVE_LAST, SIGN_IN, name_of

NEVER = "00000000-0000-4000-8000-000000000000"
NO_SESSION = "0" * 26


@pytest.fixture(name="calls")
def calls_fixture(machine):
    machine.configure(own.CONFIGURATION)
    return own.Own(machine.connect(own.USER))


@pytest.fixture(name="blue")
def blue_fixture(machine, calls):
    return own.enrol(machine, "alice", name="blue")


@pytest.fixture(name="green")
def green_fixture(machine, blue):
    return own.enrol(machine, "alice", name="green")


def every_call(session, rp="default"):
    return [("DescribeOwn", rp, session), ("BeginOwn", rp, session, PROVE, ""),
            ("BeginOwn", rp, session, ADD, ""), ("BeginOwn", rp, session, REMOVE, "AAAA"),
            ("BeginOwn", rp, session, REMOVE_LAST, "AAAA"),
            ("FinishOwn", rp, session, PROVE, NEVER, "{}"),
            ("FinishOwn", rp, session, REMOVE, NEVER, "{}"),
            ("FinishOwn", rp, session, REMOVE_LAST, NEVER, "{}"),
            ("FinishOwn", rp, session, ADD, NEVER, "{}"),
            ("RenameOwn", rp, session, "AAAA", "mine"), ("SignOut", rp, session)]


# --- who, and where -----------------------------------------------------------------------------

@pytest.mark.parametrize("user", ["root", "alice"])
def test_only_the_gateway_may_call(machine, calls, blue, user):
    session = calls.sign_in(blue)
    other = own.Own(machine.connect(user))
    for member, *arguments in [*every_call(session), ("BeginOwn", "default", "", SIGN_IN, ""),
                               ("FinishOwn", "default", "", SIGN_IN, NEVER, "{}")]:
        other.fails("AccessDenied", member, *arguments)


@pytest.mark.parametrize("text", ["self-service = no", ""])
def test_it_is_off_unless_it_is_on(machine, text):
    machine.configure(own.CONFIGURATION.replace("self-service = yes", text))
    calls = own.Own(machine.connect(own.USER))
    own.enrol(machine, "alice")
    for member, *arguments in [*every_call(NO_SESSION), ("BeginOwn", "default", "", SIGN_IN, "")]:
        calls.fails("UnknownRelyingParty", member, *arguments)


@pytest.mark.parametrize("rp", ["", "other", "Default", "shop"])
def test_other_relying_parties_do_not_exist(machine, rp):
    machine.configure(own.CONFIGURATION + "[rp shop]\nid = shop.example.org\nhttp = standard\n")
    calls = own.Own(machine.connect(own.USER))
    for member, *arguments in [*every_call(NO_SESSION, rp), ("BeginOwn", rp, "", SIGN_IN, "")]:
        calls.fails("UnknownRelyingParty", member, *arguments)


@pytest.mark.parametrize("session", ["", NO_SESSION, "x" * 5000])
def test_nothing_without_a_session(calls, blue, session):
    for member, *arguments in every_call(session):
        calls.fails("NotSignedIn", member, *arguments)


# --- signing in ---------------------------------------------------------------------------------

@pytest.mark.parametrize("user", ["", "alice"])
def test_a_session(machine, calls, blue, green, user):
    mark = machine.syslog.mark()
    session = calls.sign_in(blue, user)
    machine.syslog.wait("sign-in of alice .*: ok, passkey .*, on the gateway's page", mark,
                        facility=parts.AUTHPRIV)
    seen = calls.describe(session)
    assert seen["user"] == "alice" and seen["host"] == "web1" and seen["fresh"] is True
    assert seen["credentialId"] == name_of(blue) and seen["userHandle"] == blue.user_handle
    assert [each["name"] for each in seen["passkeys"]] == ["blue", "green"]
    assert all(each["usableHere"] for each in seen["passkeys"])
    assert seen["passkeys"][0]["lastUsed"] > 0 and seen["passkeys"][1]["lastUsed"] == 0
    assert session not in machine.syslog.text()
    calls.call("SignOut", "default", session)
    for member, *arguments in every_call(session):
        calls.fails("NotSignedIn", member, *arguments)


def test_signing_in_again_ends_the_session_that_is_presented(calls, blue):
    first = calls.sign_in(blue)
    identifier, options = calls.begin(SIGN_IN)
    answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
    second = calls.finish(SIGN_IN, identifier, answer, first)["session"]
    assert second != first
    calls.fails("NotSignedIn", "DescribeOwn", "default", first)
    assert calls.describe(second)["user"] == "alice"


def test_an_answer_is_good_once(calls, blue):
    identifier, options = calls.begin(SIGN_IN)
    answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
    assert calls.finish(SIGN_IN, identifier, answer)["user"] == "alice"
    calls.fails("UnknownChallenge", "FinishOwn", "default", "", SIGN_IN, identifier, answer)


@pytest.mark.parametrize("how", [{"spoil": True}, {"flags": 0}])
def test_a_wrong_answer_is_not_explained(machine, calls, blue, how):
    text = calls.refused("VerificationFailed", SIGN_IN, blue, **how)
    assert text.startswith("answer-refused")
    assert calls.refused("VerificationFailed", SIGN_IN, blue, what="alice", **how).startswith(
        "answer-refused")


def test_another_origin(calls, blue):
    identifier, options = calls.begin(SIGN_IN)
    answer = webauthn_client.sign_in(options, blue, "https://localhost")
    calls.fails("VerificationFailed", "FinishOwn", "default", "", SIGN_IN, identifier, answer)


def test_somebody_elses_passkey(machine, calls, blue):
    bobs = own.enrol(machine, "bob")
    calls.refused("VerificationFailed", SIGN_IN, bobs, what="alice")
    assert calls.describe(calls.sign_in(bobs))["user"] == "bob"


def shape(options):
    """What a stranger sees of who there is."""
    return {**options, "challenge": len(options["challenge"]),
            "allowCredentials": sorted(options["allowCredentials"][0])}


@pytest.mark.parametrize("user", ["nobody-has-this", "dave", "root", "Alice", "a" * 128, "../x",
                                  "alice\u0301"])
def test_who_has_no_passkeys_looks_like_who_has(machine, calls, blue, user):
    own.enrol(machine, "root")
    real = calls.begin(SIGN_IN, what="alice")[1]
    identifier, decoy = calls.begin(SIGN_IN, what=user)
    assert shape(decoy) == shape(real)
    assert calls.begin(SIGN_IN, what=user)[1]["allowCredentials"] == decoy["allowCredentials"]
    made = webauthn_client.Passkey()
    made.id = webauthn_client.decode(decoy["allowCredentials"][0]["id"])
    answer = webauthn_client.sign_in(decoy, made, own.ORIGIN)
    text = calls.fails("VerificationFailed", "FinishOwn", "default", "", SIGN_IN, identifier,
                       answer)
    wrong = webauthn_client.Passkey()
    wrong.id = blue.id
    assert text.split(" [")[0] == calls.refused("VerificationFailed", SIGN_IN, wrong,
                                                what="alice").split(" [")[0]
    calls.refused("VerificationFailed", SIGN_IN, blue, what=user)


def test_roots_passkeys_are_not_looked_after_here(machine, calls):
    roots = own.enrol(machine, "root")
    calls.refused("VerificationFailed", SIGN_IN, roots)
    calls.refused("VerificationFailed", SIGN_IN, roots, what="root")
    # As a link to sign in as root lists it: two that differ would tell that root has one.
    (listed,) = calls.begin(SIGN_IN, what="root")[1]["allowCredentials"]
    assert listed["id"] == name_of(roots)


def test_a_browser_learns_that_a_passkey_is_gone(machine, calls, blue):
    """It offered it by itself; who asks by a name learns nothing."""
    stray = webauthn_client.Passkey()
    stray.user_handle = blue.user_handle
    calls.refused("UnknownCredential", SIGN_IN, stray)
    calls.refused("VerificationFailed", SIGN_IN, stray, what="alice")


# --- names --------------------------------------------------------------------------------------

def test_rename(machine, calls, blue, green):
    session = calls.sign_in(blue)
    mark = machine.syslog.mark()
    calls.call("RenameOwn", "default", session, name_of(green), "<b>&\"\u00fc")
    machine.syslog.wait("passkey \"green\" .* of alice .* renamed to", mark)
    assert calls.names(session) == ["blue", "<b>&\"\u00fc"]


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "\x1b[31m", "\u00fc" * 33])
def test_what_is_no_name(calls, blue, name):
    session = calls.sign_in(blue)
    calls.fails("InvalidArguments", "RenameOwn", "default", session, name_of(blue), name)
    assert calls.names(session) == ["blue"]


def test_a_name_that_is_taken(calls, blue, green):
    session = calls.sign_in(blue)
    calls.fails("NameTaken", "RenameOwn", "default", session, name_of(green), "blue")


def test_nobody_elses_is_renamed(machine, calls, blue):
    bobs = own.enrol(machine, "bob", name="bobs")
    session = calls.sign_in(blue)
    for what in (name_of(bobs), "AAAA"):
        calls.fails("UnknownCredential", "RenameOwn", "default", session, what, "mine")
        calls.fails("UnknownCredential", "BeginOwn", "default", session, REMOVE, what)
    calls.fails("InvalidArguments", "RenameOwn", "default", session, "/", "mine")
    assert calls.names(calls.sign_in(bobs)) == ["bobs"]


# --- removing -----------------------------------------------------------------------------------

def allowed(options):
    return {each["id"] for each in options["allowCredentials"]}


def test_remove_by_another_one(machine, calls, blue, green):
    session = calls.sign_in(blue)
    identifier, options = calls.begin(REMOVE, session, name_of(blue))
    assert allowed(options) == {name_of(green)}
    mark = machine.syslog.mark()
    answer = webauthn_client.sign_in(options, green, own.ORIGIN)
    assert calls.finish(REMOVE, identifier, answer, session) == {"signedOut": False}
    machine.syslog.wait("passkey \"blue\" .* of alice .* removed, on the gateway's page", mark)
    seen = calls.describe(session)  # it is the other one's session now
    assert [each["name"] for each in seen["passkeys"]] == ["green"]
    assert seen["credentialId"] == name_of(green)
    calls.refused("UnknownCredential", SIGN_IN, blue)


def test_not_by_itself(calls, blue, green):
    session = calls.sign_in(blue)
    calls.refused("VerificationFailed", REMOVE, blue, session, name_of(blue))
    calls.refused("VerificationFailed", REMOVE, green, session, name_of(green))
    assert calls.names(session) == ["blue", "green"]


def test_not_by_somebody_else(machine, calls, blue, green):
    bobs = own.enrol(machine, "bob")
    session = calls.sign_in(blue)
    calls.refused("VerificationFailed", REMOVE, bobs, session, name_of(green))
    assert calls.names(session) == ["blue", "green"]


def test_the_last_one_only_when_it_is_said_to_be(machine, calls, blue):
    session, another = calls.sign_in(blue), calls.sign_in(blue)
    calls.fails("NoCredentials", "BeginOwn", "default", session, REMOVE, name_of(blue))
    mark = machine.syslog.mark()
    assert calls.use(REMOVE_LAST, blue, session, name_of(blue)) == {"signedOut": True}
    machine.syslog.wait("passkey \"blue\" .* removed by itself, the last one", mark)
    for each in (session, another):
        calls.fails("NotSignedIn", "DescribeOwn", "default", each)


def test_what_is_not_the_last_one(calls, blue, green):
    session = calls.sign_in(blue)
    calls.fails("NoCredentials", "BeginOwn", "default", session, REMOVE_LAST, name_of(blue))


def test_what_is_not_the_last_one_any_more(machine, calls, blue):
    session = calls.sign_in(blue)
    identifier, options = calls.begin(REMOVE_LAST, session, name_of(blue))
    own.enrol(machine, "alice", name="green")
    answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
    calls.fails("NoCredentials", "FinishOwn", "default", session, REMOVE_LAST, identifier, answer)
    assert calls.names(session) == ["blue", "green"]


def test_two_do_not_remove_each_other(calls, blue, green):
    """Begun at once, each signed by the other: one of them stays."""
    session = calls.sign_in(blue)
    first, second = (calls.begin(REMOVE, session, name_of(each)) for each in (blue, green))
    calls.finish(REMOVE, first[0], webauthn_client.sign_in(first[1], green, own.ORIGIN), session)
    with pytest.raises(Exception, match="VerificationFailed|NotSignedIn"):
        calls.finish(REMOVE, second[0], webauthn_client.sign_in(second[1], blue, own.ORIGIN),
                     session)
    assert calls.names(session) == ["green"]


@pytest.mark.parametrize("act", [SIGN_IN, PROVE, REMOVE_LAST])
def test_a_challenge_is_for_what_it_was_made(calls, blue, green, act):
    """A gateway has a removal signed as something else, and something else as a removal."""
    session = calls.sign_in(blue)
    what = name_of(green)
    identifier, options = calls.begin(REMOVE, session, what)
    answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
    calls.fails("UnknownChallenge", "FinishOwn", "default", session, act, identifier, answer)
    calls.fails("UnknownChallenge", "FinishOwn", "default", session, REMOVE, identifier, answer)
    if act != REMOVE_LAST:
        identifier, options = calls.begin(act, session)
        answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
        calls.fails("UnknownChallenge", "FinishOwn", "default", session, REMOVE, identifier, answer)
        # and signed for the challenge of one, sent as the answer to the other
        identifier, _ = calls.begin(REMOVE, session, what)
        calls.fails("VerificationFailed", "FinishOwn", "default", session, REMOVE, identifier,
                    answer)
    assert calls.names(session) == ["blue", "green"]


def test_a_removal_is_of_one_passkey(machine, calls, blue, green):
    """What was signed to remove one removes no other one, and is good once."""
    own.enrol(machine, "alice", name="red")
    session = calls.sign_in(blue)
    first, options = calls.begin(REMOVE, session, name_of(green))
    answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
    other, _ = calls.begin(REMOVE, session, name_of(blue))
    calls.fails("VerificationFailed", "FinishOwn", "default", session, REMOVE, other, answer)
    calls.finish(REMOVE, first, answer, session)
    calls.fails("UnknownChallenge", "FinishOwn", "default", session, REMOVE, first, answer)
    assert calls.names(session) == ["blue", "red"]


def test_a_challenge_is_of_one_session(machine, calls, blue, green):
    """Of another account's, and of another one of the same account."""
    bobs = own.enrol(machine, "bob")
    mine, again, theirs = calls.sign_in(blue), calls.sign_in(blue), calls.sign_in(bobs)
    for session in (again, theirs):
        identifier, options = calls.begin(REMOVE, mine, name_of(green))
        answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
        calls.fails("UnknownChallenge", "FinishOwn", "default", session, REMOVE, identifier, answer)
    identifier, options = calls.begin(ADD, mine)
    answer = webauthn_client.register(options, webauthn_client.Passkey(), own.ORIGIN)
    calls.fails("UnknownChallenge", "FinishOwn", "default", theirs, ADD, identifier, answer)
    assert calls.names(mine) == ["blue", "green"] and len(calls.names(theirs)) == 1


def test_a_program_does_not_answer_for_a_page(machine, calls, blue, green):
    """The tables are apart: RelyingParty1 takes no ceremony of a page."""
    session = calls.sign_in(blue)
    identifier, options = calls.begin(PROVE, session)
    answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
    calls.connection.fails("UnknownChallenge", parts.RELYING_PARTY, "FinishAuthentication", "ss",
                           identifier, answer)


# --- adding -------------------------------------------------------------------------------------

def test_add_another(machine, calls, blue):
    session = calls.sign_in(blue)
    identifier, options = calls.begin(ADD, session)
    assert {each["id"] for each in options["excludeCredentials"]} == {name_of(blue)}
    assert options["user"]["id"] == blue.user_handle and options["user"]["name"] == "alice"
    new = webauthn_client.Passkey()
    mark = machine.syslog.mark()
    made = calls.finish(ADD, identifier,
                        webauthn_client.register(options, new, own.ORIGIN), session)
    machine.syslog.wait("enrolment for alice .*: ok, passkey .*, on the gateway's page", mark)
    assert made["name"] == "passkey" and made["user"] == "alice"
    assert calls.names(session) == ["blue", "passkey"]
    assert calls.describe(calls.sign_in(new))["user"] == "alice"
    calls.use(ADD, webauthn_client.Passkey(), session)
    assert calls.names(session) == ["blue", "passkey", "passkey 2"]


def test_as_many_as_there_may_be(machine):
    machine.configure(own.CONFIGURATION + "[limits]\ncredentials-per-account = 1\n")
    calls = own.Own(machine.connect(own.USER))
    session = calls.sign_in(own.enrol(machine, "alice"))
    calls.fails("LimitExceeded", "BeginOwn", "default", session, ADD, "")


def test_a_registration_for_elsewhere(calls, blue):
    session = calls.sign_in(blue)
    identifier, options = calls.begin(ADD, session)
    answer = webauthn_client.register(options, webauthn_client.Passkey(), "https://localhost")
    calls.fails("VerificationFailed", "FinishOwn", "default", session, ADD, identifier, answer)


# --- what ends a session ------------------------------------------------------------------------

def test_its_passkey_was_removed_elsewhere(machine, calls, blue, green):
    """By passkeyctl, say; what it had begun is over with it."""
    session = calls.sign_in(blue)
    identifier, options = calls.begin(REMOVE, session, name_of(green))
    answer = webauthn_client.sign_in(options, blue, own.ORIGIN)
    machine.connect().call(parts.CREDENTIALS, "Remove", "ss", "alice", name_of(blue))
    calls.fails("NotSignedIn", "FinishOwn", "default", session, REMOVE, identifier, answer)
    for member, *arguments in every_call(session):
        calls.fails("NotSignedIn", member, *arguments)
    assert calls.names(calls.sign_in(green)) == ["green"]


def test_the_daemon_was_started_again(machine, calls, blue):
    session = calls.sign_in(blue)
    machine.kill_daemon(15)
    again = own.Own(machine.connect(own.USER))
    again.fails("NotSignedIn", "DescribeOwn", "default", session)
    assert again.describe(again.sign_in(blue))["user"] == "alice"


def test_its_account_has_another_uid(machine, calls, blue):
    session = calls.sign_in(blue)
    with open("/etc/passwd", encoding="utf-8") as file:
        before = file.read()
    try:
        namespace.write("/etc/passwd", before.replace("alice:x:2001:", "alice:x:2999:"))
        calls.fails("NotSignedIn", "DescribeOwn", "default", session)
        calls.refused("VerificationFailed", SIGN_IN, blue)
    finally:
        namespace.write("/etc/passwd", before)
    calls.fails("NotSignedIn", "DescribeOwn", "default", session)


def test_self_service_is_switched_off(machine, calls, blue):
    session = calls.sign_in(blue)
    machine.configure(own.CONFIGURATION.replace("self-service = yes", "self-service = no"))
    mark = machine.syslog.mark()
    os.kill(machine.daemon_pid(), signal.SIGHUP)
    machine.syslog.wait("configuration read again", mark, facility=parts.AUTHPRIV)
    for member, *arguments in every_call(session):
        calls.fails("UnknownRelyingParty", member, *arguments)


def test_prove(calls, blue, green):
    session = calls.sign_in(blue)
    assert calls.use(PROVE, green, session) == {}
    assert calls.describe(session)["credentialId"] == name_of(green)


@pytest.mark.parametrize("arguments", [("", "sign-in", "x" * 129), ("", "renew", ""),
                                       ("S", PROVE, "x"), ("S", ADD, "x"), ("S", REMOVE, ""),
                                       ("S", REMOVE, "/"), ("S", REMOVE, "A" * 1400)], ids=str)
def test_wrong_arguments(calls, blue, arguments):
    session = calls.sign_in(blue)
    given, act, what = arguments
    calls.fails("InvalidArguments", "BeginOwn", "default", session if given else "", act, what)
    calls.fails("InvalidArguments", "FinishOwn", "default", session, "renew", NEVER, "{}")
