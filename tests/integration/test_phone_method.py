# SPDX-License-Identifier: BSD-2-Clause
"""Signing in and enrolling by a phone: the daemon, passkey-phone, and a phone in software.

Were this broken, somebody else's phone would sign in or be enrolled, or a failure would have no
words.
"""

import pexpect
import pytest

import namespace
import phones
import software_phone
import ssh
from machine import AUTHPRIV
from softkey import SoftKeys


@pytest.fixture(name="site")
def site_fixture(machine):
    site = phones.Site(machine)
    yield site
    site.close()


@pytest.fixture(name="phone")
def phone_fixture(site):
    """Alice's, which is enrolled."""
    phone = site.phone()
    phones.enrol(site, phone)
    return phone


def passkeys(machine, user="alice"):
    return machine.run_as("root", ["passkeyctl", "list", "--user", user]).stdout


def signs_in(site, phone, user="alice", **context):
    conversation, code = phones.shown(site.machine, user, **context)
    site.scan(code, phone)
    return phones.outcome(conversation)


def test_a_phone_is_enrolled_and_signs_in(site):
    phone = site.phone()
    credential = phones.enrol(site, phone)
    assert '"hybrid"' in credential
    assert phone.shown[1] == "web1.example.org"
    mark = site.machine.syslog.mark()
    assert signs_in(site, phone) == ("ok", "")
    site.machine.syslog.wait("sign-in of alice .*: ok, passkey .*user verified", mark, AUTHPRIV)
    site.machine.syslog.wait("phone: connecting through cable.ua5v.com", mark)


def test_only_who_asks_for_a_code_gets_one(site, phone):
    conversation, text = phones.offered(site.machine)
    assert "Google or Apple" in text and "sign in as alice on web1" in text
    kind, _, details = conversation.next(text="")
    assert kind == "done" and details["result"] == "cancelled"


@pytest.mark.parametrize("context", [{"pictures": False}, {"rhost": "192.0.2.7"},
                                     {"rhost": "127.0.0.1"}, {"unattended": True}])
def test_who_is_not_offered_one(site, phone, context):
    conversation = site.machine.connect().authenticate(
        "alice", **{"methods": "phone", "pictures": True, **context})
    kind, _, details = conversation.next()
    assert (kind, details["result"]) == ("done", "unavailable")


def test_an_account_without_phones_is_offered_none(site, phone):
    conversation = site.machine.connect().authenticate("bob", methods="phone", pictures=True)
    assert conversation.next()[0] == "done"


def test_off_by_default(site, phone):
    site.machine.configure("")
    site.machine.kill_daemon(15)
    conversation = site.machine.connect().authenticate("alice", methods="phone", pictures=True)
    assert conversation.next()[2]["result"] == "unavailable"


FAULTS = [
    ({"wrong_signature": True}, "signature-invalid", "not accepted"),
    ({"other_credential": True}, None, ""),
    ({"wrong_rp_id_hash": True}, "rp-id-mismatch", "for another computer"),
    ({"flags": software_phone.UP | software_phone.BE | software_phone.BS}, "user-not-verified",
     "did not check whose it is"),
    ({"flags": software_phone.UV | software_phone.BE | software_phone.BS}, "user-not-present",
     "nobody approved"),
    ({"flags": software_phone.UP | software_phone.UV | software_phone.BS}, "backup-state-invalid",
     "copies cannot be"),
    ({"flags": software_phone.UP | software_phone.UV}, "backup-eligibility-changed",
     "copies cannot be"),
    ({"status": 0x27}, "phone-declined", "declined on the phone"),
    ({"status": 0x2e}, "phone-no-passkey", "no passkey for this account"),
    ({"close_before": "answer"}, "phone-ended", "without an answer"),
    ({"revision": 0}, "phone-too-old", "too old"),
    ({"http": 410}, "phone-tunnel", "Try again with a new code"),
    ({"wrong_tag": True}, "phone-tunnel", "Try again with a new code"),
]


@pytest.mark.parametrize("behaviour,result,words", FAULTS, ids=lambda value: str(value)[:40])
def test_what_goes_wrong_is_said(site, phone, behaviour, result, words):
    bad = site.phone(*phone.passkeys, **behaviour)
    ended, text = signs_in(site, bad)
    assert ended != "ok" and words in text, (ended, text)
    assert result in (None, ended)
    assert signs_in(site, phone)[0] == "ok"  # and nothing is left of it


