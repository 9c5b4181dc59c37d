# SPDX-License-Identifier: BSD-2-Clause
"""The ssh method over the bus: the test answers for the ssh client."""

import json
import re

import pytest

import forward
import machine as parts
import namespace
import webauthn_client as browser
from ssh_method import (HOST, RHOST, asked, begin, enrol, fields_of, junk, outcome, question,
                        request_of, say, signs_in)

REFUSED = "The answer was refused. The system log of passkeyd says why."


def refused(machine, conversation, lines, reason):
    """The answer is refused like any other, and the log has the reason."""
    mark = machine.syslog.mark()
    assert outcome(say(conversation, lines)) == ("answer-refused", REFUSED)
    return machine.syslog.wait(rf"sign-in of \w+ \(default\): refused, {reason} ", mark,
                               facility=parts.AUTHPRIV)


def answer(conversation, key, origin=HOST, **more):
    request = asked(conversation)
    return forward.encode_answer(forward.answer_fields(request, origin, key, **more))


def test_a_known_account(machine):
    key = enrol(machine, "alice")
    mark = machine.syslog.mark()
    conversation = begin(machine, "alice", tty="ssh")
    text = question(conversation)
    assert all(len(line) <= 78 for line in text.split("\n")[:-2]), text
    assert "to sign in as alice on web1 (sshd)" in text
    request = request_of(text)
    assert request["kind"] == "get" and request["rp_id"] == namespace.HOST
    assert request["credentials"] == [key.id]
    assert '"rhost":"198.51.100.7"' in request["context"]
    assert 100 <= request["timeout"] <= 120
    kind, _, details = say(conversation, forward.answer(request, HOST, key))
    assert (kind, details["result"], details["user"]) == ("done", "ok", "alice")
    line = machine.syslog.wait(r"sign-in of alice \(default\): ok, passkey", mark)
    assert forward.logged_context(request) == json.loads(line[line.index("{"):])
    assert request["version"] == 2 and forward.host_keys(request)
    signs_in(machine, "alice", key)


@pytest.mark.parametrize("algorithm", [forward.EDDSA, forward.RS256])
def test_other_algorithms(machine, algorithm):
    signs_in(machine, "alice", enrol(machine, "alice", algorithm))


# Answers that are wrong, whoever is asked for


def spoiled(fields, **changes):
    return forward.encode_answer({**fields, **changes})


def other_rp(request, key):
    """What the key signs for another relying party, with the hash of that one left out."""
    return forward.encode_answer(fields_of({**request, "rp_id": "evil.example.org"}, key))


def other_context(request, key):
    shown = request["context"].replace('"service":"sshd"', '"service":"sudo"')
    assert shown != request["context"]
    fields = fields_of({**request, "context": shown}, key)
    real = forward.challenge_of(request)
    return spoiled(fields, challenge=real[:16])


