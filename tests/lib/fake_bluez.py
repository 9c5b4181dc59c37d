# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for bluetoothd, on a bus of its own: what of org.bluez a program meets that listens.

    with Bus() as bus, Bluez(bus.address, "hci0", "hci1:off") as bluez:
        bluez.wait("StartDiscovery")
        bluez.hear(uuid, data)

As bluetoothd it hears nothing while nobody scans, nor for who scans without a filter that is more
than the transport; it signals the data of a device again only to somebody who asked for duplicates,
and shows it among its objects afterwards. Bluez starts this file as a program, which takes commands
as lines of JSON and reports calls in the same way.

    fake_bluez.py ADDRESS ADAPTER[:off][/UUID/DATA]...

UUID and DATA (hexadecimal) are of a device that is known from before.
"""

import json
import os
import select
import subprocess
import sys
import time

PATIENCE = 60
STOPPING_MS = 100
NAME, ADAPTER, DEVICE = "org.bluez", "org.bluez.Adapter1", "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"
MANAGER = "org.freedesktop.DBus.ObjectManager"
ERROR = "org.bluez.Error."


class Bus:
    """A dbus-daemon; kill() ends it."""

    def __init__(self):
        self.process = subprocess.Popen(["dbus-daemon", "--session", "--nofork",
                                         "--print-address=1"],
                                        stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdout.close()


class Bluez:
    """The stand-in, running as a program of its own."""

    def __init__(self, address, *adapters, environment=None):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.abspath(__file__), address, *(adapters or ("hci0",))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment)
        self.buffer, self.events = b"", []
        self.wait("ready")

    def _next(self, deadline):
        while b"\n" not in self.buffer:
            left = max(0, deadline - time.monotonic())
            ready = select.select([self.process.stdout], [], [], left)[0]
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise AssertionError(("nothing more came of bluetoothd", self.events))
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def wait(self, what, client=None):
        """The next event of that name, which is taken; others stay."""
        deadline = time.monotonic() + PATIENCE
        seen = 0
        while True:
            while seen < len(self.events):
                event = self.events[seen]
                if event["event"] == what and client in (None, event.get("client")):
                    return self.events.pop(seen)
                seen += 1
            self.events.append(self._next(deadline))

    def tell(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")

    def hear(self, uuid, data, adapter="hci0", address="C0:00:00:00:00:01"):
        """An advert comes in over the air."""
        self.tell("hear", uuid=uuid, data=data.hex(), adapter=adapter, address=address)

    def flood(self, uuid, count, adapter="hci0"):
        """So many adverts of nobody's, each of another address."""
        self.tell("flood", uuid=uuid, count=count, adapter=adapter)

    def keep(self, uuid, data, adapter="hci0", address="C0:00:00:00:00:02"):
        """A device object that is there already, from when somebody else listened."""
        self.tell("keep", uuid=uuid, data=data.hex(), adapter=adapter, address=address)

    def power(self, adapter, powered):
        self.tell("power", adapter=adapter, on=powered)

    def unplug(self, adapter):
        self.tell("unplug", adapter=adapter)

    def plug(self, adapter):
        self.tell("plug", adapter=adapter)

    def refuse(self, method, error):
        """From now on that method fails so; None: it does not. "silence": it is not answered."""
        self.tell("refuse", method=method, error=error)
        self.wait("refuses")

    def idle(self):
        """Everything before has been done."""
        self.tell("ping")
        self.wait("pong")

    def close(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self.process.stdin.close()
        self.process.stdout.close()


# ---- the program ----


class Failure(Exception):
    """An error that a caller gets."""


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Daemon:
    """bluetoothd as far as scanning goes."""

    LATER = object()  # an answer that comes when it has been done

    def __init__(self, bus, adapters):
        import dbus  # pylint: disable=import-outside-toplevel
        self.dbus, self.bus = dbus, bus
        self.adapters = {}  # path: whether it is powered
        self.devices = {}   # path: {uuid: data}
        self.filters = {}   # (client, adapter): filter
        self.scanning = {}  # adapter: clients
        self.refused = {}
        self.stopping = set()
        self.watched = set()
        for each in adapters:
            name, *kept = each.split("/")
            name, _, state = name.partition(":")
            self.adapters[f"/org/bluez/{name}"] = state != "off"
            if kept:
                self.do_keep(name, "C0:00:00:00:00:03", *kept)

    def signal(self, path, interface, member, signature, *arguments):
        message = self.dbus.lowlevel.SignalMessage(path, interface, member)
        message.append(*arguments, signature=signature)
        self.bus.send_message(message)

    def _data(self, services):
        byte_array = {uuid: self.dbus.ByteArray(data, variant_level=1)
                      for uuid, data in services.items()}
        return {"Address": "C0:00:00:00:00:01",
                "RSSI": self.dbus.Int16(-60),
                "ManufacturerData": self.dbus.Dictionary(
                    {self.dbus.UInt16(76): self.dbus.ByteArray(b"\x10\x05", variant_level=1)},
                    signature="qv"),
                "ServiceData": self.dbus.Dictionary(byte_array, signature="sv")}

    def _adapter(self, path):
        return {ADAPTER: {"Address": "00:00:00:00:00:00", "Powered": self.adapters[path],
                          "Discovering": bool(self.scanning.get(path))}}

    def objects(self):
        found = {"/org/bluez": {"org.bluez.AgentManager1": self._empty()}}
        found.update({path: self._adapter(path) for path in self.adapters})
        found.update({path: {DEVICE: self._data(data)} for path, data in self.devices.items()})
        return self.dbus.Dictionary({self.dbus.ObjectPath(path): value
                                     for path, value in found.items()}, signature="oa{sa{sv}}")

    def _empty(self):
        return self.dbus.Dictionary({}, signature="sv")

    # what clients ask

    def call(self, message):
        member, path, client = message.get_member(), message.get_path(), message.get_sender()
        arguments = message.get_args_list()
        say(member, client=client, adapter=os.path.basename(path),
            filter={str(key): str(value) for key, value in arguments[0].items()}
            if member == "SetDiscoveryFilter" else None)
        if self.refused.get(member):
            raise Failure(self.refused[member])
        if member == "GetManagedObjects":
            return "a{oa{sa{sv}}}", self.objects()
        if path not in self.adapters:
            raise Failure("org.freedesktop.DBus.Error.UnknownObject")
        if member == "SetDiscoveryFilter":
            self.filters[(client, path)] = dict(arguments[0])
        elif not self.adapters[path]:
            raise Failure(ERROR + "NotReady")
        elif (client, path) in self.stopping:
            raise Failure(ERROR + "InProgress")
        elif member == "StartDiscovery":
            if client in self.scanning.setdefault(path, set()):
                raise Failure(ERROR + "InProgress")
            self.scanning[path].add(client)
            self._watch(client)
        elif member == "StopDiscovery":
            if client not in self.scanning.get(path, ()):
                raise Failure(ERROR + "Failed")
            self.stopping.add((client, path))
            return self.LATER
        else:
            raise Failure("org.freedesktop.DBus.Error.UnknownMethod")
        return None

    def stopped(self, message):
        """The controller has said so: only then it is over."""
        client, path = message.get_sender(), message.get_path()
        self.stopping.discard((client, path))
        self.scanning.get(path, set()).discard(client)
        say("stopped")

    def _watch(self, client):
        def changed(owner):
            if owner or client not in self.watched:
                return
            self.watched.discard(client)
            for clients in self.scanning.values():
                clients.discard(client)
            say("gone", client=client)

        if client not in self.watched:
            self.watched.add(client)
            self.bus.watch_name_owner(client, changed)

    # what comes over the air

    def _hears(self, path):
        """Whether anybody who scans there has a filter that is one, and wants duplicates."""
        filters = [self.filters.get((client, path), {}) for client in self.scanning.get(path, ())]
        duplicates = any(each.get("DuplicateData") for each in filters)
        real = any((each.get("DuplicateData") or set(each) - {"Transport", "DuplicateData"})
                   and "UUIDs" not in each for each in filters)
        return real, duplicates

    def hear(self, adapter, address, uuid, data):
        path = f"/org/bluez/{adapter}"
        real, duplicates = self._hears(path)
        if not real or not self.adapters.get(path):
            return False
        device = f"{path}/dev_{address.replace(':', '_')}"
        before = self.devices.get(device)
        self.devices[device] = {uuid: data}
        if before is None:
            self.signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", self.dbus.ObjectPath(device),
                        {DEVICE: self._data(self.devices[device])})
        elif before != self.devices[device] or duplicates:
            self.signal(device, PROPERTIES, "PropertiesChanged", "sa{sv}as", DEVICE,
                        self._data(self.devices[device]), self.dbus.Array([], signature="s"))
        return True

    def do_hear(self, adapter, address, uuid, data):
        say("heard" if self.hear(adapter, address, uuid, bytes.fromhex(data)) else "missed")

    def do_flood(self, adapter, uuid, count):
        for number in range(count):
            address = ":".join(f"{byte:02X}" for byte in b"\xde" + number.to_bytes(5, "big"))
            self.hear(adapter, address, uuid, os.urandom(20))
        self.bus.flush()
        say("flooded")

    def do_keep(self, adapter, address, uuid, data):
        self.devices[f"/org/bluez/{adapter}/dev_{address.replace(':', '_')}"] = {
            uuid: bytes.fromhex(data)}

    def do_power(self, adapter, on):
        path = f"/org/bluez/{adapter}"
        self.adapters[path] = on
        self.scanning.pop(path, None)
        self.signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", ADAPTER, {"Powered": on},
                    self.dbus.Array([], signature="s"))

    def do_unplug(self, adapter):
        path = f"/org/bluez/{adapter}"
        del self.adapters[path]
        self.scanning.pop(path, None)
        self.signal("/", MANAGER, "InterfacesRemoved", "oas", self.dbus.ObjectPath(path),
                    [ADAPTER, PROPERTIES])

    def do_plug(self, adapter):
        path = f"/org/bluez/{adapter}"
        self.adapters[path] = True
        self.signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", self.dbus.ObjectPath(path),
                    self._adapter(path))

    def do_refuse(self, method, error):
        self.refused[method] = error
        say("refuses")

    def do_ping(self):
        say("pong")


