# SPDX-License-Identifier: BSD-2-Clause
"""The keyboard-interactive form (doc/protocol.md), implemented a second time in Python.

Tests, a hostile server among them, use it so that the C codec is not checked by itself.

    line = forward.find(prompt)                  # None: the prompt carries no request
    request = forward.decode_request(line)       # a dict, see REQUEST
    key = forward.Credential()                   # a software key of its own
    lines = forward.answer(request, "ssh://web1.example.org", key)

answer() does what passkey-askpass does, without asking anybody. For wrong answers tests take the
steps one by one: answer_fields() makes the answer as a dict (see GET_ANSWER, CREATE_ANSWER),
encode_answer() its lines; encode_request() makes a request line of a dict, whatever is in it.
Decoding here looks at the form, not at the range of each value: the C side is tested for that.
"""

import base64
import hashlib
import json
import os
import re
import struct

import cbor2
from ctap import credential as key_pairs

PREFIX = "passkey1:"
PREFIXES = {1: PREFIX, 2: "passkey2:"}  # of a request, by its version
LINE_MAX, PARTS_MAX, PART_TEXT, CHALLENGE_START = 511, 64, 496, 16
UP, UV, AT = 0x01, 0x04, 0x40
ES256, EDDSA, ES384, RS256 = key_pairs.ES256, key_pairs.EDDSA, key_pairs.ES384, key_pairs.RS256
UNSET, DISCOURAGED, PREFERRED, REQUIRED = range(4)

# The keys of the maps: a request holds the first 7 (get), all 15 (create), or kind, nonce and part
# (more).
KINDS = {1: "get", 2: "create", 3: "more", 4: "page-get", 5: "page-create"}
REQUEST = dict(enumerate((
    "kind", "nonce", "context", "rp_id", "user_verification", "credentials", "timeout", "rp_name",
    "user_handle", "user_name", "user_display_name", "algorithms", "resident_key", "attestation",
    "cred_protect", "part"), 1))
GET_ANSWER = dict(enumerate((
    "kind", "credential", "auth_data", "signature", "origin", "challenge"), 1))
CREATE_ANSWER = dict(enumerate((
    "kind", "attestation_object", "transports", "discoverable", "origin", "challenge"), 1))
PAGE_GET_ANSWER = dict(enumerate((
    "kind", "credential", "auth_data", "signature", "client_data"), 1))
PAGE_CREATE_ANSWER = dict(enumerate((
    "kind", "attestation_object", "transports", "discoverable", "client_data"), 1))
ANSWERS = {"get": GET_ANSWER, "create": CREATE_ANSWER,
           "page-get": PAGE_GET_ANSWER, "page-create": PAGE_CREATE_ANSWER}
REQUEST_MEMBERS = {"get": range(1, 8), "create": range(1, 16), "more": (1, 2, 16)}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    if not re.fullmatch("[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _to_map(fields, names):
    """A dict by names as the map by keys; names that are not in the form stay as they are."""
    keys = {name: key for key, name in names.items()}
    kinds = {name: number for number, name in KINDS.items()}
    made = {keys.get(name, name): value for name, value in fields.items()}
    return {**made, 1: kinds.get(made[1], made[1])} if 1 in made else made


def _from_map(found, names, members):
    if not isinstance(found, dict) or list(found) != list(members):
        raise ValueError("other members than the form has")
    fields = {names[key]: value for key, value in found.items()}
    return {**fields, "kind": KINDS[fields["kind"]]}


def _map_of(cbor):
    found = cbor2.loads(cbor)
    if cbor2.dumps(found, canonical=True) != cbor:
        raise ValueError("not canonical")
    return found


# ---- requests ----

def find(prompt):
    """The request's line in the text of a prompt, or None."""
    last = prompt.rstrip(" \t\r\n").rpartition("\n")[2].strip(" \t\r")
    return last if last.startswith(tuple(PREFIXES.values())) else None


def decode_request(line):
    """The dict of a line; raises ValueError or KeyError for what is not of the form.

    "version" is there, and 2, for one that lists the server's host keys, which a client must
    compare first.
    """
    for version, prefix in PREFIXES.items():
        if line.startswith(prefix):
            found = _map_of(unb64(line[len(prefix):]))
            fields = _from_map(found, REQUEST, REQUEST_MEMBERS[KINDS[found[1]]])
            return fields if version == 1 else {**fields, "version": version}
    raise ValueError("no such line")


def encode_request(request):
    members = {name: value for name, value in request.items() if name != "version"}
    return PREFIXES[request.get("version", 1)] + \
        b64(cbor2.dumps(_to_map(members, REQUEST), canonical=True))


def more(request, part):
    """The line that asks for the next part of the answer to a request."""
    return encode_request({"kind": "more", "nonce": request["nonce"], "part": part})


# ---- what is signed ----

def bound_challenge(nonce, context, version=1):
    """SHA-256(version, nonce, context); context is the text of the request."""
    return hashlib.sha256(bytes([version]) + nonce + context.encode()).digest()


def challenge_of(request):
    """What the answer to a request signs."""
    return bound_challenge(request["nonce"], request["context"], request.get("version", 1))


def host_keys(request):
    """The fingerprints of the server's host keys that it lists."""
    return json.loads(request["context"]).get("hostkeys", [])


def logged_context(request):
    """The context as the log has it, a dict: host keys are left out there."""
    return {name: value for name, value in json.loads(request["context"]).items()
            if name != "hostkeys"}


def client_data(kind, challenge, origin):
    """Collected client data (WebAuthn 5.8.1.1) as bytes; kind is "get" or "create"."""
    return json.dumps({"type": "webauthn." + kind, "challenge": b64(challenge), "origin": origin,
                       "crossOrigin": False}, separators=(",", ":"), ensure_ascii=False).encode()


# ---- answers ----

class Credential:
    """A software key with one credential; algorithm as COSE numbers it."""

    def __init__(self, algorithm=ES256, secret=None, credential_id=None):
        self.algorithm = algorithm
        self.secret = secret or key_pairs.new_secret(algorithm)
        self.id = credential_id or os.urandom(64)
        self.aaguid = bytes(16)
        self.counter = 0
        self.user_handle = None

    def sign(self, message):
        return key_pairs.sign(self.algorithm, self.secret, message)

    def cose(self):
        return key_pairs.cose_key(self.algorithm, self.secret)


def authenticator_data(rp_id, flags, counter, attested=b""):
    return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, counter) + attested


