#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Cuts, lengthens and flips what the valid vectors are made of, and demands that all is refused.

Every prefix and every one-byte-longer form of each structure, resealed where something signs it,
and one bit of every byte of signed responses. TAP; needs Python's cryptography.
"""
import base64
import functools
import json
import os
import sys

sys.dont_write_bytecode = True

try:
    import cryptography  # noqa: F401
except ImportError:
    print("1..0 # SKIP Python's cryptography is not installed")
    sys.exit(0)

from maker import statements, x509  # noqa: E402
from maker.ceremony import authentication, b64, b64url, registration  # noqa: E402
from maker.keys import key  # noqa: E402
import run  # noqa: E402

TRUSTED = {"trustAnchors": [b64(x509.ROOT.der)],
           "policy": {"userVerification": "required", "requireTrustedAttestation": True}}
EXTENSIONS = {"credProtect": 2, "example.test": {"a": [1, "b", b"c", None]}}
FORMATS = {
    "packed": statements.packed(), "packed-self": statements.packed_self(),
    "fido-u2f": statements.fido_u2f(), "tpm": statements.tpm(),
    "android-key": statements.android_key(), "android-safetynet": statements.safetynet(),
    "apple": statements.apple(),
    "compound": statements.compound(("packed", statements.packed()),
                                    ("apple", statements.apple())),
}


def at(line, *path):
    """A maker of lines like this one but for the bytes of one base64url member."""
    def make(change):
        copy = json.loads(line)
        inner = copy
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = b64url(change(unb64(inner[path[-1]])))
        return copy
    line = json.dumps(line)
    return make


RESPONSE = ("credential", "response")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@functools.lru_cache(None)
def statement(name):
    """The format's statement about the default registration, made once."""
    kept = []

    def keep(context):
        if not kept:
            kept.append(FORMATS[name](context))
        return kept[0]
    return keep


def made(name, **knobs):
    fmt = "packed" if name == "packed-self" else name
    line = {} if name in ("packed-self", "none") else TRUSTED
    make = (lambda c: {}) if name == "none" else \
        FORMATS[name] if "auth_data" in knobs else statement(name)
    return registration(None, make, fmt, line=line, **knobs)


def lengths(make):
    """Lines of every prefix and of one byte more; make takes a change of the bytes."""
    size = []
    make(lambda data: size.append(len(data)) or data)
    for length in range(size[0]):
        yield f"{length} of {size[0]} bytes", make(lambda data, n=length: data[:n])
    for extra in (0, 0xA0, 0xFF):
        yield f"{extra:#x} after it", make(lambda data, e=extra: data + bytes([e]))


def member_lengths(name, member):
    return lengths(lambda change: made(name, tweak=lambda s: {**s, member: change(s[member])}))


def certificate_lengths(name):
    return lengths(lambda change: made(
        name, tweak=lambda s: {**s, "x5c": [change(s["x5c"][0])]}))


def truncations():
    for name in ("none", *FORMATS):
        yield f"{name}: attestation object", lengths(
            at(made(name), *RESPONSE, "attestationObject"))
    for name in ("none", "packed"):
        yield f"{name}: authenticator data", lengths(lambda c, n=name: made(n, auth_data=c))
        yield f"{name}: with extensions", lengths(
            lambda c, n=name: made(n, auth_data=c, extensions=EXTENSIONS))
    yield "assertion: with extensions", lengths(
        lambda c: authentication(auth_data=c, extensions=EXTENSIONS))
    yield "registration: client data", lengths(lambda c: registration(client_raw=c))
    yield "assertion: client data", lengths(lambda c: authentication(client_raw=c))
    for name in ("ES256", "RS256", "EdDSA", "Ed448", "ES512", "PS256"):
        line = authentication(key(name))
        yield f"{name}: recorded key", lengths(at(line, "record", "publicKey"))
        yield f"{name}: signature", lengths(at(line, *RESPONSE, "signature"))
    for name, members in (("packed", ["sig"]), ("packed-self", ["sig"]), ("fido-u2f", ["sig"]),
                          ("tpm", ["sig", "pubArea", "certInfo"]), ("android-key", ["sig"]),
                          ("android-safetynet", ["response"])):
        for member in members:
            yield f"{name}: {member}", member_lengths(name, member)
    for name in ("packed", "fido-u2f", "tpm", "android-key", "apple"):
        yield f"{name}: certificate", certificate_lengths(name)
    yield "tpm: certInfo, signed", lengths(lambda c: registration(
        None, statements.tpm(info_bytes=c), "tpm"))
    yield "android-key: description", lengths(lambda c: registration(
        None, statements.android_key(description=c), "android-key"))
    yield "apple: nonce", lengths(lambda c: registration(None, statements.apple(nonce=c), "apple"))


def flips(make):
    """Lines with one bit of each byte changed; all eight take their turns."""
    size = []
    make(lambda data: size.append(len(data)) or data)
    for place in range(size[0]):
        yield f"byte {place}", make(lambda data, i=place: data[:i] + bytes(
            [data[i] ^ 1 << i * 5 % 8]) + data[i + 1:])


# What nothing signs: in fido-u2f, flags, counter and AAGUID; in safetynet, ver.
def unsigned(name, data):
    if name == "fido-u2f":
        start = data.index(b"hauthData") + 11 + 32
        return range(start, start + 21)
    if name == "android-safetynet":
        start = data.index(b"cver") + 4
        return range(start, start + 10)
    return range(0)


def bit_flips():
    for name in FORMATS:
        if name == "compound":  # as trusted as its best part: a flip in the other is no harm
            continue
        line = made(name)
        skipped = {f"byte {i}" for i in unsigned(
            name, unb64(line["credential"]["response"]["attestationObject"]))}
        yield f"{name}: any bit", (pair for pair in flips(at(line, *RESPONSE, "attestationObject"))
                                   if pair[0] not in skipped)
    for name in ("ES256", "ES512", "RS256", "PS256", "EdDSA", "Ed448"):
        line = authentication(key(name))
        yield f"{name}: any bit of the signature", flips(at(line, *RESPONSE, "signature"))
        yield f"{name}: any bit of the recorded key", flips(at(line, "record", "publicKey"))
    line = authentication(extensions=EXTENSIONS)
    for member in ("authenticatorData", "clientDataJSON"):
        yield f"assertion: any bit of {member}", flips(at(line, *RESPONSE, member))


def main():
    os.environ.setdefault("top_builddir", ".")
    groups = [(name, list(lines)) for source in (truncations, bit_flips)
              for name, lines in source()]
    answers, _, errors = run.verify([json.dumps(line) for _, lines in groups for _, line in lines])
    total = sum(len(lines) for _, lines in groups)
    print(f"1..{len(groups) + 1}")
    start, bad = 0, 0
    for number, (name, lines) in enumerate(groups, 1):
        mine = answers[start:start + len(lines)]
        start += len(lines)
        accepted = [label for (label, _), answer in zip(lines, mine) if answer.get("verified")]
        bad += bool(accepted)
        print(f"{'not ok' if accepted else 'ok'} {number} - {name}: {len(lines)} refused")
        for label in accepted[:40]:
            print(f"# accepted: {label}")
    whole = len(answers) == total
    print(f"{'ok' if whole else 'not ok'} {len(groups) + 1} - {total} answers to {total} lines")
    if not whole:
        print(f"# {len(answers)} answers: {errors[-500:]}")
    return 1 if bad or not whole else 0


if __name__ == "__main__":
    sys.exit(main())
