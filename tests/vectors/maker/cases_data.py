# SPDX-License-Identifier: BSD-2-Clause
"""CBOR at every level, the attestation object (WebAuthn 6.5.4), authenticator data (6.1) and
extension outputs (9)."""
from . import cbor, statements
from .cbor import Endless, Pairs, Raw, Tag, Wide
from .ceremony import (AAGUID, AT, BE, CREDENTIAL_ID, ED, REMOVED, UP, UV, attested_data,
                       authentication, b64url, registration)
from .keys import key

ES256 = key("ES256")
COSE = cbor.encode(ES256.cose())


def wrapped(member, wrapper):
    return lambda members: {**members, member: wrapper(members[member])}


def wide_key(member, size):
    return lambda members: Pairs([(Wide(k, size) if k == member else k, v)
                                  for k, v in members.items()])


def deep(levels, item=0):
    for _ in range(levels):
        item = [item]
    return item


def tolerated(cases):
    packed = statements.packed()
    for name, order in (("reversed", ["authData", "attStmt", "fmt"]),
                        ("auth-data-first", ["authData", "fmt", "attStmt"]),
                        ("alphabetic", ["attStmt", "authData", "fmt"])):
        cases.valid(f"object-order-{name}", "the order of members is not enforced",
                    registration(statement=packed, fmt="packed",
                                 members=lambda m, order=order: {k: m[k] for k in order}))
    for name, order in (("reversed", [-3, -2, -1, 3, 1]), ("numeric", [-3, -2, -1, 1, 3]),
                        ("alg-first", [3, 1, -1, -2, -3])):
        cases.valid(f"key-order-{name}", "the order of COSE parameters is not enforced",
                    registration(cose=lambda m, order=order: {k: m[k] for k in order}))
        cases.valid(f"authentication-key-order-{name}", "a record kept in that order",
                    authentication(cose=lambda m, order=order: {k: m[k] for k in order}))
    cases.valid("statement-order", "the order of a statement's members is not enforced",
                registration(statement=packed, fmt="packed",
                             tweak=lambda s: dict(reversed(s.items()))))
    cases.valid("extensions-order", "the order of extensions is not enforced", registration(
        extensions={"minPinLength": 6, "credProtect": 2, "a": 1}))
    both = (("registration", registration), ("authentication", authentication))
    for kind, make in both:
        for name, output in (
                ("unknown", {"example.test": True}),
                ("unknown-nested", {"example.test": {"a": [1, b"x", {"b": -5}]}}),
                ("unknown-float", {"example.test": 1.5}),
                ("unknown-null", {"example.test": None}),
                ("unknown-undefined", {"example.test": Raw(b"\xf7")}),
                ("unknown-half-float", {"example.test": Raw(b"\xf9\x3c\x00")}),
                ("unknown-four-deep", {"example.test": [[[1]]]}),
                ("unknown-huge-number", {"example.test": [2**64 - 1, -2**64]}),
                ("uvm", {"uvm": [[2, 4, 2]]}),
                ("empty", {})):
            cases.valid(f"{kind}-extensions-{name}", f"extension outputs {output}",
                        make(extensions=output))
    cases.valid("registration-extensions-cred-protect", "credProtect 3",
                registration(extensions={"credProtect": 3}))
    cases.valid("registration-extensions-hmac-secret", "hmac-secret",
                registration(extensions={"hmac-secret": True}))
    cases.valid("registration-extensions-min-pin-length", "minPinLength 8",
                registration(extensions={"minPinLength": 8}))
    cases.valid("authentication-extensions-hmac-secret", "hmac-secret with an output",
                authentication(extensions={"hmac-secret": bytes(32)}))


MALFORMED_STATEMENT = "attestation-statement-malformed"
MALFORMED = [
    # name, reason, description, function of a map in Python giving what is encoded instead
    ("duplicate-key", "cbor-duplicate-key", "the first key twice, the same",
     lambda m: Pairs([*m.items(), next(iter(m.items()))])),
    ("duplicate-key-other", "cbor-duplicate-key", "the last key twice, with other values",
     lambda m: Pairs([*list(m.items())[:-1], (list(m)[-1], 0), list(m.items())[-1]])),
    ("indefinite-map", "cbor-indefinite-length", "a map of indefinite length", Endless),
    ("wide-map", "cbor-not-shortest", "a map whose length takes eight bytes", Wide),
    ("wide-map-1", "cbor-not-shortest", "a map whose length takes one byte too many",
     lambda m: Wide(m, 1)),
    ("tagged-map", "cbor-tag", "a tag before the map", lambda m: Tag(55799, m)),
    ("array", None, "an array of the same items",
     lambda m: [item for pair in m.items() for item in pair]),
    ("map-missing-value", "cbor-truncated", "the map announces one pair more",
     lambda m: Raw(bytes([cbor.encode(m)[0] + 1]) + cbor.encode(m)[1:])),
    ("reserved-head", "cbor-malformed", "a head with a reserved length",
     lambda m: Raw(bytes([0xBC]) + cbor.encode(m)[1:])),
    ("bare-break", "cbor-malformed", "a break outside any item", lambda m: Raw(b"\xff")),
    ("huge-map", None, "a map that announces 2^64-1 pairs",
     lambda m: Raw(b"\xbb" + b"\xff" * 8 + cbor.encode(m)[1:])),
    ("huge-map-32", None, "a map that announces 2^32-1 pairs",
     lambda m: Raw(b"\xba" + b"\xff" * 4 + cbor.encode(m)[1:])),
]


