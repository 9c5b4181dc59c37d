# SPDX-License-Identifier: BSD-2-Clause
"""A phone in software, which signs through a tunnel for who shows it a QR code (CTAP 2.2, hybrid).

It has no Bluetooth and opens no connection: scan() gives what it would send over the air, and
serve() speaks on a socket as the tunnel that the client has connected to. Nothing in it is shared
with common/hybrid, so that a mistake there is not made here as well. Behaviour says in what it
differs from a phone that does everything right.

    phone = Phone()
    call = phone.scan(text)        # of the QR code
    for uuid, data in call.adverts: ...
    call.serve(sock)               # blocks until the session is over
"""

import dataclasses
import hashlib
import hmac
import os
import struct
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ctap import cbor, credential
from phone_tunnel import Closed, Tunnel

FIDO = "0000fff9-0000-1000-8000-00805f9b34fb"
GOOGLE = "0000fde2-0000-1000-8000-00805f9b34fb"
AAGUID = bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd")
INFO = {1: ["FIDO_2_0", "FIDO_2_1"], 2: ["prf"], 3: bytes(16),
        4: {"rk": True, "up": True, "uv": True, "plat": False}, 9: ["internal", "hybrid"]}
UP, UV, BE, BS, AT = 1, 4, 8, 16, 64
SHUTDOWN, CTAP, UPDATE = 0, 1, 2
OK, EXCLUDED, NO_CREDENTIALS, ALGORITHM = 0x00, 0x19, 0x2e, 0x26


@dataclasses.dataclass
class Behaviour:
    """A phone that does everything right, and what may be otherwise."""

    # adverts
    uuid: str = FIDO
    domain: int = 0
    reserved: int = 0
    suffix: bytes = b""
    decoys: int = 0             # random adverts before the phone's own
    wrong_advert_tag: bool = False
    # the tunnel
    http: int = 101             # the status of the answer: 302, 404, 410 …
    wrong_accept: bool = False
    protocol: str = "fido.cable"
    headers: tuple = ()         # more lines of the answer
    piece: int = 0              # bytes of each frame; 0: one frame a message
    pings: bool = False         # after each frame
    text: bool = False          # text frames in place of binary ones
    huge: bool = False          # a frame of 1 MiB in place of the answer
    # the handshake
    wrong_psk: bool = False     # the phone of another session
    wrong_peer: bool = False    # it has read another code
    wrong_noise_tag: bool = False
    noise_extra: bytes = b""    # behind the phone's message; None: it is cut
    # messages
    old_construction: bool = False  # of 2021
    revision: int = 1
    features: tuple = ("ctap",)
    info: dict = dataclasses.field(default_factory=lambda: dict(INFO))
    updates: tuple = ()         # "empty", "linking", "forged", before the answer
    updates_after: tuple = ()
    wrong_tag: bool = False     # of the message with the answer
    replay: bool = False        # the greeting once more, in place of the answer
    unasked: bool = False       # an answer before the command
    twice: bool = False         # the answer
    kind: int = CTAP            # the type byte of the answer
    close_before: str = ""      # accept, noise, greeting, command, answer
    endless_before: str = ""    # the same, but accept: the second of these without a pause
    endless: tuple = (b"", b"\x89\0")
    # the answer
    status: int = OK            # what the person or the phone says
    flags: int = UP | UV | BE | BS
    wrong_rp_id_hash: bool = False
    wrong_signature: bool = False
    other_credential: bool = False
    makes: bytes = None         # the id of what it makes
    user_handle: bytes = None   # that a signature names
    counter: int = 0
    answer: bytes = None        # in place of everything


def derive(secret, salt, purpose, length):
    kdf = HKDF(hashes.SHA256(), length, salt or None, struct.pack("<I", purpose))
    return kdf.derive(secret)


def digits_to_bytes(digits):
    sizes = {3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6, 17: 7}
    groups = [digits[at:at + 17] for at in range(0, len(digits), 17)]
    return b"".join(int(group).to_bytes(sizes[len(group)], "little") for group in groups)


