#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors of daemon/verify/ceremony_record.c: ceremonies that several hosts share.

valid/NAME.bin is read and written back as the same bytes. invalid/STATUS--NAME.bin is refused with
STATUS.
"""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = 0xffffffff
CHALLENGE = bytes(range(32))
REGISTRATION, AUTHENTICATION = 0, 1


def u8(value):
    return bytes([value])


def u64(value):
    return value.to_bytes(8, "big")


def string(data):
    data = data.encode() if isinstance(data, str) else data
    return len(data).to_bytes(4, "big") + data


def optional(text):
    return u8(0) if text is None else u8(1) + string(text)


def strings(items):
    return u8(len(items)) + b"".join(map(string, items))


def account(rp="portal", name=None, uid=NOBODY, handle=b"", user_name=None, display_name=None,
            icon=None, created=0, listed=0):
    return (string(rp) + optional(name) + u64(uid) + string(handle) + optional(user_name)
            + optional(display_name) + optional(icon) + u64(created) + u8(listed))


def requirements(kind=AUTHENTICATION, challenge=CHALLENGE, rp_id="portal.example.org",
                 origins=("https://portal.example.org",), top_origins=(), handle=b"",
                 algorithms=(-7, -257), credentials=(), cross=0, identified=0, resident=0,
                 require_resident=0, verification=2, time=1700000000, cred_props=0, min_pin=0,
                 cred_protect=0, enforce=0, refuse=0, payment=0, conditional=0, counter=0,
                 appid=None, appid_exclude=None, instrument=None):
    numbers = u8(len(algorithms)) + b"".join(u64(each & 0xffffffff) for each in algorithms)
    choices = (u8(cross) + u8(identified) + u8(resident) + u8(require_resident) + u8(verification)
               + u64(time) + u8(cred_props) + u8(min_pin) + u8(cred_protect) + u8(enforce)
               + u8(refuse) + u8(payment) + u8(conditional) + u8(counter))
    return (u8(kind) + string(challenge) + string(rp_id) + strings(origins) + strings(top_origins)
            + string(handle) + numbers + strings(credentials) + choices + optional(appid)
            + optional(appid_exclude) + optional(instrument))


def ceremony(of=account(), demands=requirements(), version=1, expires=1700000300,
             name="0b8b1cbe-9d4c-4c26-a6a5-2d8a6e6f7d10", correlation="0123456789abcdef", system=0,
             context='{"act":"authenticate"}', credential_name=None, ticket=b"", most=20,
             anonymous=0, mfa=0, transports=0, bearer=0, purpose="", transaction=None, action=None,
             idempotency=None, sole=0):
    return (u8(version) + u64(expires) + string(name) + string(correlation) + of + demands
            + u8(system) + string(context) + optional(credential_name) + string(ticket) + u64(most)
            + u8(anonymous) + u8(mfa) + u8(transports) + u8(bearer) + string(purpose)
            + optional(transaction) + optional(action) + optional(idempotency) + u8(sole))


ALICE = account("default", "alice", 1000, b"h" * 64, "alice@example.org", "J\u00f6rg \U0001f511",
                "https://example.org/1.png", 1600000000, 1)
EVERYTHING = requirements(
    REGISTRATION, CHALLENGE + b"\xff" * 32, "example.org",
    ["https://example.org", "android:apk-key-hash:x"], ["https://top.example"], b"h" * 64,
    range(-1, -33, -1), [b"\x01" * 16, b"\x02" * 1023], 1, 1, 3, 1, 3, 2 ** 40, 1, 1, 3, 1, 1, 1, 1,
    1, "https://example.org/appid", "https://example.org/old", "Card \u2026")
MOST = {"system": 1, "credential_name": "blue", "ticket": b"\x55" * 32, "most": 2 ** 32 - 1,
        "anonymous": 1, "mfa": 1, "transports": 0x3f, "bearer": 1, "purpose": "p" * 32,
        "transaction": "t" * 512, "action": "pay", "idempotency": "k1", "sole": 1,
        "name": "x" * 86}

VALID = {
    "anonymous-sign-in": ceremony(anonymous=1, purpose="login"),
    "sign-in-of-a-user": ceremony(
        account(name="u1", handle=b"u1"),
        requirements(handle=b"u1", credentials=[b"blue", b"red"], identified=1), bearer=1),
    "transaction": ceremony(account(name="u1"), requirements(challenge=bytes(64)),
                            transaction="t1", action="", idempotency=""),
    "nobody-of-that-name": ceremony(account(name="")),
    "registration": ceremony(account(name="u1", handle=b"u1", user_name="one"),
                             requirements(REGISTRATION), context='{"act":"enroll"}', sole=1),
    "ticket": ceremony(account("default", "alice", 1000), requirements(REGISTRATION), system=1,
                       ticket=bytes(32), purpose="ticket link"),
    "64-credentials": ceremony(demands=requirements(credentials=[b"i" * 128] * 64)),
    "everything": ceremony(ALICE, EVERYTHING, **MOST),
    "the-longest": ceremony(context="c" * (16384 - len(ceremony(context="")))),
    "all-times-0": ceremony(expires=0, demands=requirements(time=0)),
    "all-times-most": ceremony(account(created=2 ** 63 - 1), requirements(time=2 ** 63 - 1),
                               expires=2 ** 63 - 1),
}

INVALID = {
    "truncated--nothing": b"",
    "unsupported--version-0": ceremony(version=0),
    "unsupported--version-2": ceremony(version=2),
    "trailing-data--a-byte": ceremony() + b"\x00",
    "too-large--16385": ceremony(context="c" * (16385 - len(ceremony(context="")))),
    "too-large--length-of-4-gib": ceremony()[:9] + b"\xff\xff\xff\xff" + ceremony()[13:],
    "too-large--id-87": ceremony(name="x" * 87),
    "too-large--correlation-17": ceremony(correlation="0" * 17),
    "too-large--purpose-33": ceremony(purpose="p" * 33),
    "too-large--ticket-33": ceremony(ticket=bytes(33)),
    "too-large--challenge-65": ceremony(demands=requirements(challenge=bytes(65))),
    "too-large--rp-id-254": ceremony(demands=requirements(rp_id="r" * 254)),
    "too-large--origin-1025": ceremony(demands=requirements(origins=["o" * 1025])),
    "too-large--origins-33": ceremony(demands=requirements(origins=["o"] * 33)),
    "too-large--top-origins-33": ceremony(demands=requirements(top_origins=["o"] * 33)),
    "too-large--user-handle-65": ceremony(demands=requirements(handle=b"h" * 65)),
    "too-large--account-handle-65": ceremony(account(handle=b"h" * 65)),
    "too-large--algorithms-33": ceremony(demands=requirements(algorithms=[-7] * 33)),
    "too-large--credentials-65": ceremony(demands=requirements(credentials=[b"i"] * 65)),
    "too-large--credential-id-1024": ceremony(demands=requirements(credentials=[b"i" * 1024])),
    "too-large--appid-1025": ceremony(demands=requirements(appid="a" * 1025)),
    "too-large--transaction-513": ceremony(transaction="t" * 513),
    "too-large--name-4097": ceremony(account(name="n" * 4097)),
    "protocol--expires-negative": ceremony(expires=2 ** 63),
    "protocol--time-negative": ceremony(demands=requirements(time=2 ** 63)),
    "protocol--created-negative": ceremony(account(created=2 ** 63)),
    "protocol--uid-33-bits": ceremony(account(uid=2 ** 32)),
    "protocol--most-33-bits": ceremony(most=2 ** 32),
    "protocol--challenge-empty": ceremony(demands=requirements(challenge=b"")),
    "protocol--challenge-31": ceremony(demands=requirements(challenge=bytes(31))),
    "protocol--ticket-31": ceremony(ticket=bytes(31)),
    "protocol--kind-2": ceremony(demands=requirements(2)),
    "protocol--resident-4": ceremony(demands=requirements(resident=4)),
    "protocol--verification-4": ceremony(demands=requirements(verification=4)),
    "protocol--cred-protect-4": ceremony(demands=requirements(cred_protect=4)),
    "protocol--counter-2": ceremony(demands=requirements(counter=2)),
    "protocol--algorithm-33-bits": ceremony(demands=requirements(algorithms=[-7])).replace(
        u64(-7 & 0xffffffff), u64(2 ** 32)),
    "protocol--transports-64": ceremony(transports=64),
    "protocol--boolean-2": ceremony(bearer=2),
    "protocol--listed-2": ceremony(account(listed=2)),
    "protocol--mfa-2": ceremony(mfa=2),
    "protocol--sole-2": ceremony(sole=2),
    "protocol--presence-2": ceremony().replace(string("portal") + u8(0), string("portal") + u8(2)),
    "invalid-input--rp-not-utf-8": ceremony(account(b"\xff")),
    "invalid-input--origin-with-nul": ceremony(demands=requirements(origins=[b"https://\x00"])),
    "invalid-input--context-not-utf-8": ceremony(context=b"\xc0\x80"),
}


def write(folder, vectors):
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.bin"):
        old.unlink()
    for name, record in vectors.items():
        (folder / f"{name}.bin").write_bytes(record)


if __name__ == "__main__":
    write(HERE / "valid", VALID)
    write(HERE / "invalid", INVALID)
