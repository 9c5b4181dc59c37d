# SPDX-License-Identifier: BSD-2-Clause
"""What the steps of tests/vm/life share: what is run and written down, a key, and consoles."""

import glob
import os
import re
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import console  # noqa: E402
import softkey  # noqa: E402
from console import Screen, show_console  # noqa: E402

PASSED = "/run/vm"
KEYS = "/root/vm-keys"
PASSWORDS = {"alice": "alice's own", "bob": "bob's own", "erin": "erin's own"}
ALICES, BOBS = 2, 3  # consoles
softkey.PATIENCE = console.PATIENCE = 90


class Skip(Exception):
    """A step that cannot be done here; its reason."""


def say(text, before="    "):
    for line in str(text).splitlines():
        print(before + line, flush=True)


def run(*command, ok=(0,), stdin=""):
    """What it writes, which is in the transcript as well."""
    say("# " + " ".join(command))
    written = ""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.PIPE) as process:
        process.stdin.write(stdin)
        process.stdin.close()
        for line in process.stdout:
            say(line)
            written += line
    if ok and process.returncode not in ok:
        raise AssertionError(f"{' '.join(command)}: status {process.returncode}")
    return written


def show(unit, name):
    return subprocess.run(["systemctl", "show", "--value", "--property", name, unit], text=True,
                          capture_output=True, check=True).stdout.strip()


def journal(*options):
    return subprocess.run(["journalctl", "--no-pager", "--quiet", *options], text=True,
                          capture_output=True, check=True).stdout


def await_line(unit, words):
    """Until the journal of this boot has it."""
    with subprocess.Popen(["timeout", str(console.PATIENCE), "journalctl", "--boot", "--follow",
                           "--lines=all", "--output=cat", "--unit", unit], text=True,
                          stdout=subprocess.PIPE) as lines:
        found = any(words in line for line in lines.stdout)
        lines.terminate()
    assert found, f"{unit} does not say {words!r}:\n{journal('--boot', '--unit', unit)}"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def flowing(words):
    """What finds them on a screen, wherever that breaks the line."""
    return r"\s*".join(re.escape(letter) for letter in words if letter != " ")


class Life:
    """What the steps share."""

    def __init__(self, notes):
        self.notes = notes
        self.keys = softkey.SoftKeys(KEYS, "none", keep=True, uhid="yes")
        self.blue = None
        self.alice = self.bob = None  # their consoles

    def results(self):
        """(service, user, result) of the sign-ins that passkeyd has logged, of this boot."""
        journal("--sync")
        found = re.findall(r"sign-in of (\S+) .*?: (ok|refused|[a-z]+).*?\"service\":\"([^\"]*)\"",
                           journal("--boot", "--unit", "passkeyd.service"))
        return [(service, user, result) for user, result, service in found]

    def node(self):
        (path,) = glob.glob("/dev/hidraw*")
        return path

    def await_question(self, screen=None):
        """Until the key is asked for a touch; screen is where somebody would read why it is not."""
        try:
            self.blue.wait_touch_wanted()
        except TimeoutError as error:
            shown = screen.shown() + "\n" if screen else ""
            raise AssertionError("the key is not asked\n" + shown +
                                 journal("--boot", "--lines=30")) from error

    def touch(self, screen=None):
        self.await_question(screen)
        assert self.blue.touch()

    def at_login_prompt(self, number):
        screen = Screen(number)
        show_console(number)
        screen.expect("login: ")
        return screen

    def log_in(self, number, user, by_key):
        screen = self.at_login_prompt(number)
        screen.clear()
        screen.sendline(user)
        if by_key:
            self.touch(screen)
        else:
            self.password(screen, user)
        screen.expect(r"\$ ")
        seen(screen)
        return screen

    def password(self, screen, user):
        """Who is asked for another computer's passkey or a recovery code presses Enter alone.

        Only after these questions: what is typed before is no answer.
        """
        while screen.expect("(Answer|Recovery code|Password): ").group(1) != "Password":
            seen(screen)
            screen.clear()
            screen.sendline()
        seen(screen)
        screen.send_hidden(PASSWORDS[user])

    def type(self, screen, command):
        """end() waits for it. What the shell echoes is not what the words come to."""
        screen.clear()
        screen.sendline(f"{command}; echo end:$?.")

    def end(self, screen):
        """Exit code and what is on the screen."""
        code = int(screen.expect(r"end:(\d+)\.").group(1))
        seen(screen)
        return code, screen.text()


def seen(screen):
    say(screen.shown(), "    | ")


def last_result(life, *wanted):
    found = life.results()
    assert found and found[-1] == wanted, f"passkeyd logged {found[-3:]}, not {wanted}"
    return "passkeyd logged " + " ".join(wanted)
