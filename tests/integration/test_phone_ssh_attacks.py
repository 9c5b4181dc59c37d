# SPDX-License-Identifier: BSD-2-Clause
"""Who can spoil an enrolment over ssh by a phone, or make something else of it: the server, its
users, strangers with phones, and what happens to the person at the laptop.

Were this broken, a server would get a passkey that nobody has tried, or the person would not hear
what became of theirs.
"""

import contextlib
import hashlib
import json
import os
import pwd
import select
import signal
import socket

import paramiko
import pexpect
import pytest

import forward
import full_disk
import held
import machine as parts
import namespace
import phones
import ssh
from ctap import cbor, credential
from phone_ssh import WHOSE, refused, scene_of
from software_phone import Passkey

pytestmark = pytest.mark.real_programs


@pytest.fixture(name="scene")
def scene_fixture(machine):
    with scene_of(machine) as scene:
        yield scene


def running(*names, user=ssh.LAPTOP):
    """Descriptors of the laptop's processes of those names, or of another user's."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            about = parts.status(int(name))
            if about["Name"][:15] in names and \
                    int(about["Uid"].split()[0]) == pwd.getpwnam(user).pw_uid:
                found.append(os.pidfd_open(int(name)))
    return found


def ended(descriptors):
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], parts.PATIENCE)[0]
        os.close(descriptor)


def reached(scene, stage, **behaviour):
    """The first code, the question or the second code; the child and the phone."""
    phone = scene.site.phone(**behaviour)
    child, code = scene.shown()
    if stage == "code":
        return child, phone, code
    scene.site.scan(code, phone)
    child.expect(WHOSE)
    if stage == "question":
        return child, phone, None
    child.sendline("y")
    return child, phone, scene.code(child)


# --- strangers' phones ----------------------------------------------------------------------------


def test_another_phone_at_the_second_code(scene):
    """Somebody has photographed that one; or the first one, and the person said yes too soon."""
    child, _, code = reached(scene, "second")
    scene.site.scan(code, scene.site.phone())
    child.expect("no passkey for this account")
    child.expect("that your phone has saved is not enrolled: delete it there")
    refused(scene, child)


@pytest.mark.parametrize("first,second,words", [
    ({}, {"flags": 0x05}, "copies cannot be"), ({"flags": 0x05}, {}, "copies cannot be"),
    ({}, {"user_handle": b"somebody else"}, "user-handle-mismatch"),
    ({"counter": 7}, {"counter": 7}, "it may have been copied"),
    ({"makes": bytes(20)}, {"other_credential": True}, "connection to the phone failed|refused"),
])
def test_the_second_code_contradicts_the_first(scene, first, second, words):
    child, phone, code = reached(scene, "second", **first)
    scene.site.scan(code, scene.site.phone(*phone.passkeys, **second))
    child.expect(words)
    refused(scene, child)


@pytest.mark.parametrize("length", [0, 1024])
def test_ids_of_no_use(scene, length):
    child, code = scene.shown()
    phone = scene.site.phone(makes=b"i" * length)
    if not length:  # as the software phone does not
        phone.behaviour.answer = nameless(phone)
    scene.site.scan(code, phone)
    child.expect("credential-id-length")
    refused(scene, child)


def nameless(phone):
    """A passkey without an id."""
    key = cbor.encode(credential.cose_key(-7, credential.new_secret(-7)))
    data = hashlib.sha256(namespace.HOST.encode()).digest() + bytes([0x5d]) + bytes(4)
    data += bytes(16) + bytes(2) + key
    assert phone.behaviour.answer is None
    return bytes([0]) + cbor.encode({1: "none", 2: data, 3: {}})


STATEMENTS = [
    (b"packed", {"alg": -7, "sig": b"x" * 70}),
    (b"packed", {"alg": -7, "sig": b"x" * 70, "x5c": [b"rubbish"]}),
    (b"rubbish", {"a": [1, 2, {"b": b"c"}]}),
]


@pytest.mark.parametrize("form,statement", STATEMENTS)
def test_a_statement_that_is_rubbish(scene, form, statement):
    """Nobody asked for one: it is thrown away, and the rest is judged as ever."""
    child, code = scene.shown()
    phone = scene.site.phone()
    make = phone.command

    def spoil(message):
        answer = make(message)
        if message[0] != 1:
            return answer
        made = cbor.decode(answer[1:])
        return answer[:1] + cbor.encode({1: form.decode(), 2: made[2], 3: statement})

    phone.command = spoil
    scene.site.scan(code, phone)
    child.expect(WHOSE)
    child.sendline("y")
    scene.site.scan(scene.code(child), phone)
    child.expect("Enrolled")
    child.close()
    assert len(scene.listed()) == 1


@pytest.mark.parametrize("form,statement", STATEMENTS)
def test_a_statement_that_is_wanted_and_rubbish(scene, form, statement):
    scene.machine.configure("[rp default]\nattestation = direct\n")
    child, code = scene.shown()
    phone = scene.site.phone()
    make = phone.command

    def spoil(message):
        made = cbor.decode(make(message)[1:])
        return b"\0" + cbor.encode({1: form.decode(), 2: made[2], 3: statement})

    phone.command = spoil
    scene.site.scan(code, phone)
    child.expect("no answer is given")
    assert "Did your phone" not in refused(scene, child)


def test_an_id_that_another_enrolment_has_meanwhile(scene):
    """Two phones that say the same: the server takes one, and the other person hears that."""
    first, phone, code = reached(scene, "second", makes=b"m" * 20)
    second, other, other_code = reached(scene, "second", makes=b"m" * 20)
    scene.site.scan(other_code, other)
    second.expect('Enrolled "phone')
    scene.site.scan(code, phone)
    first.expect(pexpect.EOF)
    assert "Enrolled" not in first.before and "already" in first.before, first.before
    first.close()
    second.close()
    assert first.exitstatus == 1
    assert len(scene.listed()) == 1


# --- the server and its users ---------------------------------------------------------------------


def test_passkeyd_is_killed(scene):
    """The server's side waits for a line, and finds out once it has one."""
    child, phone, code = reached(scene, "second")
    scene.machine.activatable(False)
    scene.machine.kill_daemon()
    scene.site.scan(code, phone)
    child.expect("passkeyd")
    child.expect("Connection to .* closed")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3
    scene.machine.activatable(True)
    assert scene.listed() == []


