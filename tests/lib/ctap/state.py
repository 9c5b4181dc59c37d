# SPDX-License-Identifier: BSD-2-Clause
"""What a key is (Config), what it remembers (State), how it misbehaves (Behaviour)."""

import dataclasses
import json
import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .attestation import Authority
from .client_pin import PIN_TRIES, UV_TRIES
from .credential import EDDSA, ES256, Credential, key_pem


def replace_file(path, text):
    """Writes a file so that a reader sees the old or the new text, never half of it."""
    temporary = path + ".new"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    os.rename(temporary, path)


class Checked:
    """Sets fields by name; an unknown name or a value of another type is the test's mistake."""

    def update(self, values):
        known = {each.name for each in dataclasses.fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError("%s has no %s" % (type(self).__name__, name))
            choices = CHOICES.get(name)
            if choices is not None and value not in choices:
                raise ValueError("%s is one of %s" % (name, ", ".join(map(str, choices))))
            setattr(self, name, value)


CHOICES = {
    "version": ("2.1", "2.0", "u2f"),
    "attestation": ("x5c", "self", "none"),
    "touch": ("immediate", "wait"),
    "fingerprint": ("accept", "reject", "wait"),
    "counter": ("normal", "back", "zero"),
    "garbage": ("", "report", "sequence", "length", "cbor"),
    "hang": ("", "silent", "keepalive", "dumb"),
    "misbehave_at": ("any", "touch"),
    "unplug_at": ("", "request", "keepalive", "touch"),
}


@dataclass
class Config(Checked):
    """The model of a key; given when it is added."""

    version: str = "2.1"  # highest CTAP version; u2f: no CTAP2 at all
    manufacturer: str = "Software"
    product: str = "Software Authenticator"
    vendor_id: int = 0x1209  # pid.codes
    product_id: int = 0xF1D0
    aaguid: str = "6f4d3f6c5a0e4f0f9b0c5e9a7d21c3b4"
    algorithms: tuple = (ES256, EDDSA)
    attestation: str = "x5c"
    resident_keys: int = 25  # room for this many; 0: none supported
    pin: bool = True  # clientPIN supported
    pin_protocols: tuple = (2, 1)
    uv: bool = False  # built-in user verification, a fingerprint enrolled
    always_uv: bool = False
    credentials_in_list: int = 8  # maxCredentialCountInList
    message_size: int = 1200  # maxMsgSize
    default_protection: int = 1  # credProtect where none is asked for
    force_pin_change: bool = False
    min_pin_length: int = 4
    silent_error: int = 0  # what getAssertion with up=false ends with
    no_token_error: int = 0  # what getAssertion without a token ends with, where a PIN is set
    policy_at: str = "token"  # pin: says PIN_INVALID to the right PIN that must be changed
    late_for_reset: bool = False  # the ten seconds after power-up are over
    silent_touch: bool = False  # waits for a touch before it says what it holds
    report_protection: bool = False  # says the default credProtect level without being asked

    @property
    def tokens(self):
        """pinUvAuthToken with permissions came with CTAP 2.1."""
        return self.version == "2.1"


@dataclass
class Behaviour(Checked):
    """Set at run time. Everything as it should be, until a test says otherwise."""

    touch: str = "immediate"  # wait: until the control command touch, or the key's own timeout
    touch_timeout: float = 30.0  # seconds; CTAP 2.1 section 6.1.2 leaves it to the key
    fingerprint: str = "accept"
    counter: str = "normal"
    garbage: str = ""
    hang: str = ""  # dumb: asks for the person, and then says nothing more
    timeout_status: int = 0x2F  # what its own timeout is answered with
    wrong_credential: bool = False
    wrong_signature: bool = False
    wrong_rp_id_hash: bool = False
    missing_uv: bool = False
    missing_up: bool = False
    extra_flags: int = 0  # set in the authenticator data besides, such as BE 0x08 and BS 0x10
    error: int = 0  # every makeCredential and getAssertion ends with this status
    misbehave_at: str = "any"  # touch: garbage, hang and error only where a person was asked for
    unplug_at: str = ""
    unplug_after: int = 0  # unplugged after so many more reports to the host; 0: never
    packet_ms: float = 0  # on its way, of each report in either direction, as with USB
    signature_ms: float = 0  # what an answer to getAssertion with a signature takes besides
    keep_blinking: bool = False  # goes on waiting for a touch when nobody has it open any more


@dataclass
class State:
    """What survives unplugging, and with a state folder also the end of the process."""

    wrapping_key: bytes = field(default_factory=lambda: os.urandom(32))
    counter: int = 0
    pin_hash: str = None
    pin_tries: int = PIN_TRIES
    uv_tries: int = UV_TRIES
    credentials: list = field(default_factory=list)
    batch_key: object = None
    batch_certificate: bytes = b""

    def to_json(self):
        return {
            "wrapping_key": self.wrapping_key.hex(),
            "counter": self.counter,
            "pin_hash": self.pin_hash,
            "pin_tries": self.pin_tries,
            "uv_tries": self.uv_tries,
            "credentials": [each.to_json() for each in self.credentials],
            "batch_key": key_pem(self.batch_key),
            "batch_certificate": self.batch_certificate.hex(),
        }

    @classmethod
    def from_json(cls, value):
        return cls(
            bytes.fromhex(value["wrapping_key"]),
            value["counter"],
            value["pin_hash"],
            value["pin_tries"],
            value["uv_tries"],
            [Credential.from_json(each) for each in value["credentials"]],
            load_pem_private_key(value["batch_key"].encode(), None),
            bytes.fromhex(value["batch_certificate"]),
        )


class Folder:
    """A folder with ca.json and one NAME.json for each key; without a path nothing is kept."""

    def __init__(self, path):
        self.path = path
        if path is not None:
            os.makedirs(path, mode=0o700, exist_ok=True)
        self.authority = self._load_authority()

    def _file(self, name):
        return os.path.join(self.path, name + ".json")

    def _read(self, name):
        if self.path is None:
            return None
        try:
            with open(self._file(name), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    def _load_authority(self):
        kept = self._read("ca")
        if kept is not None:
            return Authority.from_json(kept)
        authority = Authority.create()
        if self.path is not None:
            replace_file(self._file("ca"), json.dumps(authority.to_json()))
        return authority

    def names(self):
        """The keys that were kept."""
        if self.path is None:
            return []
        files = (each[:-5] for each in os.listdir(self.path) if each.endswith(".json"))
        return sorted(name for name in files if name != "ca")

    def load(self, name):
        """(config values, State) of a key kept earlier, or None."""
        kept = self._read(name)
        return None if kept is None else (kept["config"], State.from_json(kept["state"]))

    def new_state(self, config):
        state = State()
        aaguid = None if config.version == "u2f" else bytes.fromhex(config.aaguid)
        state.batch_key, state.batch_certificate = self.authority.issue(aaguid)
        return state

    def save(self, name, config, state):
        if self.path is None:
            return
        kept = {"config": dataclasses.asdict(config), "state": state.to_json()}
        replace_file(self._file(name), json.dumps(kept))
