# SPDX-License-Identifier: BSD-2-Clause
"""Every algorithm, what its key must have (WebAuthn 5.8.5, 6.5.1.1) and its signatures."""

from . import der, statements
from .ceremony import OFFERED, REMOVED, authentication, registration
from .keys import ALL, EcKey, RsaKey, key, signature_der
from .seed import derive

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED448_ORDER = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885


def slug(name):
    return name.lower()


def good(cases):
    for name in ALL:
        public = key(name)
        cases.valid(f"{slug(name)}-none", f"{name}, no attestation", registration(public),
                    alg=public.alg, fmt="none", attestationType="None")
        cases.valid(f"{slug(name)}-self", f"{name}, self attestation",
                    registration(public, statements.packed_self(), "packed"),
                    alg=public.alg, fmt="packed", attestationType="Self")
        cases.valid(f"{slug(name)}-authentication", f"{name}, an assertion",
                    authentication(public), alg=public.alg)
        cases.invalid(f"{slug(name)}-not-offered", "algorithm-not-offered",
                      f"{name}, where all others were offered", registration(
                          public, line={"pubKeyCredParams": [a for a in OFFERED
                                                             if a != public.alg]}))
        cases.valid(f"{slug(name)}-offered-alone", f"{name}, the only one offered",
                    registration(public, line={"pubKeyCredParams": [public.alg]}))
    w3c = RsaKey("", -257, "sha256", primes=(2**1279 - 1, 2**2203 - 1))
    cases.valid("rs256-3482-bits", "a modulus whose length is no multiple of eight",
                authentication(w3c))
    three = RsaKey("rsa exponent 2^32+15", -257, "sha256", e=2**32 + 15)
    cases.valid("rs256-large-exponent", "an exponent of 33 bits", authentication(three))
    big = RsaKey("rsa 3072", -257, "sha256", bits=3072)
    cases.valid("rs256-3072-bits", "3072 bits", authentication(big))
    cases.invalid("rs1-authentication", ["algorithm-unsupported", "algorithm-not-offered"],
                  "RS1 signs TPM attestations only", authentication(key("RS1")))
    cases.invalid("rs1-registration", ["algorithm-unsupported", "algorithm-not-offered"],
                  "an RS1 credential that nobody asked for", registration(key("RS1")))


def parameters(cases, name, reason, description, make, **knobs):
    """The same broken key kept in a record and, the common kinds of key, registered."""
    public = knobs.get("key") or key("ES256")
    if public.alg in (-7, -8, -257):
        cases.invalid(f"key-{name}", reason, description, registration(public, cose=make))
    cases.invalid(f"key-{name}-record", reason, f"{description}; in a record",
                  authentication(public, cose=make))


def set_to(**changes):
    names = {"kty": 1, "alg": 3, "crv": -1, "x": -2, "y": -3, "n": -1, "e": -2}

    def make(members):
        out = dict(members)
        for name, value in changes.items():
            if value is REMOVED:
                del out[names[name]]
            else:
                out[names[name]] = value(out[names[name]]) if callable(value) else value
        return out
    return make


def more(label, value):
    return lambda members: {**members, label: value}


