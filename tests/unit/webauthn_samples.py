#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes webauthn_samples.h: keys, signatures and certificates for the unit tests, all in hex.

A second implementation (Python's cryptography) makes them. Run by hand; the header is kept in the
repository because the signatures are different ones each time.
"""
import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, padding, rsa, utils
from cryptography.x509.oid import NameOID

RP_ID = "example.org"
ORIGIN = "https://example.org"
CHALLENGE_B64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"  # bytes 0 to 31
CREDENTIAL_ID = bytes(range(0x40, 0x50))
AAGUID = bytes(range(0xA0, 0xB0))
DATES = datetime.datetime(2024, 1, 1), datetime.datetime(2034, 1, 1)


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    if value < 256:
        return bytes([major << 5 | 24, value])
    return bytes([major << 5 | 25]) + value.to_bytes(2, "big")


def cbor(item):
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return head(4, len(item)) + b"".join(map(cbor, item))
    return head(5, len(item)) + b"".join(cbor(k) + cbor(v) for k, v in item.items())


def show(name, value):
    text = value if isinstance(value, str) else value.hex()
    lines = [text[i:i + 92] for i in range(0, len(text), 92)] or [""]
    body = "\n    ".join(f'"{line}"' for line in lines)
    print(f"static const char {name}[] __attribute__((unused)) =\n    {body};")


def client_data(kind):
    return (f'{{"type":"{kind}","challenge":"{CHALLENGE_B64}","origin":"{ORIGIN}",'
            '"crossOrigin":false}')


def auth_data(flags, count, rest=b""):
    return (hashlib.sha256(RP_ID.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big") +
            rest)


def raw(key, kind=serialization.PublicFormat.Raw):
    return key.public_key().public_bytes(serialization.Encoding.Raw, kind)


def ec_cose(key, alg, curve, size):
    n = key.public_key().public_numbers()
    x, y = n.x.to_bytes(size, "big"), n.y.to_bytes(size, "big")
    return cbor({1: 2, 3: alg, -1: curve, -2: x, -3: y})


def name(common, unit="Authenticator Attestation"):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "AA"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "passkeyd tests"),
                      x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certificate(subject, key, issuer, issuer_key, ca, extension=None):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(7).not_valid_before(DATES[0])
            .not_valid_after(DATES[1])
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
    if extension:
        number, value, critical = extension
        oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.45724.1.1.{number}")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def intermediate(subject, key, issuer, issuer_key, constrained):
    """An authority by its key usage, and where constrained, by its basic constraints too."""
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
               .public_key(key.public_key()).serial_number(8).not_valid_before(DATES[0])
               .not_valid_after(DATES[1]).add_extension(usage, critical=True))
    if constrained:
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def main():
    sha256 = ec.ECDSA(hashes.SHA256())
    key = ec.derive_private_key(0x1234567, ec.SECP256R1())
    cose = ec_cose(key, -7, 1, 32)
    get_hash = hashlib.sha256(client_data("webauthn.get").encode()).digest()
    create_hash = hashlib.sha256(client_data("webauthn.create").encode()).digest()

    print("/* SPDX-License-Identifier: BSD-2-Clause */")
    print("/* Made by webauthn_samples.py; everything in hex but the client data. */")
    print("#ifndef PK_TESTS_WEBAUTHN_SAMPLES_H\n#define PK_TESTS_WEBAUTHN_SAMPLES_H\n")
    show("sample_client_data_create", client_data("webauthn.create").replace('"', '\\"'))
    show("sample_client_data_get", client_data("webauthn.get").replace('"', '\\"'))
    show("sample_credential_id", CREDENTIAL_ID)
    show("sample_es256_key", cose)

    data = auth_data(0x05, 5)
    show("sample_assertion_data", data)
    show("sample_assertion_signature", key.sign(data + get_hash, sha256))
    extended = auth_data(0x85, 5, cbor({"x": 1}))
    show("sample_extended_data", extended)
    show("sample_extended_signature", key.sign(extended + get_hash, sha256))
    u2f = hashlib.sha256(b"https://u2f.example.org").digest() + data[32:]
    show("sample_appid_data", u2f)
    show("sample_appid_signature", key.sign(u2f + get_hash, sha256))

    attested = AAGUID + len(CREDENTIAL_ID).to_bytes(2, "big") + CREDENTIAL_ID + cose
    created = auth_data(0x45, 0, attested)
    show("sample_attested_data", created)
    show("sample_self_signature", key.sign(created + create_hash, sha256))
    root_key = ec.derive_private_key(0x7654321, ec.SECP256R1())
    leaf_key = ec.derive_private_key(0xabcdef, ec.SECP256R1())
    root = name("Test root", "CA")
    show("sample_root", certificate(root, root_key, root, root_key, True))
    show("sample_leaf", certificate(name("Test key"), leaf_key, root, root_key, False))
    show("sample_packed_signature", leaf_key.sign(created + create_hash, sha256))

    middle_key = ec.derive_private_key(0x13579b, ec.SECP256R1())
    middle = name("Test intermediate", "CA")
    for what, constrained in (("middle", True), ("middle_unconstrained", False)):
        show(f"sample_{what}", intermediate(middle, middle_key, root, root_key, constrained))
    show("sample_leaf_below", certificate(name("Test key"), leaf_key, middle, middle_key, False))
    show("sample_impostor", certificate(root, leaf_key, root, leaf_key, True))
    for what, *extension in (("aaguid", 4, b"\x04\x10" + AAGUID, False),
                             ("aaguid_critical", 4, b"\x04\x10" + AAGUID, True),
                             ("aaguid_bare", 4, AAGUID, False),
                             ("firmware", 5, b"\x02\x01\x2a", False),
                             ("firmware_critical", 5, b"\x02\x01\x2a", True),
                             ("firmware_negative", 5, b"\x02\x01\xff", False),
                             ("firmware_text", 5, b"\x0c\x01\x2a", False),
                             ("serial", 2, b"\x04\x01\x2a", False),
                             ("serial_critical", 2, b"\x04\x01\x2a", True),
                             ("serial_bare", 2, b"\x2a", False)):
        show(f"sample_leaf_{what}", certificate(name("Test key"), leaf_key, root, root_key, False,
                                                extension))

    print("\n/* A key of each kind and its signature over \"message\". */")
    show("sample_message_es256", key.sign(b"message", sha256))
    for alg, curve, crv, size, digest in ((-35, ec.SECP384R1, 2, 48, hashes.SHA384),
                                          (-36, ec.SECP521R1, 3, 66, hashes.SHA512),
                                          (-47, ec.SECP256K1, 8, 32, hashes.SHA256)):
        other = ec.derive_private_key(0x1234567, curve())
        show(f"sample_key_{-alg}", ec_cose(other, alg, crv, size))
        show(f"sample_message_{-alg}", other.sign(b"message", ec.ECDSA(digest())))
    ed = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    show("sample_key_8", cbor({1: 1, 3: -8, -1: 6, -2: raw(ed)}))
    show("sample_message_8", ed.sign(b"message"))
    ed = ed448.Ed448PrivateKey.from_private_bytes(bytes(range(57)))
    show("sample_key_53", cbor({1: 1, 3: -53, -1: 7, -2: raw(ed)}))
    show("sample_message_53", ed.sign(b"message"))
    big = rsa.generate_private_key(65537, 2048)
    n = big.public_key().public_numbers().n.to_bytes(256, "big")
    for alg, pad in ((-257, padding.PKCS1v15()),
                     (-37, padding.PSS(padding.MGF1(hashes.SHA256()), 32))):
        show(f"sample_key_{-alg}", cbor({1: 3, 3: alg, -1: n, -2: b"\1\0\1"}))
        show(f"sample_message_{-alg}", big.sign(b"message", pad, hashes.SHA256()))
    show("sample_message_37_salt_20",
         big.sign(b"message", padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256()))
    # r or s as a signature could be without them
    r, s = utils.decode_dss_signature(key.sign(b"message", sha256))
    show("sample_message_zero_r", utils.encode_dss_signature(0, s))
    show("sample_message_zero_s", utils.encode_dss_signature(r, 0))
    print("\n#endif")


main()
