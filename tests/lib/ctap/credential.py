# SPDX-License-Identifier: BSD-2-Clause
"""Credential key pairs and the credential ids that carry them.

A credential that is not resident leaves nothing in the key: its id is the private key, encrypted
with the key's own secret and bound to the relying party.
"""

import functools
import os
import random
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ES256, EDDSA, ES384, RS256 = -7, -8, -35, -257
ALGORITHMS = (ES256, EDDSA, ES384, RS256)
_CURVES = {
    ES256: (ec.SECP256R1(), hashes.SHA256(), 1, 32),
    ES384: (ec.SECP384R1(), hashes.SHA384(), 2, 48),
}
_RSA_EXPONENT = 65537
_NONCE_SIZE = 12


def new_secret(algorithm):
    """A new private key as bytes: the scalar, the Ed25519 seed, or the two RSA primes."""
    if algorithm in _CURVES:
        curve, _, _, size = _CURVES[algorithm]
        return ec.generate_private_key(curve).private_numbers().private_value.to_bytes(size, "big")
    if algorithm == EDDSA:
        return os.urandom(32)
    return b"".join(random.sample(_rsa_primes(), 2))


@functools.cache
def _rsa_primes():
    """Known to everybody: new ones can take so long that the key seems to have stopped answering,
    and that belongs to no test of RSA."""
    with open(os.path.join(os.path.dirname(__file__), "rsa_primes.txt"), encoding="ascii") as file:
        return [bytes.fromhex(line) for line in file]


def _rsa_key(secret):
    p, q = int.from_bytes(secret[:128], "big"), int.from_bytes(secret[128:], "big")
    d = pow(_RSA_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_RSA_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    ).private_key()


@functools.lru_cache(maxsize=4096)
def private_key(algorithm, secret):
    if algorithm in _CURVES:
        return ec.derive_private_key(int.from_bytes(secret, "big"), _CURVES[algorithm][0])
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    return _rsa_key(secret)


def sign(algorithm, secret, message):
    key = private_key(algorithm, secret)
    if algorithm in _CURVES:
        return key.sign(message, ec.ECDSA(_CURVES[algorithm][1]))
    if algorithm == EDDSA:
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def cose_key(algorithm, secret):
    """The public key as a COSE_Key map (RFC 9053, WebAuthn section 5.8.5)."""
    public = private_key(algorithm, secret).public_key()
    if algorithm in _CURVES:
        _, _, curve, size = _CURVES[algorithm]
        numbers = public.public_numbers()
        x, y = numbers.x.to_bytes(size, "big"), numbers.y.to_bytes(size, "big")
        return {1: 2, 3: algorithm, -1: curve, -2: x, -3: y}
    if algorithm == EDDSA:
        return {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes(Encoding.Raw, PublicFormat.Raw)}
    modulus = public.public_numbers().n.to_bytes(256, "big")
    return {1: 3, 3: RS256, -1: modulus, -2: _RSA_EXPONENT.to_bytes(3, "big")}


def uncompressed_point(secret):
    """A P-256 public key as U2F wants it: 0x04, x, y."""
    return private_key(ES256, secret).public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )


def key_pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class Credential:
    """What a key knows of one credential; user is None when it is not resident."""

    credential_id: bytes
    algorithm: int
    secret: bytes = field(repr=False)
    protection: int = 1  # credProtect level, CTAP 2.1 section 12.1
    rp: dict = None
    user: dict = None

    @property
    def resident(self):
        return self.user is not None

    def descriptor(self):
        return {"id": self.credential_id, "type": "public-key"}

    def to_json(self):
        user = dict(self.user, id=self.user["id"].hex())
        return {
            "id": self.credential_id.hex(),
            "algorithm": self.algorithm,
            "secret": self.secret.hex(),
            "protection": self.protection,
            "rp": self.rp,
            "user": user,
        }

    @classmethod
    def from_json(cls, value):
        user = dict(value["user"], id=bytes.fromhex(value["user"]["id"]))
        return cls(
            bytes.fromhex(value["id"]),
            value["algorithm"],
            bytes.fromhex(value["secret"]),
            value["protection"],
            value["rp"],
            user,
        )


def wrap(wrapping_key, rp_id_hash, algorithm, secret, protection):
    """The id of a credential that is not resident."""
    nonce = os.urandom(_NONCE_SIZE)
    plain = bytes([ALGORITHMS.index(algorithm), protection]) + secret
    return nonce + AESGCM(wrapping_key).encrypt(nonce, plain, rp_id_hash)


def unwrap(wrapping_key, rp_id_hash, credential_id):
    """The credential behind an id, or None: another key's, another relying party's, or altered."""
    try:
        plain = AESGCM(wrapping_key).decrypt(
            credential_id[:_NONCE_SIZE], credential_id[_NONCE_SIZE:], rp_id_hash
        )
    except (InvalidTag, ValueError):
        return None
    return Credential(credential_id, ALGORITHMS[plain[0]], plain[2:], plain[1])
