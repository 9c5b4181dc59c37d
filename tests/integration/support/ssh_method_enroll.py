# SPDX-License-Identifier: BSD-2-Clause
"""An enrolment by the ssh method over the bus, answered by a test."""

import json

import forward
import machine as parts
import namespace

RHOST = "192.0.2.7"
ORIGIN = "ssh://" + namespace.HOST


class Enrolment:
    """One over the bus, as root for alice, up to the request."""

    def __init__(self, machine, connection=None, **options):
        options.setdefault("rhost", RHOST)
        self.machine = machine
        self.mark = machine.syslog.mark()
        self.conversation = (connection or machine.connect()).enroll("alice", **options)
        self.kind, self.text, details = self.conversation.next()
        self.event = details.get("event")
        self.line = forward.find(self.text)
        self.request = forward.decode_request(self.line) if self.line else None
        self.asked = []  # texts of what was asked after the first answer

    def give(self, *lines):
        """The details of what comes then: done's."""
        for line in lines:
            kind, self.text, details = self.conversation.next(text=line)
            if kind == "done":
                return details
            assert (kind, details["event"]) == ("ask", "ssh")
            self.asked.append(self.text)
        raise AssertionError("still asked: " + self.text)

    def answer(self, key, origin=ORIGIN, **more):
        return self.give(*forward.answer(self.request, origin, key, **more))

    def lie(self, key, origin=ORIGIN, **fields):
        """The right answer but for these fields."""
        right = forward.answer_fields(self.request, origin, key)
        return self.give(*forward.encode_answer({**right, **fields}))

    def refused(self, status, details):
        """It ended so, the log says why, and nothing is enrolled."""
        assert details["result"] == status, self.text
        self.machine.syslog.wait(rf"enrolment for alice.*refused, {status} ", since=self.mark,
                                 facility=parts.AUTHPRIV)
        return listed(self.machine) == []


def listed(machine):
    return json.loads(machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "alice",
                                             parts.vardict({})))


