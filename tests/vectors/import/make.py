#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors of what other programs list: credentials of pam_u2f and sssd, one a file
(valid/, invalid/; an invalid one's name begins with its status), and whole files of them (files/,
with what becomes of each line in NAME.items). Keys are made of fixed numbers."""

import base64
import pathlib
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

HERE = pathlib.Path(__file__).resolve().parent
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
DER = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
# RSA keys take long to make, and any odd number of that size is one to a parser.
MODULUS = bytes([0xc5]) + bytes((7 * i + 3) % 256 for i in range(254)) + bytes([0x0b])


def b64(data):
    return base64.b64encode(data).decode()


def p256(number):
    return ec.derive_private_key(number, ec.SECP256R1()).public_key()


def ed(number):
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key()


def point(number):
    return p256(number).public_bytes(*POINT)


def der(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + struct.pack(">H", size)
    return bytes([tag]) + length + content


def rsa_info(modulus=b"\0" + MODULUS, exponent=b"\1\0\1"):
    key = der(0x30, der(2, modulus) + der(2, exponent))
    name = bytes.fromhex("300d06092a864886f70d0101010500")
    return der(0x30, name + der(3, b"\0" + key))


def handle(number, size=64):
    return b64(bytes((number * 37 + i) % 256 for i in range(size)))


def string(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">I", len(data)) + data


def sk(number, application="ssh:", kind="ed25519"):
    """The blob of a public key of OpenSSH."""
    if kind == "ecdsa":
        return string("sk-ecdsa-sha2-nistp256@openssh.com") + string("nistp256") + \
            string(point(number)) + string(application)
    return string("sk-ssh-ed25519@openssh.com") + string(ed(number).public_bytes(*RAW)) + \
        string(application)


def sk_line(number, comment="", kind="ed25519"):
    blob = sk(number, kind=kind)
    name = "sk-ssh-ed25519@openssh.com" if kind == "ed25519" else \
        "sk-ecdsa-sha2-nistp256@openssh.com"
    return f"{name} {b64(blob)}{' ' + comment if comment else ''}"


def openssh(number, kind="ecdsa", flags=1, cipher="none", padding=None):
    """ssh-keygen's file of a security key."""
    blob = sk(number, kind=kind)
    part = struct.pack(">II", 5, 5) + blob + bytes([flags]) + string(bytes(range(96))) + \
        string("") + string("alice@web1")
    pad = -len(part) % 8 if padding is None else padding
    part += bytes(range(1, pad + 1))
    text = b64(b"openssh-key-v1\0" + string(cipher) + string("none") + string("") +
               struct.pack(">I", 1) + string(blob) + string(part))
    lines = [text[i:i + 70] for i in range(0, len(text), 70)]
    return "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "\n".join(lines) + \
        "\n-----END OPENSSH PRIVATE KEY-----\n"


def u2f(number, options="+presence"):
    return f"{handle(number)},{b64(point(number)[1:])},es256,{options}"


def old(number):
    return handle(number).replace("+", "-").replace("/", "_").rstrip("=") + "," + \
        point(number).hex()


def mapping(number):
    return f"passkey:{handle(number)},{b64(p256(number).public_bytes(*DER))}"


VALID = {
    "u2f-es256": u2f(1),
    "u2f-verification": u2f(1, "+presence+verification"),
    "u2f-pin": u2f(1, "+presence+pin"),
    "u2f-no-options": u2f(1, ""),
    "u2f-type-alone": u2f(1).rpartition(",")[0],
    "u2f-eddsa": f"{handle(2)},{b64(ed(2).public_bytes(*RAW))},eddsa,+presence",
    "u2f-rs256": f"{handle(3)},{b64(MODULUS + bytes([1, 0, 1]))},rs256,+presence",
    "u2f-resident": "*," + u2f(4).partition(",")[2],
    "u2f-longest-handle": f"{handle(5, 1023)},{b64(point(5)[1:])},es256,+presence",
    "u2f-old": old(6),
    "u2f-old-padded": handle(6).replace("+", "-").replace("/", "_") + "," + point(6).hex(),
    "u2f-old-upper-case": old(6).partition(",")[0] + "," + point(6).hex().upper(),
    "mapping-p256": mapping(1),
    "mapping-upper-case": mapping(1).replace("passkey:", "PASSKEY:"),
    "mapping-ed25519": f"passkey:{handle(2)},{b64(ed(2).public_bytes(*DER))}",
    "mapping-rsa": f"passkey:{handle(3)},{b64(rsa_info())}",
    "mapping-bare-point": f"passkey:{handle(4)},{b64(point(4)[1:])}",
    "mapping-user-id": mapping(1) + ",AAAA",
}

