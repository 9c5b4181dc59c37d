# SPDX-License-Identifier: BSD-2-Clause
"""Signing in with the real ssh and sshd, where the client lies: each refusal, and its log line.

The client's answers are made by the test (tests/lib/forward.py), so that it can make wrong ones;
test_passkey_ssh_sign_in.py does the same with the programs that people use.
"""

import re

import pytest

import forward
import machine as parts
import namespace
import ssh
from ssh_login import ORIGIN, Scene, fields, send

pytestmark = pytest.mark.real_programs

FOREIGN = "ssh://" + ssh.EVIL


@pytest.fixture
def scene(machine):
    scene = Scene(machine)
    yield scene
    scene.askpass.close()


def refusal(scene, attempt, reason, user="alice"):
    """ssh did not get in, and the log says why."""
    assert attempt.refused()
    scene.result("auth_err", user)
    line = scene.logged(rf"sign-in of {user} \(default\): refused, ")
    assert re.search(f"refused, ({reason}) ", line), line
    assert '"service":"sshd"' in line
    return line


# --- what it looks like ----------------------------------------------------------------------


def test_signs_in(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    request = prompt.request
    send(prompt, fields(scene, request))
    assert attempt.end() == "alice", attempt.errors
    scene.result("success")
    line = scene.logged(r"sign-in of alice \(default\): ok")
    assert '"rhost":"127.0.0.1"' in line and '"service":"sshd"' in line
    assert request["rp_id"] == namespace.HOST
    assert request["credentials"] == [scene.key.id]


def test_the_prompt_is_for_people_too(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    prefix, rest = prompt.text[:len("(alice@127.0.0.1) ")], prompt.text[len("(alice@127.0.0.1) "):]
    assert prefix == "(alice@127.0.0.1) "  # written by the client itself
    assert rest.isascii()
    lines = rest.rstrip("\n ").split("\n")
    assert len(lines) > 1 and all(len(line) <= 78 for line in lines[:-1]), rest
    assert namespace.HOST.split(".")[0] in rest and "passkey-ssh" in rest
    prompt.give_up()
    attempt.decline_rest()
    assert attempt.refused()


def test_every_login_has_its_own_challenge(scene):
    attempts = [scene.attempt(tag=tag) for tag in "ab"]
    prompts = {prompt.tag: prompt for prompt in (scene.asked(), scene.asked())}
    assert prompts["a"].request["nonce"] != prompts["b"].request["nonce"]
    for tag, attempt in zip("ba", reversed(attempts)):
        send(prompts[tag], fields(scene, prompts[tag].request))
        assert attempt.end() == "alice", attempt.errors


@pytest.mark.parametrize("name", [namespace.HOST, "web1", "localhost", "127.0.0.1", "::1"])
def test_by_every_name_of_this_host(scene, name):
    attempt = scene.attempt(f"alice@{name}" if name != "::1" else "alice@::1")
    prompt = scene.asked()
    host = f"[{name}]" if ":" in name else name
    send(prompt, fields(scene, prompt.request, "ssh://" + host))
    assert attempt.end() == "alice", (attempt.errors, scene.machine.syslog.text())


@pytest.mark.parametrize("algorithm", [forward.EDDSA, forward.RS256])
def test_other_algorithms_and_answers_in_parts(scene, algorithm):
    """An RS256 answer that names a long host takes two rounds."""
    name = "a-host-with-quite-a-long-name.of-a-department.of-a-large-organization.example.org"
    scene.configure(f"[rp default]\nssh-hosts = {name}\n")
    scene.key = scene.enrol("carol", algorithm)
    attempt = scene.attempt("carol@127.0.0.1")
    prompt = scene.asked()
    lines = forward.encode_answer(fields(scene, prompt.request, "ssh://" + name))
    assert len(lines) == (2 if algorithm == forward.RS256 else 1)
    for number, line in enumerate(lines, 1):
        assert len(line) <= forward.LINE_MAX
        prompt.answer(line)
        if number < len(lines):
            nonce = prompt.request["nonce"]
            prompt = scene.asked()
            assert prompt.request == {"kind": "more", "nonce": nonce, "part": number + 1}
    assert attempt.end() == "carol", attempt.errors


# --- refused ---------------------------------------------------------------------------------


def test_wrong_origin(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    send(prompt, fields(scene, prompt.request, FOREIGN))
    refusal(scene, attempt, "origin-mismatch")
    scene.logged(re.escape(FOREIGN))  # the origin that came


@pytest.mark.parametrize("origin", [
    "https://" + namespace.HOST, "ssh://" + namespace.HOST.upper(), "ssh://example.org",
    "ssh://" + namespace.HOST + ":22",
    *(pytest.param(origin, marks=pytest.mark.slow) for origin in (
        "ssh://" + namespace.HOST + ".", "ssh://alice@" + namespace.HOST,
        "ssh://" + namespace.HOST + "/", "ssh://", namespace.HOST, "local://" + namespace.HOST))])
def test_origins_are_whole_strings(scene, origin):
    attempt = scene.attempt()
    prompt = scene.asked()
    send(prompt, fields(scene, prompt.request, origin))
    refusal(scene, attempt, "origin-mismatch|protocol|invalid-input")


def test_other_rp_id(scene):
    """The key signed for another relying party, whose id is only in what is signed."""
    attempt = scene.attempt()
    prompt = scene.asked()
    send(prompt, forward.answer_fields({**prompt.request, "rp_id": ssh.EVIL}, ORIGIN, scene.key))
    refusal(scene, attempt, "signature-invalid")


def test_replayed_answer(scene):
    first = scene.attempt()
    prompt = scene.asked()
    old = fields(scene, prompt.request)
    send(prompt, old)
    assert first.end() == "alice"
    namespace.write(namespace.RESULTS, "", 0o666)
    second = scene.attempt()
    send(scene.asked(), old)
    assert second.refused()
    scene.result("auth_err")
    scene.logged(r"sign-in of alice \(default\): refused, challenge-mismatch ")


def test_replayed_answer_that_hides_it(scene):
    """It claims to be for the new challenge; the signature is still for the old one."""
    first = scene.attempt()
    prompt = scene.asked()
    old = fields(scene, prompt.request)
    send(prompt, old)
    assert first.end() == "alice"
    namespace.write(namespace.RESULTS, "", 0o666)
    second = scene.attempt()
    prompt = scene.asked()
    challenge = forward.challenge_of(prompt.request)
    send(prompt, {**old, "challenge": challenge[:forward.CHALLENGE_START]})
    assert second.refused()
    scene.logged(r"sign-in of alice \(default\): refused, signature-invalid ")


def test_answer_for_another_connection(scene):
    mine, other = scene.attempt(tag="mine"), scene.attempt(tag="other")
    prompts = {prompt.tag: prompt for prompt in (scene.asked(), scene.asked())}
    stolen = fields(scene, prompts["other"].request)
    send(prompts["mine"], stolen)
    refusal(scene, mine, "challenge-mismatch")
    send(prompts["other"], stolen)  # where it belongs it is good all the same
    assert other.end() == "alice", other.errors


def test_another_users_key(scene):
    bobs = scene.enrol("bob")
    attempt = scene.attempt()
    prompt = scene.asked()
    assert bobs.id not in prompt.request["credentials"]
    send(prompt, forward.answer_fields(prompt.request, ORIGIN, bobs))
    refusal(scene, attempt, "signature-invalid")


def test_a_credential_that_was_not_offered(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    send(prompt, {**fields(scene, prompt.request), "credential": 1})
    refusal(scene, attempt, "protocol|credential-not-allowed")


def test_user_verification_is_required_and_missing(scene):
    scene.configure("[rp default]\nuser-verification = required\n")
    attempt = scene.attempt()
    prompt = scene.asked()
    assert prompt.request["user_verification"] == forward.REQUIRED
    send(prompt, fields(scene, prompt.request, flags=forward.UP))
    refusal(scene, attempt, "user-not-verified")


def test_not_touched(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    send(prompt, fields(scene, prompt.request, flags=0))
    refusal(scene, attempt, "user-not-present")


def test_counter_going_back(scene):
    scene.key.counter = 10
    first = scene.attempt()
    prompt = scene.asked()
    send(prompt, fields(scene, prompt.request))
    assert first.end() == "alice"
    namespace.write(namespace.RESULTS, "", 0o666)
    scene.key.counter = 1
    second = scene.attempt()
    prompt = scene.asked()
    send(prompt, fields(scene, prompt.request))
    assert second.refused()
    scene.logged(r"sign-in of alice \(default\): refused, counter-regressed ")


def test_the_challenge_start_decides_nothing(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    challenge = bytes(32)
    answer = fields(scene, prompt.request, challenge=challenge)
    real = forward.challenge_of(prompt.request)
    send(prompt, {**answer, "challenge": real[:forward.CHALLENGE_START]})
    refusal(scene, attempt, "signature-invalid")


@pytest.mark.parametrize("junk", [
    "yes", "passkey1:", "passkey1:AAAA", "passkey1:%%%%", "passkey2:oQEB", "passkey1/2/2:AAAA",
    "passkey1/1/99:AAAA", "passkey1/0/1:AAAA", "\b\n\r\177", "x" * 500, "passkey1:" + "A" * 502],
    ids=range(11))
def test_junk(scene, junk):
    attempt = scene.attempt()
    scene.asked().answer(junk.split("\n")[0])
    attempt.decline_rest()
    refusal(scene, attempt, "invalid-input|protocol|too-large|truncated|cbor-[a-z-]+|trailing-data")


def test_passkey_removed_in_the_middle(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    scene.machine.connect().call(parts.CREDENTIALS, "Remove", "ss", "alice",
                                 forward.b64(scene.key.id))
    send(prompt, fields(scene, prompt.request))
    refusal(scene, attempt, "credential-not-allowed")


# --- time ------------------------------------------------------------------------------------


def test_answer_after_the_deadline(scene):
    namespace.write("/etc/pam.d/sshd", namespace.service("timeout=2"))
    attempt = scene.attempt()
    prompt = scene.asked()
    answer = fields(scene, prompt.request)
    assert 0 < prompt.request["timeout"] <= 2
    line = scene.logged(r"sign-in of alice \(default\): refused, timeout ")
    assert '"rhost":"127.0.0.1"' in line
    send(prompt, answer)
    assert attempt.refused()
    scene.result("auth_err")


def test_login_grace_time(scene):
    """sshd hangs up; the conversation goes with it, and the answer that comes then finds nobody."""
    scene.server.stop()
    scene.server = ssh.Server(scene.machine, "LoginGraceTime 2\n")
    attempt = scene.attempt()
    prompt = scene.asked()
    # sshd's own line is missing in Debian 12's build, which must not log from a signal handler.
    scene.logged(r"sign-in of alice \(default\): refused, cancelled ")
    send(prompt, fields(scene, prompt.request))
    assert attempt.end() is None
    assert not scene.machine.results()
    assert "sign-in of alice (default): ok" not in scene.machine.syslog.text()


def test_ctrl_c(scene):
    attempt = scene.attempt()
    prompt = scene.asked()
    attempt.process.terminate()
    scene.logged(r"sign-in of alice \(default\): refused, cancelled ")
    prompt.give_up()


def test_max_auth_tries(scene):
    """Each conversation that fails counts one, however many questions it had."""
    scene.server.stop()
    scene.server = ssh.Server(scene.machine, "MaxAuthTries 3\n")
    attempt = scene.attempt(client=("ssh", "-o", "PreferredAuthentications=keyboard-interactive",
                                    "-o", "NumberOfPasswordPrompts=10"))
    nonces = set()
    for _ in range(3):
        prompt = scene.asked()
        nonces.add(prompt.request["nonce"])
        send(prompt, fields(scene, prompt.request, FOREIGN))
    assert attempt.end() is None
    assert "Too many authentication failures" in attempt.errors
    scene.machine.syslog.wait("maximum authentication attempts exceeded for alice",
                              facility=ssh.AUTH)
    assert len(nonces) == 3
    assert [result for *_, result in scene.machine.results()] == ["auth_err"] * 3


def test_second_try_after_a_wrong_one(scene):
    attempt = scene.attempt(client=("ssh", "-o", "PreferredAuthentications=keyboard-interactive"))
    prompt = scene.asked()
    send(prompt, fields(scene, prompt.request, FOREIGN))
    prompt = scene.asked()
    send(prompt, fields(scene, prompt.request))
    assert attempt.end() == "alice"
