# SPDX-License-Identifier: BSD-2-Clause
"""passkey-phone by its frames, with a phone in software, a stand-in for bluetoothd and the tunnel
services on loopback; no daemon. The certificates are those of the real names, by an authority of
the tests."""

import hashlib
import os
import pathlib
import pwd
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import frames  # noqa: E402
from ctap import cbor, credential  # noqa: E402
from fake_bluez import Bluez, Bus  # noqa: E402
from helper_client import PATIENCE, Helper  # noqa: E402
from phone_tunnel import DOMAINS, Authority, Server  # noqa: E402
from software_phone import (FIDO, GOOGLE, INFO, UPDATE, Behaviour, Code, Passkey,  # noqa: E402
                            Phone)

BUILD = os.environ.get("top_builddir", ".")
PROGRAM = os.path.join(BUILD, "phone/passkey-phone")

RP_ID = "host.example.org"
HASH = hashlib.sha256(b"client data").digest()
USER = {"id": b"handle", "name": "alice", "displayName": "Alice"}

def shortly(value):
    """What a case is called."""
    return str(value)[:60] if isinstance(value, (dict, str, bytes)) else None


pytestmark = pytest.mark.skipif(not os.path.exists(PROGRAM), reason="no " + PROGRAM)


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(name="certificate", scope="module")
def fixture_certificate(authority):
    return authority.server(*DOMAINS)


class World:
    """Bluetooth, the network, and the helpers of one test."""

    def __init__(self, authority, certificate):
        self.authority = authority
        self.bus = Bus()
        self.bluez = Bluez(self.bus.address, "hci0")
        self.server = Server(certificate)
        self.helpers = []

    def helper(self, **setup):
        """A helper that has been told how to reach a phone."""
        running = Helper(PROGRAM)
        self.helpers.append(running)
        running.send(frames.phone_setup(**{
            "bus": self.bus.address, "connect": self.server.address,
            "ca_file": self.authority.certificate, **setup}))
        return running

    def get(self, *ids, **setup):
        running = self.helper(**setup)
        running.send(frames.get_assertion("phone", RP_ID, HASH, [(each, 16) for each in ids],
                                          frames.REQUIRED))
        return running

    def make(self, **options):
        running = self.helper(**options.pop("setup", {}))
        running.send(frames.make_credential("phone", RP_ID, HASH, uv=frames.REQUIRED,
                                            resident_key=frames.REQUIRED, **options))
        return running

    def scan(self, running, phone, server=None):
        """The phone reads the helper's code; its adverts are heard when air() says so."""
        call = phone.scan(running.expect(frames.PHONE_CODE)["code"])
        (server or self.server).calls.put(call)
        return call

    def air(self, call, adapter="hci0"):
        for number, (uuid, data) in enumerate(call.adverts):
            self.bluez.hear(uuid, data, adapter, f"C0:00:00:00:01:{number % 256:02X}")

    def heard(self, running, phone):
        """The phone reads the code and is heard."""
        call = self.scan(running, phone)
        self.air(call)
        assert running.expect(frames.PHONE_STEP) == {
            "step": frames.HEARD, "service": phone.behaviour.domain}
        return call

    def asked(self, running, phone):
        """The same, up to where its user is asked."""
        call = self.heard(running, phone)
        assert running.expect(frames.PHONE_STEP) == {
            "step": frames.ASKED, "service": phone.behaviour.domain}
        return call

    def close(self):
        for each in self.helpers:
            each.__exit__()
        self.bluez.__exit__()
        self.bus.__exit__()
        self.server.__exit__()


@pytest.fixture(name="world")
def fixture_world(authority, certificate):
    made = World(authority, certificate)
    yield made
    made.close()


def passkey():
    return Passkey(RP_ID, USER, credential.ES256, credential.new_secret(credential.ES256))


def phone_with(count=1, **behaviour):
    phone = Phone(Behaviour(**behaviour))
    phone.passkeys = [passkey() for _ in range(count)]
    return phone


def verify(one, answer):
    """That it is the passkey's assertion of our request."""
    (said,) = answer["assertions"]
    data = said["authenticator_data"]
    public = credential.private_key(one.algorithm, one.secret).public_key()
    public.verify(said["signature"], data + HASH, ec.ECDSA(hashes.SHA256()))
    assert data[:32] == hashlib.sha256(RP_ID.encode()).digest() and data[32] == 0x1d
    assert said["credential_id"] == one.id
    return said


def sign(world, phone, one):
    running = world.get(one.id)
    world.asked(running, phone)
    said = verify(one, running.expect(frames.ASSERTION))
    assert running.ended() == 0
    return said


# What goes well