@pytest.mark.parametrize("stage", ["code", "question", "second"])
@pytest.mark.parametrize("side", [("ssh", ssh.LAPTOP), ("sshd", "alice"),
                                  ("passkey-enroll", "alice")])
def test_the_connection_ends(scene, stage, side):
    """Whatever it is that ends: the code goes with it, and whoever looks at it hears why."""
    child, _, _ = reached(scene, stage)
    helpers = running("passkey-phone", "passkey-askpass")
    name, user = side
    for descriptor in running(name, user=user):
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.close(descriptor)
    child.expect("Cancelled")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus not in (0, None)
    ended(helpers)
    assert scene.listed() == []


def test_two_enrolments_at_a_time(scene):
    """Each with both passwords, its own codes and its own yes."""
    first, phone, code = reached(scene, "second")
    second, other, other_code = reached(scene, "second")
    scene.site.scan(other_code, other)
    second.expect('Enrolled "phone')
    scene.site.scan(code, phone)
    first.expect('Enrolled "phone')
    first.close()
    second.close()
    assert len(scene.listed()) == 2


def test_no_room_on_the_servers_disk(small_disk, scene):
    assert small_disk
    child, phone, code = reached(scene, "second")
    with full_disk.Ballast():
        scene.site.scan(code, phone)
        child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert "Enrolled" not in child.before
    assert scene.listed() == []


# --- the person -----------------------------------------------------------------------------------


HELPER = namespace.SCRATCH + "/phone-of-today"


@pytest.mark.parametrize("stage", ["code", "second"])
def test_nobody_reads_a_code(scene, stage):
    """Two minutes later, by the clock of passkey-askpass alone."""
    if namespace.module_has_sanitizers():
        pytest.skip("nothing can be preloaded before a sanitizer")
    namespace.write(HELPER, "#!/bin/sh\nunset LD_PRELOAD\n"
                            "exec /usr/libexec/passkey/passkey-phone\n", 0o755)
    scene.variables.update(PASSKEY_PHONE=HELPER, LD_PRELOAD=namespace.LATER)
    child, _, _ = reached(scene, stage)
    namespace.write(held.AHEAD, "123", 0o644)
    helpers = running("passkey-phone")
    try:
        for descriptor in running("passkey-askpass"):
            signal.pidfd_send_signal(descriptor, signal.SIGCHLD)  # it looks at the clock again
            os.close(descriptor)
        child.expect("No phone was heard")
        refused(scene, child)
        ended(helpers)
    finally:
        os.unlink(held.AHEAD)


