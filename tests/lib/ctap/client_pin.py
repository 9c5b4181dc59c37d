# SPDX-License-Identifier: BSD-2-Clause
"""PIN/UV auth protocols one and two and authenticatorClientPIN (CTAP 2.1 section 6.5)."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .errors import CtapError, Status

PIN_TRIES = 8
PIN_TRIES_PER_POWER_UP = 3
UV_TRIES = 3
MAKE_CREDENTIAL, GET_ASSERTION, CREDENTIAL_MANAGEMENT = 0x01, 0x02, 0x04  # permissions
_PERMISSIONS = MAKE_CREDENTIAL | GET_ASSERTION | CREDENTIAL_MANAGEMENT
_MIN_CODE_POINTS = 4

_PROTOCOL, _SUBCOMMAND, _KEY_AGREEMENT, _AUTH, _NEW_PIN, _PIN_HASH = 1, 2, 3, 4, 5, 6
_REQUESTED_PERMISSIONS, _RP_ID = 9, 10


def _hmac(key, message):
    return hmac.digest(key, message, "sha256")


def _aes_cbc(key, iv, data, decrypt):
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    context = cipher.decryptor() if decrypt else cipher.encryptor()
    return context.update(data) + context.finalize()


class ProtocolOne:
    number = 1

    def __init__(self):
        self.regenerate()
        self.reset_token()

    def regenerate(self):
        self.key = ec.generate_private_key(ec.SECP256R1())

    def reset_token(self):
        self.token = os.urandom(32)

    def public_key(self):
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return {1: 2, 3: -25, -1: 1, -2: x, -3: y}

    def decapsulate(self, peer):
        """The shared secret with the platform's COSE key."""
        try:
            if peer[1] != 2 or peer[-1] != 1:
                raise CtapError(Status.INVALID_PARAMETER)
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(peer[-2], "big"), int.from_bytes(peer[-3], "big"), ec.SECP256R1()
            )
            z = self.key.exchange(ec.ECDH(), numbers.public_key())
        except (KeyError, TypeError, ValueError):
            raise CtapError(Status.INVALID_PARAMETER) from None
        return self.derive(z)

    def derive(self, z):
        return hashlib.sha256(z).digest()

    def encrypt(self, secret, plain):
        return _aes_cbc(secret, bytes(16), plain, False)

    def decrypt(self, secret, data):
        if len(data) == 0 or len(data) % 16:
            raise CtapError(Status.PIN_AUTH_INVALID)
        return _aes_cbc(secret, bytes(16), data, True)

    def authenticate(self, key, message):
        return _hmac(key, message)[:16]

    def verify(self, key, message, signature):
        return hmac.compare_digest(self.authenticate(key, message), signature)


class ProtocolTwo(ProtocolOne):
    number = 2

    def derive(self, z):
        """HKDF-SHA-256 with a zero salt, twice (section 6.5.7); one block is enough for each."""
        prk = _hmac(bytes(32), z)
        return _hmac(prk, b"CTAP2 HMAC key\x01") + _hmac(prk, b"CTAP2 AES key\x01")

    def encrypt(self, secret, plain):
        iv = os.urandom(16)
        return iv + _aes_cbc(secret[32:], iv, plain, False)

    def decrypt(self, secret, data):
        if len(data) < 32 or len(data) % 16:
            raise CtapError(Status.PIN_AUTH_INVALID)
        return _aes_cbc(secret[32:], data[:16], data[16:], True)

    def authenticate(self, key, message):
        # A shared secret is an HMAC key and an AES key; a token is an HMAC key alone.
        return _hmac(key[:32], message)