def test_assertion(world):
    phone = phone_with(2)
    running = world.get(*(each.id for each in phone.passkeys[::-1]))
    client = world.bluez.wait("StartDiscovery")["client"]
    world.asked(running, phone)
    world.bluez.wait("gone", client)  # it need not listen while the person is asked
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))
    assert running.ended() == 0
    assert world.server.ended.get(timeout=PATIENCE) == "done"  # the phone was told that it is over
    assert world.server.names == [DOMAINS[0]]
    assert [each["id"] for each in phone.shown[3]] == [each.id for each in phone.passkeys[::-1]]


def test_enrolment(world):
    phone = Phone()
    running = world.make(algorithms=[-7, -257], rp_name="")
    call = world.asked(running, phone)
    made = running.expect(frames.CREDENTIAL)
    assert running.ended() == 0
    assert made["discoverable"] == 1 and made["transports"] & 16
    data = cbor2.loads(made["attestation_object"])["authData"]
    one = phone.passkeys[0]
    assert data[32] == 0x5d and data[55:55 + len(one.id)] == one.id
    assert phone.shown[2] == {"id": RP_ID, "name": RP_ID}
    assert call.code.hint == "mc"
    sign(world, phone, one)
    running = world.make(exclude=[(one.id, 16)])
    world.asked(running, phone)
    assert running.failed() == "phone-has-one"


def test_code_is_used_once(world):
    """Each code has keys of its own, the form that phones take, and is shown once one is heard."""
    codes = []
    for _ in range(2):
        running = world.get(b"id")
        world.bluez.wait("StartDiscovery")
        codes.append(Code(running.expect(frames.PHONE_CODE)["code"]))
        assert running.close() == 1
    assert codes[0].secret != codes[1].secret
    assert codes[0].public.public_numbers() != codes[1].public.public_numbers()
    assert set(codes[0].values) == {0, 1, 2, 3, 4, 5} and codes[0].hint == "ga"
    assert codes[0].assisted is False and codes[0].domains == 2


def test_filter(world):
    """Without one bluetoothd would pass nothing on."""
    running = world.get(b"id")
    assert world.bluez.wait("SetDiscoveryFilter")["filter"] == {
        "Transport": "le", "DuplicateData": "1"}
    world.bluez.wait("StartDiscovery")
    running.expect(frames.PHONE_CODE)


@pytest.mark.parametrize("behaviour", [
    {"uuid": GOOGLE}, {"decoys": 200}, {"suffix": cbor.encode({1: 0x1234})},
    {"suffix": b"\xff" * 200}, {"piece": 3}, {"piece": 16, "pings": True}, {"pings": True},
    {"headers": ("X-caBLE-Routing-ID: 010203", "Server: x")}, {"features": ("dc", "ctap")},
    {"updates": ("empty",)}, {"updates": ("linking", "forged")},
    {"updates_after": ("empty", "linking")}, {"updates": ("empty",) * 16}, {"twice": True},
], ids=shortly)
def test_phones_differ(world, behaviour):
    phone = phone_with(**behaviour)
    sign(world, phone, phone.passkeys[0])


def test_apples_tunnel(world):
    phone = phone_with(domain=1)
    sign(world, phone, phone.passkeys[0])
    assert world.server.names == [DOMAINS[1]]


def test_slow_user(world):
    phone = phone_with()
    phone.agreed.clear()
    running = world.get(phone.passkeys[0].id)
    world.asked(running, phone)
    assert phone.asked.wait(PATIENCE)
    phone.agreed.set()
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))


def test_two_at_once(world, certificate):
    """Each hears its own phone only, by one adapter."""
    phones = [phone_with(), phone_with()]
    with Server(certificate) as other:
        servers = [world.server, other]
        both = [world.get(phone.passkeys[0].id, connect=server.address)
                for phone, server in zip(phones, servers)]
        calls = [world.scan(*each) for each in zip(both, phones, servers)]
        for call in calls[::-1]:
            world.air(call)
        for running, phone in zip(both, phones):
            assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
            assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
            verify(phone.passkeys[0], running.expect(frames.ASSERTION))


def test_choice_of_the_phone(world):
    phone = phone_with()
    running = world.get()
    world.asked(running, phone)
    assert verify(phone.passkeys[0], running.expect(frames.ASSERTION))["user_handle"] == b"handle"


# Bluetooth


