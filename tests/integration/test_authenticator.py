# SPDX-License-Identifier: BSD-2-Clause
"""passkey-authenticator, unmodified, with keys of the software authenticator; no daemon."""

import contextlib
import hashlib
import os
import select
import shutil
import signal
import subprocess
import sys

import cbor2
import pexpect
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import frames  # noqa: E402
from ctap.host import Host  # noqa: E402
from helper_client import PATIENCE, Ended, Helper  # noqa: E402
from softkey import SoftKeys  # noqa: E402

BUILD = os.environ.get("top_builddir", ".")
LIBRARY = os.path.join(BUILD, "tests/lib/.libs/libsoftkey.so")
PROGRAM = os.path.join(BUILD, "authenticator/passkey-authenticator")
RP_ID = "example.org"
HASH = hashlib.sha256(b"client data").digest()
PIN = "1234"
UP, UV, AT = 0x01, 0x04, 0x40

pytestmark = [
    pytest.mark.skipif(not os.path.exists(LIBRARY), reason="no " + LIBRARY),
    pytest.mark.skipif(not os.path.exists(PROGRAM), reason="no " + PROGRAM),
]


@pytest.fixture
def keys(tmp_path):
    with SoftKeys(str(tmp_path / "softkeys"), LIBRARY) as running:
        yield running


@pytest.fixture
def helper(keys):
    """helper() starts one; whatever is left at the end is killed."""
    started = []

    def start(**more):
        environment = {**keys.environment(), **more.pop("environment", {})}
        started.append(Helper(PROGRAM, environment, **more))
        return started[-1]

    yield start
    for each in started:
        each.__exit__()


def set_pin(keys, key, pin=PIN):
    if shutil.which("fido2-token") is None:
        pytest.skip("no fido2-tools")
    child = pexpect.spawn("fido2-token", ["-S", key.path], encoding="utf-8", timeout=PATIENCE,
                          env={**os.environ, **keys.environment()})
    child.setecho(False)
    for _ in range(2):
        child.expect(r"(?i)PIN[^\n]*: ?$")
        child.sendline(pin)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and key.info()["pin_set"]


class Credential:
    """What a CREDENTIAL frame holds, taken apart."""

    def __init__(self, fields):
        self.discoverable, self.transports = fields["discoverable"], fields["transports"]
        self.object = cbor2.loads(fields["attestation_object"])
        assert list(self.object) == ["fmt", "attStmt", "authData"]  # CTAP2 canonical order
        assert cbor2.dumps(self.object, canonical=True) == fields["attestation_object"]
        data = self.object["authData"]
        assert data[:32] == hashlib.sha256(RP_ID.encode()).digest()
        self.flags, self.aaguid = data[32], data[37:53]
        length = int.from_bytes(data[53:55], "big")
        self.id, self.public_key = data[55:55 + length], cbor2.loads(data[55 + length:])

    def check(self, assertion, rp_id=RP_ID):
        """The signature of an assertion with this credential holds; its flags."""
        data = assertion["authenticator_data"]
        assert assertion["credential_id"] == self.id
        assert data[:32] == hashlib.sha256(rp_id.encode()).digest()
        if self.public_key[3] == -8:
            ed25519.Ed25519PublicKey.from_public_bytes(self.public_key[-2]).verify(
                assertion["signature"], data + HASH)
        else:
            ec.EllipticCurvePublicNumbers(
                int.from_bytes(self.public_key[-2], "big"),
                int.from_bytes(self.public_key[-3], "big"), ec.SECP256R1()).public_key().verify(
                    assertion["signature"], data + HASH, ec.ECDSA(hashes.SHA256()))
        return data[32]


def finish(running, pin=None):
    """From PROCEED to the last frame, answering PIN questions; (kind, fields, kinds before it)."""
    seen = []
    while True:
        kind, fields = running.receive()
        if kind in (frames.ASSERTION, frames.CREDENTIAL, frames.FAILED):
            running.ended()
            return kind, fields, seen
        seen.append(kind)
        if kind == frames.PIN_NEEDED:
            running.send(frames.pin(pin))


def create(helper, key, pin=None, hash_=HASH, **options):
    running = helper()
    running.send(frames.make_credential(key.path, options.pop("rp_id", RP_ID), hash_, **options))
    running.proceed()
    kind, fields, seen = finish(running, pin)
    assert kind == frames.CREDENTIAL, fields
    made = Credential(fields)
    made.seen = seen
    return made


def request(helper, key, *credentials, **options):
    """A helper that has been sent GET_ASSERTION."""
    running = helper()
    running.send(frames.get_assertion(key.path, options.pop("rp_id", RP_ID), HASH,
                                      [(each, 0) for each in credentials], **options))
    return running


