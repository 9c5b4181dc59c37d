# SPDX-License-Identifier: BSD-2-Clause
"""passkey-phone with bluetoothd and the kernel's Bluetooth: runs inside tests/vm/run --systemd.

    phone.py PROGRAM

Two controllers in software (hci_vhci, btvirt) hear each other. A phone in software advertises by
the one, as bluetoothd lets programs do it; passkey-phone hears it by the other, which it finds on
the system bus, and follows it to a tunnel on loopback. Besides: an adapter that is off, and none.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import dbus  # noqa: E402
import dbus.bus  # noqa: E402
import dbus.lowlevel  # noqa: E402
import frames  # noqa: E402
import helper_client  # noqa: E402
from ctap import credential  # noqa: E402
from helper_client import Helper  # noqa: E402
from phone_tunnel import DOMAINS, Authority, Server  # noqa: E402
from software_phone import GOOGLE, Behaviour, Passkey, Phone  # noqa: E402

PATIENCE = helper_client.PATIENCE = 300  # the machine is emulated
TRIES, TRY = 8, 60  # for controllers that the kernel takes
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
RP_ID, HASH = "host.example.org", b"\x5a" * 32
SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
ADVERT = "/org/passkeyd/test/advert"


def advertise(adapter, uuid, data):
    """A program of its own: registers an advertisement, and keeps it until it is killed."""
    from dbus.mainloop.glib import DBusGMainLoop  # pylint: disable=import-outside-toplevel
    from gi.repository import GLib  # pylint: disable=import-outside-toplevel
    bus = dbus.bus.BusConnection(SYSTEM_BUS, mainloop=DBusGMainLoop())
    content = dbus.Dictionary({uuid: dbus.ByteArray(bytes.fromhex(data), variant_level=1)},
                              signature="sv")

    def answer(connection, message):
        if message.get_type() != dbus.lowlevel.MESSAGE_TYPE_METHOD_CALL:
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        reply = dbus.lowlevel.MethodReturnMessage(message)
        if message.get_member() == "GetAll":
            reply.append({"Type": "peripheral", "ServiceData": content}, signature="a{sv}")
        connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    bus.add_message_filter(answer)
    manager = dbus.Interface(bus.get_object("org.bluez", adapter, introspect=False),
                             "org.bluez.LEAdvertisingManager1")
    manager.RegisterAdvertisement(dbus.ObjectPath(ADVERT), dbus.Dictionary({}, signature="sv"),
                                  signature="oa{sv}",
                                  reply_handler=lambda: print("advertises", flush=True),
                                  error_handler=lambda error: print(error, flush=True))
    GLib.MainLoop().run()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def adapters(bus):
    objects = dbus.Interface(bus.get_object("org.bluez", "/", introspect=False),
                             "org.freedesktop.DBus.ObjectManager").GetManagedObjects()
    return sorted(path for path, found in objects.items() if "org.bluez.Adapter1" in found)


def wait_for(what, found, patience=PATIENCE):
    """Nothing tells of a daemon that comes up; what is looked at is whether it has."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if found():
                return
        except dbus.DBusException:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {patience} seconds")


def two_controllers(bus):
    """The program that emulates them. The kernel gives a controller that is slow to answer up for
    good, which one may be on a machine that is emulated itself: then there are other ones."""
    for _ in range(TRIES):
        process = subprocess.Popen(["btvirt", "-L", "-l2"], stdout=subprocess.DEVNULL)
        try:
            wait_for("two adapters", lambda: len(adapters(bus)) == 2, TRY)
            return process
        except AssertionError as error:
            print(error, os.listdir("/sys/class/bluetooth"), flush=True)
            process.kill()
            process.wait()
            wait_for("no adapter", lambda: not adapters(bus))
    raise AssertionError(run("dmesg"))


def power(bus, adapter, powered):
    properties = dbus.Interface(bus.get_object("org.bluez", adapter, introspect=False),
                                "org.freedesktop.DBus.Properties")
    properties.Set("org.bluez.Adapter1", "Powered", dbus.Boolean(powered, variant_level=1),
                   timeout=PATIENCE)


@contextlib.contextmanager
def on_air(adapter, uuid, data):
    """The adapter sends that advert."""
    process = subprocess.Popen([sys.executable, "-B", __file__, "advertise", adapter, uuid,
                                data.hex()], stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline().strip()
        assert said == "advertises", said
        yield
    finally:
        process.kill()
        process.wait()


class World:
    """What a helper needs beside Bluetooth, and helpers."""

    def __init__(self, program, folder):
        authority = Authority(folder)
        self.program, self.trusted = program, authority.certificate
        self.server = Server(authority.server(*DOMAINS))

    def get(self, *ids):
        running = Helper(self.program)
        running.send(frames.phone_setup(connect=self.server.address, ca_file=self.trusted))
        running.send(frames.get_assertion("phone", RP_ID, HASH, [(each, 16) for each in ids],
                                          frames.REQUIRED))
        return running

    def status(self):
        with self.get(b"id") as running:
            return running.failed()

    def sign(self, sender, **behaviour):
        """A phone that scans the code is heard from the adapter that sends, and signs."""
        phone = Phone(Behaviour(**behaviour))
        phone.passkeys = [Passkey(RP_ID, {"id": b"1"}, credential.ES256,
                                  credential.new_secret(credential.ES256))]
        with self.get(phone.passkeys[0].id) as running:
            call = phone.scan(running.expect(frames.PHONE_CODE)["code"])
            self.server.calls.put(call)
            with on_air(sender, *call.adverts[0]):
                assert running.expect(frames.PHONE_STEP)["step"] == frames.HEARD
                assert running.expect(frames.PHONE_STEP)["step"] == frames.ASKED
                (answer,) = running.expect(frames.ASSERTION)["assertions"]
            assert answer["credential_id"] == phone.passkeys[0].id
            assert running.ended() == 0


def main(program):
    run("modprobe", "hci_vhci")
    bus = dbus.bus.BusConnection(SYSTEM_BUS)
    with tempfile.TemporaryDirectory() as folder:
        world = World(program, folder)
        assert world.status() == "phone-no-adapter"
        print("without bluetoothd: ok", flush=True)
        started = [subprocess.Popen([BLUETOOTHD, "-n"])]
        wait_for("bluetoothd", lambda: not adapters(bus))
        assert world.status() == "phone-no-adapter"
        print("without an adapter: ok", flush=True)
        started.append(two_controllers(bus))
        hears, sends = adapters(bus)
        for each in hears, sends:
            power(bus, each, False)
        assert world.status() == "phone-adapter-off"
        print("with adapters that are off: ok", flush=True)
        for each in hears, sends:
            power(bus, each, True)
        world.sign(sends)
        print("heard, decrypted and followed: ok", flush=True)
        world.sign(sends, uuid=GOOGLE, domain=1)
        print("the other UUID and tunnel: ok", flush=True)
        world.sign(hears)
        print("heard by the other adapter: ok", flush=True)
        for process in started:
            process.kill()
        world.server.__exit__()
    print("phone: ok", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "advertise":
        advertise(*sys.argv[2:])
    else:
        main(sys.argv[1])
