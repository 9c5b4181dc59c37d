# SPDX-License-Identifier: BSD-2-Clause
"""passkey-ssh --enroll: the real ssh, sshd, polkit and passkey-enroll, and a key in the laptop."""

import contextlib
import json
import os
import select
import signal

import pexpect
import pytest

import forward
import namespace
import ssh

pytestmark = pytest.mark.real_programs

PASSWORD_ONLY = "auth required pam_unix.so\n" + namespace.REST
TOUCH = "(?i)touch your security key"


class Scene:
    def __init__(self, machine, keys):
        self.machine, self.keys = machine, keys
        self.server = ssh.Server(machine, stack=PASSWORD_ONLY)
        self.laptop = ssh.Laptop(machine, keys)
        self.blue = keys.add("blue").set(touch="wait")

    def terminal(self, *arguments, **variables):
        return self.laptop.terminal(["passkey-ssh", "--enroll", *arguments],
                                    PASSKEY_AUTHENTICATOR=self.machine.program, **variables)

    def start(self, *arguments):
        """Up to the request, with both passwords given: sshd's and polkit's."""
        child = self.terminal(*arguments)
        child.expect(r"\) Password: ")
        child.sendline(namespace.password("alice"))
        child.expect("(?i)password: ")
        child.sendline(namespace.password("alice"))
        child.expect(r"\n(passkey[12]:[A-Za-z0-9_-]+)\r")
        return child

    def listed(self):
        done = self.machine.run_as("alice", ["passkeyctl", "list", "--json"])
        return json.loads(done.stdout)


@pytest.fixture
def scene(machine, keys):
    yield Scene(machine, keys)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(IN_ITS_PLACE)


def end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def test_enrols_the_laptops_key(scene):
    child = scene.start("alice@" + namespace.HOST)
    child.expect(f"{namespace.HOST} asks for your passkey:")
    child.expect("to enrol a new passkey for the account alice")
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    scene.blue.touch()
    child.expect("Enrolled")
    status, shown = end(child)
    assert status == 0, shown
    passkey, = scene.listed()
    assert passkey["user"] == "alice" and passkey["rpId"] == namespace.HOST


def test_an_answer_in_parts(scene):
    scene.machine.configure("[rp default]\nattestation = direct\n")
    scene.machine.kill_daemon()
    child = scene.start("alice@" + namespace.HOST)
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    scene.blue.touch()
    child.expect("Part 2 of the answer")
    child.expect("Enrolled")
    assert "Paste these" not in child.before
    assert end(child)[0] == 0
    assert len(scene.listed()) == 1


def test_a_second_key_behind_a_sign_in_with_the_first(scene):
    """ssh asks for a passkey itself, on the terminal that is passed through; then --enroll does."""
    child = scene.start("alice@" + namespace.HOST)
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    scene.blue.touch()
    assert end(child)[0] == 0
    namespace.write("/etc/pam.d/sshd", namespace.service())
    red = scene.keys.add("red").set(touch="wait")
    child = scene.terminal("alice@" + namespace.HOST)
    child.expect("to sign in as alice")
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    scene.blue.touch()
    child.expect("(?i)password: ")
    child.sendline(namespace.password("alice"))
    child.expect("to enrol a new passkey for the account alice")
    child.expect(TOUCH)
    red.wait_touch_wanted()
    red.touch()
    child.expect("Enrolled")
    assert end(child)[0] == 0
    assert len(scene.listed()) == 2


def test_no_passkey_is_waited_for_that_cannot_exist_yet(scene):
    """The host asks for a passkey first, as it does of everybody, and then for the password."""
    namespace.write("/etc/pam.d/sshd", "auth sufficient pam_passkey.so\n" + PASSWORD_ONLY)
    child = scene.terminal("alice@" + namespace.HOST)
    child.expect("to sign in as alice")
    child.expect("Recovery code")
    assert "nsert" not in child.before, child.before
    child.sendline("")
    child.expect("Password: ")
    child.sendline(namespace.password("alice"))
    child.expect("(?i)password: ")
    child.sendline(namespace.password("alice"))
    child.expect("to enrol a new passkey for the account alice")
    child.expect(TOUCH)
    child.expect("Press Enter alone to stop.")
    scene.blue.wait_touch_wanted()
    scene.blue.touch()
    child.expect("Enrolled")
    assert end(child)[0] == 0


def test_by_an_address_and_an_option(scene):
    """The host is what ssh makes of its arguments; what is not accepted ends the enrolment."""
    child = scene.start("-o", "Port=22", "-l", "alice", "127.0.0.1")
    child.expect("127.0.0.1 asks for passkeys of " + namespace.HOST)
    child.expect(r"\(yes/no\)\? ")
    child.sendline("no")
    child.expect("not accepted")
    status, shown = end(child)
    assert status == 1 and "Nothing is enrolled" in shown, shown
    assert scene.listed() == []
    child = scene.start("-o", "HostKeyAlias=" + namespace.HOST, "alice@127.0.0.1")
    child.expect(f"{namespace.HOST} asks for your passkey:")
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    scene.blue.touch()
    assert end(child)[0] == 0


def test_the_person_gives_up(scene):
    """The keyboard's interrupt goes to passkey-askpass alone; the remote side is told."""
    child = scene.start("alice@" + namespace.HOST)
    child.expect(TOUCH)
    scene.blue.wait_touch_wanted()
    child.sendintr()
    status, shown = end(child)
    assert status == 1 and "Nothing is enrolled" in shown, shown
    assert scene.listed() == []