# name: (what the log says, the lines for a request and a key)
WRONG = {
    "host": ("origin-mismatch",
             lambda request, key: forward.encode_answer(
                 fields_of(request, key, "ssh://evil.example.org"))),
    "port in the origin": ("origin-mismatch",
                           lambda request, key: forward.encode_answer(
                               fields_of(request, key, HOST + ":22"))),
    "loopback": ("origin-mismatch",
                 lambda request, key: forward.encode_answer(
                     fields_of(request, key, "ssh://127.0.0.1"))),
    "origin that was not signed": ("signature-invalid",
                                   lambda request, key: spoiled(
                                       fields_of(request, key, "ssh://evil.example.org"),
                                       origin=HOST)),
    "relying party": ("signature-invalid", other_rp),
    "context": ("signature-invalid", other_context),
    "challenge": ("challenge-mismatch",
                  lambda request, key: forward.encode_answer(
                      fields_of(request, key, challenge=b"\7" * 32))),
    "index": ("credential-not-allowed",
              lambda request, key: spoiled(fields_of(request, key), credential=7)),
    "nobody there": ("user-not-present",
                     lambda request, key: forward.encode_answer(
                         fields_of(request, key, flags=forward.UV))),
    "backup state": ("backup-state-invalid",
                     lambda request, key: forward.encode_answer(
                         fields_of(request, key, flags=forward.UP | browser.BS))),
    "backup eligibility": ("backup-eligibility-changed",
                           lambda request, key: forward.encode_answer(
                               fields_of(request, key, flags=forward.UP | browser.BE))),
    "attested data": ("auth-data-truncated",
                      lambda request, key: forward.encode_answer(
                          fields_of(request, key, flags=forward.UP | forward.AT))),
    "one byte more": ("auth-data-trailing-data",
                      lambda request, key: spoiled(
                          fields := fields_of(request, key), auth_data=fields["auth_data"] + b"x")),
    "signature": ("signature-invalid",
                  lambda request, key: spoiled(fields_of(request, key),
                                               signature=key.sign(b"something else"))),
    "no signature": ("signature-malformed",
                     lambda request, key: spoiled(fields_of(request, key), signature=b"\0" * 70)),
    "kind": ("protocol", lambda request, key: forward.encode_answer(
        {**fields_of(request, key), "kind": 2})),
    "member too many": ("protocol", lambda request, key: spoiled(fields_of(request, key),
                                                                 **{"99": 1})),
    "no form": ("invalid-input", lambda request, key: ["yes"]),
    "other version": ("invalid-input", lambda request, key: ["passkey2:AAAA"]),
    "nothing behind the prefix": ("invalid-input", lambda request, key: ["passkey1:"]),
    "no base64url": ("invalid-input", lambda request, key: ["passkey1:A+/="]),
    "no CBOR": ("cbor-truncated", lambda request, key: ["passkey1:pg"]),
    "junk": ("invalid-input", lambda request, key: [junk(200)]),
    "too long": ("too-large", lambda request, key: ["passkey1:" + "A" * 503, "short"]),
    "cut off": ("(cbor-truncated|invalid-input)",
                lambda request, key: [forward.encode_answer(fields_of(request, key))[0][:-4]]),
    "password": ("invalid-input", lambda request, key: ["alice's password"]),
}


def test_wrong_answers(machine):
    """The caller learns no more than that it was refused; the log has the reason."""
    key = enrol(machine, "alice")
    for reason, lines_of in WRONG.values():
        conversation = begin(machine, "alice")
        line = refused(machine, conversation, lines_of(asked(conversation), key), reason)
        assert '"user":"alice"' in line
    machine.syslog.wait("signed for ssh://evil.example.org, which is not this host")
    signs_in(machine, "alice", key)


def test_wrong_answers_for_unknown_accounts(machine):
    """The same, and the same texts."""
    enrol(machine, "alice")
    for user, truth in (("bob", "no-credentials"), ("nobody-here", "unknown-user")):
        for reason, lines_of in WRONG.values():
            conversation = begin(machine, user)
            mark = machine.syslog.mark()
            step = say(conversation, lines_of(asked(conversation), forward.Credential()))
            assert outcome(step) == ("answer-refused", REFUSED)
            line = machine.syslog.wait(rf"sign-in of {user} .*refused, {truth} ", mark)
            # The log has what would have been wrong with it; at the latest it is the signature.
            found = re.search("the answer: ([a-z-]+)", line).group(1)
            assert re.fullmatch(reason, found) or found == "signature-invalid", line


def test_a_replayed_answer(machine):
    key = enrol(machine, "alice")
    conversation = begin(machine, "alice")
    fields = fields_of(asked(conversation), key)
    lines = forward.encode_answer(fields)
    assert outcome(say(conversation, lines))[0] == "ok"
    conversation = begin(machine, "alice")
    request = asked(conversation)
    refused(machine, conversation, lines, "challenge-mismatch")
    conversation = begin(machine, "alice")
    request = asked(conversation)
    real = forward.challenge_of(request)
    refused(machine, conversation, spoiled(fields, challenge=real[:16]), "signature-invalid")


def test_swapped_answers(machine):
    key = enrol(machine, "alice")
    one, two = begin(machine, "alice"), begin(machine, "alice")
    first, second = (forward.encode_answer(fields_of(asked(each), key)) for each in (one, two))
    refused(machine, one, second, "challenge-mismatch")
    refused(machine, two, first, "challenge-mismatch")