def pin_needed(running):
    fields = running.expect(frames.PIN_NEEDED)
    return fields["tries"], fields["wrong"]


def sign(helper, key, *credentials, pin=None, **options):
    """The assertions, and the kinds of frames that came before."""
    running = request(helper, key, *credentials, **options)
    running.proceed()
    kind, fields, seen = finish(running, pin)
    assert kind == frames.ASSERTION, fields
    return fields["assertions"], seen


# Devices


def test_watch(keys, helper):
    watching = helper()
    watching.send(frames.u8(frames.WATCH))
    assert watching.expect(frames.DEVICES) == {"devices": []}
    key = keys.add("blue", manufacturer="Maker", product="Blue\x1b[31m Key")
    (device,) = watching.expect(frames.DEVICES)["devices"]
    assert device["path"] == key.path
    assert device["manufacturer"] == "Maker" and device["product"] == "Blue?[31m Key"
    keys.add("green")
    assert len(watching.expect(frames.DEVICES)["devices"]) == 2
    key.unplug()
    (device,) = watching.expect(frames.DEVICES)["devices"]
    assert device["path"] == keys.key("green").path
    assert watching.close() == 0


def test_watch_cancel(helper):
    watching = helper()
    watching.send(frames.u8(frames.WATCH))
    watching.expect(frames.DEVICES)
    watching.send(frames.u8(frames.CANCEL))
    assert watching.failed() == "cancelled"


def test_sandbox(helper):
    watching = helper()
    watching.send(frames.u8(frames.WATCH))
    watching.expect(frames.DEVICES)
    with open(f"/proc/{watching.process.pid}/status", encoding="ascii") as file:
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    with open(f"/proc/{watching.process.pid}/limits", encoding="ascii") as file:
        limits = file.read()
    assert "Max core file size        0                    0 " in limits
    assert "Max file size             0                    0 " in limits


@pytest.mark.parametrize("path", ["/dev/software-authenticator/none", "/dev/hidraw-none",
                                  "/etc/hostname", "/dev", "relative", "/sys/none/nfc"])
def test_no_such_device(helper, path):
    running = helper()
    running.send(frames.get_assertion(path, RP_ID, HASH))
    assert running.failed() in ("no-device", "device-error")


# Enrolment


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.parametrize("algorithm", [-7, -8])
def test_create_and_sign(keys, helper, version, algorithm):
    key = keys.add("blue", version=version)
    made = create(helper, key, algorithms=[-48, algorithm, -257])
    assert made.object["fmt"] == "packed" and "x5c" in made.object["attStmt"]
    assert made.public_key[3] == algorithm
    assert made.flags == UP | AT and not made.discoverable and made.transports & 1
    assert made.seen == [frames.TOUCH]
    (assertion,), seen = sign(helper, key, made.id)
    assert made.check(assertion) == UP and seen == [frames.TOUCH]
    assert assertion["user_handle"] == b""
    assertion["signature"] = assertion["signature"][:-1] + bytes([assertion["signature"][-1] ^ 1])
    with pytest.raises(InvalidSignature):
        made.check(assertion)


def test_first_algorithm_the_key_has(keys, helper):
    key = keys.add("blue", version="2.0", algorithms=[-8])
    assert create(helper, key, algorithms=[-7, -8]).public_key[3] == -8
    made = create(helper, keys.add("green", version="2.0"), algorithms=[-8, -7])
    assert made.public_key[3] == -8 and made.seen == [frames.TOUCH]  # and no second credential


def test_no_algorithm_in_common(keys, helper):
    running = helper()
    running.send(frames.make_credential(keys.add("blue").path, RP_ID, HASH, algorithms=[-257, -39]))
    assert running.expect(frames.CHECKED)["status"] == "key-algorithm"
    assert running.failed() == "key-algorithm"