def test_heard_before(world):
    """The advert is only among the objects of a bluetoothd that was started again."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    call = world.scan(running, phone)
    uuid, data = call.adverts[0]
    world.bluez.__exit__()
    world.bluez = Bluez(world.bus.address, f"hci0/{uuid}/{data.hex()}")
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD


def test_stale_objects(world):
    for number in range(50):
        world.bluez.keep(FIDO, os.urandom(20), address=f"C0:00:00:00:02:{number:02X}")
    phone = phone_with()
    sign(world, phone, phone.passkeys[0])


def test_every_adapter_listens(world):
    world.bluez.plug("hci1")
    world.bluez.plug("hci2")
    world.bluez.power("hci1", False)
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    started = {world.bluez.wait("StartDiscovery")["adapter"] for _ in range(2)}
    assert started == {"hci0", "hci2"}
    call = world.scan(running, phone)
    world.air(call, "hci2")
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD


@pytest.mark.parametrize("prepare, status", [
    (lambda bluez: bluez.unplug("hci0"), "phone-no-adapter"),
    (lambda bluez: bluez.power("hci0", False), "phone-adapter-off"),
    (lambda bluez: bluez.refuse("StartDiscovery", "org.bluez.Error.NotReady"),
     "phone-adapter-off"),
    (lambda bluez: bluez.refuse("StartDiscovery", "org.bluez.Error.NotAuthorized"),
     "phone-no-right"),
    (lambda bluez: bluez.refuse("SetDiscoveryFilter", "org.freedesktop.DBus.Error.AccessDenied"),
     "phone-no-right"),
    (lambda bluez: bluez.refuse("GetManagedObjects", "org.freedesktop.DBus.Error.AccessDenied"),
     "phone-no-right"),
    (lambda bluez: bluez.refuse("StartDiscovery", "org.bluez.Error.Failed"), "phone-no-adapter"),
    (lambda bluez: bluez.close(), "phone-no-adapter"),
], ids=shortly)
def test_no_bluetooth(world, prepare, status):
    prepare(world.bluez)
    if world.bluez.process.poll() is None:
        world.bluez.idle()
    assert world.get(b"id").failed() == status


def test_no_bus(world):
    world.bus.kill()
    assert world.get(b"id").failed() == "phone-no-adapter"


def test_scan_is_under_way(world):
    world.bluez.refuse("StartDiscovery", "org.bluez.Error.InProgress")
    world.get(b"id").expect(frames.PHONE_CODE)


@pytest.mark.parametrize("lose, status", [
    (lambda world: world.bluez.power("hci0", False), "phone-adapter-off"),
    (lambda world: world.bluez.unplug("hci0"), "phone-no-adapter"),
    (lambda world: world.bluez.close(), "phone-no-adapter"),
    (lambda world: world.bus.kill(), "phone-no-adapter"),
], ids=shortly)
def test_bluetooth_goes(world, lose, status):
    running = world.get(b"id")
    running.expect(frames.PHONE_CODE)
    lose(world)
    assert running.failed() == status


@pytest.mark.parametrize("lose", [lambda world: world.bluez.close(),
                                  lambda world: world.bus.kill()], ids=shortly)
def test_bluetooth_goes_once_the_phone_is_heard(world, lose):
    phone = phone_with()
    phone.agreed.clear()
    running = world.get(phone.passkeys[0].id)
    world.asked(running, phone)
    lose(world)
    phone.agreed.set()
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))


def test_bluetooth_comes_back(world):
    """Somebody switches it off and on, and restarts bluetoothd; the code stays good."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    world.bluez.wait("StartDiscovery")
    call = world.scan(running, phone)
    world.bluez.power("hci0", False)
    world.bluez.power("hci0", True)
    world.bluez.wait("StartDiscovery")
    world.bluez.__exit__()
    world.bluez = Bluez(world.bus.address, "hci0")
    world.bluez.wait("StartDiscovery")
    world.bluez.idle()
    world.air(call)
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD


def test_scan_is_begun_anew(world):
    """Some controllers say an address once only, and then no more until a scan begins. It begins
    when bluetoothd has stopped the one before, and no sooner, for it would be refused."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    world.bluez.wait("StartDiscovery")
    call = world.scan(running, phone)
    world.bluez.wait("StopDiscovery")
    world.bluez.wait("StartDiscovery")
    world.bluez.wait("stopped")
    world.air(call)
    world.bluez.wait("heard")
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD


def test_only_bluetoothd_is_believed(world):
    """Any program on the bus can send signals; what it says of devices is not looked at."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    client = world.bluez.wait("StartDiscovery")["client"]
    call = world.scan(running, phone)
    uuid, data = call.adverts[0]
    forge = ("import sys, dbus, dbus.bus, dbus.lowlevel\n"
             "bus = dbus.bus.BusConnection(sys.argv[1])\n"
             "for target in (None, sys.argv[2]):\n"
             "    message = dbus.lowlevel.SignalMessage('/org/bluez/hci0/dev_0',\n"
             "        'org.freedesktop.DBus.Properties', 'PropertiesChanged')\n"
             "    if target: message.set_destination(target)\n"
             "    data = dbus.ByteArray(bytes.fromhex(sys.argv[4]), variant_level=1)\n"
             "    message.append('org.bluez.Device1', {'ServiceData':\n"
             "        dbus.Dictionary({sys.argv[3]: data}, signature='sv')},\n"
             "        dbus.Array([], signature='s'), signature='sa{sv}as')\n"
             "    bus.send_message(message)\n"
             "bus.flush()\n"
             "peer = dbus.lowlevel.MethodCallMessage(sys.argv[2], '/',\n"
             "    'org.freedesktop.DBus.Peer', 'GetMachineId')\n"
             "peer.set_no_reply(True)\n"
             "bus.send_message(peer)\n"
             "bus.flush()\n")
    subprocess.run(["/usr/bin/python3", "-c", forge, world.bus.address, client, uuid, data.hex()],
                   check=True, timeout=PATIENCE)
    world.bluez.idle()
    assert not world.server.taken
    world.air(call)
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
    assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))
    assert len(world.server.taken) == 1


