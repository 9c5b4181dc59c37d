#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the vectors of what OpenSSH says about host keys, as its programs print it.

valid/KIND-NAME.txt is read, invalid/STATUS--KIND-NAME.txt refused with STATUS. KIND says what it
is: key, the line of a .pub file, with the fingerprint in a second line; config, the lines of
"ssh -G" that matter; known, what "ssh-keygen -F" prints; record, what passkey-hostkey has noted.
The keys are made up: nothing here looks into the numbers of a key.
"""
import base64
import hashlib
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent)]
from maker import seed  # noqa: E402

BOOT = "0f3c1ae6-5c5e-4d0f-9f0b-6f6b0a3d9a11"


def string(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">I", len(data)) + data


def field(name, size=32):
    return string(seed.derive("host key " + name, size))


# What stands behind the type, and behind type and nonce of a certificate.
FIELDS = {
    "ssh-ed25519": field("ed25519"),
    "ecdsa-sha2-nistp256": string("nistp256") + field("p256", 65),
    "ecdsa-sha2-nistp384": string("nistp384") + field("p384", 97),
    "ecdsa-sha2-nistp521": string("nistp521") + field("p521", 133),
    "ssh-rsa": string(b"\1\0\1") + field("rsa", 257),
    "ssh-dss": field("p", 129) + field("q", 21) + field("g", 128) + field("y", 128),
    "sk-ssh-ed25519@openssh.com": field("sk") + string("ssh:"),
    "sk-ecdsa-sha2-nistp256@openssh.com": string("nistp256") + field("sk p256", 65) +
    string("ssh:"),
}
CERTIFICATE = "-cert-v01@openssh.com"
REST = (struct.pack(">QI", 7, 2) + string("web1") + string(string("web1.example.org")) +
        struct.pack(">QQ", 0, 2**64 - 1) + string("") + string("") + string("") +
        string(string("ssh-ed25519") + field("authority")) + field("signature", 83))


def b64(data):
    return base64.b64encode(data).decode()


def plain(kind):
    return string(kind) + FIELDS[kind]


def name_of_certificate(kind):
    return kind.removesuffix("@openssh.com") + CERTIFICATE


def certificate(kind):
    return string(name_of_certificate(kind)) + field("nonce") + FIELDS[kind] + REST


def fingerprint(blob):
    return "SHA256:" + b64(hashlib.sha256(blob).digest()).rstrip("=")


ED, RSA = plain("ssh-ed25519"), plain("ssh-rsa")
ED_LINE, RSA_LINE = "ssh-ed25519 " + b64(ED), "ssh-rsa " + b64(RSA)
CONFIG = """host web1
user alice
hostname web1.example.org
port 2222
checkhostip no
nohostauthenticationforlocalhost no
proxyusefdpass no
verifyhostkeydns false
stricthostkeychecking ask
hostkeyalgorithms ssh-ed25519,rsa-sha2-512
globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2
userknownhostsfile /home/alice/.ssh/known_hosts /home/alice/.ssh/known_hosts2
"""
KNOWN = f"""# Host [web1.example.org]:2222 found: line 3 
[web1.example.org]:2222 {ED_LINE} root@web1
# Host [web1.example.org]:2222 found: line 4 
|1|TlwRSHb7wTRgLzIDhDRYZfpR8Qk=|HBlPGmNTbgdlTYZQhcBmJVdI1oI= {RSA_LINE}
"""
RECORD = f"boot {BOOT}\n{fingerprint(ED)}\n"

VALID = {
    **{f"key-{kind.partition('@')[0]}": f"{kind} {b64(plain(kind))} comment of two\n"
       f"{fingerprint(plain(kind))}\n" for kind in FIELDS},
    **{f"key-{name_of_certificate(kind).partition('@')[0]}":
       f"{name_of_certificate(kind)} {b64(certificate(kind))}\n{fingerprint(plain(kind))}\n"
       for kind in FIELDS},
    "key-of-a-later-type": f"ssh-later {b64(string('ssh-later') + b'x')}\n"
                           f"{fingerprint(string('ssh-later') + b'x')}\n",
    "key-with-tabs": f"\t ssh-ed25519\t{b64(ED)}\t\r\n{fingerprint(ED)}\n",
    "config-plain": CONFIG,
    "config-alias": CONFIG + "hostkeyalias Web-Alias\n",
    "config-command": CONFIG + "knownhostscommand /bin/keys %I \"a b\" %%x\n",
    "config-hook": CONFIG + "knownhostscommand /usr/libexec/passkey/passkey-hostkey %I %K\n",
    "config-jump": CONFIG + "proxyjump gate.example.org\n",
    "config-proxy": CONFIG + "proxycommand nc %h %p\n",
    "config-dns": CONFIG.replace("verifyhostkeydns false", "verifyhostkeydns true"),
    "config-localhost": CONFIG.replace("localhost no", "localhost yes"),
    "known-two": KNOWN,
    "known-nothing": "",
    "known-revoked": KNOWN + f"# Host x found: line 5 REVOKED\n@revoked * {RSA_LINE}\n",
    "known-authority": f"# Host x found: line 1 CA\n@cert-authority *.example.org {ED_LINE}\n",
    "record-one": RECORD,
    "record-two": RECORD + fingerprint(RSA) + "\n",
}

INVALID = {
    "not-found--key-comment": "# ssh-ed25519\n",
    "not-found--key-blank": " \t\n",
    "truncated--key-type-only": "ssh-ed25519\n",
    "invalid-input--key-of-another-type": "ssh-rsa " + b64(ED) + "\n",
    "invalid-input--key-not-padded": ED_LINE.rstrip("=") + "A\n",
    "invalid-input--key-urlsafe": "ssh-ed25519 -_-_\n",
    "invalid-input--key-type-alone": "ssh-ed25519 " + b64(string("ssh-ed25519")) + "\n",
    "invalid-input--key-empty-type": "x " + b64(string("") + b"x") + "\n",
    "truncated--key-cut": "ssh-ed25519 " + b64(ED[:9]) + "\n",
    "truncated--key-certificate-cut":
        f"ssh-ed25519{CERTIFICATE} {b64(certificate('ssh-ed25519')[:80])}\n",
    "unsupported--key-later-certificate":
        f"ssh-later{CERTIFICATE} {b64(string('ssh-later' + CERTIFICATE) + b'x')}\n",
    "too-large--key": "ssh-rsa " + b64(string("ssh-rsa") + bytes(32768)) + "\n",
    "invalid-input--config-empty": "",
    "invalid-input--config-nul": CONFIG.replace("hostname web1", "hostname web1\0"),
    "invalid-input--config-without-host": CONFIG.replace("hostname ", "hostnam "),
    "invalid-input--config-without-port": CONFIG.replace("port ", "por "),
    "invalid-input--config-port-0": CONFIG.replace("port 2222", "port 0"),
    "invalid-input--config-port-65536": CONFIG.replace("port 2222", "port 65536"),
    "invalid-input--config-port-of-seven": CONFIG.replace("port 2222", "port 0002222"),
    "invalid-input--config-without-files": CONFIG.replace("userknown", "otherknown"),
    "invalid-input--config-without-global-files": CONFIG.replace("globalknown", "otherknown"),
    "invalid-input--config-without-dns": CONFIG.replace("verifyhost", "verify"),
    "invalid-input--config-without-localhost": CONFIG.replace("nohostauth", "noauth"),
    "invalid-input--known-names-only": "web1\n",
    "invalid-input--known-garbage": "web1 ssh-ed25519 AAAA!\n",
    "truncated--known-cut": f"web1 ssh-ed25519 {b64(ED[:9])}\n",
    "invalid-input--known-protocol-1": "web1 1024 35 1234567890\n",
    "invalid-input--known-other-marker": f"@later web1 {ED_LINE}\n",
    "too-large--known-65": "".join(
        f"w ssh-x{i} {b64(string(f'ssh-x{i}') + b'k')}\n" for i in range(65)),
    "invalid-input--record-empty": "",
    "invalid-input--record-without-keys": f"boot {BOOT}\n",
    "invalid-input--record-cut": RECORD[:-1],
    "invalid-input--record-short-key": RECORD[:-2] + "\n",
    "invalid-input--record-other-hash": RECORD.replace("SHA256", "SHA512"),
    "invalid-input--record-blank-line": RECORD + "\n",
    "not-found--record-of-another-boot": RECORD.replace(BOOT, BOOT[::-1]),
    "not-found--record-without-boot": fingerprint(ED) + "\n",
    "too-large--record-65": f"boot {BOOT}\n" + "".join(
        fingerprint(bytes([i])) + "\n" for i in range(65)),
}


def main():
    for folder, cases in ("valid", VALID), ("invalid", INVALID):
        (HERE / folder).mkdir(exist_ok=True)
        for old in (HERE / folder).glob("*.txt"):
            old.unlink()
        for name, text in cases.items():
            (HERE / folder / (name + ".txt")).write_text(text, newline="")


if __name__ == "__main__":
    main()
