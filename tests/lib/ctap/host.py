# SPDX-License-Identifier: BSD-2-Clause
"""The other end: a program that has a software key open, for tests that count bytes."""

import socket
import struct

from . import cbor, hid


class Host:
    """A program that has the device open."""

    def __init__(self, keys, key):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(60)
        self.sock.connect(keys.socket_path)
        self.sock.send(b"OPEN " + key.path.encode())
        assert self.sock.recv(64) == b"OK"

    def report(self, report):
        self.sock.send(b"\0" + report.ljust(64, b"\0"))

    def send(self, channel, command, data):
        for each in hid.fragments(channel, command, data):
            self.report(each)

    def receive(self):
        """(channel, command, data) of the next message."""
        channel, command, size = struct.unpack(">IBH", (first := self.sock.recv(64))[:7])
        data = first[7:]
        while len(data) < size:
            data += self.sock.recv(64)[5:]
        return channel, command & 0x7F, data[:size]

    def init(self, channel=hid.BROADCAST):
        self.send(channel, hid.INIT, b"12345678")
        answer = self.receive()
        assert answer[:2] == (channel, hid.INIT) and answer[2][:8] == b"12345678"
        return struct.unpack(">I", answer[2][8:12])[0]

    def ctap(self, channel, command, request=None):
        """(status, value) of a CTAP2 command."""
        message = bytes([command]) + (b"" if request is None else cbor.encode(request))
        return self.raw_ctap(channel, message)

    def raw_ctap(self, channel, message):
        self.send(channel, hid.CBOR, message)
        command = hid.KEEPALIVE
        while command == hid.KEEPALIVE:
            _, command, data = self.receive()
        assert command == hid.CBOR
        return data[0], cbor.decode(data[1:]) if len(data) > 1 else None
