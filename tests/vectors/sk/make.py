#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors of OpenSSH's security key types (PROTOCOL.u2f, PROTOCOL.sshsig).

valid/NAME and invalid/STATUS--NAME, where NAME begins with what it is: key-*.bin, signature-*.bin,
line-*.txt (of a .pub file), sshsig.bin. The message of the last is client-data.txt. Where
ssh-keygen is installed it has to agree with the valid ones: it reads the lines, and it verifies the
signatures over sshsig.bin.
"""
import base64
import hashlib
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
from maker import keys, seed  # noqa: E402

ECDSA, ED25519 = "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ssh-ed25519@openssh.com"
MESSAGE = (b'{"type":"webauthn.get","challenge":"'
           + base64.urlsafe_b64encode(seed.derive("sk challenge", 32)).rstrip(b"=")
           + b'","origin":"ssh-agent://web1","crossOrigin":false}')
NAMESPACE = "passkeyd"
UP, UV = 1, 4
ORDER = keys.CURVES[1][1]
EC, ED = keys.key("ES256", "sk"), keys.key("Ed25519", "sk")


def string(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(value)) + value


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")


def ecdsa_key(curve="nistp256", point=b"\4" + EC.x + EC.y, application="ssh:", kind=ECDSA):
    return string(kind) + string(curve) + string(point) + string(application)


def ed25519_key(public=ED.x, application="ssh:", kind=ED25519):
    return string(kind) + string(public) + string(application)


def ecdsa_signature(r, s, flags=UP, counter=7, kind=ECDSA, rest=b""):
    """r and s: numbers, or the bytes that stand for them."""
    numbers = b"".join(each if isinstance(each, bytes) else mpint(each) for each in (r, s))
    return string(kind) + string(numbers + rest) + struct.pack(">BI", flags, counter)


def ed25519_signature(signature, flags=UP, counter=7):
    return string(ED25519) + string(signature) + struct.pack(">BI", flags, counter)


def sshsig(message=MESSAGE):
    return (b"SSHSIG" + string(NAMESPACE) + string("") + string("sha256")
            + string(hashlib.sha256(message).digest()))


def what_the_key_signs(data, application="ssh:", flags=UP, counter=7):
    return (hashlib.sha256(application.encode()).digest() + struct.pack(">BI", flags, counter)
            + hashlib.sha256(data).digest())


def line(kind, blob, comment=" alice@laptop\n"):
    return f"{kind} {base64.b64encode(blob).decode()}{comment}".encode()


R, S = EC.sign_numbers(what_the_key_signs(sshsig()))
SHORT = 0x7F << 200  # 26 bytes, the first below 0x80: no zero in front
WIDE = ORDER - 1  # 32 bytes behind a zero
SIGNED = ED.sign(what_the_key_signs(sshsig()))
VERIFIED = ED.sign(what_the_key_signs(sshsig(), flags=UP | UV, counter=0xFFFFFFFF))
RSA = string("ssh-rsa") + mpint(65537) + mpint(keys.key("RS256").n)

VALID = {
    "key-ecdsa.bin": ecdsa_key(),
    "key-ed25519.bin": ed25519_key(),
    "key-ecdsa-longest-application.bin": ecdsa_key(application="ssh:" + "a" * 249),
    "key-ed25519-other-application.bin": ed25519_key(application="ssh:work"),
    "signature-ecdsa.bin": ecdsa_signature(R, S),
    "signature-ecdsa-short.bin": ecdsa_signature(1, SHORT),
    "signature-ecdsa-wide.bin": ecdsa_signature(WIDE, WIDE, 0xFF, 0xFFFFFFFF),
    "signature-ed25519.bin": ed25519_signature(SIGNED),
    "signature-ed25519-verified.bin": ed25519_signature(VERIFIED, UP | UV, 0xFFFFFFFF),
    "line-ecdsa.txt": line(ECDSA, ecdsa_key()),
    "line-ed25519.txt": line(ED25519, ed25519_key(), " Alice's key, J\u00f6rg has it too  \r\n"),
    "line-ed25519-no-comment.txt": line(ED25519, ed25519_key(), ""),
    "line-ed25519-control.txt": line(ED25519, ed25519_key(), " a\x1b[2Jb\n"),
    "line-ed25519-blanks.txt": b" \t" + line(ED25519, ed25519_key(), "\t alice \n").replace(
        b" ", b"  ", 1),
    "sshsig.bin": sshsig(),
}

INVALID = {
    "truncated--key-empty.bin": b"",
    "unsupported--key-type-empty.bin": string(""),
    "unsupported--key-rsa.bin": RSA,
    "unsupported--key-plain-ed25519.bin": string("ssh-ed25519") + string(ED.x),
    "unsupported--key-certificate.bin": string("sk-ssh-ed25519-cert-v01@openssh.com")
        + string(b"n" * 32) + string(ED.x) + string("ssh:"),
    "unsupported--key-webauthn.bin": ecdsa_key(kind="webauthn-" + ECDSA),
    "invalid-input--key-curve.bin": ecdsa_key(curve="nistp384"),
    "invalid-input--key-curve-empty.bin": ecdsa_key(curve=""),
    "invalid-input--key-point-compressed.bin": ecdsa_key(point=b"\2" + EC.x),
    "invalid-input--key-point-hybrid.bin": ecdsa_key(point=b"\6" + EC.x + EC.y),
    "invalid-input--key-point-empty.bin": ecdsa_key(point=b""),
    "invalid-input--key-point-infinity.bin": ecdsa_key(point=b"\0"),
    "invalid-input--key-point-long.bin": ecdsa_key(point=b"\4" + EC.x + EC.y + b"\0"),
    "invalid-input--key-ed25519-short.bin": ed25519_key(ED.x[:31]),
    "invalid-input--key-ed25519-long.bin": ed25519_key(ED.x + b"\0"),
    "invalid-input--key-application-empty.bin": ed25519_key(application=""),
    "invalid-input--key-application-nul.bin": ed25519_key(application="ssh:\0"),
    "invalid-input--key-application-space.bin": ed25519_key(application="ssh: x"),
    "invalid-input--key-application-not-ascii.bin": ed25519_key(application="ssh:\u00fc"),
    "too-large--key-application-254.bin": ed25519_key(application="a" * 254),
    "too-large--key-length-of-4-gib.bin": string(ED25519) + b"\xff" * 4 + ED.x,
    "trailing-data--key-ecdsa.bin": ecdsa_key() + b"\0",
    "trailing-data--key-ed25519.bin": ed25519_key() + string(""),
    "truncated--signature-empty.bin": b"",
    "unsupported--signature-rsa.bin": string("rsa-sha2-256") + string(bytes(256)),
    "unsupported--signature-webauthn.bin": ecdsa_signature(R, S, kind="webauthn-" + ECDSA),
    "invalid-input--signature-r-zero.bin": ecdsa_signature(0, S),
    "invalid-input--signature-s-zero.bin": ecdsa_signature(R, 0),
    "invalid-input--signature-r-zero-byte.bin": ecdsa_signature(string(b"\0"), S),
    "invalid-input--signature-r-negative.bin": ecdsa_signature(string(b"\x80" + bytes(31)), S),
    "invalid-input--signature-s-minus-one.bin": ecdsa_signature(R, string(b"\xff")),
    "invalid-input--signature-r-padded.bin": ecdsa_signature(string(b"\0\x7f"), S),
    "invalid-input--signature-r-padded-twice.bin": ecdsa_signature(
        string(b"\0\0\x80" + bytes(29)), S),
    "invalid-input--signature-r-33-bytes.bin": ecdsa_signature(string(b"\x01" + bytes(32)), S),
    "invalid-input--signature-s-34-bytes.bin": ecdsa_signature(R, string(b"\0\x80" + bytes(32))),
    "trailing-data--signature-after-s.bin": ecdsa_signature(R, S, rest=b"\0"),
    "truncated--signature-without-s.bin": ecdsa_signature(R, b""),
    "trailing-data--signature-ecdsa.bin": ecdsa_signature(R, S) + b"\0",
    "trailing-data--signature-ed25519.bin": ed25519_signature(SIGNED) + b"\0",
    "invalid-input--signature-ed25519-63.bin": ed25519_signature(SIGNED[:63]),
    "invalid-input--signature-ed25519-65.bin": ed25519_signature(SIGNED + b"\0"),
    "truncated--signature-without-counter.bin": ed25519_signature(SIGNED)[:-4],
    "invalid-input--line-empty.txt": b"",
    "invalid-input--line-blank.txt": b" \t\r\n",
    "invalid-input--line-type-only.txt": ED25519.encode(),
    "invalid-input--line-comment.txt": b"# " + line(ED25519, ed25519_key()),
    "invalid-input--line-option.txt": b"verify-required " + line(ED25519, ed25519_key()),
    "invalid-input--line-quoted-option.txt": b'command="a b" ' + line(ED25519, ed25519_key()),
    "invalid-input--line-other-type.txt": line(ECDSA, ed25519_key()),
    "invalid-input--line-type-of-no-key.txt": line("ssh-ed25519", ed25519_key()),
    "invalid-input--line-unpadded.txt": line(ED25519, ed25519_key(), "").rstrip(b"="),
    "invalid-input--line-two-lines.txt": line(ED25519, ed25519_key()) * 2,
    "invalid-input--line-nul.txt": line(ED25519, ed25519_key(), " a\0b\n"),
    "invalid-input--line-private-key.txt": b"-----BEGIN OPENSSH PRIVATE KEY-----\n",
    "unsupported--line-rsa.txt": line("ssh-rsa", RSA),
    "truncated--line-blob-cut.txt": line(ED25519, ed25519_key()[:-1]),
    "trailing-data--line-blob-longer.txt": line(ED25519, ed25519_key() + b"\0"),
    "too-large--line-blob-of-4097.txt": line(ED25519, ed25519_key() + bytes(4096)),
}


def armored(blob, signature):
    whole = (b"SSHSIG" + struct.pack(">I", 1) + string(blob) + string(NAMESPACE) + string("")
             + string("sha256") + string(signature))
    text = base64.b64encode(whole).decode()
    rows = "\n".join(text[at:at + 70] for at in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{rows}\n-----END SSH SIGNATURE-----\n"


def ask_openssh():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for kind, key, signature in (
                (ECDSA, ecdsa_key(), VALID["signature-ecdsa.bin"]),
                (ED25519, ed25519_key(), VALID["signature-ed25519.bin"]),
                (ED25519, ed25519_key(), VALID["signature-ed25519-verified.bin"])):
            (folder / "signers").write_bytes(b"alice " + line(kind, key))
            (folder / "signature").write_text(armored(key, signature))
            subprocess.run(["ssh-keygen", "-Y", "verify", "-n", NAMESPACE, "-I", "alice", "-f",
                            folder / "signers", "-s", folder / "signature"], input=MESSAGE,
                           check=True, stdout=subprocess.DEVNULL)
        for vector, content in VALID.items():
            if vector.startswith("line"):
                (folder / "key.pub").write_bytes(content)
                subprocess.run(["ssh-keygen", "-l", "-f", folder / "key.pub"], check=True,
                               stdout=subprocess.DEVNULL)


def write(folder, vectors):
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in vectors.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    write(HERE / "valid", VALID)
    write(HERE / "invalid", INVALID)
    (HERE / "client-data.txt").write_bytes(MESSAGE + b"\n")
    if shutil.which("ssh-keygen"):
        ask_openssh()
