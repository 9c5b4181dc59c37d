# SPDX-License-Identifier: BSD-2-Clause
"""A browser and its authenticator, as far as a relying party can see them."""

import base64
import hashlib
import json
import os
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
ES256, EDDSA, RS256 = -7, -8, -257


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fixed(number, size):
    return number.to_bytes(size, "big")


class Passkey:
    def __init__(self, algorithm=ES256):
        self.algorithm = algorithm
        self.id = os.urandom(32)
        self.user_handle = None
        self.aaguid = bytes(16)
        self.counter = 0
        if algorithm == ES256:
            self.key = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == EDDSA:
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa.generate_private_key(65537, 2048)

    def cose(self):
        public = self.key.public_key()
        if self.algorithm == ES256:
            point = public.public_numbers()
            return {1: 2, 3: ES256, -1: 1, -2: fixed(point.x, 32), -3: fixed(point.y, 32)}
        if self.algorithm == EDDSA:
            return {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()
                    if hasattr(public, "public_bytes_raw") else raw(public)}
        numbers = public.public_numbers()
        return {1: 3, 3: RS256, -1: fixed(numbers.n, 256), -2: fixed(numbers.e, 3)}

    def sign(self, data):
        if self.algorithm == ES256:
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == EDDSA:
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def raw(public):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def client_data(kind, challenge, origin, **more):
    data = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **more}
    return json.dumps(data, separators=(",", ":")).encode()


def authenticator_data(rp_id, flags, counter, rest=b""):
    return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, counter) + rest


def register(options, passkey, origin=None, attestation="none", flags=UP | UV | AT):
    """RegistrationResponseJSON, as a string, for a PublicKeyCredentialCreationOptionsJSON."""
    if isinstance(options, str):
        options = json.loads(options)
    rp_id = options["rp"]["id"]
    data = client_data("webauthn.create", options["challenge"], origin or "https://" + rp_id)
    public = cbor2.dumps(passkey.cose())
    attested = passkey.aaguid + struct.pack(">H", len(passkey.id)) + passkey.id + public
    auth = authenticator_data(rp_id, flags, passkey.counter, attested)
    statement = {}
    if attestation == "packed":
        signature = passkey.sign(auth + hashlib.sha256(data).digest())
        statement = {"alg": passkey.algorithm, "sig": signature}
    passkey.user_handle = options["user"]["id"]
    made = {"fmt": attestation, "attStmt": statement, "authData": auth}
    return json.dumps({
        "id": encode(passkey.id), "rawId": encode(passkey.id), "type": "public-key",
        "authenticatorAttachment": "platform", "clientExtensionResults": {},
        "response": {"clientDataJSON": encode(data), "attestationObject": encode(cbor2.dumps(made)),
                     "authenticatorData": encode(auth), "transports": ["internal"],
                     "publicKeyAlgorithm": passkey.algorithm}})


def sign_in(options, passkey, origin=None, flags=UP | UV, spoil=False):
    """AuthenticationResponseJSON, as a string, for a PublicKeyCredentialRequestOptionsJSON."""
    if isinstance(options, str):
        options = json.loads(options)
    rp_id = options["rpId"]
    passkey.counter += 1
    data = client_data("webauthn.get", options["challenge"], origin or "https://" + rp_id)
    auth = authenticator_data(rp_id, flags, passkey.counter)
    signature = passkey.sign(auth + hashlib.sha256(data).digest())
    if spoil:
        auth = authenticator_data(rp_id, flags, passkey.counter + 1)
    return json.dumps({
        "id": encode(passkey.id), "rawId": encode(passkey.id), "type": "public-key",
        "authenticatorAttachment": "platform", "clientExtensionResults": {},
        "response": {"clientDataJSON": encode(data), "authenticatorData": encode(auth),
                     "signature": encode(signature), "userHandle": passkey.user_handle}})
