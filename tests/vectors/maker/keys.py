# SPDX-License-Identifier: BSD-2-Clause
"""Key pairs of every COSE algorithm, derived from seeds, signing the same way on every run.

Points and curves come from Python's cryptography; ECDSA nonces (RFC 6979), RSA primes and PSS salts
are made here so that nothing depends on chance.
"""
import functools
import hashlib
import hmac

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, padding, rsa

from . import der
from .seed import derive

CURVES = {
    # COSE curve: (class, order, bytes of a coordinate, prime of the field)
    1: (ec.SECP256R1(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, 32,
        2**256 - 2**224 + 2**192 + 2**96 - 1),
    2: (ec.SECP384R1(), 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D, 48,
        2**384 - 2**128 - 2**96 + 2**32 - 1),
    3: (ec.SECP521R1(),
        2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7, 66,
        2**521 - 1),
    8: (ec.SECP256K1(), 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141, 32,
        2**256 - 2**32 - 977),
}
HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(),
          "sha512": hashes.SHA512()}


def signature_der(r, s):
    return der.sequence(der.integer(r), der.integer(s))


class EcKey:
    """ECDSA over one of CURVES."""

    kty = 2

    def __init__(self, seed, alg, crv, hash_name):
        self.alg, self.crv, self.hash_name = alg, crv, hash_name
        self.curve, self.order, self.size, self.prime = CURVES[crv]
        scalar = seed if isinstance(seed, int) else int.from_bytes(
            derive(seed, self.size + 8), "big")
        self.d = scalar % self.order
        self.private = ec.derive_private_key(self.d, self.curve)
        numbers = self.private.public_key().public_numbers()
        self.x = numbers.x.to_bytes(self.size, "big")
        self.y = numbers.y.to_bytes(self.size, "big")

    def cose(self):
        return {1: 2, 3: self.alg, -1: self.crv, -2: self.x, -3: self.y}

    def spki(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def _nonce(self, digest):
        """RFC 6979 section 3.2."""
        order_bits = self.order.bit_length()
        size = (order_bits + 7) // 8

        def to_int(data):
            value = int.from_bytes(data, "big")
            return value >> max(0, len(data) * 8 - order_bits)

        name = self.hash_name
        known = self.d.to_bytes(size, "big") + (to_int(digest) % self.order).to_bytes(size, "big")
        width = hashlib.new(name).digest_size
        v, k = b"\1" * width, b"\0" * width
        for mark in b"\0\1":
            k = hmac.digest(k, v + bytes([mark]) + known, name)
            v = hmac.digest(k, v, name)
        while True:
            t = b""
            while len(t) < size:
                v = hmac.digest(k, v, name)
                t += v
            candidate = to_int(t[:size])
            if 1 <= candidate < self.order:
                return candidate
            k = hmac.digest(k, v + b"\0", name)
            v = hmac.digest(k, v, name)

    def sign_numbers(self, data):
        digest = hashlib.new(self.hash_name, data).digest()
        nonce = self._nonce(digest)
        point = ec.derive_private_key(nonce, self.curve).public_key().public_numbers()
        r = point.x % self.order
        z = int.from_bytes(digest, "big") >> max(0, len(digest) * 8 - self.order.bit_length())
        s = pow(nonce, -1, self.order) * (z + r * self.d) % self.order
        return r, s

    def sign(self, data):
        signature = signature_der(*self.sign_numbers(data))
        self.private.public_key().verify(signature, data, ec.ECDSA(HASHES[self.hash_name]))
        return signature


class EdKey:
    """Ed25519 (crv 6) or Ed448 (crv 7)."""

    kty = 1

    def __init__(self, seed, alg, crv):
        self.alg, self.crv = alg, crv
        kind, size = ((ed25519.Ed25519PrivateKey, 32) if crv == 6
                      else (ed448.Ed448PrivateKey, 57))
        raw = seed if isinstance(seed, bytes) else derive(seed, size)
        self.private = kind.from_private_bytes(raw)
        self.x = self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def cose(self):
        return {1: 1, 3: self.alg, -1: self.crv, -2: self.x}

    def spki(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        return self.private.sign(data)


SMALL = [n for n in range(3, 3000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def _is_prime(candidate):
    if any(candidate % small == 0 for small in SMALL):
        return False
    odd, twos = candidate - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19):
        x = pow(base, odd, candidate)
        if x in (1, candidate - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % candidate
            if x == candidate - 1:
                break
        else:
            return False
    return True


@functools.lru_cache(None)
def _prime(label, bits, e):
    candidate = int.from_bytes(derive(label, bits // 8), "big") | 3 << bits - 2 | 1
    while candidate % e == 1 or not _is_prime(candidate):
        candidate += 2
    return candidate


class RsaKey:
    """RSASSA-PKCS1-v1_5, or PSS where pss is set (RFC 8017)."""

    kty = 3

    def __init__(self, seed, alg, hash_name, pss=False, bits=2048, e=65537, primes=None):
        self.alg, self.hash_name, self.pss, self.e = alg, hash_name, pss, e
        p, q = primes or (_prime(seed + " p", bits // 2, e), _prime(seed + " q", bits // 2, e))
        self.p, self.q, self.n = p, q, p * q
        self.d = pow(e, -1, (p - 1) * (q - 1))
        self.size = (self.n.bit_length() + 7) // 8

    def n_bytes(self):
        return self.n.to_bytes(self.size, "big")

    def e_bytes(self):
        return self.e.to_bytes((self.e.bit_length() + 7) // 8, "big")

    def cose(self):
        return {1: 3, 3: self.alg, -1: self.n_bytes(), -2: self.e_bytes()}

    def spki(self):
        return der.sequence(
            der.sequence(der.oid("1.2.840.113549.1.1.1"), der.null()),
            der.bits(der.sequence(der.integer(self.n), der.integer(self.e))))

    def raw(self, encoded):
        m = int.from_bytes(encoded, "big")
        a = pow(m % self.p, self.d % (self.p - 1), self.p)
        b = pow(m % self.q, self.d % (self.q - 1), self.q)
        h = (a - b) * pow(self.q, -1, self.p) % self.p
        return (b + h * self.q).to_bytes(self.size, "big")

    def pkcs1(self, data, hash_name=None, with_null=True, block=b"\1"):
        hash_name = hash_name or self.hash_name
        number = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1",
                  "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
        info = der.sequence(
            der.sequence(der.oid(number[hash_name]), der.null() if with_null else b""),
            der.octets(hashlib.new(hash_name, data).digest()))
        return self.raw(b"\0" + block + b"\xff" * (self.size - len(info) - 3) + b"\0" + info)

    def pss_signature(self, data, salt_length=None, mask_hash=None):
        """RFC 8017 section 9.1.1."""
        name, mask_hash = self.hash_name, mask_hash or self.hash_name
        width = hashlib.new(name).digest_size
        salt = derive("pss salt", width if salt_length is None else salt_length) \
            if salt_length != 0 else b""
        em_bits = self.n.bit_length() - 1
        em_len = (em_bits + 7) // 8
        h = hashlib.new(name, b"\0" * 8 + hashlib.new(name, data).digest() + salt).digest()
        db = b"\0" * (em_len - len(salt) - width - 2) + b"\1" + salt
        mask = b""
        counter = 0
        while len(mask) < len(db):
            mask += hashlib.new(mask_hash, h + counter.to_bytes(4, "big")).digest()
            counter += 1
        masked = bytearray(a ^ b for a, b in zip(db, mask))
        masked[0] &= 0xFF >> (8 * em_len - em_bits)
        return self.raw((bytes(masked) + h + b"\xbc").rjust(self.size, b"\0"))

    def sign(self, data):
        signature = self.pss_signature(data) if self.pss else self.pkcs1(data)
        if self.hash_name != "sha1" and self.n.bit_length() >= 1024:
            kind = HASHES[self.hash_name]
            public = rsa.RSAPublicNumbers(self.e, self.n).public_key()
            scheme = padding.PSS(padding.MGF1(kind), kind.digest_size) if self.pss \
                else padding.PKCS1v15()
            public.verify(signature, data, scheme, kind)
        return signature


RSA_ONE, RSA_TWO, RSA_CA = "rsa one", "rsa two", "rsa ca"


@functools.lru_cache(None)
def key(name, seed="credential"):
    """The key of that algorithm name; another seed gives another key (RSA: shared primes)."""
    makers = {
        "ES256": lambda: EcKey(seed + name, -7, 1, "sha256"),
        "ES384": lambda: EcKey(seed + name, -35, 2, "sha384"),
        "ES512": lambda: EcKey(seed + name, -36, 3, "sha512"),
        "ES256K": lambda: EcKey(seed + name, -47, 8, "sha256"),
        "ESP256": lambda: EcKey(seed + name, -9, 1, "sha256"),
        "ESP384": lambda: EcKey(seed + name, -51, 2, "sha384"),
        "ESP512": lambda: EcKey(seed + name, -52, 3, "sha512"),
        "EdDSA": lambda: EdKey(seed + name, -8, 6),
        "Ed25519": lambda: EdKey(seed + name, -19, 6),
        "Ed448": lambda: EdKey(seed + name, -53, 7),
    }
    if name in makers:
        return makers[name]()
    rsa_seed = RSA_ONE if seed == "credential" else RSA_TWO
    number = {"RS1": -65535, "RS256": -257, "RS384": -258, "RS512": -259, "PS256": -37,
              "PS384": -38, "PS512": -39}[name]
    hash_name = "sha1" if name == "RS1" else "sha" + name[2:]
    return RsaKey(rsa_seed, number, hash_name, pss=name[0] == "P")


ALL = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA",
       "Ed448", "ES256K", "ESP256", "ESP384", "ESP512", "Ed25519"]