def ec_parameters(cases):
    length, point, bad = "key-length-invalid", "key-point-invalid", "key-malformed"
    for name in ("ES256", "ES384", "ES512", "ES256K", "ESP256"):
        public = key(name)
        p = public.prime
        rows = [
            ("x-short", length, "x without its first byte", set_to(x=lambda v: v[1:])),
            ("x-long", length, "x with a zero before it", set_to(x=lambda v: b"\0" + v)),
            ("y-short", length, "y without its last byte", set_to(y=lambda v: v[:-1])),
            ("y-long", length, "y with a zero before it", set_to(y=lambda v: b"\0" + v)),
            ("x-empty", length, "x of no bytes", set_to(x=b"")),
            ("off-curve", point, "x and y that are not on the curve",
             set_to(y=lambda v: v[:-1] + bytes([v[-1] ^ 1]))),
            ("swapped", point, "x and y exchanged",
             lambda m: {**m, -2: m[-3], -3: m[-2]}),
            ("zero", point, "x and y zero", set_to(x=bytes(public.size), y=bytes(public.size))),
            ("x-over-prime", point, "x is the prime",
             set_to(x=p.to_bytes(public.size, "big"))),
            ("all-ones", point, "x and y all ones",
             set_to(x=b"\xff" * public.size, y=b"\xff" * public.size)),
        ]
        for row, reason, description, make in rows:
            parameters(cases, f"{slug(name)}-{row}", reason, f"{name}: {description}", make,
                       key=public)
    negated = key("ES256")
    unreduced = (int.from_bytes(negated.x, "big") + negated.prime)
    if unreduced < 2**256:
        parameters(cases, "es256-unreduced", point, "x not reduced",
                   set_to(x=unreduced.to_bytes(32, "big")))
    rows = [
        ("y-compressed", [length, bad], "y as the sign bit of a compressed point", set_to(y=True)),
        ("x-text", bad, "x is text", set_to(x="x" * 32)),
        ("x-number", bad, "x is a number", set_to(x=1)),
        ("crv-text", bad, "crv is text", set_to(crv="P-256")),
        ("kty-text", bad, "kty is text", set_to(kty="EC2")),
        ("alg-text", bad, "alg is text", set_to(alg="ES256")),
        ("alg-bytes", bad, "alg is a byte string", set_to(alg=b"\x26")),
        ("no-kty", bad, "kty is missing", set_to(kty=REMOVED)),
        ("no-alg", bad, "alg is missing", set_to(alg=REMOVED)),
        ("no-crv", bad, "crv is missing", set_to(crv=REMOVED)),
        ("no-x", bad, "x is missing", set_to(x=REMOVED)),
        ("no-y", bad, "y is missing", set_to(y=REMOVED)),
        ("empty", bad, "no parameters", lambda m: {}),
        ("private", "key-parameter-unknown", "the private key beside the public one",
         more(-4, bytes(32))),
        ("kid", "key-parameter-unknown", "a key id", more(2, b"id")),
        ("key-ops", "key-parameter-unknown", "key operations", more(4, [2])),
        ("base-iv", "key-parameter-unknown", "a base IV", more(5, bytes(8))),
        ("unknown-label", "key-parameter-unknown", "a label that nobody knows", more(99, 1)),
        ("unknown-negative", "key-parameter-unknown", "a negative label that nobody knows",
         more(-70000, b"")),
        ("text-label", ["key-parameter-unknown", bad], "a label that is text", more("x", 1)),
        ("bytes-label", ["key-parameter-unknown", bad, "cbor-type-mismatch"],
         "a label that is a byte string", more(b"x", 1)),
        ("kty-okp", "key-type-mismatch", "the type of Edwards keys", set_to(kty=1)),
        ("kty-rsa", "key-type-mismatch", "the type of RSA keys", set_to(kty=3)),
        ("kty-symmetric", "key-type-mismatch", "the type of symmetric keys", set_to(kty=4)),
        ("kty-zero", ["key-type-mismatch", bad], "type 0", set_to(kty=0)),
        ("crv-p384", "key-curve-mismatch", "P-384 for ES256", set_to(crv=2)),
        ("crv-secp256k1", "key-curve-mismatch", "secp256k1 for ES256", set_to(crv=8)),
        ("crv-ed25519", "key-curve-mismatch", "Ed25519 for ES256", set_to(crv=6)),
        ("crv-unknown", "key-curve-mismatch", "a curve that nobody knows", set_to(crv=99)),
        ("crv-zero", "key-curve-mismatch", "curve 0", set_to(crv=0)),
        ("crv-huge", ["key-curve-mismatch", bad], "a curve over 2^63", set_to(crv=2**64 - 1)),
    ]
    for row, reason, description, make in rows:
        parameters(cases, f"es256-{row}", reason, f"ES256: {description}", make)
    unknown = ["algorithm-unsupported", "algorithm-not-offered"]
    for row, value in (("es256-as-unknown", -99), ("zero", 0), ("hmac", 5), ("ecdh", -25),
                       ("huge", 2**63), ("very-negative", -2**64)):
        reasons = unknown + ["key-malformed"] if abs(value) >= 2**31 else unknown
        parameters(cases, f"alg-{row}", reasons, f"alg {value}", set_to(alg=value))
    others = [("ES256", "ES384", "key-curve-mismatch"), ("ES256", "ES512", "key-curve-mismatch"),
              ("ES384", "ES256", "key-curve-mismatch"), ("ES512", "ES256", "key-curve-mismatch"),
              ("ES256", "ES256K", "key-curve-mismatch"), ("ES256K", "ES256", "key-curve-mismatch"),
              ("ES256", "ESP384", "key-curve-mismatch"), ("ES384", "ESP512", "key-curve-mismatch"),
              ("EdDSA", "Ed448", "key-curve-mismatch"), ("Ed448", "EdDSA", "key-curve-mismatch"),
              ("Ed448", "Ed25519", "key-curve-mismatch"),
              ("ES256", "RS256", "key-type-mismatch"), ("RS256", "ES256", "key-type-mismatch"),
              ("EdDSA", "ES256", "key-type-mismatch"), ("ES256", "EdDSA", "key-type-mismatch"),
              ("RS256", "EdDSA", "key-type-mismatch"), ("PS256", "Ed448", "key-type-mismatch")]
    for real, said, reason in others:
        parameters(cases, f"{slug(real)}-said-{slug(said)}", reason, f"a {real} key says {said}",
                   set_to(alg=key(said).alg), key=key(real))