def test_excluded(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    running = helper()
    running.send(frames.make_credential(key.path, RP_ID, HASH,
                                        exclude=[(b"\1" * 40, 0), (made.id, 1)]))
    assert running.expect(frames.CHECKED)["status"] == "credential-excluded"
    assert running.failed() == "credential-excluded"
    create(helper, keys.add("green"), exclude=[(made.id, 1)])


def test_resident_key(keys, helper):
    key = keys.add("blue")
    assert create(helper, key, resident_key=frames.REQUIRED).discoverable
    assert create(helper, key, resident_key=frames.PREFERRED, user_handle=b"2").discoverable
    assert not create(helper, key, resident_key=frames.DISCOURAGED, user_handle=b"3").discoverable
    assert not create(helper, key, resident_key=frames.UNSET, user_handle=b"4").discoverable


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_resident_key_without_room(keys, helper, version):
    none = keys.add("blue", version=version, resident_keys=0)
    one = keys.add("green", version=version, resident_keys=1)
    assert not create(helper, none, resident_key=frames.PREFERRED).discoverable
    assert create(helper, one, resident_key=frames.PREFERRED).discoverable
    assert not create(helper, one, resident_key=frames.PREFERRED, user_handle=b"2").discoverable
    running = helper()
    running.send(frames.make_credential(none.path, RP_ID, HASH, resident_key=frames.REQUIRED))
    assert running.expect(frames.CHECKED)["status"] == "key-cannot-store"
    running = helper()
    running.send(frames.make_credential(one.path, RP_ID, HASH, resident_key=frames.REQUIRED,
                                        user_handle=b"3"))
    if running.expect(frames.CHECKED)["status"] == "ok":  # a key that does not say how much fits
        running.send(frames.u8(frames.PROCEED))
        assert finish(running)[1]["status"] == "key-store-full"


@pytest.mark.parametrize("config, kept", [
    ({}, False),
    ({"attestation": "self"}, False),
    ({"attestation": "self", "aaguid": "00" * 16}, True),
    ({"attestation": "none"}, False),
])
def test_attestation_none(keys, helper, config, kept):
    key = keys.add("blue", **config)
    made = create(helper, key, attestation=frames.ATTESTATION["none"])
    assert made.object["fmt"] == ("packed" if kept else "none")
    assert bool(made.object["attStmt"]) == kept
    assert made.aaguid.hex() == config.get("aaguid", "6f4d3f6c5a0e4f0f9b0c5e9a7d21c3b4")


def test_attestation_of_the_key_itself(keys, helper):
    key = keys.add("blue", attestation="self")
    made = create(helper, key)
    assert made.object["fmt"] == "packed" and set(made.object["attStmt"]) == {"alg", "sig"}
    made = create(helper, keys.add("green", attestation="none"))
    assert made.object["fmt"] == "none" and made.object["attStmt"] == {}


# Sign-in


def test_no_match(keys, helper):
    made = create(helper, keys.add("blue"))
    other = keys.add("green")
    running = request(helper, other, made.id)
    checked = running.expect(frames.CHECKED)
    assert checked["status"] == "no-match" and checked["uncertain"]
    running.send(frames.u8(frames.PROCEED))
    assert running.failed() == "no-match"
    running = request(helper, keys.key("blue"), made.id, rp_id="example.com")
    assert running.expect(frames.CHECKED)["status"] == "no-match"


def test_appid(keys, helper):
    appid = "https://example.org/app-id.json"
    key = keys.add("blue", version="u2f")
    running = helper()
    running.send(frames.make_credential(key.path, appid, HASH))
    running.proceed()
    object_ = cbor2.loads(finish(running)[1]["attestation_object"])
    data = object_["authData"]
    id_ = data[55:55 + int.from_bytes(data[53:55], "big")]
    (assertion,), _ = sign(helper, key, id_, appid=appid)
    assert assertion["authenticator_data"][:32] == hashlib.sha256(appid.encode()).digest()
    assert request(helper, key, id_).expect(frames.CHECKED)["status"] == "no-match"


def test_long_allow_list(keys, helper):
    key = keys.add("blue", credentials_in_list=8)
    made = create(helper, key)
    others = [bytes([i]) * 62 for i in range(63)] + [b"x" * 1023]
    (assertion,), _ = sign(helper, key, *others[:30], made.id, *others[31:])
    made.check(assertion)
    assert request(helper, key, *others).expect(frames.CHECKED)["status"] == "no-match"


def test_allow_list_of_more_bytes_than_a_message_takes(keys, helper):
    """CTAP 2.1 section 6.4: eight credentials may fit the list, and not maxMsgSize."""
    key = keys.add("blue", credentials_in_list=8)
    made = create(helper, key)
    others = [bytes([i]) * 255 for i in range(15)]
    (assertion,), _ = sign(helper, key, *others, made.id)
    made.check(assertion)
    assert request(helper, key, *others).expect(frames.CHECKED)["status"] == "no-match"


@pytest.mark.parametrize("version", ["2.1", "u2f"])
def test_two_on_the_list(keys, helper, version):
    """Both are on the key: one is used, for one touch."""
    key = keys.add("blue", version=version)
    first = create(helper, key, user_handle=b"1")
    second = create(helper, key, user_handle=b"2")
    key.set(touch="wait")
    running = request(helper, key, first.id, second.id)
    running.proceed()
    running.expect(frames.TOUCH)
    key.wait_touch_wanted()
    assert key.touch()
    (assertion,) = running.expect(frames.ASSERTION)["assertions"]
    assert running.ended() == 0
    (first if assertion["credential_id"] == first.id else second).check(assertion)


def test_discoverable(keys, helper):
    key = keys.add("blue")
    made = {}
    for name in (b"one", b"two", b"three"):
        made[name] = create(helper, key, resident_key=frames.REQUIRED, user_handle=name)
    assertions, seen = sign(helper, key)
    assert seen == [frames.TOUCH]
    assert {each["user_handle"] for each in assertions} == set(made)
    for each in assertions:
        assert made[each["user_handle"]].check(each) & UP
    running = request(helper, key, rp_id="example.com")
    assert running.expect(frames.CHECKED)["status"] == "no-match"


def requests(keys, after):
    """How often the key was asked something since."""
    return len([each for each in keys.events(after) if each["event"] == "request"])


def test_known_credential_is_not_asked_for_silently(keys, helper):
    """And what the key is, is asked once."""
    key = keys.add("blue")
    made = create(helper, key)
    mark = keys.mark()
    (assertion,), _ = sign(helper, key, made.id)
    assert made.check(assertion) == UP and requests(keys, mark) == 3
    mark = keys.mark()
    (assertion,), _ = sign(helper, key, made.id, hints=2)
    assert made.check(assertion) == UP and requests(keys, mark) == 2


def test_known_is_a_hint(keys, helper):
    """Where the key has lost it, or wants its PIN, it decides as if it had not been said."""
    key = keys.add("blue")
    set_pin(keys, key)
    shy = create(helper, key, PIN, cred_protect=3, resident_key=frames.REQUIRED)
    for lost in (shy.id, b"some other key's"):
        running = request(helper, key, lost, hints=2)
        assert running.proceed()["status"] == "ok"
        kind, fields, seen = finish(running)
        assert kind == frames.FAILED and fields["status"] == "no-match"
        assert frames.PIN_NEEDED not in seen
    running = request(helper, key, shy.id, uv=frames.REQUIRED, hints=2)
    checked = running.expect(frames.CHECKED)
    assert checked["status"] == "no-match" and checked["uncertain"]


def test_hidden_credentials(keys, helper):
    """credProtect 3: the key does not say before verification what it holds."""
    key = keys.add("blue")
    set_pin(keys, key)
    made = create(helper, key, PIN, cred_protect=3, resident_key=frames.REQUIRED)
    running = request(helper, key, made.id)
    checked = running.expect(frames.CHECKED)
    assert checked["status"] == "no-match" and checked["uncertain"]
    running.send(frames.u8(frames.PROCEED))
    assert finish(running, PIN)[1]["status"] == "no-match"
    running = request(helper, key, made.id, hidden=1)
    assert running.expect(frames.CHECKED)["uncertain"]
    running.send(frames.u8(frames.PROCEED))
    assert finish(running, PIN)[0] == frames.ASSERTION
    running = request(helper, key, made.id, uv=frames.REQUIRED)
    checked = running.expect(frames.CHECKED)
    assert checked["status"] == "no-match" and checked["uncertain"]
    running.send(frames.u8(frames.PROCEED))
    kind, fields, _ = finish(running, PIN)
    assert kind == frames.ASSERTION
    assert made.check(fields["assertions"][0]) == UP | UV
    running = request(helper, key, uv=frames.REQUIRED)
    assert running.proceed()["uncertain"]
    assert finish(running, PIN)[1]["assertions"][0]["user_handle"] == b"handle"


# Touch, cancel, removal


@pytest.mark.parametrize("version", ["2.1", "u2f"])
def test_touch(keys, helper, version):
    key = keys.add("blue", version=version)
    made = create(helper, key)
    key.set(touch="wait")
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    key.wait_touch_wanted()
    assert key.touch()
    made.check(running.expect(frames.ASSERTION)["assertions"][0])
    assert running.ended() == 0


@pytest.mark.parametrize("version", ["2.0", "2.1", "u2f"])
@pytest.mark.parametrize("enrol", [False, True])
def test_cancel(keys, helper, version, enrol):
    key = keys.add("blue", version=version)
    made = create(helper, key)
    key.set(touch="wait")
    running = helper()
    running.send(frames.make_credential(key.path, RP_ID, HASH) if enrol else
                 frames.get_assertion(key.path, RP_ID, HASH, [(made.id, 0)]))
    running.proceed()
    running.expect(frames.TOUCH)
    running.send(frames.u8(frames.CANCEL))
    assert running.failed() == "cancelled"
    key.set(touch="immediate")  # the key is free again
    made.check(sign(helper, key, made.id)[0][0])


def test_end_of_input_cancels(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    key.set(touch="wait")
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    assert running.close() == 1
    assert not key.touch()


def test_cancel_before_proceed(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    running = request(helper, key, made.id)
    running.expect(frames.CHECKED)
    running.send(frames.u8(frames.CANCEL))
    assert running.failed() == "cancelled"


def test_the_key_gives_up(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    key.set(touch="wait")
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    key.wait_touch_wanted()
    assert key.give_up()
    assert running.failed() == "touch-timeout"


def test_the_key_gives_up_as_if_cancelled(keys, helper):
    """Some keys answer their own timeout with KEEPALIVE_CANCEL; nobody has cancelled."""
    key = keys.add("blue")
    made = create(helper, key)
    key.set(touch="wait", timeout_status=0x2D)
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    key.wait_touch_wanted()
    assert key.give_up()
    assert running.failed() == "touch-timeout"


@pytest.mark.parametrize("patience, status", [(11.0, "touch-timeout"), (60.0, "operation-denied")])
def test_the_key_gives_up_as_if_refused(keys, helper, patience, status):
    """canokey ends its own wait with OPERATION_DENIED, which at once would be a refusal."""
    key = keys.add("blue")
    made = create(helper, key)
    key.set(touch="wait", timeout_status=0x27, touch_timeout=patience)
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    key.wait_touch_wanted()
    if status == "operation-denied":
        assert key.give_up()
    assert running.failed() == status


@pytest.mark.parametrize("moment", ["keepalive", "touch"])
def test_unplugged(keys, helper, moment):
    key = keys.add("blue")
    made = create(helper, key)
    running = request(helper, key, made.id)
    running.expect(frames.CHECKED)
    key.set(unplug_at=moment)
    running.send(frames.u8(frames.PROCEED))
    kind, fields, _ = finish(running)
    assert kind == frames.FAILED and fields["status"] == "device-removed"


@pytest.mark.parametrize("version", ["2.1", "u2f"])
def test_unplugged_while_it_waits(keys, helper, version):
    key = keys.add("blue", version=version)
    made = create(helper, key)
    key.set(touch="wait")
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    key.unplug()
    assert running.failed() == "device-removed"


def test_unplugged_before_proceed(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    running = request(helper, key, made.id)
    running.expect(frames.CHECKED)
    key.unplug()
    assert running.failed() == "device-removed"


def test_unplugged_before_it_is_asked(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    key.set(unplug_at="request")
    assert request(helper, key, made.id).failed() == "device-removed"


# Several programs at one key


def test_second_caller_waits(keys, helper):
    """The second waits until the first is done, and can be cancelled while it waits."""
    key = keys.add("blue")
    made = create(helper, key)
    key.set(touch="wait")
    first, second, third = (helper() for _ in range(3))
    first.send(frames.get_assertion(key.path, RP_ID, HASH, [(made.id, 0)]))
    first.proceed()
    first.expect(frames.TOUCH)
    for each in (second, third):
        each.send(frames.get_assertion(key.path, RP_ID, HASH, [(made.id, 0)]))
    second.send(frames.u8(frames.CANCEL))
    assert second.failed() == "cancelled"
    key.wait_touch_wanted()
    assert key.touch()
    made.check(first.expect(frames.ASSERTION)["assertions"][0])
    mark = keys.mark()
    third.proceed()
    third.expect(frames.TOUCH)
    key.wait_touch_wanted(mark)
    assert key.touch()
    made.check(third.expect(frames.ASSERTION)["assertions"][0])


def test_replies_to_another_are_not_read(keys, helper):
    """While the second waits for its turn, its descriptor gets what the key says to the first."""
    key = keys.add("blue")
    made = create(helper, key)
    with contextlib.closing(Host(keys, key).sock) as holder:
        holder.send(b"FLOCK EX")
        assert holder.recv(64) == b"OK"
        mark, waiting = keys.mark(), []
        for _ in range(2):
            waiting.append(request(helper, key, made.id))
            mark = key.wait("opened", mark)
            # Its patience is no part of this test.
            waiting[-1].process.send_signal(signal.SIGSTOP)
    for running in waiting:
        running.process.send_signal(signal.SIGCONT)
        running.proceed()
        kind, fields, _ = finish(running)
        assert kind == frames.ASSERTION, fields
        made.check(fields["assertions"][0])


# PIN


@pytest.fixture(params=["2.0", "2.1"])
def locked(keys, helper, request):
    """A key with a PIN and a credential on it."""
    key = keys.add("blue", version=request.param)
    set_pin(keys, key)
    key.made = create(helper, key, PIN)
    return key


def test_pin(keys, helper, locked):
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    checked = running.proceed()
    assert checked["has_pin"] and checked["pin_tries"] == 8
    assert pin_needed(running) == (8, 0)
    running.send(frames.pin(PIN))
    running.expect(frames.TOUCH)
    (assertion,) = running.expect(frames.ASSERTION)["assertions"]
    assert locked.made.check(assertion) == UP | UV


def test_pin_is_asked_only_when_needed(keys, helper, locked):
    for uv in (frames.UNSET, frames.DISCOURAGED, frames.PREFERRED):
        (assertion,), seen = sign(helper, locked, locked.made.id, uv=uv)
        assert locked.made.check(assertion) == UP and frames.PIN_NEEDED not in seen


def test_wrong_pin(keys, helper, locked):
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    running.proceed()
    assert pin_needed(running) == (8, 0)
    running.send(frames.pin("4321"))
    assert pin_needed(running) == (7, 1)
    running.send(frames.pin(PIN))
    running.expect(frames.TOUCH)
    locked.made.check(running.expect(frames.ASSERTION)["assertions"][0])
    assert locked.info()["pin_tries"] == 8


def test_three_wrong_pins(keys, helper, locked):
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    running.proceed()
    kind, fields, seen = finish(running, "4321")
    assert seen == [frames.PIN_NEEDED] * 3
    assert fields["status"] == "pin-auth-blocked" and fields["pin_tries"] == 5


def test_pin_blocked(keys, helper, locked):
    for _ in range(3):
        running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
        running.proceed()
        _, fields, _ = finish(running, "4321")
        locked.replug()
    assert fields["status"] == "pin-blocked" and fields["pin_tries"] == 0
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    assert running.proceed()["pin_tries"] == 0
    assert running.failed() == "pin-blocked"


def test_pin_declined(keys, helper, locked):
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    running.proceed()
    _, fields, seen = finish(running, "")
    assert fields["status"] == "pin-required" and seen == [frames.PIN_NEEDED]
    assert locked.info()["pin_tries"] == 8


@pytest.mark.parametrize("pin", ["123", "1" * 64, b"12\x0034"])
def test_impossible_pin_costs_no_try(keys, helper, locked, pin):
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    running.proceed()
    running.expect(frames.PIN_NEEDED)
    running.send(frames.pin(pin))
    assert pin_needed(running) == (8, 1)
    assert locked.info()["pin_tries"] == 8


def test_cancel_instead_of_pin(keys, helper, locked):
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    running.proceed()
    running.expect(frames.PIN_NEEDED)
    running.send(frames.u8(frames.CANCEL))
    assert running.failed() == "cancelled"


def test_unplugged_instead_of_pin(keys, helper, locked):
    running = request(helper, locked, locked.made.id, uv=frames.REQUIRED)
    running.proceed()
    running.expect(frames.PIN_NEEDED)
    locked.unplug()
    assert running.failed() == "device-removed"


def test_no_pin_set(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    running = request(helper, key, made.id, uv=frames.REQUIRED)
    assert running.expect(frames.CHECKED)["status"] == "pin-not-set"
    assert running.failed() == "pin-not-set"
    running = helper()
    running.send(frames.make_credential(key.path, RP_ID, HASH, uv=frames.REQUIRED))
    assert running.expect(frames.CHECKED)["status"] == "pin-not-set"


def test_enrolment_with_pin(keys, helper):
    old, new = keys.add("old", version="2.0"), keys.add("new")
    for key in (old, new):
        set_pin(keys, key)
    assert create(helper, old, PIN).flags == UP | UV | AT
    assert create(helper, new, PIN, resident_key=frames.REQUIRED).flags == UP | UV | AT
    assert create(helper, new, PIN, uv=frames.REQUIRED).flags == UP | UV | AT


def test_always_uv(keys, helper):
    key = keys.add("blue", always_uv=True)
    set_pin(keys, key)
    made = create(helper, key, PIN)
    (assertion,), seen = sign(helper, key, made.id, pin=PIN, uv=frames.DISCOURAGED)
    assert made.check(assertion) == UP | UV and frames.PIN_NEEDED in seen


def test_pin_is_in_no_output(keys, locked):
    """libfido2's debug log shows what is said to the key; it stays off."""
    environment = {**keys.environment(), "FIDO_DEBUG": "1"}
    with Helper(PROGRAM, environment, stderr=subprocess.PIPE) as running:
        running.send(frames.get_assertion(locked.path, RP_ID, HASH, [(locked.made.id, 0)],
                                          uv=frames.REQUIRED))
        running.proceed()
        finish(running, PIN)
        assert running.process.stderr.read() == b""


# Built-in verification


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.parametrize("uv", [frames.REQUIRED, frames.PREFERRED])
def test_fingerprint(keys, helper, version, uv):
    key = keys.add("blue", version=version, uv=True)
    made = create(helper, key, uv=uv)
    assert made.flags == UP | UV | AT and made.seen[0] == frames.VERIFY
    (assertion,), seen = sign(helper, key, made.id, uv=uv)
    assert made.check(assertion) == UP | UV and seen[0] == frames.VERIFY
    (assertion,), seen = sign(helper, key, made.id, uv=frames.DISCOURAGED)
    assert made.check(assertion) == UP and frames.VERIFY not in seen


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_fingerprint_refused_then_pin(keys, helper, version):
    key = keys.add("blue", version=version, uv=True)
    set_pin(keys, key)
    made = create(helper, key, PIN)
    key.set(fingerprint="reject")
    (assertion,), seen = sign(helper, key, made.id, pin=PIN, uv=frames.REQUIRED)
    assert made.check(assertion) == UP | UV
    assert seen[0] == frames.VERIFY and frames.PIN_NEEDED in seen


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_fingerprint_refused_and_no_pin(keys, helper, version):
    key = keys.add("blue", version=version, uv=True)
    made = create(helper, key)
    key.set(fingerprint="reject")
    running = request(helper, key, made.id, uv=frames.REQUIRED)
    running.proceed()
    _, fields, seen = finish(running)
    assert fields["status"] in ("uv-invalid", "uv-blocked", "operation-denied")
    assert set(seen) <= {frames.VERIFY, frames.TOUCH}


# U2F


def test_u2f(keys, helper):
    key = keys.add("blue", version="u2f")
    made = create(helper, key, algorithms=[-8, -7])
    assert made.object["fmt"] == "fido-u2f" and set(made.object["attStmt"]) == {"sig", "x5c"}
    assert made.aaguid == bytes(16) and not made.discoverable
    (assertion,), _ = sign(helper, key, b"\2" * 64, made.id, b"\3" * 300)
    assert made.check(assertion) == UP
    running = request(helper, key, made.id)
    checked = running.expect(frames.CHECKED)
    assert checked["status"] == "ok" and not checked["ctap2"] and checked["pin_tries"] == 255


def test_u2f_unsupported_requests(keys, helper):
    key = keys.add("blue", version="u2f")
    made = create(helper, key)
    assert request(helper, key).expect(frames.CHECKED)["status"] == "no-match"
    running = request(helper, key, made.id, uv=frames.REQUIRED)
    assert running.expect(frames.CHECKED)["status"] == "key-cannot-verify"
    for options, status in (({"resident_key": frames.REQUIRED}, "key-cannot-store"),
                            ({"uv": frames.REQUIRED}, "key-cannot-verify"),
                            ({"algorithms": [-8]}, "key-algorithm"),
                            ({"exclude": [(made.id, 0)]}, "credential-excluded")):
        running = helper()
        running.send(frames.make_credential(key.path, RP_ID, HASH, **options))
        assert running.expect(frames.CHECKED)["status"] == status
        assert running.failed() == status


# Keys that misbehave


@pytest.mark.parametrize("garbage", ["report", "sequence", "length", "cbor"])
@pytest.mark.parametrize("when", ["any", "touch"])
def test_garbage(keys, helper, garbage, when):
    key = keys.add("blue")
    made = create(helper, key)
    key.set(garbage=garbage, misbehave_at=when)
    running = request(helper, key, made.id)
    kind, fields = running.receive()
    if kind == frames.CHECKED and fields["status"] == "ok":
        running.send(frames.u8(frames.PROCEED))
    if kind == frames.CHECKED:
        kind, fields, _ = finish(running)
    assert kind == frames.FAILED and fields["status"] in ("device-error", "no-match")
    assert running.process.wait(PATIENCE) == 1


@pytest.mark.parametrize("hang", ["silent", "keepalive", "dumb"])
def test_hang(keys, helper, hang):
    """As long as the key says that it is there only the caller's limit holds; cancel ends it."""
    key = keys.add("blue")
    made = create(helper, key)
    key.set(hang=hang, misbehave_at="touch")
    running = request(helper, key, made.id)
    mark = keys.mark()
    running.proceed()
    key.wait("request", mark)
    running.send(frames.u8(frames.CANCEL))
    kind, fields, _ = finish(running)
    assert kind == frames.FAILED and fields["status"] == "cancelled"


def test_silent_key_is_given_up(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    key.set(hang="silent")
    running = request(helper, key, made.id)
    assert running.expect(frames.CHECKED)["status"] == "device-silent"
    assert running.failed() == "device-silent"


@pytest.mark.parametrize("hang", ["silent", "dumb"])
@pytest.mark.parametrize("pin", [None, PIN])
def test_key_that_goes_silent_is_given_up(keys, helper, hang, pin):
    """Once it blinks a key sends keepalives: when they stop, the person is not kept waiting."""
    key = keys.add("blue")
    made = create(helper, key)
    if pin:
        key.set_pin(pin)
    key.set(hang=hang, misbehave_at="touch")
    running = request(helper, key, made.id, uv=frames.REQUIRED if pin else frames.DISCOURAGED)
    running.proceed()
    kind, fields, seen = finish(running, pin)
    assert kind == frames.FAILED and fields["status"] == "device-silent"
    assert (frames.PIN_NEEDED in seen) == bool(pin)


def test_new_passkey_on_a_key_that_goes_silent(keys, helper):
    key = keys.add("blue")
    key.set(hang="dumb", misbehave_at="touch")
    running = helper()
    running.send(frames.make_credential(key.path, RP_ID, HASH))
    running.proceed()
    kind, fields, _ = finish(running)
    assert kind == frames.FAILED and fields["status"] == "device-silent"


def test_silent_to_us_and_not_to_others(keys, helper):
    """What a key says to another program is no sign of life: every program is given all of it."""
    key = keys.add("blue")
    made = create(helper, key)
    key.set(hang="dumb", misbehave_at="touch")
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    other = Host(keys, key)
    with contextlib.closing(other.sock):
        while not select.select([running.sock], [], [], 0.2)[0]:
            other.init()
    assert running.failed() == "device-silent"


def test_parent_kills(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    key.set(hang="silent", misbehave_at="touch")
    running = request(helper, key, made.id)
    running.proceed()
    running.process.send_signal(signal.SIGKILL)
    with pytest.raises(Ended):
        while True:
            running.receive()


def test_key_refuses(keys, helper):
    key = keys.add("blue")
    made = create(helper, key)
    running = request(helper, key, made.id)
    running.expect(frames.CHECKED)
    key.set(error=0x27)
    running.send(frames.u8(frames.PROCEED))
    _, fields, _ = finish(running)
    assert fields["status"] == "operation-denied" and fields["detail"] == 0x27


# Callers that misbehave


@pytest.mark.parametrize("payload", [
    b"", b"\x00" * 4, b"\xff" * 4, b"\x00\x02\x00\x01", b"\x00\x00\x00\x01\x63",
    frames.framed(frames.hello() + b"\x00"), frames.framed(frames.u8(frames.WATCH)),
])
def test_malformed_greeting(helper, payload):
    running = helper(greet=False)
    running.expect(frames.HELLO)
    running.sock.sendall(payload)
    if not payload:
        running.sock.shutdown(1)
        assert running.failed() == "cancelled"
    else:
        assert running.failed() == "protocol"


def test_other_version(helper):
    running = helper(greet=False)
    running.expect(frames.HELLO)
    running.send(frames.hello(2))
    assert running.failed() == "unsupported"


@pytest.mark.parametrize("payload", [frames.hello(), frames.pin("1234"), frames.u8(frames.PROCEED),
                                     frames.u8(frames.TOUCH),
                                     frames.get_assertion("", RP_ID, HASH)])
def test_not_a_request(helper, payload):
    running = helper()
    running.send(payload)
    assert running.failed() == "protocol"


@pytest.mark.parametrize("payload", [frames.pin("1234"), frames.u8(frames.PROCEED), b"\x63",
                                     frames.get_assertion("/dev/x", RP_ID, HASH)])
def test_frame_out_of_place(keys, helper, payload):
    key = keys.add("blue")
    made = create(helper, key)
    key.set(touch="wait")
    running = request(helper, key, made.id)
    running.proceed()
    running.expect(frames.TOUCH)
    running.send(payload)
    assert running.failed() == "protocol"
    assert not key.touch()


def test_frame_in_pieces(keys, helper):
    """A CANCEL that comes a byte at a time, and a request glued to the greeting."""
    key = keys.add("blue")
    made = create(helper, key)
    key.set(touch="wait")
    running = helper(greet=False)
    running.sock.sendall(frames.framed(frames.hello()) + frames.framed(frames.get_assertion(
        key.path, RP_ID, HASH, [(made.id, 0)])))
    running.expect(frames.HELLO)
    running.proceed()
    running.expect(frames.TOUCH)
    for byte in frames.framed(frames.u8(frames.CANCEL)):
        running.sock.sendall(bytes([byte]))
    assert running.failed() == "cancelled"


def test_options():
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("Usage:")
    done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("passkey-authenticator ")
    done = subprocess.run([PROGRAM, "/dev/hidraw0"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
