# SPDX-License-Identifier: BSD-2-Clause
"""The tunnel's side of a WebSocket (RFC 6455), as a phone's tunnel service has it, on a blocking
socket; it can do all that a server must not. Server brings TLS and a port for it."""

import base64
import datetime
import hashlib
import os
import queue
import socket
import ssl
import struct
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

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


# ---- with TLS, on loopback ----

DOMAINS = ("cable.ua5v.com", "cable.auth.com")


class Authority:
    """Signs certificates of servers; certificate: the file that says it is to be trusted."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of tests")])
        self.certificate = os.path.join(self.folder, "authority.pem")
        self._write("authority.pem", [self._sign(self.name, self.key, True, ())])

    def _sign(self, subject, key, authority, names):
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=2))
                   .add_extension(x509.BasicConstraints(authority, None), critical=True))
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, parts):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(b"".join(part.public_bytes(Encoding.PEM) if hasattr(part, "public_bytes")
                                else part for part in parts))
        return path

    def server(self, *names):
        """A file with key and certificate of a server of those names."""
        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        return self._write(f"{names[0]}.pem", [text, self._sign(subject, key, False, names)])


class Server:
    """Tunnel services on a port of loopback: each connection is served by the next of calls.

    What became of each is in ended, in their order, as words; names: whom clients asked for.
    """

    def __init__(self, certificate, *, silent=False, version=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.set_alpn_protocols(["http/1.1", "h2"])
        self.context.sni_callback = lambda _sock, name, _context: self.names.append(name)
        if version:
            self.context.maximum_version = version
        self.silent = silent  # connections are taken, and nothing is said on them
        self.names, self.calls, self.ended, self.taken = [], queue.Queue(), queue.Queue(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            self.taken.append(sock)
            if not self.silent:
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            wrapped = self.context.wrap_socket(sock, server_side=True)
            self.ended.put(self.calls.get(timeout=60).serve(wrapped))
        except (OSError, queue.Empty) as error:
            sock.close()
            self.ended.put(f"no TLS: {type(error).__name__}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The thread must be gone first: it would go on with the next socket of the same number.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        for sock in self.taken:
            sock.close()
