# SPDX-License-Identifier: BSD-2-Clause
"""The helper frames (doc/protocol.md), implemented a second time in Python.

Tests use them so that the C codec is not checked by itself.
"""

import struct

HELLO, WATCH, GET_ASSERTION, MAKE_CREDENTIAL, PIN, CANCEL, PROCEED = 1, 16, 17, 18, 19, 20, 21
KEY_INFO, SET_PIN, RESET, SELECT, PHONE_SETUP = range(22, 27)
DEVICES, CHECKED, TOUCH, PIN_NEEDED, VERIFY, ASSERTION, CREDENTIAL, FAILED = range(32, 40)
KEY_STATE, DONE, PHONE_CODE, PHONE_STEP = range(40, 44)
HEARD, ASKED = 1, 2

UNSET, DISCOURAGED, PREFERRED, REQUIRED = range(4)
ATTESTATION = {"": 0, "none": 1, "indirect": 2, "direct": 3, "enterprise": 4}


def u8(value):
    return struct.pack(">B", value)


def u16(value):
    return struct.pack(">H", value)


def i32(value):
    return struct.pack(">i", value)


def string(value):
    if isinstance(value, str):
        value = value.encode()
    return struct.pack(">I", len(value)) + value


def descriptors(items):
    """items: (id, transports) pairs"""
    return u8(len(items)) + b"".join(string(i) + u8(t) for i, t in items)


def framed(payload):
    return struct.pack(">I", len(payload)) + payload


def hello(version=1):
    return u8(HELLO) + u8(version)


def get_assertion(path, rp_id, client_data_hash, allow=(), uv=PREFERRED, appid="",
                  hidden=0, hints=0):
    return (u8(GET_ASSERTION) + string(path) + string(rp_id) + client_data_hash + u8(uv)
            + descriptors(allow) + string(appid) + u8(hidden | hints))


def make_credential(path, rp_id, client_data_hash, **o):
    algorithms = o.get("algorithms", [-7])
    return (u8(MAKE_CREDENTIAL) + string(path) + string(rp_id) + string(o.get("rp_name", "Example"))
            + string(o.get("user_handle", b"handle")) + string(o.get("user_name", "alice"))
            + string(o.get("user_display_name", "Alice")) + client_data_hash
            + u8(len(algorithms)) + b"".join(i32(a) for a in algorithms)
            + descriptors(o.get("exclude", ())) + u8(o.get("uv", PREFERRED))
            + u8(o.get("resident_key", DISCOURAGED)) + u8(o.get("attestation", 3))
            + u8(o.get("cred_protect", 0)))


def key(kind, path):
    return u8(kind) + string(path)


def set_pin(path, old, new):
    return u8(SET_PIN) + string(path) + string(old) + string(new)


def phone_setup(bus="", dialler="", connect="", ca_file="", hashed=0):
    return (u8(PHONE_SETUP) + u8(hashed) + string(bus) + string(dialler) + string(connect)
            + string(ca_file))


def key_state(resident_left=25, **o):
    return (u8(KEY_STATE) + u8(o.get("ctap2", 1)) + u8(o.get("pin_supported", 1))
            + u8(o.get("pin_set", 1)) + u8(o.get("pin_change", 0)) + u8(o.get("pin_tries", 8))
            + u8(o.get("pin_min", 4)) + u8(o.get("uv_supported", 0)) + u8(o.get("uv_set", 0))
            + u8(o.get("always_uv", 0)) + u8(o.get("resident_keys", 1)) + i32(resident_left)
            + i32(o.get("firmware", 0)) + bytes(o.get("version", (5, 4, 3))))


def pin(value):
    return u8(PIN) + string(value)


class Reader:
    """What the helper sent, taken apart; anything left over is an error."""

    def __init__(self, data):
        self.data = data

    def take(self, size):
        if size > len(self.data):
            raise ValueError("truncated frame")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack(">H", self.take(2))[0]

    def i32(self):
        return struct.unpack(">i", self.take(4))[0]

    def string(self):
        return self.take(struct.unpack(">I", self.take(4))[0])

    def text(self):
        return self.string().decode()


def decode(payload):
    """A frame from the helper as (type, dict)."""
    reader = Reader(payload)
    kind = reader.u8()
    fields = {}
    if kind == HELLO:
        fields = {"version": reader.u8()}
    elif kind == DEVICES:
        fields = {"devices": [
            {"path": reader.text(), "manufacturer": reader.text(), "product": reader.text(),
             "vendor_id": reader.u16(), "product_id": reader.u16()} for _ in range(reader.u8())]}
    elif kind == CHECKED:
        fields = {"status": reader.text(), "ctap2": reader.u8(), "has_pin": reader.u8(),
                  "has_built_in_uv": reader.u8(), "pin_tries": reader.u8(),
                  "uncertain": reader.u8()}
    elif kind == PIN_NEEDED:
        fields = {"tries": reader.u8(), "wrong": reader.u8(), "min": reader.u8()}
    elif kind == ASSERTION:
        fields = {"assertions": [
            {"credential_id": reader.string(), "authenticator_data": reader.string(),
             "signature": reader.string(), "user_handle": reader.string()}
            for _ in range(reader.u8())]}
    elif kind == CREDENTIAL:
        fields = {"attestation_object": reader.string(), "transports": reader.u8(),
                  "discoverable": reader.u8(), "hidden": reader.u8()}
    elif kind == FAILED:
        fields = {"status": reader.text(), "pin_tries": reader.u8(), "detail": reader.i32()}
    elif kind == KEY_STATE:
        names = ("ctap2", "pin_supported", "pin_set", "pin_change", "pin_tries", "pin_min",
                 "uv_supported", "uv_set", "always_uv", "resident_keys")
        fields = {name: reader.u8() for name in names}
        fields.update(resident_left=reader.i32(), firmware=reader.i32(), version=reader.take(3))
    elif kind == PHONE_CODE:
        fields = {"code": reader.text()}
    elif kind == PHONE_STEP:
        fields = {"step": reader.u8(), "service": reader.u16()}
    elif kind not in (TOUCH, VERIFY, DONE):
        raise ValueError(f"unexpected frame type {kind}")
    if reader.data:
        raise ValueError(f"{len(reader.data)} bytes left over in frame {kind}")
    return kind, fields
