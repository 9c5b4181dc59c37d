# SPDX-License-Identifier: BSD-2-Clause
"""What real programs do with long messages: if this failed, the end of a command could be cut off
before the person sees it, or a request over ssh could not be copied."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

import machine as parts
import namespace
import ssh
from apps import App, Login

pytestmark = pytest.mark.real_programs

OWN = "/run/passkeyd/socket"
FAKE = os.path.join(os.path.dirname(__file__), "..", "unit", "fake_daemon.py")
LOCKER = namespace.SCRATCH + "/locker"
STACK = "auth required pam_passkey.so\n" + namespace.REST
# As the daemon quotes it: 4 KiB of words, of no words, of blanks that are not seen, and umlauts.
COMMANDS = {
    "words": " ".join(f"word{number:04d}" for number in range(455)),
    "no words": "".join(f"{number:07d}," for number in range(512)),
    "blanks": "sh -c $'echo " + r"\u00a0" * 600 + "'" + " x" * 230,
    "umlauts": "\u00e4\u00f6\u00fc " * 584 + "\u00e4",
}
COMMAND = pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
TOUCH = "Touch your security key for what alice typed on web1: "
# As the request that a command of 4 KiB leads to, and the longest there is.
REQUESTS = ["passkey2:" + "".join(f"{number:08d}" for number in range(size // 8))
            for size in (12_000, 65_000)]
REQUEST = pytest.mark.parametrize("request_line", REQUESTS, ids=["12000", "65000"])
PIECE = 500


class Sudo(App):
    service, caller = "sudo", "alice"
    command = ["sudo", "-u", "bob", "id", "-un"]
    answered = "bob\r\n"


class Su(App):
    service, caller = "su", "alice"
    command = ["su", "bob", "-c", "id -un"]
    answered = "bob\r\n"


class LoginOfBob(Login):
    answered = r"\$ "


class Locker(App):
    service, caller = "passkey-locker", "root"
    command = [LOCKER, "passkey-locker", "alice"]
    answered = "unlocked\r\n"


class Vlock(App):
    """Which asks nothing before Enter, and names the user in front of the first line."""

    service, caller = "vlock", "alice"
    command = ["vlock"]
    answered = parts.pexpect.EOF

    def __init__(self, machine):
        super().__init__(machine)
        self.child.expect("Please press .ENTER. to unlock")
        self.child.sendline("")


LOCAL = {"sudo": Sudo, "su": Su, "login": LoginOfBob, "locker": Locker, "vlock": Vlock}


@pytest.fixture
def says(quiet_machine, request):
    """A daemon that says what it is told to, to whoever asks."""
    started = []

    def start(*steps):
        os.makedirs("/run/dbus", exist_ok=True)
        process = quiet_machine.start([sys.executable, FAKE, OWN], stdout=subprocess.PIPE,
                                      env={**os.environ, "FAKE_STEPS": json.dumps(steps)})
        assert process.stdout.read(1) == b"!"
        started.append(process)
        return quiet_machine

    yield start
    for process in started:
        process.kill()
        process.wait()
    if os.path.exists(OWN):
        os.unlink(OWN)


@pytest.fixture(params=LOCAL, ids=list(LOCAL))
def app(request):
    """A program on a terminal of its own."""
    kind = LOCAL[request.param]
    if not shutil.which(kind.command[0]) and kind is not Locker:
        pytest.skip(f"{kind.command[0]} is not installed")
    shutil.copy(os.path.join(os.environ["top_builddir"], "tests/lib/locker"), LOCKER)
    path = "/etc/pam.d/" + kind.service
    before = namespace.service() if os.path.exists(path) else None
    namespace.write(path, STACK)
    yield kind
    if before:
        namespace.write(path, before)
    else:
        os.unlink(path)


def joined(screen):
    """The lines that were shown, the pieces of each put together again."""
    lines = []
    for line in screen.replace("\r", "").replace("alice's Touch", "Touch").split("\n"):
        piece = re.fullmatch(r"\(part (\d+)\) (.*)", line)
        if not piece:
            lines.append([line])
            continue
        lines[-1].append(piece.group(2))
        assert int(piece.group(1)) == len(lines[-1])
    assert all(len(piece.encode()) <= PIECE for line in lines for piece in line
               if not piece.startswith("passkey2:"))
    return ["".join(line) for line in lines]


def words_of(request_line, command):
    """A question as the ssh method has it."""
    return f"Use the security key\nfor {command}\n\nEnter alone goes on.\n{request_line}\n"


def ends(running):
    running.child.expect(running.answered)
    running.child.close(force=True)


@COMMAND
def test_four_kibibytes_at_a_terminal(says, app, command):
    assert 3900 < len(command.encode()) <= 4100
    running = app(says(["info", TOUCH + command, "touch"], ["error", "No: " + command, "busy"],
                       ["info", "The end.", "free"]))
    running.child.expect(r"The end\.\r\n")
    shown = joined(running.screen)
    assert TOUCH + command in shown
    assert "No: " + command in shown or app is Locker
    ends(running)


@COMMAND
def test_a_question_of_four_kibibytes_at_a_terminal(says, app, command):
    running = app(says(["ask", command + ": ", "confirm"]))
    running.child.expect(r'(Enter, or "no"|Unlock): ')
    assert command in joined(running.screen.replace("alice's ", ""))
    running.child.sendline("")
    ends(running)


@REQUEST
def test_a_request_to_be_copied_at_a_terminal(says, app, request_line):
    command = COMMANDS["umlauts"]
    running = app(says(["ask", words_of(request_line, command), "ssh"]))
    running.child.expect("(Answer|Unlock): ")
    shown = [line for line in joined(running.screen) if line]  # vlock leaves empty ones out
    assert shown[-4:-1] == ["for " + command, "Enter alone goes on.", request_line]
    running.child.sendline("")
    ends(running)


# sshd keeps what is told until the next question, or until it lets the person in.

def sign_in(machine, **variables):
    ssh.Server(machine, stack=STACK)
    laptop = ssh.Laptop(machine)
    child = laptop.terminal(["ssh", "-o", "PreferredAuthentications=keyboard-interactive",
                             f"alice@{namespace.HOST}", "id", "-un"], **variables)
    return child


@COMMAND
def test_four_kibibytes_at_sshd(says, command):
    child = sign_in(says(["info", TOUCH + command, "touch"], ["error", "No: " + command, "busy"],
                         ["ask-secret", "Recovery code: ", "recovery-code"],
                         ["info", "At last: " + command, "touch"]))
    child.expect("Recovery code: ")
    shown = joined(re.sub(r"^\r?\(alice@\S+\) ", "", child.before))
    assert shown[:2] == [TOUCH + command, "No: " + command]
    child.sendline("x")
    child.expect("\r\nalice\r\n")
    assert "At last: " + command in joined(child.before)
    child.expect(parts.pexpect.EOF)


def test_what_the_locale_of_ssh_cannot_show(says):
    """It is escaped, and nothing is left out."""
    command = COMMANDS["umlauts"]
    child = sign_in(says(["ask", words_of(REQUESTS[0], command), "ssh"]), LC_ALL="C")
    child.expect("passkey2:[0-9]+\r\n")
    escaped = "".join(chr(byte) if byte < 0x80 else f"\\{byte:03o}" for byte in command.encode())
    assert f"for {escaped}\r\n" in child.before
    child.sendline("x")
    child.expect("\r\nalice\r\n")


@REQUEST
@COMMAND
def test_a_request_at_sshd(says, command, request_line):
    child = sign_in(says(["ask", words_of(request_line, command), "ssh"]))
    child.expect("passkey2:[0-9]+\r\n")
    assert child.before.replace("\r", "").endswith(f"for {command}\n\nEnter alone goes on.\n")
    assert child.after.strip() == request_line
    child.sendline("x")
    child.expect("\r\nalice\r\n")
    child.expect(parts.pexpect.EOF)
