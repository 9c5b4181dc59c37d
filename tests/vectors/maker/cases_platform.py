# SPDX-License-Identifier: BSD-2-Clause
"""Attestation of platforms: tpm (8.3), android-key (8.4), android-safetynet (8.5), apple (8.8)."""
import base64
import hashlib

from . import der, statements, x509
from .cases_attestation import (OTHER_AAGUID, SIGNATURE, TRUSTED, anchored,
                                certificate_forms, statement_forms)
from .ceremony import AAGUID, UP, UV, AT, b64, b64url, registration
from .keys import RsaKey, key
from .statements import (CHAIN, android_key, apple, attestation_key, authorization_list,
                         extended_key_usage, key_description, safetynet, tpm, tpm_alt_name,
                         tpm_extensions, u16)

AIK = "RS256"


def tpm_good(cases):
    def make(statement, public=None, line=None):
        return registration(public, statement, "tpm", line=line)

    cases.valid("tpm-es256", "an ES256 credential, an RS256 AIK", make(tpm(), line=TRUSTED),
                fmt="tpm", attestationType="AttCA", trusted="yes")
    for name in ("RS256", "ES384", "ES512", "PS256"):
        cases.valid(f"tpm-{name.lower()}", f"an {name} credential", make(tpm(), key(name)),
                    attestationType="AttCA")
    for name in ("RS1", "RS384", "ES256", "ES384", "PS256"):
        cases.valid(f"tpm-signed-by-{name.lower()}", f"certInfo signed with {name}",
                    make(tpm(attestation_key(name))))
    cases.valid("tpm-name-sha384", "a name made with SHA-384", make(tpm(name_hash="sha384")))
    cases.valid("tpm-name-sha1", "a name made with SHA-1", make(tpm(name_hash="sha1")))
    cases.valid("tpm-exponent-written", "65537 written out, not as 0",
                make(tpm(area={"exponent": 65537}), key("RS256")))
    cases.valid("tpm-policy", "an authorization policy", make(tpm(area={"policy": bytes(32)})))
    cases.valid("tpm-scheme", "a signing scheme in pubArea",
                make(tpm(area={"scheme": u16(0x0014) + u16(0x000B)}), key("RS256")))
    cases.valid("tpm-scheme-ecdsa", "ECDSA as the scheme in pubArea",
                make(tpm(area={"scheme": u16(0x0018) + u16(0x000B)})))
    cases.valid("tpm-qualified", "fields of certInfo that are ignored", make(tpm(info={
        "signer": bytes(34), "qualified": bytes(34), "clock": b"\x11" * 17,
        "firmware": b"\x22" * 8})))
    cases.valid("tpm-vendor-zero", "a manufacturer of zeros, as the specification's own vector has",
                make(tpm(extensions=tpm_extensions(alt=tpm_alt_name("id:00000000")))))
    cases.valid("tpm-alt-name-three-rdns", "each attribute in an RDN of its own",
                make(tpm(extensions=tpm_extensions(alt=tpm_alt_name(one_set=False)))))
    cases.valid("tpm-aaguid", "the AAGUID extension",
                make(tpm(extra=[x509.aaguid_extension(AAGUID)])))
    cases.valid("tpm-more-usages", "more extended key usages", make(tpm(extensions=tpm_extensions(
        usage=extended_key_usage("1.3.6.1.4.1.311.21.36", statements.EKU_AIK)))))


