# SPDX-License-Identifier: BSD-2-Clause
"""The software authenticator as the stock libfido2 tools see it, and its CTAPHID byte by byte."""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys

import pexpect
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
sys.path.insert(0, SOURCE)

from ctap import cbor, hid, uhid  # noqa: E402
from softkey import SoftKeyError, SoftKeys  # noqa: E402

LIBRARY = os.path.join(os.environ.get("top_builddir", "."), "tests/lib/.libs/libsoftkey.so")
RP_ID = "example.org"
CHALLENGE = base64.b64encode(hashlib.sha256(b"client data").digest()).decode()
USER_ID = base64.b64encode(b"user-one").decode()

pytestmark = [
    pytest.mark.skipif(shutil.which("fido2-token") is None, reason="no fido2-tools"),
    pytest.mark.skipif(not os.path.exists(LIBRARY), reason="no " + LIBRARY),
]


@pytest.fixture
def keys(tmp_path):
    with SoftKeys(str(tmp_path / "softkeys"), LIBRARY, keep=True) as running:
        yield running


def environment(keys):
    return {**os.environ, **keys.environment()}


def tool(keys, *arguments, text="", status=0):
    done = subprocess.run(
        arguments, env=environment(keys), input=text, text=True, capture_output=True, timeout=60
    )
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def with_pin(keys, pins, *arguments, text=None):
    """Runs a tool on a terminal, answering each PIN prompt; (exit status, output)."""
    child = pexpect.spawn(
        arguments[0], list(arguments[1:]), env=environment(keys), encoding="utf-8", timeout=60
    )
    child.setecho(False)
    if text is not None:
        child.send(text)
    for pin in pins:
        child.expect(r"(?i)PIN[^\n]*: ?$")
        child.sendline(pin)
    child.expect(pexpect.EOF)
    output = child.before
    child.close()
    return child.exitstatus, output


def credential_input():
    return "%s\n%s\nperson\n%s\n" % (CHALLENGE, RP_ID, USER_ID)


def make(keys, key, *options, algorithm="es256"):
    """fido2-cred -M; its output."""
    return tool(keys, "fido2-cred", "-M", *options, key.path, algorithm, text=credential_input())


def credential_id(made):
    return made.split("\n")[4]


def public_key(keys, made, *options, algorithm="es256"):
    """fido2-cred -V: libfido2 checks the attestation and gives the public key, PEM."""
    verified = tool(keys, "fido2-cred", "-V", *options, algorithm, text=made)
    return verified.split("\n", 1)[1]


def sign(keys, key, made, *options, status=0):
    text = "%s\n%s\n%s\n" % (CHALLENGE, RP_ID, credential_id(made))
    return tool(keys, "fido2-assert", "-G", *options, key.path, text=text, status=status)


def verify(keys, tmp_path, assertion, pem, *options, algorithm="es256", status=0):
    path = tmp_path / "public.pem"
    path.write_text(pem)
    tool(keys, "fido2-assert", "-V", *options, str(path), algorithm, text=assertion, status=status)


def authenticator_data(output):
    """Of an assertion or credential as the tools print it: base64 of a CBOR byte string."""
    return cbor.decode(base64.b64decode(output.split("\n")[2 if output.count("\n") < 6 else 3]))


def counter(assertion):
    return struct.unpack(">I", authenticator_data(assertion)[33:37])[0]


# What the stock tools see


def test_list_names_plugged_keys(keys):
    blue = keys.add("blue", product="Blue Key")
    keys.add("green")
    keys.add("drawer", plug=False)
    listed = tool(keys, "fido2-token", "-L")
    assert blue.path + ":" in listed and "Blue Key" in listed
    assert "green" in listed and "drawer" not in listed
    blue.unplug()
    assert "blue" not in tool(keys, "fido2-token", "-L")


