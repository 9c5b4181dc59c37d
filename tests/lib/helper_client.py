# SPDX-License-Identifier: BSD-2-Clause
"""A client of passkey-authenticator for tests: starts it and exchanges frames with it."""

import os
import socket
import struct
import subprocess

import frames

PATIENCE = 60  # seconds until a wait counts as failed; nothing that works comes near it

# Of a build with sanitizers: the preloaded library comes first, and the search for leaks at the end
# would start a process, for which the sandbox kills the helper.
SANITIZERS = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


class Ended(Exception):
    """The helper closed its side."""


class Helper:
    """One process of the helper, greeted already unless greet is false."""

    def __init__(self, program, environment=None, greet=True, stderr=None):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.process = subprocess.Popen([program], stdin=theirs, stdout=theirs, stderr=stderr,
                                        env={**os.environ, **SANITIZERS, **(environment or {})})
        theirs.close()
        if greet:
            self.send(frames.hello())
            assert self.receive() == (frames.HELLO, {"version": 1})

    def send(self, payload):
        self.sock.sendall(frames.framed(payload))

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.sock.recv(size - len(data))
            except ConnectionResetError:  # it ended without reading everything
                more = b""
            if not more:
                raise Ended()
            data += more
        return data

    def receive(self):
        size = struct.unpack(">I", self._exactly(4))[0]
        return frames.decode(self._exactly(size))

    def expect(self, kind):
        """The fields of the next frame, which has to be of that kind."""
        got, fields = self.receive()
        assert got == kind, (got, fields)
        return fields

    def proceed(self):
        """Past a CHECKED that says ok; its fields."""
        checked = self.expect(frames.CHECKED)
        assert checked["status"] == "ok", checked
        self.send(frames.u8(frames.PROCEED))
        return checked

    def failed(self):
        """The status of the FAILED that comes next, and nothing after it."""
        fields = self.expect(frames.FAILED)
        self.ended()
        return fields["status"]

    def ended(self):
        """Nothing more comes; the exit status."""
        try:
            extra = self.receive()
        except Ended:
            return self.process.wait(PATIENCE)
        raise AssertionError(("a frame after the last one", extra))

    def close(self):
        self.sock.close()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.sock.close()
