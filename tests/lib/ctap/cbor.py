# SPDX-License-Identifier: BSD-2-Clause
"""CTAP2 canonical CBOR (CTAP 2.1 section 8), as strict in reading as a real key is.

Written for the tests instead of taken from a library, so that what the software authenticator
accepts does not depend on how lenient that library is.
"""

DEPTH_MAX = 4  # CTAP 2.1 section 8: at most four levels of nesting


class CborError(ValueError):
    """Not CTAP2 canonical CBOR."""


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise CborError("integer over 64 bits")


def _sort_key(encoded):
    return encoded[0] >> 5, len(encoded), encoded


def encode(value):
    """Bytes of None, bool, int, bytes, str, list, tuple or dict."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, (bytes, bytearray)):
        return _head(2, len(value)) + bytes(value)
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        pairs = sorted(
            ((encode(key), encode(item)) for key, item in value.items()),
            key=lambda pair: _sort_key(pair[0]),
        )
        return _head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
    raise CborError("cannot encode " + type(value).__name__)


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise CborError("truncated")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, info):
        if info < 24:
            return info
        if info > 27:
            raise CborError("indefinite or reserved length")
        size = 1 << (info - 24)
        value = int.from_bytes(self.take(size), "big")
        if value < (24 if size == 1 else 1 << (4 * size)):
            raise CborError("integer not in its shortest form")
        return value

    def item(self, depth):
        initial = self.take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7:
            if info in (20, 21, 22):
                return (False, True, None)[info - 20]
            raise CborError("float, simple value or break")
        if major == 6:
            raise CborError("tag")
        number = self.number(info)
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return bytes(self.take(number))
        if major == 3:
            try:
                return str(self.take(number), "utf-8")
            except UnicodeDecodeError:
                raise CborError("text is not UTF-8") from None
        if depth == DEPTH_MAX:
            raise CborError("nested too deeply")
        if major == 4:
            return [self.item(depth + 1) for _ in range(number)]
        return self.map(number, depth + 1)

    def map(self, number, depth):
        result = {}
        last = None
        for _ in range(number):
            start = self.at
            key = self.item(depth)
            if isinstance(key, (list, dict)):
                raise CborError("map key is no scalar")
            order = _sort_key(self.data[start : self.at])
            if last is not None and order <= last:
                raise CborError("map keys out of order or twice")
            last = order
            result[key] = self.item(depth)
        return result


def decode(data):
    """The value of data, which must hold one item and nothing else."""
    reader = _Reader(data)
    value = reader.item(0)
    if reader.at != len(data):
        raise CborError("trailing bytes")
    return value