def main():
    import dbus.bus  # pylint: disable=import-outside-toplevel
    import dbus.lowlevel  # pylint: disable=import-outside-toplevel
    from dbus.mainloop.glib import DBusGMainLoop  # pylint: disable=import-outside-toplevel
    from gi.repository import GLib  # pylint: disable=import-outside-toplevel
    bus = dbus.bus.BusConnection(sys.argv[1], mainloop=DBusGMainLoop())
    daemon = Daemon(bus, sys.argv[2:])
    loop = GLib.MainLoop()

    def answer(connection, message):
        if message.get_type() != dbus.lowlevel.MESSAGE_TYPE_METHOD_CALL:
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        try:
            said = daemon.call(message)
        except Failure as failure:
            if str(failure) != "silence":
                connection.send_message(dbus.lowlevel.ErrorMessage(message, str(failure), "told"))
            return dbus.lowlevel.HANDLER_RESULT_HANDLED
        reply = dbus.lowlevel.MethodReturnMessage(message)
        if said is daemon.LATER:
            GLib.timeout_add(STOPPING_MS, stopped, connection, message, reply)
            return dbus.lowlevel.HANDLER_RESULT_HANDLED
        if said:
            reply.append(said[1], signature=said[0])
        connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def stopped(connection, message, reply):
        daemon.stopped(message)
        connection.send_message(reply)
        return False

    def command(channel, _condition):
        line = channel.readline()
        if not line:
            loop.quit()
            return False
        words = json.loads(line)
        getattr(daemon, "do_" + words.pop("do"))(**words)
        return True

    bus.add_message_filter(answer)
    bus.request_name(NAME)
    stdin = GLib.IOChannel.unix_new(0)
    GLib.io_add_watch(stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, command)
    say("ready")
    loop.run()


if __name__ == "__main__":
    main()
