# SPDX-License-Identifier: BSD-2-Clause
"""tests/lib/logind.py on the bus of a test."""

import os
import select
import subprocess

import machine as parts
from logind import SCENARIOS  # noqa: F401  # pylint: disable=unused-import

LOGIND = os.path.join(os.path.dirname(__file__), "..", "..", "lib", "logind.py")


class Logind:
    """The stand-in, running; see tests/lib/logind.py."""

    def __init__(self, machine, scenario, host="", **changes):
        words = [f"{name}={value}" for name, value in changes.items()]
        # Unbuffered: a line that has been read ahead is not seen by select().
        self.process = machine.start(["/usr/bin/python3", LOGIND, scenario, host, *words],
                                     stdout=subprocess.PIPE, bufsize=0)
        assert self.question() == "ready"

    def question(self):
        assert select.select([self.process.stdout], [], [], parts.PATIENCE)[0]
        return self.process.stdout.readline().decode().strip()

    def questions(self):
        """All that were asked; there is no more to come."""
        self.process.kill()
        return self.process.stdout.read().decode().splitlines()
