#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors of the keyboard-interactive form, built by tests/lib/forward.py.

valid/NAME.txt decodes and encodes back to the same lines; NAME begins with request, answer-get,
answer-create, answer-page-get or answer-page-create. invalid/STATUS--NAME.txt is refused with
STATUS. An answer's parts are a line each. client-data.txt and public-key.bin are what
valid/answer-get-es256.txt signed, and with what.
"""
import base64
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "lib")]
import cbor2  # noqa: E402
import forward  # noqa: E402
from maker import keys, seed  # noqa: E402

HOST = "web1.example.org"
ORIGIN = "ssh://" + HOST
PAGE_ORIGIN = "https://www.example.org"
LONG_ORIGIN = "ssh://" + ".".join(["a" * 63] * 3 + ["b" * 61])  # 253 characters of host
NONCE = seed.derive("forward nonce", 32)
CONTEXT = ('{"act":"authenticate","command":"","host":"web1","rhost":"192.0.2.7","service":"sshd",'
           '"target":"","tty":"ssh","user":"alice"}')
HOST_KEYS = ["SHA256:" + base64.b64encode(seed.derive(f"host key {i}", 32)).decode().rstrip("=")
             for i in range(3)]
KEYS_CONTEXT = CONTEXT.replace('"rhost"', '"hostkeys":' + json.dumps(
    HOST_KEYS, separators=(",", ":")) + ',"rhost"')


class Credential:
    """As forward.Credential, the same on every run."""

    def __init__(self, algorithm, id_size=64):
        self.key = keys.key(algorithm)
        self.algorithm = self.key.alg
        self.id = seed.derive("forward id " + algorithm, id_size)
        self.counter = 41

    def sign(self, message):
        return self.key.sign(message)

    def cose(self):
        return self.key.cose()


def get(**change):
    return {"kind": "get", "nonce": NONCE, "context": CONTEXT, "rp_id": HOST,
            "user_verification": 2, "credentials": [Credential("ES256").id], "timeout": 120,
            **change}


def create(**change):
    context = CONTEXT.replace("authenticate", "enroll").replace("sshd", "passkey-enroll")
    return {**get(context=context, credentials=[], kind="create"), "rp_name": "Example",
            "user_handle": seed.derive("forward handle", 64), "user_name": "alice",
            "user_display_name": "Alice", "algorithms": [-7, -8, -257], "resident_key": 1,
            "attestation": 1, "cred_protect": 0, **change}


def more(**change):
    return {"kind": "more", "nonce": NONCE, "part": 2, **change}


def request(fields):
    return [forward.encode_request(fields)]


def without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


def text(cbor, prefix=forward.PREFIX):
    return [prefix + forward.b64(cbor)]


def raw(fields, names=forward.REQUEST):
    """The map as it is, to be written in other ways than the canonical one."""
    return forward._to_map(fields, names)


def got(algorithm="ES256", origin=ORIGIN, **change):
    credential = Credential(algorithm)
    asked = get(credentials=[bytes(48), credential.id])
    return {**forward.answer_fields(asked, origin, credential), **change}


def made(algorithm="ES256", origin=ORIGIN, **change):
    return {**forward.answer_fields(create(), origin, Credential(algorithm)), **change}


def page_got(algorithm="ES256", origin=PAGE_ORIGIN, **change):
    credential = Credential(algorithm)
    asked = get(credentials=[bytes(48), credential.id])
    return {**forward.page_answer_fields(asked, origin, credential), **change}


def page_made(algorithm="ES256", origin=PAGE_ORIGIN, **change):
    made_by = Credential(algorithm, 16)
    return {**forward.page_answer_fields(create(), origin, made_by), **change}


def answer(fields):
    return forward.encode_answer(fields)


def parts(*chunks):
    return [f"passkey1/{k}/{len(chunks)}:{chunk}" for k, chunk in enumerate(chunks, 1)]


LONG = answer(got("RS256", LONG_ORIGIN))

VALID = {
    "request-get": request(get()),
    "request-get-least": request(get(context="{}", rp_id="r", user_verification=0,
                                     credentials=[b"i"], timeout=1)),
    "request-get-several": request(get(credentials=[seed.derive(f"id {i}", size) for i, size in
                                                    enumerate((16, 48, 64, 80, 96, 255))])),
    "request-get-longest-context": request(get(context="c" * 40960)),
    "request-get-longest-id": request(get(credentials=[b"i" * 1023], timeout=3600,
                                          user_verification=3)),
    "request-get-sudo": request(
        get(context=CONTEXT.replace('"command":""', '"command":"J\u00f6rg"'))),
    "request-get-host-keys": request(get(context=KEYS_CONTEXT, version=2)),
    "request-create": request(create()),
    "request-create-host-keys": request(create(
        context=KEYS_CONTEXT.replace("authenticate", "enroll"), version=2)),
    "request-create-most": request(create(
        credentials=[Credential("EdDSA").id], algorithms=[-2**31, 2**31 - 1, *range(-15, 15)],
        rp_name="", user_name="", user_display_name="J\u00f6rg \U0001f511", resident_key=3,
        attestation=4, cred_protect=3)),
    "request-more": request(more()),
    "request-more-last": request(more(part=64)),
    "answer-get-es256": answer(got()),
    "answer-get-eddsa": answer(got("EdDSA")),
    "answer-get-rs256": answer(got("RS256")),
    "answer-get-rs256-parts": LONG,
    "answer-get-es256-longest-host": answer(got(origin=LONG_ORIGIN)),
    "answer-get-ipv6": answer(got(origin="ssh://[2001:db8::1]", credential=63)),
    "answer-get-least": answer(got(signature=b"s", credential=0, origin="o")),
    "answer-get-extensions": answer(got(auth_data=b"\x81\0\0\0\x01\xa0")),
    "answer-create-es256": answer(made()),
    "answer-page-get-es256": answer(page_got()),
    "answer-page-get-eddsa": answer(page_got("EdDSA")),
    "answer-page-get-rs256-parts": answer(page_got("RS256")),
    "answer-page-get-least": answer(page_got(signature=b"s", credential=0, client_data=b"{")),
    "answer-page-create-es256": answer(page_made()),
    "answer-page-create-rs256-parts": answer(page_made("RS256", transports=63,
                                                       discoverable=True)),
    "answer-page-create-least": answer(page_made(attestation_object=b"\xa0", client_data=b"{")),
    "answer-create-rs256-parts": answer(made("RS256", LONG_ORIGIN, transports=63,
                                             discoverable=True)),
}

INVALID = {
    "invalid-input--request-nothing": [""],
    "invalid-input--request-other-version": text(cbor2.dumps(raw(more())), "passkey3:"),
    "invalid-input--request-host-keys-padded": [request(get(version=2))[0] + "="],
    "cbor-trailing-data--request-host-keys": text(cbor2.dumps(raw(get())) + b"\0", "passkey2:"),
    "cbor-truncated--request-host-keys-empty": ["passkey2:"],
    "protocol--request-host-keys-more": request(more(version=2)),
    "protocol--request-host-keys-without-context": request(without(get(version=2), "context")),
    "too-large--request-host-keys-line-of-65537": ["passkey2:" + "A" * 65528],
    "invalid-input--request-upper-case": text(cbor2.dumps(raw(more())), "PASSKEY1:"),
    "invalid-input--request-padded": [request(more())[0] + "="],
    "invalid-input--request-standard-alphabet": [forward.PREFIX + "+/++"],
    "invalid-input--request-space": ["passkey1: " + request(more())[0][9:]],
    "invalid-input--request-part": parts(*[request(get())[0][9:]] * 2)[:1],
    "too-large--request-line-of-65537": [forward.PREFIX + "A" * 65528],
    "cbor-truncated--request-empty": [forward.PREFIX],
    "cbor-trailing-data--request-more": text(cbor2.dumps(raw(more())) + b"\0"),
    "cbor-type-mismatch--request-array": text(cbor2.dumps([1, 2, 3])),
    "protocol--request-map-empty": text(b"\xa0"),
    "cbor-duplicate-key--request-kind-twice": text(b"\xa2\x01\x03\x01\x03"),
    "cbor-not-shortest--request-kind": text(b"\xa3\x01\x18\x03" + cbor2.dumps(raw(more()))[3:]),
    "cbor-tag--request-nonce": text(cbor2.dumps({1: 3, 2: cbor2.CBORTag(24, NONCE), 16: 2})),
    "protocol--request-out-of-order": text(cbor2.dumps({1: 3, 16: 2, 2: NONCE})),
    "protocol--request-kind-0": request({**more(), "kind": 0}),
    "protocol--request-kind-4": request({**get(), "kind": 4}),
    "cbor-type-mismatch--request-kind-text": request({**more(), "kind": "x"}),
    "protocol--request-without-timeout": request(without(get(), "timeout")),
    "protocol--request-without-context": request(without(get(), "context")),
    "protocol--request-get-with-part": request(get(part=2)),
    "protocol--request-get-with-names": request(get(rp_name="Example")),
    "protocol--request-create-without-cred-protect": request(without(create(), "cred_protect")),
    "protocol--request-unknown-member": request({**get(), 17: 0}),
    "protocol--request-unknown-for-known": text(cbor2.dumps(
        {**raw(without(get(), "timeout")), 17: 0})),
    "protocol--request-nonce-31": request(get(nonce=NONCE[:31])),
    "protocol--request-nonce-33": request(get(nonce=NONCE + b"\0")),
    "cbor-type-mismatch--request-nonce-text": request(get(nonce="n" * 32)),
    "protocol--request-context-empty": request(get(context="")),
    "protocol--request-context-with-nul": request(get(context='{"act":"\0"}')),
    "too-large--request-context-40961": request(get(context="c" * 40961)),
    "cbor-malformed--request-context-not-utf-8": text(
        cbor2.dumps(raw(get(context="{\u00fc}"))).replace("\u00fc".encode(), b"\xff\xff")),
    "cbor-type-mismatch--request-context-bytes": request(get(context=b"{}")),
    "protocol--request-rp-id-empty": request(get(rp_id="")),
    "protocol--request-rp-id-space": request(get(rp_id="example org")),
    "protocol--request-rp-id-newline": request(get(rp_id="example\norg")),
    "protocol--request-rp-id-not-ascii": request(get(rp_id="ex\u00e4mple.org")),
    "too-large--request-rp-id-254": request(get(rp_id="r" * 254)),
    "protocol--request-user-verification-4": request(get(user_verification=4)),
    "cbor-type-mismatch--request-user-verification-negative": request(get(user_verification=-1)),
    "protocol--request-get-without-credentials": request(get(credentials=[])),
    "protocol--request-credential-empty": request(get(credentials=[b""])),
    "too-large--request-credential-1024": request(get(credentials=[b"i" * 1024])),
    "too-large--request-credentials-65": request(get(credentials=[b"i"] * 65)),
    "cbor-type-mismatch--request-credential-text": request(get(credentials=["id"])),
    "cbor-type-mismatch--request-credentials-map": request(get(credentials={1: b"i"})),
    "protocol--request-timeout-0": request(get(timeout=0)),
    "protocol--request-timeout-3601": request(get(timeout=3601)),
    "too-large--request-rp-name-129": request(create(rp_name="n" * 129)),
    "protocol--request-user-handle-empty": request(create(user_handle=b"")),
    "too-large--request-user-handle-65": request(create(user_handle=b"h" * 65)),
    "too-large--request-user-name-129": request(create(user_name="n" * 129)),
    "too-large--request-display-name-129": request(create(user_display_name="n" * 129)),
    "protocol--request-algorithms-none": request(create(algorithms=[])),
    "too-large--request-algorithms-33": request(create(algorithms=[-7] * 33)),
    "protocol--request-algorithm-too-small": request(create(algorithms=[-2**31 - 1])),
    "protocol--request-algorithm-too-large": request(create(algorithms=[2**31])),
    "protocol--request-resident-key-4": request(create(resident_key=4)),
    "protocol--request-attestation-5": request(create(attestation=5)),
    "protocol--request-cred-protect-4": request(create(cred_protect=4)),
    "protocol--request-part-1": request(more(part=1)),
    "protocol--request-part-65": request(more(part=65)),
    "invalid-input--answer-get-empty": [""],
    "invalid-input--answer-get-words": ["I have no key"],
    "invalid-input--answer-get-junk": ["\b\n\r\x7fINCORRECT\b\n\r"],
    "invalid-input--answer-get-prefix-only": [forward.PREFIX],
    "invalid-input--answer-get-padded": [answer(got())[0] + "=="],
    "invalid-input--answer-get-blank-within": [answer(got())[0][:40] + " " + answer(got())[0][40:]],
    "too-large--answer-get-line-of-512": [forward.PREFIX + "A" * 503],
    "protocol--answer-get-create": answer(made()),
    "protocol--answer-create-get": answer(got()),
    "protocol--answer-get-more": text(cbor2.dumps({**raw(got(), forward.GET_ANSWER), 1: 3})),
    "cbor-trailing-data--answer-get": text(
        cbor2.dumps(raw(got(), forward.GET_ANSWER)) + b"\0"),
    "protocol--answer-get-unknown-member": answer({**got(), 7: 0}),
    "protocol--answer-get-without-origin": answer(without(got(), "origin")),
    "protocol--answer-get-credential-64": answer(got(credential=64)),
    "protocol--answer-get-auth-data-4": answer(got(auth_data=b"\1\0\0\0")),
    "too-large--answer-get-auth-data": answer(got(auth_data=bytes(16384 - 31))),
    "protocol--answer-get-signature-empty": answer(got(signature=b"")),
    "too-large--answer-get-signature-8193": answer(got(signature=bytes(8193))),
    "protocol--answer-get-origin-empty": answer(got(origin="")),
    "protocol--answer-get-origin-space": answer(got(origin="ssh://a b")),
    "protocol--answer-get-origin-quote": answer(got(origin='ssh://a"')),
    "protocol--answer-get-origin-backslash": answer(got(origin="ssh://a\\")),
    "protocol--answer-get-origin-not-ascii": answer(got(origin="ssh://\u00e4")),
    "too-large--answer-get-origin-1025": answer(got(origin="ssh://" + "a" * 1019)),
    "protocol--answer-get-challenge-15": answer(got(challenge=bytes(15))),
    "protocol--answer-get-challenge-whole": answer(got(challenge=bytes(32))),
    "protocol--answer-create-attestation-object-empty": answer(made(attestation_object=b"")),
    "protocol--answer-create-transports-64": answer(made(transports=64)),
    "cbor-type-mismatch--answer-create-discoverable-1": answer(made(discoverable=1)),
    "protocol--answer-page-get-create": answer(page_made()),
    "protocol--answer-page-create-get": answer(page_got()),
    "protocol--answer-page-get-of-a-key": answer(got()),
    "protocol--answer-get-of-a-page": answer(page_got()),
    "protocol--answer-create-of-a-page": answer(page_made()),
    "protocol--answer-page-get-with-origin": answer({**page_got(), 6: PAGE_ORIGIN}),
    "protocol--answer-page-get-without-client-data": answer(without(page_got(), "client_data")),
    "protocol--answer-page-get-client-data-empty": answer(page_got(client_data=b"")),
    "cbor-type-mismatch--answer-page-get-client-data-text": answer(
        page_got(client_data="{}")),
    "too-large--answer-page-get-client-data-16385": answer(page_got(client_data=bytes(16385))),
    "cbor-trailing-data--answer-page-get": text(
        cbor2.dumps(raw(page_got(), forward.PAGE_GET_ANSWER)) + b"\0"),
    "protocol--answer-page-get-credential-64": answer(page_got(credential=64)),
    "protocol--answer-page-create-transports-64": answer(page_made(transports=64)),
    "protocol--answer-get-part-2-first": LONG[1:],
    "protocol--answer-get-part-1-twice": LONG[:1] * 2,
    "protocol--answer-get-part-of-another-total": [LONG[0], LONG[1].replace("/2:", "/3:")],
    "protocol--answer-get-whole-after-part": [LONG[0], *answer(got())],
    "protocol--answer-get-part-after-last": [*LONG, LONG[1]],
    "protocol--answer-get-part-3-of-2": [*LONG, LONG[1].replace("/2/", "/3/")],
    "too-large--answer-get-part-of-65": ["passkey1/1/65:" + "A" * 496],
    "truncated--answer-get-part-missing": LONG[:1],
    "protocol--answer-get-part-not-full": [LONG[0][:-1], LONG[1]],
    "protocol--answer-get-part-overfull": [LONG[0] + LONG[1][13], LONG[1]],
    "protocol--answer-get-last-part-overfull": [LONG[0], "passkey1/2/2:" + "A" * 497],
    "invalid-input--answer-get-part-1-of-1": parts(answer(got())[0][9:]),
    "invalid-input--answer-get-part-0": ["passkey1/0/2:AAAA"],
    "invalid-input--answer-get-part-01": ["passkey1/01/2:AAAA"],
    "invalid-input--answer-get-part-100": ["passkey1/1/100:AAAA"],
    "invalid-input--answer-get-part-negative": ["passkey1/-1/2:AAAA"],
    "invalid-input--answer-get-part-without-total": ["passkey1/1:AAAA"],
    "invalid-input--answer-get-part-without-text": ["passkey1/1/2:"],
    "invalid-input--answer-get-part-without-colon": ["passkey1/1/2"],
    "invalid-input--answer-get-part-junk": parts("!" * 496, "AAAA"),
}


def write(folder, vectors):
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.txt"):
        old.unlink()
    for name, lines in vectors.items():
        (folder / f"{name}.txt").write_bytes("".join(line + "\n" for line in lines).encode())


write(HERE / "valid", VALID)
write(HERE / "invalid", INVALID)
(HERE / "client-data.txt").write_bytes(
    forward.client_data("get", forward.bound_challenge(NONCE, CONTEXT), ORIGIN) + b"\n")
(HERE / "public-key.bin").write_bytes(cbor2.dumps(Credential("ES256").cose(), canonical=True))
