# SPDX-License-Identifier: BSD-2-Clause
"""A name server that knows the SRV records it is given, and nothing else (RFC 1035, RFC 2782)."""

import contextlib
import socket
import struct
import threading

SRV = 33


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def answer(query, records):
    """records: by owner, of (priority, port, target)."""
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    kind, = struct.unpack(">H", question[-4:-2])
    found = [record for owner, mine in records.items() if kind == SRV and
             question[:-4].lower() == name(owner) for record in mine]
    known = any(question[:-4].lower() == name(owner) for owner in records)
    head = query[:2] + struct.pack(">HHHHH", 0x8580 | (0 if known else 3), 1, len(found), 0, 0)
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", SRV, 1, 60, 6 + len(name(target)))
                    + struct.pack(">HHH", priority, 0, port) + name(target)
                    for priority, port, target in found)
    return head + question + body


@contextlib.contextmanager
def serve(records, address=("127.0.0.1", 53)):
    """Until the end of the block."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(address)

    def run():
        while True:
            query, who = listener.recvfrom(4096)
            if not query:
                return
            listener.sendto(answer(query, records), who)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", address)
        thread.join()
        listener.close()
