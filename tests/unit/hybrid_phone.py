#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""common/hybrid against the software phone, which shares nothing with it: whole sessions, and each
way in which phone or tunnel may go wrong, with the status and the step in which it ends. TAP."""
import hashlib
import os
import pathlib
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(os.environ["srcdir"])
sys.path.insert(0, str(SOURCE / "tests/lib"))
try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    print("1..0 # SKIP no python3-cryptography")
    sys.exit(0)
from ctap import cbor, credential  # noqa: E402
from software_phone import (AAGUID, BE, BS, GOOGLE, INFO, UP, UPDATE, UV, Behaviour,  # noqa: E402
                            Passkey, Phone)

CLIENT = pathlib.Path(os.environ.get("top_builddir", ".")) / "tests/lib/hybrid_client"
RP_ID, USER = "host.example.org", {"id": b"\1\2\3\4", "name": "alice", "displayName": "alice"}
HASH = b"\x5a" * 32
SECONDS = 60

# What is otherwise, and how it ends where a passkey is asked for a signature.
ENDINGS = [
    ("a phone that does everything right", {}, "ok end"),
    ("the other UUID", {"uuid": GOOGLE}, "ok end"),
    ("Apple's tunnel", {"domain": 1}, "ok end"),
    ("adverts of others before", {"decoys": 200}, "ok end"),
    ("an advert with a suffix", {"suffix": cbor.encode({1: 0x1234})}, "ok end"),
    ("a suffix that is no CBOR", {"suffix": b"\xff"}, "ok end"),
    ("a tunnel that anybody may have", {"domain": 300}, "denied advert"),
    ("a tunnel that nobody has", {"domain": 2}, "not-found advert"),
    ("an advert of a later form", {"reserved": 1}, "unsupported advert"),
    ("a tag of the advert that is wrong", {"wrong_advert_tag": True}, "no-match advert"),
    ("a redirection", {"http": 302}, "unavailable upgrade"),
    ("no such tunnel", {"http": 404}, "not-found upgrade"),
    ("a tunnel that has gone", {"http": 410}, "not-found upgrade"),
    ("a tunnel that is broken", {"http": 500}, "unavailable upgrade"),
    ("an answer to another key", {"wrong_accept": True}, "protocol upgrade"),
    ("another protocol", {"protocol": "chat"}, "protocol upgrade"),
    ("an extension", {"headers": ("Sec-WebSocket-Extensions: permessage-deflate",)},
     "protocol upgrade"),
    ("other fields", {"headers": ("X-caBLE-Routing-ID: 010203", "Server: x")}, "ok end"),
    ("many pieces", {"piece": 3}, "ok end"),
    ("pieces and pings", {"piece": 16, "pings": True}, "ok end"),
    ("pings", {"pings": True}, "ok end"),
    ("text", {"text": True}, "protocol handshake"),
    ("a frame of 1 MiB", {"huge": True}, "too-large answer"),
    ("the phone of another session", {"wrong_psk": True}, "signature-invalid handshake"),
    ("a phone that read another code", {"wrong_peer": True}, "signature-invalid handshake"),
    ("a tag of the handshake that is wrong", {"wrong_noise_tag": True},
     "signature-invalid handshake"),
    ("a handshake with more behind it", {"noise_extra": b"\0"}, "trailing-data handshake"),
    ("a handshake that is cut", {"noise_extra": None}, "truncated handshake"),
    ("a phone of 2021", {"old_construction": True}, "unsupported greeting"),
    ("a phone of the first protocol", {"revision": 0}, "unsupported greeting"),
    ("a phone with other features", {"features": ("dc", "ctap")}, "ok end"),
    ("a phone without CTAP", {"features": ("dc",)}, "unsupported greeting"),
    ("a phone of U2F", {"info": {**INFO, 1: ["U2F_V2"]}}, "unsupported greeting"),
    ("a phone without a screen lock", {"info": {**INFO, 4: {"rk": True, "uv": False}}},
     "key-cannot-verify greeting"),
    ("an update without anything", {"updates": ("empty",)}, "ok end"),
    ("linking, genuine and forged", {"updates": ("linking", "forged")}, "ok end"),
    ("updates after the answer", {"updates_after": ("empty", "linking")}, "ok end"),
    ("16 updates", {"updates": ("empty",) * 16}, "ok end"),
    ("17 updates", {"updates": ("empty",) * 17}, "limit-exceeded answer"),
    ("a tag that is wrong", {"wrong_tag": True}, "signature-invalid answer"),
    ("a message that comes twice", {"replay": True}, "signature-invalid answer"),
    ("an answer of another type", {"kind": 3}, "protocol answer"),
    ("the end of a client", {"kind": 0}, "protocol answer"),
    ("an answer in an update", {"kind": UPDATE}, "cbor-type-mismatch answer"),
    ("two answers", {"twice": True}, "ok end"),
    ("closed before the tunnel", {"close_before": "accept"}, "io upgrade"),
    ("closed before the handshake", {"close_before": "noise"}, "io handshake"),
    ("closed before the greeting", {"close_before": "greeting"}, "io greeting"),
    ("closed before the person is asked", {"close_before": "command"}, "io answer"),
    ("closed without an answer", {"close_before": "answer"}, "io answer"),
    ("declined", {"status": 0x27}, "operation-denied answer"),
    ("too late", {"status": 0x2f}, "timeout answer"),
    ("a status that nobody knows", {"status": 0x99}, "device-error answer"),
    ("an answer that is none", {"answer": b"\0\xff"}, "device-error answer"),
    ("no answer at all in it", {"answer": b""}, "device-error answer"),
]


class Session:
    """The client's program, and a phone's thread."""

    def __init__(self, phone, word, ids=()):
        ours, theirs = socket.socketpair()
        self.client = subprocess.Popen(
            [CLIENT, word, str(theirs.fileno()), *(each.hex() for each in ids)],
            pass_fds=[theirs.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        theirs.close()
        self.call = phone.scan(self.client.stdout.readline().strip())
        self.ended = None
        self.thread = threading.Thread(target=self._serve, args=(ours,), daemon=True)
        self.thread.start()

    def _serve(self, sock):
        self.ended = self.call.serve(sock)

    def finish(self):
        """What the client says: its words and what stands behind them."""
        heard = "".join(data.hex() + "\n" for _, data in self.call.adverts)
        output = self.client.communicate(heard + "\n", timeout=SECONDS)[0]
        self.thread.join(SECONDS)
        return dict(line.split(" ", 1) for line in output.splitlines())


def passkey():
    return Passkey(RP_ID, USER, credential.ES256, credential.new_secret(credential.ES256))


def verified(one, said):
    """Whether it is this passkey's signature, over what it should be."""
    data = bytes.fromhex(said["data"])
    public = credential.private_key(one.algorithm, one.secret).public_key()
    public.verify(bytes.fromhex(said["signature"]), data + HASH, ec.ECDSA(hashes.SHA256()))
    return data[:32] == hashlib.sha256(RP_ID.encode()).digest() and \
        data[32] == UP | UV | BE | BS and bytes.fromhex(said["id"]) == one.id


