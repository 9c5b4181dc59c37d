#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the frame vectors: payloads (what follows the length) built by tests/lib/frames.py.

valid/NAME.bin decodes and encodes back to the same bytes. invalid/STATUS--NAME.bin is refused with
STATUS.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "lib"))
from frames import *  # noqa: E402,F403

PATH = "/dev/hidraw0"
HASH = bytes(range(32))
ID = bytes(range(16, 80))


def device(path=PATH, manufacturer="Maker", product="Key"):
    return string(path) + string(manufacturer) + string(product) + u16(0x1050) + u16(0x0407)


def answer(credential_id=ID, data=b"\x11" * 37, signature=b"\x30" * 70, user=b"handle"):
    return string(credential_id) + string(data) + string(signature) + string(user)


def check(status="ok", ctap2=1, has_pin=1, uv=0, tries=8, uncertain=0):
    return (u8(CHECKED) + string(status) + u8(ctap2) + u8(has_pin) + u8(uv) + u8(tries)
            + u8(uncertain))


ASSERT = get_assertion(PATH, "example.org", HASH, [(ID, 1)], REQUIRED)
CREATE = make_credential(PATH, "example.org", HASH, algorithms=[-7, -8, -257], exclude=[(ID, 0)])

VALID = {
    "hello": hello(),
    "watch": u8(WATCH),
    "get-assertion": ASSERT,
    "get-assertion-discoverable": get_assertion(PATH, "example.org", HASH),
    "get-assertion-hidden": get_assertion(PATH, "example.org", HASH, [(ID, 0)], hidden=1),
    "get-assertion-known": get_assertion(PATH, "example.org", HASH, [(ID, 0)], hints=2),
    "get-assertion-appid": get_assertion(PATH, "example.org", HASH, [(ID, 0)], UNSET,
                                         "https://example.org/app-id.json"),
    "get-assertion-64": get_assertion(PATH, "example.org", HASH,
                                      [(bytes([i]) * 1023, 0x3f) for i in range(64)]),
    "make-credential": CREATE,
    "make-credential-32-algorithms": make_credential(
        "p", "r", HASH, algorithms=list(range(-32, 0)), user_handle=b"u" * 64, uv=REQUIRED,
        resident_key=REQUIRED, attestation=4, cred_protect=3, rp_name="", user_name="",
        user_display_name="J\u00f6rg \U0001f511"),
    "pin": pin("1234"),
    "pin-declined": pin(""),
    "pin-longest": pin(b"9" * 255),
    "cancel": u8(CANCEL),
    "proceed": u8(PROCEED),
    "key-info": key(KEY_INFO, PATH),
    "set-pin-first": set_pin(PATH, "", "1234"),
    "set-pin-another": set_pin(PATH, "1234", "\u00e4\u00f6\u00fc\u00df"),
    "reset": key(RESET, PATH),
    "select": key(SELECT, PATH),
    "key-state": key_state(),
    "key-state-u2f": key_state(-1, ctap2=0, pin_supported=0, pin_set=0, pin_tries=0xff, pin_min=0,
                               resident_keys=0, version=(0, 0, 0)),
    "key-state-all": key_state(0x7fffffff, pin_change=1, uv_supported=1, uv_set=1, always_uv=1,
                               firmware=0x050403, pin_min=63, pin_tries=0),
    "done": u8(DONE),
    "phone-setup": phone_setup(),
    "phone-setup-all": phone_setup("unix:path=/run/bus", "/run/passkeyd/dialler.sock",
                                   "127.0.0.1:4443", "/etc/ssl/ca.pem", 1),
    "phone-setup-longest": phone_setup(*("x" * 1024,) * 4),
    "phone-code": u8(PHONE_CODE) + string("FIDO:/" + "0123456789" * 17),
    "phone-step-heard": u8(PHONE_STEP) + u8(HEARD) + u16(0),
    "phone-step-asked": u8(PHONE_STEP) + u8(ASKED) + u16(300),
    "devices-none": u8(DEVICES) + u8(0),
    "devices": u8(DEVICES) + u8(2) + device() + device("/dev/hidraw1", "", ""),
    "devices-32": u8(DEVICES) + u8(32) + device() * 32,
    "checked": check(),
    "checked-u2f-excluded": check("credential-excluded", 0, 0, 0, 0xff),
    "checked-uncertain": check("no-match", uncertain=1),
    "touch": u8(TOUCH),
    "pin-needed": u8(PIN_NEEDED) + u8(8) + u8(0) + u8(4),
    "pin-needed-wrong": u8(PIN_NEEDED) + u8(0xff) + u8(1) + u8(0),
    "verify": u8(VERIFY),
    "assertion": u8(ASSERTION) + u8(1) + answer(),
    "assertion-several": u8(ASSERTION) + u8(3) + answer() + answer(user=b"") + answer(b"\x01"),
    "credential": u8(CREDENTIAL) + string(b"\xa3cfmt") + u8(3) + u8(1) + u8(0),
    "credential-hidden": u8(CREDENTIAL) + string(b"\xa3cfmt") + u8(3) + u8(0) + u8(1),
    "failed": u8(FAILED) + string("cancelled") + u8(0xff) + i32(0x2d),
    "failed-negative-detail": u8(FAILED) + string("device-error") + u8(2) + i32(-9),
}