def test_info(keys):
    key = keys.add("blue")
    info = tool(keys, "fido2-token", "-I", key.path)
    assert "version strings: U2F_V2, FIDO_2_0, FIDO_2_1" in info
    assert "noclientPin" in info and "pin protocols: 2, 1" in info and "pin retries: 8" in info


@pytest.mark.parametrize("algorithm", ["es256", "eddsa", "rs256"])
@pytest.mark.parametrize("attestation", ["x5c", "self"])
def test_register_and_sign(keys, tmp_path, algorithm, attestation):
    key = keys.add("blue", attestation=attestation, algorithms=[-7, -8, -257])
    made = make(keys, key, algorithm=algorithm)
    pem = public_key(keys, made, algorithm=algorithm)
    first, second = sign(keys, key, made), sign(keys, key, made)
    verify(keys, tmp_path, first, pem, "-p", algorithm=algorithm)
    verify(keys, tmp_path, second, pem, "-p", algorithm=algorithm)
    assert counter(second) > counter(first)
    assert len(keys.events()) > 0


def test_attestation_certificate_is_issued_by_the_root(keys):
    made = make(keys, keys.add("blue"))
    certificate = x509.load_der_x509_certificate(base64.b64decode(made.split("\n")[6]))
    root = x509.load_pem_x509_certificate(keys.attestation_root().encode())
    root.public_key().verify(
        certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256())
    )
    extension = certificate.extensions.get_extension_for_oid(
        x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
    )
    assert extension.value.value[2:] == authenticator_data(made)[37:53]


def test_another_key_has_no_such_credential(keys):
    blue, green = keys.add("blue"), keys.add("green")
    assert "FIDO_ERR_NO_CREDENTIALS" in sign(keys, green, make(keys, blue), status=1)


def test_keys_are_kept(keys, tmp_path):
    made = make(keys, keys.add("blue"))
    keys.stop()
    keys.start()
    again = keys.key("blue").plug()
    verify(keys, tmp_path, sign(keys, again, made), public_key(keys, made), "-p")


def test_pin(keys, tmp_path):
    key = keys.add("blue")
    status, output = with_pin(keys, ["1234", "1234"], "fido2-token", "-S", key.path)
    assert status == 0, output
    assert key.info()["pin_set"]
    path = tmp_path / "credential"
    path.write_text(credential_input())
    made = str(tmp_path / "made")
    resident = ("fido2-cred", "-M", "-r", "-v", "-i", str(path), "-o", made, key.path)
    status, output = with_pin(keys, ["1234"], *resident)
    assert status == 0, output
    with open(made, encoding="utf-8") as file:
        public_key(keys, file.read(), "-v")
    assert key.info()["resident"] == 1
    status, output = with_pin(keys, ["1234"], "fido2-token", "-L", "-k", RP_ID, key.path)
    assert status == 0 and USER_ID in output, output


@pytest.mark.parametrize("protocol", [1, 2])
def test_wrong_pin_locks(keys, protocol):
    key = keys.add("blue", pin_protocols=[protocol])
    with_pin(keys, ["1234", "1234"], "fido2-token", "-S", key.path)

    def change(pin):
        return with_pin(keys, [pin, "5678", "5678"], "fido2-token", "-C", key.path)

    assert change("1234")[0] == 0
    assert change("5678")[0] == 0
    assert "FIDO_ERR_PIN_INVALID" in change("0000")[1]
    assert "FIDO_ERR_PIN_INVALID" in change("0000")[1]
    assert "FIDO_ERR_PIN_AUTH_BLOCKED" in change("0000")[1]
    assert "FIDO_ERR_PIN_AUTH_BLOCKED" in change("5678")[1]
    assert key.info()["pin_tries"] == 5
    key.replug()
    assert change("5678")[0] == 0
    assert key.info()["pin_tries"] == 8
    for tries in range(7, 0, -1):
        change("0000")
        assert key.info()["pin_tries"] == tries
        key.replug()
    assert "FIDO_ERR_PIN_BLOCKED" in change("0000")[1]
    key.replug()
    assert "FIDO_ERR_PIN_BLOCKED" in change("5678")[1]