def test_descriptors_of_strangers(world):
    """Signals with descriptors, which any program may send to any other one, cut nobody off."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    client = world.bluez.wait("StartDiscovery")["client"]
    call = world.scan(running, phone)
    send = ("import sys, dbus, dbus.bus, dbus.lowlevel\n"
            "bus = dbus.bus.BusConnection(sys.argv[1])\n"
            "for _ in range(50):\n"
            "    message = dbus.lowlevel.SignalMessage('/', 'org.example', 'Signal')\n"
            "    message.set_destination(sys.argv[2])\n"
            "    message.append(*[dbus.types.UnixFd(0)] * 16, signature='h' * 16)\n"
            "    bus.send_message(message)\n"
            "bus.flush()\n"
            # Once this is answered, all of them have been passed on.
            "bus.get_object('org.freedesktop.DBus', '/').GetId()\n")
    subprocess.run(["/usr/bin/python3", "-c", send, world.bus.address, client],
                   stdin=subprocess.DEVNULL, check=True, timeout=PATIENCE)
    world.air(call)
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
    assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))


def test_flood(world):
    """10,000 adverts of nobody's keep nobody from being heard, nor the helper from ending."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    call = world.scan(running, phone)
    world.bluez.flood(FIDO, 10000)
    world.air(call)
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
    assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))
    world.bluez.wait("flooded")
    # Now they are among its objects.
    sign(world, phone, phone.passkeys[0])


# The tunnel and the phone, when something is wrong

ENDINGS = [
    ({"http": 302}, "phone-tunnel"),
    ({"http": 500}, "phone-tunnel"),
    ({"wrong_accept": True}, "phone-tunnel"),
    ({"protocol": "chat"}, "phone-tunnel"),
    ({"headers": ("Sec-WebSocket-Extensions: permessage-deflate",)}, "phone-tunnel"),
    ({"headers": ("X: " + "x" * 20000,)}, "phone-tunnel"),
    ({"close_before": "accept"}, "phone-tunnel"),
    ({"old_construction": True}, "phone-too-old"),
    ({"revision": 0}, "phone-too-old"),
    ({"features": ("dc",)}, "phone-too-old"),
    ({"info": {**INFO, 1: ["U2F_V2"]}}, "phone-too-old"),
    ({"info": {**INFO, 4: {"rk": True, "uv": False}}}, "key-cannot-verify"),
    ({"close_before": "greeting"}, "phone-ended"),
]
ANSWERS = [
    ({"close_before": "command"}, "phone-ended"),
    ({"close_before": "answer"}, "phone-ended"),
    ({"huge": True}, "phone-tunnel"),
    ({"updates": ("empty",) * 17}, "phone-tunnel"),
    ({"wrong_tag": True}, "phone-tunnel"),
    ({"replay": True}, "phone-tunnel"),
    ({"kind": 0}, "phone-tunnel"),
    ({"kind": 3}, "phone-tunnel"),
    ({"kind": UPDATE}, "phone-tunnel"),
    ({"status": 0x27}, "phone-declined"),
    ({"status": 0x30}, "phone-declined"),
    ({"status": 0x2f}, "timeout"),
    ({"status": 0x99}, "phone-tunnel"),
    ({"answer": b""}, "phone-tunnel"),
    ({"answer": b"\0\xff"}, "phone-tunnel"),
    ({"answer": b"\0" + bytes(60000)}, "phone-tunnel"),
]


@pytest.mark.parametrize("behaviour, status", ENDINGS, ids=shortly)
def test_ends_before_the_user_is_asked(world, behaviour, status):
    phone = phone_with(**behaviour)
    running = world.get(phone.passkeys[0].id)
    world.heard(running, phone)
    assert running.failed() == status


@pytest.mark.parametrize("behaviour, status", ANSWERS, ids=shortly)
def test_ends_without_an_answer(world, behaviour, status):
    phone = phone_with(**behaviour)
    running = world.get(phone.passkeys[0].id)
    world.asked(running, phone)
    fields = running.expect(frames.FAILED)
    assert fields["status"] == status
    if "status" in behaviour:
        assert fields["detail"] == behaviour["status"]
    assert running.ended() == 1