@pytest.mark.parametrize("stage", ["code", "question", "second"])
def test_the_terminal_is_closed(scene, stage):
    child, _, _ = reached(scene, stage)
    helpers = running("passkey-phone", "passkey-askpass", "passkey-ssh")
    os.close(child.child_fd)
    ended(helpers)
    assert scene.listed() == []


def test_a_yes_that_was_typed_too_early(scene):
    """While the code is shown, before anybody knows whose phone reads it."""
    child, phone, code = reached(scene, "code")
    child.expect("Press Enter alone to stop.")
    child.send("y")
    scene.site.scan(code, phone)
    child.expect(WHOSE)
    child.sendline("")
    child.expect("somebody else has seen the code")
    refused(scene, child)


@pytest.mark.parametrize("background", ["dark", "light"])
def test_any_background(scene, background):
    """Of a code that is light on dark many phones read nothing."""
    child = scene.start(TERM="xterm")
    child.expect("Press Enter alone to go on to the next way.")
    child.sendline("")
    child.expect("Enter alone goes on without:")
    child.sendline("phone")
    child.expect("Approve on your phone")
    code = phones.qr.read_where(child.before, background)
    scene.site.scan(code, scene.site.phone())
    child.expect(WHOSE)
    child.close()


@pytest.mark.parametrize("stage,words", [
    ("code", "No phone was heard|There was no answer in time"),
    ("question", "There was no answer in time"),
    ("second", "There was no answer in time")])
def test_the_servers_time_runs_out(scene, stage, words):
    scene.machine.configure("[rp default]\ntimeout = 20\n")
    child, _, _ = reached(scene, stage)
    child.expect(words)
    said = child.before + child.after
    child.expect(pexpect.EOF)
    assert "Nobody approved" not in said
    child.close()
    assert child.exitstatus == 1
    assert scene.listed() == []


# --- a server that is hostile itself --------------------------------------------------------------

IN_ITS_PLACE = "/usr/local/bin/passkey-enroll"
GOT = namespace.SCRATCH + "/got"


def wish(**members):
    """What the server asks for in the place of passkeyd."""
    context = json.dumps(dict(act="enroll", command="", host=namespace.HOST, rhost="", service="",
                              target="", tty="", user="alice"),
                         separators=(",", ":"), sort_keys=True)
    return {"kind": "create", "nonce": os.urandom(32), "context": context,
            "rp_id": namespace.HOST, "user_verification": forward.DISCOURAGED, "credentials": [],
            "timeout": 60, "rp_name": "web1", "user_handle": b"u" * 64, "user_name": "alice",
            "user_display_name": "Alice", "algorithms": [forward.ES256],
            "resident_key": forward.DISCOURAGED, "attestation": 1, "cred_protect": 0, **members}


@pytest.fixture(name="hostile")
def hostile_fixture(scene):
    """Starts passkey-ssh --enroll towards a server that shows those lines, and keeps what is typed
    after the first of them, and after all of them."""
    namespace.write(GOT, "", 0o666)

    def start(*lines):
        namespace.write(IN_ITS_PLACE + ".lines", "".join(line + "\n" for line in lines[1:]))
        namespace.write(IN_ITS_PLACE, f"""#!/bin/sh
stty -echo
echo '{lines[0]}'
read -r line
echo "$line" >>{GOT}
cat {IN_ITS_PLACE}.lines
echo Your turn.
read -r line
echo "$line" >>{GOT}
""", 0o755)
        child = scene.terminal(["passkey-ssh", "--enroll", "alice@" + namespace.HOST])
        child.expect(r"\) Password: ")
        child.sendline(namespace.password("alice"))
        return child

    yield start
    os.unlink(IN_ITS_PLACE)
    os.unlink(IN_ITS_PLACE + ".lines")


def got():
    with open(GOT, encoding="ascii") as file:
        return file.read().splitlines()


def asks_a_phone(child):
    child.expect("Press Enter alone to go on to the next way.")
    child.sendline("")
    child.expect("Enter alone goes on without:")
    child.sendline("phone")