def answer_fields(request, origin, credential, flags=None, challenge=None):
    """The answer of that credential as a dict.

    flags: of the authenticator data; default UP, and UV unless the request discourages it.
    challenge: what is signed; default the bound challenge of the request.
    For a get request the credential must be in its list, unless a test changes "credential" later.
    """
    kind = request["kind"]
    if challenge is None:
        challenge = challenge_of(request)
    if flags is None:
        flags = UP if request["user_verification"] == DISCOURAGED else UP | UV
    hashed = hashlib.sha256(client_data(kind, challenge, origin)).digest()
    credential.counter += 1
    common = {"origin": origin, "challenge": challenge[:CHALLENGE_START]}
    if kind == "get":
        data = authenticator_data(request["rp_id"], flags, credential.counter)
        listed = request["credentials"]
        return {"kind": kind,
                "credential": listed.index(credential.id) if credential.id in listed else 0,
                "auth_data": data[32:], "signature": credential.sign(data + hashed), **common}
    credential.user_handle = request["user_handle"]
    attested = bytes(16) + struct.pack(">H", len(credential.id)) + credential.id
    attested += cbor2.dumps(credential.cose(), canonical=True)
    data = authenticator_data(request["rp_id"], flags | AT, credential.counter, attested)
    made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}, canonical=True)
    return {"kind": kind, "attestation_object": made, "transports": 1, "discoverable": False,
            **common}


def page_answer_fields(request, origin, credential, **how):
    """The same as of a page in a browser at that origin."""
    made = answer_fields(request, origin, credential, **how)
    challenge = how.get("challenge") or challenge_of(request)
    data = client_data(made["kind"], challenge, origin)
    made = {name: value for name, value in made.items() if name not in ("origin", "challenge")}
    return {**made, "kind": "page-" + made["kind"], "client_data": data}


def encode_answer(fields):
    """Its lines: one, or as many parts as it takes."""
    names = ANSWERS.get(fields.get("kind"), CREATE_ANSWER)
    text = b64(cbor2.dumps(_to_map(fields, names), canonical=True))
    if len(PREFIX + text) <= LINE_MAX:
        return [PREFIX + text]
    chunks = [text[at:at + PART_TEXT] for at in range(0, len(text), PART_TEXT)]
    if len(chunks) > PARTS_MAX:
        raise ValueError("too many parts")
    return [f"passkey1/{k}/{len(chunks)}:{chunk}" for k, chunk in enumerate(chunks, 1)]


def answer(request, origin, *credentials, **more_):
    """The lines of the answer, by the first of the credentials that can serve.

    A get request: the first that is in its list. A create request: the first whose algorithm is
    wanted and that is not excluded; it belongs to the account then. [""] when none can: an empty
    answer declines. more_ as for answer_fields().
    """
    for credential in credentials:
        listed = credential.id in request["credentials"]
        if listed if request["kind"] == "get" else \
                not listed and credential.algorithm in request["algorithms"]:
            return encode_answer(answer_fields(request, origin, credential, **more_))
    return [""]


def decode_answer(lines):
    """The dict of an answer, all of whose lines are given in their order."""
    text = ""
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            raise ValueError("a line is too long")
        start = PREFIX if len(lines) == 1 else f"passkey1/{number}/{len(lines)}:"
        if not line.startswith(start):
            raise ValueError("no such line")
        text += line[len(start):]
    found = _map_of(unb64(text))
    return _from_map(found, GET_ANSWER if found[1] == 1 else CREATE_ANSWER, range(1, 7))
