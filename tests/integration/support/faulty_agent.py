# SPDX-License-Identifier: BSD-2-Clause
"""Ways in which an ssh-agent fails, and the reasons and texts that the daemon gives for them."""

import contextlib
import socket
import struct
import threading

import software_agent
from software_agent import FAILURE, IDENTITIES_ANSWER, SIGN_RESPONSE, Key, string


def never_ends(connection):
    """A byte at a time of what could become an answer."""
    connection.sendall(struct.pack(">I", 200000) + bytes([IDENTITIES_ANSWER]))
    with contextlib.suppress(OSError):
        while not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            connection.sendall(b"\0")
            threading.Event().wait(0.01)
    return b""


def hang_up(connection):
    connection.shutdown(socket.SHUT_RDWR)
    return b""


def hang_up_on_all(connection, blob, data):
    del blob, data
    return hang_up(connection)


def after(count, payload):
    """Hangs up in the middle of its answer."""
    def lie(connection):
        connection.sendall(software_agent.frame(payload)[:count])
        return hang_up(connection)
    return lie


def raw(data):
    def lie(connection):
        connection.sendall(data)
        return b""
    return lie


def says(payload):
    return lambda connection: payload


WHEN_LISTING = {
    "gone": (hang_up, "unavailable"),
    "silent": (says(b""), "timeout"),
    "slow": (never_ends, "timeout"),
    "4-gib": (raw(b"\xff" * 4), "too-large"),
    "256-kib-and-one": (raw(b"\0\4\0\1"), "too-large"),
    "nothing": (raw(b"\0" * 4), "protocol"),
    "half-a-length": (after(2, b"\x0c"), "unavailable"),
    "half-an-answer": (after(9, software_agent.identities([(b"x" * 50, b"y")])), "unavailable"),
    "another-type": (says(bytes([SIGN_RESPONSE]) + string(b"x")), "protocol"),
    "unknown-type": (says(b"\xff"), "protocol"),
    "it-refuses": (says(bytes([FAILURE])), "unavailable"),
    "one-too-few": (says(struct.pack(">BI", IDENTITIES_ANSWER, 1)), "truncated"),
    "one-too-many": (says(struct.pack(">BI", IDENTITIES_ANSWER, 0) + string(b"") * 2),
                     "trailing-data"),
    "100000-keys": (says(struct.pack(">BI", IDENTITIES_ANSWER, 100000) + bytes(200000)),
                    "protocol"),
    "4294967295-keys": (says(struct.pack(">BI", IDENTITIES_ANSWER, 0xffffffff)), "protocol"),
    "no-keys": (says(software_agent.identities([])), "no-match"),
    "other-keys": (lambda connection: software_agent.identities(
        [(Key().blob, b"one"), (Key("ecdsa-sk").blob, b"two"), (b"", b""),
         (b"\0\0\0\x07ssh-rsa", b""),
         (Key(application="web").blob, b"web")]), "no-match"),
}
WHEN_SIGNING = {
    "gone": (hang_up, "unavailable"),
    "silent": (says(b""), "touch-timeout"),
    "slow": (never_ends, "touch-timeout"),
    "4-gib": (raw(b"\xff" * 4), "too-large"),
    "it-refuses": (says(bytes([FAILURE])), "operation-denied"),
    "another-type": (says(struct.pack(">BI", IDENTITIES_ANSWER, 0)), "protocol"),
    "no-signature": (says(bytes([SIGN_RESPONSE]) + string(b"")), "truncated"),
    "half-an-answer": (after(20, bytes([SIGN_RESPONSE]) + string(b"x" * 100)), "unavailable"),
    "a-byte-too-many": (says(bytes([SIGN_RESPONSE]) + string(Key().sign(b"")) + b"x"),
                        "trailing-data"),
    "an-rsa-signature": (says(bytes([SIGN_RESPONSE]) + string(string(b"rsa-sha2-256") +
                                                              string(b"x" * 256))), "unsupported"),
}
SAYS = {
    "unavailable": "Your ssh-agent is gone.",
    "timeout": "Your ssh-agent did not answer in time.",
    "touch-timeout": "The security key was not touched in time.",
    "operation-denied":
        "Your ssh-agent did not sign. Is the security key plugged in where you are?",
    "no-match": "Your ssh-agent holds none of the security keys that are enrolled here.",
}