def test_somebody_elses_phone_has_read_the_code_first(site, phone):
    """A photograph of the code: that phone has no passkey that counts here."""
    stranger = site.phone(software_phone.Passkey(
        "web1.example.org", phone.passkeys[0].user, phone.passkeys[0].algorithm,
        phone.passkeys[0].secret[::-1], id=phone.passkeys[0].id))
    ended, _ = signs_in(site, stranger)
    assert ended == "signature-invalid"


def test_a_passkey_of_another_account(site, phone):
    bobs = site.phone()
    phones.enrol(site, bobs, "bob")
    both = site.phone(*bobs.passkeys)
    ended, text = signs_in(site, both)
    assert ended == "phone-no-passkey", text


def test_two_users_at_once(site, phone):
    bobs = site.phone()
    phones.enrol(site, bobs, "bob")
    first, first_code = phones.shown(site.machine)
    second, second_code = phones.shown(site.machine, "bob")
    assert first_code != second_code
    site.scan(second_code, bobs)
    assert phones.outcome(second)[0] == "ok"
    site.scan(first_code, phone)
    assert phones.outcome(first)[0] == "ok"


def test_one_code_at_a_time_for_each(site, phone):
    first, code = phones.shown(site.machine)
    second, _ = phones.offered(site.machine)
    kind, text, details = second.next(text="phone")
    assert (kind, details["result"]) == ("done", "busy") and "another QR code" in text
    site.scan(code, phone)
    assert phones.outcome(first)[0] == "ok"


@pytest.mark.parametrize("stage", ["shown", "heard", "asked"])
@pytest.mark.parametrize("how", ["Skip", "Cancel"])
def test_cancelled(site, phone, stage, how):
    """Whenever it is, the parts end, and the next code is as good as any."""
    conversation, code = phones.shown(site.machine)
    phone.agreed.clear()
    site.server.silent = stage == "heard"
    if stage != "shown":
        site.scan(code, phone, connects=stage == "asked")
    phones.wait_for(conversation, {"shown": "phone"}.get(stage, "phone-" + stage))
    conversation.connection.call(phones.parts.CONVERSATION, how, path=conversation.path)
    assert phones.outcome(conversation)[0] == "cancelled"
    phone.agreed.set()
    site.server.silent = False
    assert signs_in(site, phone)[0] == "ok"


def test_without_bluetooth(machine, site, phone):
    site.bluez.power("hci0", False)
    site.bluez.idle()
    conversation, _ = phones.offered(machine)
    kind, text, details = conversation.next(text="phone")
    assert (kind, details["result"]) == ("done", "phone-adapter-off")
    assert "Bluetooth is off" in text
    site.bluez.close()
    conversation, _ = phones.offered(machine)
    kind, text, details = conversation.next(text="phone")
    assert (kind, details["result"]) == ("done", "phone-no-adapter"), text


# --- enrolling ------------------------------------------------------------------------------------


def begin(site, **options):
    conversation = site.machine.connect().enroll(
        "alice", **{"methods": "phone", "pictures": True, **options})
    return conversation, phones.code_of(conversation)


def test_not_my_phone(site):
    """A bystander has read the code first: nothing is stored, and the log says so."""
    mark = site.machine.syslog.mark()
    conversation, code = begin(site)
    site.scan(code, site.phone())
    text = phones.wait_for(conversation, "phone-confirm")
    assert "Did your phone just save a passkey for alice on web1" in text
    kind, text, details = conversation.next(text="n")
    assert (kind, details["result"]) == ("done", "cancelled") and "Nothing is enrolled" in text
    assert "No passkeys" in passkeys(site.machine) or "alice" not in passkeys(site.machine)
    conversation.connection.close()
    site.machine.syslog.wait("the person did not say that it was theirs", mark)


