# SPDX-License-Identifier: BSD-2-Clause
"""The ssh method at the bus: a test asks as sshd does, and answers as the ssh client would."""

import forward
import machine as parts
import namespace
import webauthn_client as browser

HOST = "ssh://" + namespace.HOST
RHOST = "198.51.100.7"


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
    context = {"service": "sshd", "rhost": RHOST, **context}
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


def fields_of(request, key, origin=HOST, **more):
    return forward.answer_fields(request, origin, key, **more)


def junk(length):
    """What sshd passes to PAM instead of the answer of a user who is not allowed to sign in."""
    return ("\b\n\r\177INCORRECT" * (length // 13 + 1))[:length]


def signs_in(machine, user, *keys, **context):
    conversation = begin(machine, user, **context)
    request = asked(conversation)
    kind, text, details = say(conversation, forward.answer(request, HOST, *keys))
    assert (kind, details["result"], details.get("user")) == ("done", "ok", user), (text, details)
    return request
