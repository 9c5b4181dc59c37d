# SPDX-License-Identifier: BSD-2-Clause
"""Clients of the real sshd cannot learn which accounts exist, have a passkey or are locked."""

import bisect
import json
import random
import socket
import subprocess
import time

import paramiko
import pytest

import forward
import machine as parts
import namespace
import ssh
from relying_party import register

pytestmark = pytest.mark.real_programs

TARGET = ("127.0.0.1", 22)
STACK = """auth [success=done default=ignore] pam_passkey.so
auth required pam_deny.so
account required pam_unix.so
account required pam_nologin.so
session required pam_permit.so
"""
# What they are, and whether they have a passkey.
PEOPLE = {
    "alice": "has a passkey",
    "bob": "has none",
    "carol": "has one, and a locked password and shell",
    "dave": "has one, and has expired",
    "erin": "has one, and is in DenyUsers",
    "frank": "does not exist",
    "grace": "does not exist either",
}


@pytest.fixture
def server(machine):
    machine.configure()
    for path in ("/etc/passwd", "/etc/shadow"):
        subprocess.run(["cp", "-p", path, namespace.SCRATCH + path.replace("/", "-")], check=True)
    subprocess.run(["usermod", "-L", "-s", "/usr/sbin/nologin", "carol"], check=True)
    subprocess.run(["usermod", "-e", "1", "dave"], check=True)
    root = machine.connect()
    for user in ("alice", "carol", "dave", "erin"):
        register(root, user, forward.Credential())
    yield ssh.Server(machine, "DenyUsers erin\nMaxAuthTries 1000\nLoginGraceTime 0\n", stack=STACK)
    for path in ("/etc/passwd", "/etc/shadow"):
        subprocess.run(["cp", "-p", namespace.SCRATCH + path.replace("/", "-"), path], check=True)


class Client:
    """One connection for one name, as paramiko makes it; it may try several times."""

    def __init__(self, user):
        self.user = user
        self.transport = paramiko.Transport(socket.create_connection(TARGET))
        self.transport.start_client(timeout=parts.PATIENCE)
        self.rounds = []  # of the last attempt: (name, instructions, [(prompt, echo)])
        self.times = []  # seconds until each question, and until the end

    def attempt(self, answer):
        """answer(text) for each question. True: it got in."""
        self.rounds, self.times = [], []
        since = time.monotonic()

        def handler(title, instructions, prompts):
            nonlocal since
            self.times.append(time.monotonic() - since)
            self.rounds.append((title, instructions, list(prompts)))
            answers = [answer(text) for text, _ in prompts]
            since = time.monotonic()
            return answers

        try:
            self.transport.auth_interactive(self.user, handler)
            return True
        except paramiko.AuthenticationException:
            return False
        finally:
            self.times.append(time.monotonic() - since)

    def close(self):
        self.transport.close()


@pytest.fixture
def clients(server):
    people = {user: Client(user) for user in PEOPLE}
    yield people
    for each in people.values():
        each.close()


def request_of(text):
    return forward.decode_request(forward.find(text))


def normal(user, rounds):
    """What may differ is taken out: the nonce, the ids, the name that was asked for."""

    def of(text):
        line = forward.find(text)
        if not line:
            return text.replace(user, "NAME")
        request = forward.decode_request(line)
        if request["kind"] == "more":
            return text.replace(line, "MORE"), request["part"]
        context = json.loads(request["context"])
        assert context.pop("user") == user
        assert 1 <= len(request["credentials"]) <= 9
        assert all(32 <= len(each) <= 128 for each in request["credentials"])
        return (text.replace(line, "REQUEST").replace(user, "NAME"), json.dumps(context),
                *(value for name, value in sorted(request.items())
                  if name not in ("nonce", "context", "credentials")))

    return [(title, instructions, [(of(text), echo) for text, echo in prompts])
            for title, instructions, prompts in rounds]


KEY = forward.Credential()


def wrong(text):
    """A well-formed answer of a key that nobody has enrolled; an empty one to other questions."""
    line = forward.find(text)
    if not line:
        return ""
    KEY.counter = -1
    return forward.encode_answer(forward.answer_fields(forward.decode_request(line),
                                                       "ssh://127.0.0.1", KEY))[0]


def foreign(text):
    line = forward.find(text)
    return forward.encode_answer(forward.answer_fields(
        forward.decode_request(line), "ssh://" + ssh.EVIL, KEY))[0] if line else ""


def recovery(text):
    """No passkey; then an invalid recovery code."""
    return "" if forward.find(text) else "abcde-fghij-klmno-pqrst"


ANSWERS = {
    "wrong key": wrong,
    "wrong origin": foreign,
    "nothing": lambda text: "",
    "junk": lambda text: "open sesame",
    "a cut line": lambda text: wrong(text)[:-7],
    "a long line": lambda text: "passkey1:" + 502 * "A",
    "a first part": lambda text: "passkey1/1/2:" + 498 * "A",
    "a recovery code": recovery,
}


def together(clients, function):
    """Runs it for all of them at a time; what it returned for each."""
    threads = {user: ssh.in_background(function, client)
               for user, client in random.sample(list(clients.items()), len(clients))}
    return {user: thread.join() for user, thread in threads.items()}