def test_a_late_answer(machine):
    key = enrol(machine, "alice")
    conversation = begin(machine, "alice", timeout=1)
    mark = machine.syslog.mark()
    request = asked(conversation)
    assert request["timeout"] == 1
    lines = forward.encode_answer(fields_of(request, key))
    machine.syslog.wait("conversation of uid 0: timeout", mark)
    assert outcome(conversation.next(text=lines[0])) == ("timeout", "No answer in time.")
    assert "sign-in of alice (default): ok" not in machine.syslog.text(mark)


def test_another_users_key(machine):
    enrol(machine, "alice")
    key = enrol(machine, "bob")
    conversation = begin(machine, "alice")
    request = asked(conversation)
    assert key.id not in request["credentials"]
    refused(machine, conversation, forward.encode_answer(fields_of(request, key)),
            "signature-invalid")


def test_user_verification(machine):
    machine.configure("[service sshd]\nuser-verification = required\n")
    key = enrol(machine, "alice")
    conversation = begin(machine, "alice")
    request = asked(conversation)
    assert request["user_verification"] == forward.REQUIRED
    refused(machine, conversation, forward.encode_answer(
        fields_of(request, key, flags=forward.UP)), "user-not-verified")
    signs_in(machine, "alice", key)


def test_a_counter_that_goes_back(machine):
    key = enrol(machine, "alice")
    key.counter = 40
    signs_in(machine, "alice", key)
    key.counter = 30
    conversation = begin(machine, "alice")
    refused(machine, conversation, forward.encode_answer(fields_of(asked(conversation), key)),
            "counter-regressed")
    key.counter = 41
    signs_in(machine, "alice", key)


def test_a_passkey_that_was_removed_meanwhile(machine):
    key = enrol(machine, "alice")
    conversation = begin(machine, "alice")
    lines = forward.encode_answer(fields_of(asked(conversation), key))
    machine.connect().call(parts.CREDENTIALS, "Remove", "ss", "alice", browser.encode(key.id))
    refused(machine, conversation, lines, "credential-not-allowed")


def test_own_account_gets_the_reason(machine):
    """alice in a remote session of her own, and sudo in it."""
    key = enrol(machine, "alice")
    for user, context in (("alice", {}), ("root", {"ruser": "alice"})):
        conversation = machine.connect(user).authenticate("alice", service="sudo", rhost=RHOST,
                                                          **context)
        request = asked(conversation)
        step = say(conversation, forward.encode_answer(fields_of(request, key, "ssh://other")))
        result, text = outcome(step)
        assert result == "origin-mismatch" and "made for another host" in text
    for user, context in (("bob", {}), ("root", {"ruser": "bob"})):
        conversation = machine.connect(user).authenticate("bob", service="sudo", rhost=RHOST,
                                                          **context)
        assert outcome(conversation.next())[0] == "no-credentials"


def test_loopback_names_are_good_on_the_loopback_interface(machine):
    key = enrol(machine, "alice")
    for rhost in ("127.0.0.1", "::1", "localhost"):
        conversation = begin(machine, "alice", rhost=rhost)
        lines = forward.encode_answer(fields_of(asked(conversation), key, "ssh://[::1]"))
        assert outcome(say(conversation, lines))[0] == "ok"


def test_other_names_of_the_host(machine):
    machine.configure("[rp default]\nssh-hosts = far.example.net, 192.0.2.1\n")
    key = enrol(machine, "alice")
    for origin in ("ssh://far.example.net", "ssh://192.0.2.1"):
        conversation = begin(machine, "alice")
        lines = forward.encode_answer(fields_of(asked(conversation), key, origin))
        assert outcome(say(conversation, lines))[0] == "ok"
    conversation = begin(machine, "alice")
    refused(machine, conversation, forward.encode_answer(fields_of(asked(conversation), key)),
            "origin-mismatch")


# When


def test_a_local_session_is_not_asked(machine):
    machine.configure("[authenticator]\ninsert-timeout = 0\n")  # read when the daemon starts
    enrol(machine, "alice")
    conversation, events, kind = begin(machine, "alice", service="sudo", rhost=""), [], ""
    while kind != "done":
        kind, _, details = conversation.next()
        events.append(details.get("event"))
    assert "ssh" not in events and details["result"] == "no-device"