def code_of(child, name):
    child.expect_exact(f"Approve on your phone the new passkey for {name} on {namespace.HOST}\r\n")
    return phones.qr.read(phones.qr.rows_of(child.before))


def test_names_that_hide_something(scene, hostile):
    """On the laptop they are shown without it; the phone is given them as they are."""
    name = "root\u202e\x1b[2J\nal" + "i" * 40
    phone = scene.site.phone()
    child = hostile(forward.encode_request(wish(user_name=name)))
    asks_a_phone(child)
    shown = "root??[2J?al" + "i" * 40
    scene.site.scan(code_of(child, shown), phone)
    child.expect_exact(f"Did your phone just save a passkey for {shown} on {namespace.HOST}?")
    assert phone.shown[3]["name"] == name
    child.sendline("n")
    child.expect("Your turn")
    child.sendline("")
    child.expect(pexpect.EOF)
    assert got() == ["", ""]


@pytest.mark.parametrize("members,shown", [
    ({"user_name": "", "user_display_name": "Alice"}, "Alice"),
    ({"user_name": "", "user_display_name": ""}, None)])
def test_no_name(scene, hostile, members, shown):
    """What the phone calls the account is what the laptop calls it; without one no code is shown,
    because no phone would take it."""
    phone = scene.site.phone()
    child = hostile(forward.encode_request(wish(**members)))
    asks_a_phone(child)
    if shown:
        scene.site.scan(code_of(child, shown), phone)
        child.expect_exact(f"Did your phone just save a passkey for {shown} on {namespace.HOST}?")
        assert phone.shown[3]["name"] == shown
        child.sendline("n")
    else:
        child.expect("no answer is given")
        assert "camera" not in child.before
    child.expect("Your turn")
    child.close()
    assert got()[0] == ""