PINGS, PIECES = (b"", b"\x89\0"), (b"\2\0", b"\0\0")
SPEAKING = 40  # seconds: less than the session waits for its tunnel, more than that has for a step


def test_tunnels_that_never_pause(world, certificate):
    """The step's deadline is kept, as with a tunnel that says nothing: pings are no message, and
    neither are pieces of nothing."""
    with Server(certificate) as other:
        servers, started = [world.server, other], []
        for server, endless in zip(servers, (PINGS, PIECES)):
            phone = phone_with(endless_before="greeting", endless=endless)
            running = world.get(phone.passkeys[0].id, connect=server.address)
            started.append((running, world.scan(running, phone, server)))
        for running, call in started:
            world.air(call)
        for running, _call in started:
            assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
            running.sock.settimeout(SPEAKING)
        for running, _call in started:
            assert running.failed() == "phone-tunnel"


def test_no_passkey(world):
    phone = phone_with()
    running = world.get(b"another")
    world.asked(running, phone)
    assert running.failed() == "phone-no-passkey"
    phone.passkeys = []
    running = world.get()
    world.asked(running, phone)
    assert running.failed() == "phone-ended"


STRANGERS = [{"http": 404}, {"http": 410}, {"wrong_psk": True}, {"wrong_peer": True},
             {"wrong_noise_tag": True}, {"noise_extra": b"\0"}, {"noise_extra": None},
             {"text": True}, {"close_before": "noise"}]


