#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The examples in doc/protocol.md are the vectors they name. TAP.

A block ```text VECTOR is the file tests/vectors/VECTOR. A block ```hex VECTOR is its bytes, or, of
a line of the keyboard-interactive form, the CBOR in it: a row is bytes in hex with words behind two
spaces, or text in single quotes.
"""
import base64
import hashlib
import os
import pathlib
import re

SOURCE = pathlib.Path(os.environ.get("srcdir", pathlib.Path(__file__).resolve().parents[2]))
DOCUMENT = (SOURCE / "doc/protocol.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(text|hex) (\S+)\n(.*?)^```$", DOCUMENT, re.M | re.S)
EXPECTED = 13


def vector(name):
    return (SOURCE / "tests/vectors" / name).read_bytes()


def unb64(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def content(name):
    data = vector(name)
    return unb64(data.strip()[len(b"passkey1:"):]) if data.startswith(b"passkey1:") else data


def row_bytes(row):
    if row.startswith("'"):
        return row[1:row.rindex("'")].encode()
    return bytes.fromhex(row.partition("  ")[0])


def example_holds(kind, name, block):
    if kind == "text":
        return block.encode() == vector(name)
    return b"".join(map(row_bytes, block.splitlines())) == content(name)


def challenge_is_bound():
    """The examples belong together: nonce and context, challenge, client data, answer."""
    request, answer = (content(f"forward/valid/{name}.txt")
                       for name in ("request-get", "answer-get-es256"))
    nonce = request[6:38]
    start = request.index(b"{")
    context = request[start:request.index(b"}", start) + 1]
    challenge = hashlib.sha256(b"\x01" + nonce + context).digest()
    encoded = base64.urlsafe_b64encode(challenge).rstrip(b"=")
    return answer.endswith(challenge[:16]) and \
        b'"challenge":"' + encoded + b'"' in vector("forward/client-data.txt")


def message_is_in_the_blob():
    message = vector("sk/client-data.txt").rstrip(b"\n")
    return content("sk/valid/sshsig.bin").endswith(hashlib.sha256(message).digest())


def main():
    results = [(f"{kind} {name}", example_holds(kind, name, block))
               for kind, name, block in EXAMPLES]
    results.append(("every example is found", len(EXAMPLES) == EXPECTED))
    results.append(("the challenge is bound", challenge_is_bound()))
    results.append(("the message is in the blob", message_is_in_the_blob()))
    print(f"1..{len(results)}")
    for number, (name, holds) in enumerate(results, 1):
        print(f"{'ok' if holds else 'not ok'} {number} - {name}")
    return 0 if all(holds for _, holds in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
