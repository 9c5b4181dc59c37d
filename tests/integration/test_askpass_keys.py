# SPDX-License-Identifier: BSD-2-Clause
"""passkey-askpass and the keys of the software authenticator: touches, PINs, keys that are plugged
in and out, people and ssh clients that leave. No daemon, no ssh: the request comes as from ssh."""

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pexpect import fdpexpect

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import forward  # noqa: E402
from softkey import SoftKeys  # noqa: E402

BUILD = os.environ.get("top_builddir", ".")
LIBRARY = os.path.join(BUILD, "tests/lib/.libs/libsoftkey.so")
HELPER = os.path.join(BUILD, "authenticator/passkey-authenticator")
PROGRAM = os.path.join(BUILD, "client/passkey-askpass")
SSH = os.path.join(BUILD, "tests/lib/stand_in/ssh")
PATIENCE = 30
HOST = "web1.example.org"
ORIGIN = "ssh://" + HOST
NONCE = bytes(range(32))
PIN = "123456"
TOUCH = "Touch your security key to approve the request of " + HOST

pytestmark = [pytest.mark.skipif(not os.path.exists(path), reason="no " + path)
              for path in (LIBRARY, HELPER, PROGRAM, SSH)]


@pytest.fixture
def keys(tmp_path):
    with SoftKeys(str(tmp_path / "softkeys"), LIBRARY) as running:
        yield running


def context(act):
    return json.dumps({"act": act, "command": "", "host": HOST, "rhost": "", "service": "sshd",
                       "target": "", "tty": "", "user": "alice"}, separators=(",", ":"))


def get_request(*credentials, verification=forward.DISCOURAGED, timeout=60):
    return {"kind": "get", "nonce": NONCE, "context": context("authenticate"), "rp_id": HOST,
            "user_verification": verification, "credentials": [each.id for each in credentials],
            "timeout": timeout}


def create_request(*excluded, attestation=1):
    return {"kind": "create", "nonce": NONCE, "context": context("enroll"), "rp_id": HOST,
            "user_verification": forward.DISCOURAGED,
            "credentials": [each.id for each in excluded], "timeout": 60, "rp_name": "Web",
            "user_handle": b"h" * 64, "user_name": "alice", "user_display_name": "Alice",
            "algorithms": [-7], "resident_key": forward.DISCOURAGED, "attestation": attestation,
            "cred_protect": 0}


class Askpass:
    """One run of the program: standard output a pipe as ssh makes it, the rest a terminal, or not.

    .screen reads what is shown there; .answer() is what ssh would have got."""

    def __init__(self, environment, request, ssh, terminal=True):
        line = forward.encode_request(request) + "\n"
        by_hand = request["kind"] == "create"  # a new passkey is made in no other way
        self.by_hand = by_hand
        command = [PROGRAM, "--host", HOST] if by_hand else \
            [ssh, os.path.realpath(PROGRAM), f"(alice@{HOST}) Use your passkey.\n" + line]
        self.request, (self.master, slave) = request, pty.openpty() if terminal else os.pipe()
        stdin = subprocess.PIPE if by_hand else slave if terminal else subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdin=stdin, stderr=slave, stdout=subprocess.PIPE,
            env=environment, start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0)) if terminal else None)
        os.close(slave)
        if by_hand:
            self.process.stdin.write(line.encode())
            self.process.stdin.close()
        self.screen = fdpexpect.fdspawn(self.master, timeout=PATIENCE, encoding="utf-8")

    def close(self):
        self.process.kill()
        self.process.stdout.close()
        self.process.wait()
        self.screen.close()

    def wait(self):
        return self.process.wait(PATIENCE)

    def answer(self):
        """As a dict, its lines put together."""
        line = self.process.stdout.readline().decode().rstrip("\n")
        assert self.wait() == 0 and len(line) <= forward.LINE_MAX
        return forward.decode_answer([line])

    def refused(self, text):
        """Ends without an answer, saying that; what was on the screen."""
        self.screen.expect(text)
        assert self.process.stdout.read() == b"" and self.wait() == 1

    def echo(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def pid(self):
        """Of passkey-askpass, which is the only child of what stands for ssh."""
        pid = self.process.pid
        if self.by_hand:
            return pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return int(file.read())

    def children(self):
        """Its helpers; as they are watched by their parent, they are gone with it."""
        pid = self.pid()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [os.pidfd_open(int(child)) for child in file.read().split()]


def gone(descriptors):
    """Waits until those processes have ended."""
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], PATIENCE)[0]
        os.close(descriptor)


