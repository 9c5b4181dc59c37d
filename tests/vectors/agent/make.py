#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors of the ssh-agent's answers (draft-miller-ssh-agent), without their length.

valid/NAME.bin and invalid/STATUS--NAME.bin, where NAME begins with the question: identities or
sign. The keys and signatures in them are those of ../sk.
"""
import importlib.util
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("sk", HERE.parent / "sk/make.py")
sk = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sk)
string = sk.string
FAILURE, IDENTITIES, SIGNED = b"\x05", b"\x0c", b"\x0e"


def identities(*pairs, count=None):
    """pairs: key blob and comment"""
    count = len(pairs) if count is None else count
    return IDENTITIES + struct.pack(">I", count) + b"".join(string(b) + string(c) for b, c in pairs)


ED, EC = (sk.ed25519_key(), "alice@laptop"), (sk.ecdsa_key(), "a blue key")
SIGNATURE = sk.VALID["signature-ed25519.bin"]

VALID = {
    "identities-none": identities(),
    "identities": identities(ED, EC),
    "identities-mixed": identities((sk.RSA, "id_rsa"), ED, (b"", ""), (b"what is this", b"\xff\0")),
    "identities-2048": identities(*[(b"k", "")] * 2048),
    "sign": SIGNED + string(SIGNATURE),
    "sign-empty": SIGNED + string(b""),
}

INVALID = {
    "truncated--identities-nothing": b"",
    "unavailable--identities-failure": FAILURE,
    "trailing-data--identities-failure": FAILURE + b"\0",
    "protocol--identities-success": b"\x06",
    "protocol--identities-signature": VALID["sign"],
    "protocol--identities-2049": identities(*[(b"k", "")] * 2049),
    "protocol--identities-4-gib": identities(ED, count=0xFFFFFFFF),
    "truncated--identities-one-missing": identities(ED, count=2),
    "truncated--identities-2048-announced": identities(count=2048),
    "trailing-data--identities-one-more": identities(ED, EC, count=1),
    "trailing-data--identities-none": identities(count=0) + b"\0",
    "too-large--identities-length-of-4-gib": identities(count=1) + b"\xff\xff\xff\xff",
    "truncated--sign-nothing": b"",
    "operation-denied--sign-failure": FAILURE,
    "trailing-data--sign-failure": FAILURE + FAILURE,
    "protocol--sign-success": b"\x06",
    "protocol--sign-identities": VALID["identities"],
    "truncated--sign-cut": VALID["sign"][:-1],
    "trailing-data--sign": VALID["sign"] + b"\0",
}


def with_suffix(vectors):
    return {name + ".bin": content for name, content in vectors.items()}


if __name__ == "__main__":
    sk.write(HERE / "valid", with_suffix(VALID))
    sk.write(HERE / "invalid", with_suffix(INVALID))