def test_interrupt_before_the_request_goes_to_the_host(scene):
    child = scene.terminal("alice@" + namespace.HOST)
    child.expect(r"\) Password: ")
    child.sendline(namespace.password("alice"))
    child.expect("(?i)password: ")
    child.sendintr()
    assert end(child)[0] != 0


IN_ITS_PLACE = "/usr/local/bin/passkey-enroll"


def remote(scene, script, interpreter="/bin/sh", **variables):
    """In the place of passkey-enroll, on the host."""
    namespace.write(IN_ITS_PLACE, f"#!{interpreter}\n{script}", 0o755)
    child = scene.terminal("alice@" + namespace.HOST, **variables)
    child.expect(r"\) Password: ")
    child.sendline(namespace.password("alice"))
    return child


# A shell could miss a change of the size that comes just before it waits for what is typed.
AT_THE_TERMINAL = """
import os, signal, termios, tty
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
size = os.get_terminal_size()
print(size.lines, size.columns, flush=True)
before = termios.tcgetattr(0)
tty.setraw(0)
print("ready", flush=True)
typed = b""
while len(typed) < 3:
    typed += os.read(0, 3)
termios.tcsetattr(0, termios.TCSADRAIN, before)
print(typed.hex(" "), flush=True)
while os.get_terminal_size() == size:
    signal.sigwait([signal.SIGWINCH])
size = os.get_terminal_size()
print(size.lines, size.columns, flush=True)
print("got", input())
raise SystemExit(9)
"""


def test_the_terminal_is_passed_through(scene):
    """Its size, changes of it, and bytes as they are typed."""
    child = remote(scene, AT_THE_TERMINAL, "/usr/bin/python3 -ISs")
    child.expect("24 200")
    child.expect("ready")
    child.send("\x03\x1a\x04")
    child.expect("03 1a 04")
    child.setwinsize(30, 90)
    child.expect("30 90")
    child.sendline("hello")
    child.expect("got hello")
    assert end(child)[0] == 9


def test_only_an_enrolment_is_answered(scene):
    """A sign-in, or a second enrolment, is nothing to this mode: no key is asked."""
    context = json.dumps(dict(act="authenticate", command="", host="", rhost="", service="sudo",
                              target="root", tty="", user="alice"))
    line = forward.encode_request({
        "kind": "get", "nonce": bytes(32), "context": context, "rp_id": namespace.HOST,
        "user_verification": 1, "credentials": [b"x" * 32], "timeout": 60})
    child = remote(scene, f"echo '{line}'; echo passkey1:AAAA; read line; echo \"<$line>\"\n")
    child.expect("passkey1:AAAA")
    child.sendline("typed by hand")
    child.expect("<typed by hand>")
    status, shown = end(child)
    assert status == 0 and "asks for your passkey" not in shown


def creation():
    context = json.dumps(dict(act="enroll", command="", host="", rhost="", service="", target="",
                              tty="", user="root"))
    return forward.encode_request({
        "kind": "create", "nonce": bytes(32), "context": context, "rp_id": namespace.HOST,
        "user_verification": 1, "credentials": [], "timeout": 60, "rp_name": "web1",
        "user_handle": b"u" * 64, "user_name": "root", "user_display_name": "root",
        "algorithms": [forward.ES256], "resident_key": 1, "attestation": 1,
        "cred_protect": 0})


def test_the_blank_behind_a_question(scene):
    """It may come once the question has been answered, and belongs to no later line."""
    child = remote(scene, f"printf '\\n{creation()}\\n'; read line; printf ' done\\n'; "
                          "printf ' with\\n'\n")
    child.expect("to enrol a new passkey for the account root")
    child.sendintr()
    _, shown = end(child)
    lines = shown.replace("\r", "").split("\n")
    assert "done" in lines and " with" in lines


def test_a_host_that_hides_what_is_shown(scene):
    """By margins of one line, and text that is not seen: both are undone first."""
    line = creation()
    script = f"printf '\\033[1;1r\\033[8m\\n{line}\\n'; read line\n"
    child = remote(scene, script, TERM="xterm")
    child.expect(r"\x1b\[1;1r\x1b\[8m")
    child.expect("to enrol a new passkey for the account root")
    before, _, after = child.before.partition("\x1b[!p")
    assert "asks for your passkey" not in before and "asks for your passkey" in after
    child.sendintr()
    end(child)


FAKE_SSH = "/usr/sbin/ssh"


def test_a_host_that_reads_nothing(scene):
    """It cannot keep passkey-ssh from ending, however much input is waiting for it."""
    namespace.write(FAKE_SSH, f"""#!/bin/sh
case $1 in
-V) echo OpenSSH_9.2 >&2; exit ;;
-G) echo hostname {namespace.HOST}; exit ;;
esac
stty raw -echo
echo ready
exec sleep 1000
""", 0o755)
    try:
        child = scene.terminal("alice@" + namespace.HOST)
        child.expect("ready")
        os.set_blocking(child.child_fd, False)
        terminal = select.poll()
        terminal.register(child.child_fd, select.POLLOUT)
        while terminal.poll(1000):
            with contextlib.suppress(BlockingIOError):
                os.write(child.child_fd, b"x" * 1024)
        child.kill(signal.SIGTERM)
        os.set_blocking(child.child_fd, True)
        child.expect(pexpect.EOF)
    finally:
        os.unlink(FAKE_SSH)


def test_without_a_terminal_or_a_host(scene):
    done = scene.laptop.run(["passkey-ssh", "--enroll", namespace.HOST],
                            stdin=ssh.subprocess.DEVNULL)
    assert done.returncode == 126 and "needs a terminal" in done.stderr
    child = scene.terminal()
    status, shown = end(child)
    assert status == 2 and "usage: ssh" in shown
