# SPDX-License-Identifier: BSD-2-Clause
"""Nobody tries the PIN of a key that is not theirs: no stranger, and no program with a password."""

import os
import subprocess

import pexpect
import pytest

import machine as parts
import namespace
from apps import App, Sudo

pytestmark = pytest.mark.real_programs

PIN = "123456"
WITH_PASSWORD = "auth sufficient pam_unix.so try_first_pass\nauth requisite pam_deny.so\n"


@pytest.fixture
def blue(machine, keys):
    """alice's, with a PIN."""
    key = keys.add("blue", product="Blue").set_pin(PIN).set(touch="immediate")
    machine.enrol("alice", "blue", pin=PIN)
    return key


def said_to(conversation, answer="000000"):
    """All that a caller is told who answers each question."""
    seen, more = [], {}
    while True:
        kind, text, details = conversation.next(**more)
        more = {}
        seen.append((kind, text))
        if kind == "done":
            return seen, details["result"]
        if kind == "ask-secret":
            more = {"secret": parts.secret(answer)}
        elif kind == "ask":
            more = {"text": "yes"}


# Case 01: bob burns the PIN of alice's key

@pytest.mark.parametrize("uv", ["required", "preferred", "discouraged"])
def test_who_has_no_passkey_is_asked_for_no_pin(machine, blue, uv):
    bob = machine.connect("bob")
    seen, result = said_to(bob.authenticate("", identify=True, uv=uv))
    assert result == "no-credentials"
    assert [kind for kind, _ in seen] == ["done"]
    assert blue.info()["pin_tries"] == 8


@pytest.mark.parametrize("always", [False, True])
def test_a_passkey_without_pin_is_no_reason_to_ask_for_that_of_another_key(machine, keys, always):
    """bob has a key of his own at home; alice's may say nothing before it knows its PIN."""
    machine.configure("[authenticator]\ninsert-timeout = 3\n")
    blue = keys.add("blue", product="Blue", always_uv=always).set_pin(PIN).set(touch="immediate")
    machine.enrol("alice", "blue", pin=PIN)
    blue.unplug()
    his = keys.add("his").set(touch="immediate")
    machine.enrol("bob", "his")
    his.unplug()
    blue.plug()
    bob = machine.connect("bob")
    for context in ({"uv": "required"}, {"identify": True, "uv": "required"}, {}):
        seen, result = said_to(bob.authenticate("" if "identify" in context else "bob", **context))
        assert result in ("no-match", "no-device"), (seen, result)
        assert "ask-secret" not in [kind for kind, _ in seen], seen
    assert blue.info()["pin_tries"] == 8


def test_at_most_two_tries_of_a_key_that_hides(machine, keys):
    """bob has passkeys that need a PIN: then a key that hides what it holds may be his."""
    machine.configure("[authenticator]\ninsert-timeout = 3\n")
    blue = keys.add("blue", product="Blue", always_uv=True).set_pin(PIN).set(touch="immediate")
    machine.enrol("alice", "blue", pin=PIN)
    blue.unplug()
    his = keys.add("his", product="His", always_uv=True).set_pin(PIN).set(touch="immediate")
    machine.enrol("bob", "his", pin=PIN)
    his.unplug()
    blue.plug()
    bob = machine.connect("bob")
    for _ in range(6):
        seen, _ = said_to(bob.authenticate("bob", uv="required"))
        blue.replug()
    assert any("Two wrong PINs" in text for _, text in seen), seen
    assert blue.info()["pin_tries"] == 6


def test_the_last_tries_are_its_owners(machine, keys, blue):
    """su alice, by bob: the key shows alice's passkey, but the tries are bob's."""
    blue.set_pin(PIN, 3)
    child = machine.terminal("bob", ["su", "alice", "-c", "id"])
    child.expect("has only 3 PIN tries left. They are kept for whoever has a passkey on it.")
    child.expect(pexpect.EOF)
    assert blue.info()["pin_tries"] == 3
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(15)
    hers = Sudo(machine)
    hers.child.expect('PIN of your security key "Blue"\r\nPIN: ')
    hers.child.sendline(PIN)
    assert hers.accepted(), hers.screen


def test_two_that_look_alike_are_told_apart(machine, keys, blue):
    second = keys.add("green", product="Blue").set_pin(PIN).set(touch="immediate")
    blue.unplug()
    machine.enrol("alice", "green", pin=PIN)
    blue.plug()
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(15)
    running = Sudo(machine)
    running.child.expect('PIN of your security key "Blue, [^"]+"\r\nPIN: ')
    running.child.sendline(PIN)
    assert running.accepted(), running.screen
    assert second


# Case 08: bob holds alice's key at its PIN question

def test_an_open_question_holds_no_key(machine, keys, blue):
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(15)
    machine.enrol("bob", "bobs", pin=PIN)
    bob = machine.connect("bob")
    held = [bob.authenticate("bob", timeout=600) for _ in range(2)]
    kind, _, details = held[0].next()
    hers = Sudo(machine)
    hers.child.expect("requests want the security key \"Blue\":")
    hers.child.expect('Enter, or "no": ')
    hers.child.sendline("")
    hers.child.expect('PIN of your security key "Blue"\r\nPIN: ')
    hers.child.sendline(PIN)
    assert hers.accepted(), hers.screen
    assert blue.info()["pin_tries"] == 8


# Programs that answer with the password

class Piped(App):
    """sudo -S, with the password on a pipe."""
    service, caller, owner = "sudo", "alice", "alice"
    command = ["sh", "-c", f"echo \"{namespace.password('alice')}\" | sudo -S -u bob id -un"]


class Askpass(App):
    service, caller, owner = "sudo", "alice", "alice"
    command = ["sudo", "-A", "-u", "bob", "id", "-un"]


