# SPDX-License-Identifier: BSD-2-Clause
"""tests/lib/logind.py on the bus of a test."""

import contextlib
import os
import select
import shutil
import subprocess
import tempfile

import machine as parts
import namespace
from logind import NO_SESSION, NO_USER, resolved, session_name
from logind import SCENARIOS  # noqa: F401  # pylint: disable=unused-import

LOGIND = os.path.join(os.path.dirname(__file__), "..", "..", "lib", "logind.py")


class Logind:
    """The stand-in, running; see tests/lib/logind.py."""

    option = ()

    def __init__(self, machine, scenario, host="", **changes):
        words = [f"{name}={value}" for name, value in changes.items()]
        self.said = (scenario, host, words)
        # Unbuffered: a line that has been read ahead is not seen by select().
        self.process = machine.start(["/usr/bin/python3", LOGIND, *self.option, scenario, host,
                                      *words],
                                     stdout=subprocess.PIPE, bufsize=0)
        assert self.question() == "ready"

    def question(self):
        assert select.select([self.process.stdout], [], [], parts.PATIENCE)[0]
        return self.process.stdout.readline().decode().strip()

    def questions(self):
        """All that were asked; there is no more to come."""
        self.process.kill()
        return self.process.stdout.read().decode().splitlines()


@contextlib.contextmanager
def in_place_of(path, text):
    """Shows that text as that file, which may be the kernel's, inside of the private namespace."""
    descriptor, shown = tempfile.mkstemp(dir=namespace.SCRATCH)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(shown, 0o644)
    subprocess.run(["mount", "--bind", shown, path], check=True)
    try:
        yield
    finally:
        # Of a process that has ended it is gone by itself.
        if os.path.exists(path):
            subprocess.run(["umount", "--lazy", path], check=True)


@contextlib.contextmanager
def begun(command, **keywords):
    """A process that runs the command when it is told to, by a line on its standard input."""
    process = subprocess.Popen(["/bin/sh", "-c", 'read go && exec "$@"', "sh", *command],
                               stdin=subprocess.PIPE, **keywords)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class LogindWithFiles(Logind):
    """With files like logind's; who asks it is refused."""

    option = ("--files",)
    console = "/sys/class/tty/tty0/active"

    def group(self):
        """The control group of the process that the scenario speaks of."""
        sessions, answers = resolved(*self.said)
        if NO_USER in answers.values():
            return "/system.slice/some.service"
        if NO_SESSION in answers.values():
            return "/user.slice/user-2001.slice/user@2001.service/app.slice/some.service"
        return f"/user.slice/user-2001.slice/session-{session_name(sessions[0], 0)}.scope"

    @contextlib.contextmanager
    def holds(self, pid):
        """That process is where the scenario has it, and the console shown that of a session of
        it."""
        consoles = [each["VTNr"] for each in resolved(*self.said)[0] if each["VTNr"]]
        with contextlib.ExitStack() as shown:
            # In the older hierarchy, and in the only one of today.
            shown.enter_context(in_place_of(f"/proc/{pid}/cgroup",
                                            f"1:name=systemd:{self.group()}\n0::{self.group()}\n"))
            if consoles and os.path.exists(self.console):
                shown.enter_context(in_place_of(self.console, f"tty{consoles[0]}\n"))
            yield self

    @contextlib.contextmanager
    def begun(self, command, **keywords):
        """Likewise, of a process that the scenario speaks of."""
        with begun(command, **keywords) as process, self.holds(process.pid):
            yield process

    def close(self):
        self.process.kill()
        shutil.rmtree("/run/systemd")