def test_u2f(keys, tmp_path):
    key = keys.add("old", version="u2f")
    assert "nocbor" in tool(keys, "fido2-token", "-I", key.path)
    made = make(keys, key)
    pem = public_key(keys, made)
    assert made.split("\n")[2] == "fido-u2f"
    verify(keys, tmp_path, sign(keys, key, made), pem, "-p")
    assert "FIDO_ERR" in sign(keys, keys.add("other", version="u2f"), made, status=1)


# What a test can do to a key


@contextlib.contextmanager
def signing(keys, key, made, *options):
    """fido2-assert in the background."""
    child = subprocess.Popen(
        ["fido2-assert", "-G", *options, key.path],
        env=environment(keys),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child.stdin.write("%s\n%s\n%s\n" % (CHALLENGE, RP_ID, credential_id(made)))
    child.stdin.close()
    child.stdin = None
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def finish(child):
    output, errors = child.communicate(timeout=60)
    return child.returncode, output, errors


def test_late_touch(keys, tmp_path):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    mark = keys.mark()
    with signing(keys, key, made) as child:
        key.wait_touch_wanted()
        assert child.poll() is None
        assert key.touch()
        status, output, _ = finish(child)
    assert status == 0
    verify(keys, tmp_path, output, public_key(keys, made), "-p")
    assert not key.touch()
    names = [each["event"] for each in keys.events(mark)]
    assert names.index("touch-wanted") < names.index("touched")


def test_key_gives_up(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    with signing(keys, key, made) as child:
        key.wait_touch_wanted()
        assert key.give_up()
        status, _, errors = finish(child)
    assert status == 1 and "FIDO_ERR" in errors


@pytest.mark.parametrize("moment", ["request", "keepalive", "touch"])
def test_unplugged_in_the_middle(keys, moment):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(unplug_at=moment)
    sign(keys, key, made, status=1)
    assert not key.info()["plugged"]
    key.plug()
    sign(keys, key, made)


def test_unplugged_by_hand_while_waiting(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    with signing(keys, key, made) as child:
        key.wait_touch_wanted()
        key.unplug()
        assert finish(child)[0] == 1


def test_unplugged_after_some_reports(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(unplug_after=9)
    sign(keys, key, made, status=1)
    assert not key.info()["plugged"]


def test_counter_goes_back(keys):
    key = keys.add("blue")
    made = make(keys, key)
    sign(keys, key, made)
    before = counter(sign(keys, key, made))
    key.set(counter="back")
    assert counter(sign(keys, key, made)) < before
    key.set(counter="zero")
    assert counter(sign(keys, key, made)) == 0
    key.set(counter="normal")
    assert counter(sign(keys, key, made)) == before + 1


def test_wrong_signature(keys, tmp_path):
    key = keys.add("blue")
    made = make(keys, key)
    pem = public_key(keys, made)
    key.set(wrong_signature=True)
    verify(keys, tmp_path, sign(keys, key, made), pem, status=1)


@pytest.mark.parametrize("version", ["2.1", "u2f"])
@pytest.mark.parametrize("garbage", ["report", "sequence", "length", "cbor"])
def test_garbage(keys, garbage, version):
    key = keys.add("blue", version=version)
    made = make(keys, key)
    key.set(garbage=garbage)
    sign(keys, key, made, status=1)
    key.set(garbage="")
    sign(keys, key, made)


@pytest.mark.parametrize("how", ["silent", "keepalive"])
def test_hang(keys, how):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(hang=how, misbehave_at="touch")
    with signing(keys, key, made) as child:
        key.wait("hanging")
        assert child.poll() is None
        child.terminate()
        finish(child)
    key.wait("closed")
    key.set(hang="")
    sign(keys, key, made)


def test_fingerprint(keys, tmp_path):
    key = keys.add("finger", uv=True)
    made = make(keys, key, "-v")
    pem = public_key(keys, made, "-v")
    verify(keys, tmp_path, sign(keys, key, made, "-t", "uv=true"), pem, "-p", "-v")
    key.set(missing_uv=True)
    verify(keys, tmp_path, sign(keys, key, made, "-t", "uv=true"), pem, "-v", status=1)
    key.set(missing_uv=False, fingerprint="reject")
    sign(keys, key, made, "-t", "uv=true", status=1)


def test_error_status(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(error=0x7F)
    assert "FIDO_ERR_ERR_OTHER" in sign(keys, key, made, status=1)


def test_second_opener_waits(keys):
    """flock: libfido2 opens a device for itself alone, and tries again while another has it."""
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    with signing(keys, key, made) as first:
        key.wait_touch_wanted()
        mark = keys.mark()
        with signing(keys, key, made) as second:
            key.wait("opened", mark)  # and now sleeps until it may try again
            key.set(touch="immediate")
            key.touch()
            assert finish(first)[0] == 0
            assert finish(second)[0] == 0


def test_twenty_keys_at_once(keys):
    names = ["key-%d" % i for i in range(20)]
    made = {name: make(keys, keys.add(name)) for name in names}
    for name in names:
        keys.key(name).set(touch="wait")
    with contextlib.ExitStack() as stack:
        children = {
            name: stack.enter_context(signing(keys, keys.key(name), made[name])) for name in names
        }
        for name in names:
            keys.key(name).wait_touch_wanted()
        for name in reversed(names):
            assert keys.key(name).touch()
        for name in names:
            status, output, errors = finish(children[name])
            assert status == 0, errors
            assert counter(output) == 2


def test_commands_are_checked(keys):
    with pytest.raises(SoftKeyError):
        keys.add("no/path")
    key = keys.add("blue")
    for mistake in ({"touch": "never"}, {"touhc": "wait"}):
        with pytest.raises(SoftKeyError):
            key.set(**mistake)
    with pytest.raises(SoftKeyError):
        keys.key("red").plug()


# CTAPHID and CTAP byte by byte


class Host:
    """A program that has the device open."""

    def __init__(self, keys, key):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(60)
        self.sock.connect(keys.socket_path)
        self.sock.send(b"OPEN " + key.path.encode())
        assert self.sock.recv(64) == b"OK"

    def report(self, report):
        self.sock.send(b"\0" + report.ljust(64, b"\0"))

    def send(self, channel, command, data):
        for each in hid.fragments(channel, command, data):
            self.report(each)

    def receive(self):
        """(channel, command, data) of the next message."""
        channel, command, size = struct.unpack(">IBH", (first := self.sock.recv(64))[:7])
        data = first[7:]
        while len(data) < size:
            data += self.sock.recv(64)[5:]
        return channel, command & 0x7F, data[:size]

    def init(self, channel=hid.BROADCAST):
        self.send(channel, hid.INIT, b"12345678")
        answer = self.receive()
        assert answer[:2] == (channel, hid.INIT) and answer[2][:8] == b"12345678"
        return struct.unpack(">I", answer[2][8:12])[0]

    def ctap(self, channel, command, request=None):
        """(status, value) of a CTAP2 command."""
        message = bytes([command]) + (b"" if request is None else cbor.encode(request))
        return self.raw_ctap(channel, message)

    def raw_ctap(self, channel, message):
        self.send(channel, hid.CBOR, message)
        command = hid.KEEPALIVE
        while command == hid.KEEPALIVE:
            _, command, data = self.receive()
        assert command == hid.CBOR
        return data[0], cbor.decode(data[1:]) if len(data) > 1 else None


@pytest.fixture
def key(keys):
    return keys.add("blue")


@pytest.fixture
def host(keys, key):
    opened = Host(keys, key)
    yield opened
    opened.sock.close()


GET_ASSERTION = {1: RP_ID, 2: bytes(32)}
MAKE_CREDENTIAL = {
    1: bytes(32),
    2: {"id": RP_ID},
    3: {"id": b"one", "name": "One"},
    4: [{"alg": -7, "type": "public-key"}],
}


def test_ping_and_wink(host):
    channel = host.init()
    for size in (0, 1, 57, 58, 57 + 59, 57 + 60, 1024, hid.MESSAGE_MAX):
        data = os.urandom(size)
        host.send(channel, hid.PING, data)
        assert host.receive() == (channel, hid.PING, data)
    host.send(channel, hid.WINK, b"")
    assert host.receive() == (channel, hid.WINK, b"")


def expect_error(host, channel, code):
    assert host.receive() == (channel, hid.ERROR, bytes([code]))


def test_hid_errors(host):
    channel = host.init()
    assert host.init() != channel
    host.send(0, hid.PING, b"x")
    expect_error(host, 0, hid.ERR_INVALID_CHANNEL)
    host.send(channel + 1000, hid.PING, b"x")
    expect_error(host, channel + 1000, hid.ERR_INVALID_CHANNEL)
    host.send(channel, 0x20, b"x")
    expect_error(host, channel, hid.ERR_INVALID_CMD)
    host.report(struct.pack(">IBH", channel, hid.PING | 0x80, hid.MESSAGE_MAX + 1))
    expect_error(host, channel, hid.ERR_INVALID_LEN)
    host.report(struct.pack(">IBH", channel, hid.PING | 0x80, 100))
    host.report(struct.pack(">IB", channel, 1))
    expect_error(host, channel, hid.ERR_INVALID_SEQ)
    host.report(struct.pack(">IBH", channel, hid.PING | 0x80, 100))
    expect_error(host, channel, hid.ERR_MSG_TIMEOUT)
    assert host.init(channel) == channel


def test_busy_channel_and_cancel(host, key):
    key.set(touch="wait")
    first, second = host.init(), host.init()
    host.send(first, hid.CBOR, b"\x01" + cbor.encode(MAKE_CREDENTIAL))
    assert host.receive() == (first, hid.KEEPALIVE, bytes([hid.KEEPALIVE_UPNEEDED]))
    host.send(second, hid.CBOR, b"\x04")
    while (answer := host.receive()) == (first, hid.KEEPALIVE, bytes([hid.KEEPALIVE_UPNEEDED])):
        pass
    assert answer == (second, hid.ERROR, bytes([hid.ERR_CHANNEL_BUSY]))
    host.send(second, hid.CANCEL, b"")
    host.send(first, hid.CANCEL, b"")
    while (answer := host.receive())[1] == hid.KEEPALIVE:
        pass
    assert answer == (first, hid.CBOR, b"\x2d")
    assert host.ctap(second, 0x04)[0] == 0


def test_every_opener_sees_every_report(keys, key, host):
    other = Host(keys, key)
    channel = host.init()
    assert struct.unpack(">I", other.receive()[2][8:12])[0] == channel
    other.sock.close()


def test_malformed_requests(host):
    channel = host.init()
    good = b"\x02" + cbor.encode(GET_ASSERTION)
    assert host.raw_ctap(channel, good) == (0x2E, None)
    for size in range(2, len(good)):
        assert host.raw_ctap(channel, good[:size])[0] == 0x12, size
    assert host.raw_ctap(channel, good + b"\0")[0] == 0x12
    assert host.raw_ctap(channel, good[:2] + b"\x18\x01" + good[3:])[0] == 0x12
    assert host.ctap(channel, 0x02, {2: bytes(32)})[0] == 0x14
    assert host.ctap(channel, 0x02, {1: 5, 2: bytes(32)})[0] == 0x11
    assert host.ctap(channel, 0x55)[0] == 0x01
    assert host.raw_ctap(channel, b"\x02" + bytes(1200))[0] == 0x39
    listed = [{"id": bytes(32), "type": "public-key"}] * 9
    assert host.ctap(channel, 0x02, {**GET_ASSERTION, 3: listed})[0] == 0x15
    assert host.ctap(channel, 0x01, {**MAKE_CREDENTIAL, 4: []})[0] == 0x26


def test_discoverable_credentials_newest_first(host):
    channel = host.init()
    for name in (b"one", b"two", b"three"):
        request = {**MAKE_CREDENTIAL, 3: {"id": name, "name": "N"}, 7: {"rk": True}}
        assert host.ctap(channel, 0x01, request)[0] == 0
    status, answer = host.ctap(channel, 0x02, GET_ASSERTION)
    assert (status, answer[5], answer[4]) == (0, 3, {"id": b"three"})
    assert host.ctap(channel, 0x08)[1][4] == {"id": b"two"}
    assert host.ctap(channel, 0x08)[1][4] == {"id": b"one"}
    assert host.ctap(channel, 0x08)[0] == 0x30


def test_wrong_credential(host, key):
    channel = host.init()
    data = host.ctap(channel, 0x01, MAKE_CREDENTIAL)[1][2]
    made_id = data[55 : 55 + struct.unpack(">H", data[53:55])[0]]
    request = {**GET_ASSERTION, 3: [{"id": made_id, "type": "public-key"}]}
    assert host.ctap(channel, 0x02, request)[1][1]["id"] == made_id
    key.set(wrong_credential=True)
    assert host.ctap(channel, 0x02, request)[1][1]["id"] != made_id


def test_silent_check_needs_no_touch(host, key):
    channel = host.init()
    status, made = host.ctap(channel, 0x01, MAKE_CREDENTIAL)
    assert status == 0
    data = made[2]
    made_id = data[55 : 55 + struct.unpack(">H", data[53:55])[0]]
    key.set(touch="wait")
    listed = [{"id": made_id, "type": "public-key"}]
    request = {**GET_ASSERTION, 3: listed, 5: {"up": False}}
    status, answer = host.ctap(channel, 0x02, request)
    assert status == 0 and answer[2][32] == 0 and 5 not in answer
    key.set(touch="immediate")
    assert host.ctap(channel, 0x01, {**MAKE_CREDENTIAL, 5: listed})[0] == 0x19


@pytest.mark.parametrize("protection, alone, listed", [(1, 0, 0), (2, 0x2E, 0), (3, 0x2E, 0x2E)])
def test_credential_protection(host, protection, alone, listed):
    channel = host.init()
    request = {**MAKE_CREDENTIAL, 6: {"credProtect": protection}, 7: {"rk": True}}
    data = host.ctap(channel, 0x01, request)[1][2]
    made_id = data[55 : 55 + struct.unpack(">H", data[53:55])[0]]
    assert host.ctap(channel, 0x02, GET_ASSERTION)[0] == alone
    descriptor = {"id": made_id, "type": "public-key"}
    assert host.ctap(channel, 0x02, {**GET_ASSERTION, 3: [descriptor]})[0] == listed


def test_always_uv(keys):
    host = Host(keys, keys.add("careful", always_uv=True))
    channel = host.init()
    assert host.ctap(channel, 0x04)[1][4]["alwaysUv"]
    assert host.ctap(channel, 0x01, MAKE_CREDENTIAL)[0] == 0x36
    host.sock.close()


def test_selection_and_reset(host, key):
    channel = host.init()
    assert host.ctap(channel, 0x0B)[0] == 0
    assert host.ctap(channel, 0x01, {**MAKE_CREDENTIAL, 7: {"rk": True}})[0] == 0
    assert key.info()["resident"] == 1
    assert host.ctap(channel, 0x07)[0] == 0
    assert key.info()["resident"] == 0
    assert host.ctap(channel, 0x02, GET_ASSERTION)[0] == 0x2E


def test_unplug_ends_the_file(host, key):
    key.unplug()
    assert host.sock.recv(64) == b""
    host.report(bytes(64))  # no SIGPIPE, no error


# CBOR and /dev/uhid, without a running simulator


CANONICAL = [0, 23, 24, 255, 256, -1, -25, 1 << 32, b"", b"x" * 30, "", "text", [], [1, [2]], {}]
CANONICAL += [{1: 2, -1: 3, "a": 4, "bb": 5}, True, False, None]
BROKEN = ["", "18", "1817", "190017", "5f", "6161ff", "62c328", "a201020102", "a202010101", "c0f6"]
BROKEN += ["f7", "f97c00", "8181818181", "a18001", "0000", "9f", "ff", "1c"]


def test_cbor():
    for value in CANONICAL:
        encoded = cbor.encode(value)
        assert cbor.decode(encoded) == value
        for size in range(len(encoded)):
            with pytest.raises(cbor.CborError):
                cbor.decode(encoded[:size])
        with pytest.raises(cbor.CborError):
            cbor.decode(encoded + b"\0")
    for text in BROKEN:
        with pytest.raises(cbor.CborError):
            cbor.decode(bytes.fromhex(text))


LAYOUT = """
#include <linux/uhid.h>
#include <stddef.h>
#include <stdio.h>
#define AT(member) offsetof(struct uhid_event, u.member)
int main(void)
{
    printf("%zu %zu %zu %zu %zu %zu %zu %zu", sizeof(struct uhid_event), AT(create2.rd_size),
           AT(create2.vendor), AT(create2.rd_data), AT(input2.data), AT(output.size),
           AT(get_report_reply.err), AT(set_report_reply.err));
}
"""


def test_uhid_events(tmp_path):
    event = uhid.create2("Name", "blue", 0x1209, 0xF1D0)
    assert uhid.kind_of(event) == uhid.CREATE2 and len(event) <= uhid.EVENT_SIZE
    assert event[260:262] == struct.pack("=H", len(hid.REPORT_DESCRIPTOR))
    assert event[264:268] == struct.pack("=I", 0x1209)
    assert event[280:].startswith(hid.REPORT_DESCRIPTOR)
    event = uhid.input2(b"r" * 64)
    assert event[:6] == struct.pack("=IH", uhid.INPUT2, 64) and event[6:70] == b"r" * 64
    output = struct.pack("=I", uhid.OUTPUT) + (b"\0" + b"w" * 64).ljust(4096, b"\0")
    assert uhid.output(output + struct.pack("=HB", 65, 1)) == b"w" * 64
    refused = uhid.refusal(struct.pack("=IIBB", uhid.GET_REPORT, 7, 0, 0))
    assert refused == struct.pack("=IIHH", uhid.GET_REPORT_REPLY, 7, 5, 0)
    refused = uhid.refusal(struct.pack("=IIBB", uhid.SET_REPORT, 7, 0, 0))
    assert refused == struct.pack("=IIH", uhid.SET_REPORT_REPLY, 7, 5)
    assert uhid.refusal(struct.pack("=II", uhid.START, 0)) is None


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")
def test_uhid_layout_is_the_kernels(tmp_path):
    (tmp_path / "layout.c").write_text(LAYOUT)
    program = str(tmp_path / "layout")
    subprocess.run(["cc", "-o", program, str(tmp_path / "layout.c")], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert printed == "%d 260 264 280 6 4100 8 8" % uhid.EVENT_SIZE


def test_wrapper(keys, tmp_path):
    key = keys.add("blue")
    script = keys.wrapper(shutil.which("fido2-token"), str(tmp_path / "wrapper"))
    listed = subprocess.run([script, "-L"], env={}, capture_output=True, text=True, check=True)
    assert re.search("^" + key.path, listed.stdout)
