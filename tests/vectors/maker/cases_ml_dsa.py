# SPDX-License-Identifier: BSD-2-Clause
"""ML-DSA (FIPS 204, RFC 9964): only with a Node.js whose OpenSSL is 3.5 or newer to sign.

Its signatures differ from run to run, so these files are kept unless generate.py is told to make
them anew. Where the verifier's OpenSSL lacks ML-DSA, run.py skips them.
"""
import json
import subprocess

from . import statements
from .ceremony import OFFERED, authentication, registration

ORIGIN = "made by tests/vectors/generate.py with the OpenSSL of Node.js"
SIZES = {44: (-48, 1312), 65: (-49, 1952), 87: (-50, 2592)}


class MlDsaKey:
    kty = 7

    def __init__(self, process, strength):
        self.process, self.strength = process, strength
        self.alg, self.size = SIZES[strength]
        self.pub = self._ask(b"")[0][-self.size:]

    def _ask(self, message):
        self.process.stdin.write(json.dumps([f"ml-dsa-{self.strength}", message.hex()]) + "\n")
        self.process.stdin.flush()
        return [bytes.fromhex(part) for part in json.loads(self.process.stdout.readline())]

    def cose(self):
        return {1: 7, 3: self.alg, -1: self.pub}

    def sign(self, data):
        return self._ask(data)[1]


def flipped(signature):
    return signature[:100] + bytes([signature[100] ^ 1]) + signature[101:]


def key_cases(add, stem, public):
    offered = {"pubKeyCredParams": [*OFFERED, public.alg]}
    other = {44: -49, 65: -50, 87: -48}[public.strength]
    rows = [
        ("short", "key-length-invalid", "a key a byte short", lambda m: {**m, -1: m[-1][:-1]}),
        ("long", "key-length-invalid", "a key a byte long", lambda m: {**m, -1: m[-1] + b"\0"}),
        ("other-strength", "key-length-invalid", "the key of another strength",
         lambda m: {**m, 3: other}),
        ("kty-okp", "key-type-mismatch", "the type of Edwards keys", lambda m: {**m, 1: 1}),
        ("private", "key-parameter-unknown", "the seed beside the key",
         lambda m: {**m, -2: bytes(32)}),
        ("no-pub", "key-malformed", "no key", lambda m: {1: 7, 3: m[3]}),
    ]
    for name, reason, description, change in rows:
        add("invalid", f"{stem}-key-{name}", reason, description,
            registration(public, cose=change, line=offered))


def add(cases, node):
    def collect(kind, name, reason, description, line):
        needs = "ML-DSA-" + name.split("-")[2]
        if kind == "valid":
            cases.valid(name, description, line, origin=ORIGIN)
        else:
            cases.invalid(name, reason, description, line, origin=ORIGIN)
        cases.files[f"{kind}/{name}.json"]["needs"] = needs

    with subprocess.Popen([node, __file__.replace("cases_ml_dsa.py", "ml_dsa.mjs")], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for strength in SIZES:
            public = MlDsaKey(process, strength)
            stem = f"ml-dsa-{strength}"
            offered = {"pubKeyCredParams": [public.alg]}
            collect("valid", f"{stem}-none", None, f"{stem}, no attestation",
                    registration(public, line=offered))
            collect("valid", f"{stem}-self", None, f"{stem}, self attestation",
                    registration(public, statements.packed_self(), "packed", line=offered))
            collect("valid", f"{stem}-authentication", None, f"{stem}, an assertion",
                    authentication(public))
            collect("invalid", f"{stem}-not-offered", "algorithm-not-offered",
                    f"{stem}, where others were offered", registration(public))
            rows = [("flipped", "signature-invalid", flipped),
                    ("one-byte-less", "signature-malformed", lambda s: s[:-1]),
                    ("one-byte-more", "signature-malformed", lambda s: s + b"\0")]
            for name, reason, change in rows[:None if strength == 44 else 1]:
                collect("invalid", f"{stem}-signature-{name}", reason, f"{stem}, {name}",
                        authentication(public, signature=change))
            if strength == 44:
                key_cases(collect, stem, public)
        process.stdin.close()