@pytest.mark.parametrize("behaviour", STRANGERS, ids=shortly)
def test_a_match_that_was_none(world, behaviour):
    """The wait goes on, and the right phone is found; it says only once that one was heard."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    text = running.expect(frames.PHONE_CODE)["code"]
    calls = [Phone(Behaviour(**behaviour)).scan(text), phone.scan(text)]
    for call in calls:
        world.server.calls.put(call)
        world.air(call)
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
    assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))
    assert world.server.ended.qsize() >= 1 and len(world.server.taken) == 2


def test_each_service_is_named(world):
    """Whoever asked hears of each one that learns of this computer."""
    phone = phone_with()
    running = world.get(phone.passkeys[0].id)
    text = running.expect(frames.PHONE_CODE)["code"]
    for one in (Phone(Behaviour(wrong_psk=True, domain=1)), phone):
        call = one.scan(text)
        world.server.calls.put(call)
        world.air(call)
    assert running.expect(frames.PHONE_STEP) == {"step": frames.HEARD, "service": 1}
    assert running.expect(frames.PHONE_STEP) == {"step": frames.HEARD, "service": 0}
    assert running.expect(frames.PHONE_STEP) == {"step": frames.ASKED, "service": 0}


@pytest.mark.parametrize("behaviour", STRANGERS[:3], ids=shortly)
def test_three_matches_that_were_none(world, behaviour):
    running = world.get(b"id")
    text = running.expect(frames.PHONE_CODE)["code"]
    for _ in range(3):
        call = Phone(Behaviour(**behaviour)).scan(text)
        world.server.calls.put(call)
        world.air(call)
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
    assert running.failed() == "phone-tunnel"
    assert len(world.server.taken) == 3


def test_replayed_advert(world):
    """What was heard once is not tried again, however often and by whomever it is sent."""
    phone = phone_with()
    phone.agreed.clear()
    running = world.get(phone.passkeys[0].id)
    call = world.heard(running, phone)
    for number in range(20):
        uuid, data = call.adverts[0]
        world.bluez.hear(uuid, data, address=f"C0:00:00:00:03:{number:02X}")
    assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
    phone.agreed.set()
    verify(phone.passkeys[0], running.expect(frames.ASSERTION))
    assert len(world.server.taken) == 1


@pytest.mark.parametrize("behaviour, setup, heard", [
    ({"domain": 300}, {}, False), ({"domain": 300}, {"hashed": 1}, True),
    ({"domain": 2}, {"hashed": 1}, False), ({"reserved": 1}, {"hashed": 1}, False),
    ({"wrong_advert_tag": True}, {"hashed": 1}, False),
], ids=shortly)
def test_adverts_that_are_of_no_use(world, behaviour, setup, heard):
    phone = phone_with()
    running = world.get(phone.passkeys[0].id, **setup)
    text = running.expect(frames.PHONE_CODE)["code"]
    world.air(Phone(Behaviour(**behaviour)).scan(text))
    call = phone.scan(text)
    world.server.calls.put(call)
    world.air(call)
    assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
    if heard:  # a name that is not in the certificate
        assert running.failed() == "phone-no-network"
        return
    assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
    assert len(world.server.taken) == 1


def test_lies_are_passed_on(world):
    """They are for the relying party to find."""
    for lie in ("wrong_rp_id_hash", "wrong_signature", "other_credential"):
        phone = phone_with(**{lie: True})
        running = world.get(phone.passkeys[0].id)
        world.asked(running, phone)
        assert len(running.expect(frames.ASSERTION)["assertions"]) == 1


# The network


def refused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "127.0.0.1:%d" % listener.getsockname()[1]


def test_nobody_listens(world):
    phone = phone_with()
    running = world.get(phone.passkeys[0].id, connect=refused_port())
    world.heard(running, phone)
    assert running.failed() == "phone-no-network"


def test_certificate_of_another_name(world, authority):
    phone = phone_with()
    with Server(authority.server("cable.example.org", "*.ua5v.com.example.org")) as server:
        running = world.get(phone.passkeys[0].id, connect=server.address)
        world.heard(running, phone)
        assert running.failed() == "phone-no-network"


def test_certificate_of_another_authority(world, tmp_path):
    phone = phone_with()
    with Server(Authority(tmp_path).server(*DOMAINS)) as server:
        running = world.get(phone.passkeys[0].id, connect=server.address)
        world.heard(running, phone)
        assert running.failed() == "phone-no-network"


def test_the_system_trusts_no_test(world):
    phone = phone_with()
    running = world.get(phone.passkeys[0].id, ca_file="")
    world.heard(running, phone)
    assert running.failed() == "phone-no-network"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls(world, certificate):
    phone = phone_with()
    with Server(certificate, version=ssl.TLSVersion.TLSv1_1) as server:
        running = world.get(phone.passkeys[0].id, connect=server.address)
        world.heard(running, phone)
        assert running.failed() == "phone-no-network"


# The dialler's unit


class Unit:
    """What systemd does for passkey-phone-dialler.socket; answer: in place of the program."""

    def __init__(self, folder, *options, answer=None):
        self.path, self.options, self.answer = str(folder / "dialler"), options, answer
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with connection:
                if self.answer is None:
                    subprocess.run([PROGRAM, "--dial", *self.options], stdin=connection,
                                   check=False, timeout=PATIENCE)
                    continue
                self.asked.append(connection.recv(100))
                self.answer(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


def test_unit_dials(world, tmp_path):
    """The helper itself is told nothing of where the connection goes."""
    phone = phone_with()
    with Unit(tmp_path, f"--connect={world.server.address}") as unit:
        running = world.get(phone.passkeys[0].id, dialler=unit.path, connect=refused_port())
        world.asked(running, phone)
        verify(phone.passkeys[0], running.expect(frames.ASSERTION))


def test_unit_refuses_hashed_services(world, tmp_path):
    with Unit(tmp_path, f"--connect={world.server.address}") as unit:
        running = world.get(b"id", dialler=unit.path, hashed=1)
        world.heard(running, phone_with(domain=300))
        assert running.failed() == "phone-no-network"
        assert not world.server.taken
    os.unlink(unit.path)
    with Unit(tmp_path, "--hashed", f"--connect={world.server.address}") as unit:
        running = world.get(b"id", dialler=unit.path, hashed=1)
        world.heard(running, phone_with(domain=300))
        assert running.failed() == "phone-no-network"  # a name that no certificate has
        assert len(world.server.taken) == 1


def hand_over(connection, payload, *descriptors):
    socket.send_fds(connection, [payload], descriptors)


def hand_pipe(connection):
    ends = os.pipe()
    hand_over(connection, b"C", ends[1])
    for end in ends:
        os.close(end)


def hand_sockets(connection, family, kind, count=1):
    made = [socket.socket(family, kind) for _ in range(count)]
    hand_over(connection, b"C", *(each.fileno() for each in made))
    for each in made:
        each.close()


HOSTILE = {
    "says nothing": lambda connection: None,
    "an empty packet": lambda connection: connection.send(b""),
    "no descriptor": lambda connection: connection.send(b"C"),
    "a reason that is none": lambda connection: connection.send(b"C\xff"),
    "refused": lambda connection: connection.send(b"C\1"),
    "no name": lambda connection: connection.send(b"C\2"),
    "another word": lambda connection: hand_sockets_as(connection, b"H"),
    "much": lambda connection: connection.send(b"C" + bytes(100000)),
    "too much": lambda connection: connection.send(b"C" + bytes(140000)),
    "a pipe": hand_pipe,
    "a local socket": lambda connection: hand_sockets(connection, socket.AF_UNIX,
                                                      socket.SOCK_STREAM),
    "a socket of packets": lambda connection: hand_sockets(connection, socket.AF_INET,
                                                           socket.SOCK_DGRAM),
    "several": lambda connection: hand_sockets(connection, socket.AF_INET, socket.SOCK_STREAM, 3),
    "one that is not connected": lambda connection: hand_sockets(connection, socket.AF_INET,
                                                                 socket.SOCK_STREAM),
}


def hand_sockets_as(connection, word):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        hand_over(connection, word, made.fileno())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_unit(world, tmp_path, name):
    with Unit(tmp_path, answer=HOSTILE[name]) as unit:
        running = world.get(b"id", dialler=unit.path)
        world.heard(running, phone_with(domain=1))
        assert running.failed() == "phone-no-network"
        assert unit.asked == [b"D\0\1"]


def test_no_unit(world, tmp_path):
    running = world.get(b"id", dialler=str(tmp_path / "none"))
    world.heard(running, phone_with())
    assert running.failed() == "phone-no-network"


def ask_unit(question, *options):
    """The answer of passkey-phone --dial, with what came with it, and its exit status."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs, subprocess.Popen([PROGRAM, "--dial", *options], stdin=theirs) as unit:
            ours.send(question)
            theirs.close()
            ours.settimeout(PATIENCE)
            answer, descriptors, _flags, _address = socket.recv_fds(ours, 100, 4)
            for each in descriptors:
                os.close(each)
            return answer, len(descriptors), unit.wait(PATIENCE)


