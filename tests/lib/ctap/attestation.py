# SPDX-License-Identifier: BSD-2-Clause
"""The maker's side of attestation: a root, and one batch certificate for each model (AAGUID)."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID, ObjectIdentifier

from .credential import key_pem

AAGUID_EXTENSION = ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")  # WebAuthn section 8.2.1
_NOT_BEFORE = datetime.datetime(2020, 1, 1)
_NOT_AFTER = datetime.datetime(2099, 12, 31)


def _name(unit, common_name):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Software Authenticator"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(subject, issuer, public_key):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
    )


class Authority:
    """The attestation root; issues batch certificates."""

    def __init__(self, key, certificate):
        self.key, self.certificate = key, certificate

    @classmethod
    def create(cls):
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Authenticator Attestation CA", "Software Authenticator Root")
        certificate = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    @classmethod
    def from_json(cls, value):
        key = load_pem_private_key(value["key"].encode(), None)
        return cls(key, x509.load_pem_x509_certificate(value["certificate"].encode()))

    def to_json(self):
        return {"key": key_pem(self.key), "certificate": self.pem()}

    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, aaguid):
        """A new batch key and its certificate, DER. aaguid None: a U2F key, which has none."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name("Authenticator Attestation", "Software Authenticator Batch")
        builder = _builder(subject, self.certificate.subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        if aaguid is not None:
            value = x509.UnrecognizedExtension(AAGUID_EXTENSION, b"\x04\x10" + aaguid)
            builder = builder.add_extension(value, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return key, certificate.public_bytes(Encoding.DER)


_CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