@pytest.mark.parametrize("config, context", [
    ("[service sudo]\nmethods = ssh, local\n", {}), ("", {"methods": "ssh"})])
def test_local_session_with_the_ssh_method_named(machine, config, context):
    machine.configure(config)
    key = enrol(machine, "alice")
    request = signs_in(machine, "alice", key, service="sudo", rhost="", **context)
    assert '"rhost":""' in request["context"]


# Parts


LONG_HOST = ".".join(["far" * 20] * 4)


@pytest.fixture
def large(machine):
    """Its signature and the host's name are too much for one line."""
    machine.configure(f"[rp default]\nssh-hosts = {LONG_HOST}\n")
    return enrol(machine, "alice", forward.RS256)


def test_parts(machine, large):
    conversation = begin(machine, "alice")
    text = question(conversation)
    request = request_of(text)
    lines = forward.answer(request, "ssh://" + LONG_HOST, large)
    assert len(lines) == 2
    more = question(conversation, text=lines[0])
    assert more.startswith("Part 2 of the answer:\npasskey1:")
    assert request_of(more) == {"kind": "more", "nonce": request["nonce"], "part": 2}
    assert outcome(conversation.next(text=lines[1]))[0] == "ok"


# name: (reason, what is made of the lines); "filler" is as long as a part that is not the last
FILLER = "x" * 509
PARTS = {
    "the second first": ("protocol", lambda lines: [lines[1]]),
    "the first twice": ("protocol", lambda lines: [lines[0], lines[0], "x"]),
    "another total": ("protocol", lambda lines: [lines[0], lines[1].replace("2/2", "2/3")]),
    "a part of none": ("invalid-input", lambda lines: [lines[0].replace("1/2", "1/1"), "x"]),
    "a part beyond": ("protocol", lambda lines: [lines[0].replace("1/2", "3/2"), "x"]),
    "too many": ("too-large", lambda lines: [lines[0].replace("1/2", "1/65"), "x"]),
    "not full": ("protocol", lambda lines: [lines[0][:-1]]),
    "blanks for text": ("protocol", lambda lines: [lines[0][:-4] + "    ", "x"]),
    "an empty one": ("invalid-input", lambda lines: [lines[0], ""]),
    "whole answer second": ("protocol", lambda lines: [lines[0], "passkey1:AAAA"]),
    "nonsense": ("invalid-input", lambda lines: [FILLER, FILLER, "x"]),
    "exact line": ("cbor-trailing-data", lambda lines: ["passkey1:" + "A" * 502, "x"]),
    "a broken part": ("invalid-input", lambda lines: [lines[0][:-1] + "=", lines[1]]),
}


def test_wrong_parts(machine, large):
    """The number of questions depends only on the lengths of the answers."""
    for reason, change in PARTS.values():
        conversation = begin(machine, "alice")
        request = asked(conversation)
        lines = change(forward.answer(request, "ssh://" + LONG_HOST, large))
        refused(machine, conversation, lines, reason)
        for user in ("alice", "nobody-here"):
            conversation = begin(machine, user)
            asked(conversation)
            instead = [junk(len(line)) for line in lines]
            assert outcome(say(conversation, instead)) == ("answer-refused", REFUSED)


def test_parts_are_limited(machine, large):
    for line, reason in ((FILLER, "invalid-input"), ("passkey1/1/64:" + "A" * 496, "protocol")):
        conversation = begin(machine, "alice")
        asked(conversation)
        refused(machine, conversation, [line] * 64, reason)


def test_other_texts_are_too_long_for_the_bus(machine):
    enrol(machine, "alice")
    for user in ("alice", "nobody-here"):
        conversation = begin(machine, user)
        asked(conversation)
        conversation.connection.fails("InvalidArguments", parts.CONVERSATION, "Next", "a{sv}",
                                      parts.vardict({"text": "A" * 1025}), path=conversation.path)
        assert outcome(conversation.next(text="no"))[0] == "answer-refused"