def test_of_many_requests_one_is_answered(scene, hostile):
    """A phone is asked twice, whatever else the server shows; it gets the passkey, and nothing that
    was signed for the second code."""
    first, phone = wish(), scene.site.phone()
    others = [forward.encode_request(wish(nonce=bytes([at % 256, at // 256]) * 16))
              for at in range(1000)]
    more = forward.more(first, 2)
    child = hostile(forward.encode_request(first), *others, more, forward.more(wish(), 2))
    asks_a_phone(child)
    scene.site.scan(code_of(child, "alice"), phone)
    child.expect("Did your phone just save")
    child.sendline("y")
    scene.site.scan(code_of(child, "alice"), phone)
    child.expect("Your turn")
    assert "asks for your passkey" not in child.before
    child.sendline("by hand")
    child.expect(pexpect.EOF)
    child.close()
    answer, rest = got()
    answer = forward.decode_answer([answer])
    assert answer["kind"] == "create" and answer["origin"] == "ssh://" + namespace.HOST
    assert rest == "by hand"
    made, = phone.passkeys
    assert made.id in answer["attestation_object"]
    tried = phone.shown[2]  # the client data hash of the second code
    challenge = forward.challenge_of(first)
    assert tried not in {hashlib.sha256(forward.client_data(kind, value, answer["origin"])).digest()
                         for kind in ("get", "create")
                         for value in (challenge, first["nonce"], bytes(32))}


def test_another_relying_party(scene, hostile):
    """Nothing is asked of a phone before the person has accepted it."""
    phone = scene.site.phone()
    child = hostile(forward.encode_request(wish(rp_id="bank.example.com")))
    child.expect("asks for passkeys of bank.example.com")
    child.expect(r"\(yes/no\)\?")
    child.sendline("y")
    child.expect("not accepted")
    child.expect("Your turn")
    assert "camera" not in child.before and phone.shown is None
    child.close()
    assert got()[0] == ""


def test_a_helper_that_is_killed(scene):
    """By a program of the same person, say."""
    child, _, _ = reached(scene, "code")
    helpers = running("passkey-phone")
    for descriptor in helpers:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    ended(helpers)
    child.expect("The connection to the phone failed")
    refused(scene, child)


# --- sign-ins that a hostile server asks for ------------------------------------------------------


def asked_by_hand(scene, request):
    """passkey-askpass with a request that was copied from a terminal; what it prints is in OUT."""
    namespace.write(GOT, forward.encode_request(request), 0o644)
    return scene.terminal(["sh", "-c", f"passkey-askpass --host {namespace.HOST} <{GOT} >out; "
                           "echo status $?"])


def sign_in(*credentials, **members):
    context = json.dumps(dict(act="authenticate", command="", host=namespace.HOST, rhost="",
                              service="sshd", target="", tty="ssh", user="alice"),
                         separators=(",", ":"), sort_keys=True)
    return {"kind": "get", "nonce": os.urandom(32), "context": context, "rp_id": namespace.HOST,
            "user_verification": forward.DISCOURAGED, "credentials": list(credentials),
            "timeout": 60, **members}


def owner(scene):
    """A phone with a passkey of the server."""
    phone = scene.site.phone()
    phone.passkeys = [Passkey(namespace.HOST, {"id": b"u"}, -7, credential.new_secret(-7))]
    return phone


@pytest.mark.parametrize("count,length,fits", [(64, 200, True), (20, 1023, True)])
def test_long_lists(scene, count, length, fits):
    """Of as many credentials as a request has room for: the phone's own is found among them."""
    phone = owner(scene)
    request = sign_in(*(os.urandom(length) for _ in range(count - 1)), phone.passkeys[0].id)
    child = asked_by_hand(scene, request)
    asks_a_phone(child)
    child.expect("Approve on your phone the request of " + namespace.HOST)
    scene.site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
    child.expect(r"status (\d)")
    assert (child.match.group(1) == "0") == fits
    child.close()
    answer = forward.decode_answer(scene.laptop.read("out").split())
    assert answer["credential"] == count - 1
    assert len(phone.shown[3]) == count


def test_a_sign_in_whose_time_is_over(scene):
    """The host says how long it waits; a code is not shown for longer."""
    child = asked_by_hand(scene, sign_in(b"x" * 32, timeout=12))
    asks_a_phone(child)
    child.expect("Approve on your phone")
    helpers = running("passkey-phone", "passkey-askpass")
    child.expect("There was no answer in time")
    child.expect("status 1")
    ended(helpers)
    child.close()


def test_one_request_twice(scene):
    """Each time the phone is asked anew: nothing that it signed is kept."""
    phone = owner(scene)
    request = sign_in(phone.passkeys[0].id)
    for status in (0, 0x27):
        phone.behaviour.status = status
        child = asked_by_hand(scene, request)
        asks_a_phone(child)
        child.expect("Approve on your phone")
        scene.site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
        child.expect(f"status {int(status != 0)}")
        child.close()
    assert scene.laptop.read("out") == ""


def test_an_enrolment_in_place_of_a_sign_in(scene):
    """During a sign-in no phone is asked to make anything."""
    phone = scene.site.phone()
    server = Hostile(forward.encode_request(wish()), forward.encode_request(wish()))
    scene.laptop.know(f"[{namespace.HOST}]:2222", key=ssh.HOST_KEY)
    child = scene.terminal(["passkey-ssh", *ssh.CLIENT[1:], "-p", "2222",
                            "alice@" + namespace.HOST])
    child.expect("REFUSED: .* asks for a new passkey while you sign in")
    child.expect("REFUSED: .* asks for a new passkey while you sign in")
    child.expect("Permission denied")
    child.close()
    server.close()
    assert server.answers == ["", ""] and phone.shown is None


class Hostile(paramiko.ServerInterface):
    """Asks for these one after the other, and lets nobody in."""

    def __init__(self, *lines):
        self.lines, self.answers = list(lines), []
        self.listener = socket.create_server(("0.0.0.0", 2222))
        self.thread = ssh.in_background(self._serve)

    def _serve(self):
        transport = paramiko.Transport(self.listener.accept()[0])
        transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(ssh.HOST_KEY))
        transport.start_server(server=self)
        transport.join(parts.PATIENCE)

    def get_allowed_auths(self, username):
        return "keyboard-interactive"

    def _next(self):
        if not self.lines:
            return paramiko.AUTH_FAILED
        return paramiko.InteractiveQuery("", "", (self.lines.pop(0) + "\n", True))

    def check_auth_interactive(self, username, submethods):
        return self._next()

    def check_auth_interactive_response(self, responses):
        self.answers += responses
        return self._next()

    def close(self):
        self.thread.join()
        self.listener.close()
