#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes valid/ and invalid/: what the parsers of common/hybrid read, one input a file.

A name is KIND-WHAT, in invalid/ behind the status that the parser must answer and two dashes. The
kinds: qr (CBOR), digits, advert (of the EID key 00 to 3f), noise (the phone's message of the second
handshake in vectors.json), greeting, message, credential and assertion (answers of a phone, to
requests of tests/unit/test_hybrid_ctap.c), websocket (all that a server sends), http (the answer to
the key of tests/unit/test_hybrid_upgrade.c).
"""
import base64
import hashlib
import hmac
import json
import pathlib
import shutil
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = json.loads((HERE / "vectors.json").read_text())
VALID, INVALID = {}, {}


def cbor(value):
    """CTAP2's form of a value; bytes that are a Raw go in as they are."""
    def head(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        for info, form in (24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q"):
            try:
                return bytes([major << 5 | info]) + struct.pack(form, number)
            except struct.error:
                pass
        raise ValueError(number)

    if isinstance(value, Raw):
        return value.data
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


class Raw:
    def __init__(self, data):
        self.data = data


def without(values, *keys):
    return {key: value for key, value in values.items() if key not in keys}


def qr_codes():
    good = {0: b"\2" + bytes(range(32)), 1: bytes(range(16)), 2: 2, 3: 1780000000, 4: False,
            5: "ga"}
    VALID["qr-ours.bin"] = cbor(good)
    VALID["qr-least.bin"] = cbor({0: good[0], 1: good[1]})
    VALID["qr-channels.bin"] = cbor({**good, 6: [0, 1]})
    VALID["qr-unknown-keys.bin"] = cbor({**good, 77: {"a": [1]}, "b": 1, -1: b""})
    VALID["qr-key-odd.bin"] = cbor({**good, 0: b"\3" + bytes(range(32))})
    VALID["qr-largest.bin"] = cbor({**good, 7: bytes(512 - len(cbor(good)) - 4)})
    INVALID["too-large--qr-of-513.bin"] = cbor({**good, 7: bytes(513 - len(cbor(good)) - 4)})
    INVALID["invalid-input--qr-no-key.bin"] = cbor(without(good, 0))
    INVALID["invalid-input--qr-no-secret.bin"] = cbor(without(good, 1))
    INVALID["invalid-input--qr-key-uncompressed.bin"] = cbor({**good, 0: b"\4" + bytes(64)})
    INVALID["invalid-input--qr-key-of-no-form.bin"] = cbor({**good, 0: b"\4" + bytes(32)})
    INVALID["invalid-input--qr-key-short.bin"] = cbor({**good, 0: b"\2" + bytes(31)})
    INVALID["invalid-input--qr-secret-of-10.bin"] = cbor({**good, 1: bytes(10)})
    INVALID["invalid-input--qr-secret-of-17.bin"] = cbor({**good, 1: bytes(17)})
    INVALID["cbor-type-mismatch--qr-array.bin"] = cbor([good[0], good[1]])
    INVALID["cbor-type-mismatch--qr-time-text.bin"] = cbor({**good, 3: "now"})
    INVALID["cbor-type-mismatch--qr-state-number.bin"] = cbor({**good, 4: 1})
    INVALID["cbor-type-mismatch--qr-hint-number.bin"] = cbor({**good, 5: 1})
    INVALID["cbor-duplicate-key--qr-secret.bin"] = b"\xa3" + cbor({0: good[0], 1: good[1]})[1:] + \
        cbor(1) + cbor(good[1])
    INVALID["cbor-not-shortest--qr-domains.bin"] = cbor({**good, 2: Raw(b"\x18\2")})
    INVALID["cbor-truncated--qr-empty.bin"] = b""


def digit_strings():
    VALID["digits-empty.txt"] = b""
    VALID["digits-seven-bytes.txt"] = b"72057594037927935"
    VALID["digits-512-bytes.txt"] = b"00000000000000000" * 73 + b"000"
    INVALID["too-large--digits-513-bytes.txt"] = b"00000000000000000" * 73 + b"00000"
    for count in 1, 2, 4, 6, 7, 9, 11, 12, 14, 16, 18, 19, 33:
        INVALID[f"invalid-input--digits-{count:02}.txt"] = b"0" * count
    for count, width in (3, 1), (5, 2), (8, 3), (10, 4), (13, 5), (15, 6), (17, 7):
        VALID[f"digits-largest-of-{width}.txt"] = b"%0*d" % (count, 256 ** width - 1)
        INVALID[f"invalid-input--digits-over-{width}.txt"] = b"%0*d" % (count, 256 ** width)
    for name, text in ("letter", b"12a"), ("blank", b" 12"), ("sign", b"-12"), \
            ("newline", b"12\n"), ("slash", b"1/2"), ("colon", b"1:2"), ("nul", b"1\x002"):
        INVALID[f"invalid-input--digits-{name}.txt"] = text


def advert(plain, suffix=b""):
    key = bytes(range(64))
    aes = Cipher(algorithms.AES(key[:32]), modes.ECB()).encryptor()
    block = aes.update(plain)
    return block + hmac.new(key[32:], block, hashlib.sha256).digest()[:4] + suffix


def adverts():
    def plain(domain, first=0):
        return bytes([first]) + bytes(range(1, 14)) + struct.pack("<H", domain)

    VALID["advert-google.bin"] = advert(plain(0))
    VALID["advert-apple.bin"] = advert(plain(1))
    VALID["advert-suffix.bin"] = advert(plain(1), cbor({1: 0x1234}))
    VALID["advert-suffix-garbage.bin"] = advert(plain(0), b"\xff\xff")
    VALID["advert-largest.bin"] = advert(plain(0), bytes(235))
    INVALID["too-large--advert-256.bin"] = advert(plain(0), bytes(236))
    INVALID["not-found--advert-domain-2.bin"] = advert(plain(2))
    INVALID["not-found--advert-domain-255.bin"] = advert(plain(255))
    INVALID["denied--advert-domain-hashed.bin"] = advert(plain(256))
    INVALID["denied--advert-domain-byte-order.bin"] = advert(plain(0x0100))
    INVALID["unsupported--advert-reserved-1.bin"] = advert(plain(0, 1))
    INVALID["unsupported--advert-reserved-128.bin"] = advert(plain(0, 128))
    good = VALID["advert-apple.bin"]
    for at in range(20):
        INVALID[f"no-match--advert-byte-{at:02}.bin"] = \
            good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
    INVALID["no-match--advert-zeros.bin"] = bytes(20)
    INVALID["truncated--advert-19.bin"] = good[:19]
    INVALID["truncated--advert-empty.bin"] = b""


def handshakes():
    good = bytes.fromhex(VECTORS["noise"][1]["message_2"])
    other = bytes.fromhex(VECTORS["noise"][2]["message_2"])
    VALID["noise-phone.bin"] = good
    INVALID["truncated--noise-80.bin"] = good[:-1]
    INVALID["truncated--noise-empty.bin"] = b""
    INVALID["trailing-data--noise-82.bin"] = good + b"\0"
    INVALID["key-point-invalid--noise-off-curve.bin"] = \
        good[:64] + bytes([good[64] ^ 1]) + good[65:]
    INVALID["key-point-invalid--noise-zeros.bin"] = b"\4" + bytes(64) + good[65:]
    INVALID["key-point-invalid--noise-coordinates-too-large.bin"] = \
        b"\4" + b"\xff" * 64 + good[65:]
    for first in 0, 2, 3, 5, 6, 7:
        INVALID[f"key-point-invalid--noise-form-{first}.bin"] = bytes([first]) + good[1:]
    INVALID["signature-invalid--noise-other-phone.bin"] = other
    INVALID["signature-invalid--noise-other-key.bin"] = other[:65] + good[65:]
    INVALID["signature-invalid--noise-no-tag.bin"] = good[:65] + bytes(16)
    for at in range(65, 81):
        INVALID[f"signature-invalid--noise-tag-{at - 65:02}.bin"] = \
            good[:at] + bytes([good[at] ^ 0x80]) + good[at + 1:]


INFO = {1: ["FIDO_2_0", "FIDO_2_1"], 2: ["prf"], 3: bytes(range(16)),
        4: {"rk": True, "up": True, "uv": True, "plat": False}, 9: ["internal", "hybrid"]}


def greetings():
    def greeting(info, **more):
        return cbor({1: cbor(info) if isinstance(info, dict) else info, **more})

    VALID["greeting-features.bin"] = cbor({1: cbor(INFO), 3: ["dc", "ctap"]})
    VALID["greeting-padded.bin"] = cbor({0: bytes(300), 1: cbor(INFO)})
    VALID["greeting-linking.bin"] = cbor({1: cbor(INFO), 2: {1: b"x"}})
    VALID["greeting-unknown-keys.bin"] = cbor(
        {1: cbor({**INFO, "x": 1, -3: [{}]}), 999: True, "y": {}})
    INVALID["unsupported--greeting-no-ctap.bin"] = cbor({1: cbor(INFO), 3: ["dc"]})
    INVALID["unsupported--greeting-no-features.bin"] = cbor({1: cbor(INFO), 3: []})
    first = greeting(INFO)
    INVALID["unsupported--greeting-revision-0.bin"] = \
        first + bytes(510 - len(first)) + struct.pack("<H", 510 - len(first))
    INVALID["unsupported--greeting-revision-0-short.bin"] = \
        first + bytes(255 - len(first)) + bytes([255 - len(first)])
    INVALID["protocol--greeting-no-info.bin"] = cbor({3: ["ctap"]})
    INVALID["protocol--greeting-info-empty.bin"] = greeting(b"")
    INVALID["protocol--greeting-aaguid-of-15.bin"] = greeting({**INFO, 3: bytes(15)})
    INVALID["cbor-type-mismatch--greeting-array.bin"] = cbor([cbor(INFO)])
    INVALID["cbor-type-mismatch--greeting-info-map.bin"] = cbor({1: INFO})
    INVALID["cbor-type-mismatch--greeting-info-array.bin"] = greeting(cbor([1]))
    INVALID["cbor-type-mismatch--greeting-features-text.bin"] = cbor({1: cbor(INFO), 3: "ctap"})
    INVALID["cbor-type-mismatch--greeting-feature-number.bin"] = cbor({1: cbor(INFO), 3: [1]})
    INVALID["cbor-type-mismatch--greeting-option-number.bin"] = greeting({**INFO, 4: {"uv": 1}})
    INVALID["cbor-type-mismatch--greeting-option-key.bin"] = greeting({**INFO, 4: {1: True}})
    INVALID["cbor-type-mismatch--greeting-versions-text.bin"] = greeting({**INFO, 1: "FIDO_2_0"})
    INVALID["cbor-trailing-data--greeting-info-and-more.bin"] = greeting(cbor(INFO) + b"\0")
    INVALID["cbor-truncated--greeting-info-cut.bin"] = greeting(cbor(INFO)[:-1])
    INVALID["cbor-truncated--greeting-empty.bin"] = b""
    INVALID["cbor-duplicate-key--greeting.bin"] = b"\xa2" + (cbor(1) + cbor(cbor(INFO))) * 2


def messages():
    VALID["message-ctap.bin"] = b"\1\0" + cbor({})
    VALID["message-ctap-empty.bin"] = b"\1"
    VALID["message-update-empty.bin"] = b"\2" + cbor({})
    VALID["message-update-padding.bin"] = b"\2" + cbor({0: bytes(500)})
    VALID["message-update-linking.bin"] = b"\2" + cbor(
        {1: {1: bytes(40), 2: bytes(8), 3: bytes(32), 4: bytes(65), 5: "Pixel 8", 6: bytes(32),
             999: True}})
    INVALID["truncated--message-empty.bin"] = b""
    INVALID["protocol--message-shutdown.bin"] = b"\0"
    INVALID["protocol--message-json.bin"] = b"\3{}"
    INVALID["protocol--message-type-4.bin"] = b"\4"
    INVALID["protocol--message-type-255.bin"] = b"\xff"
    INVALID["cbor-truncated--message-update-nothing.bin"] = b"\2"
    INVALID["cbor-truncated--message-update-cut.bin"] = b"\2\xa1"
    INVALID["cbor-trailing-data--message-update.bin"] = b"\2" + cbor({}) + b"\0"
    INVALID["cbor-type-mismatch--message-update-array.bin"] = b"\2" + cbor([])
    INVALID["cbor-indefinite-length--message-update.bin"] = b"\2\xbf\xff"


def auth_data(flags, attested=b""):
    return hashlib.sha256(b"host.example.org").digest() + bytes([flags]) + bytes(4) + attested


def credentials():
    key = cbor({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)})
    data = auth_data(0x5d, bytes(range(16)) + struct.pack(">H", 20) + bytes(20) + key)
    good = {1: "none", 2: data, 3: {}}
    VALID["credential-none.bin"] = b"\0" + cbor(good)
    VALID["credential-packed.bin"] = b"\0" + cbor(
        {1: "packed", 2: data, 3: {"alg": -7, "sig": b"s"}})
    VALID["credential-extensions.bin"] = b"\0" + cbor(
        {**good, 6: {"prf": {"enabled": True}}, "x": 1})
    for key in 1, 2, 3:
        INVALID[f"device-error--credential-no-{key}.bin"] = b"\0" + cbor(without(good, key))
        INVALID[f"device-error--credential-number-{key}.bin"] = b"\0" + cbor({**good, key: 7})
    INVALID["device-error--credential-data-empty.bin"] = b"\0" + cbor({**good, 2: b""})
    INVALID["device-error--credential-data-large.bin"] = b"\0" + cbor({**good, 2: bytes(16385)})
    INVALID["device-error--credential-trailing.bin"] = b"\0" + cbor(good) + b"\0"
    INVALID["device-error--credential-array.bin"] = b"\0" + cbor([])
    INVALID["device-error--credential-nothing.bin"] = b"\0"
    INVALID["device-error--credential-empty.bin"] = b""
    INVALID["device-error--credential-twice.bin"] = \
        b"\0\xa4" + cbor(good)[1:] + cbor(1) + cbor("none")
    INVALID["device-error--credential-object-large.bin"] = \
        b"\0" + cbor({1: "packed", 2: data, 3: {"sig": bytes(65500)}})
    for number, status in (0x19, "credential-excluded"), (0x26, "key-algorithm"), \
            (0x27, "operation-denied"), (0x28, "key-store-full"), (0x2b, "unsupported"), \
            (0x2c, "unsupported"), (0x2d, "operation-denied"), (0x2f, "timeout"), \
            (0x30, "operation-denied"), (0x3a, "timeout"), (0x3c, "uv-blocked"), \
            (0x3f, "uv-invalid"), (0x7f, "device-error"), (0x01, "device-error"), \
            (0xff, "device-error"):
        INVALID[f"{status}--credential-status-{number:02x}.bin"] = bytes([number])
    INVALID["operation-denied--credential-status-and-more.bin"] = b"\x27" + cbor(good)
    INVALID["device-error--credential-status-unknown-and-more.bin"] = b"\x7f" + cbor(good)


def assertions():
    data, signature = auth_data(0x1d), b"0\6\2\1\1\2\1\1"
    good = {1: {"id": b"credential 1", "type": "public-key"}, 2: data, 3: signature}
    VALID["assertion-listed.bin"] = b"\0" + cbor(good)
    VALID["assertion-user.bin"] = b"\0" + cbor(
        {**good, 4: {"id": b"handle", "name": "", "displayName": ""}, 6: True})
    VALID["assertion-transports.bin"] = b"\0" + cbor(
        {**good, 1: {**good[1], "transports": ["internal"], 5: 6}})
    VALID["assertion-unknown-keys.bin"] = b"\0" + cbor({**good, 8: {"prf": {}}, "x": [1], -1: 2})
    VALID["assertion-no-credential.bin"] = b"\0" + cbor(without(good, 1))
    for key in 2, 3:
        INVALID[f"device-error--assertion-no-{key}.bin"] = b"\0" + cbor(without(good, key))
        INVALID[f"device-error--assertion-empty-{key}.bin"] = b"\0" + cbor({**good, key: b""})
    for key in 1, 2, 3, 4:
        INVALID[f"device-error--assertion-number-{key}.bin"] = b"\0" + cbor({**good, key: 7})
    INVALID["device-error--assertion-id-missing.bin"] = \
        b"\0" + cbor({**good, 1: {"type": "public-key"}})
    INVALID["device-error--assertion-id-empty.bin"] = b"\0" + cbor({**good, 1: {"id": b""}})
    INVALID["device-error--assertion-id-text.bin"] = b"\0" + cbor({**good, 1: {"id": "x"}})
    INVALID["device-error--assertion-id-large.bin"] = b"\0" + cbor({**good, 1: {"id": bytes(1024)}})
    INVALID["device-error--assertion-user-large.bin"] = b"\0" + cbor({**good, 4: {"id": bytes(65)}})
    INVALID["device-error--assertion-user-without-id.bin"] = b"\0" + cbor({**good, 4: {}})
    INVALID["device-error--assertion-signature-large.bin"] = b"\0" + cbor({**good, 3: bytes(8193)})
    INVALID["device-error--assertion-data-large.bin"] = b"\0" + cbor({**good, 2: bytes(16385)})
    INVALID["device-error--assertion-trailing.bin"] = b"\0" + cbor(good) + b"\0"
    INVALID["device-error--assertion-array.bin"] = b"\0" + cbor([])
    INVALID["device-error--assertion-empty.bin"] = b""
    INVALID["no-match--assertion-status-2e.bin"] = b"\x2e"
    INVALID["operation-denied--assertion-status-27.bin"] = b"\x27"
    INVALID["timeout--assertion-status-3a.bin"] = b"\x3a"


def frame(first, payload, length=None):
    """A server's frame; length is written as that many bytes: 0, 2 or 8."""
    size = len(payload)
    if length is None:
        length = 0 if size < 126 else 2 if size < 65536 else 8
    number = {0: bytes([size & 127]), 2: b"\x7e" + struct.pack(">H", size & 65535),
              8: b"\x7f" + struct.pack(">Q", size)}[length]
    return bytes([first]) + number + payload


def frames():
    VALID["websocket-message.bin"] = frame(0x82, b"message")
    VALID["websocket-message-empty.bin"] = frame(0x82, b"")
    VALID["websocket-message-125.bin"] = frame(0x82, bytes(125))
    VALID["websocket-message-126.bin"] = frame(0x82, bytes(126))
    VALID["websocket-message-65535.bin"] = frame(0x82, bytes(65535))
    VALID["websocket-message-65536.bin"] = frame(0x82, bytes(65536))
    VALID["websocket-pieces.bin"] = frame(2, b"mes") + frame(0, b"") + frame(0x80, b"sage")
    VALID["websocket-ping-between.bin"] = \
        frame(2, b"mes") + frame(0x89, b"?") + frame(0x8a, b"!") + frame(0x80, b"sage")
    VALID["websocket-two.bin"] = frame(0x82, b"one") + frame(0x82, b"two")
    VALID["websocket-close-after-message.bin"] = frame(0x82, b"message") + frame(0x88, b"")
    for code in 1000, 1001, 1011, 1014, 3000, 4999:
        VALID[f"websocket-close-{code}.bin"] = frame(
            0x88, struct.pack(">H", code) + b"Ende \xc3\xa4")
    for code in 0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000, 65535:
        INVALID[f"protocol--websocket-close-{code}.bin"] = frame(0x88, struct.pack(">H", code))
    INVALID["protocol--websocket-close-of-1-byte.bin"] = frame(0x88, b"\3")
    INVALID["protocol--websocket-close-not-utf8.bin"] = frame(0x88, b"\3\xe8\xff")
    INVALID["protocol--websocket-close-of-126.bin"] = frame(0x88, b"\3\xe8" + b"x" * 124)
    INVALID["cancelled--websocket-after-close.bin"] = frame(0x88, b"") + frame(0x82, b"x")
    INVALID["protocol--websocket-text.bin"] = frame(0x81, b"text")
    INVALID["protocol--websocket-text-piece.bin"] = frame(1, b"text")
    for opcode in 3, 4, 5, 6, 7, 11, 12, 13, 14, 15:
        INVALID[f"protocol--websocket-opcode-{opcode:02}.bin"] = frame(0x80 | opcode, b"")
    for bit in 0x40, 0x20, 0x10:
        INVALID[f"protocol--websocket-reserved-{bit:02x}.bin"] = frame(0x82 | bit, b"x")
    INVALID["protocol--websocket-masked.bin"] = b"\x82\x81\1\2\3\4x"
    INVALID["protocol--websocket-ping-of-126.bin"] = frame(0x89, bytes(126))
    INVALID["protocol--websocket-ping-piece.bin"] = frame(9, b"x")
    INVALID["protocol--websocket-pong-piece.bin"] = frame(10, b"x")
    INVALID["protocol--websocket-close-piece.bin"] = frame(8, b"")
    INVALID["protocol--websocket-continuation-first.bin"] = frame(0x80, b"x")
    INVALID["protocol--websocket-continuation-late.bin"] = frame(0x82, b"x") + frame(0x80, b"y")
    INVALID["protocol--websocket-message-within.bin"] = frame(2, b"x") + frame(0x82, b"y")
    INVALID["protocol--websocket-length-16-of-125.bin"] = frame(0x82, bytes(125), 2)
    INVALID["protocol--websocket-length-64-of-65535.bin"] = frame(0x82, bytes(65535), 8)
    INVALID["too-large--websocket-65537.bin"] = frame(0x82, bytes(65537))[:10]
    INVALID["too-large--websocket-1-mib.bin"] = b"\x82\x7f" + struct.pack(">Q", 1 << 20)
    INVALID["too-large--websocket-2-to-63.bin"] = b"\x82\x7f" + struct.pack(">Q", 1 << 63)
    INVALID["too-large--websocket-pieces.bin"] = frame(2, bytes(65536)) + frame(0x80, b"x")


def answers():
    key = base64.b64encode(bytes(range(16)))
    accept = base64.b64encode(
        hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    good = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept,
            "Sec-WebSocket-Protocol": "fido.cable"}

    def head(fields, line="HTTP/1.1 101 Switching Protocols", end="\r\n"):
        lines = [line, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return end.join(lines).encode("latin-1")

    VALID["http-plain.txt"] = head(good)
    VALID["http-no-words.txt"] = head(good, "HTTP/1.1 101 ")
    VALID["http-no-blank.txt"] = head(good, "HTTP/1.1 101")
    VALID["http-other-fields.txt"] = head({
        "Date": "Sun, 06 Nov 1994 08:49:37 GMT", "X-caBLE-Routing-ID": "010203", **good,
        "Content-Length": "0", "X-Empty": "", "X-Latin": "\xe4"})
    VALID["http-letters.txt"] = head({
        "uPGRADE": "WebSocket", "CONNECTION": "keep-alive, upgrade",
        "sec-websocket-accept": f"  {accept}\t", "SEC-WEBSOCKET-PROTOCOL": "fido.cable"})
    VALID["http-two-connections.txt"] = head({"connection": "keep-alive", **good})
    VALID["http-frame-behind.txt"] = head(good) + frame(0x82, b"early")
    for name in good:
        low = name.lower().rpartition("-")[2]
        INVALID[f"protocol--http-no-{low}.txt"] = head(without(good, name))
        INVALID[f"protocol--http-other-{low}.txt"] = head({**good, name: "other"})
        if name != "Connection":
            INVALID[f"protocol--http-two-{low}.txt"] = head({name.lower(): good[name], **good})
    INVALID["protocol--http-accept-case.txt"] = head(
        {**good, "Sec-WebSocket-Accept": accept.swapcase()})
    INVALID["protocol--http-accept-longer.txt"] = head(
        {**good, "Sec-WebSocket-Accept": accept + "="})
    INVALID["protocol--http-accept-shorter.txt"] = head(
        {**good, "Sec-WebSocket-Accept": accept[:-1]})
    INVALID["protocol--http-accept-of-other-key.txt"] = head({
        **good, "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="})
    INVALID["protocol--http-protocol-list.txt"] = head(
        {**good, "Sec-WebSocket-Protocol": "fido.cable, chat"})
    INVALID["protocol--http-protocol-case.txt"] = head(
        {**good, "Sec-WebSocket-Protocol": "FIDO.cable"})
    INVALID["protocol--http-extensions.txt"] = head({
        **good, "Sec-WebSocket-Extensions": "permessage-deflate"})
    INVALID["protocol--http-body.txt"] = head({**good, "Content-Length": "5"}) + b"hello"
    INVALID["protocol--http-chunked.txt"] = head({**good, "Transfer-Encoding": "chunked"})
    INVALID["protocol--http-blank-before-colon.txt"] = head({**good, "X ": "y"})
    INVALID["protocol--http-no-colon.txt"] = head(good)[:-2] + b"nothing\r\n\r\n"
    INVALID["protocol--http-no-name.txt"] = head({**good, "": "y"})
    INVALID["protocol--http-folded.txt"] = head({**good, "X": "y\r\n z"})
    INVALID["protocol--http-nul.txt"] = head({**good, "X": "\0"})
    INVALID["protocol--http-escape.txt"] = head({**good, "X": "\x1b[2J"})
    INVALID["protocol--http-delete.txt"] = head({**good, "X": "\x7f"})
    INVALID["protocol--http-newline-alone.txt"] = head({**good, "X": "y\nZ: z"})
    INVALID["protocol--http-return-alone.txt"] = head({**good, "X": "y\rz"})
    INVALID["protocol--http-no-fields.txt"] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    for name, line in ("1-0", "HTTP/1.0 101 x"), ("2", "HTTP/2 101"), ("small", "http/1.1 101 x"), \
            ("long-number", "HTTP/1.1 1010 x"), ("short-number", "HTTP/1.1 10"), \
            ("number-099", "HTTP/1.1 099 x"), ("letters", "HTTP/1.1 1a1 x"), ("ssh", "SSH-2.0-x"), \
            ("two-blanks", "HTTP/1.1  101 x"), ("empty", ""):
        INVALID[f"protocol--http-line-{name}.txt"] = head(good, line)
    for number, status in (404, "not-found"), (410, "not-found"), (400, "unavailable"), \
            (200, "unavailable"), (100, "unavailable"), (500, "unavailable"), (999, "unavailable"):
        INVALID[f"{status}--http-status-{number}.txt"] = head(good, f"HTTP/1.1 {number} x")
    for number in 301, 302, 307, 308:
        INVALID[f"unavailable--http-status-{number}.txt"] = head(
            {"Location": "https://elsewhere.example.org/", "Content-Length": "0"},
            f"HTTP/1.1 {number} Found")
    room = 16384 - len(head({**good, "X": ""}))
    VALID["http-largest.txt"] = head({**good, "X": "x" * room})
    INVALID["too-large--http-16385.txt"] = head({**good, "X": "x" * (room + 1)})
    INVALID["too-large--http-endless.txt"] = b"HTTP/1.1 101 x\r\nX: " + b"x" * 16384


def main():
    for make in (qr_codes, digit_strings, adverts, handshakes, greetings, messages, credentials,
                 assertions, frames, answers):
        make()
    for name, files in ("valid", VALID), ("invalid", INVALID):
        shutil.rmtree(HERE / name, ignore_errors=True)
        (HERE / name).mkdir()
        for file, data in files.items():
            (HERE / name / file).write_bytes(data)
    print(f"{len(VALID)} valid, {len(INVALID)} invalid")


if __name__ == "__main__":
    main()