SLOW = ("a long line", "a first part")  # sixty-four rounds each


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.slow) if kind in SLOW
                                  else kind for kind in ANSWERS])
def test_same_questions_and_rounds(machine, clients, kind):
    run = together
    if kind == "a recovery code":  # they are counted by where they come from: for each anew
        def run(clients, function):
            return {user: machine.kill_daemon() and function(client)
                    for user, client in clients.items()}
    got_in = run(clients, lambda client: client.attempt(ANSWERS[kind]))
    assert not any(got_in.values())
    seen = {user: normal(user, client.rounds) for user, client in clients.items()}
    assert forward.find(clients["frank"].rounds[0][2][0][0])
    for user, rounds in seen.items():
        assert rounds == seen["frank"], f"{user} {PEOPLE[user]}"


def test_decoy_ids_stay(machine, clients):
    def ids():
        def of(client):
            client.attempt(lambda text: "")
            return request_of(client.rounds[0][2][0][0])["credentials"]

        return together(clients, of)

    first = ids()
    assert ids() == first
    machine.kill_daemon()
    assert ids() == first
    every = [each for credentials in first.values() for each in credentials]
    assert len(set(every)) == len(every)
    nonces = set()
    for _ in range(2):
        clients["frank"].attempt(lambda text: "")
        nonces.add(request_of(clients["frank"].rounds[0][2][0][0])["nonce"])
    assert len(nonces) == 2


def test_only_the_log_has_the_reason(machine, clients):
    expected = {"bob": "no-credentials", "frank": "unknown-user"}
    for user, reason in expected.items():
        since = machine.syslog.mark()
        clients[user].attempt(wrong)
        machine.syslog.wait(rf"sign-in of {user} .*refused, {reason} ", since, parts.AUTHPRIV)


def auc(ones, others):
    """How often one of the first is greater than one of the second; 0.5: no difference."""
    others = sorted(others)
    return sum((bisect.bisect_left(others, one) + bisect.bisect_right(others, one)) / 2
               for one in ones) / (len(ones) * len(others))


# sshd itself holds up the first answer after each question that begins an attempt, by a time that
# it makes out of the name (ensure_minimum_time_since() in auth2.c, at most as long again as the
# question took). To measure anything else a client waits until that time is over.
AFTER_SSHD = 0.13


def after_sshds_own_delay(answer):
    first = True

    def later(text):
        nonlocal first
        if first:
            time.sleep(AFTER_SSHD)
        first = False
        return answer(text)

    return later


def one_code():
    """A wrong recovery code once; more would lock the codes, for every account."""
    codes = iter(["abcde-fghij-klmno-pqrst"])
    return lambda text: "" if forward.find(text) else next(codes, "")


def measure(clients, make_answer, times):
    """All at once, so that other load of the machine affects them in the same way."""
    found = {user: [] for user in clients}

    def attempt(client):
        client.attempt(after_sshds_own_delay(make_answer()))
        return client.times

    for _ in range(times):
        for user, seconds in together(clients, attempt).items():
            found[user].append(seconds)
    return found


# Without a difference two samples differ by so much (3.4 standard deviations of the Mann-Whitney
# test) once in 1,700 times. There are up to 84 comparisons, and what differs is measured once more
# before it counts: one false alarm in 36,000 runs.
TIMES, THRESHOLD = 24, 0.29


def distinguishable(found, steps):
    wrong_pairs = []
    people = sorted(found)
    for index, one in enumerate(people):
        for other in people[index + 1:]:
            for step in range(steps):
                value = auc([times[step] for times in found[one]],
                            [times[step] for times in found[other]])
                if abs(value - 0.5) > THRESHOLD:
                    wrong_pairs.append((one, other, step, round(value, 2)))
    return wrong_pairs


def assert_same_time(clients, make_answer, more=lambda: None):
    """more: done between the measurements."""
    measure(clients, make_answer, 1)  # what is done once

    def measured():
        found = {user: [] for user in clients}
        for _ in range(TIMES // 4):
            more()
            for user, times in measure(clients, make_answer, 4).items():
                found[user] += times
        return distinguishable(found, len(clients["frank"].times))

    first = measured()
    if first:
        again = measured()
        both = {pair[:3] for pair in first} & {pair[:3] for pair in again}
        assert not both, (first, again)


@pytest.mark.parametrize("kind", ["wrong key", pytest.param("nothing", marks=pytest.mark.slow)])
def test_same_time(clients, kind):
    assert_same_time(clients, lambda: ANSWERS[kind])


@pytest.mark.slow
def test_same_time_for_recovery_codes(machine, clients):
    """Each costs an scrypt; a daemon that was started again has forgotten the wrong ones."""
    assert_same_time(clients, one_code, machine.kill_daemon)


def test_the_measurement_sees_a_millisecond_or_so():
    """A difference that is there would be found."""
    draw = random.Random(4)  # fewer would be too close once in 1,000 times
    spread = [draw.gauss(10, 0.5) for _ in range(TIMES)]
    slower = [draw.gauss(11, 0.5) for _ in range(TIMES)]
    assert abs(auc(spread, slower) - 0.5) > THRESHOLD
    assert distinguishable({"a": [[each] for each in spread], "b": [[each] for each in slower]}, 1)