@pytest.fixture
def askpass(keys, tmp_path):
    started = []
    helper = keys.wrapper(HELPER)
    ssh = str(tmp_path / "ssh")  # root's, as whoever runs this is
    shutil.copy(SSH, ssh)

    def start(request, terminal=True, **environment):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb",
                       "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(tmp_path / "run"),
                       "PASSKEY_AUTHENTICATOR": helper, **environment}
        started.append(Askpass(environment, request, ssh, terminal))
        return started[-1]

    (tmp_path / "run").mkdir(mode=0o700)
    yield start
    for each in started:
        each.close()


class Passkey:
    """What a create answer holds."""

    def __init__(self, answer):
        self.object = cbor2.loads(answer["attestation_object"])
        data = self.object["authData"]
        assert data[:32] == hashlib.sha256(HOST.encode()).digest()
        size = int.from_bytes(data[53:55], "big")
        self.id, cose = data[55:55 + size], cbor2.loads(data[55 + size:])
        self.key = ec.EllipticCurvePublicNumbers(
            int.from_bytes(cose[-2], "big"), int.from_bytes(cose[-3], "big"),
            ec.SECP256R1()).public_key()

    def verify(self, request, answer, origin=ORIGIN):
        """The signature is over what the request says, and nothing else."""
        challenge = forward.challenge_of(request)
        data = hashlib.sha256(HOST.encode()).digest() + answer["auth_data"]
        hashed = hashlib.sha256(forward.client_data("get", challenge, origin)).digest()
        assert request["credentials"][answer["credential"]] == self.id
        assert answer["challenge"] == challenge[:forward.CHALLENGE_START]
        assert answer["origin"] == origin
        self.key.verify(answer["signature"], data + hashed, ec.ECDSA(hashes.SHA256()))


@pytest.fixture
def enrol(keys, askpass):
    """enrol(NAME, **config): the key, plugged in and waiting for touches, and its new passkey."""
    def make(name, **config):
        key = keys.add(name, **config)
        passkey = Passkey(askpass(create_request()).answer())
        key.set(touch="wait")
        return key, passkey

    return make


def touch(key):
    key.wait_touch_wanted()
    assert key.touch()


# Answers


def test_enrolled_and_used(enrol, askpass):
    key, passkey = enrol("blue")
    request = get_request(forward.Credential(), passkey)
    running = askpass(request)
    running.screen.expect(TOUCH)
    touch(key)
    answer = running.answer()
    assert answer["credential"] == 1
    passkey.verify(request, answer)
    with pytest.raises(InvalidSignature):
        passkey.verify({**request, "context": context("other")}, {
            **answer, "challenge": forward.bound_challenge(NONCE, context("other"))[:16]})


@pytest.mark.parametrize("attestation,form", [(0, "none"), (1, "none"), (3, "packed")])
def test_attestation_as_asked_for(keys, askpass, attestation, form):
    keys.add("blue")
    running = askpass(create_request(attestation=attestation))
    lines = running.process.stdout.read().decode().split()
    assert running.wait() == 0
    assert (len(lines) > 1) == (form == "packed")  # the certificate takes more than one line
    answer = forward.decode_answer(lines)
    passkey = Passkey(answer)
    assert passkey.object["fmt"] == form and bool(passkey.object["attStmt"]) == (form == "packed")
    assert answer["transports"] == 1 and answer["discoverable"] is False


def test_a_key_that_is_enrolled_already(enrol, askpass):
    _, passkey = enrol("blue")
    askpass(create_request(passkey)).refused("This security key is enrolled already")


# Keys that come and go


