# SPDX-License-Identifier: BSD-2-Clause
"""A name service and a disk that answer when the test says so (tests/lib/held.c), and a clock that
goes on when it does (tests/lib/later.c)."""

import contextlib
import glob
import os
import select
import shutil

import namespace
from machine import PATIENCE

MODULE = "libnss_held.so.2"
AHEAD = namespace.SCRATCH + "/later"


class Gate:
    """Where calls are held; one at a time."""

    def __init__(self, name):
        self.path = f"{namespace.SCRATCH}/held-{name}"
        self.reached_path = namespace.SCRATCH + "/held-reached"
        for path in (self.path, self.reached_path):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            os.mkfifo(path)
            os.chmod(path, 0o666)
        self.reached = os.open(self.reached_path, os.O_RDWR | os.O_CLOEXEC)
        self.open = None

    def wait(self, count=1):
        """Until so many more are held."""
        while count:
            assert select.select([self.reached], [], [], PATIENCE)[0], "nothing is held"
            count -= len(os.read(self.reached, count))

    def nothing_more(self):
        return not select.select([self.reached], [], [], 0)[0]

    def let_go(self):
        """All that are held, and whatever comes."""
        if self.open is None:
            self.open = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            os.unlink(self.path)

    def close(self):
        self.let_go()
        os.close(self.open)
        os.close(self.reached)
        os.unlink(self.reached_path)


@contextlib.contextmanager
def names():
    """Names that begin with "slow" are asked of a directory that is away."""
    library = os.path.dirname(glob.glob("/usr/lib/*/libc.so.6")[0]) + "/" + MODULE
    shutil.copy(namespace.HELD, library)
    with open("/etc/nsswitch.conf", encoding="utf-8") as file:
        before = file.read()
    namespace.write("/etc/nsswitch.conf", "passwd: files held\ngroup: files\nshadow: files\n"
                                          "hosts: files\n")
    gate = Gate("names")
    try:
        yield gate
    finally:
        gate.close()
        namespace.write("/etc/nsswitch.conf", before)
        os.unlink(library)


@contextlib.contextmanager
def preloaded(library):
    """Into the daemon, which must not run yet."""
    with open(namespace.SERVICE, encoding="utf-8") as file:
        before = file.read()
    assert "\nExec=/" in before
    namespace.write(namespace.SERVICE, before.replace(
        "\nExec=/", f"\nExec=/usr/bin/env LD_PRELOAD={library} /"))
    try:
        yield
    finally:
        namespace.write(namespace.SERVICE, before)


@contextlib.contextmanager
def disk():
    """What the daemon writes is not on the disk until the gate is open; to be called before the
    daemon runs. Yields a function that makes the gate."""
    gates = []

    def gate():
        gates.append(Gate("sync"))
        return gates[-1]

    with preloaded(namespace.HELD):
        try:
            yield gate
        finally:
            for each in gates:
                each.close()


@contextlib.contextmanager
def clock():
    """The daemon's monotonic clock; to be called before the daemon runs. Yields a function that
    moves it on by so many seconds."""
    moved = [0]

    def move(seconds):
        moved.append(moved[-1] + seconds)
        namespace.write(AHEAD + "-new", str(moved[-1]))
        os.chmod(AHEAD + "-new", 0o644)
        os.rename(AHEAD + "-new", AHEAD)

    with preloaded(namespace.LATER):
        try:
            yield move
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(AHEAD)


def disk_takes(milliseconds):
    """What each write to the disk takes from now on; 0: what it takes by itself."""
    path = namespace.SCRATCH + "/held-sync-takes"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if milliseconds:
        namespace.write(path, str(milliseconds))
