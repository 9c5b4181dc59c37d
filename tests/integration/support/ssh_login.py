# SPDX-License-Identifier: BSD-2-Clause
"""Logins by the real ssh and sshd, in which a test answers for the client."""

import forward
import machine as parts
import ssh
from relying_party import register

ORIGIN = "ssh://127.0.0.1"


class Scene:
    """A server, a laptop with an askpass program of the test, and a key of alice."""

    def __init__(self, machine):
        self.machine = machine
        machine.configure()
        self.server = ssh.Server(machine)
        self.laptop = ssh.Laptop(machine)
        self.askpass = ssh.Askpass()
        self.key = self.enrol("alice")
        self.last = None

    def enrol(self, user, algorithm=forward.ES256):
        key = forward.Credential(algorithm)
        register(self.machine.connect(), user, key)
        return key

    def configure(self, text):
        self.machine.configure(text)
        self.machine.kill_daemon()

    def attempt(self, *arguments, **keywords):
        self.last = ssh.Attempt(self.laptop, self.askpass, *arguments, **keywords)
        return self.last

    def asked(self):
        """The next question, which must be a request."""
        prompt = self.askpass.next(self.last.process)
        assert prompt.request, prompt.text
        return prompt

    def result(self, expected, user="alice"):
        assert self.machine.results() == [("sshd", user, expected)]

    def logged(self, pattern, since=0):
        return self.machine.syslog.wait(pattern, since, parts.AUTHPRIV)


def fields(scene, request, origin=ORIGIN, **more):
    return forward.answer_fields(request, origin, scene.key, **more)


def send(prompt, answer):
    lines = forward.encode_answer(answer)
    assert len(lines) == 1
    prompt.answer(lines[0])