@pytest.mark.parametrize("touched,other", [("blue", "green"), ("green", "blue")])
def test_the_first_touch_of_two_wins(keys, enrol, askpass, touched, other):
    found = {}
    for name in ("blue", "green"):
        found[name] = enrol(name, product=f"Key {name}")
        found[name][0].unplug()
    for key, _ in found.values():
        key.plug()
    request = get_request(*(passkey for _, passkey in found.values()))
    running = askpass(request)
    running.screen.expect(r"Touch one of your security keys \(Key \w+ or Key \w+\) to approve")
    found[other][0].wait_touch_wanted()
    touch(found[touched][0])
    found[touched][1].verify(request, running.answer())
    found[other][0].wait("cancelled", 0)
    assert not found[other][0].info()["touch_wanted"]


def test_key_without_the_passkey_is_not_touched(keys, enrol, askpass):
    green, _ = enrol("green")
    green.unplug()
    blue, passkey = enrol("blue")
    green.plug()
    since = keys.mark()
    running = askpass(get_request(passkey))
    touch(blue)
    running.answer()
    wanted = [each["key"] for each in keys.events(since) if each["event"] == "touch-wanted"]
    assert set(wanted) == {"blue"}


def test_inserted_after_the_prompt(enrol, askpass):
    key, passkey = enrol("blue")
    key.unplug()
    running = askpass(get_request(passkey))
    running.screen.expect("Insert your security key to approve the request of " + HOST)
    key.plug()
    running.screen.expect(TOUCH)
    touch(key)
    running.answer()


def test_enter_goes_on_without_the_key(enrol, askpass):
    key, passkey = enrol("blue")
    running = askpass(get_request(passkey))
    running.screen.expect(TOUCH)
    running.screen.expect("\nPress Enter alone to go on to the next way.\r")
    key.wait_touch_wanted()
    running.screen.sendline("")
    key.wait("cancelled", 0)
    running.refused("Cancelled")
    key.unplug()
    running = askpass(get_request(passkey))
    running.screen.expect("Insert your security key")
    running.screen.expect("\nPress Enter alone to go on to the next way.\r")
    running.screen.sendline("")
    running.refused("Cancelled")


def test_enter_stops_an_enrolment(keys, askpass):
    keys.add("blue").set(touch="wait")
    running = askpass(create_request())
    running.screen.expect("Touch your security key to enrol it")
    running.screen.expect("\nPress Enter alone to stop.\r")
    running.screen.sendline("")
    running.refused("Cancelled")


def test_a_pin_has_the_terminal_for_itself(keys, enrol, askpass):
    key, passkey = enrol("blue")
    key.set_pin(PIN)
    running = askpass(get_request(passkey, verification=forward.REQUIRED))
    running.screen.expect("PIN of your security key")
    assert "Press Enter alone" not in running.screen.before
    running.screen.sendline(PIN)
    running.screen.expect(TOUCH)
    running.screen.expect("\nPress Enter alone to go on to the next way.\r")
    touch(key)
    running.answer()


def test_a_passkey_that_its_key_hides(keys, enrol, askpass):
    """Its PIN is asked for where it was made from here, and where nobody knows of one it is not."""
    hidden, mine = enrol("blue", default_protection=3, report_protection=True)
    hidden.set_pin(PIN)
    running = askpass(get_request(forward.Credential(), mine))
    running.screen.expect("PIN of your security key")
    running.screen.sendline(PIN)
    running.screen.expect(TOUCH)
    touch(hidden)
    assert running.answer()["credential"] == 1
    since = keys.mark()
    askpass(get_request(forward.Credential())).refused("None of the plugged-in security keys")
    assert hidden.info()["pin_tries"] == 8
    assert not [each for each in keys.events(since) if each["event"] == "touch-wanted"]
    hidden.unplug()
    # Another passkey of the same person, on a key that shows it.
    shown, plain = enrol("green")
    shown.unplug()
    hidden.plug()
    askpass(get_request(plain)).refused("None of the plugged-in security keys")


