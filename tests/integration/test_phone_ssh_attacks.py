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

import pexpect
import pytest

import forward
import full_disk
import machine as parts
import namespace
import phones
import ssh
from phone_ssh import WHOSE, refused, scene_of

pytestmark = pytest.mark.real_programs


@pytest.fixture(name="scene")
def scene_fixture(machine):
    with scene_of(machine) as scene:
        yield scene


def running(*names):
    """Descriptors of the laptop's processes of those names."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            about = parts.status(int(name))
            if about["Name"][:15] in names and \
                    int(about["Uid"].split()[0]) == pwd.getpwnam(ssh.LAPTOP).pw_uid:
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
    refused(scene, child)


@pytest.mark.parametrize("first,second", [({}, {"flags": 0x05}), ({"flags": 0x05}, {})])
def test_copies_that_become_possible_or_impossible(scene, first, second):
    child, phone, code = reached(scene, "second", **first)
    scene.site.scan(code, scene.site.phone(*phone.passkeys, **second))
    child.expect("copies cannot be")
    refused(scene, child)


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
def test_the_connection_ends(scene, stage):
    child, _, _ = reached(scene, stage)
    helpers = running("passkey-phone", "passkey-askpass")
    for descriptor in running("ssh"):
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
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