def edwards_parameters(cases):
    length, point, bad = "key-length-invalid", "key-point-invalid", "key-malformed"
    for name, size in (("EdDSA", 32), ("Ed25519", 32), ("Ed448", 57)):
        public = key(name)
        rows = [
            ("short", length, "a byte short", set_to(x=lambda v: v[:-1])),
            ("long", length, "a byte long", set_to(x=lambda v: v + b"\0")),
            ("empty", length, "no bytes", set_to(x=b"")),
            ("y", "key-parameter-unknown", "a y coordinate", more(-3, bytes(size))),
            ("private", "key-parameter-unknown", "the private key", more(-4, bytes(size))),
            ("no-x", bad, "x is missing", set_to(x=REMOVED)),
            ("no-crv", bad, "crv is missing", set_to(crv=REMOVED)),
            ("crv-x25519", "key-curve-mismatch", "X25519", set_to(crv=4)),
            ("crv-p256", "key-curve-mismatch", "P-256", set_to(crv=1)),
            ("identity", point, "the neutral element", set_to(x=b"\1" + bytes(size - 1))),
            ("order-two", point, "a point of order two",
             set_to(x=((2**255 - 20) if size == 32 else (2**448 - 2**224 - 2)).to_bytes(
                 size, "little"))),
            ("order-four", point, "a point of order four", set_to(x=bytes(size))),
            ("not-reduced", point, "a coordinate that is not reduced",
             set_to(x=((2**255 - 19 + 3) if size == 32 else (2**448 - 2**224 - 1 + 3)).to_bytes(
                 size, "little"))),
            ("all-ones", point, "all ones", set_to(x=b"\xff" * size)),
        ]
        for row, reason, description, make in rows:
            parameters(cases, f"{slug(name)}-{row}", reason, f"{name}: {description}", make,
                       key=public)
    order_eight = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    parameters(cases, "eddsa-order-eight", point, "EdDSA: a point of order eight",
               set_to(x=order_eight), key=key("EdDSA"))
    parameters(cases, "eddsa-no-point", point, "EdDSA: no point has that coordinate",
               set_to(x=b"\2" + bytes(31)), key=key("EdDSA"))


