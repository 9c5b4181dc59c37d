# SPDX-License-Identifier: BSD-2-Clause
"""An ssh-agent that holds security keys in software, and misbehaves when a test wants it to.

Written from draft-miller-ssh-agent and OpenSSH's PROTOCOL.agent, PROTOCOL.u2f and PROTOCOL.sshsig.
"""

import base64
import contextlib
import hashlib
import os
import pwd
import socket
import struct
import threading

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

REQUEST_IDENTITIES, IDENTITIES_ANSWER, SIGN_REQUEST, SIGN_RESPONSE, FAILURE = 11, 12, 13, 14, 5
UP, UV, AT, ED = 0x01, 0x04, 0x40, 0x80
NAMESPACE = b"passkeyd"


def string(data):
    return struct.pack(">I", len(data)) + data


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def take_string(data):
    size, = struct.unpack_from(">I", data)
    assert len(data) >= 4 + size
    return data[4:4 + size], data[4 + size:]


def frame(payload):
    return string(payload)


class Key:
    """One key of a security key, as ssh-keygen -t ed25519-sk or ecdsa-sk makes it."""

    def __init__(self, kind="ed25519-sk", application="ssh:", comment="alice@laptop"):
        self.kind, self.application, self.comment = kind, application.encode(), comment.encode()
        self.flags, self.counter = UP, 0
        raw = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        point = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        if kind == "ed25519-sk":
            self.type = b"sk-ssh-ed25519@openssh.com"
            self.private = ed25519.Ed25519PrivateKey.generate()
            fields = string(self.private.public_key().public_bytes(*raw))
        else:
            self.type = b"sk-ecdsa-sha2-nistp256@openssh.com"
            self.private = ec.generate_private_key(ec.SECP256R1())
            fields = string(b"nistp256") + string(self.private.public_key().public_bytes(*point))
        self.blob = string(self.type) + fields + string(self.application)

    @property
    def fingerprint(self):
        """As ssh-keygen -l prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def line(self):
        """Of a .pub file."""
        return b" ".join((self.type, base64.b64encode(self.blob), self.comment)).decode()

    def sign(self, data, flags=None, counter=None, application=None):
        """The signature blob over data; everything of the security key's can be another."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        tail = struct.pack(">BI", self.flags if flags is None else flags, counter)
        signed = hashlib.sha256(application or self.application).digest() + tail + \
            hashlib.sha256(data).digest()
        if self.kind == "ed25519-sk":
            signature = string(self.private.sign(signed))
        else:
            r, s = utils.decode_dss_signature(self.private.sign(signed, ec.ECDSA(hashes.SHA256())))
            signature = string(mpint(r) + mpint(s))
        return string(self.type) + signature + tail


def identities(keys):
    """IDENTITIES_ANSWER with these (blob, comment) pairs."""
    return struct.pack(">BI", IDENTITIES_ANSWER, len(keys)) + \
        b"".join(string(blob) + string(comment) for blob, comment in keys)


class Agent:
    """Serves connections until it is closed. A test replaces list() or sign() to have it lie.

    list() and sign() return the payload of the answer, None for no answer at all, or call
    connection.sendall() themselves and return b"".
    """

    def __init__(self, path, user, *keys):
        self.path, self.keys = path, list(keys)
        self.signed = []  # the data of each request to sign
        self.wanted = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        uid = pwd.getpwnam(user).pw_uid
        self.listener.bind(path)
        os.chown(path, uid, uid)
        # SO_PEERCRED says who called listen().
        os.seteuid(uid)
        try:
            self.listener.listen(64)
        finally:
            os.seteuid(0)
        threading.Thread(target=self._accept, daemon=True).start()

    def environment(self):
        return {"SSH_AUTH_SOCK": self.path}

    def connect(self):
        """A socket to it, as the module would pass."""
        client = socket.socket(socket.AF_UNIX)
        client.connect(self.path)
        return client

    def close(self):
        """As a laptop that is closed: the listener and every connection."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_sign(self, timeout=30):
        """Until one more signature is asked for."""
        assert self.wanted.acquire(timeout=timeout), "no signature was asked for"

    def wait_hang_up(self, timeout=30):
        """Until one more connection has ended."""
        assert self.ended.acquire(timeout=timeout), "the connection stays"

    def list(self, connection):
        del connection
        return identities([(key.blob, key.comment) for key in self.keys])

    def sign(self, connection, blob, data):
        del connection
        for key in self.keys:
            if key.blob == blob:
                return self.signature(key.sign(data))
        return bytes([FAILURE])

    @staticmethod
    def signature(blob):
        return bytes([SIGN_RESPONSE]) + string(blob)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            stream = connection.makefile("rb")
            while header := stream.read(4):
                message = stream.read(struct.unpack(">I", header)[0])
                answer = self._answer(connection, message)
                if answer:
                    connection.sendall(frame(answer))
        except (OSError, ValueError, struct.error):
            pass
        finally:
            connection.close()
            self.ended.release()

    def _answer(self, connection, message):
        if message[0] == REQUEST_IDENTITIES:
            assert message == bytes([REQUEST_IDENTITIES])
            return self.list(connection)
        assert message[0] == SIGN_REQUEST
        blob, rest = take_string(message[1:])
        data, rest = take_string(rest)
        assert rest == b"\0\0\0\0", "flags"
        self.signed.append(data)
        self.wanted.release()
        return self.sign(connection, blob, data)