@pytest.mark.parametrize("behaviour,result", [
    ({"wrong_signature": True}, "signature-invalid"),
    ({"status": 0x27}, "phone-declined"),
    ({"other_credential": True}, None),
])
def test_the_second_code_fails(site, behaviour, result):
    phone = site.phone()
    conversation, code = begin(site)
    site.scan(code, phone)
    phones.wait_for(conversation, "phone-confirm")
    kind, text, details = conversation.next(text="y")
    while details.get("event") != "qr-code":
        kind, text, details = conversation.next()
    bad = site.phone(*phone.passkeys, **behaviour)
    site.scan(phones.qr.read(text.split("\n")[1:]), bad)
    ended, text = phones.outcome(conversation)
    assert ended != "ok" and result in (None, ended)
    assert '"phone"' not in passkeys(site.machine)
    conversation = site.machine.connect().authenticate("alice", methods="phone", pictures=True)
    assert conversation.next()[2]["result"] != "ok"


def test_an_id_of_another_account(site, phone):
    """A phone in a stranger's hands may say any id; nobody gets another's, nor takes it away."""
    mine, = phone.passkeys
    conversation = site.machine.connect().enroll("bob", methods="phone", pictures=True)
    stranger = site.phone(makes=mine.id)
    site.scan(phones.code_of(conversation), stranger)
    phones.wait_for(conversation, "phone-confirm")
    kind, text, details = conversation.next(text="y")
    while details.get("event") != "qr-code":
        assert kind == "info", text
        kind, text, details = conversation.next()
    site.scan(phones.qr.read(text.split("\n")[1:]), stranger)
    ended, text = phones.outcome(conversation)
    assert ended == "exists", (ended, text)
    assert "bob" not in passkeys(site.machine, "bob")
    assert signs_in(site, phone)[0] == "ok"


def test_a_phone_that_has_one(site, phone):
    conversation, code = begin(site)
    site.scan(code, phone)
    ended, text = phones.outcome(conversation)
    assert ended == "phone-has-one" and "already" in text


# --- real programs --------------------------------------------------------------------------------


@pytest.mark.real_programs
def test_sudo(site, phone):
    child = site.machine.terminal("alice", ["sh", "-c", "read line; LANG=C.UTF-8 sudo id -un"])
    child.setwinsize(24, 80)
    child.sendline("")
    child.expect("Enter alone goes on without: ")
    assert "Use a phone that is with you for what alice typed on web1: sudo id -un?" in child.before
    child.sendline("phone")
    child.expect("Approve on your phone for what alice typed on web1: sudo id -un")
    rows = phones.qr.rows_of(child.before)
    assert len(rows) <= 19
    site.scan(phones.qr.read(rows), phone)
    child.expect("Your phone is connected")
    child.expect("root\r\n")
    child.close()
    assert phone.shown[1] == "web1.example.org"


@pytest.mark.real_programs
@pytest.mark.parametrize("rows,columns,variables", [
    (23, 80, "LANG=C.UTF-8"), (24, 59, "LANG=C.UTF-8"), (24, 80, "LANG=C LC_ALL=C")])
def test_where_a_terminal_shows_no_code(site, phone, rows, columns, variables):
    child = site.machine.terminal("alice", ["sh", "-c", f"read line; {variables} sudo id -un"])
    child.setwinsize(rows, columns)
    child.sendline("")
    child.expect("A phone's QR code is not shown here: that takes UTF-8 and 24 lines of 60 columns")
    child.expect("No other passkey of this account can be used here")
    child.expect(pexpect.EOF)
    assert "Use a phone" not in child.before and "nsert" not in child.before


@pytest.mark.real_programs
def test_su_for_another_account(site, phone):
    """bob becomes alice: alice's phone has to approve, and the question says who asks."""
    child = site.machine.terminal(
        "bob", ["sh", "-c", "read line; LANG=C.UTF-8 su alice -c 'id -un'"])
    child.setwinsize(24, 80)
    child.sendline("")
    child.expect("Enter alone goes on without: ")
    assert "bob asks to become alice" in child.before
    child.sendline("phone")
    child.expect(r"Approve on your phone to sign in as alice on web1 \(su\)")
    site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
    child.expect("alice\r\n")
    child.close()


