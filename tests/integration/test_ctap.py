# SPDX-License-Identifier: BSD-2-Clause
"""The software authenticator byte by byte: CTAPHID, CTAP 2.1, its CBOR and its uhid events."""

import asyncio
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from ctap import cbor, hid, uhid  # noqa: E402
from ctap.device import Device  # noqa: E402
from ctap.host import Host, Platform  # noqa: E402
from ctap.state import Behaviour, Config, Folder  # noqa: E402
from softkey import SoftKeys  # noqa: E402

RP_ID = "example.org"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    with SoftKeys(str(tmp_path_factory.mktemp("softkeys")), "libsoftkey.so") as running:
        yield running


@pytest.fixture
def key(keys):
    added = keys.add("blue")
    yield added
    added.remove()


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
    host.send(second, hid.CANCEL, b"")  # not its to cancel
    host.send(second, hid.CBOR, b"\x04")
    while (answer := host.receive())[1] == hid.KEEPALIVE:
        pass
    assert answer == (second, hid.ERROR, bytes([hid.ERR_CHANNEL_BUSY]))
    host.send(first, hid.CANCEL, b"")
    while (answer := host.receive())[1] == hid.KEEPALIVE:
        pass
    assert answer == (first, hid.CBOR, b"\x2d")
    assert host.ctap(second, 0x04)[0] == 0


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("pin, status", [
    (b"123", 0x37), (b"\xc3\xa9\xc3\xa9\xc3\xa9", 0x37), (b"x" * 64, 0x37), (b"\xff" * 4, 0x37),
    (b"1234", 0), ("\u00e9\u00e8\u00ea\u00eb".encode(), 0), (b"x" * 63, 0),
])
def test_pin_rules(host, key, number, pin, status):
    channel = host.init()
    assert Platform(host, channel, number).set_pin(pin) == status
    assert key.info()["pin_set"] == (status == 0)
    if status == 0:
        assert Platform(host, channel, number).set_pin(pin) == 0x33
        assert Platform(host, channel, number).token(pin)[0] == 0


@pytest.mark.parametrize("number", [1, 2])
def test_tokens_are_good_for_what_they_were_made_for(host, key, number):
    key.set_pin("1234")
    channel = host.init()
    platform = Platform(host, channel, number)

    def make(token, request, as_number=number):
        param = platform.authenticate(token, bytes(32))
        return host.ctap(channel, 0x01, {**request, 8: param, 9: as_number})[0]

    resident = {**MAKE_CREDENTIAL, 7: {"rk": True}}
    assert host.ctap(channel, 0x01, resident)[0] == 0x36
    assert host.ctap(channel, 0x01, {**resident, 8: bytes(16), 9: number})[0] == 0x33
    _, token = platform.token(b"1234", member_9=0x01, member_10=RP_ID)
    assert make(token, resident) == 0
    assert make(token, resident) == 0x33  # spent by the touch
    _, token = platform.token(b"1234", member_9=0x02, member_10=RP_ID)
    assert make(token, resident) == 0x33
    _, token = platform.token(b"1234", member_9=0x01, member_10="other.example")
    assert make(token, resident) == 0x33
    _, token = platform.token(b"1234", member_9=0x01, member_10=RP_ID)
    assert make(token, resident, as_number=3 - number) == 0x33
    assert make(bytes(32), resident) == 0x33
    _, token = platform.token(b"1234")
    param = platform.authenticate(token, bytes(32))
    silent = {**GET_ASSERTION, 5: {"up": False}, 6: param, 7: number}
    assert host.ctap(channel, 0x02, silent)[1][2][32] == 0x04  # UV and no UP
    assert host.ctap(channel, 0x02, {**silent, 1: "other.example"})[0] == 0x33
    assert platform.token(b"1234", member_9=0x01)[0] == 0x14
    assert platform.token(b"1234", member_9=0, member_10=RP_ID)[0] == 0x02
    assert platform.token(b"1234", member_9=0x20, member_10=RP_ID)[0] == 0x40
    assert platform.token(b"4321")[0] == 0x31
    assert host.client_pin(channel, 0x01)[1][3] == 7
    platform = Platform(host, channel, number)  # a wrong PIN changes the key's agreement key
    assert platform.token(b"1234")[0] == 0
    assert host.client_pin(channel, 0x01)[1][3] == 8


def test_room_for_resident_keys(keys):
    host = Host(keys, keys.add("small", resident_keys=2))
    channel = host.init()

    def make(user):
        return host.ctap(channel, 0x01, {**MAKE_CREDENTIAL, 3: {"id": user}, 7: {"rk": True}})[0]

    assert [make(user) for user in (b"1", b"2", b"2", b"3")] == [0, 0, 0, 0x28]
    host.sock.close()


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
    assert host.ctap(channel, 0x02, {**request, 1: "other.example"})[0] == 0x2E
    key.set(wrong_credential=True)
    assert host.ctap(channel, 0x02, request)[1][1]["id"] != made_id


def test_wrong_authenticator_data(host, key):
    channel = host.init()
    resident = {**MAKE_CREDENTIAL, 7: {"rk": True}}
    right = host.ctap(channel, 0x01, resident)[1][2]
    made_id = right[55 : 55 + struct.unpack(">H", right[53:55])[0]]
    listed = [{"id": made_id, "type": "public-key"}]
    assert host.ctap(channel, 0x02, {1: "other.example", 2: bytes(32), 3: listed})[0] == 0x2E
    assert right[:32] == hashlib.sha256(RP_ID.encode()).digest() and right[32] == 0x41
    key.set(missing_up=True)
    assert host.ctap(channel, 0x02, GET_ASSERTION)[1][2][32] == 0
    key.set(missing_up=False, extra_flags=0x18)
    assert host.ctap(channel, 0x02, GET_ASSERTION)[1][2][32] == 0x19
    key.set(extra_flags=0, wrong_rp_id_hash=True)
    assert host.ctap(channel, 0x02, GET_ASSERTION)[1][2][:32] != right[:32]


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


