# SPDX-License-Identifier: BSD-2-Clause
"""A program that has a software key open, for tests of the exact bytes."""

import hashlib
import socket
import struct

from . import cbor, hid
from .client_pin import ProtocolOne, ProtocolTwo


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

    def client_pin(self, channel, subcommand, **more):
        """authenticatorClientPIN; more: members of the request as member_N."""
        request = {2: subcommand, **{int(name[7:]): value for name, value in more.items()}}
        return self.ctap(channel, 0x06, request)


class Platform:
    """The platform's side of a PIN/UV auth protocol (CTAP 2.1 section 6.5)."""

    def __init__(self, host, channel, number):
        self.host, self.channel, self.number = host, channel, number
        self.protocol = {1: ProtocolOne, 2: ProtocolTwo}[number]()
        _, answer = host.client_pin(channel, 0x02, member_1=number)
        self.secret = self.protocol.decapsulate(answer[1])

    def call(self, subcommand, **more):
        key = self.protocol.public_key()
        return self.host.client_pin(
            self.channel, subcommand, member_1=self.number, member_3=key, **more
        )

    def authenticate(self, key, message):
        """pinUvAuthParam over message."""
        return self.protocol.authenticate(key, message)

    def set_pin(self, pin):
        encrypted = self.protocol.encrypt(self.secret, pin.ljust(64, b"\0"))
        param = self.authenticate(self.secret, encrypted)
        return self.call(0x03, member_4=param, member_5=encrypted)[0]

    def token(self, pin, **more):
        """(status, token): with member_9 and member_10 for permissions and RP ID, else without."""
        digest = hashlib.sha256(pin).digest()[:16]
        encrypted = self.protocol.encrypt(self.secret, digest)
        status, answer = self.call(0x09 if more else 0x05, member_6=encrypted, **more)
        return status, self.protocol.decrypt(self.secret, answer[2]) if status == 0 else None