def test_a_passkey_that_may_not_exist_is_waited_for_less(keys, enrol, askpass):
    """A host may have none of this person's, and its request does not tell; side by side with a new
    passkey, for which a key is needed in any case."""
    key, passkey = enrol("blue")
    key.remove()
    made = askpass(create_request())
    made.screen.expect("Insert your security key")
    running = askpass(get_request(passkey))
    running.refused("No security key was plugged in")
    assert made.process.poll() is None
    keys.add("green")
    running = askpass(get_request(passkey))
    running.refused("None of the plugged-in security keys is enrolled")


def test_a_passkey_that_was_used_here_is_waited_for(keys, enrol, askpass):
    """As long as a touch, and not only as long as one that may be nobody's: side by side."""
    key, passkey = enrol("blue")
    running = askpass(get_request(passkey))
    touch(key)
    running.answer()
    other, strange = enrol("green")
    for each in (key, other):
        each.unplug()
    running = askpass(get_request(passkey))
    running.screen.expect("Insert your security key")
    askpass(get_request(strange)).refused("No security key was plugged in")
    key.plug()
    touch(key)
    running.answer()


def test_an_enrolment_waits_for_no_passkey(keys, enrol, askpass):
    """passkey-ssh --enroll says so to the askpass of its ssh."""
    key, passkey = enrol("blue")
    running = askpass(get_request(passkey), PASSKEY_SSH_ENROLLS="1")
    touch(key)
    running.answer()
    key.remove()
    keys.add("green")
    running = askpass(get_request(passkey), PASSKEY_SSH_ENROLLS="1")
    running.refused("None of the plugged-in security keys is enrolled")
    assert "insert it" not in running.screen.before


def test_the_wrong_one_first(keys, enrol, askpass):
    key, passkey = enrol("blue")
    key.unplug()
    keys.add("green")
    running = askpass(get_request(passkey))
    running.screen.expect("No security key that is plugged in holds a passkey for this. "
                          "If another one does, insert it to approve")
    key.plug()
    touch(key)
    running.answer()


def test_pulled_out_and_plugged_in_again(enrol, askpass):
    key, passkey = enrol("blue")
    running = askpass(get_request(passkey))
    key.wait_touch_wanted()
    key.unplug()
    running.screen.expect(r"The security key was pulled out\.")
    running.screen.expect("Insert your security key")
    key.plug()
    running.screen.expect(TOUCH)
    touch(key)
    running.answer()


def test_two_requests_take_turns(enrol, askpass):
    """Also with other programs that lock the key, as libfido2 does: ssh's own, and passkeyd.

    The second does not get the touch after the first one's before it is confirmed.
    """
    key, passkey = enrol("blue")
    request = get_request(passkey)
    first = askpass(request)
    first.screen.expect(TOUCH)
    second = askpass(request)
    second.screen.expect(r"Your security key is busy with another request\.")
    touch(key)
    passkey.verify(request, first.answer())
    second.screen.expect(r'The security key "[^"]*" is free\.')
    second.screen.expect("Press Enter to use the security key for THIS request")
    assert not key.info()["touch_wanted"]
    second.screen.sendline("")
    second.screen.expect(TOUCH)
    touch(key)
    passkey.verify(request, second.answer())


def test_another_program_keeps_the_key(keys, enrol, askpass):
    key, passkey = enrol("blue")
    first = askpass(get_request(passkey))
    first.screen.expect(TOUCH)
    askpass(get_request(passkey, timeout=1)).refused("There was no answer in time")
    touch(key)
    first.answer()


def test_touch_timeout(enrol, askpass):
    key, passkey = enrol("blue")
    key.unplug()
    askpass(get_request(passkey, timeout=1)).refused(r"There was no answer in time\.")
    key.plug()
    key.set(touch="wait")
    askpass(get_request(passkey, timeout=1)).refused(r"There was no answer in time\.")
    key.wait("cancelled")


# PINs


@pytest.fixture
def with_pin(enrol):
    key, passkey = enrol("blue")
    key.set_pin(PIN)
    return key, passkey, get_request(passkey, verification=forward.REQUIRED)


