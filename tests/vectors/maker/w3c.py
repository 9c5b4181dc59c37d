# SPDX-License-Identifier: BSD-2-Clause
"""The test vectors of WebAuthn Level 3, section "Test Vectors", derived anew as that section says.

All values follow from the derivation, RFC 6979 and the structure of each example. Compared byte for
byte with print: the root certificate, packed.ES256 and packed.EdDSA, the authentications of
none.ES256, packed-self.ES256, packed.RS256 and fido-u2f.ES256, the certificate of
android-key.ES256.
"""
import hashlib
import json

from . import cbor, der, statements, x509
from .ceremony import AT, BE, BS, UP, UV, attested_data, authenticator_data, b64, b64url, sha256
from .collect import W3C
from .keys import EcKey, EdKey, RsaKey
from .seed import derive_w3c

RP_ID, ORIGIN, TOP_ORIGIN = "example.org", "https://example.org", "https://example.com"
NAMES = {"cn": "WebAuthn test vectors", "o": "W3C", "c": "AA"}

class Stream:
    """The values of one example, each from the next salt."""

    def __init__(self, info):
        self.info, self.index = info, 0

    def next(self, length):
        value = derive_w3c(self.info, self.index, length)
        self.index += 1
        return value


def name(unit):
    return x509.name((x509.CN, NAMES["cn"]), (x509.O, NAMES["o"]), (x509.OU, unit),
                     (x509.C, NAMES["c"]))


def key_identifier(public):
    return hashlib.sha1(b"\4" + public.x + public.y).digest()


def certificate(subject, public, signer, serial, usage, ca, more=()):
    extensions = [x509.basic_constraints(ca), x509.key_usage(usage),
                  x509.extension("2.5.29.14", der.octets(key_identifier(public)))]
    if not ca:
        extensions.append(x509.extension(
            "2.5.29.35", der.sequence(der.tlv(0x80, key_identifier(signer)))))
    return x509.certificate(subject, name("Authenticator Attestation CA"), public, signer,
                            [*extensions, *more], serial=int.from_bytes(serial, "big"),
                            not_before="2024-01-01", not_after="3024-01-01")


def root():
    stream = Stream("Attestation CA")
    key = EcKey(int.from_bytes(stream.next(32), "big"), -7, 1, "sha256")
    return key, certificate(name("Authenticator Attestation CA"), key, key, stream.next(16), 0x06,
                            True)


def client_data(stream, kind, challenge, cross=False, top=False):
    flags = stream.next(1)[0]
    members = {"type": kind, "challenge": b64url(challenge), "origin": ORIGIN,
               "crossOrigin": cross}
    if top:
        members["topOrigin"] = TOP_ORIGIN
    if flags & 1:
        members["extraData"] = (
            "clientDataJSON may be extended with additional fields in the future, "
            f"such as this: {b64url(stream.next(16))}")
    return json.dumps(members, separators=(",", ":")).encode()


def attestation_key(stream):
    return EcKey(int.from_bytes(stream.next(32), "big"), -7, 1, "sha256")


def packed(stream, authority, data, client_hash, _key):
    signer = attestation_key(stream)
    made = certificate(name("Authenticator Attestation"), signer, authority, stream.next(16), 0x80,
                       False)
    return {"alg": -7, "sig": signer.sign(data + client_hash), "x5c": [made]}


def packed_self(_stream, _authority, data, client_hash, key):
    return {"alg": key.alg, "sig": key.sign(data + client_hash)}


def tpm(stream, authority, data, client_hash, key):
    area = statements.pub_area(key, attributes=1 << 18)
    info = statements.cert_info(
        sha256(data + client_hash), statements.u16(0x000B) + sha256(area),
        clock=bytes.fromhex("0000000000000000111111112222222233"))
    signer = attestation_key(stream)
    parts = sorted(der.sequence(der.oid(f"2.23.133.2.{i}"), der.utf8(text)) for i, text in
                   ((1, "id:00000000"), (2, NAMES["cn"]), (3, "id:00000000")))
    alt = der.sequence(der.explicit(4, der.sequence(der.set_of(*parts))))
    made = certificate(x509.name(), signer, authority, stream.next(16), 0x80, False, [
        statements.extended_key_usage(statements.EKU_AIK), x509.extension("2.5.29.17", alt, True)])
    return {"alg": -7, "sig": signer.sign(info), "ver": "2.0", "x5c": [made], "pubArea": area,
            "certInfo": info}


def android_key(stream, authority, data, client_hash, key):
    description = der.sequence(
        der.integer(300), der.integer(0), der.integer(0), der.integer(0), der.octets(client_hash),
        der.octets(b""), der.sequence(), der.sequence())
    made = certificate(name("Authenticator Attestation"), key, authority, stream.next(16), 0x80,
                       False, [x509.extension(statements.ANDROID_OID, description)])
    return {"alg": -7, "sig": key.sign(data + client_hash), "x5c": [made]}


def apple(stream, authority, data, client_hash, key):
    nonce = der.sequence(der.explicit(1, der.octets(sha256(data + client_hash))))
    made = certificate(name("Authenticator Attestation"), key, authority, stream.next(16), 0x80,
                       False, [x509.extension(statements.APPLE_OID, nonce)])
    return {"x5c": [made]}


def fido_u2f(stream, authority, data, client_hash, key):
    signer = attestation_key(stream)
    made = certificate(name("Authenticator Attestation"), signer, authority, stream.next(16), 0x80,
                       False)
    message = b"\0" + data[:32] + client_hash + data[55:87] + b"\4" + key.x + key.y
    return {"sig": signer.sign(message), "x5c": [made]}


