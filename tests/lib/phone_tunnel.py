# SPDX-License-Identifier: BSD-2-Clause
"""The tunnel's side of a WebSocket (RFC 6455), as a phone's tunnel service has it, on a blocking
socket; TLS, where there is any, is the caller's affair. It can do all that a server must not."""

import base64
import hashlib
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Closed(Exception):
    """The client has ended the connection, or broken a rule that clients are held to."""


class Tunnel:
    """One client. behaviour: what is wrong with the server, see software_phone.Behaviour."""

    def __init__(self, sock, behaviour):
        self.sock, self.behaviour = sock, behaviour
        self.buffer = b""
        self.path = None
        self.headers = {}
        self.pongs = []
        self.close_code = None

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed("end of file")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def accept(self):
        """Reads the request and answers it; True: frames follow."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("ascii").split("\r\n")
        method, self.path, version = lines[0].split(" ")
        self.headers = {name.lower(): value for name, value in
                        (line.split(": ", 1) for line in lines[1:])}
        if (method, version) != ("GET", "HTTP/1.1"):
            raise Closed("not a request for a WebSocket")
        wanted = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13",
                  "sec-websocket-protocol": "fido.cable",
                  "origin": "wss://" + self.headers["host"]}
        wrong = [name for name, value in wanted.items() if self.headers.get(name) != value]
        if wrong or len(base64.b64decode(self.headers["sec-websocket-key"], validate=True)) != 16:
            raise Closed(f"not as a client of the tunnel asks: {wrong}")
        self.sock.sendall(self._answer())
        return self.behaviour.http == 101

    def _answer(self):
        behaviour = self.behaviour
        if behaviour.http != 101:
            extra = "Location: wss://elsewhere.example.org/\r\n" * (behaviour.http // 100 == 3)
            return (f"HTTP/1.1 {behaviour.http} No\r\n{extra}Content-Length: 0\r\n\r\n").encode()
        key = b"x" * 24 if behaviour.wrong_accept else self.headers["sec-websocket-key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {accept}",
                 f"Sec-WebSocket-Protocol: {behaviour.protocol}", *behaviour.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send_frame(self, first, payload):
        size = len(payload)
        if size < 126:
            length = bytes([size])
        elif size < 65536:
            length = b"\x7e" + struct.pack(">H", size)
        else:
            length = b"\x7f" + struct.pack(">Q", size)
        self.sock.sendall(bytes([first]) + length + payload)

    def send(self, message):
        """One message, in the pieces and with the pings that the behaviour names."""
        size = self.behaviour.piece or len(message) or 1
        pieces = [message[at:at + size] for at in range(0, len(message), size)] or [b""]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            opcode = CONTINUATION if number else TEXT if self.behaviour.text else BINARY
            self.send_frame((0x80 if last else 0) | opcode, piece)
            if self.behaviour.pings:
                self.send_frame(0x80 | PING, b"%d" % number)

    def _read_frame(self):
        first, second = self._take(2)
        if not second & 0x80:
            raise Closed("a frame without a mask")
        size = second & 0x7f
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        mask = self._take(4)
        return first, bytes(byte ^ mask[at % 4] for at, byte in enumerate(self._take(size)))

    def receive(self):
        """The next message; pongs are kept, and a close is an end."""
        while True:
            first, payload = self._read_frame()
            if first == 0x80 | BINARY:
                return payload
            if first == 0x80 | PONG:
                self.pongs.append(payload)
            elif first == 0x80 | CLOSE:
                self.close_code = payload[:2]
                raise Closed("close")
            else:
                raise Closed(f"frame {first:#x}")
