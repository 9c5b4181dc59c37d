# SPDX-License-Identifier: BSD-2-Clause
"""Just enough DER (X.690) to write certificates and their extensions, right or wrong."""
import datetime


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        length = bytes([len(body)])
    else:
        size = (len(body).bit_length() + 7) // 8
        length = bytes([0x80 | size]) + len(body).to_bytes(size, "big")
    return bytes([tag]) + length + body


def long_tlv(number, body):
    """Context-specific, constructed, with a tag number over 30 (two bytes of tag number)."""
    assert 128 <= number < 16384
    content = tlv(0, body)[1:]
    return bytes([0xBF, 0x80 | number >> 7, number & 127]) + content


def sequence(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *parts)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def enumerated(value):
    return tlv(0x0A, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def boolean(value):
    return tlv(0x01, b"\xff" if value else b"\0")


def octets(value):
    return tlv(0x04, value)


def bits(value, unused=0):
    return tlv(0x03, bytes([unused]), value)


def null():
    return tlv(0x05)


def utf8(text):
    return tlv(0x0C, text.encode())


def printable(text):
    return tlv(0x13, text.encode())


def ia5(text):
    return tlv(0x16, text.encode())


def explicit(number, *parts):
    return tlv(0xA0 | number, *parts)


def oid(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    arcs[:2] = [arcs[0] * 40 + arcs[1]]
    out = b""
    for arc in arcs:
        chunk = [arc & 127]
        while arc > 127:
            arc >>= 7
            chunk.insert(0, 0x80 | arc & 127)
        out += bytes(chunk)
    return tlv(0x06, out)


def time(text):
    """Of "2020-01-01": UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5)."""
    day = datetime.date.fromisoformat(text)
    if day.year < 2050:
        return tlv(0x17, day.strftime("%y%m%d000000Z").encode())
    return tlv(0x18, day.strftime("%Y%m%d000000Z").encode())