WRONG_POINT = b64(point(1)[1:33] + bytes(31) + b"\1")
INVALID = {
    "invalid-input--u2f-empty": "",
    "invalid-input--u2f-handle-alone": handle(1),
    "invalid-input--u2f-no-handle": u2f(1)[len(handle(1)):],
    "invalid-input--u2f-handle-base64url": u2f(1).replace("+", "-", 1).replace("/", "_", 1),
    "too-large--u2f-handle-1024": f"{handle(5, 1024)},{b64(point(5)[1:])},es256,+presence",
    "unsupported--u2f-type": u2f(1).replace("es256", "es384"),
    "unsupported--u2f-type-empty": u2f(1).replace("es256", ""),
    "unsupported--u2f-type-upper-case": u2f(1).replace("es256", "ES256"),
    "invalid-input--u2f-option-unknown": u2f(1, "+presence+rk"),
    "invalid-input--u2f-option-without-plus": u2f(1, "presence"),
    "invalid-input--u2f-option-empty": u2f(1, "+presence+"),
    "invalid-input--u2f-five-fields": u2f(1) + ",",
    "key-point-invalid--u2f-not-on-the-curve": f"{handle(1)},{WRONG_POINT},es256,+presence",
    "invalid-input--u2f-point-short": f"{handle(1)},{b64(point(1)[1:64])},es256,+presence",
    "invalid-input--u2f-point-with-04": f"{handle(1)},{b64(point(1))},es256,+presence",
    "invalid-input--u2f-eddsa-short":
        f"{handle(2)},{b64(ed(2).public_bytes(*RAW)[:31])},eddsa,+presence",
    "invalid-input--u2f-rs256-short": f"{handle(3)},{b64(MODULUS)},rs256,+presence",
    "invalid-input--u2f-old-resident": "*," + point(1).hex(),
    "invalid-input--u2f-old-compressed":
        old(1).partition(",")[0] + ",02" + point(1)[1:33].hex(),
    "invalid-input--u2f-old-not-hex": old(1)[:-1] + "g",
    "key-point-invalid--u2f-old-not-on-the-curve": old(1)[:-64] + "0" * 63 + "1",
    "invalid-input--mapping-empty": "passkey:",
    "invalid-input--mapping-of-a-smart-card": "X509:<I>DC=test<S>CN=alice",
    "invalid-input--mapping-key-missing": f"passkey:{handle(1)}",
    "invalid-input--mapping-third-empty": mapping(1) + ",",
    "invalid-input--mapping-four-fields": mapping(1) + ",AAAA,AAAA",
    "invalid-input--mapping-id-empty": "passkey:," + mapping(1).partition(",")[2],
    "unsupported--mapping-p384": f"passkey:{handle(1)}," + b64(
        ec.derive_private_key(9, ec.SECP384R1()).public_key().public_bytes(*DER)),
    "trailing-data--mapping-after-the-key":
        f"passkey:{handle(1)},{b64(p256(1).public_bytes(*DER) + bytes(1))}",
    "truncated--mapping-key-cut":
        f"passkey:{handle(1)},{b64(p256(1).public_bytes(*DER)[:-1])}",
    "key-point-invalid--mapping-not-on-the-curve":
        f"passkey:{handle(1)},{b64(p256(1).public_bytes(*DER)[:-32] + bytes(31) + bytes([1]))}",
    "invalid-input--mapping-negative-modulus": f"passkey:{handle(3)},{b64(rsa_info(MODULUS))}",
}