INVALID = {
    "truncated--nothing": b"",
    "protocol--type-0": u8(0),
    "protocol--type-unknown": u8(27),
    "protocol--phone-hashed-2": phone_setup(hashed=2),
    "too-large--phone-bus-1025": phone_setup("x" * 1025),
    "invalid-input--phone-dialler-with-nul": phone_setup("", "/run/\0"),
    "protocol--phone-code-empty": u8(PHONE_CODE) + string(""),
    "too-large--phone-code-256": u8(PHONE_CODE) + string("0" * 256),
    "protocol--phone-step-0": u8(PHONE_STEP) + u8(0) + u16(0),
    "protocol--phone-step-3": u8(PHONE_STEP) + u8(3) + u16(0),
    "truncated--phone-step": u8(PHONE_STEP) + u8(1) + b"\0",
    "protocol--key-path-empty": key(KEY_INFO, ""),
    "protocol--new-pin-empty": set_pin(PATH, "1234", ""),
    "too-large--new-pin-256": set_pin(PATH, "1234", "9" * 256),
    "protocol--resident-left-below": key_state(-2),
    "protocol--key-state-boolean-2": key_state(always_uv=2),
    "trailing-data--done": u8(DONE) + b"\x00",
    "protocol--type-255": u8(255) + b"\x00" * 8,
    "protocol--path-empty": get_assertion("", "example.org", HASH),
    "protocol--rp-id-empty": get_assertion(PATH, "", HASH),
    "protocol--requirement-4": get_assertion(PATH, "example.org", HASH, uv=4),
    "protocol--hints-4": get_assertion(PATH, "example.org", HASH, [(ID, 0)], hints=4),
    "protocol--descriptor-empty": get_assertion(PATH, "example.org", HASH, [(b"", 0)]),
    "protocol--transports-64": get_assertion(PATH, "example.org", HASH, [(ID, 64)]),
    "too-large--path-256": get_assertion("p" * 256, "example.org", HASH),
    "too-large--rp-id-254": get_assertion(PATH, "r" * 254, HASH),
    "too-large--credential-id-1024": get_assertion(PATH, "example.org", HASH, [(b"i" * 1024, 0)]),
    "too-large--allow-65": get_assertion(PATH, "example.org", HASH, [(ID, 0)] * 65),
    "too-large--appid-1025": get_assertion(PATH, "example.org", HASH, appid="a" * 1025),
    "too-large--length-of-4-gib": u8(GET_ASSERTION) + b"\xff\xff\xff\xff" + b"p",
    "invalid-input--path-not-utf-8": get_assertion(b"/dev/\xff", "example.org", HASH),
    "invalid-input--path-with-nul": get_assertion(b"/dev/hid\x00raw0", "example.org", HASH),
    "protocol--algorithms-none": make_credential(PATH, "r", HASH, algorithms=[]),
    "too-large--algorithms-33": make_credential(PATH, "r", HASH, algorithms=[-7] * 33),
    "protocol--user-handle-empty": make_credential(PATH, "r", HASH, user_handle=b""),
    "too-large--user-handle-65": make_credential(PATH, "r", HASH, user_handle=b"u" * 65),
    "too-large--rp-name-129": make_credential(PATH, "r", HASH, rp_name="n" * 129),
    "too-large--user-name-129": make_credential(PATH, "r", HASH, user_name="n" * 129),
    "too-large--display-name-129": make_credential(PATH, "r", HASH, user_display_name="n" * 129),
    "protocol--resident-key-4": make_credential(PATH, "r", HASH, resident_key=4),
    "protocol--attestation-5": make_credential(PATH, "r", HASH, attestation=5),
    "protocol--cred-protect-4": make_credential(PATH, "r", HASH, cred_protect=4),
    "too-large--pin-256": pin(b"9" * 256),
    "too-large--devices-33": u8(DEVICES) + u8(33) + device() * 33,
    "protocol--device-path-empty": u8(DEVICES) + u8(1) + device(""),
    "too-large--product-256": u8(DEVICES) + u8(1) + device(product="k" * 256),
    "protocol--status-unknown": check("fine"),
    "protocol--status-empty": check(""),
    "protocol--boolean-2": check(has_pin=2),
    "protocol--wrong-2": u8(PIN_NEEDED) + u8(1) + u8(2) + u8(4),
    "protocol--assertion-none": u8(ASSERTION) + u8(0),
    "too-large--assertions-65": u8(ASSERTION) + u8(65) + answer() * 65,
    "protocol--signature-empty": u8(ASSERTION) + u8(1) + answer(signature=b""),
    "too-large--user-handle-answer-65": u8(ASSERTION) + u8(1) + answer(user=b"u" * 65),
    "protocol--attestation-object-empty": u8(CREDENTIAL) + string(b"") + u8(0) + u8(0) + u8(0),
    "protocol--credential-transports-64": u8(CREDENTIAL) + string(b"\xa0") + u8(64) + u8(0) + u8(0),
    "protocol--credential-hidden-2": u8(CREDENTIAL) + string(b"\xa0") + u8(0) + u8(0) + u8(2),
    "too-large--attestation-object-65537": u8(CREDENTIAL) + string(b"\x00" * 65537) + bytes(3),
    "protocol--failed-ok": u8(FAILED) + string("ok") + u8(0) + i32(0),
    "too-large--frame-131073": u8(ASSERTION) + u8(1) + b"\x00" * 131071,
    "trailing-data--cancel": u8(CANCEL) + b"\x00",
}


def write(folder, vectors):
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.bin"):
        old.unlink()
    for name, payload in vectors.items():
        (folder / f"{name}.bin").write_bytes(payload)


write(HERE / "valid", VALID)
write(HERE / "invalid", INVALID)
