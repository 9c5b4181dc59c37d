# SPDX-License-Identifier: BSD-2-Clause
"""One ceremony from the inside out; every layer can be replaced while all around it stays right.

A knob that is a function gets the value as it would have been and returns what is used instead.
"""
import base64
import hashlib
import json
from types import SimpleNamespace

from . import cbor
from .keys import key as named_key
from .seed import derive

RP_ID = "example.org"
ORIGIN = "https://example.org"
TIME = "2026-01-01T00:00:00Z"
UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
OFFERED = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8, -53, -47, -9, -51, -52, -19]
CHALLENGE = derive("challenge", 32)
CREDENTIAL_ID = derive("credential id", 32)
AAGUID = derive("aaguid", 16)
USER_HANDLE = derive("user handle", 16)
REMOVED = object()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).digest()


def changed(value, knob):
    """knob applied: a function of the value, a dict of members to set or remove, or a new value."""
    if knob is None:
        return value
    if callable(knob):
        return knob(value)
    if isinstance(knob, dict) and isinstance(value, dict):
        merged = {**value, **knob}
        return {k: v for k, v in merged.items() if v is not REMOVED}
    return knob


def client_data(kind, challenge, client=None, client_raw=None):
    members = {"type": kind, "challenge": b64url(challenge), "origin": ORIGIN,
               "crossOrigin": False}
    text = json.dumps(changed(members, client), separators=(",", ":"), ensure_ascii=False)
    return changed(text.encode("utf-8", "surrogatepass"), client_raw)


def authenticator_data(rp_id, flags, counter, attested=b"", extensions=b""):
    return sha256(rp_id.encode()) + bytes([flags]) + counter.to_bytes(4, "big") + attested + \
        extensions


def attested_data(aaguid, credential_id, cose, length=None):
    size = len(credential_id) if length is None else length
    return aaguid + size.to_bytes(2, "big") + credential_id + cose


def none_statement(_context):
    return {}


def registration(key=None, statement=none_statement, fmt="none", *, cose=None, client=None,
                 client_raw=None, flags=UP | UV | AT, counter=0, aaguid=None, credential_id=None,
                 id_length=None, extensions=None, rp_id=RP_ID, auth_data=None, tweak=None,
                 members=None, encoded=None, credential=None, response=None, line=None,
                 challenge=CHALLENGE):
    """The input line of a registration. tweak changes the statement, members the object's."""
    key = key or named_key("ES256")
    credential_id = CREDENTIAL_ID if credential_id is None else credential_id
    aaguid = aaguid or (bytes(16) if fmt == "none" else AAGUID)
    client_json = client_data("webauthn.create", challenge, client, client_raw)
    public = changed(key.cose(), cose)
    public = public if isinstance(public, bytes) else cbor.encode(public)
    extension_data = b"" if extensions is None else cbor.encode(extensions)
    data = changed(authenticator_data(
        rp_id, flags | (ED if extension_data else 0), counter,
        attested_data(aaguid, credential_id, public, id_length), extension_data), auth_data)
    context = SimpleNamespace(auth_data=data, client_hash=sha256(client_json), key=key,
                              credential_id=credential_id, aaguid=aaguid,
                              rp_hash=sha256(rp_id.encode()))
    made = changed(statement(context), tweak)
    obj = changed({"fmt": fmt, "attStmt": made, "authData": data}, members)
    raw = changed(cbor.encode(obj), encoded)
    answer = changed({"clientDataJSON": b64url(client_json), "attestationObject": b64url(raw),
                      "transports": ["usb"]}, response)
    whole = changed({"id": b64url(credential_id), "rawId": b64url(credential_id),
                     "response": answer, "authenticatorAttachment": "cross-platform",
                     "clientExtensionResults": {}, "type": "public-key"}, credential)
    return changed({"ceremony": "registration", "rpId": RP_ID, "origins": [ORIGIN],
                    "challenge": b64url(challenge), "policy": {"userVerification": "required"},
                    "pubKeyCredParams": OFFERED, "verificationTime": TIME,
                    "credential": whole}, line)


def authentication(key=None, *, client=None, client_raw=None, flags=UP | UV, counter=2,
                   rp_id=RP_ID, attested=b"", extensions=None, auth_data=None, sign=None,
                   signature=None, response=None, credential=None, record=None, cose=None,
                   line=None, challenge=CHALLENGE, kind="webauthn.get"):
    """The input line of an authentication. sign replaces key.sign; signature changes its result."""
    key = key or named_key("ES256")
    client_json = client_data(kind, challenge, client, client_raw)
    extension_data = b"" if extensions is None else cbor.encode(extensions)
    data = changed(authenticator_data(rp_id, flags | (ED if extension_data else 0), counter,
                                      attested, extension_data), auth_data)
    signed = changed((sign or key.sign)(data + sha256(client_json)), signature)
    answer = changed({"clientDataJSON": b64url(client_json), "authenticatorData": b64url(data),
                      "signature": b64url(signed), "userHandle": b64url(USER_HANDLE)}, response)
    whole = changed({"id": b64url(CREDENTIAL_ID), "rawId": b64url(CREDENTIAL_ID),
                     "response": answer, "authenticatorAttachment": "cross-platform",
                     "clientExtensionResults": {}, "type": "public-key"}, credential)
    public = changed(key.cose(), cose)
    public = public if isinstance(public, bytes) else cbor.encode(public)
    stored = changed({"id": b64url(CREDENTIAL_ID), "publicKey": b64url(public), "signCount": 1,
                      "backupEligible": bool(flags & BE), "backupState": bool(flags & BS),
                      "userHandle": b64url(USER_HANDLE)}, record)
    return changed({"ceremony": "authentication", "rpId": RP_ID, "origins": [ORIGIN],
                    "challenge": b64url(challenge),
                    "policy": {"userVerification": "required", "userIdentifiedBefore": True},
                    "verificationTime": TIME, "allowCredentials": [b64url(CREDENTIAL_ID)],
                    "record": stored, "credential": whole}, line)