class Code:
    """What a QR code says."""

    def __init__(self, text):
        if text[:6].upper() != "FIDO:/":
            raise ValueError("not the QR code of a passkey")
        values = cbor.decode(digits_to_bytes(text[6:]))
        self.public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), values[0])
        self.secret, self.domains, self.hint = values[1], values.get(2), values.get(5, "ga")
        self.time, self.assisted, self.values = values.get(3), values.get(4), values
        self.tunnel_id = derive(self.secret, b"", 2, 16)


def point(public):
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class Noise:
    """The symmetric state of Noise, and the phone's part of KNpsk0."""

    def __init__(self, psk, client):
        self.h = self.ck = b"Noise_KNpsk0_P256_AESGCM_SHA256\0"
        self.k = None
        self.mix_hash(b"\1")
        self.mix_hash(point(client))
        keys = self._hkdf(psk, 96)
        self.ck, self.k = keys[:32], keys[64:]
        self.mix_hash(keys[32:64])

    def _hkdf(self, ikm, length):
        prk = hmac.new(self.ck, ikm, hashlib.sha256).digest()
        out, block = b"", b""
        for number in range(1, length // 32 + 1):
            block = hmac.new(prk, block + bytes([number]), hashlib.sha256).digest()
            out += block
        return out

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, ikm):
        keys = self._hkdf(ikm, 64)
        self.ck, self.k = keys[:32], keys[32:]

    def mix_point(self, data):
        self.mix_hash(data)
        self.mix_key(data)

    def check(self, tag):
        AESGCM(self.k).decrypt(bytes(12), tag, self.h)
        self.mix_hash(tag)

    def tag(self):
        tag = AESGCM(self.k).encrypt(bytes(12), b"", self.h)
        self.mix_hash(tag)
        return tag

    def answer(self, message, client):
        """The phone's message, and the keys of the client and the phone."""
        if len(message) != 81:
            raise Closed("a handshake of another size")
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), message[:65])
        self.mix_point(message[:65])
        self.check(message[65:])
        own = ec.generate_private_key(ec.SECP256R1())
        self.mix_point(point(own.public_key()))
        self.mix_key(own.exchange(ec.ECDH(), peer))
        self.mix_key(own.exchange(ec.ECDH(), client))
        tag = self.tag()
        keys = self._hkdf(b"", 64)
        return point(own.public_key()) + tag, keys[:32], keys[32:]


class Channel:
    """The messages behind the handshake, the phone's side."""

    def __init__(self, client_key, phone_key, old):
        self.reading, self.writing, self.old = AESGCM(client_key), AESGCM(phone_key), old
        self.read = self.written = 0

    def _parameters(self, counter):
        if self.old:
            return struct.pack("<I", counter) + bytes(8), b"\2"
        return bytes(8) + struct.pack(">I", counter), b""

    def seal(self, plain):
        zeros = 31 - len(plain) % 32
        nonce, about = self._parameters(self.written)
        self.written += 1
        return self.writing.encrypt(nonce, plain + bytes(zeros) + bytes([zeros]), about)

    def open(self, sealed):
        nonce, about = self._parameters(self.read)
        self.read += 1
        plain = self.reading.decrypt(nonce, sealed, about)
        if len(plain) % 32 or any(plain[-1 - plain[-1]:-1]):
            raise Closed("padding that is none of ours")
        return plain[:-1 - plain[-1]]


@dataclasses.dataclass
class Passkey:
    rp_id: str
    user: dict
    algorithm: int
    secret: bytes
    id: bytes = dataclasses.field(default_factory=lambda: os.urandom(20))


