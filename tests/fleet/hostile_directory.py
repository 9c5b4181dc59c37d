# SPDX-License-Identifier: BSD-2-Clause
"""A server of a directory that says what it likes, to those who verify its certificate."""

import socket
import ssl
import struct
import threading

BIND, SEARCH, EXTENDED = 0x60, 0x63, 0x77


def ber(tag, *parts):
    body = b"".join(parts)
    return bytes([tag, 0x84]) + struct.pack(">I", len(body)) + body


def text(value, tag=0x04):
    return ber(tag, value if isinstance(value, bytes) else value.encode())


def number(value, tag=0x02):
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def result(tag, code=0):
    return ber(tag, number(code, 0x0a), text(""), text(""))


def message(identifier, *parts):
    return ber(0x30, number(identifier), *parts)


def entry(name, **values):
    return ber(0x64, text(name), ber(0x30, *(
        ber(0x30, text(key), ber(0x31, *(text(value) for value in each)))
        for key, each in values.items())))


def split(data):
    """Tag, contents, and what is behind it."""
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7f
        size = int.from_bytes(data[2:start], "big")
    return data[0], data[start:start + size], data[start + size:]


class HostileDirectory:
    """answer(send, identifier, asked) is for each search of each connection; to be used as a
    context. What it has sent can be more than anybody reads."""

    def __init__(self, authority, answer):
        self.answer = answer
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _, certificate, key = authority.files("server")
        self.tls.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"ldaps://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = []

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[plain], daemon=True).start()

    def serve(self, plain):
        try:
            with self.tls.wrap_socket(plain, server_side=True) as connection:
                self.connections.append(connection)
                with connection.makefile("rb") as stream:
                    while self.take(connection, stream):
                        pass
        except (OSError, ValueError):
            pass

    def take(self, connection, stream):
        head = stream.read(2)
        if len(head) < 2:
            return False
        if head[1] & 0x80:
            head += stream.read(head[1] & 0x7f)
        size = int.from_bytes(head[2:], "big") if head[1] & 0x80 else head[1]
        _, identifier, rest = split(stream.read(size))
        tag, asked, _ = split(rest)
        identifier = int.from_bytes(identifier, "big")
        if tag == BIND:
            connection.sendall(message(identifier, result(0x61)))
        elif tag == SEARCH:
            self.answer(connection.sendall, identifier, asked)
        return True