def test_pin_and_touch(with_pin, askpass):
    key, passkey, request = with_pin
    running = askpass(request)
    running.screen.expect('PIN of your security key "[^"]*": ')
    assert not running.echo()
    running.screen.sendline(PIN)
    running.screen.expect(TOUCH)
    assert running.echo() and PIN not in running.screen.before
    touch(key)
    answer = running.answer()
    passkey.verify(request, answer)
    assert answer["auth_data"][0] & forward.UV


def test_a_wrong_pin_then_the_right_one(with_pin, askpass):
    key, passkey, request = with_pin
    running = askpass(request)
    running.screen.expect('PIN of your security key "[^"]*": ')
    running.screen.sendline("000000")
    running.screen.expect(r"Wrong PIN: 7 tries left\.")
    running.screen.expect('PIN of your security key "[^"]*": ')
    running.screen.sendline("12")
    running.screen.expect("A PIN has at least 4")
    running.screen.expect('PIN of your security key "[^"]*": ')
    running.screen.sendline(PIN)
    touch(key)
    passkey.verify(request, running.answer())
    assert key.info()["pin_tries"] == 8


def test_fingerprint_then_pin(enrol, askpass):
    key, passkey = enrol("blue", uv=True)
    key.set_pin(PIN).set(fingerprint="reject", touch="immediate")
    request = get_request(passkey, verification=forward.REQUIRED)
    running = askpass(request)
    running.screen.expect("Use the fingerprint reader of your security key to approve")
    running.screen.expect('PIN of your security key "[^"]*": ')
    running.screen.sendline(PIN)
    passkey.verify(request, running.answer())


@pytest.mark.parametrize("consent", ["yes", "no"])
def test_the_last_tries_are_not_spent_unasked(with_pin, askpass, consent):
    key, passkey, request = with_pin
    key.set_pin(PIN, tries=2)
    running = askpass(request)
    running.screen.expect('Only 2 PIN tries are left .* Type "yes" to go on: ')
    assert running.echo()
    running.screen.sendline(consent)
    if consent == "yes":
        running.screen.expect('PIN of your security key "[^"]*": ')
        running.screen.sendline(PIN)
        touch(key)
        passkey.verify(request, running.answer())
    else:
        running.refused("The security key needs its PIN")
        assert key.info()["pin_tries"] == 2


def test_an_empty_pin_declines(with_pin, askpass):
    running = askpass(with_pin[2])
    running.screen.expect('PIN of your security key "[^"]*": ')
    running.screen.sendline("")
    running.refused("The security key needs its PIN")


def test_pulled_out_at_the_pin(with_pin, askpass):
    """The question goes with the key, and what was typed does not end up anywhere."""
    key, passkey, request = with_pin
    running = askpass(request)
    running.screen.expect('PIN of your security key "[^"]*": ')
    running.screen.send("1234")
    key.unplug()
    running.screen.expect("The security key was pulled out")
    running.screen.expect("Insert your security key")
    assert running.echo()
    key.plug()
    running.screen.expect('PIN of your security key "[^"]*": ')
    running.screen.sendline(PIN)
    touch(key)
    passkey.verify(request, running.answer())


def test_two_keys_with_pins_are_named(keys, enrol, askpass):
    found = []
    for name in ("blue", "green"):
        found.append(enrol(name, product=f"Key {name}"))
        found[-1][0].unplug()
    for key, _ in found:
        key.set_pin(PIN)
        key.plug()
    request = get_request(*(passkey for _, passkey in found), verification=forward.REQUIRED)
    running = askpass(request)
    running.screen.expect(r'PIN of your security key "Key (\w+)": ')
    chosen = ("blue", "green").index(running.screen.match.group(1))
    running.screen.sendline(PIN)
    touch(found[chosen][0])
    found[chosen][1].verify(request, running.answer())


# People and ssh clients that leave


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_at_the_touch(enrol, askpass, number):
    key, passkey = enrol("blue")
    key.set(touch="wait", keep_blinking=True)
    running = askpass(get_request(passkey))
    key.wait_touch_wanted()
    helpers = running.children()
    assert helpers
    os.kill(running.pid(), number)
    key.wait("cancelled")
    assert running.wait() == 130 and running.process.stdout.read() == b""
    gone(helpers)


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_at_the_pin(with_pin, askpass, number):
    running = askpass(with_pin[2])
    running.screen.expect('PIN of your security key "[^"]*": ')
    assert not running.echo()
    helpers = running.children()
    os.kill(running.pid(), number)
    assert running.wait() == 130 and running.echo()
    gone(helpers)


