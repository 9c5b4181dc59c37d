# SPDX-License-Identifier: BSD-2-Clause
"""What a person at this computer reads where something is in the way; each is compared with its
file in doc/recordings (recording.py)."""

import contextlib
import signal
import socket

import pytest

import namespace
from recording import Recording, wait_end

pytestmark = pytest.mark.real_programs

PIN = "123456"
FALLBACK = "auth [success=done default=ignore] pam_passkey.so\nauth required pam_unix.so\n" + \
    namespace.REST
SUDO = "/etc/pam.d/sudo"


class Screen:
    """Commands of a person, and what their terminal shows."""

    def __init__(self, machine, name, title, host="web1"):
        self.machine, self.host = machine, host
        self.recording = Recording(name, title)
        self.say, self.acts, self.finish = \
            self.recording.say, self.recording.acts, self.recording.finish

    def types(self, command, user="alice", **variables):
        self.recording.type(f"{user}@{self.host}", command)
        child = self.machine.terminal(user, ["sh", "-c", command], **variables)
        child.logfile_read = self.recording.screen()
        return child

    def runs(self, command, status, user="alice", **variables):
        """One that asks nothing; the exit status is shown where it is not 0."""
        child = self.types(command, user, **variables)
        assert wait_end(child) == status, child.before
        assert "assword:" not in child.before, child.before
        if status:
            self.acts(f"exit status {status}")

    def answers(self, child, question, text, shown=None):
        child.expect(question)
        self.acts(f"types {shown or text}")
        child.sendline(text)


@contextlib.contextmanager
def file_of(path, text):
    with open(path, encoding="utf-8") as file:
        before = file.read()
    namespace.write(path, text)
    try:
        yield
    finally:
        namespace.write(path, before)


def test_waiting(machine, keys):
    """Enter leads on at once; a key that says nothing keeps nobody waiting."""
    screen = Screen(machine, "waiting", "A sudo that waits for a security key")
    key = keys.add("blue", product="Blue")
    machine.enrol("alice", "blue")
    key.set(touch="wait")
    with file_of(SUDO, FALLBACK):
        child = screen.types("sudo -u bob id -un")
        child.expect("\nPress Enter alone to go on to the password.\r")
        key.wait_touch_wanted()
        screen.acts("has the key elsewhere, and presses Enter")
        child.sendline("")
        screen.answers(child, "(?i)password for alice: |Password: ", namespace.password("alice"),
                       "the password")
        assert wait_end(child) == 0
        screen.say("The key says nothing any more:")
        key.set(hang="dumb", misbehave_at="touch")
        child = screen.types("sudo -k -u bob id -un")
        screen.answers(child, "(?i)password for alice: |Password: ", namespace.password("alice"),
                       "the password")
        assert wait_end(child) == 0
    screen.finish()