def rsa_parameters(cases):
    n_bad, e_bad, bad = "key-rsa-modulus", "key-rsa-exponent", "key-malformed"
    public = key("RS256")
    rows = [
        ("n-leading-zero", n_bad, "a zero before n", set_to(n=lambda v: b"\0" + v)),
        ("n-even", n_bad, "an even n", set_to(n=lambda v: v[:-1] + bytes([v[-1] & 0xFE]))),
        ("n-empty", n_bad, "n of no bytes", set_to(n=b"")),
        ("n-zero", n_bad, "n is zero", set_to(n=b"\0")),
        ("n-short", n_bad, "n without its last byte", set_to(n=lambda v: v[:-1])),
        ("n-number", bad, "n is a number", set_to(n=17)),
        ("n-text", bad, "n is text", set_to(n="n")),
        ("no-n", bad, "n is missing", set_to(n=REMOVED)),
        ("no-e", bad, "e is missing", set_to(e=REMOVED)),
        ("e-number", bad, "e is a number", set_to(e=65537)),
        ("e-one", e_bad, "e is 1", set_to(e=b"\1")),
        ("e-zero", e_bad, "e is 0", set_to(e=b"\0")),
        ("e-empty", e_bad, "e of no bytes", set_to(e=b"")),
        ("e-two", e_bad, "e is 2", set_to(e=b"\2")),
        ("e-even", e_bad, "an even e", set_to(e=b"\1\0\0")),
        ("e-zeros", e_bad, "e of eight zeros", set_to(e=bytes(8))),
        ("e-zeros-one", e_bad, "e is 1, behind zeros", set_to(e=b"\0\0\0\1")),
        ("e-huge", e_bad, "e as long as n", set_to(e=b"\xff" * 256)),
        ("private", "key-parameter-unknown", "the private exponent beside n and e",
         more(-3, bytes(256))),
        ("primes", "key-parameter-unknown", "the first prime beside n and e",
         more(-4, bytes(128))),
        ("kty-ec", "key-type-mismatch", "the type of EC keys", set_to(kty=2)),
    ]
    for row, reason, description, make in rows:
        parameters(cases, f"rs256-{row}", reason, f"RS256: {description}", make, key=public)
    for kind, make in (("record", authentication), ("registration", registration)):
        cases.valid(f"rs256-e-leading-zeros-{kind}", "zeros before e, as an early Windows Hello",
                    make(public, cose=set_to(e=lambda v: b"\0" + v)))
        cases.valid(f"rs256-e-many-zeros-{kind}", "e in sixteen bytes",
                    make(public, cose=set_to(e=lambda v: v.rjust(16, b"\0"))))
    for row, made, reason in (
            ("512-bits", RsaKey("rsa 512", -257, "sha256", bits=512), n_bad),
            ("1024-bits", RsaKey("rsa 1024", -257, "sha256", bits=1024), n_bad),
            ("2032-bits", RsaKey("rsa 2032", -257, "sha256", bits=2032), n_bad),
            ("e-three", RsaKey("rsa three", -257, "sha256", e=3), e_bad)):
        parameters(cases, f"rs256-{row}", reason, f"RS256: {row.replace('-', ' ')}", dict, key=made)


def signatures(cases):
    """Assertions whose signature is wrong or in the wrong form, for every algorithm."""
    bad, form = "signature-invalid", "signature-malformed"
    either = [bad, form]
    for name in ALL:
        public = key(name)
        stem = f"{slug(name)}-signature"
        rows = [
            ("other-key", bad, "made by another key",
             {"sign": key(name, "another").sign}),
            ("other-data", bad, "made over other data",
             {"sign": lambda d: public.sign(d + b"\0")}),
            ("no-hash", bad, "made over the authenticator data only",
             {"sign": lambda d: public.sign(d[:-32])}),
            ("empty", form, "of no bytes", {"signature": lambda s: b""}),
            ("one-byte-more", form, "with a byte after it", {"signature": lambda s: s + b"\0"}),
            ("one-byte-less", form, "without its last byte", {"signature": lambda s: s[:-1]}),
            ("zeros", either, "all zeros", {"signature": lambda s: bytes(len(s))}),
            ("ones", either, "all ones", {"signature": lambda s: b"\xff" * len(s)}),
        ]
        for row, reason, description, knobs in rows:
            cases.invalid(f"{stem}-{row}", reason, f"{name}: a signature {description}",
                          authentication(public, **knobs))
    for name in ("ES256", "ES384", "ES512", "ES256K"):
        ecdsa_signatures(cases, name, key(name))
    rsa_signatures(cases)
    for name, order in (("EdDSA", ED25519_ORDER), ("Ed25519", ED25519_ORDER),
                        ("Ed448", ED448_ORDER)):
        half = 32 if order == ED25519_ORDER else 57

        def unreduced(s, half=half, order=order):
            value = int.from_bytes(s[half:], "little") + order
            return s[:half] + value.to_bytes(half, "little")
        cases.invalid(f"{slug(name)}-signature-unreduced", either,
                      f"{name}: S not reduced by the order",
                      authentication(key(name), signature=unreduced))
        cases.invalid(f"{slug(name)}-signature-zero-s", bad, f"{name}: S is zero",
                      authentication(key(name), signature=lambda s, h=half: s[:h] + bytes(h)))


def ecdsa_signatures(cases, name, public):
    order, form = public.order, "signature-malformed"
    either = [form, "signature-invalid"]

    def numbers(change):
        return {"sign": lambda data: signature_der(*change(*public.sign_numbers(data)))}

    def parts(change):
        return {"sign": lambda data: change(*map(der.integer, public.sign_numbers(data)))}

    def long_length(r, s):
        body = r + s
        return b"\x30\x81" + bytes([len(body)]) + body if len(body) < 128 else \
            b"\x30\x82\0" + bytes([len(body)]) + body

    def padded(r, s):
        return der.sequence(b"\x02" + bytes([r[1] + 1]) + b"\0" + r[2:], s)

    rows = [
        ("r-zero", form, "r is zero", numbers(lambda r, s: (0, s))),
        ("s-zero", form, "s is zero", numbers(lambda r, s: (r, 0))),
        ("both-zero", form, "r and s are zero", numbers(lambda r, s: (0, 0))),
        ("r-order", either, "r is the order", numbers(lambda r, s: (order, s))),
        ("s-order", either, "s is the order", numbers(lambda r, s: (r, order))),
        ("r-unreduced", either, "r and the order added", numbers(lambda r, s: (r + order, s))),
        ("s-unreduced", either, "s and the order added", numbers(lambda r, s: (r, s + order))),
        ("r-negative", form, "r below zero", numbers(lambda r, s: (r - order, s))),
        ("s-negative", form, "s below zero", numbers(lambda r, s: (r, s - order))),
        ("r-huge", either, "r of 2^1024", numbers(lambda r, s: (2**1024, s))),
        ("swapped", "signature-invalid", "r and s exchanged", numbers(lambda r, s: (s, r))),
        ("one-one", "signature-invalid", "r and s are one", numbers(lambda r, s: (1, 1))),
        ("raw", form, "r and s one after the other, no DER",
         {"sign": lambda d: b"".join(n.to_bytes(public.size, "big")
                                     for n in public.sign_numbers(d))}),
        ("long-length", form, "a length in more bytes than needed", parts(long_length)),
        ("padded-r", form, "a zero too many before r", parts(padded)),
        ("indefinite", form, "a sequence of indefinite length",
         parts(lambda r, s: b"\x30\x80" + r + s + b"\0\0")),
        ("third-number", form, "a third number",
         parts(lambda r, s: der.sequence(r, s, der.integer(1)))),
        ("one-number", form, "one number", parts(lambda r, s: der.sequence(r))),
        ("set", form, "a SET", parts(lambda r, s: der.set_of(r, s))),
        ("octets", form, "numbers as octet strings",
         parts(lambda r, s: der.sequence(b"\x04" + r[1:], b"\x04" + s[1:]))),
        ("empty-sequence", form, "an empty sequence", parts(lambda r, s: der.sequence())),
        ("empty-r", form, "r of no bytes", parts(lambda r, s: der.sequence(b"\x02\0", s))),
    ]
    for row, reason, description, knobs in rows:
        cases.invalid(f"{slug(name)}-signature-{row}", reason, f"{name}: {description}",
                      authentication(public, **knobs))
    cases.valid(f"{slug(name)}-signature-other-s", "the order less s verifies as well",
                authentication(public, **numbers(lambda r, s: (r, order - s))))


def rsa_signatures(cases):
    bad = "signature-invalid"
    rs, ps = key("RS256"), key("PS256")

    def trimmed(public):
        """A signature whose first byte is zero, that byte cut off."""
        def sign(data):
            return public.sign(data)
        for number in range(4000):
            challenge = derive(f"trimmed {number}", 32)
            line = authentication(public, challenge=challenge, sign=sign)
            text = line["credential"]["response"]["signature"]
            if text.startswith("A") and text[1] in "ABCDEFGHIJKLMNOP":
                return authentication(public, challenge=challenge, signature=lambda s: s[1:])
        raise ValueError("none found")

    rows = [
        ("rs256-signature-pss", bad, "PSS where RS256 is said", rs,
         {"sign": lambda d: ps.sign(d)}),
        ("rs256-signature-sha1", bad, "SHA-1 where RS256 is said", rs,
         {"sign": lambda d: rs.pkcs1(d, "sha1")}),
        ("rs256-signature-sha512", bad, "SHA-512 where RS256 is said", rs,
         {"sign": lambda d: rs.pkcs1(d, "sha512")}),
        ("rs256-signature-no-null", bad, "DigestInfo without its NULL", rs,
         {"sign": lambda d: rs.pkcs1(d, with_null=False)}),
        ("rs256-signature-block-two", bad, "padding of an encryption", rs,
         {"sign": lambda d: rs.pkcs1(d, block=b"\2")}),
        ("ps256-signature-pkcs1", bad, "PKCS #1 v1.5 where PS256 is said", ps,
         {"sign": lambda d: rs.sign(d)}),
        ("ps256-signature-no-salt", bad, "no salt", ps,
         {"sign": lambda d: ps.pss_signature(d, 0)}),
        ("ps256-signature-salt-20", bad, "a salt of 20 bytes", ps,
         {"sign": lambda d: ps.pss_signature(d, 20)}),
        ("ps256-signature-salt-31", bad, "a salt a byte short", ps,
         {"sign": lambda d: ps.pss_signature(d, 31)}),
        ("ps256-signature-salt-longest", bad, "the longest salt that fits", ps,
         {"sign": lambda d: ps.pss_signature(d, 222)}),
        ("ps256-signature-mgf-sha1", bad, "a mask from SHA-1", ps,
         {"sign": lambda d: ps.pss_signature(d, mask_hash="sha1")}),
        ("ps512-signature-salt-32", bad, "a salt of 32 bytes under SHA-512", key("PS512"),
         {"sign": lambda d: key("PS512").pss_signature(d, 32)}),
        ("ps384-signature-as-ps256", bad, "PS256 where PS384 is said", key("PS384"),
         {"sign": lambda d: ps.sign(d)}),
    ]
    for row, reason, description, public, knobs in rows:
        cases.invalid(row, reason, description, authentication(public, **knobs))
    over = authentication(rs, signature=lambda s: (
        int.from_bytes(s, "big") + rs.n).to_bytes(257, "big")[-257:])
    cases.invalid("rs256-signature-modulus-added", "signature-malformed",
                  "the modulus added to the signature", over)
    cases.invalid("rs256-signature-zero-cut", "signature-malformed",
                  "a leading zero cut off", trimmed(rs))
    cases.invalid("rs256-signature-is-modulus", bad, "the modulus as the signature",
                  authentication(rs, signature=lambda s: rs.n_bytes()))
    cases.invalid("rs256-signature-one", bad, "one as the signature",
                  authentication(rs, signature=lambda s: bytes(255) + b"\1"))


def add(cases):
    for part in (good, ec_parameters, edwards_parameters, rsa_parameters, signatures):
        part(cases)
    small = EcKey(1, -7, 1, "sha256")
    cases.valid("es256-generator", "the generator is a point like any other",
                authentication(small))
    leading = next(k for k in (EcKey(f"zero {i}", -7, 1, "sha256") for i in range(5000))
                   if k.x[0] == 0)
    cases.valid("es256-x-leading-zero", "an x that begins with zero keeps its length",
                authentication(leading))
    cases.valid("es256-x-leading-zero-self", "the same, self attested",
                registration(leading, statements.packed_self(), "packed"))
    cases.invalid("es256-x-leading-zero-cut", "key-length-invalid", "that zero cut off",
                  authentication(leading, cose=set_to(x=lambda v: v[1:])))
    p521 = next(k for k in (EcKey(f"zero {i}", -36, 3, "sha512") for i in range(50))
                if k.x[0] == 0)
    cases.valid("es512-x-leading-zero", "an x that begins with zero, 66 bytes all the same",
                authentication(p521))