class ClientPin:
    """PIN, tries and tokens of one key. state: pin_hash (hex or None), pin_tries, uv_tries."""

    def __init__(self, config, state, save):
        self.config, self.state, self.save = config, state, save
        self.protocols = {}
        self.power_up()

    def power_up(self):
        kinds = {1: ProtocolOne, 2: ProtocolTwo}
        self.protocols = {n: kinds[n]() for n in self.config.pin_protocols}
        self.mismatches = 0
        self.end_token()

    def end_token(self):
        self.permissions, self.rp_id, self.in_use = 0, None, None
        self.user_present = False

    def used(self):
        """After the touch a token is spent (CTAP 2.1 section 6.1.2 step 14); 2.0 kept it."""
        if self.config.tokens:
            self.end_token()

    @property
    def is_set(self):
        return self.state.pin_hash is not None

    def set(self, pin, tries):
        """Puts a PIN in place from outside, with so many tries left."""
        self.state.pin_hash = hashlib.sha256(pin.encode()).digest()[:16].hex()
        self.state.pin_tries = tries
        self.save()

    def protocol(self, number):
        if number is None:
            raise CtapError(Status.MISSING_PARAMETER)
        if number not in self.protocols:
            raise CtapError(Status.INVALID_PARAMETER)
        return self.protocols[number]

    def check_token(self, request, message, permission, rp_id):
        """Verifies pinUvAuthParam of a command. request: (protocol number, param)."""
        number, param = request
        protocol = self.protocol(number)
        if not isinstance(param, bytes):
            raise CtapError(Status.CBOR_UNEXPECTED_TYPE)
        if self.in_use is not protocol or not protocol.verify(protocol.token, message, param):
            raise CtapError(Status.PIN_AUTH_INVALID)
        if not self.permissions & permission:
            raise CtapError(Status.PIN_AUTH_INVALID)
        if self.rp_id is not None and self.rp_id != rp_id:
            raise CtapError(Status.PIN_AUTH_INVALID)
        if self.rp_id is None and permission != CREDENTIAL_MANAGEMENT:
            self.rp_id = rp_id

    def run(self, request, built_in_uv):
        """A subcommand; a generator because user verification by the key itself takes a person."""
        subcommand = request.get(_SUBCOMMAND)
        if subcommand is None:
            raise CtapError(Status.MISSING_PARAMETER)
        if subcommand == 0x06:
            return (yield from self._token_using_uv(request, built_in_uv))
        handlers = {
            0x01: self._pin_retries,
            0x02: self._key_agreement,
            0x03: self._set_pin,
            0x04: self._change_pin,
            0x05: self._token,
            0x07: self._uv_retries,
            0x09: self._token_with_permissions,
        }
        if subcommand not in handlers:
            raise CtapError(Status.INVALID_SUBCOMMAND)
        if subcommand in (0x07, 0x09) and not self.config.tokens:
            raise CtapError(Status.INVALID_SUBCOMMAND)
        return handlers[subcommand](request)

    def _need(self, request, *names):
        for name in names:
            if name not in request:
                raise CtapError(Status.MISSING_PARAMETER)
        return [request[name] for name in names]

    def _pin_retries(self, _request):
        return {3: self.state.pin_tries, 4: self.mismatches >= PIN_TRIES_PER_POWER_UP}

    def _uv_retries(self, _request):
        return {5: self.state.uv_tries}

    def _key_agreement(self, request):
        return {1: self.protocol(request.get(_PROTOCOL)).public_key()}

    def _new_pin_hash(self, protocol, secret, encrypted):
        padded = protocol.decrypt(secret, encrypted)
        if len(padded) != 64:
            raise CtapError(Status.INVALID_PARAMETER)
        pin = padded.rstrip(b"\0")
        try:
            code_points = len(pin.decode())
        except UnicodeDecodeError:
            raise CtapError(Status.PIN_POLICY_VIOLATION) from None
        if code_points < max(_MIN_CODE_POINTS, self.config.min_pin_length) or len(pin) > 63:
            raise CtapError(Status.PIN_POLICY_VIOLATION)
        return hashlib.sha256(pin).digest()[:16].hex()

    def _set_pin(self, request):
        number, peer, param, encrypted = self._need(
            request, _PROTOCOL, _KEY_AGREEMENT, _AUTH, _NEW_PIN
        )
        if self.is_set:
            raise CtapError(Status.PIN_AUTH_INVALID)
        protocol = self.protocol(number)
        secret = protocol.decapsulate(peer)
        if not protocol.verify(secret, encrypted, param):
            raise CtapError(Status.PIN_AUTH_INVALID)
        self.state.pin_hash = self._new_pin_hash(protocol, secret, encrypted)
        self.state.pin_tries = PIN_TRIES
        self.save()

    def _change_pin(self, request):
        number, peer, param, encrypted, pin_hash = self._need(
            request, _PROTOCOL, _KEY_AGREEMENT, _AUTH, _NEW_PIN, _PIN_HASH
        )
        protocol = self.protocol(number)
        self._check_pin_usable()
        secret = protocol.decapsulate(peer)
        if not protocol.verify(secret, encrypted + pin_hash, param):
            raise CtapError(Status.PIN_AUTH_INVALID)
        self._check_pin(protocol, secret, pin_hash)
        self.state.pin_hash = self._new_pin_hash(protocol, secret, encrypted)
        self.config.force_pin_change = False
        self.save()
        for each in self.protocols.values():
            each.reset_token()
        self.end_token()

    def _check_pin_usable(self):
        if not self.is_set:
            raise CtapError(Status.PIN_NOT_SET)
        if self.state.pin_tries == 0:
            raise CtapError(Status.PIN_BLOCKED)
        if self.mismatches >= PIN_TRIES_PER_POWER_UP:
            raise CtapError(Status.PIN_AUTH_BLOCKED)

    def _check_pin(self, protocol, secret, encrypted_hash):
        """Spends a try, gives it back when the PIN was right (section 6.5.5.7)."""
        self.state.pin_tries -= 1
        self.save()
        given = protocol.decrypt(secret, encrypted_hash)
        if hmac.compare_digest(given, bytes.fromhex(self.state.pin_hash)):
            self.state.pin_tries = PIN_TRIES
            self.state.uv_tries = UV_TRIES
            self.mismatches = 0
            self.save()
            return
        protocol.regenerate()
        self.mismatches += 1
        if self.state.pin_tries == 0:
            raise CtapError(Status.PIN_BLOCKED)
        if self.mismatches >= PIN_TRIES_PER_POWER_UP:
            raise CtapError(Status.PIN_AUTH_BLOCKED)
        raise CtapError(Status.PIN_INVALID)

    def _token(self, request):
        if _REQUESTED_PERMISSIONS in request or _RP_ID in request:
            raise CtapError(Status.INVALID_PARAMETER)
        return self._token_for_pin(request, MAKE_CREDENTIAL | GET_ASSERTION, None)

    def _token_with_permissions(self, request):
        permissions, rp_id = self._permissions(request)
        return self._token_for_pin(request, permissions, rp_id)

    def _permissions(self, request):
        (permissions,) = self._need(request, _REQUESTED_PERMISSIONS)
        rp_id = request.get(_RP_ID)
        if permissions == 0:
            raise CtapError(Status.INVALID_PARAMETER)
        if permissions & ~_PERMISSIONS:
            raise CtapError(Status.UNAUTHORIZED_PERMISSION)
        if permissions & (MAKE_CREDENTIAL | GET_ASSERTION) and rp_id is None:
            raise CtapError(Status.MISSING_PARAMETER)
        return permissions, rp_id

    def _token_for_pin(self, request, permissions, rp_id):
        number, peer, pin_hash = self._need(request, _PROTOCOL, _KEY_AGREEMENT, _PIN_HASH)
        protocol = self.protocol(number)
        self._check_pin_usable()
        secret = protocol.decapsulate(peer)
        self._check_pin(protocol, secret, pin_hash)
        if self.config.force_pin_change:
            at_token = self.config.policy_at == "token"
            raise CtapError(Status.PIN_POLICY_VIOLATION if at_token else Status.PIN_INVALID)
        return self._issue(protocol, secret, permissions, rp_id)

    def _token_using_uv(self, request, built_in_uv):
        if not (self.config.tokens and self.config.uv):
            raise CtapError(Status.INVALID_SUBCOMMAND)
        number, peer = self._need(request, _PROTOCOL, _KEY_AGREEMENT)
        permissions, rp_id = self._permissions(request)
        protocol = self.protocol(number)
        secret = protocol.decapsulate(peer)
        yield from built_in_uv()
        answer = self._issue(protocol, secret, permissions, rp_id)
        self.user_present = True
        return answer

    def _issue(self, protocol, secret, permissions, rp_id):
        for each in self.protocols.values():
            each.reset_token()
        self.end_token()
        self.permissions, self.rp_id, self.in_use = permissions, rp_id, protocol
        return {2: protocol.encrypt(secret, protocol.token)}
