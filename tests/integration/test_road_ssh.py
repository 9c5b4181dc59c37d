# SPDX-License-Identifier: BSD-2-Clause
"""The ssh road at the bus: the test is the far end of the connection."""

import pytest

import forward
import house
import machine as parts
import webauthn_client as browser

HOST = "ssh://" + house.HOST
FAR = "198.51.100.7"
REFUSED = "The answer was refused."


def enrol(machine, user, algorithm=forward.ES256, **credential):
    """A passkey of the host's relying party, as a browser would bring it."""
    made = forward.Credential(algorithm, **credential)
    root = machine.connect()
    challenge, options, _ = root.call(parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", user,
                                      parts.vardict({}))
    root.call(parts.RELYING_PARTY, "FinishRegistration", "ss", challenge,
              browser.register(str(options), made))
    return made


def begin(machine, user, **context):
    """As sshd does."""
    context = {"service": "sshd", "rhost": FAR, **context}
    return machine.connect().authenticate(user, **context)


def question(conversation, **answer):
    kind, text, details = conversation.next(**answer)
    assert (kind, details["event"]) == ("ask", "ssh"), (kind, text, details)
    return text


def request_of(text):
    return forward.decode_request(forward.find(text))


def asked(conversation):
    return request_of(question(conversation))


def say(conversation, lines):
    """Gives the answer in its parts; what comes after the last."""
    for line in lines[:-1]:
        more = request_of(question(conversation, text=line))
        assert more["kind"] == "more"
    return conversation.next(text=lines[-1])


def outcome(step):
    kind, text, details = step
    assert kind == "done", step
    return details["result"], text


def signs_in(machine, user, *keys, **context):
    conversation = begin(machine, user, **context)
    request = asked(conversation)
    kind, text, details = say(conversation, forward.answer(request, HOST, *keys))
    assert (kind, details["result"], details.get("user")) == ("done", "ok", user), (text, details)
    return request


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
    assert request["kind"] == "get" and request["rp_id"] == house.HOST
    assert request["credentials"] == [key.id]
    assert '"rhost":"198.51.100.7"' in request["context"]
    assert 100 <= request["timeout"] <= 120
    kind, _, details = say(conversation, forward.answer(request, HOST, key))
    assert (kind, details["result"], details["user"]) == ("done", "ok", "alice")
    line = machine.syslog.wait(r"sign-in of alice \(default\): ok, passkey", mark)
    assert request["context"] in line
    signs_in(machine, "alice", key)


@pytest.mark.parametrize("algorithm", [forward.EDDSA, forward.RS256])
def test_other_algorithms(machine, algorithm):
    signs_in(machine, "alice", enrol(machine, "alice", algorithm))