FILES = {
    "one-line.pam-u2f": ("alice:" + u2f(1) + "\n", "1 credential alice"),
    "bom-and-crlf.pam-u2f": (
        "\ufeffalice:" + u2f(1) + "\r\n\r\nbob:" + old(2) + ":" + u2f(3, "+presence+pin"),
        "1 credential alice\n3 credential bob\n3 credential bob"),
    "later-line-of-a-user.pam-u2f": (
        f"alice:{u2f(1)}\nbob:{u2f(2)}\nalice:{u2f(3)}\n",
        "1 skipped alice\n2 credential bob\n3 credential alice"),
    "later-line-is-broken.pam-u2f": (
        f"alice:{u2f(1)}\nalice:{u2f(3)}:broken\n", "1 skipped alice\n2 broken alice"),
    "broken-lines.pam-u2f": (
        f"# of 2019\nalice\n:{u2f(1)}\nbob:\ncarol:{u2f(2)}:x\ndave:{u2f(4)}\n\0\n"
        f"e\x07ve:{u2f(5)}\n",
        "2 broken alice\n3 broken -\n4 broken bob\n5 broken carol\n6 credential dave\n"
        "7 broken -\n8 broken -"),
    "sshformat.pam-u2f": (openssh(7), "1 credential - ssh:"),
    "sshformat-verification.pam-u2f": (openssh(8, "ed25519", 5), "1 credential - ssh:"),
    "sshformat-passphrase.pam-u2f": (openssh(7, cipher="aes256-ctr"), "1 broken -"),
    "sshformat-cut.pam-u2f": (openssh(7)[:200], "1 broken -"),
    "sshformat-padding.pam-u2f": (openssh(7, padding=9), "1 broken -"),
    "one.ssh": (sk_line(1, "alice@laptop") + "\n", "1 credential -"),
    "authorized-keys.ssh": (
        "\ufeff# keys\r\n" + sk_line(1) + "\r\n"
        + 'from="10.0.0.0/8,host",command="echo \\"a b\\"",verify-required '
        + sk_line(2, "a b", "ecdsa") + "\r\n"
        + "ssh-ed25519 " + b64(string("ssh-ed25519") + string(bytes(32))) + " old\r\n"
        + "cert-authority " + sk_line(3) + "\r\n"
        + 'expiry-time="20300101" ' + sk_line(4) + "\r\n"
        + 'command="verify-required" ' + sk_line(5) + "\r\n"
        + "sk-ssh-ed25519@openssh.com AAAA broken\r\n"
        + 'from="unclosed ' + sk_line(6) + "\r\n",
        "2 credential -\n3 credential - verification\n4 skipped -\n5 skipped -\n6 skipped -\n"
        "7 credential -\n8 broken -\n9 broken -"),
    "freeipa.sssd": (
        "dn: uid=alice,cn=users,cn=accounts,dc=ipa,dc=test\nobjectClass: ipapasskeyuser\n"
        + "\n ".join([f"ipapasskey: {mapping(1)}"[i:i + 76] for i in range(0, 400, 76)
                      if f"ipapasskey: {mapping(1)}"[i:i + 76]])
        + "\nuid: alice\n\n# next\ndn: uid=bob,cn=users\nuid:: Ym9i\n"
        + "ipaPassKey:: " + b64(mapping(2).encode()) + "\nipapasskey: passkey:broken\n",
        "3 credential alice\n12 credential bob\n13 broken bob"),
    "active-directory.sssd": (
        f"dn: CN=Alice,DC=ad,DC=test\r\naltSecurityIdentities: {mapping(1)}\r\n"
        "altSecurityIdentities: X509:<I>DC=test<S>CN=alice\r\n"
        "sAMAccountName: alice\r\n\r\n",
        "2 credential alice\n3 skipped alice"),
    "ipa-user-show.sssd": (
        f"  User login: alice\n  First name: Alice\n  Passkey mapping: {mapping(1)}, {mapping(2)}\n"
        f"  User login: bob\n  Passkey mapping: {mapping(3)}\n",
        "3 credential alice\n3 credential alice\n5 credential bob"),
    "ipa-raw.sssd": (
        f"  dn: uid=alice,cn=users\n  uid: alice\n  ipapasskey: {mapping(1)}\n",
        "3 credential alice"),
    "alone.sssd": (mapping(1) + "\n", "1 credential -"),
    "ldap.sssd": (f"dn: uid=carol,ou=people\nuid: carol\npasskey: {mapping(4)}\n",
                  "3 credential carol"),
}


def main():
    for folder, texts in ("valid", VALID), ("invalid", INVALID):
        for old_file in (HERE / folder).glob("*.txt"):
            old_file.unlink()
        for name, text in texts.items():
            (HERE / folder / f"{name}.txt").write_bytes(text.encode())
    for old_file in (HERE / "files").iterdir():
        old_file.unlink()
    for name, (text, items) in FILES.items():
        (HERE / "files" / name).write_bytes(text.encode())
        (HERE / "files" / f"{name}.items").write_text(items + "\n")


if __name__ == "__main__":
    main()
