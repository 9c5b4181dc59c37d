# SPDX-License-Identifier: BSD-2-Clause
"""Terminal recordings in doc/recordings: what a person sees, types and does.

Every run of a test compares what it saw with the file, so that the documentation cannot go stale.
With RECORDINGS=FOLDER in the environment the files are written there instead.
"""

import difflib
import os
import re
import textwrap

import pexpect

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FOLDER = TOP + "/doc/recordings"
VARIABLE = "RECORDINGS"
# What differs from run to run.
CHANGING = (
    (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:..."),
    (r"passkey([12](?:/\d+/\d+)?):[A-Za-z0-9_-]{20,}", r"passkey\1:..."),
    (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:..."),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "ID"),
    (r"\[[0-9a-f]{16}\]", "[ID]"),
    (r"\bpid \d+\b", "pid N"),
    (r"\b[0-9a-f]{32}\.passkeyd\.invalid", "0123456789abcdef.passkeyd.invalid"),
    # The part of OpenSSH that asks PAM: since 9.8 a program of its own.
    (r'"/usr/lib/openssh/sshd-(session|auth)"', '"/usr/sbin/sshd"'),
    (r"https://login\.example\.org(:\d+)?/passkey/[0-9A-Z]{12}\b",
     "https://login.example.org/passkey/..."),
    (r"/run/tests/home/", "/home/"),
    (r"/dev/pts/\d+|\bpts/\d+", "pts/0"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?\b", "DATE"),
    (r"\x1b\[[\d;?]*[A-Za-z]|\x07", ""),  # colours and cursor movements
    (r"([\u2580\u2584\u2588 ]{20,}(\n|$))+", "[a QR code]\n"),
)


def normal(text):
    for pattern, replacement in CHANGING:
        text = re.sub(pattern, replacement, text)
    return text


class Recording:
    """Lines of the screen begin with "| ", what the person does stands in brackets."""

    def __init__(self, name, title):
        self.path = name + ".txt"
        self.parts = [f"{title}\n{'=' * len(title)}\n"]

    def say(self, text):
        """A remark between what is seen."""
        self.parts.append(f"\n{text}\n")

    def type(self, where, command):
        """A command at a prompt of that account and host."""
        self.parts.append(f"\n{where}$ {command}\n")

    def acts(self, what):
        self.parts.append(f"({what})\n")

    def page(self, lines):
        """What a page says: lines that begin with "> "."""
        self.parts.append("".join(textwrap.fill(
            normal(line), 90, initial_indent="> ", subsequent_indent="> ") + "\n"
            for line in lines))

    def screen(self):
        """For logfile_read of a terminal: what it shows goes in here."""
        return Screen(self)

    def text(self):
        text = "".join(part if isinstance(part, str) else part.shown() for part in self.parts)
        return re.sub(r"\n{3,}", "\n\n", text)

    def finish(self):
        """Compares, or writes."""
        folder = os.environ.get(VARIABLE)
        text = self.text()
        if folder:
            os.makedirs(folder, exist_ok=True)
            with open(f"{folder}/{self.path}", "w", encoding="utf-8") as file:
                file.write(text)
            return
        with open(f"{FOLDER}/{self.path}", encoding="utf-8") as file:
            expected = file.read()
        difference = "\n".join(difflib.unified_diff(
            expected.splitlines(), text.splitlines(), "recorded", "seen", lineterm=""))
        assert text == expected, (f"doc/recordings/{self.path} is not what is seen "
                                  f"({VARIABLE}=FOLDER writes it):\n{difference}")


class Piece:
    """What a terminal showed without anybody doing something."""

    def __init__(self):
        self.text = ""

    def shown(self):
        # The blank behind a question may come before or after what the person does meanwhile.
        text = normal(re.sub("\r+\n", "\n", self.text)).strip()
        lines = [("| " + line.rpartition("\r")[2]).rstrip() for line in text.split("\n")]
        return "\n".join(lines) + "\n" if text else ""


class Screen:
    """One terminal; its output goes behind whatever was last put into the recording."""

    def __init__(self, recording):
        self.recording = recording
        self.piece = None

    def write(self, text):
        if not self.recording.parts or self.recording.parts[-1] is not self.piece:
            self.piece = Piece()
            self.recording.parts.append(self.piece)
        self.piece.text += text

    def flush(self):
        pass


def wait_end(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus
