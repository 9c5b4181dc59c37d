# SPDX-License-Identifier: BSD-2-Clause
"""Attestation statements: packed (8.2), fido-u2f (8.6), none (8.7), compound (8.9), and trust."""
from . import cbor, der, x509
from .ceremony import AAGUID, REMOVED, b64, registration
from .keys import RsaKey, key
from .seed import derive
from .statements import CHAIN, attestation_key, compound, fido_u2f, packed, packed_self

OTHER_AAGUID = derive("other aaguid", 16)
BELOW = {"issuer": x509.INTERMEDIATE, "chain": CHAIN}
MALFORMED = "attestation-statement-malformed"
SIGNATURE = "attestation-signature-invalid"


def anchored(*anchors, required=True, time=None):
    """Line members that ask for trust in these anchors."""
    line = {"trustAnchors": [b64(a) for a in anchors],
            "policy": {"userVerification": "required", "requireTrustedAttestation": required}}
    if time:
        line["verificationTime"] = time
    return line


TRUSTED = anchored(x509.ROOT.der)


def reg_packed(statement=None, public=None, **knobs):
    return registration(public, statement or packed(), "packed", **knobs)


def statement_forms(cases, stem, make, members):
    """Members missing and mistyped; make(tweak) gives the line."""
    values = {"alg": ["ES256", b"\x26", None, [-7]], "sig": ["sig", None, [1], 5],
              "x5c": [b"", "x5c", None, {}, [], ["text"], [None], [[b""]]],
              "ver": [2, b"2.0", None], "certInfo": ["text", None, 1], "pubArea": ["text", None, 1],
              "response": ["text", None, 1]}
    for member in members:
        if not (stem == "packed" and member == "x5c"):
            cases.invalid(f"{stem}-no-{member.lower()}", MALFORMED, f"{member} is missing",
                          make({member: REMOVED}))
        for count, value in enumerate(values[member]):
            cases.invalid(f"{stem}-{member.lower()}-mistyped-{count}", MALFORMED,
                          f"{member} is {value!r}", make({member: value}))
    cases.invalid(f"{stem}-extra-member", MALFORMED, "a member that does not belong",
                  make({"x": 1}))
    cases.invalid(f"{stem}-statement-empty", MALFORMED, "an empty statement", make(lambda s: {}))
    if "x5c" in members:
        cases.invalid(f"{stem}-x5c-nine", MALFORMED, "nine certificates",
                      make(lambda s: {**s, "x5c": [s["x5c"][0], *[x509.ROOT.der] * 8]}))


def certificate_forms(cases, stem, make):
    """The first certificate of x5c in wrong DER; make(tweak) gives the line."""
    bad = "certificate-malformed"

    def first(change):
        return make(lambda s: {**s, "x5c": [change(s["x5c"][0]), *s["x5c"][1:]]})
    for name, description, change in (
            ("empty", "of no bytes", lambda d: b""),
            ("truncated", "without its last byte", lambda d: d[:-1]),
            ("trailing", "with a byte after it", lambda d: d + b"\0"),
            ("twice", "twice in one string", lambda d: d + d),
            ("text", "as PEM", lambda d: b"-----BEGIN CERTIFICATE-----\n" + b64(d).encode()),
            ("garbage", "that is none", lambda d: b"\x30\x03\x02\x01\x01")):
        cases.invalid(f"{stem}-certificate-{name}", bad, f"a certificate {description}",
                      first(change))


def packed_good(cases):
    for name in ("ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256", "Ed448", "ES256K", "RS384",
                 "ESP256", "Ed25519"):
        public = key(name)
        cases.valid(f"packed-{name.lower()}", f"packed, {name} credential",
                    reg_packed(public=public, line=TRUSTED), alg=public.alg, fmt="packed",
                    attestationType="Basic", trusted="yes")
    for name in ("ES384", "ES512", "EdDSA", "RS256", "RS512", "PS256", "PS384", "Ed448", "ES256K"):
        cases.valid(f"packed-signed-by-{name.lower()}", f"packed, {name} attestation key",
                    reg_packed(packed(attestation_key(name))), attestationType="Basic")
    cases.valid("packed-no-aaguid-extension", "a certificate without the AAGUID extension",
                reg_packed(packed(extra=[])), attestationType="Basic", trusted="unknown")
    cases.valid("packed-intermediate", "an intermediate sent along",
                reg_packed(packed(**BELOW), line=TRUSTED), trusted="yes")
    cases.valid("packed-root-in-chain", "the root sent along as well", reg_packed(
        packed(issuer=x509.INTERMEDIATE, chain=[*CHAIN, x509.ROOT.der]), line=TRUSTED),
                trusted="yes")
    cases.valid("packed-key-usage", "a certificate with key usage and key identifiers", reg_packed(
        packed(extra=[x509.key_usage(0x80), x509.extension("2.5.29.14", der.octets(bytes(20)))])))
    cases.valid("packed-more-subject", "a subject that says more than it must", reg_packed(packed(
        subject_name=x509.name((x509.C, "SE"), (x509.O, "vectors"), ("2.5.4.8", "state"),
                               (x509.OU, "Authenticator Attestation"), (x509.CN, "\u00e9\u20ac")))))
    cases.valid("packed-constraints-not-critical", "basic constraints that are not critical",
                reg_packed(packed(extensions=[x509.basic_constraints(False, critical=False)])))


def packed_certificates(cases):
    """WebAuthn 8.2.1, one requirement at a time; everything is signed and in order but that."""
    subject, ca, aaguid = "certificate-subject", "certificate-ca", "certificate-aaguid"
    good_ext = [x509.basic_constraints(False)]
    rows = [
        ("version-1", "certificate-version", "version 1, so no extensions",
         {"version": 1, "extensions": [], "extra": []}),
        ("version-2", "certificate-version", "version 2", {"version": 2, "extensions": [],
                                                           "extra": []}),
        ("version-1-extensions", ["certificate-version", "certificate-malformed"],
         "version 1 and extensions", {"version": 1}),
        ("version-2-extensions", ["certificate-version", "certificate-malformed"],
         "version 2 and extensions", {"version": 2}),
        ("no-country", subject, "no country", {"subject_name": x509.subject(c=None)}),
        ("no-organization", subject, "no organization", {"subject_name": x509.subject(o=None)}),
        ("no-unit", subject, "no organizational unit", {"subject_name": x509.subject(ou=None)}),
        ("no-common-name", subject, "no common name", {"subject_name": x509.subject(cn=None)}),
        ("no-subject", subject, "an empty subject", {"subject_name": x509.name()}),
        ("unit-other", subject, "another unit", {"subject_name": x509.subject(ou="Attestation")}),
        ("unit-case", subject, "the unit in other letters",
         {"subject_name": x509.subject(ou="authenticator attestation")}),
        ("unit-prefix", subject, "the unit and more",
         {"subject_name": x509.subject(ou="Authenticator Attestation CA")}),
        ("unit-space", subject, "the unit and a space",
         {"subject_name": x509.subject(ou="Authenticator Attestation ")}),
        ("unit-nul", subject, "the unit, a NUL and more",
         {"subject_name": x509.subject(ou="Authenticator Attestation\0x")}),
        ("country-three", subject, "a country of three letters",
         {"subject_name": x509.subject(c="AAA")}),
        ("country-lower", subject, "a country in small letters",
         {"subject_name": x509.subject(c="aa")}),
        ("country-empty", subject, "an empty country", {"subject_name": x509.subject(c="")}),
        ("organization-empty", subject, "an empty organization",
         {"subject_name": x509.subject(o="")}),
        ("common-name-empty", subject, "an empty common name",
         {"subject_name": x509.subject(cn="")}),
        ("ca", ca, "a CA", {"extensions": [x509.basic_constraints(True)]}),
        ("ca-path-length", ca, "a CA with a path length",
         {"extensions": [x509.basic_constraints(True, path_length=0)]}),
        ("ca-not-critical", ca, "a CA, not critical",
         {"extensions": [x509.basic_constraints(True, critical=False)]}),
        ("no-constraints", ca, "no basic constraints", {"extensions": []}),
        ("aaguid-other", aaguid, "the AAGUID of another model",
         {"extra": [x509.aaguid_extension(OTHER_AAGUID)]}),
        ("aaguid-zero", aaguid, "an AAGUID of zeros",
         {"extra": [x509.aaguid_extension(bytes(16))]}),
        ("aaguid-critical", aaguid, "the AAGUID extension marked critical",
         {"extra": [x509.aaguid_extension(AAGUID, critical=True)]}),
        ("aaguid-bare", aaguid, "the AAGUID not wrapped in a second string",
         {"extra": [x509.aaguid_extension(AAGUID, wrapped=False)]}),
        ("aaguid-short", aaguid, "15 bytes of AAGUID",
         {"extra": [x509.aaguid_extension(AAGUID[:15])]}),
        ("aaguid-long", aaguid, "17 bytes of AAGUID",
         {"extra": [x509.aaguid_extension(AAGUID + b"\0")]}),
        ("aaguid-trailing", aaguid, "something after the AAGUID",
         {"extra": [x509.extension(x509.AAGUID_OID, der.octets(AAGUID) + b"\0")]}),
        ("aaguid-twice", [aaguid, "certificate-malformed"], "the AAGUID extension twice",
         {"extra": [x509.aaguid_extension(AAGUID), x509.aaguid_extension(OTHER_AAGUID)]}),
        ("constraints-twice", [ca, "certificate-malformed"], "basic constraints twice",
         {"extensions": [*good_ext, x509.basic_constraints(True)]}),
        ("constraints-garbage", [ca, "certificate-malformed"], "basic constraints that are none",
         {"extensions": [x509.extension("2.5.29.19", b"\x04\0")]}),
    ]
    for name, reason, description, leaf in rows:
        cases.invalid(f"packed-certificate-{name}", reason, f"packed certificate: {description}",
                      reg_packed(packed(**leaf)))


def packed_models(cases):
    """Firmware version and serial number of a model (WebAuthn 8.2.1, 8.2.2)."""
    firmware, serial = "1.3.6.1.4.1.45724.1.1.5", "1.3.6.1.4.1.45724.1.1.2"
    cases.valid("packed-model-extensions", "a firmware version and a serial number", reg_packed(
        packed(extra=[x509.extension(firmware, der.integer(5)),
                      x509.extension(serial, der.octets(b"42"))])))
    for name, description, more in (
            ("firmware-critical", "a firmware version marked critical",
             x509.extension(firmware, der.integer(5), True)),
            ("firmware-negative", "a firmware version below zero",
             x509.extension(firmware, der.integer(-1))),
            ("firmware-text", "a firmware version as text",
             x509.extension(firmware, der.utf8("5"))),
            ("firmware-trailing", "a byte after the firmware version",
             x509.extension(firmware, der.integer(5) + b"\0")),
            ("serial-critical", "a serial number marked critical",
             x509.extension(serial, der.octets(b"42"), True)),
            ("serial-bare", "a serial number not wrapped in a second string",
             x509.extension(serial, b"42")),
            ("serial-empty", "a serial number of no bytes",
             x509.extension(serial, der.octets(b"")))):
        cases.invalid(f"packed-model-{name}", "certificate-extension", description,
                      reg_packed(packed(extra=[more])))


def packed_signatures(cases):
    signer = attestation_key()
    cases.invalid("packed-signature-other-key", SIGNATURE, "signed by another key",
                  reg_packed(packed(sign=key("ES256", "another").sign)))
    cases.invalid("packed-signature-credential-key", SIGNATURE,
                  "signed by the credential's key, with x5c",
                  reg_packed(packed(sign=key("ES256").sign)))
    cases.invalid("packed-signature-no-hash", SIGNATURE, "the client data hash left out",
                  reg_packed(packed(sign=lambda d: signer.sign(d[:-32]))))
    cases.invalid("packed-signature-other-data", SIGNATURE, "other data signed",
                  reg_packed(packed(sign=lambda d: signer.sign(d[::-1]))))
    form = [SIGNATURE, "signature-malformed", MALFORMED]
    cases.invalid("packed-signature-empty", form, "a signature of no bytes",
                  reg_packed(packed(sign=lambda d: b"")))
    cases.invalid("packed-signature-trailing", form, "a byte after the signature",
                  reg_packed(packed(sign=lambda d: signer.sign(d) + b"\0")))
    cases.invalid("packed-signature-zero-s", form, "s is zero", reg_packed(packed(
        sign=lambda d: der.sequence(der.integer(signer.sign_numbers(d)[0]), der.integer(0)))))
    cases.invalid("packed-signature-chain", SIGNATURE, "signed by the intermediate's key",
                  reg_packed(packed(**BELOW, sign=x509.INTERMEDIATE.key.sign)))
    cases.invalid("packed-chain-reversed", ["certificate-ca", "certificate-subject", SIGNATURE],
                  "the attestation certificate last",
                  reg_packed(packed(**BELOW), tweak=lambda s: {**s, "x5c": s["x5c"][::-1]}))
    mismatch = "attestation-algorithm-mismatch"
    for name, alg in (("rs256", -257), ("es384", -35), ("eddsa", -8), ("es256k", -47)):
        cases.invalid(f"packed-alg-{name}", [mismatch, SIGNATURE], f"alg says {name}",
                      reg_packed(packed(alg=alg)))
    for name, alg in (("unknown", -99), ("rs1", -65535), ("zero", 0)):
        cases.invalid(f"packed-alg-{name}", [mismatch, "algorithm-unsupported", SIGNATURE],
                      f"alg is {alg}", reg_packed(packed(alg=alg)))
    cases.invalid("packed-signed-by-rs1", "algorithm-unsupported", "signed with RS1",
                  reg_packed(packed(attestation_key("RS1"))))
    weak = RsaKey("rsa 1024", -257, "sha256", bits=1024)
    cases.invalid("packed-signed-by-rs256-1024",
                  ["certificate-key", "key-rsa-modulus", mismatch, SIGNATURE],
                  "an attestation key of 1024 bits", reg_packed(packed(weak)))
    cases.invalid("packed-self-signature-other-key", SIGNATURE, "self, signed by another key",
                  reg_packed(packed_self(sign=key("ES256", "another").sign)))
    cases.invalid("packed-self-signature-other-data", SIGNATURE, "self, other data signed",
                  reg_packed(packed_self(sign=lambda d: key("ES256").sign(d + b"\0"))))
    for name, alg in (("es384", -35), ("esp256", -9), ("rs256", -257), ("unknown", -99)):
        cases.invalid(f"packed-self-alg-{name}", mismatch,
                      f"self, alg says {name}, the credential is ES256",
                      reg_packed(packed_self(alg=alg)))
    cases.invalid("packed-self-ecdaa", MALFORMED, "ecdaaKeyId, of an earlier level",
                  reg_packed(packed_self(), tweak={"ecdaaKeyId": b"id"}))


def none_and_self(cases):
    """Statements that prove nothing do not satisfy a policy that wants trust."""
    bad = "attestation-untrusted"
    cases.invalid("none-trust-required", bad, "none, where trust is required",
                  registration(line=TRUSTED))
    cases.invalid("packed-self-trust-required", bad, "self, where trust is required",
                  reg_packed(packed_self(), line=TRUSTED))
    cases.valid("none-trust-anchors", "none, with anchors that nobody needs",
                registration(line=anchored(x509.ROOT.der, required=False)))
    cases.valid("none-aaguid", "none, with an AAGUID", registration(aaguid=AAGUID))
    for name, statement in (("member", {"x": 1}), ("sig", {"sig": b""}), ("x5c", {"x5c": []}),
                            ("packed", {"alg": -7, "sig": bytes(70)})):
        cases.invalid(f"none-statement-{name}", MALFORMED,
                      "none, with a statement that is not empty", registration(tweak=statement))


def trust(cases):
    cases.valid("trust-no-anchors", "no anchors to judge by", reg_packed(), trusted="unknown")
    rows = [
        ("other-anchor", "an anchor that issued nothing here", {}, (x509.OTHER_ROOT.der,), None),
        ("no-intermediate", "the intermediate left out", {**BELOW, "chain": []}, (x509.ROOT.der,),
         None),
        ("root-in-chain", "a root sent along is no anchor",
         {"issuer": x509.OTHER_ROOT, "chain": [x509.OTHER_ROOT.der]}, (x509.ROOT.der,), None),
        ("leaf-expired", "an attestation certificate that has expired",
         {"not_after": "2025-12-31"}, (x509.ROOT.der,), None),
        ("leaf-not-yet", "an attestation certificate from the future",
         {"not_before": "2026-01-02"}, (x509.ROOT.der,), None),
        ("later", "everything expired at the time given", {}, (x509.ROOT.der,),
         "2041-01-01T00:00:00Z"),
        ("earlier", "nothing valid yet at the time given", {}, (x509.ROOT.der,),
         "2019-01-01T00:00:00Z"),
        ("leaf-signature", "an attestation certificate whose signature is wrong",
         {"signature": lambda s: s[:-1] + bytes([s[-1] ^ 1])}, (x509.ROOT.der,), None),
        ("leaf-other-signer", "signed by a key that is not the issuer's",
         {"issuer_key": x509.OTHER_ROOT.key}, (x509.ROOT.der,), None),
    ]
    old = x509.Authority("Expired intermediate", x509.ROOT, not_after="2025-12-31")
    expired_root = x509.Authority("Expired root", not_after="2025-12-31")
    no_ca = x509.Authority("Not an authority", x509.ROOT, ca=False, usage=0x80)
    bare = x509.Authority("Without constraints", x509.ROOT, ca=None, usage=0)
    wrong_use = x509.Authority("Signs no certificates", x509.ROOT, usage=0x80)
    deeper = x509.Authority("Below a path length of zero", x509.INTERMEDIATE)
    impostor = x509.Authority("Vector root", signer=key("ES256", "impostor"))
    for name, description, authority, anchors, above in (
            ("intermediate-expired", "an intermediate that has expired", old, x509.ROOT.der, []),
            ("anchor-expired", "an anchor that has expired", expired_root, expired_root.der, []),
            ("intermediate-no-ca", "an intermediate that is no CA", no_ca, x509.ROOT.der, []),
            ("intermediate-bare", "an intermediate without basic constraints", bare,
             x509.ROOT.der, []),
            ("intermediate-key-usage", "an intermediate that may not sign certificates", wrong_use,
             x509.ROOT.der, []),
            ("path-length", "a CA below a CA that allows none", deeper, x509.ROOT.der,
             [x509.INTERMEDIATE.der]),
            ("impostor", "an issuer that only has the anchor's name", impostor, x509.ROOT.der,
             [])):
        rows.append((name, description, {"issuer": authority, "chain": [authority.der, *above]},
                     (anchors,), None))
    bare_root = x509.Authority("Root without constraints", ca=None, usage=0)
    no_ca_root = x509.Authority("Root that is no authority", ca=False, usage=0x80)
    for name, description, authority in (
            ("anchor-bare", "an anchor of version 3 without basic constraints", bare_root),
            ("anchor-no-ca", "an anchor that is no CA", no_ca_root)):
        rows.append((name, description, {"issuer": authority}, (authority.der,), None))
    for name, description, leaf, anchors, time in rows:
        cases.invalid(f"trust-{name}", "attestation-untrusted", f"trust required: {description}",
                      reg_packed(packed(**leaf), line=anchored(*anchors, time=time)))
        cases.valid(f"trust-{name}-not-required", f"trust not required: {description}", reg_packed(
            packed(**leaf), line=anchored(*anchors, required=False, time=time)), trusted="no")
    cases.invalid("trust-no-anchors-required", "attestation-untrusted",
                  "trust required, and no anchors", reg_packed(line=anchored()))
    cases.valid("trust-second-anchor", "the second of two anchors", reg_packed(
        line=anchored(x509.OTHER_ROOT.der, x509.ROOT.der)), trusted="yes")
    cases.valid("trust-intermediate-anchor", "the intermediate is the anchor",
                reg_packed(packed(issuer=x509.INTERMEDIATE), line=anchored(x509.INTERMEDIATE.der)),
                trusted="yes")
    leaf = x509.leaf(attestation_key(), extra=[x509.aaguid_extension(AAGUID)])
    cases.valid("trust-leaf-anchor", "the attestation certificate itself is the anchor",
                reg_packed(packed(chain=[]), line=anchored(leaf)), trusted="yes")
    cases.invalid("trust-leaf-anchor-expired", "attestation-untrusted",
                  "the attestation certificate itself is the anchor, and has expired",
                  reg_packed(packed(chain=[], not_after="2025-12-31"), line=anchored(x509.leaf(
                      attestation_key(), extra=[x509.aaguid_extension(AAGUID)],
                      not_after="2025-12-31"))))
    cases.valid("trust-time-offset", "a time with an offset", reg_packed(
        line=anchored(x509.ROOT.der, time="2026-01-01T02:00:00+02:00")), trusted="yes")
    cases.invalid("trust-anchor-garbage", ["invalid-input", "invalid-argument"],
                  "an anchor that is no certificate", reg_packed(line=anchored(b"garbage")))
    cases.invalid("trust-chain-garbage", "certificate-malformed",
                  "a second certificate that is none",
                  reg_packed(packed(chain=[b"garbage"]), line=TRUSTED))
    cases.invalid("trust-chain-garbage-no-anchors", "certificate-malformed",
                  "a second certificate that is none, and nobody to judge the path",
                  reg_packed(packed(chain=[b"garbage"])))
    cases.invalid("trust-chain-trailing", "certificate-malformed",
                  "a byte after the second certificate",
                  reg_packed(packed(chain=[x509.INTERMEDIATE.der + b"\0"]), line=TRUSTED))


def u2f(cases):
    def make(tweak=None, **knobs):
        return registration(None, fido_u2f(), "fido-u2f", tweak=tweak, aaguid=bytes(16), **knobs)

    def with_leaf(**knobs):
        return registration(None, fido_u2f(**knobs), "fido-u2f", aaguid=bytes(16))

    anchored_line = anchored(x509.ROOT.der)
    direct = {"issuer": x509.ROOT}
    cases.valid("fido-u2f", "fido-u2f, issued by the root", registration(
        None, fido_u2f(**direct), "fido-u2f", aaguid=bytes(16), line=anchored_line),
        fmt="fido-u2f", attestationType="Basic", trusted="yes")
    cases.valid("fido-u2f-aaguid", "an AAGUID that is not zero", registration(
        None, fido_u2f(), "fido-u2f"))
    cases.valid("fido-u2f-plain-certificate", "a certificate of version 1, no unit", with_leaf(
        version=1, extensions=[], subject_name=x509.name((x509.CN, "U2F key"))))
    statement_forms(cases, "fido-u2f", make, ["sig", "x5c"])
    certificate_forms(cases, "fido-u2f", make)
    cases.invalid("fido-u2f-two-certificates", MALFORMED, "two certificates",
                  make(lambda s: {**s, "x5c": s["x5c"] + [x509.ROOT.der]}))
    cases.invalid("fido-u2f-alg", MALFORMED, "alg, which fido-u2f does not have",
                  make({"alg": -7}))
    for name in ("ES384", "ES256K", "RS256", "EdDSA"):
        cases.invalid(f"fido-u2f-certificate-{name.lower()}", "certificate-key",
                      f"a certificate with a {name} key", with_leaf(signer=attestation_key(name)))
    for name in ("ES384", "ES256K"):
        cases.invalid(f"fido-u2f-credential-{name.lower()}",
                      ["attestation-algorithm-mismatch", "attestation-key-mismatch", SIGNATURE,
                       "key-curve-mismatch", "key-type-mismatch", "key-length-invalid"],
                      f"a {name} credential", registration(key(name), fido_u2f(), "fido-u2f",
                                                           aaguid=bytes(16)))
    for name, change in (("first-byte", lambda d: b"\1" + d[1:]),
                         ("no-first-byte", lambda d: d[1:]),
                         ("rp-id", lambda d: d[:1] + bytes(32) + d[33:]),
                         ("client-data", lambda d: d[:33] + bytes(32) + d[65:]),
                         ("key-compressed", lambda d: d[:-65] + b"\2" + d[-64:-32]),
                         ("key-other", lambda d: d[:-1] + bytes([d[-1] ^ 1])),
                         ("id-missing", lambda d: d[:65] + d[97:])):
        cases.invalid(f"fido-u2f-message-{name}", SIGNATURE,
                      f"another message signed: {name.replace('-', ' ')}",
                      with_leaf(message=change))
    cases.invalid("fido-u2f-signed-packed", SIGNATURE, "the message of packed signed", registration(
        None, lambda c: {"x5c": [x509.leaf(attestation_key())],
                         "sig": attestation_key().sign(c.auth_data + c.client_hash)}, "fido-u2f",
        aaguid=bytes(16)))


def compounds(cases):
    real = [("packed", packed()), ("fido-u2f", fido_u2f())]
    bad = "compound-malformed"

    def make(*what, tweak=None, line=None):
        return registration(None, compound(*(what or real)), "compound", tweak=tweak, line=line)

    cases.valid("compound", "packed and fido-u2f together", make(), fmt="compound",
                attestationType="Basic")
    cases.valid("compound-trusted", "both lead to the anchor",
                make(("packed", packed(issuer=x509.ROOT, chain=[])),
                     ("fido-u2f", fido_u2f(issuer=x509.ROOT)), line=TRUSTED), trusted="yes")
    cases.valid("compound-three", "three statements",
                make(("packed", packed()), ("fido-u2f", fido_u2f()), ("packed", packed_self())))
    cases.invalid("compound-one", bad, "one statement", make(("packed", packed())))
    cases.invalid("compound-zero", bad, "no statements", make(tweak=lambda s: []))
    cases.invalid("compound-nested", bad, "compound in compound",
                  make(("packed", packed()), ("compound", compound(*real))))
    cases.invalid("compound-map", [bad, "cbor-type-mismatch", MALFORMED], "a map, not an array",
                  make(tweak=lambda s: s[0]))
    cases.invalid("compound-second-wrong", SIGNATURE, "the second statement's signature is wrong",
                  make(("packed", packed()), ("fido-u2f", fido_u2f(message=lambda d: d[::-1]))))
    cases.invalid("compound-first-wrong", SIGNATURE, "the first statement's signature is wrong",
                  make(("packed", packed(sign=key("ES256").sign)), ("fido-u2f", fido_u2f())))
    cases.invalid("compound-unknown-format", "attestation-format-unknown",
                  "a format that nobody knows", make(("packed", packed()), ("x", lambda c: {})))
    forms = [bad, MALFORMED, "cbor-type-mismatch", "attestation-object-malformed",
             "attestation-format-unknown"]
    for name, change in (
            ("no-fmt", lambda s: [s[0], {"attStmt": s[1]["attStmt"]}]),
            ("no-statement", lambda s: [s[0], {"fmt": "fido-u2f"}]),
            ("number", lambda s: [s[0], 1]), ("null", lambda s: [s[0], None]),
            ("array", lambda s: [s[0], [s[1]]]),
            ("fmt-number", lambda s: [s[0], {**s[1], "fmt": 1}]),
            ("statement-bytes", lambda s: [s[0], {**s[1], "attStmt": b"x"}]),
            ("extra-member", lambda s: [s[0], {**s[1], "x": 1}]),
            ("auth-data", lambda s: [s[0], {**s[1], "authData": b"x"}])):
        cases.invalid(f"compound-item-{name}", forms, f"an item: {name.replace('-', ' ')}",
                      make(tweak=change))
    cases.invalid("compound-item-duplicate", "cbor-duplicate-key", "an item with fmt twice", make(
        tweak=lambda s: [s[0], cbor.Pairs([("fmt", "none"), *s[1].items()])]))


def add(cases):
    packed_good(cases)
    packed_certificates(cases)
    packed_models(cases)
    packed_signatures(cases)
    statement_forms(cases, "packed", lambda tweak: reg_packed(tweak=tweak), ["alg", "sig", "x5c"])
    certificate_forms(cases, "packed", lambda tweak: reg_packed(tweak=tweak))
    none_and_self(cases)
    trust(cases)
    u2f(cases)
    compounds(cases)
