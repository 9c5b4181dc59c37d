# SPDX-License-Identifier: BSD-2-Clause
"""Enrolling a phone on another host: passkey-ssh --enroll, the real ssh, sshd, polkit and
passkey-enroll, and a phone in software at the laptop.

Were this broken, a bystander's phone would be enrolled there, or nobody without a security key
could enrol at all.
"""

import pexpect
import pytest

import forward
import namespace
import phones
import ssh
import ssh_method
from phone_ssh import WHOSE, refused, scene_of

pytestmark = pytest.mark.real_programs


@pytest.fixture(name="scene")
def scene_fixture(machine):
    with scene_of(machine) as scene:
        yield scene


def test_a_phone_is_enrolled_and_signs_in_over_ssh(scene):
    phone = scene.site.phone()
    child, code = scene.shown()
    scene.site.scan(code, phone)
    child.expect("It is kept by")
    child.expect(WHOSE)
    child.sendline("y")
    child.expect("Now use it once, with a second code")
    second = scene.code(child)
    assert second != code
    scene.site.scan(second, phone)
    child.expect('Enrolled "phone')
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    passkey, = scene.listed()
    assert "hybrid" in passkey["transports"] and passkey["rpId"] == namespace.HOST
    assert phone.shown[1] == namespace.HOST
    namespace.write("/etc/pam.d/sshd", namespace.service())
    child = scene.terminal(["passkey-ssh", *ssh.CLIENT[1:], "alice@" + namespace.HOST, "id", "-un"])
    # No key of this computer is known by it: a plugged-in one is not waited for long.
    child.expect("Press Enter alone to go on to the next way")
    child.sendline("")
    child.expect("Enter alone goes on without:")
    child.sendline("phone")
    child.expect("Approve on your phone the request of " + namespace.HOST)
    scene.site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
    child.expect("alice\r\n")
    child.close()


@pytest.mark.parametrize("answer", ["n", "", "phone"])
def test_somebody_elses_phone(scene, answer):
    """A bystander has read the code first; anything but yes enrols nothing."""
    child, code = scene.shown()
    scene.site.scan(code, scene.site.phone())
    child.expect(WHOSE)
    child.sendline(answer)
    child.expect("somebody else has seen the code")
    refused(scene, child)


@pytest.mark.parametrize("behaviour,words", [
    ({"wrong_signature": True}, "signature-invalid"),
    ({"status": 0x27}, "declined on the phone"),
    ({"other_credential": True}, "not accepted|refused|connection to the phone failed"),
    ({"flags": 0x19}, "did not check whose it is"),
])
def test_the_second_code_fails(scene, behaviour, words):
    phone = scene.site.phone()
    child, code = scene.shown()
    scene.site.scan(code, phone)
    child.expect(WHOSE)
    child.sendline("y")
    scene.site.scan(scene.code(child), scene.site.phone(*phone.passkeys, **behaviour))
    child.expect(words)
    refused(scene, child)


@pytest.mark.parametrize("behaviour,words", [
    ({"flags": 0x19}, "did not check whose it is"),
    ({"wrong_rp_id_hash": True}, "for another computer"),
    ({"status": 0x27}, "declined on the phone"),
    ({"close_before": "answer"}, "without an answer"),
    ({"http": 410}, "Try again with a new code"),
])
def test_the_first_code_fails(scene, behaviour, words):
    child, code = scene.shown()
    scene.site.scan(code, scene.site.phone(**behaviour))
    child.expect(words)
    assert "Did your phone" not in refused(scene, child)


@pytest.mark.parametrize("how", ["\r", "\x03"])
@pytest.mark.parametrize("stage", ["code", "question", "second"])
def test_cancelled(scene, how, stage):
    phone = scene.site.phone()
    child, code = scene.shown()
    if stage != "code":
        scene.site.scan(code, phone)
        child.expect(WHOSE)
    if stage == "second":
        child.sendline("y")
        scene.code(child)
    child.send(how)
    refused(scene, child)


def test_a_phone_that_has_one(scene):
    phone = scene.site.phone()
    child, code = scene.shown()
    scene.site.scan(code, phone)
    child.expect(WHOSE)
    child.sendline("y")
    scene.site.scan(scene.code(child), phone)
    child.expect("Enrolled")
    child.close()
    child, code = scene.shown()
    scene.site.scan(code, phone)
    child.expect("has a passkey for this account already")
    child.expect("Nothing is enrolled")
    child.close()


@pytest.mark.parametrize("variables,size", [
    ({"LC_ALL": "C"}, "rows 24"), ({}, "rows 23"), ({}, "columns 59")])
def test_where_a_terminal_shows_no_code(scene, variables, size):
    child = scene.terminal(["sh", "-c", f"read line; stty {size}; exec passkey-ssh "
                            f"--enroll alice@{namespace.HOST}"], **variables)
    child.sendline("")  # once the terminal has its size
    child.expect(r"\) Password: ")
    child.sendline(namespace.password("alice"))
    child.expect("(?i)password: ")
    child.sendline(namespace.password("alice"))
    child.expect("Press Enter alone to stop.")
    child.sendline("")
    assert "phone" not in refused(scene, child)


def test_bluetooth_is_off(scene):
    scene.site.bluez.power("hci0", False)
    scene.site.bluez.idle()
    child = scene.start()
    child.expect("Press Enter alone to go on to the next way.")
    child.sendline("")
    child.expect("Enter alone goes on without:")
    child.sendline("phone")
    child.expect("Bluetooth is off on this computer")
    assert "camera" not in refused(scene, child)


def test_without_yes_to_the_offer(scene):
    child = scene.start()
    child.expect("Press Enter alone to go on to the next way.")
    child.sendline("")
    child.expect("Enter alone goes on without:")
    child.sendline("")
    assert "camera" not in refused(scene, child)


# --- by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how,status", [("scan", 0), ("\r", 1), ("\x03", 130), ("declined", 1)])
def test_a_request_that_is_pasted(scene, how, status):
    """passkey-askpass alone, and what it ends with."""
    phone = scene.site.phone()
    child, code = scene.shown()
    scene.site.scan(code, phone)
    child.expect(WHOSE)
    child.sendline("y")
    scene.site.scan(scene.code(child), phone)
    child.expect("Enrolled")
    child.close()
    conversation = ssh_method.begin(scene.machine, "alice")
    line = forward.find(ssh_method.question(conversation))
    child = scene.terminal(["sh", "-c", f"trap : INT; echo {line} | "
                            f"passkey-askpass --host {namespace.HOST}; echo status $?"])
    child.expect("Press Enter alone to go on to the next way")
    child.sendline("")
    child.expect("Enter alone goes on without:")
    child.sendline("phone")
    child.expect("Approve on your phone the request of " + namespace.HOST)
    rows = phones.qr.rows_of(child.before)
    child.expect("Press Enter alone to go on to the next way")
    if how in ("scan", "declined"):
        site_phone = scene.site.phone(*phone.passkeys, status=0x27 if how == "declined" else 0)
        scene.site.scan(phones.qr.read(rows), site_phone)
    else:
        child.send(how)
    child.expect(r"status (\d+)")
    assert int(child.match.group(1)) == status, child.before
    answers = [each.strip() for each in child.before.splitlines() if "passkey1:" in each]
    child.close()
    assert len(answers) == (status == 0)
    if answers:
        assert ssh_method.outcome(conversation.next(text=answers[0]))[0] == "ok"