@pytest.mark.parametrize("where", ["touch", "pin"])
def test_ctrl_c(with_pin, askpass, where):
    """The terminal's interrupt goes to the program alone, which cancels at the key."""
    key, passkey, request = with_pin
    key.set(touch="wait", keep_blinking=True)
    running = askpass(request if where == "pin" else get_request(passkey))
    if where == "pin":
        running.screen.expect('PIN of your security key "[^"]*": ')
    else:
        key.wait_touch_wanted()
    running.screen.send("\x03")
    if where == "touch":
        key.wait("cancelled")
    assert running.wait() == 130 and running.echo()


@pytest.mark.parametrize("where", ["touch", "pin"])
def test_ssh_is_gone(with_pin, askpass, where):
    key, passkey, request = with_pin
    running = askpass(request if where == "pin" else get_request(passkey))
    if where == "pin":
        running.screen.expect('PIN of your security key "[^"]*": ')
    else:
        key.wait_touch_wanted()
    helpers = running.children()
    running.process.stdout.close()
    if where == "touch":
        key.wait("cancelled")
    assert running.wait() != 0 and running.echo()
    gone(helpers)


def test_ssh_and_all_its_pipes_are_gone(enrol, askpass):
    key, passkey = enrol("blue")
    key.set(touch="wait", keep_blinking=True)
    running = askpass(get_request(passkey), terminal=False)
    key.wait_touch_wanted()
    running.screen.close()
    running.process.stdout.close()
    key.wait("cancelled")
    assert running.wait() != 0


def test_killed_outright(enrol, askpass):
    key, passkey = enrol("blue")
    running = askpass(get_request(passkey))
    key.wait_touch_wanted()
    helpers = running.children()
    os.kill(running.pid(), signal.SIGKILL)
    gone(helpers)


# No terminal, no helper


def test_without_a_terminal_a_touch_is_enough(enrol, askpass):
    key, passkey = enrol("blue")
    request = get_request(passkey)
    running = askpass(request, terminal=False)
    running.screen.expect(TOUCH)
    touch(key)
    passkey.verify(request, running.answer())


def test_without_a_terminal_there_is_no_pin(with_pin, askpass):
    running = askpass(with_pin[2], terminal=False)
    running.screen.expect(r'PIN of your security key "[^"]*": \(there is no terminal to ask on\)')
    running.refused("The security key needs its PIN")


def test_the_helper_is_missing(enrol, askpass):
    running = askpass(get_request(enrol("blue")[1]), PASSKEY_AUTHENTICATOR="/nonexistent/helper")
    running.screen.expect("security keys cannot be listed: /nonexistent/helper does not run")
    running.refused("Passkeys cannot be used right now")


@pytest.mark.parametrize("behaviour", [{"garbage": "cbor"}, {"wrong_rp_id_hash": True},
                                       {"wrong_credential": True}])
def test_faulty_keys_are_detected(enrol, askpass, behaviour):
    key, passkey = enrol("blue")
    key.set(misbehave_at="touch", touch="immediate", **behaviour)
    askpass(get_request(passkey)).refused("did not answer properly")


def test_linked_libraries():
    """Neither what talks to keys nor the bus: libfido2 stays with the helper."""
    shown = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True, check=True)
    linked = re.findall(r"NEEDED.*\[lib([^]]+?)\.so", shown.stdout)
    heavy = {each for each in linked if re.match("fido|dbus|cbor|sqlite", each)}
    assert "c" in linked and not heavy


def test_end_of_file_at_the_screen(enrol, askpass):
    """The terminal goes, as when its window is closed."""
    key, passkey = enrol("blue")
    running = askpass(get_request(passkey))
    key.wait_touch_wanted()
    running.screen.close()
    key.wait("cancelled")
    assert running.wait() != 0
