#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes valid/*.jwt and invalid/*.jwt: texts that are tokens by their form, and that are none. No
key has signed any of them."""

import base64
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
CLAIMS = {"sub": "u-1", "exp": 1700000300}
HEADER = {"alg": "HS256", "typ": "JWT"}
SIGNATURE = bytes(range(32))


def encode(part):
    if not isinstance(part, bytes):
        part = (part if isinstance(part, str) else json.dumps(part)).encode()
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def token(header=None, claims=None, signature=SIGNATURE):
    return ".".join(map(encode, (HEADER if header is None else header,
                                 CLAIMS if claims is None else claims, signature)))


GOOD = token()
VALID = {
    "plain": GOOD,
    "with-kid": token({"alg": "RS256", "kid": "2c7f4a4e-2f6e-4b57-8ab1-7f0a5d2a9c11", "typ": "JWT"},
                      signature=bytes(256)),
    "without-type": token({"alg": "HS256"}),
    "type-in-lower-case": token({"alg": "HS256", "typ": "jwt"}),
    "more-in-the-header": token({"alg": "none", "jku": "https://evil.example", "jwk": {}}),
    "no-claims": token(claims={}),
    "password-answer": token(claims={"token_type": "password_answer", "sub": "u-1", "nonce": "n-1",
                                     "exp": 1700000300, "right": True, "email": "u@example.org"}),
    "long-signature": token(signature=bytes(512)),
}
INVALID = {
    "empty": "",
    "two-parts": GOOD.rpartition(".")[0],
    "four-parts": GOOD + ".AA",
    "no-signature": token(signature=b""),
    "long-signature": token(signature=bytes(513)),
    "padding": token() + "=",
    "standard-alphabet": GOOD.replace("-", "+").replace("_", "/") + "+/+/",
    "blank": " " + GOOD,
    "line-end": GOOD + "\n",
    "header-no-json": token("alg"),
    "header-array": token([]),
    "header-without-alg": token({"typ": "JWT"}),
    "header-alg-empty": token({"alg": ""}),
    "header-alg-number": token({"alg": 1}),
    "header-alg-twice": token('{"alg":"HS256","alg":"none"}'),
    "header-alg-long": token({"alg": "x" * 65}),
    "header-kid-number": token({"alg": "HS256", "kid": 1}),
    "header-kid-long": token({"alg": "HS256", "kid": "x" * 65}),
    "header-crit": token({"alg": "HS256", "crit": ["b64"], "b64": False}),
    "header-crit-empty": token({"alg": "HS256", "crit": []}),
    "header-type-other": token({"alg": "HS256", "typ": "at+jwt"}),
    "header-type-number": token({"alg": "HS256", "typ": 1}),
    "header-long": token({"alg": "HS256", "x": "x" * 1024}),
    "claims-no-json": token(claims="sub"),
    "claims-array": token(claims=[]),
    "claims-twice": token(claims='{"sub":"a","sub":"b"}'),
    "claims-not-utf-8": token(claims=b'{"sub":"\xff"}'),
    "claims-trailing": token(claims='{"sub":"a"}x'),
    "long": token(claims={"sub": "x" * 7000}),
    "encrypted": ".".join(["AAAA"] * 5),
}

for folder, texts in ("valid", VALID), ("invalid", INVALID):
    (HERE / folder).mkdir(exist_ok=True)
    for name, text in texts.items():
        (HERE / folder / (name + ".jwt")).write_text(text, encoding="ascii")
