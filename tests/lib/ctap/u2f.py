# SPDX-License-Identifier: BSD-2-Clause
"""U2F raw messages over CTAPHID_MSG (FIDO U2F Raw Message Formats 1.2)."""

import hashlib
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from . import credential

OK, CONDITIONS_NOT_SATISFIED, WRONG_DATA = 0x9000, 0x6985, 0x6A80
WRONG_LENGTH, CLA_NOT_SUPPORTED, INS_NOT_SUPPORTED = 0x6700, 0x6E00, 0x6D00
_CHECK_ONLY, _ENFORCE, _DO_NOT_ENFORCE = 0x07, 0x03, 0x08


class StatusWord(Exception):
    def __init__(self, word):
        super().__init__("status word 0x%04x" % word)
        self.word = word


def parse(message):
    """(CLA, INS, P1, data) of an extended-length APDU, as CTAPHID_MSG carries it."""
    if len(message) < 4:
        raise StatusWord(WRONG_LENGTH)
    cla, ins, p1, _p2 = message[:4]
    rest = message[4:]
    if len(rest) in (0, 3):
        return cla, ins, p1, b""
    if len(rest) < 3 or rest[0] != 0:
        raise StatusWord(WRONG_LENGTH)
    size = struct.unpack(">H", rest[1:3])[0]
    if len(rest) not in (3 + size, 3 + size + 2):
        raise StatusWord(WRONG_LENGTH)
    return cla, ins, p1, rest[3 : 3 + size]


class U2f:
    """The U2F side of a key.

    authenticator gives credentials, counter and signatures; take_touch() says whether the person
    has touched since last asked, and asks for a touch if not.
    """

    def __init__(self, authenticator, take_touch):
        self.authenticator, self.take_touch = authenticator, take_touch

    def run(self, message):
        try:
            answer = self._command(*parse(message))
        except StatusWord as status:
            return struct.pack(">H", status.word)
        return answer + struct.pack(">H", OK)

    def _command(self, cla, ins, p1, data):
        if cla != 0:
            raise StatusWord(CLA_NOT_SUPPORTED)
        if ins == 0x01:
            return self._register(data)
        if ins == 0x02:
            return self._authenticate(p1, data)
        if ins == 0x03:
            if data:
                raise StatusWord(WRONG_LENGTH)
            return b"U2F_V2"
        raise StatusWord(INS_NOT_SUPPORTED)

    def _register(self, data):
        if len(data) != 64:
            raise StatusWord(WRONG_LENGTH)
        if not self.take_touch():
            raise StatusWord(CONDITIONS_NOT_SATISFIED)
        challenge, application = data[:32], data[32:]
        state = self.authenticator.state
        secret = credential.new_secret(credential.ES256)
        handle = credential.wrap(state.wrapping_key, application, credential.ES256, secret, 1)
        point = credential.uncompressed_point(secret)
        message = b"\0" + application + challenge + handle + point
        if self.authenticator.behaviour.wrong_signature:
            message += b"wrong"
        signature = state.batch_key.sign(message, ec.ECDSA(hashes.SHA256()))
        return b"\5" + point + bytes([len(handle)]) + handle + state.batch_certificate + signature

    def _authenticate(self, p1, data):
        if len(data) < 65 or len(data) != 65 + data[64]:
            raise StatusWord(WRONG_LENGTH)
        challenge, application, handle = data[:32], data[32:64], data[65:]
        found = self.authenticator.find(handle, application)
        if found is None or found.algorithm != credential.ES256:
            raise StatusWord(WRONG_DATA)
        if p1 == _CHECK_ONLY:
            raise StatusWord(CONDITIONS_NOT_SATISFIED)
        if p1 not in (_ENFORCE, _DO_NOT_ENFORCE):
            raise StatusWord(WRONG_DATA)
        if p1 == _ENFORCE and not self.take_touch():
            raise StatusWord(CONDITIONS_NOT_SATISFIED)
        behaviour = self.authenticator.behaviour
        if behaviour.wrong_rp_id_hash:
            application = hashlib.sha256(application).digest()
        present = p1 == _ENFORCE and not behaviour.missing_up
        signed = struct.pack(">BI", present, self.authenticator.next_counter())
        return signed + self.authenticator.sign(found, application + signed + challenge)