class Phone:
    """Its passkeys, and its user, who agrees at once unless approve is replaced."""

    def __init__(self, behaviour=None):
        self.behaviour = behaviour or Behaviour()
        self.passkeys = []
        self.agreed = threading.Event()  # cleared: the user is slow, and agrees when it is set
        self.agreed.set()
        self.asked = threading.Event()   # the user has been asked
        self.shown = None                # the last request's parameters, as the user sees them

    def scan(self, text):
        return Call(self, Code(text))

    # ---- CTAP ----

    def command(self, message):
        """The answer to a command: its status byte, and CBOR."""
        parameters = cbor.decode(message[1:])
        self.shown = parameters
        self.asked.set()
        self.agreed.wait()
        if self.behaviour.answer is not None:
            return self.behaviour.answer
        if self.behaviour.status != OK:
            return bytes([self.behaviour.status])
        if message[0] == 1:
            return self._make(parameters)
        if message[0] == 2:
            return self._get(parameters)
        raise Closed(f"a command that phones do not take: {message[0]}")

    def _auth_data(self, rp_id, attested=b""):
        rp_id = "elsewhere.example.org" if self.behaviour.wrong_rp_id_hash else rp_id
        flags = self.behaviour.flags | (AT if attested else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + \
            struct.pack(">I", self.behaviour.counter) + attested

    def _make(self, parameters):
        rp, user, options = parameters[2], parameters[3], parameters[7]
        # What phones end a session without.
        if not (rp["name"] and user["name"] and user["displayName"] and 1 <= len(user["id"]) <= 64):
            raise Closed("a name is missing")
        if options != {"rk": True, "uv": True} or len(parameters[1]) != 32:
            raise Closed("not a request for a passkey")
        excluded = {each["id"] for each in parameters.get(5, ())}
        if any(each.id in excluded for each in self.passkeys if each.rp_id == rp["id"]):
            return bytes([EXCLUDED])
        known = [each["alg"] for each in parameters[4] if each["alg"] in credential.ALGORITHMS]
        if not known:
            return bytes([ALGORITHM])
        made = Passkey(rp["id"], user, known[0], credential.new_secret(known[0]))
        made.id = self.behaviour.makes or made.id
        self.passkeys.append(made)
        key = cbor.encode(credential.cose_key(made.algorithm, made.secret))
        attested = AAGUID + struct.pack(">H", len(made.id)) + made.id + key
        return bytes([OK]) + cbor.encode({1: "none", 2: self._auth_data(rp["id"], attested), 3: {}})

    def _get(self, parameters):
        rp_id, client_data_hash = parameters[1], parameters[2]
        if parameters[5] != {"uv": True} or len(client_data_hash) != 32 or parameters.get(3) == []:
            raise Closed("not a request for a signature")
        listed = parameters.get(3)
        found = [each for each in self.passkeys if each.rp_id == rp_id and
                 (listed is None or each.id in {one["id"] for one in listed})]
        if not found and listed is None:
            raise Closed("nothing to choose from")  # without a word, as phones do
        if not found:
            return bytes([NO_CREDENTIALS])
        data = self._auth_data(rp_id)
        signature = credential.sign(found[0].algorithm, found[0].secret, data + client_data_hash)
        if self.behaviour.wrong_signature:
            signature = credential.sign(found[0].algorithm, found[0].secret, data)
        name = os.urandom(20) if self.behaviour.other_credential else found[0].id
        answer = {1: {"id": name, "type": "public-key"}, 2: data, 3: signature}
        if self.behaviour.user_handle is not None:
            answer[4] = {"id": self.behaviour.user_handle}
        if listed is None:
            answer[4] = {"id": found[0].user["id"], "name": "", "displayName": ""}
            answer[6] = True
        return bytes([OK]) + cbor.encode(answer)


class Call:
    """One code that was scanned: what goes over the air, and the session that follows."""

    def __init__(self, phone, code):
        self.phone, self.code, self.behaviour = phone, code, phone.behaviour
        behaviour = self.behaviour
        self.routing_id = os.urandom(3)
        self.plain = bytes([behaviour.reserved]) + os.urandom(10) + self.routing_id + \
            struct.pack("<H", behaviour.domain)
        self.adverts = [(behaviour.uuid, os.urandom(20)) for _ in range(behaviour.decoys)]
        self.adverts.append((behaviour.uuid, self._advert()))
        self.handshake_hash = None
        self.channel = None
        self.tunnel = None

    def _advert(self):
        key = derive(self.code.secret, b"", 1, 64)
        aes = Cipher(algorithms.AES(key[:32]), modes.ECB()).encryptor()
        block = aes.update(self.plain) + aes.finalize()
        tag = hmac.new(key[32:], block, hashlib.sha256).digest()[:4]
        if self.behaviour.wrong_advert_tag:
            tag = bytes([tag[0] ^ 1]) + tag[1:]
        return block + tag + self.behaviour.suffix

    def serve(self, sock):
        """The whole session, as the tunnel has it; why it ended, in words: "done" or another."""
        try:
            self._serve(sock)
            return "done"
        except Closed as error:
            return str(error)
        except InvalidTag:
            return "a tag that is wrong"
        except OSError:  # TLS has a kind of its own for what breaks off
            return "reset"
        finally:
            sock.close()

    def _stop(self, step):
        if self.behaviour.close_before == step:
            raise Closed(f"closed before {step}")
        if self.behaviour.endless_before == step:
            self.tunnel.sock.sendall(self.behaviour.endless[0])
            while True:
                self.tunnel.sock.sendall(self.behaviour.endless[1] * 1024)

    def _serve(self, sock):
        self._stop("accept")
        self.tunnel = Tunnel(sock, self.behaviour)
        if not self.tunnel.accept():
            return
        ids = f"{self.routing_id.hex()}/{self.code.tunnel_id.hex()}"
        if self.tunnel.path != f"/cable/connect/{ids}":
            raise Closed("another tunnel")
        self._shake_hands()
        self._stop("greeting")
        greeting = self.channel.seal(self._greeting())
        self.tunnel.send(greeting)
        if self.behaviour.unasked:
            self._send(CTAP, bytes([OK]))
        command = self.channel.open(self.tunnel.receive())
        self._stop("command")
        if command[:1] != bytes([CTAP]):
            raise Closed("not a command")
        answer = self.phone.command(command[1:])
        self._answer(answer, greeting)
        self._end()

    def _shake_hands(self):
        message = self.tunnel.receive()
        self._stop("noise")
        psk = derive(self.code.secret, self.plain, 3, 32)
        client = self.code.public
        if self.behaviour.wrong_peer:
            client = ec.generate_private_key(ec.SECP256R1()).public_key()
        noise = Noise(bytes(32) if self.behaviour.wrong_psk else psk, client)
        if self.behaviour.wrong_psk or self.behaviour.wrong_peer:
            noise.check = noise.mix_hash  # a phone that does not look
        answer, client_key, phone_key = noise.answer(message, client)
        if self.behaviour.wrong_noise_tag:
            answer = answer[:-1] + bytes([answer[-1] ^ 1])
        extra = self.behaviour.noise_extra
        self.tunnel.send(answer[:-1] if extra is None else answer + extra)
        self.handshake_hash = noise.h
        self.channel = Channel(client_key, phone_key, self.behaviour.old_construction)

    def _greeting(self):
        values = {1: cbor.encode(self.behaviour.info)}
        if self.behaviour.features != ("ctap",):
            values[3] = list(self.behaviour.features)
        message = cbor.encode(values)
        if self.behaviour.revision == 0:
            zeros = -(len(message) + 2) % 512
            message += bytes(zeros) + struct.pack("<H", zeros)
        return message

    def _send(self, kind, payload):
        self.tunnel.send(self.channel.seal(bytes([kind]) + payload))

    def _update(self, what):
        if what == "empty":
            return {0: bytes(300)}
        own = ec.generate_private_key(ec.SECP256R1())
        shared = own.exchange(ec.ECDH(), self.code.public)
        signature = hmac.new(shared, self.handshake_hash, hashlib.sha256).digest()
        return {1: {1: os.urandom(100), 2: os.urandom(8), 3: os.urandom(32),
                    4: point(own.public_key()), 5: "Pixel 8",
                    6: bytes(32) if what == "forged" else signature, 999: True}}

    def _answer(self, answer, greeting):
        for what in self.behaviour.updates:
            self._send(UPDATE, cbor.encode(self._update(what)))
        self._stop("answer")
        if self.behaviour.huge:
            self.tunnel.send_frame(0x82, bytes(1 << 20))
        elif self.behaviour.replay:
            self.tunnel.send(greeting)
        elif self.behaviour.wrong_tag:
            sealed = self.channel.seal(bytes([CTAP]) + answer)
            self.tunnel.send(sealed[:-1] + bytes([sealed[-1] ^ 1]))
        else:
            for _ in range(2 if self.behaviour.twice else 1):
                self._send(self.behaviour.kind, answer)
        for what in self.behaviour.updates_after:
            self._send(UPDATE, cbor.encode(self._update(what)))

    def _end(self):
        """The client says that it is done, or just goes."""
        last = self.channel.open(self.tunnel.receive())
        if last != bytes([SHUTDOWN]):
            raise Closed("a second command")