def tpm_bad(cases):
    public = key("ES256")
    es384 = {"public": key("ES384")}
    info, area = "tpm-cert-info-malformed", "tpm-pub-area-malformed"
    mismatch, name = "tpm-key-mismatch", "tpm-name-mismatch"
    usage, alt = "certificate-key-usage", "certificate-alt-name"
    rsa = {"public": key("RS256")}

    def shift(size):
        return lambda data: data[:-size]
    rows = [
        ("magic", "tpm-magic", "magic that no TPM writes", {"info": {"magic": 0xFF544348}}, {}),
        ("magic-zero", "tpm-magic", "magic of zeros", {"info": {"magic": 0}}, {}),
        ("type-quote", "tpm-attest-type", "a quote", {"info": {"kind": 0x8018}}, {}),
        ("type-creation", "tpm-attest-type", "a creation certificate",
         {"info": {"kind": 0x801A}}, {}),
        ("extra-data-other", "tpm-extra-data", "other data certified",
         {"extra_data": lambda d: d[::-1]}, {}),
        ("extra-data-empty", "tpm-extra-data", "no extra data", {"extra_data": lambda d: b""}, {}),
        ("extra-data-short", "tpm-extra-data", "a byte short", {"extra_data": lambda d: d[:-1]},
         {}),
        ("extra-data-long", "tpm-extra-data", "a byte long",
         {"extra_data": lambda d: d + b"\0"}, {}),
        ("extra-data-sha1", "tpm-extra-data", "hashed with SHA-1 where alg is RS256",
         {"hash_name": "sha1"}, {}),
        ("extra-data-sha384", "tpm-extra-data", "hashed with SHA-384 where alg is RS256",
         {"hash_name": "sha384"}, {}),
        ("name-other", name, "the name of another object", {"name": lambda n: n[:2] + n[:1:-1]},
         {}),
        ("name-empty", [name, info], "no name", {"name": lambda n: b""}, {}),
        ("name-only-hash", [name, info], "a name without its algorithm", {"name": lambda n: n[2:]},
         {}),
        ("name-other-algorithm", name, "a name that says another algorithm",
         {"name": lambda n: u16(0x000C) + n[2:]}, {}),
        ("name-sha1", name, "a name made with SHA-1, pubArea says SHA-256",
         {"name": lambda n: u16(0x0004) + n[2:22]}, {}),
        ("name-algorithm-unknown", [area, name], "a name algorithm that nobody knows",
         {"area": {"name_alg": 0x0099}}, {}),
        ("name-algorithm-null", [area, name], "no name algorithm", {"area": {"name_alg": 0x0010}},
         {}),
        ("area-other-key", mismatch, "another public key",
         {"area": {"unique": statements.sized(key("ES256", "another").x)
                   + statements.sized(key("ES256", "another").y)}}, {}),
        ("area-swapped", mismatch, "x and y exchanged",
         {"area": {"unique": statements.sized(public.y) + statements.sized(public.x)}}, {}),
        ("area-x-short", mismatch, "x without its last byte",
         {"area": {"unique": statements.sized(public.x[:-1]) + statements.sized(public.y)}}, {}),
        ("area-curve", mismatch, "another curve", {"area": {"curve": 0x0004}}, {}),
        ("area-curve-unknown", [mismatch, area], "a curve that nobody knows",
         {"area": {"curve": 0x0099}}, {}),
        ("area-type-rsa", [mismatch, area], "the type of RSA objects", {"area": {"kind": 0x0001}},
         {}),
        ("area-type-keyed-hash", [mismatch, area], "the type of keyed hashes",
         {"area": {"kind": 0x0008}}, {}),
        ("area-rsa-other", mismatch, "another modulus",
         {"area": {"unique": statements.sized(key("RS256", "another").n_bytes())}}, rsa),
        ("area-rsa-exponent", mismatch, "another exponent", {"area": {"exponent": 3}}, rsa),
        ("area-rsa-bits", [mismatch, area], "another size", {"area": {"bits": 1024}}, rsa),
        ("area-p384-as-p256", mismatch, "P-384 said to be P-256", {"area": {"curve": 0x0003}},
         es384),
        ("area-trailing", area, "a byte after pubArea", {"area_bytes": lambda a: a + b"\0"}, {}),
        ("area-trailing-named", area, "a byte after pubArea, named with it",
         {"area_bytes": lambda a: a + b"\0",
          "name": lambda n: n, "area": {"unique": statements.sized(public.x)
                                        + statements.sized(public.y) + b"\0"}}, {}),
        ("area-truncated", area, "pubArea without its last byte", {"area_bytes": shift(1)}, {}),
        ("area-empty", area, "pubArea of no bytes", {"area_bytes": lambda a: b""}, {}),
        ("area-head", area, "pubArea that ends after its algorithms",
         {"area_bytes": lambda a: a[:4]}, {}),
        ("info-trailing", info, "a byte after certInfo", {"info_bytes": lambda i: i + b"\0"}, {}),
        ("info-truncated", info, "certInfo without its last byte", {"info_bytes": shift(1)}, {}),
        ("info-empty", info, "certInfo of no bytes", {"info_bytes": lambda i: b""}, {}),
        ("info-head", info, "certInfo that ends after its type", {"info_bytes": lambda i: i[:6]},
         {}),
        ("signature-other-key", SIGNATURE, "signed by another key",
         {"sign": key("RS256").sign}, {}),
        ("signature-other-data", SIGNATURE, "other data signed",
         {"sign": lambda d: attestation_key(AIK).sign(d + b"\0")}, {}),
        ("signature-empty", SIGNATURE, "no signature", {"sign": lambda d: b""}, {}),
        ("alg-rs1", [SIGNATURE, "tpm-extra-data"], "alg says RS1", {"alg": -65535}, {}),
        ("alg-es256", ["attestation-algorithm-mismatch", SIGNATURE], "alg says ES256",
         {"alg": -7}, {}),
        ("alg-unknown", ["algorithm-unsupported", "attestation-algorithm-mismatch",
                         "tpm-extra-data"], "an alg that nobody knows", {"alg": -99}, {}),
        ("version-1", "certificate-version", "an AIK certificate of version 1",
         {"version": 1, "extensions": []}, {}),
        ("subject", "certificate-subject", "an AIK certificate with a subject",
         {"subject_name": x509.subject()}, {}),
        ("subject-cn", "certificate-subject", "an AIK certificate with a common name",
         {"subject_name": x509.name((x509.CN, "AIK"))}, {}),
        ("ca", "certificate-ca", "an AIK certificate of a CA",
         {"extensions": tpm_extensions(constraints=x509.basic_constraints(True))}, {}),
        ("no-constraints", "certificate-ca", "no basic constraints",
         {"extensions": tpm_extensions(constraints=None)}, {}),
        ("no-usage", usage, "no extended key usage", {"extensions": tpm_extensions(usage=None)},
         {}),
        ("usage-other", usage, "another extended key usage",
         {"extensions": tpm_extensions(usage=extended_key_usage("1.3.6.1.5.5.7.3.1"))}, {}),
        ("usage-ek", usage, "the usage of an endorsement key",
         {"extensions": tpm_extensions(usage=extended_key_usage("2.23.133.8.1"))}, {}),
        ("usage-any", usage, "any extended key usage",
         {"extensions": tpm_extensions(usage=extended_key_usage("2.5.29.37.0"))}, {}),
        ("no-alt-name", alt, "no alternative name", {"extensions": tpm_extensions(alt=None)}, {}),
        ("alt-name-not-critical", alt, "an alternative name not critical beside an empty subject",
         {"extensions": tpm_extensions(alt=tpm_alt_name(critical=False))}, {}),
        ("alt-name-no-manufacturer", alt, "no manufacturer",
         {"extensions": tpm_extensions(alt=tpm_alt_name(manufacturer=None))}, {}),
        ("alt-name-no-model", alt, "no model",
         {"extensions": tpm_extensions(alt=tpm_alt_name(model=None))}, {}),
        ("alt-name-no-version", alt, "no version",
         {"extensions": tpm_extensions(alt=tpm_alt_name(version=None))}, {}),
        ("alt-name-manufacturer-form", alt, "a manufacturer that is no id",
         {"extensions": tpm_extensions(alt=tpm_alt_name(manufacturer="ACME"))}, {}),
        ("alt-name-dns", alt, "a host name", {"extensions": tpm_extensions(alt=x509.extension(
            "2.5.29.17", der.sequence(der.tlv(0x82, b"tpm.example")), True))}, {}),
        ("aaguid-other", "certificate-aaguid", "the AAGUID of another model",
         {"extra": [x509.aaguid_extension(OTHER_AAGUID)]}, {}),
        ("aaguid-critical", "certificate-aaguid", "the AAGUID extension marked critical",
         {"extra": [x509.aaguid_extension(AAGUID, critical=True)]}, {}),
    ]
    for row, reason, description, knobs, more in rows:
        cases.invalid(f"tpm-{row}", reason, f"tpm: {description}",
                      registration(more.get("public"), tpm(**knobs), "tpm"))
    for row, value in (("12", "1.2"), ("empty", ""), ("space", "2.0 "), ("2", "2")):
        cases.invalid(f"tpm-ver-{row}", "tpm-version", f"ver {value!r}",
                      registration(None, tpm(), "tpm", tweak={"ver": value}))
    statement_forms(cases, "tpm", lambda tweak: registration(None, tpm(), "tpm", tweak=tweak),
                    ["alg", "sig", "x5c", "ver", "certInfo", "pubArea"])
    certificate_forms(cases, "tpm", lambda tweak: registration(None, tpm(), "tpm", tweak=tweak))
    cases.invalid("tpm-credential-eddsa", [mismatch, area], "an EdDSA credential",
                  registration(key("EdDSA"), lambda c: tpm()(_as(c, public)), "tpm"))
    cases.invalid("tpm-untrusted", "attestation-untrusted", "an anchor that issued nothing here",
                  registration(None, tpm(), "tpm", line=anchored(x509.OTHER_ROOT.der)))
    cases.invalid("tpm-rs1-credential", ["algorithm-not-offered", "algorithm-unsupported"],
                  "an RS1 credential in a TPM", registration(key("RS1"), tpm(), "tpm"))
    big = RsaKey("rsa 2048 b", -257, "sha256", e=2**32 + 15)
    cases.invalid("tpm-area-rsa-exponent-default", mismatch,
                  "an exponent that pubArea does not say",
                  registration(big, tpm(area={"exponent": 0}), "tpm"))