@pytest.mark.parametrize("question, options, answer", [
    (b"D\0\0", [], b"C"), (b"D\0\1", [], b"C"), (b"D\0\2", [], b"C\1"),
    (b"D\1\x2c", [], b"C\1"), (b"D\1\x2c", ["--hashed"], b"C"), (b"D\0\xff", ["--hashed"], b"C\1"),
    (b"", [], b""), (b"D", [], b""), (b"D\0", [], b""), (b"D\0\0\0", [], b""), (b"K\0\0", [], b""),
], ids=shortly)
def test_questions_to_the_unit(world, question, options, answer):
    said, count, code = ask_unit(question, *options, f"--connect={world.server.address}")
    assert (said, count) == (answer, 1 if answer == b"C" else 0)
    assert code == (0 if answer else 1)


def test_unit_that_is_asked_nothing():
    """There are few such processes at once: who only connects keeps none."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, subprocess.Popen([PROGRAM, "--dial"], stdin=theirs) as unit:
        assert unit.wait(PATIENCE) == 1


NOBODY = 65534


def test_unit_serves_the_daemons_user(world):
    """Others cannot open its socket; where that were wrong, they would not be served."""
    connect = ("import os, socket, sys\n"
               "asks = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
               "asks.connect(sys.argv[1])\n"
               # It may have gone before the question, and then with it unread.
               "try:\n"
               "    asks.send(b'D\\0\\0')\n"
               "    print(asks.recv(100) or 'refused')\n"
               "except (BrokenPipeError, ConnectionResetError):\n"
               "    print('refused')\n")
    served = [(0, "b'C'"), (pwd.getpwnam("passkeyd").pw_uid, "b'C'"), (NOBODY, "refused")]
    with tempfile.TemporaryDirectory() as folder, \
            Unit(pathlib.Path(folder), f"--connect={world.server.address}") as unit:
        os.chmod(folder, 0o755)
        os.chmod(unit.path, 0o666)
        for uid, answer in served:
            done = subprocess.run(["setpriv", f"--reuid={uid}", "--clear-groups",
                                   "/usr/bin/python3", "-c", connect, unit.path], text=True,
                                  capture_output=True, check=False, timeout=PATIENCE)
            assert done.stdout.strip() == answer, (uid, done)


def test_unit_that_reaches_nobody():
    assert ask_unit(b"D\0\0", f"--connect={refused_port()}") == (b"C\3", 0, 0)
    assert ask_unit(b"D\0\0", "--connect=nonsense")[:2] == (b"C\3", 0)
    assert ask_unit(b"D\0\0", "--connect=host.example.org:1")[:2] == (b"C\2", 0)


def test_address_of_version_6():
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        assert ask_unit(b"D\0\0", f"--connect=[::1]:{port}") == (b"C", 1, 0)


@pytest.mark.parametrize("words", [["--dail"], ["--hashed"], ["--connect=127.0.0.1:1"], ["x"],
                                   ["--dial", "x"]], ids=shortly)
def test_wrong_words(words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False,
                          timeout=PATIENCE)
    assert done.returncode == 2 and "Usage: passkey-phone" in done.stderr


# The frames


def test_split_frames(world):
    """A byte at a time, and all at once."""
    phone = phone_with()
    setup = frames.phone_setup(bus=world.bus.address, connect=world.server.address,
                               ca_file=world.authority.certificate)
    request = frames.get_assertion("phone", RP_ID, HASH, [(phone.passkeys[0].id, 16)])
    whole = b"".join(frames.framed(each) for each in (frames.hello(), setup, request))
    for pieces in ([whole], [whole[at:at + 1] for at in range(len(whole))]):
        running = Helper(PROGRAM, greet=False)
        world.helpers.append(running)
        for piece in pieces:
            running.sock.sendall(piece)
        assert running.receive() == (frames.HELLO, {"version": 1})
        world.asked(running, phone)
        verify(phone.passkeys[0], running.expect(frames.ASSERTION))


@pytest.mark.parametrize("data", [b"\0\2\0\1", b"\xff\xff\xff\xff", b"\0\0\0\0"], ids=shortly)
@pytest.mark.parametrize("stage", ["setup", "request", "code"])
def test_frames_that_are_none(world, data, stage):
    running = Helper(PROGRAM) if stage == "setup" else \
        world.helper() if stage == "request" else world.get(b"id")
    world.helpers.append(running)
    if stage == "code":
        running.expect(frames.PHONE_CODE)
    running.sock.sendall(data)
    assert running.failed() == "protocol"


# The end


SESSIONS = 500


def helpers_of(address):
    """The clients of the bus, but for the one that asks."""
    asked = subprocess.run(["dbus-send", f"--bus={address}", "--print-reply",
                            "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames"],
                           check=True, capture_output=True, text=True, timeout=PATIENCE)
    return [line for line in asked.stdout.splitlines() if 'string ":' in line][:-1]


STAGES = ["code", "dial", "tls", "user"]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("how", ["cancel", "close", "nonsense"])
def test_given_up(world, certificate, stage, how):
    """All parts end at once: nobody listens on, and the connection to the phone is closed."""
    phone = phone_with()
    phone.agreed.clear()
    with Server(certificate, silent=True) as silent:
        running = world.get(phone.passkeys[0].id,
                            **({"connect": silent.address} if stage in ("dial", "tls") else {}))
        client = world.bluez.wait("StartDiscovery")["client"]
        if stage == "code":
            running.expect(frames.PHONE_CODE)
        elif stage == "user":
            world.asked(running, phone)
            assert phone.asked.wait(PATIENCE)
        else:
            world.heard(running, phone)
        if how == "close":
            assert running.close() == 1
        else:
            running.send(frames.u8(frames.CANCEL if how == "cancel" else frames.WATCH))
            assert running.failed() == ("cancelled" if how == "cancel" else "protocol")
        world.bluez.wait("gone", client)
        if stage == "user":
            phone.agreed.set()
            assert world.server.ended.get(timeout=PATIENCE) != "done"


def test_cancelled_while_the_bus_is_silent(world, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        running = world.get(b"id", bus=f"unix:path={tmp_path}/bus")
        with silent.accept()[0]:
            running.send(frames.u8(frames.CANCEL))
            assert running.failed() == "cancelled"


def test_cancelled_before_the_code(world):
    world.bluez.refuse("GetManagedObjects", "silence")
    running = world.get(b"id")
    world.bluez.wait("GetManagedObjects")
    running.send(frames.u8(frames.CANCEL))
    assert running.failed() == "cancelled"


@pytest.mark.parametrize("payload", [
    frames.get_assertion("phone", RP_ID, HASH), frames.u8(frames.WATCH), b"\x63", b""], ids=shortly)
def test_setup_comes_first(payload):
    with Helper(PROGRAM) as running:
        running.send(payload)
        assert running.failed() == "protocol"


def test_another_request(world):
    running = world.helper()
    running.send(frames.u8(frames.WATCH))
    assert running.failed() == "protocol"


def test_another_version():
    with Helper(PROGRAM, greet=False) as running:
        running.send(frames.hello(2))
        assert running.receive() == (frames.HELLO, {"version": 1})
        assert running.failed() == "unsupported"


def test_end_before_the_request(world):
    assert world.helper().close() == 1


def test_many_sessions(world):
    """500 sessions with all parts, given up where they have started, leave nothing behind; and so
    do some that go through to the end."""
    phone = phone_with()
    sign(world, phone, phone.passkeys[0])
    before = len(os.listdir("/proc/self/fd")), len(helpers_of(world.bus.address))
    for _ in range(SESSIONS // 10):
        started = [world.get(phone.passkeys[0].id) for _ in range(10)]
        for running in started:
            running.expect(frames.PHONE_CODE)
            running.send(frames.u8(frames.CANCEL))
            assert running.failed() == "cancelled"
            world.helpers.remove(running)
            running.__exit__()
        world.bluez.idle()  # what it says is taken
    for _ in range(20):
        sign(world, phone, phone.passkeys[0])
        world.helpers.pop().__exit__()
    after = len(os.listdir("/proc/self/fd")), len(helpers_of(world.bus.address))
    assert after[0] <= before[0] + 3 and after[1] <= before[1]
