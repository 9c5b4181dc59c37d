# SPDX-License-Identifier: BSD-2-Clause
"""A virtual console, of which the tests in a virtual machine are the keyboard and the eyes."""

import fcntl
import os
import re
import select
import subprocess
import termios
import time

VT_ACTIVATE, VT_WAITACTIVE, VT_UNLOCKSWITCH = 0x5606, 0x5607, 0x560C  # linux/vt.h
PATIENCE = 120  # seconds until a wait counts as failed; nothing that works comes near it


def loginctl(*arguments):
    return subprocess.run(["loginctl", *arguments], text=True, capture_output=True,
                          check=True).stdout


def shown_console():
    with open("/sys/class/tty/tty0/active", encoding="ascii") as file:
        return int(file.read().removeprefix("tty"))


def another_console(number):
    """The one that is shown, once that is not this one any more."""
    with open("/sys/class/tty/tty0/active", "rb", buffering=0) as active:
        changes = select.poll()
        changes.register(active, select.POLLPRI)
        ends = time.monotonic() + PATIENCE
        while (shown := int(os.pread(active.fileno(), 16, 0)[3:])) == number:
            left = ends - time.monotonic()
            assert left > 0, f"console {number} is still shown"
            changes.poll(left * 1000)
    return shown


def show_console(number):
    """As Alt-F2 does. Returns when it is shown and logind knows."""
    with open("/dev/tty0", "r+b", buffering=0) as terminal:
        fcntl.ioctl(terminal, VT_ACTIVATE, number)
        fcntl.ioctl(terminal, VT_WAITACTIVE, number)
    sessions = loginctl("list-sessions", "--no-legend").split("\n")
    for session in [line.split()[0] for line in sessions if line.strip()]:
        for _ in range(100):
            shown = loginctl("show-session", session, "--property=VTNr", "--property=Active",
                             "--property=Seat")
            if "Seat=seat0" not in shown or \
                    ("Active=yes" in shown) == (f"VTNr={number}\n" in shown):
                break
        else:
            raise AssertionError(f"logind does not know that console {number} is shown")


def release_consoles():
    """After a locker that ended without doing so: others can be shown again."""
    with open("/dev/tty0", "r+b", buffering=0) as terminal:
        fcntl.ioctl(terminal, VT_UNLOCKSWITCH, 0)


class Screen:
    """A virtual console, for who reads it and types; used in place of a pexpect.spawn."""

    def __init__(self, number):
        self.number = number
        with self.terminal():  # it comes to be
            pass
        self.content = os.open(f"/dev/vcs{number}", os.O_RDONLY)
        self.columns = os.pread(os.open(f"/dev/vcsa{number}", os.O_RDONLY), 2, 0)[1]
        self.changes = select.poll()
        self.changes.register(self.content, select.POLLPRI)
        self.match = None

    def terminal(self):
        """For one use: login hangs up all who have it open."""
        return open(f"/dev/tty{self.number}", "r+b", buffering=0,
                    opener=lambda path, flags: os.open(path, flags | os.O_NOCTTY))

    def clear(self):
        with self.terminal() as terminal:
            terminal.write(b"\033[H\033[2J")

    def text(self):
        cells = os.pread(self.content, 65536, 0).decode("latin-1")
        return "\n".join(cells[at:at + self.columns] for at in range(0, len(cells), self.columns))

    def shown(self):
        """Without what is blank, for who reads it."""
        lines = (line.rstrip() for line in self.text().split("\n"))
        return "\n".join(line for line in lines if line)

    def sendline(self, line=""):
        with self.terminal() as terminal:
            for byte in (line + "\n").encode():
                fcntl.ioctl(terminal, termios.TIOCSTI, bytes([byte]))

    def echoes(self):
        with self.terminal() as terminal:
            return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

    def await_hidden(self):
        """Until it does not echo: what is typed before that to some who ask for a password is lost.

        Nothing tells when that changes, so it is looked at again and again, as pexpect does.
        """
        ends = time.monotonic() + PATIENCE
        while self.echoes():
            assert time.monotonic() < ends, f"what is typed is shown:\n{self.shown()}"
            select.select([], [], [], 0.02)

    def send_hidden(self, line):
        """A password, once it is asked for."""
        self.await_hidden()
        self.sendline(line)

    def expect(self, pattern):
        ends = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.text())):
            left = ends - time.monotonic()
            assert left > 0, f"no {pattern!r} on console {self.number}:\n{self.shown()}"
            self.changes.poll(left * 1000)
        self.match = found
        return found