def _as(context, public):
    """The context with another key where the statement looks for the credential's."""
    copy = type(context)(**vars(context))
    copy.key = public
    return copy


def android(cases):
    software = authorization_list()
    empty = der.sequence()
    fmt = "android-key"

    def make(statement, public=None, line=None, tweak=None):
        return registration(public, statement, fmt, line=line, tweak=tweak)

    cases.valid("android-key", "generated and for signing, in the trusted environment",
                make(android_key(), line=TRUSTED), fmt=fmt, attestationType="Basic", trusted="yes")
    cases.valid("android-key-rs256", "an RS256 credential", make(android_key(), key("RS256")))
    cases.valid("android-key-es384", "an ES384 credential", make(android_key(), key("ES384")))
    cases.valid("android-key-software", "the same said by software",
                make(android_key(software=software, tee=empty)))
    cases.valid("android-key-both", "both lists say it", make(android_key(software=software)))
    cases.valid("android-key-divided", "one list has the origin, the other the purpose",
                make(android_key(software=authorization_list(purpose=None),
                                 tee=authorization_list(origin=None))))
    cases.valid("android-key-version-300", "KeyMint's version of the schema", make(android_key(
        description=lambda d: key_description(d[d.index(b"\x04\x20") + 2:][:32], version=300))))
    challenge, origin = "android-key-challenge", "android-key-origin"
    purpose, apps = "android-key-purpose", "android-key-all-applications"
    bad = "android-key-description"
    rows = [
        ("challenge-other", challenge, "another challenge", {"challenge": lambda h: h[::-1]}),
        ("challenge-empty", challenge, "no challenge", {"challenge": lambda h: b""}),
        ("challenge-longer", challenge, "the challenge and more",
         {"challenge": lambda h: h + b"\0"}),
        ("challenge-shorter", challenge, "a part of the challenge",
         {"challenge": lambda h: h[:-1]}),
        ("all-applications-tee", apps, "allApplications in the trusted environment's list",
         {"tee": authorization_list(all_applications=True)}),
        ("all-applications-software", apps, "allApplications in software's list",
         {"software": authorization_list(all_applications=True)}),
        ("origin-imported", origin, "imported", {"tee": authorization_list(origin=2)}),
        ("origin-derived", origin, "derived", {"tee": authorization_list(origin=1)}),
        ("origin-unknown", origin, "of unknown origin", {"tee": authorization_list(origin=3)}),
        ("origin-imported-software", origin, "imported, says software",
         {"software": authorization_list(origin=2), "tee": empty}),
        ("origin-contradiction", origin, "generated, says one list; imported, the other",
         {"software": authorization_list(origin=2)}),
        ("lists-empty", origin, "empty lists, as the specification's own example has",
         {"tee": empty}),
        ("origin-absent", origin, "no list says the origin",
         {"software": authorization_list(origin=None), "tee": authorization_list(origin=None)}),
        ("purpose-absent", purpose, "no list says the purpose",
         {"software": authorization_list(purpose=None), "tee": authorization_list(purpose=None)}),
        ("purpose-encrypt", purpose, "for encryption", {"tee": authorization_list(purpose=(0,))}),
        ("purpose-verify", purpose, "for verifying", {"tee": authorization_list(purpose=(3,))}),
        ("purpose-more", purpose, "for signing and decryption",
         {"tee": authorization_list(purpose=(1, 2))}),
        ("purpose-sign-verify", purpose, "for signing and verifying",
         {"tee": authorization_list(purpose=(2, 3))}),
        ("purpose-software", purpose, "for encryption, says software",
         {"software": authorization_list(purpose=(0,)), "tee": empty}),
        ("no-extension", bad, "no description", {"extensions": []}),
        ("description-trailing", bad, "a byte after the description",
         {"description": lambda d: d + b"\0"}),
        ("description-truncated", bad, "a description that ends early",
         {"description": lambda d: d[:-1]}),
        ("description-empty", bad, "an empty description", {"description": lambda d: b""}),
        ("description-not-sequence", bad, "a description that is an octet string",
         {"description": lambda d: der.octets(d)}),
        ("description-one-list", bad, "one list only",
         {"description": lambda d: der.sequence(der.integer(3), der.enumerated(1), der.integer(4),
                                                der.enumerated(1), der.octets(bytes(32)),
                                                der.octets(b""), empty)}),
        ("extension-twice", [bad, "certificate-malformed"], "two descriptions",
         {"extensions": [x509.extension(statements.ANDROID_OID, key_description(bytes(32)))] * 2}),
        ("certificate-other-key", ["attestation-key-mismatch", SIGNATURE],
         "the certificate of another key", {"subject_key": key("ES256", "another")}),
        ("signed-by-other-key", "attestation-key-mismatch",
         "certificate and signature of another key", {"signer": key("ES256", "another")}),
        ("signature-other-key", SIGNATURE, "signed by another key",
         {"sign": key("ES256", "another").sign}),
        ("signature-other-data", SIGNATURE, "other data signed",
         {"sign": lambda d: key("ES256").sign(d[:-1])}),
        ("alg-rs256", ["attestation-algorithm-mismatch", SIGNATURE], "alg says RS256",
         {"alg": -257}),
        ("alg-unknown", ["attestation-algorithm-mismatch", "algorithm-unsupported"],
         "an alg that nobody knows", {"alg": -99}),
        ("alg-rs1", "algorithm-unsupported", "alg is RS1", {"alg": -65535}),
    ]
    for row, reason, description, knobs in rows:
        cases.invalid(f"android-key-{row}", reason, f"android-key: {description}",
                      make(android_key(**knobs)))
    statement_forms(cases, fmt, lambda tweak: make(android_key(), tweak=tweak),
                    ["alg", "sig", "x5c"])
    certificate_forms(cases, fmt, lambda tweak: make(android_key(), tweak=tweak))
    cases.invalid("android-key-untrusted", "attestation-untrusted",
                  "an anchor that issued nothing here",
                  make(android_key(), line=anchored(x509.OTHER_ROOT.der)))


