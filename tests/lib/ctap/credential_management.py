# SPDX-License-Identifier: BSD-2-Clause
"""authenticatorCredentialManagement (CTAP 2.1 section 6.8)."""

import hashlib

from . import cbor
from .client_pin import CREDENTIAL_MANAGEMENT
from .credential import cose_key
from .errors import CtapError, Status


class CredentialManagement:
    """Lists and deletes the resident credentials of an Authenticator."""

    def __init__(self, authenticator):
        self.authenticator = authenticator
        self.forget()

    def forget(self):
        """Another command came between: the enumerations begin anew."""
        self.rps, self.credentials = [], []

    def run(self, request):
        subcommand, parameters = request.get(1), request.get(2, {})
        if subcommand is None:
            raise CtapError(Status.MISSING_PARAMETER)
        if subcommand == 0x03:
            return self._next_rp()
        if subcommand == 0x05:
            return self._next_credential()
        handlers = {
            0x01: self._metadata,
            0x02: self._first_rp,
            0x04: self._first_credential,
            0x06: self._delete,
            0x07: self._update_user,
        }
        if subcommand not in handlers:
            raise CtapError(Status.INVALID_SUBCOMMAND)
        self._check(request, subcommand, parameters)
        return handlers[subcommand](parameters)

    def _check(self, request, subcommand, parameters):
        if 4 not in request:
            raise CtapError(Status.PUAT_REQUIRED)
        message = bytes([subcommand]) + (cbor.encode(parameters) if 2 in request else b"")
        pin = self.authenticator.pin
        pin.check_token((request.get(3), request[4]), message, CREDENTIAL_MANAGEMENT, pin.rp_id)

    @property
    def _all(self):
        return self.authenticator.state.credentials

    def _metadata(self, _parameters):
        used = len(self._all)
        return {1: used, 2: self.authenticator.config.resident_keys - used}

    def _first_rp(self, _parameters):
        self.rps = list({each.rp["id"]: each.rp for each in self._all}.values())
        if not self.rps:
            raise CtapError(Status.NO_CREDENTIALS)
        return {**self._next_rp(), 5: len(self.rps) + 1}

    def _next_rp(self):
        if not self.rps:
            raise CtapError(Status.NOT_ALLOWED)
        rp = self.rps.pop(0)
        return {3: rp, 4: hashlib.sha256(rp["id"].encode()).digest()}

    def _first_credential(self, parameters):
        wanted = parameters.get(1)
        self.credentials = [
            each for each in self._all if hashlib.sha256(each.rp["id"].encode()).digest() == wanted
        ]
        if not self.credentials:
            raise CtapError(Status.NO_CREDENTIALS)
        return {**self._next_credential(), 9: len(self.credentials) + 1}

    def _next_credential(self):
        if not self.credentials:
            raise CtapError(Status.NOT_ALLOWED)
        each = self.credentials.pop(0)
        public_key = cose_key(each.algorithm, each.secret)
        return {6: each.user, 7: each.descriptor(), 8: public_key, 10: each.protection}

    def _find(self, parameters):
        wanted = parameters.get(2, {}).get("id")
        for each in self._all:
            if each.credential_id == wanted:
                return each
        raise CtapError(Status.NO_CREDENTIALS)

    def _delete(self, parameters):
        self._all.remove(self._find(parameters))
        self.authenticator.save()

    def _update_user(self, parameters):
        found, user = self._find(parameters), parameters.get(3, {})
        if user.get("id") != found.user["id"]:
            raise CtapError(Status.INVALID_PARAMETER)
        found.user = user
        self.authenticator.save()