@pytest.fixture
def with_password(machine):
    """sudo asks for the passkey, and then for the password."""
    namespace.write("/etc/pam.d/sudo",
                    "auth sufficient pam_passkey.so\n" + WITH_PASSWORD + namespace.REST)
    yield
    namespace.write("/etc/pam.d/sudo", namespace.service())


def start(machine, kind):
    if kind == "stdin":
        return Piped(machine)
    path = namespace.SCRATCH + "/askpass"
    namespace.write(path, f"#!/bin/sh\necho \"{namespace.password('alice')}\"\n", 0o755)
    return Askpass(machine, SUDO_ASKPASS=path)


@pytest.mark.parametrize("kind", ["stdin", "askpass"])
def test_a_password_is_tried_as_no_pin(machine, keys, blue, with_password, kind):
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(15)
    running = start(machine, kind)
    running.child.expect(pexpect.EOF)
    running.child.close()
    assert running.child.exitstatus == 0, running.screen
    assert running.screen.split()[-1] == "bob", running.screen
    assert blue.info()["pin_tries"] == 8
    assert "PIN of" not in running.screen


@pytest.mark.parametrize("kind", ["stdin", "askpass"])
def test_a_key_that_needs_only_a_touch_still_works(machine, keys, with_password, kind):
    key = keys.add("blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    key.set(touch="wait")
    running = start(machine, kind)
    running.child.expect("Touch your security key for what alice typed on web1: .* id -un")
    key.wait_touch_wanted()
    assert key.touch()
    running.child.expect(pexpect.EOF)
    assert running.screen.split()[-1] == "bob", running.screen
    assert machine.syslog.wait("sign-in of alice .*: ok", facility=parts.AUTHPRIV)


def test_nor_is_a_key_waited_for(machine, keys, with_password):
    """ansible gives up after twelve seconds; there is nobody who could plug one in."""
    key = keys.add("blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    key.unplug()
    machine.configure("[authenticator]\ninsert-timeout = 600\n")
    machine.kill_daemon(15)
    running = start(machine, "stdin")
    running.child.expect(pexpect.EOF)
    assert running.screen.split()[-1] == "bob", running.screen
    assert "Insert" not in running.screen


def test_a_password_that_su_reads_from_a_pipe(machine, keys, blue):
    """su has a terminal, but takes what comes from its standard input."""
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(15)
    child = machine.terminal("alice", ["sh", "-c", "echo 'a password' | su alice -c 'id -un'"])
    child.expect("before the question could be read")
    child.expect(pexpect.EOF)
    assert blue.info()["pin_tries"] == 8


# A program without a terminal: an application of its own, through libpam

LOCKER = """
import ctypes, sys, time
pam, libc = ctypes.CDLL("libpam.so.0"), ctypes.CDLL(None)
libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
answers, delay = sys.argv[1].split(","), float(sys.argv[2])

class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]

class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]

CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int,
                            ctypes.POINTER(ctypes.POINTER(Message)),
                            ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)

class Conversation(ctypes.Structure):
    _fields_ = [("converse", CONVERSE), ("data", ctypes.c_void_p)]

def converse(count, messages, responses, data):
    array = libc.calloc(count, ctypes.sizeof(Response))
    message = messages[0].contents
    print(message.text.decode(), flush=True)
    if message.style in (1, 2):
        time.sleep(delay)
        Response.from_address(array).text = libc.strdup(
            (answers.pop(0) if len(answers) > 1 else answers[0]).encode())
    responses[0] = array
    return 0

keep = CONVERSE(converse)
conversation = Conversation(keep, None)
handle = ctypes.c_void_p()
assert pam.pam_start(b"locker", b"alice", ctypes.byref(conversation), ctypes.byref(handle)) == 0
result = pam.pam_authenticate(handle, 0)
pam.pam_end(handle, result)
print("unlocked" if result == 0 else "locked", flush=True)
"""


@pytest.fixture
def locker(machine, keys, blue):
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.kill_daemon(15)
    namespace.write("/etc/pam.d/locker", namespace.service())

    def run(answers, delay):
        return subprocess.run(["/usr/bin/python3", "-c", LOCKER, answers, str(delay)], text=True,
                              preexec_fn=parts.become("alice"), env=parts.environment("alice"),
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              start_new_session=True, timeout=parts.PATIENCE).stdout
    yield run
    os.unlink("/etc/pam.d/locker")


def test_a_locker_that_answers_at_once(locker, blue):
    said = locker("hunter22", 0)
    assert "before the question could be read" in said and "locked" in said.split(), said
    assert blue.info()["pin_tries"] == 8


def test_even_if_it_were_the_pin(locker, blue):
    assert "locked" in locker(PIN, 0).split()


def test_a_person_at_a_locker(locker, blue):
    """As somebody takes who types: then it is a PIN like any other."""
    assert "unlocked" in locker(PIN, 0.5).split()


def test_a_locker_that_gives_the_same_answer_twice(locker, blue):
    said = locker("hunter22", 0.5)
    assert "The same answer as before" in said and "locked" in said.split(), said
    assert blue.info()["pin_tries"] == 7


def test_a_person_who_was_wrong_once(locker, blue):
    assert "unlocked" in locker("654321," + PIN, 0.5).split()


def test_the_password_of_an_earlier_module_is_no_pin(locker, blue):
    """Asked for by a module before: the transaction's password."""
    namespace.write("/etc/pam.d/locker", "auth optional pam_unix.so\n" + namespace.service())
    said = locker(namespace.password("alice"), 0.5)
    assert "The same answer as before" in said, said
    assert blue.info()["pin_tries"] == 8