def safety(cases):
    fmt = "android-safetynet"

    def make(statement, line=None, tweak=None):
        return registration(None, statement, fmt, line=line, tweak=tweak)

    cases.valid("android-safetynet", "a response with its chain",
                make(safetynet(issuer=x509.INTERMEDIATE, chain=CHAIN), line=TRUSTED),
                fmt=fmt, attestationType="Basic", trusted="yes")
    cases.valid("android-safetynet-es256", "a response signed with ES256",
                make(safetynet(attestation_key())))
    cases.valid("android-safetynet-unknown-member", "a member of the payload that nobody knows",
                make(safetynet(payload=lambda p: {**p, "advice": "none"})))
    bad, nonce = "safetynet-response", "safetynet-nonce"
    host, cts = "safetynet-host", "safetynet-cts-profile"

    def part(number, change):
        def apply(text):
            parts = text.split(".")
            parts[number] = change(parts[number])
            return ".".join(parts)
        return apply

    def drop(member):
        return lambda m: {k: v for k, v in m.items() if k != member}
    rows = [
        ("nonce-other", nonce, "another nonce", {"nonce": lambda d: d[::-1]}),
        ("nonce-empty", nonce, "an empty nonce", {"nonce": lambda d: b""}),
        ("nonce-base64url", nonce, "the nonce in base64url",
         {"payload": lambda p: {**p, "nonce": p["nonce"].rstrip("=")}}),
        ("nonce-missing", [nonce, bad], "no nonce", {"payload": drop("nonce")}),
        ("nonce-number", [nonce, bad], "a nonce that is a number",
         {"payload": lambda p: {**p, "nonce": 1}}),
        ("cts-false", cts, "a device that is not compatible",
         {"payload": lambda p: {**p, "ctsProfileMatch": False}}),
        ("cts-missing", [cts, bad], "compatibility not said", {"payload": drop("ctsProfileMatch")}),
        ("cts-text", [cts, bad], "compatibility said as text",
         {"payload": lambda p: {**p, "ctsProfileMatch": "true"}}),
        ("timestamp-future", "safetynet-timestamp", "made a day after the time given",
         {"payload": lambda p: {**p, "timestampMs": p["timestampMs"] + 86400000}}),
        ("host-other", host, "a certificate of another host", {"host": "attest.example.com"}),
        ("host-suffix", host, "a host that only begins so",
         {"host": "attest.android.com.evil.example"}),
        ("host-prefix", host, "a host that only ends so", {"host": "evil.attest.android.com"}),
        ("host-wildcard", host, "a wildcard", {"host": "*.android.com"}),
        ("alg-none", [bad, "algorithm-unsupported", SIGNATURE], "alg none",
         {"header": lambda h: {**h, "alg": "none"}}),
        ("alg-none-unsigned", [bad, "algorithm-unsupported", SIGNATURE], "alg none, no signature",
         {"header": lambda h: {**h, "alg": "none"}, "jws": part(2, lambda s: "")}),
        ("alg-hs256", [bad, "algorithm-unsupported", SIGNATURE], "alg HS256",
         {"header": lambda h: {**h, "alg": "HS256"}}),
        ("alg-es256", [bad, "attestation-algorithm-mismatch", SIGNATURE],
         "alg ES256, an RSA certificate", {"header": lambda h: {**h, "alg": "ES256"}}),
        ("alg-missing", bad, "no alg", {"header": drop("alg")}),
        ("x5c-missing", bad, "no certificates", {"header": drop("x5c")}),
        ("x5c-empty", bad, "an empty list of certificates", {"header": lambda h: {**h, "x5c": []}}),
        ("x5c-text", bad, "one certificate, not in a list",
         {"header": lambda h: {**h, "x5c": h["x5c"][0]}}),
        ("x5c-number", bad, "a number among the certificates",
         {"header": lambda h: {**h, "x5c": [1]}}),
        ("x5c-garbage", [bad, "certificate-malformed"], "a certificate that is none",
         {"header": lambda h: {**h, "x5c": ["AAAA"]}}),
        ("x5c-other", [SIGNATURE, host, "certificate-key", "attestation-algorithm-mismatch"],
         "the certificate of another key",
         {"header": lambda h: {**h, "x5c": [b64(x509.ROOT.der)]}}),
        ("critical-header", bad, "a critical header that nobody knows",
         {"header": lambda h: {**h, "crit": ["x"], "x": 1}}),
        ("signature-changed", SIGNATURE, "a signature with a letter changed",
         {"jws": part(2, lambda s: ("B" if s[0] != "B" else "C") + s[1:])}),
        ("signature-missing", [SIGNATURE, bad], "no signature", {"jws": part(2, lambda s: "")}),
        ("payload-changed", SIGNATURE, "a payload changed after signing", {"jws": part(
            1, lambda p: b64url(_unb64(p).replace(b"gms", b"gmz")))}),
        ("two-parts", bad, "two parts", {"jws": lambda t: t.rsplit(".", 1)[0]}),
        ("four-parts", bad, "four parts", {"jws": lambda t: t + ".AAAA"}),
        ("no-dots", bad, "no parts", {"jws": lambda t: t.replace(".", "")}),
        ("padding", bad, "padding", {"jws": part(0, lambda p: p + "=" * (-len(p) % 4 or 4))}),
        ("white-space", bad, "a newline at the end", {"jws": lambda t: t + "\n"}),
        ("empty", bad, "no response", {"jws": lambda t: ""}),
        ("header-not-json", bad, "a header that is no JSON",
         {"jws": part(0, lambda p: b64url(b"not json"))}),
        ("payload-array", bad, "a payload that is an array", {"payload": lambda p: [p]}),
        ("version-empty", bad, "an empty version", {"version": ""}),
    ]
    for row, reason, description, knobs in rows:
        cases.invalid(f"android-safetynet-{row}", reason, f"android-safetynet: {description}",
                      make(safetynet(**knobs)))
    statement_forms(cases, fmt, lambda tweak: make(safetynet(), tweak=tweak),
                    ["ver", "response"])
    cases.invalid("android-safetynet-untrusted", "attestation-untrusted",
                  "an anchor that issued nothing here",
                  make(safetynet(), line=anchored(x509.OTHER_ROOT.der)))