def apdu(ins, p1, data):
    return bytes([0, ins, p1, 0, 0]) + struct.pack(">H", len(data)) + data + b"\0\0"


def test_u2f_messages(keys):
    key = keys.add("old", version="u2f").set(touch="wait")
    host = Host(keys, key)
    channel = host.init()

    def call(message):
        host.send(channel, hid.MSG, message)
        _, command, answer = host.receive()
        assert command == hid.MSG
        return answer[:-2], struct.unpack(">H", answer[-2:])[0]

    challenge, application = bytes(32), hashlib.sha256(RP_ID.encode()).digest()
    assert call(apdu(3, 0, b"")) == (b"U2F_V2", 0x9000)
    assert call(bytes([0, 3, 0, 0])) == (b"U2F_V2", 0x9000)
    assert call(apdu(9, 0, b""))[1] == 0x6D00
    assert call(b"\x01" + apdu(3, 0, b"")[1:])[1] == 0x6E00
    register = apdu(1, 0, challenge + application)
    for size in range(4, len(register) - 2):
        assert call(register[:size])[1] in (0x6700, 0x6985), size
    assert not key.touch()  # nothing well formed has asked yet
    assert call(register)[1] == 0x6985
    assert key.touch()
    made, status = call(register)
    assert status == 0x9000 and made[0] == 5
    assert call(register)[1] == 0x6985  # one touch, one registration
    handle = made[67 : 67 + made[66]]
    assert key.touch()

    def authenticate(p1, to=application):
        return call(apdu(2, p1, challenge + to + bytes([len(handle)]) + handle))

    assert call(register)[1] == 0x9000
    assert authenticate(0x07)[1] == 0x6985
    assert authenticate(0x07, bytes(32))[1] == 0x6A80
    assert authenticate(0x03, bytes(32))[1] == 0x6A80
    assert not key.touch()
    assert authenticate(0x03)[1] == 0x6985
    assert key.touch()
    answer, status = authenticate(0x03)
    assert status == 0x9000 and answer[:5] == b"\1\0\0\0\1"
    assert authenticate(0x03)[1] == 0x6985
    assert authenticate(0x08)[0][:5] == b"\0\0\0\0\2"
    host.sock.close()
    key.remove()


def test_key_blinks_on(keys, key, host):
    """A real key does not learn that the program is gone: the next one finds it busy."""
    channel = host.init()
    key.set(touch="wait", keep_blinking=True)
    host.send(channel, hid.CBOR, b"\x01" + cbor.encode(MAKE_CREDENTIAL))
    key.wait_touch_wanted()
    host.sock.close()
    key.wait("closed")
    other = Host(keys, key)
    channel = other.init()
    other.send(channel, hid.CBOR, b"\x04")
    while (answer := other.receive())[0] != channel:
        pass
    assert answer == (channel, hid.ERROR, bytes([hid.ERR_CHANNEL_BUSY]))
    assert key.touch()
    while other.receive()[1] == hid.KEEPALIVE:
        pass
    assert other.ctap(channel, 0x04)[0] == 0
    other.sock.close()


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


def test_uhid_conversation():
    """The kernel's part, played over a socket: create, open, write, read, close, destroy."""
    loop = asyncio.new_event_loop()
    kernel, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kernel.setblocking(False)
    control.setblocking(False)
    config, events = Config(), []
    parts = (config, Behaviour(), Folder(None).new_state(config), lambda: None)
    device = Device(loop, "blue", parts, lambda _, name: events.append(name))
    device.plug()
    opener = uhid.UhidOpener(loop, device, control.detach())

    def receive():
        return loop.run_until_complete(loop.sock_recv(kernel, uhid.EVENT_SIZE))

    assert receive() == uhid.create2("Software Software Authenticator", "blue", 0x1209, 0xF1D0)
    kernel.send(struct.pack("=IQ", uhid.START, 0))
    kernel.send(struct.pack("=I", uhid.OPEN))
    kernel.send(struct.pack("=IIBB", uhid.GET_REPORT, 7, 0, 0))
    assert uhid.kind_of(receive()) == uhid.GET_REPORT_REPLY
    (report,) = hid.fragments(hid.BROADCAST, hid.INIT, b"12345678")
    data = (b"\0" + report).ljust(4096, b"\0")
    kernel.send(struct.pack("=I", uhid.OUTPUT) + data + struct.pack("=HB", 65, 1))
    answer = receive()
    assert answer[:6] == struct.pack("=IH", uhid.INPUT2, 64) and answer[13:21] == b"12345678"
    kernel.send(struct.pack("=I", uhid.CLOSE))
    kernel.send(struct.pack("=IIBB", uhid.SET_REPORT, 8, 0, 0))
    assert uhid.kind_of(receive()) == uhid.SET_REPORT_REPLY
    assert events == ["plugged", "opened", "closed"]
    device.unplug()
    opener.remove()
    assert receive() == uhid.destroy() and receive() == b""
    kernel.close()
    loop.close()


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")
def test_uhid_layout_is_the_kernels(tmp_path):
    (tmp_path / "layout.c").write_text(LAYOUT)
    program = str(tmp_path / "layout")
    subprocess.run(["cc", "-o", program, str(tmp_path / "layout.c")], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert printed == "%d 260 264 280 6 4100 8 8" % uhid.EVENT_SIZE