def check_ending(changes, wanted):
    phone = Phone(Behaviour(**changes))
    phone.passkeys = [passkey(), passkey()]
    session = Session(phone, "get", [phone.passkeys[1].id])
    said = session.finish()
    assert said["result"] == wanted, (said, session.ended)
    if wanted == "ok end":
        assert verified(phone.passkeys[1], said)
        assert said["user"] == ""
        # Two answers: the client is gone when the second one comes, or takes no notice.
        assert session.ended in ("done", "reset", "end of file"), session.ended
    if changes.get("pings"):
        assert b"0" in session.call.tunnel.pongs


def check_enrolment():
    """A passkey is made, and signs; a second one is refused."""
    phone = Phone()
    session = Session(phone, "make")
    said = session.finish()
    assert (said["result"], session.ended) == ("ok end", "done"), (said, session.ended)
    made = cbor.decode(bytes.fromhex(said["object"]))
    assert made["fmt"] == "none" and made["attStmt"] == {}
    data, one = made["authData"], phone.passkeys[0]
    assert data[32] == 0x5d and data[37:53] == AAGUID and data[55:75] == one.id
    assert phone.shown[2] == {"id": RP_ID, "name": RP_ID}
    assert phone.shown[3] == {"id": b"\1\2\3\4", "name": "alice", "displayName": "alice"}
    assert session.call.code.hint == "mc" and session.call.code.assisted is False
    assert 6 not in session.call.code.values
    assert verified(one, Session(phone, "get", [one.id]).finish())
    assert Session(phone, "make", [one.id]).finish()["result"] == "credential-excluded answer"
    assert len(phone.passkeys) == 1


def check_choice():
    """Without a list the phone's user chooses; without a passkey the phone hangs up."""
    phone = Phone()
    phone.passkeys = [passkey()]
    said = Session(phone, "get").finish()
    assert verified(phone.passkeys[0], said) and said["user"] == "01020304"
    assert Session(phone, "get", [b"another"]).finish()["result"] == "no-match answer"
    phone.passkeys = []
    assert Session(phone, "get").finish()["result"] == "io answer"


def check_slow_user():
    phone = Phone()
    phone.passkeys = [passkey()]
    phone.agreed.clear()
    session = Session(phone, "get", [phone.passkeys[0].id])
    said = {}
    thread = threading.Thread(target=lambda: said.update(session.finish()), daemon=True)
    thread.start()
    assert phone.asked.wait(SECONDS) and session.client.poll() is None and not said
    phone.agreed.set()
    thread.join(SECONDS)
    assert verified(phone.passkeys[0], said)


def check_lies():
    """What is for the relying party to see comes through as the phone says it."""
    for lie in ("wrong_rp_id_hash", "wrong_signature", "other_credential"):
        phone = Phone(Behaviour(**{lie: True}))
        phone.passkeys = [passkey()]
        said = Session(phone, "get", [phone.passkeys[0].id]).finish()
        assert said["result"] == "ok end"
        try:
            assert not verified(phone.passkeys[0], said)
        except InvalidSignature:
            assert lie == "wrong_signature"
    phone = Phone(Behaviour(flags=UP | BS))
    phone.passkeys = [passkey()]
    said = Session(phone, "get", [phone.passkeys[0].id]).finish()
    assert bytes.fromhex(said["data"])[32] == UP | BS


def main():
    checks = [(name, lambda changes=changes, wanted=wanted: check_ending(changes, wanted))
              for name, changes, wanted in ENDINGS]
    checks += [("enrolment", check_enrolment), ("a choice", check_choice),
               ("a slow user", check_slow_user), ("lies", check_lies)]
    failed = 0
    print(f"1..{len(checks)}")
    for number, (name, check) in enumerate(checks, 1):
        try:
            check()
            print(f"ok {number} - {name}")
        except (AssertionError, InvalidSignature, KeyError, ValueError,
                subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"not ok {number} - {name}")
            print(f"# {type(error).__name__}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