def test_passkey_enroll(site):
    """As a person does it, with the two codes on the terminal; root needs no password."""
    phone = site.phone()
    child = site.machine.terminal("root", [
        "sh", "-c", "read line; LANG=C.UTF-8 passkey-enroll --phone --user alice --name pocket"])
    child.setwinsize(24, 80)
    child.sendline("")
    child.expect("Google or Apple")
    child.expect("Approve on your phone")
    site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
    child.expect(r"Did your phone just save a passkey for alice on web1\S*\? \[y/N\]")
    child.sendline("y")
    child.expect("with a second code")
    child.expect("Approve on your phone")
    site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
    child.expect('Enrolled "pocket" for alice')
    child.close()


@pytest.mark.real_programs
def test_a_yes_that_was_typed_too_early(site):
    """A letter while the code is shown, and Enter at the question behind it."""
    child = site.machine.terminal("root", [
        "sh", "-c", "read line; LANG=C.UTF-8 passkey-enroll --phone --user alice"])
    child.setwinsize(24, 80)
    child.sendline("")
    child.expect("Approve on your phone")
    code = phones.qr.read(phones.qr.rows_of(child.before))
    child.send("y")
    site.scan(code, site.phone())
    child.expect(r"\[y/N\]")
    child.sendline("")
    child.expect("Nothing is enrolled")
    child.close()
    assert "alice" not in passkeys(site.machine)


@pytest.mark.parametrize("what,status,words", [
    ("n", 1, "Nothing is enrolled"), ("\x03", 130, ""), ("stranger", 1, "not accepted")])
def test_what_passkey_enroll_ends_with(site, what, status, words):
    phone = site.phone()
    child = site.machine.terminal("root", [
        "sh", "-c", "trap : INT; read line; LANG=C.UTF-8 passkey-enroll --phone --user alice; "
        "echo status $?"])
    child.setwinsize(24, 80)
    child.sendline("")
    child.expect("Approve on your phone")
    site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
    child.expect(r"\[y/N\]")
    child.send("y\r" if what == "stranger" else what + "\r")
    if what == "stranger":
        child.expect("Approve on your phone")
        site.scan(phones.qr.read(phones.qr.rows_of(child.before)),
                  site.phone(*phone.passkeys, wrong_signature=True))
    child.expect(r"status (\d+)")
    assert int(child.match.group(1)) == status and words in child.before, child.before
    child.close()
    assert "alice" not in passkeys(site.machine)


def test_passkey_enroll_where_no_code_is_seen(site):
    """Not at a terminal; for two ways at once; and without passkeyd."""
    run = site.machine.run_as
    done = run("root", ["passkey-enroll", "--phone", "--user", "alice"])
    assert done.returncode == 1 and "A QR code cannot be shown here" in done.stderr
    assert run("root", ["passkey-enroll", "--phone", "--browser"]).returncode == 2
    site.machine.activatable(False)
    site.machine.kill_daemon(15)
    assert run("root", ["passkey-enroll", "--phone", "--user", "alice"]).returncode == 3


@pytest.mark.real_programs
def test_ssh_by_passkey_askpass(machine, site, phone):
    """The code is on the laptop's terminal, and the server needs nothing of phones."""
    with open(phones.parts.CONFIG, encoding="utf-8") as file:
        settings = phones.settings_of(file.read())
    site.machine.configure("")
    site.machine.kill_daemon(15)
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        ssh.Server(machine)
        laptop = ssh.Laptop(machine, keys)
        with laptop.helper():
            child = laptop.terminal(
                ["passkey-ssh", "-o", "PreferredAuthentications=keyboard-interactive",
                 "-o", "NumberOfPasswordPrompts=1", "alice@" + namespace.HOST, "id", "-un"],
                LANG="C.UTF-8", PASSKEY_PHONE="/usr/libexec/passkey/passkey-phone",
                PASSKEY_PHONE_CONNECT=settings["test-connect"],
                PASSKEY_PHONE_CA_FILE=settings["test-ca-file"])
            child.setwinsize(24, 80)
            child.expect("Press Enter alone to go on to the next way")
            child.sendline("")
            child.expect(namespace.HOST + ": use a phone that is with you instead")
            child.expect("Enter alone goes on without:")
            child.sendline("phone")
            child.expect("Approve on your phone the request of " + namespace.HOST)
            site.scan(phones.qr.read(phones.qr.rows_of(child.before)), phone)
            child.expect("Your phone is connected")
            child.expect("alice\r\n")
            child.close()
    assert machine.results() == [("sshd", "alice", "success")]
