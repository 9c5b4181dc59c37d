# SPDX-License-Identifier: BSD-2-Clause
"""A file system (FUSE), as anybody may have one, whose file answers when the test says so.

flush, which each close() waits for, and read, which whoever touches a mapping waits for, are held
until let_go().
"""

import contextlib
import os
import select
import signal
import socket
import stat
import struct
import subprocess

import namespace
from machine import PATIENCE

LOOKUP, GETATTR, OPEN, READ, FLUSH, INIT = 1, 3, 14, 15, 25, 26
FORGET, INTERRUPT, BATCH_FORGET, DESTROY = 2, 36, 42, 38  # no answer, but for the last
ENOSYS = 38
SIZE = 4096
FILE = 2  # its inode; the folder's is 1
DEVICE = "/dev/fuse"  # of the namespace


class SlowFiles:
    """The file system is another process, and whoever opens the file a third: Python waits for
    close() as a whole."""

    def __init__(self):
        self.folder = namespace.SCRATCH + "/slow-files"
        os.makedirs(self.folder, exist_ok=True)
        if not os.path.exists(DEVICE):
            os.mknod(DEVICE, 0o600 | stat.S_IFCHR, os.makedev(10, 229))
        self.held, self.seen, self.children = [], [], []
        self.reports, reports = os.pipe()
        gate, self.gate = os.pipe()
        device = os.open(DEVICE, os.O_RDWR)
        subprocess.run(["mount", "-i", "-t", "fuse", "-o",
                        f"fd={device},rootmode=40000,user_id=0,group_id=0", "slow", self.folder],
                       check=True, pass_fds=[device])
        self.device = device
        self.start(lambda: self._serve(reports, gate))
        for descriptor in (device, reports, gate):
            os.close(descriptor)

    def start(self, function):
        """Runs it in a process of its own."""
        child = os.fork()
        if child == 0:
            try:
                function()
            finally:
                os._exit(0)
        self.children.append(child)

    def _attributes(self, inode):
        mode = stat.S_IFDIR | 0o700 if inode == 1 else stat.S_IFREG | 0o600
        return struct.pack("<6Q10I", inode, SIZE, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0,
                           SIZE, 0)

    def _answer(self, unique, body=b"", error=0):
        # What was interrupted, or is no longer there, is not missed.
        with contextlib.suppress(OSError):
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)

    def _serve(self, reports, gate):
        opened = False
        while True:
            ready = select.select([self.device] if opened else [self.device, gate], [], [])[0]
            if gate in ready:
                opened = True
                for opcode, unique in self.held:
                    self._serve_one(opcode, unique, FILE)
            if self.device not in ready:
                continue
            request = os.read(self.device, 1 << 17)
            _, opcode, unique, inode = struct.unpack_from("<IIQQ", request)
            if opcode in (READ, FLUSH) and not opened:
                self.held.append((opcode, unique))
                os.write(reports, bytes([opcode]))
            else:
                self._serve_one(opcode, unique, inode)

    def _serve_one(self, opcode, unique, inode):
        if opcode == INIT:
            self._answer(unique, struct.pack("<4I2H2I2H8I", 7, 31, 65536, 0, 8, 6, 65536, 1, 0, 0,
                                             *[0] * 8))
        elif opcode == LOOKUP:
            self._answer(unique, struct.pack("<4Q2I", FILE, 0, 1 << 30, 1 << 30, 0, 0)
                         + self._attributes(FILE))
        elif opcode == GETATTR:
            self._answer(unique, struct.pack("<Q2I", 1 << 30, 0, 0) + self._attributes(inode))
        elif opcode == OPEN:
            self._answer(unique, struct.pack("<QII", 1, 0, 0))
        elif opcode == READ:
            self._answer(unique, b"x" * SIZE)
        elif opcode in (FORGET, INTERRUPT, BATCH_FORGET):
            pass
        elif opcode in (FLUSH, 18, DESTROY):
            self._answer(unique)
        else:
            self._answer(unique, error=ENOSYS)

    def pass_to(self, peer, message):
        """A process opens the file and sends it to peer with that message."""

        def send():
            file = os.open(self.folder + "/file", os.O_RDWR)
            socket.send_fds(peer, [message], [file])

        self.start(send)
        self.wait(FLUSH)  # the process's own

    def wait(self, opcode, count=1):
        """Until so many more of that kind are held."""
        for _ in range(count):
            while opcode not in self.seen:
                assert select.select([self.reports], [], [], PATIENCE)[0], "nothing is held"
                self.seen += os.read(self.reports, 100)
            self.seen.remove(opcode)

    def let_go(self):
        """All that are held, and whatever comes."""
        os.write(self.gate, b"x")

    def close(self):
        self.let_go()
        subprocess.run(["umount", "-l", self.folder], check=True)
        os.kill(self.children[0], signal.SIGTERM)
        for child in self.children:
            os.waitpid(child, 0)
        for descriptor in (self.reports, self.gate):
            os.close(descriptor)


@contextlib.contextmanager
def slow_files():
    files = SlowFiles()
    try:
        yield files
    finally:
        files.close()