def test_refusals(machine, keys):
    """What is known beforehand is refused before anybody has typed a password."""
    screen = Screen(machine, "refused-at-once", "What is refused before a password is asked for")
    keys.add("blue", product="Blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    screen.runs("passkey-enroll --name blue", 1)
    screen.runs(f"passkey-enroll --name {'x' * 65}", 1)
    screen.runs("passkey-enroll --rp nosuch", 1)
    screen.runs("passkey-enroll --timeout 601", 2)
    screen.runs("passkey-enroll --ticket-file ticket", 1)
    screen.runs("passkeyctl rename green red", 1)
    screen.runs("printf 'passkeyctl rename blue \\377' | sh", 2)
    screen.runs("echo none >garbage; passkeyctl import ssh garbage", 1)
    screen.runs("echo '-----BEGIN OPENSSH PRIVATE KEY-----' >key; passkeyctl import ssh key", 1)
    screen.runs("ssh-keygen -q -t ed25519 -N '' -f plain && passkeyctl import ssh plain.pub", 1)
    screen.runs("echo none >ticket; passkey-enroll --ticket-file ticket", 1)
    screen.runs("passkeyctl list --user nobodyhere", 1, "root")
    screen.runs("passkeyctl recovery-codes --user bob", 1)
    screen.runs("passkeyctl list --user bob", 1)
    screen.runs("passkeyctl adopt alice", 1, "root")
    screen.runs("passkeyctl ticket --user bob", 1)
    screen.say("Without a terminal:")
    screen.runs("setsid -w passkeyctl remove blue", 1)
    machine.configure("[limits]\ncredentials-per-account = 1\n")
    machine.kill_daemon(signal.SIGTERM)
    screen.runs("passkey-enroll --name green", 1)
    screen.runs("passkey-enroll --name green --json", 1)
    screen.finish()


def test_keys(machine, keys):
    """Root's enrolments need no password, which would only stand between the texts."""
    screen = Screen(machine, "refused-keys", "Security keys that cannot do what is asked of them")

    def enrols(what, config="", options="", **features):
        machine.configure(f"[rp default]\n{config}\n[authenticator]\ninsert-timeout = 1\n")
        machine.kill_daemon(signal.SIGTERM)
        key = keys.add("blue", product="Blue", **features).set(touch="immediate")
        screen.say(what)
        return key, "passkey-enroll --user alice" + options

    key, command = enrols("One without PIN (U2F), where the PIN is wanted:",
                          "user-verification = required", version="u2f")
    screen.runs(command, 1, "root")
    key.remove()
    key, command = enrols("One that has no PIN yet:", "user-verification = required")
    screen.runs(command, 1, "root")
    key.remove()
    key, command = enrols("One whose PIN has to be changed:", "user-verification = required",
                          force_pin_change=True)
    key.set_pin(PIN)
    screen.runs(command, 1, "root")
    key.remove()
    key, command = enrols("One whose PIN is locked:", "user-verification = required")
    key.set_pin(PIN, tries=0)
    screen.runs(command, 1, "root")
    key.remove()
    key, command = enrols("One that is full:", options=" --resident", resident_keys=1)
    machine.enrol("bob", "blue", resident="required")
    screen.runs(command, 1, "root")
    key.remove()
    key, command = enrols("One of a model that is not allowed here:",
                          "attestation = direct\n"
                          "aaguid-deny = 01010101-0101-0101-0101-010101010101",
                          aaguid="01" * 16)
    screen.runs(command, 1, "root")
    key.remove()
    key, command = enrols("One that is enrolled already:")
    machine.enrol("alice", "blue key")
    screen.runs(command, 1, "root")
    key.remove()
    screen.say("None at all:")
    screen.runs(command, 1, "root")
    screen.runs(command + " --json", 1, "root")
    screen.finish()


def test_check(machine, keys):
    screen = Screen(machine, "check", "What keeps passkeys from working on a host with faults")
    keys.add("blue", product="Blue").set(touch="immediate")
    machine.enrol("alice", "blue")
    machine.configure("[rp default]\nuser-verification = sometimes\n")
    with file_of(SUDO, "auth sufficient pam_passkey.so nulok rp=nosuch\n"
                       "auth required pam_unix.so\n"):
        screen.runs("passkeyctl check | grep --no-group-separator -A1 -E '^(warn|fail)'", 0, "root")
        # The exit status is for monitoring.
        screen.runs("passkeyctl check >/dev/null", 2, "root")
    screen.finish()


def test_key(machine, keys):
    screen = Screen(machine, "key", "Looking after a security key")
    machine.activatable(False)
    keys.add("blue", product="Blue", manufacturer="Maker").set_pin(PIN, tries=5)
    helper = {"PASSKEY_AUTHENTICATOR": keys.wrapper("/usr/libexec/passkey/passkey-authenticator")}
    screen.runs("passkeyctl key list", 0, "root", **helper)
    screen.runs("passkeyctl key info Blue", 0, "root", **helper)
    for old, new in (("000000", "a wrong PIN"), (PIN, "the PIN")):
        child = screen.types("passkeyctl key change-pin", "root", **helper)
        screen.answers(child, "has now: ", old, new)
        screen.answers(child, "New PIN[^\n]*: ", "7654321", "a new PIN")
        screen.answers(child, "once more: ", "7654321", "it again")
        assert wait_end(child) == (0 if old == PIN else 1)
    screen.runs("passkeyctl key set-pin", 1, "root", **helper)
    machine.activatable(True)
    screen.finish()


def test_name_without_an_id(machine, keys):
    screen = Screen(machine, "host-without-id", "A host whose name can be no relying party's id",
                    "my_laptop")
    before = socket.gethostname()
    with open("/etc/hosts", encoding="utf-8") as file:
        hosts = file.read()
    socket.sethostname("my_laptop")
    namespace.write("/etc/hosts", hosts + "127.0.1.1 my_laptop\n")
    try:
        keys.add("blue", product="Blue").set(touch="immediate")
        machine.configure()
        screen.runs("passkeyctl status | grep ^relying", 0)
        screen.runs("passkeyctl check | grep -A1 '^note  id'", 0)
        screen.say("Keys of this computer serve all the same:")
        child = screen.types("passkey-enroll --name blue | head -n 1")
        screen.answers(child, "(?i)password: ", namespace.password("alice"), "alice's password")
        assert wait_end(child) == 0
        screen.runs("sudo -u bob id -un", 0)
    finally:
        namespace.write("/etc/hosts", hosts)
        socket.sethostname(before)
    screen.finish()
