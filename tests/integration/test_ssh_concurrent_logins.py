# SPDX-License-Identifier: BSD-2-Clause
"""Many sign-ins by ssh at a time: each has its own challenge and waits for its own touch only."""

import random

import pytest

import forward
import machine as parts
import namespace
from ssh_login import ORIGIN, Scene, send

pytestmark = pytest.mark.real_programs

LOGINS = 50


@pytest.fixture
def scene(machine):
    scene = Scene(machine)
    yield scene
    scene.askpass.close()


def test_fifty_at_once(scene):
    keys = {"alice": scene.key, **{user: scene.enrol(user) for user in ("bob", "carol", "dave")}}
    users = [list(keys)[number % len(keys)] for number in range(LOGINS)]
    attempts = [scene.attempt(f"{user}@127.0.0.1", tag=str(number))
                for number, user in enumerate(users)]
    prompts = [scene.askpass.next() for _ in attempts]
    prompts.sort(key=lambda prompt: int(prompt.tag))
    assert [prompt.tag for prompt in prompts] == [str(number) for number in range(LOGINS)]
    assert len({prompt.request["nonce"] for prompt in prompts}) == LOGINS

    def touch(number):
        key, request = keys[users[number]], prompts[number].request
        key.counter = -1  # a key without a counter: which of its signatures comes first is open
        send(prompts[number], forward.answer_fields(request, ORIGIN, key))

    never, *others = random.sample(range(LOGINS), LOGINS)
    for number in others:
        touch(number)
    for number in others:
        assert attempts[number].end() == users[number], attempts[number].errors
    assert attempts[never].process.poll() is None  # nobody has touched that key yet
    assert len(scene.machine.results()) == LOGINS - 1
    touch(never)
    assert attempts[never].end() == users[never]
    assert {result for *_, result in scene.machine.results()} == {"success"}


def test_wrong_answers_affect_no_other_sign_in(scene):
    attempts = [scene.attempt(tag=str(number)) for number in range(6)]
    prompts = sorted((scene.askpass.next() for _ in attempts), key=lambda each: int(each.tag))
    scene.key.counter = -1
    answers = []
    for prompt in prompts:
        scene.key.counter = -1
        answers.append(forward.answer_fields(prompt.request, ORIGIN, scene.key))
    for number in (1, 3, 5):  # each gives the answer of the next
        send(prompts[number], answers[(number + 1) % 6])
    for number in (0, 2, 4):
        send(prompts[number], answers[number])
    assert [attempt.end() for attempt in attempts] == ["alice", None] * 3


def test_limit_of_pending_sign_ins(scene):
    """At its limit a sign-in is refused at once, and those that wait are not disturbed."""
    scene.configure("")
    attempt = scene.attempt()
    prompt = scene.asked()
    held = []
    while True:
        root = scene.machine.connect()
        before = len(held)
        try:
            while True:
                held.append(root.authenticate("alice", service="sshd",
                                              rhost=f"192.0.2.{len(held) % 4 + 1}"))
        except parts.dbus.DBusException as error:
            assert error.get_dbus_name() == parts.ERROR + "LimitExceeded", error
        if len(held) == before:  # not this connection's limit, but everybody's
            break
    full = scene.attempt()
    assert full.refused()
    assert scene.machine.results() == [("sshd", "alice", "maxtries")]
    send(prompt, forward.answer_fields(prompt.request, ORIGIN, scene.key))
    assert attempt.end() == "alice"
    for conversation in held:
        conversation.cancel()
    namespace.write(namespace.RESULTS, "", 0o666)
    attempt = scene.attempt()
    prompt = scene.asked()
    send(prompt, forward.answer_fields(prompt.request, ORIGIN, scene.key))
    assert attempt.end() == "alice"