def _unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def apples(cases):
    def make(statement, public=None, line=None, tweak=None):
        return registration(public, statement, "apple", flags=UP | UV | AT, line=line, tweak=tweak)

    cases.valid("apple", "apple", make(apple(), line=TRUSTED), fmt="apple",
                attestationType="AnonCA", trusted="yes")
    cases.valid("apple-es384", "an ES384 credential", make(apple(), key("ES384")))
    nonce, mismatch = "apple-nonce", "attestation-key-mismatch"
    rows = [
        ("nonce-other", nonce, "another nonce", {"nonce": lambda n: n[::-1]}),
        ("nonce-short", nonce, "a nonce a byte short", {"nonce": lambda n: n[:-1]}),
        ("nonce-long", nonce, "a nonce a byte long", {"nonce": lambda n: n + b"\0"}),
        ("nonce-empty", nonce, "an empty nonce", {"nonce": lambda n: b""}),
        ("nonce-hashed-twice", nonce, "the hash of the nonce",
         {"nonce": lambda n: hashlib.sha256(n).digest()}),
        ("no-extension", nonce, "no nonce", {"extensions": []}),
        ("nonce-bare", nonce, "the nonce not wrapped", {"wrap": lambda n: n}),
        ("nonce-octets", nonce, "the nonce in an octet string only", {"wrap": der.octets}),
        ("nonce-other-tag", nonce, "the nonce under another tag",
         {"wrap": lambda n: der.sequence(der.explicit(2, der.octets(n)))}),
        ("nonce-trailing", nonce, "a byte after the nonce's extension",
         {"wrap": lambda n: der.sequence(der.explicit(1, der.octets(n))) + b"\0"}),
        ("nonce-second", nonce, "a second nonce beside the right one",
         {"wrap": lambda n: der.sequence(der.explicit(1, der.octets(n)),
                                         der.explicit(1, der.octets(bytes(32))))}),
        ("other-key", mismatch, "the certificate of another key",
         {"subject_key": key("ES256", "another")}),
        ("other-curve", mismatch, "the certificate of a key on another curve",
         {"subject_key": key("ES384")}),
        ("other-type", mismatch, "the certificate of an RSA key", {"subject_key": key("RS256")}),
    ]
    for row, reason, description, knobs in rows:
        cases.invalid(f"apple-{row}", reason, f"apple: {description}", make(apple(**knobs)))
    statement_forms(cases, "apple", lambda tweak: make(apple(), tweak=tweak), ["x5c"])
    certificate_forms(cases, "apple", lambda tweak: make(apple(), tweak=tweak))
    cases.invalid("apple-untrusted", "attestation-untrusted", "an anchor that issued nothing here",
                  make(apple(), line=anchored(x509.OTHER_ROOT.der)))


def add(cases):
    for part in (tpm_good, tpm_bad, android, safety, apples):
        part(cases)