def none(*_):
    return {}


def elliptic(alg, crv, hash_name, size):
    return lambda stream: EcKey(int.from_bytes(stream.next(size), "big"), alg, crv, hash_name)


ES256 = elliptic(-7, 1, "sha256", 32)
EXAMPLES = [
    # info, format, statement, key, more
    ("none.ES256", "none", none, ES256, {}),
    ("packed-self.ES256", "packed", packed_self, ES256, {}),
    ("none.ES256.crossOrigin", "none", none, ES256, {"cross": True}),
    ("none.ES256.topOrigin", "none", none, ES256, {"cross": True, "top": True}),
    ("none.ES256.long-credential-id", "none", none, ES256, {"id_length": 1023}),
    ("packed.ES256", "packed", packed, ES256, {}),
    ("packed.ES384", "packed", packed, elliptic(-35, 2, "sha384", 48), {}),
    ("packed.ES512", "packed", packed, elliptic(-36, 3, "sha512", 65), {"challenge_length": 128}),
    ("packed.RS256", "packed", packed, lambda stream: RsaKey(
        "", -257, "sha256", primes=(2**1279 - 1, 2**2203 - 1)), {}),
    ("packed.EdDSA", "packed", packed, lambda stream: EdKey(stream.next(32), -8, 6), {}),
    ("packed.Ed448", "packed", packed, lambda stream: EdKey(stream.next(57), -53, 7), {}),
    ("tpm.ES256", "tpm", tpm, ES256, {}),
    ("android-key.ES256", "android-key", android_key, ES256, {}),
    ("apple.ES256", "apple", apple, ES256, {}),
    ("fido-u2f.ES256", "fido-u2f", fido_u2f, ES256, {}),
]


def example(authority, info, fmt, statement, make_key, cross=False, top=False, id_length=32,
            challenge_length=32):
    """Registration and authentication of one example, as the bytes that the section prints."""
    stream = Stream(info)
    challenge = stream.next(challenge_length)
    key = make_key(stream)
    client = client_data(stream, "webauthn.create", challenge, cross, top)
    aaguid, credential_id = stream.next(16), stream.next(id_length)
    bits = 0 if fmt == "fido-u2f" else stream.next(1)[0] & (UV | BE | BS)
    bits = bits if bits & BE else bits & ~BS
    data = authenticator_data(RP_ID, UP | AT | bits, 0, attested_data(
        aaguid, credential_id, cbor.encode(key.cose())))
    made = statement(stream, authority, data, sha256(client), key)
    out = {"key": key, "id": credential_id, "flags": bits, "challenge": challenge,
           "client": client,
           "object": cbor.encode({"fmt": fmt, "attStmt": made, "authData": data})}
    challenge = stream.next(challenge_length)
    client = client_data(stream, "webauthn.get", challenge, cross, top)
    now = stream.next(1)[0] & (UV | BS)
    now = now | BE if bits & BE else now & ~BS
    data = authenticator_data(RP_ID, UP | now, 0)
    out["get"] = {"challenge": challenge, "client": client, "data": data,
                  "signature": key.sign(data + sha256(client))}
    return out


def line(made, ceremony, challenge, response, cross, top, **more):
    policy = {"userVerification": "preferred", "allowCrossOrigin": cross}
    if top:
        policy["topOrigins"] = [TOP_ORIGIN]
    return {"ceremony": ceremony, "rpId": RP_ID, "origins": [ORIGIN],
            "challenge": b64url(challenge), "policy": policy,
            "verificationTime": "2026-01-01T00:00:00Z", **more,
            "credential": {"id": b64url(made["id"]), "rawId": b64url(made["id"]),
                           "type": "public-key", "clientExtensionResults": {},
                           "response": response}}


def add(cases):
    authority, certificate_der = root()
    for info, fmt, statement, make_key, more in EXAMPLES:
        made = example(authority, info, fmt, statement, make_key, **more)
        cross, top = more.get("cross", False), more.get("top", False)
        key = made["key"]
        attested = statement not in (none, packed_self)
        title = f"w3c-{info.lower()}-registration"
        about = f"the specification's {info}, registration"
        registration = line(made, "registration", made["challenge"],
                            {"clientDataJSON": b64url(made["client"]),
                             "attestationObject": b64url(made["object"])}, cross, top,
                            trustAnchors=[b64(certificate_der)] if attested else [])
        if statement == android_key:  # its lists are empty, against the section that defines them
            cases.invalid(title, "android-key-origin", about, registration, origin=W3C)
        else:
            cases.valid(title, about, registration, origin=W3C, fmt=fmt, alg=key.alg,
                        trusted="yes" if attested else "no")
        get = made["get"]
        cases.valid(f"w3c-{info.lower()}-authentication",
                    f"the specification's {info}, authentication",
                    line(made, "authentication", get["challenge"],
                         {"clientDataJSON": b64url(get["client"]),
                          "authenticatorData": b64url(get["data"]),
                          "signature": b64url(get["signature"])}, cross, top,
                         allowCredentials=[b64url(made["id"])],
                         record={"id": b64url(made["id"]),
                                 "publicKey": b64url(cbor.encode(key.cose())), "signCount": 0,
                                 "backupEligible": bool(made["flags"] & BE),
                                 "backupState": bool(made["flags"] & BS), "userHandle": "AA"}),
                    origin=W3C, alg=key.alg)
