# SPDX-License-Identifier: BSD-2-Clause
"""A CBOR encoder that writes what it is told to, well-formed or not (RFC 8949).

Maps keep the order they are given in; Pairs can repeat a key; Raw is copied as it stands; Wide
writes a head longer than needed; Endless leaves the length open.
"""
import struct

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
BREAK = b"\xff"


class Raw(bytes):
    """Bytes that are already CBOR, or are meant not to be."""


class Pairs(list):
    """A map as a list of (key, value), so that a key can appear twice."""


class Tag:
    def __init__(self, number, item):
        self.number, self.item = number, item


class Wide:
    """An item whose head takes `size` bytes of argument although fewer would do."""

    def __init__(self, item, size=8):
        self.item, self.size = item, size


class Endless:
    """A string (in the given chunks), array or map of indefinite length."""

    def __init__(self, item, chunks=1):
        self.item, self.chunks = item, chunks


def head(major, argument, size=None):
    if size is None:
        size = next((s for s in (0, 1, 2, 4) if argument < (24 if s == 0 else 256**s)), 8)
    if size == 0:
        return bytes([major << 5 | argument])
    info = {1: 24, 2: 25, 4: 26, 8: 27}[size]
    return bytes([major << 5 | info]) + argument.to_bytes(size, "big")


def _items(item):
    return item.items() if isinstance(item, dict) else item


def _endless(wrapped):
    item = wrapped.item
    if isinstance(item, (bytes, str)):
        major = BYTES if isinstance(item, bytes) else TEXT
        step = max(1, -(-len(item) // wrapped.chunks))
        parts = [item[i:i + step] for i in range(0, len(item), step)]
        return bytes([major << 5 | 31]) + b"".join(map(encode, parts)) + BREAK
    if isinstance(item, (dict, Pairs)):
        body = b"".join(encode(k) + encode(v) for k, v in _items(item))
        return bytes([MAP << 5 | 31]) + body + BREAK
    return bytes([ARRAY << 5 | 31]) + b"".join(map(encode, item)) + BREAK


def encode(item, size=None):
    if isinstance(item, Raw):
        return bytes(item)
    if isinstance(item, Wide):
        return encode(item.item, item.size)
    if isinstance(item, Endless):
        return _endless(item)
    if isinstance(item, Tag):
        return head(TAG, item.number) + encode(item.item)
    if item is False or item is True or item is None:
        return bytes([{False: 0xF4, True: 0xF5, None: 0xF6}[item]])
    if isinstance(item, float):
        return b"\xfb" + struct.pack(">d", item)
    if isinstance(item, int):
        return head(UNSIGNED, item, size) if item >= 0 else head(NEGATIVE, -1 - item, size)
    if isinstance(item, (bytes, bytearray)):
        return head(BYTES, len(item), size) + bytes(item)
    if isinstance(item, str):
        text = item.encode()
        return head(TEXT, len(text), size) + text
    if isinstance(item, (dict, Pairs)):
        return head(MAP, len(item), size) + b"".join(
            encode(k) + encode(v) for k, v in _items(item))
    if isinstance(item, (list, tuple)):
        return head(ARRAY, len(item), size) + b"".join(map(encode, item))
    raise TypeError(f"no CBOR for {item!r}")