def objects(cases):
    """The attestation object itself and, the same way, the statement inside it."""
    packed = {"statement": statements.packed(), "fmt": "packed"}
    mistyped = {"members": "attestation-object-malformed", "tweak": MALFORMED_STATEMENT}
    for level, knob in (("object", "members"), ("statement", "tweak")):
        for name, reason, description, change in MALFORMED:
            if name == "map-missing-value" and level == "statement":
                continue
            cases.invalid(f"{level}-{name}", reason or (
                mistyped[knob] if name == "array" else "cbor-too-large"),
                f"{level}: {description}", registration(**packed, **{knob: change}))
    rows = [
        ("empty", "cbor-truncated", "no bytes", {"encoded": lambda d: b""}),
        ("one-byte-more", "cbor-trailing-data", "a byte after the object",
         {"encoded": lambda d: d + b"\0"}),
        ("twice", "cbor-trailing-data", "the object twice", {"encoded": lambda d: d + d}),
        ("break-after", "cbor-trailing-data", "a break after the object",
         {"encoded": lambda d: d + b"\xff"}),
        ("one-byte-less", "cbor-truncated", "the last byte is missing",
         {"encoded": lambda d: d[:-1]}),
        ("half", "cbor-truncated", "the second half is missing",
         {"encoded": lambda d: d[:len(d) // 2]}),
        ("only-head", "cbor-truncated", "only the head of the map", {"encoded": lambda d: d[:1]}),
        ("empty-map", "attestation-object-malformed", "an empty map",
         {"encoded": lambda d: b"\xa0"}),
        ("string", "attestation-object-malformed", "a byte string", {"encoded": cbor.encode}),
        ("number", "attestation-object-malformed", "a number", {"encoded": lambda d: b"\x01"}),
        ("no-fmt", "attestation-object-malformed", "fmt is missing", {"members": {"fmt": REMOVED}}),
        ("no-statement", "attestation-object-malformed", "attStmt is missing",
         {"members": {"attStmt": REMOVED}}),
        ("no-auth-data", "attestation-object-malformed", "authData is missing",
         {"members": {"authData": REMOVED}}),
        ("fmt-bytes", "attestation-object-malformed", "fmt is a byte string",
         {"members": {"fmt": b"none"}}),
        ("fmt-number", "attestation-object-malformed", "fmt is a number", {"members": {"fmt": 1}}),
        ("fmt-null", "attestation-object-malformed", "fmt is null", {"members": {"fmt": None}}),
        ("fmt-not-utf8", "cbor-malformed", "fmt is not UTF-8",
         {"members": {"fmt": Raw(b"\x64non\xff")}}),
        ("fmt-indefinite", "cbor-indefinite-length", "fmt in chunks",
         {"members": {"fmt": Endless("none", 2)}}),
        ("fmt-wide", "cbor-not-shortest", "fmt with a length of two bytes",
         {"members": {"fmt": Wide("none", 2)}}),
        ("statement-null", MALFORMED_STATEMENT, "attStmt is null", {"members": {"attStmt": None}}),
        ("statement-bytes", MALFORMED_STATEMENT, "attStmt is a byte string",
         {"members": {"attStmt": b"\xa0"}}),
        ("statement-array", MALFORMED_STATEMENT, "attStmt is an array",
         {"members": {"attStmt": []}}),
        ("auth-data-text", "attestation-object-malformed", "authData is text",
         {"members": wrapped("authData", lambda d: d.hex())}),
        ("auth-data-array", "attestation-object-malformed", "authData is an array of numbers",
         {"members": wrapped("authData", list)}),
        ("auth-data-indefinite", "cbor-indefinite-length", "authData in chunks",
         {"members": wrapped("authData", lambda d: Endless(d, 3))}),
        ("auth-data-wide", "cbor-not-shortest", "authData with a length of eight bytes",
         {"members": wrapped("authData", Wide)}),
        ("auth-data-tagged", "cbor-tag", "authData with a tag",
         {"members": wrapped("authData", lambda d: Tag(24, d))}),
        ("key-wide", "cbor-not-shortest", "a key with a length of two bytes",
         {"members": wide_key("fmt", 2)}),
        ("key-indefinite", "cbor-indefinite-length", "a key in chunks",
         {"members": lambda m: Pairs([(Endless(k, 2), v) for k, v in m.items()])}),
        ("key-bytes", "attestation-object-malformed", "keys that are byte strings",
         {"members": lambda m: Pairs([(k.encode(), v) for k, v in m.items()])}),
        ("key-case", "attestation-object-malformed", "authdata, all lower case",
         {"members": lambda m: {k.replace("authData", "authdata"): v for k, v in m.items()}}),
        ("extra-member", "attestation-object-malformed", "a member that does not belong",
         {"members": {"x": 1}}),
        ("duplicate-auth-data", "cbor-duplicate-key", "authData twice, the first of another RP",
         {"members": lambda m: Pairs([("authData", bytes(37)), *m.items()])}),
        ("duplicate-fmt", "cbor-duplicate-key", "fmt twice, packed and none",
         {"members": lambda m: Pairs([("fmt", "packed"), *m.items()])}),
    ]
    for name, reason, description, knobs in rows:
        cases.invalid(f"object-{name}", reason, description, registration(**knobs))
    unknown = "attestation-format-unknown"
    for name, fmt in (("other", "example-format"), ("case", "Packed"), ("space", "none "),
                      ("empty", ""), ("long", "x" * 33), ("nul", "none\0")):
        cases.invalid(f"format-{name}", unknown, f"format {fmt!r}", registration(fmt=fmt))


def authenticator(cases):
    short, long = "auth-data-truncated", "auth-data-trailing-data"
    rows = [
        ("empty", short, "no bytes", lambda d: b""),
        ("36-bytes", short, "one byte short of the fixed part", lambda d: d[:36]),
        ("37-bytes", short, "AT set and nothing attested", lambda d: d[:37]),
        ("in-aaguid", short, "ends in the AAGUID", lambda d: d[:50]),
        ("in-id-length", short, "ends in the length of the id", lambda d: d[:54]),
        ("in-id", short, "ends in the credential id", lambda d: d[:60]),
        ("no-key", "cbor-truncated", "ends before the key", lambda d: d[:55 + 32]),
        ("in-key", "cbor-truncated", "ends in the key", lambda d: d[:-1]),
        ("one-byte-more", long, "a byte after the key", lambda d: d + b"\0"),
        ("extensions-not-announced", long, "extensions although ED is not set",
         lambda d: d + cbor.encode({"credProtect": 2})),
        ("extensions-missing", "cbor-truncated", "ED set and no extensions",
         lambda d: d[:32] + bytes([d[32] | ED]) + d[33:]),
        ("extensions-one-byte-more", long, "a byte after the extensions",
         lambda d: d[:32] + bytes([d[32] | ED]) + d[33:] + b"\xa0\0"),
        ("extensions-twice", long, "two maps of extensions",
         lambda d: d[:32] + bytes([d[32] | ED]) + d[33:] + b"\xa0\xa0"),
        ("at-missing-data-there", long, "AT not set, but attested data there",
         lambda d: d[:32] + bytes([d[32] & ~AT]) + d[33:]),
        ("at-missing", "attested-data-missing", "nothing attested",
         lambda d: d[:32] + bytes([d[32] & ~AT]) + d[33:37]),
        ("at-missing-extensions", "attested-data-missing", "extensions only",
         lambda d: d[:32] + bytes([d[32] & ~AT | ED]) + d[33:37] + b"\xa0"),
        ("id-length-short", None, "the id's length says less than there is",
         lambda d: d[:53] + b"\0\x1f" + d[55:]),
        ("id-length-long", None, "the id's length says more than there is",
         lambda d: d[:53] + b"\0\x21" + d[55:]),
        ("id-length-huge", "credential-id-length", "an id of 65535 bytes, not there",
         lambda d: d[:53] + b"\xff\xff" + d[55:]),
    ]
    for name, reason, description, change in rows:
        reason = reason or ["cbor-type-mismatch", "cbor-malformed", "auth-data-trailing-data",
                            "cbor-truncated", "cbor-tag", "key-malformed"]
        cases.invalid(f"auth-data-{name}", reason, description, registration(auth_data=change))
        cases.invalid(f"auth-data-packed-{name}", reason, f"{description}; signed",
                      registration(statement=statements.packed(), fmt="packed", auth_data=change))
    attested = attested_data(AAGUID, CREDENTIAL_ID, COSE)
    cases.valid("authentication-auth-data-at", "AT with attested data, as some authenticators have",
                authentication(flags=UP | UV | AT, attested=attested))
    cases.valid("authentication-auth-data-at-extensions", "AT with attested data and extensions",
                authentication(flags=UP | UV | AT, attested=attested,
                               extensions={"uvm": [[2, 4, 2]]}))
    rows = [
        ("empty", short, "no bytes", {"auth_data": lambda d: b""}),
        ("36-bytes", short, "one byte short", {"auth_data": lambda d: d[:36]}),
        ("one-byte-more", long, "a byte more", {"auth_data": lambda d: d + b"\0"}),
        ("zeros-more", long, "padded with zeros", {"auth_data": lambda d: d + bytes(27)}),
        ("at-flag-only", short, "AT with nothing attested", {"flags": UP | UV | AT}),
        ("at-short", short, "AT with attested data that ends early",
         {"flags": UP | UV | AT, "attested": attested[:20]}),
        ("at-key-short", "cbor-truncated", "AT with a public key that ends early",
         {"flags": UP | UV | AT, "attested": attested[:-1]}),
        ("at-key-malformed", "cbor-malformed", "AT with a public key that is no CBOR",
         {"flags": UP | UV | AT, "attested": attested[:-len(COSE)] + b"\x1c"}),
        ("at-one-byte-more", long, "AT with a byte after the attested data",
         {"flags": UP | UV | AT, "attested": attested + b"\0"}),
        ("at-id-empty", "credential-id-length", "AT with a credential id of no bytes",
         {"flags": UP | UV | AT, "attested": attested_data(AAGUID, b"", COSE)}),
        ("attested-not-announced", long, "attested data without AT", {"attested": attested}),
        ("extensions-missing", "cbor-truncated", "ED set and no extensions",
         {"flags": UP | UV | ED}),
        ("extensions-not-announced", long, "extensions although ED is not set",
         {"auth_data": lambda d: d + b"\xa0"}),
        ("extensions-one-byte-more", long, "a byte after the extensions",
         {"extensions": {}, "auth_data": lambda d: d + b"\0"}),
    ]
    for name, reason, description, knobs in rows:
        cases.invalid(f"authentication-auth-data-{name}", reason, description,
                      authentication(**knobs))


def extensions(cases):
    """What follows ED."""
    bad = mistyped = "extensions-malformed"
    plain = {"credProtect": 2, "minPinLength": 6}
    both = (("registration", registration), ("authentication", authentication))
    for kind, make in both:
        for name, reason, description, change in MALFORMED:
            cases.invalid(f"{kind}-extensions-{name}",
                          reason or (mistyped if name == "array" else "cbor-too-large"),
                          f"extensions: {description}", make(extensions=change(plain)))
        rows = [
            ("number", mistyped, "a number", 7), ("text", mistyped, "text", "credProtect"),
            ("null", mistyped, "null", Raw(b"\xf6")), ("bytes", mistyped, "a byte string", b"\xa0"),
            ("number-key", mistyped, "an identifier that is a number", {1: True}),
            ("bytes-key", mistyped, "an identifier that is a byte string", {b"x": True}),
            ("not-utf8-key", "cbor-malformed", "an identifier that is not UTF-8",
             Raw(b"\xa1\x61\xff\xf5")),
            ("not-utf8-value", "cbor-malformed", "text that is not UTF-8",
             Raw(b"\xa1\x61x\x62\xc3\x28")),
            ("indefinite-value", "cbor-indefinite-length", "an array of indefinite length",
             {"x": Endless([1])}),
            ("indefinite-bytes", "cbor-indefinite-length", "bytes in chunks",
             {"x": Endless(b"abcd", 2)}),
            ("indefinite-text", "cbor-indefinite-length", "text in chunks",
             {"x": Endless("abcd", 2)}),
            ("wide-value", "cbor-not-shortest", "a number in eight bytes", {"x": Wide(7)}),
            ("wide-key", "cbor-not-shortest", "an identifier's length in four bytes",
             Pairs([(Wide("x", 4), 7)])),
            ("tag", "cbor-tag", "a tagged value", {"x": Tag(0, "2026-01-01T00:00:00Z")}),
            ("nested-duplicate", "cbor-duplicate-key", "a key twice inside an output",
             {"x": Pairs([("a", 1), ("a", 2)])}),
            ("nested-break", "cbor-malformed", "a break in a definite array",
             {"x": Raw(b"\x81\xff")}),
            ("simple-24", "cbor-malformed", "a simple value below 32 in two bytes",
             {"x": Raw(b"\xf8\x10")}),
            ("reserved-28", "cbor-malformed", "a head with a reserved length",
             {"x": Raw(b"\x1c")}),
            ("too-deep", "cbor-too-deep", "nested a hundred deep", {"x": deep(100)}),
            ("nested-deep-map", "cbor-too-deep", "maps nested twenty deep",
             {"x": Raw(b"\xa1\x61x" * 20 + b"\0")}),
            ("huge-string", "cbor-truncated", "text of 2^64-1 bytes",
             {"x": Raw(b"\x7b" + b"\xff" * 8)}),
            ("huge-array", ["cbor-too-large", "cbor-truncated"], "an array of 2^32-1 items",
             {"x": Raw(b"\x9a" + b"\xff" * 4)}),
            ("string-cut", "cbor-truncated", "text that ends early", {"x": Raw(b"\x65abc")}),
        ]
        for name, reason, description, output in rows:
            cases.invalid(f"{kind}-extensions-{name}", reason, f"extensions: {description}",
                          make(extensions=output))
    for name, value in (("text", "2"), ("zero", 0), ("four", 4), ("negative", -1),
                        ("boolean", True)):
        cases.invalid(f"registration-extensions-cred-protect-{name}", bad,
                      f"credProtect {value!r}", registration(extensions={"credProtect": value}))
    cases.invalid("registration-extensions-min-pin-length-text", bad, "minPinLength as text",
                  registration(extensions={"minPinLength": "6"}))


def cose_maps(cases):
    """The credential public key as CBOR; its meaning is in cases_keys."""
    def stored(knob):
        return authentication(cose=knob)

    def made(knob):
        return registration(cose=knob)

    both = (("registration", made), ("authentication", stored))
    for kind, make in both:
        for name, reason, description, change in MALFORMED:
            cases.invalid(f"{kind}-key-{name}",
                          reason or ("key-malformed" if name == "array" else "cbor-too-large"),
                          f"public key: {description}", make(change))
        rows = [
            ("duplicate-x", "cbor-duplicate-key", "x twice",
             lambda m: Pairs([*m.items(), (-2, bytes(32))])),
            ("duplicate-alg-wide", ["cbor-duplicate-key", "cbor-not-shortest"],
             "alg twice, once in a longer form",
             lambda m: Pairs([*m.items(), (Wide(3, 1), -257)])),
            ("wide-label", "cbor-not-shortest", "a label in two bytes",
             lambda m: Pairs([(Wide(k, 2) if k == 1 else k, v) for k, v in m.items()])),
            ("wide-value", "cbor-not-shortest", "alg in eight bytes", wrapped(3, Wide)),
            ("wide-string", "cbor-not-shortest", "x with a length of two bytes",
             wrapped(-2, lambda v: Wide(v, 2))),
            ("indefinite-x", "cbor-indefinite-length", "x in chunks",
             wrapped(-2, lambda v: Endless(v, 2))),
            ("tagged-x", "cbor-tag", "x as a bignum", wrapped(-2, lambda v: Tag(2, v))),
        ]
        for name, reason, description, change in rows:
            cases.invalid(f"{kind}-key-{name}", reason, f"public key: {description}",
                          make(change))
    cases.invalid("authentication-key-one-byte-more", "cbor-trailing-data",
                  "a byte after the recorded key", stored(lambda m: cbor.encode(m) + b"\0"))
    cases.invalid("authentication-key-one-byte-less", "cbor-truncated",
                  "the recorded key ends early", stored(lambda m: cbor.encode(m)[:-1]))
    cases.invalid("authentication-key-empty", "cbor-truncated", "a recorded key of no bytes",
                  stored(lambda m: b""))
    cases.invalid("authentication-key-twice", "cbor-trailing-data", "two recorded keys",
                  stored(lambda m: cbor.encode(m) * 2))


def add(cases):
    for part in (tolerated, objects, authenticator, extensions, cose_maps):
        part(cases)
    cases.valid("authentication-extensions-be", "extensions of a backup eligible credential",
                authentication(flags=UP | UV | BE, extensions={"example.test": 1}))
    cases.invalid("authentication-id-of-key", "credential-id-mismatch",
                  "the id in the response is not the record's",
                  authentication(credential={"id": b64url(bytes(32)), "rawId": b64url(bytes(32))},
                                 line={"allowCredentials": REMOVED}))
