# SPDX-License-Identifier: BSD-2-Clause
"""The CTAP2 commands (CTAP 2.1 section 6).

A command is a generator: it yields what it needs a person for (Wait) and goes on when the device
has it, or ends with the CtapError the device throws in: cancelled, timed out.
"""

import enum
import hashlib
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from . import cbor, client_pin, credential
from .credential_management import CredentialManagement
from .errors import CtapError, Status

# libfido2 asks with the number the command had before CTAP 2.1; keys understand both.
_CREDENTIAL_MANAGEMENT = (0x0A, 0x41)
FLAG_UP, FLAG_UV, FLAG_AT, FLAG_ED = 0x01, 0x04, 0x40, 0x80


class Wait(enum.Enum):
    TOUCH = "touch"
    FINGERPRINT = "fingerprint"


def check_type(value, kind, required=True):
    if value is None and not required:
        return value
    if value is None:
        raise CtapError(Status.MISSING_PARAMETER)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise CtapError(Status.CBOR_UNEXPECTED_TYPE)
    return value


class Authenticator:
    """One key's CTAP2 side. save() makes its state last."""

    def __init__(self, config, behaviour, state, save):
        self.config, self.behaviour, self.state, self.save = config, behaviour, state, save
        self.pin = client_pin.ClientPin(config, state, save)
        self.management = CredentialManagement(self)
        self.next_assertions = []

    def power_up(self):
        self.pin.power_up()
        self.management.forget()
        self.next_assertions = []

    def run(self, message):
        """Answers one CTAPHID_CBOR message: status byte and CBOR."""
        try:
            answer = yield from self._command(message)
        except CtapError as error:
            return bytes([error.status])
        return b"\0" + (b"" if answer is None else cbor.encode(answer))

    def _command(self, message):
        if len(message) == 0:
            raise CtapError(Status.INVALID_LENGTH)
        if len(message) > self.config.message_size:
            raise CtapError(Status.REQUEST_TOO_LARGE)
        command = message[0]
        request = self._parse(message[1:])
        if command != 0x08:
            self.next_assertions = []
        if command not in _CREDENTIAL_MANAGEMENT:
            self.management.forget()
        if command == 0x01:
            return (yield from self._make_credential(request))
        if command == 0x02:
            return (yield from self._get_assertion(request))
        if command == 0x04:
            return self.get_info()
        if command == 0x06 and self.config.pin:
            return (yield from self.pin.run(request, self._built_in_uv))
        if command == 0x07:
            return (yield from self._reset())
        if command == 0x08:
            return self._get_next_assertion()
        if command in _CREDENTIAL_MANAGEMENT and self.config.tokens:
            return self.management.run(request)
        if command == 0x0B:
            yield Wait.TOUCH
            return None
        raise CtapError(Status.INVALID_COMMAND)

    def _parse(self, data):
        if data == b"":
            return {}
        try:
            request = cbor.decode(data)
        except cbor.CborError:
            raise CtapError(Status.INVALID_CBOR) from None
        return check_type(request, dict)

    def get_info(self):
        config = self.config
        options = {"rk": config.resident_keys > 0, "up": True, "plat": False}
        if config.pin:
            options["clientPin"] = self.pin.is_set
        if config.uv:
            options["uv"] = True
        if config.tokens:
            options["pinUvAuthToken"] = True
            options["makeCredUvNotRqd"] = not config.always_uv
            options["alwaysUv"] = config.always_uv
            options["credMgmt"] = config.resident_keys > 0
        versions = ["U2F_V2", "FIDO_2_0"] + (["FIDO_2_1"] if config.version == "2.1" else [])
        info = {
            1: versions,
            2: ["credProtect"],
            3: bytes.fromhex(config.aaguid),
            4: options,
            5: config.message_size,
            6: list(config.pin_protocols),
            7: config.credentials_in_list,
            8: 512,
            9: ["usb"],
            10: [{"alg": each, "type": "public-key"} for each in config.algorithms],
        }
        if config.version == "2.1":
            info[13] = config.min_pin_length
            if config.force_pin_change:
                info[12] = True
            info[14] = 1
            info[20] = config.resident_keys - len(self.state.credentials)
        return info

    def _protected(self):
        return self.pin.is_set or self.config.uv

    def _built_in_uv(self):
        """performBuiltInUv (CTAP 2.1 section 6.5.3.1)."""
        if self.state.uv_tries == 0:
            raise CtapError(Status.UV_BLOCKED)
        if (yield Wait.FINGERPRINT):
            self.state.uv_tries = client_pin.UV_TRIES
            return
        self.state.uv_tries -= 1
        self.save()
        raise CtapError(Status.UV_INVALID if self.state.uv_tries else Status.UV_BLOCKED)

    def _selection(self, param):
        """An empty pinUvAuthParam only asks which key the person touches (section 6.1.2)."""
        if param == b"":
            yield Wait.TOUCH
            raise CtapError(Status.PIN_INVALID if self.pin.is_set else Status.PIN_NOT_SET)

    def _check_options(self, options, has_param):
        for value in options.values():
            check_type(value, bool)
        uv = options.get("uv", False) and not has_param
        if uv and not self.config.uv:
            raise CtapError(Status.INVALID_OPTION)
        return uv

    def _verify_user(self, auth, wants_uv, permission, rp_id, message):
        """(UV done, UP done as part of it). auth: (protocol, param)."""
        if auth[1] is not None:
            self.pin.check_token(auth, message, permission, rp_id)
            return True, self.pin.user_present
        if wants_uv:
            try:
                yield from self._built_in_uv()
            except CtapError as error:
                if error.status in (Status.UV_INVALID, Status.UV_BLOCKED):
                    raise CtapError(self._refusal()) from None
                raise
            return True, True
        return False, False

    def _refusal(self):
        """What a request without the verification it needs is told."""
        if self.pin.is_set and self.config.tokens:
            return Status.PUAT_REQUIRED
        return Status.OPERATION_DENIED

    def _make_credential(self, request):
        cdh = check_type(request.get(1), bytes)
        rp = check_type(request.get(2), dict)
        user = check_type(request.get(3), dict)
        parameters = check_type(request.get(4), list)
        options = check_type(request.get(7), dict, required=False) or {}
        auth = (request.get(9), request.get(8))
        rp_id = check_type(rp.get("id"), str)
        check_type(user.get("id"), bytes)
        yield from self._selection(auth[1])
        algorithm = self._choose(parameters)
        wants_uv = self._check_options(options, auth[1] is not None)
        resident = options.get("rk", False)
        if resident and not self.config.resident_keys:
            raise CtapError(Status.UNSUPPORTED_OPTION)
        if not options.get("up", True):
            raise CtapError(Status.INVALID_OPTION)
        if 10 in request:
            raise CtapError(Status.INVALID_PARAMETER)  # enterprise attestation
        if self.config.always_uv and self.config.uv and auth[1] is None:
            wants_uv = True
        self._require_verification(auth, wants_uv, resident)
        uv, present = yield from self._verify_user(
            auth, wants_uv, client_pin.MAKE_CREDENTIAL, rp_id, cdh
        )
        rp_id_hash = hashlib.sha256(rp_id.encode()).digest()
        yield from self._check_excluded(request.get(5), rp_id_hash, uv, present)
        if not present:
            yield Wait.TOUCH
        self.pin.used()
        protection, extensions = self._extensions(request.get(6))
        made = self._create(rp, user, algorithm, protection, resident)
        data = self._attested_data(made, rp_id_hash, uv, extensions)
        return self._attest(made, data, cdh)

    def _choose(self, parameters):
        for each in parameters:
            check_type(each, dict)
            kind, algorithm = check_type(each.get("type"), str), check_type(each.get("alg"), int)
            if kind == "public-key" and algorithm in self.config.algorithms:
                return algorithm
        raise CtapError(Status.UNSUPPORTED_ALGORITHM)

    def _require_verification(self, auth, wants_uv, resident):
        if auth[1] is not None or wants_uv:
            return
        if self.config.always_uv:
            raise CtapError(Status.PUAT_REQUIRED if self.config.pin else Status.OPERATION_DENIED)
        # CTAP 2.0 wants the PIN for every credential; 2.1 with makeCredUvNotRqd for resident ones.
        if self._protected() and (resident or not self.config.tokens):
            raise CtapError(Status.PUAT_REQUIRED if self.pin.is_set else Status.OPERATION_DENIED)

    def _check_excluded(self, descriptors, rp_id_hash, uv, present):
        for each in self._find_listed(check_type(descriptors, list, False) or [], rp_id_hash):
            if each.protection < 3 or uv:
                if not present:
                    yield Wait.TOUCH
                raise CtapError(Status.CREDENTIAL_EXCLUDED)

    def _extensions(self, inputs):
        """(credProtect level, extension outputs)."""
        inputs = check_type(inputs, dict, required=False) or {}
        level = check_type(inputs.get("credProtect"), int, required=False)
        if level is None:
            level = self.config.default_protection
            return level, {"credProtect": level} if self.config.report_protection else {}
        if level not in (1, 2, 3):
            raise CtapError(Status.INVALID_OPTION)
        return level, {"credProtect": level}

    def _create(self, rp, user, algorithm, protection, resident):
        secret = credential.new_secret(algorithm)
        rp_id_hash = hashlib.sha256(rp["id"].encode()).digest()
        if not resident:
            wrapping_key = self.state.wrapping_key
            made_id = credential.wrap(wrapping_key, rp_id_hash, algorithm, secret, protection)
            return credential.Credential(made_id, algorithm, secret, protection)
        made = credential.Credential(os.urandom(32), algorithm, secret, protection, rp, user)
        others = [
            each
            for each in self.state.credentials
            if (each.rp["id"], each.user["id"]) != (rp["id"], user["id"])
        ]
        if len(others) >= self.config.resident_keys:
            raise CtapError(Status.KEY_STORE_FULL)
        self.state.credentials = others + [made]
        self.save()
        return made

    def next_counter(self):
        """Goes up with each signature, unless a test wants a clone or a key without a counter."""
        if self.behaviour.counter == "zero":
            return 0
        if self.behaviour.counter == "back":
            return max(1, self.state.counter - 1)
        self.state.counter += 1
        self.save()
        return self.state.counter

    def _authenticator_data(self, rp_id_hash, flags):
        flags |= self.behaviour.extra_flags
        if self.behaviour.missing_uv:
            flags &= ~FLAG_UV
        if self.behaviour.missing_up:
            flags &= ~FLAG_UP
        if self.behaviour.wrong_rp_id_hash:
            rp_id_hash = hashlib.sha256(rp_id_hash).digest()
        return rp_id_hash + struct.pack(">BI", flags, self.next_counter())

    def _attested_data(self, made, rp_id_hash, uv, extensions):
        flags = FLAG_UP | FLAG_AT | (FLAG_UV if uv else 0) | (FLAG_ED if extensions else 0)
        data = self._authenticator_data(rp_id_hash, flags)
        data += bytes.fromhex(self.config.aaguid)
        data += struct.pack(">H", len(made.credential_id)) + made.credential_id
        data += cbor.encode(credential.cose_key(made.algorithm, made.secret))
        return data + (cbor.encode(extensions) if extensions else b"")

    def sign(self, made, message):
        signature = credential.sign(made.algorithm, made.secret, message)
        if self.behaviour.wrong_signature:
            # Well formed, over something else.
            return credential.sign(made.algorithm, made.secret, message + b"wrong")
        return signature

    def _attest(self, made, data, cdh):
        if self.config.attestation == "none":
            return {1: "none", 2: data, 3: {}}
        if self.config.attestation == "self":
            signature = self.sign(made, data + cdh)
            return {1: "packed", 2: data, 3: {"alg": made.algorithm, "sig": signature}}
        message = data + cdh + (b"wrong" if self.behaviour.wrong_signature else b"")
        signature = self.state.batch_key.sign(message, ec.ECDSA(hashes.SHA256()))
        certificates = [self.state.batch_certificate]
        return {
            1: "packed",
            2: data,
            3: {"alg": credential.ES256, "sig": signature, "x5c": certificates},
        }

    def find(self, credential_id, rp_id_hash):
        for each in self.state.credentials:
            if each.credential_id == credential_id:
                same = hashlib.sha256(each.rp["id"].encode()).digest() == rp_id_hash
                return each if same else None
        return credential.unwrap(self.state.wrapping_key, rp_id_hash, credential_id)

    def _find_listed(self, descriptors, rp_id_hash):
        if len(descriptors) > self.config.credentials_in_list:
            raise CtapError(Status.LIMIT_EXCEEDED)
        for each in descriptors:
            check_type(each, dict)
            kind = check_type(each.get("type"), str)
            credential_id = check_type(each.get("id"), bytes)
            found = self.find(credential_id, rp_id_hash) if kind == "public-key" else None
            if found is not None:
                yield found

    def _get_assertion(self, request):
        rp_id = check_type(request.get(1), str)
        cdh = check_type(request.get(2), bytes)
        allowed = check_type(request.get(3), list, required=False)
        options = check_type(request.get(5), dict, required=False) or {}
        auth = (request.get(7), request.get(6))
        yield from self._selection(auth[1])
        if "rk" in options:
            raise CtapError(Status.UNSUPPORTED_OPTION)
        wants_uv = self._check_options(options, auth[1] is not None)
        wants_up = options.get("up", True)
        if self.config.silent_error and not wants_up:
            raise CtapError(self.config.silent_error)
        if self.config.silent_touch and not wants_up:
            yield Wait.TOUCH
        if self.config.no_token_error and auth[1] is None and self.pin.is_set:
            raise CtapError(self.config.no_token_error)
        if self.config.always_uv and wants_up and auth[1] is None and not wants_uv:
            if not self.config.uv:
                raise CtapError(Status.PUAT_REQUIRED)
            wants_uv = True
        uv, present = yield from self._verify_user(
            auth, wants_uv, client_pin.GET_ASSERTION, rp_id, cdh
        )
        rp_id_hash = hashlib.sha256(rp_id.encode()).digest()
        found = self._applicable(allowed, rp_id_hash, uv)
        if not found:
            raise CtapError(Status.NO_CREDENTIALS)
        if wants_up:
            if not present:
                yield Wait.TOUCH
            self.pin.used()
        flags = (FLAG_UP if wants_up else 0) | (FLAG_UV if uv else 0)
        count = len(found) if not allowed else 1
        self.next_assertions = [(each, rp_id_hash, flags, cdh, count) for each in found[1:count]]
        answer = self._assert(found[0], rp_id_hash, flags, cdh, count)
        if count > 1:
            answer[5] = count
        return answer

    def _applicable(self, allowed, rp_id_hash, uv):
        """Section 6.2.2 step 7: newest first, without those that credProtect hides."""
        if allowed:
            listed = self._find_listed(allowed, rp_id_hash)
            return [each for each in listed if uv or each.protection < 3]
        return [
            each
            for each in reversed(self.state.credentials)
            if hashlib.sha256(each.rp["id"].encode()).digest() == rp_id_hash
            and (uv or each.protection < 2)
        ]

    def _assert(self, chosen, rp_id_hash, flags, cdh, count):
        data = self._authenticator_data(rp_id_hash, flags)
        answer = {1: chosen.descriptor(), 2: data, 3: self.sign(chosen, data + cdh)}
        if self.behaviour.wrong_credential:
            answer[1] = {"id": os.urandom(32), "type": "public-key"}
        if chosen.resident:
            answer[4] = chosen.user if flags & FLAG_UV and count > 1 else {"id": chosen.user["id"]}
        return answer

    def _get_next_assertion(self):
        if not self.next_assertions:
            raise CtapError(Status.NOT_ALLOWED)
        return self._assert(*self.next_assertions.pop(0))

    def _reset(self):
        if self.config.late_for_reset:
            raise CtapError(Status.NOT_ALLOWED)
        yield Wait.TOUCH
        self.state.credentials = []
        self.state.wrapping_key = os.urandom(32)
        self.state.pin_hash = None
        self.state.pin_tries, self.state.uv_tries = client_pin.PIN_TRIES, client_pin.UV_TRIES
        self.save()
        self.power_up()
