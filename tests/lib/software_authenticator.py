#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The software authenticator: security keys for tests, as many as wanted, in one process.

Programs see the keys through the preloaded library libsoftkey.so (environment variable
SOFTWARE_AUTHENTICATOR names the socket), and through /dev/uhid where the kernel has it.

The socket is SOCK_SEQPACKET. What a connection sends first says what it is:
  {"role": "control"}  with this very spelling; then one JSON command a message, and one JSON answer
                       to each (see Control)
  LIST                 the answer is one line a plugged-in key: path, manufacturer, product,
                       vendor, product number, separated by tabs; may be asked again
  OPEN path            the answer is OK or ENOENT; from then on one HID report a message. FLOCK SH,
                       EX and UN stand for flock(2) on the device and are answered OK or BUSY
"""

import argparse
import asyncio
import collections
import dataclasses
import json
import os
import resource
import signal
import socket
import sys

from ctap import hid, uhid
from ctap.device import Device
from ctap.state import Behaviour, Config, Folder

DEVICE_FOLDER = "/dev/software-authenticator/"
CONTROL = b'{"role": "control"}'
MESSAGE_MAX = 65536
EVENTS_KEPT = 10000


class Event:
    """Something that happened to a key; number counts up over all keys."""

    def __init__(self, number, key, name):
        self.number, self.key, self.name = number, key, name

    def to_json(self):
        return {"number": self.number, "key": self.key, "event": self.name}


class Simulator:
    """All keys, and who waits for what to happen to them."""

    def __init__(self, loop, folder, use_uhid):
        self.loop, self.folder, self.use_uhid = loop, folder, use_uhid
        self.devices = {}
        self.uhid_openers = {}
        self.locks = {}
        self.events = collections.deque(maxlen=EVENTS_KEPT)
        self.count = 0
        self.waiters = []

    def notify(self, device, name):
        self.count += 1
        event = Event(self.count, device.name, name)
        self.events.append(event)
        for waiter in list(self.waiters):
            waiter(event)

    def add(self, name, values):
        """A new key, or one the state folder knows; it is not plugged in yet."""
        if name in self.devices or not name or name == "ca" or set(name) & set("/\t\n"):
            raise ValueError("cannot add a key of this name: " + repr(name))
        config, state = Config(), None
        kept = self.folder.load(name)
        if kept is not None:
            config.update(kept[0])
            state = kept[1]
        config.update(values)
        if state is None:
            state = self.folder.new_state(config)

        def save():
            self.folder.save(name, config, state)

        save()
        parts = (config, Behaviour(), state, save)
        self.devices[name] = Device(self.loop, name, parts, self.notify)
        return self.devices[name]

    def remove(self, device):
        self.unplug(device)
        del self.devices[device.name]

    def plug(self, device):
        if device.plugged:
            return
        device.plug()
        if self.use_uhid:
            opener = uhid.UhidOpener(self.loop, device, uhid.open_control())
            self.uhid_openers[device.name] = opener

    def unplug(self, device):
        device.unplug()
        opener = self.uhid_openers.pop(device.name, None)
        if opener is not None:
            opener.remove()

    def find(self, path):
        """The plugged-in key at a device path, or None."""
        if not path.startswith(DEVICE_FOLDER):
            return None
        device = self.devices.get(path[len(DEVICE_FOLDER) :])
        return device if device is not None and device.plugged else None

    def list(self):
        if self.use_uhid:
            return ""  # the kernel lists them
        lines = []
        for device in self.devices.values():
            if device.plugged:
                config = device.config
                names = (DEVICE_FOLDER + device.name, config.manufacturer, config.product)
                numbers = (config.vendor_id, config.product_id)
                lines.append("%s\t%s\t%s\t%d\t%d\n" % (names + numbers))
        return "".join(lines)


class Control:
    """The commands of a control connection.

    Each answer has "ok", then "last", the number of the newest event, or else "error".

    {"command": "add", "key": K, "config": {...}}   config: ctap.state.Config
    {"command": "plug" | "unplug" | "remove", "key": K}
    {"command": "set", "key": K, "behaviour": {...}}   behaviour: ctap.state.Behaviour
    {"command": "touch" | "give_up", "key": K}   answer: "done" says whether the key was waiting
    {"command": "set_pin", "key": K, "pin": TEXT, "tries": N}   without the terminal of fido2-token
    {"command": "fingerprint", "key": K, "accepted": true | false}
    {"command": "list"}   answer: "keys"
    {"command": "events", "after": N}   answer: "events"
    {"command": "wait", "key": K, "event": E, "after": N}   answers when that has happened after
        event N; for touch-wanted without "after" also at once when the key waits right now
    {"command": "ca"}   answer: "certificate", the attestation root, PEM
    """

    COMMANDS = ("add", "plug", "unplug", "remove", "set", "touch", "give_up", "fingerprint")
    COMMANDS += ("set_pin", "list", "events", "wait", "ca")

    def __init__(self, simulator, answer):
        self.simulator, self.answer = simulator, answer
        self.waiter = None

    def close(self):
        if self.waiter in self.simulator.waiters:
            self.simulator.waiters.remove(self.waiter)

    def run(self, message):
        try:
            request = json.loads(message)
            if request["command"] not in self.COMMANDS:
                raise ValueError("no such command")
            result = getattr(self, "_" + request["command"])(request)
        except (KeyError, TypeError, ValueError) as error:
            self.answer({"ok": False, "error": "%s: %s" % (type(error).__name__, error)})
            return
        if result is not None:
            self.answer({"ok": True, "last": self.simulator.count, **result})

    def _device(self, request):
        device = self.simulator.devices.get(request["key"])
        if device is None:
            raise ValueError("no such key")
        return device

    def _add(self, request):
        self.simulator.add(request["key"], request.get("config", {}))
        return {}

    def _plug(self, request):
        self.simulator.plug(self._device(request))
        return {}

    def _unplug(self, request):
        self.simulator.unplug(self._device(request))
        return {}

    def _remove(self, request):
        self.simulator.remove(self._device(request))
        return {}

    def _set(self, request):
        self._device(request).behaviour.update(request["behaviour"])
        return {}

    def _touch(self, request):
        return {"done": self._device(request).touch()}

    def _give_up(self, request):
        return {"done": self._device(request).give_up()}

    def _fingerprint(self, request):
        return {"done": self._device(request).fingerprint(bool(request["accepted"]))}

    def _set_pin(self, request):
        self._device(request).authenticator.pin.set(request["pin"], request["tries"])
        return {}

    def _ca(self, _request):
        return {"certificate": self.simulator.folder.authority.pem()}

    def _list(self, _request):
        return {"keys": [self._describe(each) for each in self.simulator.devices.values()]}

    def _describe(self, device):
        state = device.state
        return {
            "key": device.name,
            "path": DEVICE_FOLDER + device.name,
            "plugged": device.plugged,
            "openers": len(device.openers),
            "touch_wanted": device.touch_wanted,
            "counter": state.counter,
            "pin_set": state.pin_hash is not None,
            "pin_tries": state.pin_tries,
            "resident": len(state.credentials),
            "behaviour": dataclasses.asdict(device.behaviour),
        }

    def _events(self, request):
        after = request.get("after", 0)
        events = [each.to_json() for each in self.simulator.events if each.number > after]
        return {"events": events[-200:]}

    def _wait(self, request):
        device, name, after = self._device(request), request["event"], request.get("after")
        if name == "touch-wanted" and after is None and device.touch_wanted:
            return {"number": self.simulator.count}

        def matches(event):
            return event.key == device.name and event.name == name

        for event in self.simulator.events:
            if after is not None and event.number > after and matches(event):
                return {"number": event.number}

        def waiter(event):
            if matches(event):
                self.close()
                self.answer({"ok": True, "number": event.number})

        self.close()
        self.waiter = waiter
        self.simulator.waiters.append(waiter)
        return None


class Connection:
    """One accepted socket; also the opener of a Device once it has opened one."""

    def __init__(self, simulator, sock):
        self.simulator, self.sock = simulator, sock
        self.device = None
        self.control = None
        sock.setblocking(False)
        simulator.loop.add_reader(sock, self._readable)

    def _readable(self):
        try:
            message = self.sock.recv(MESSAGE_MAX)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if message == b"":
            self._close()
        elif self.control is not None:
            self.control.run(message)
        elif self.device is not None:
            self._from_opener(message)
        else:
            self._first(message)

    def _first(self, message):
        if message == b"LIST":
            self.send(self.simulator.list().encode() or b"\n")
        elif message.startswith(b"OPEN "):
            self._open(message[5:].decode(errors="replace"))
        elif message == CONTROL:
            self.control = Control(self.simulator, self._send_json)
        else:
            self._close()

    def _open(self, path):
        device = self.simulator.find(path)
        self.send(b"ENOENT" if device is None else b"OK")
        if device is not None:
            self.device = device
            device.open(self)

    def _from_opener(self, message):
        if message.startswith(b"FLOCK "):
            self.send(b"OK" if self._flock(message[6:]) else b"BUSY")
        elif len(message) == hid.REPORT_SIZE + 1:
            self.device.receive(message[1:])  # hidraw wants the report number first

    def _flock(self, operation):
        holders = self.simulator.locks.setdefault(self.device, {})
        holders.pop(self, None)
        if operation == b"UN":
            return True
        if holders and (operation == b"EX" or b"EX" in holders.values()):
            return False
        holders[self] = operation
        return True

    def _send_json(self, value):
        self.send(json.dumps(value).encode())

    def send(self, message):
        try:
            self.sock.send(message, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            pass  # hidraw too drops reports that nobody reads
        except OSError:
            pass  # gone; the end of file comes next

    def hang_up(self):
        """Unplugged: reads end. Writes still succeed: hidraw sends no SIGPIPE either."""
        self._forget()
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _forget(self):
        if self.device is not None:
            self.simulator.locks.get(self.device, {}).pop(self, None)

    def _close(self):
        self._forget()
        if self.device is not None:
            self.device.close(self)
        if self.control is not None:
            self.control.close()
        self.simulator.loop.remove_reader(self.sock)
        self.sock.close()


def listen(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.bind(path)
    os.chmod(path, 0o666)  # the daemon's helper runs as another user
    sock.listen(1024)
    sock.setblocking(False)
    return sock


def main():
    parser = argparse.ArgumentParser(description="Security keys in software, for tests.")
    parser.add_argument("socket", help="path of the socket to listen on")
    parser.add_argument("--state", help="folder that keeps the keys")
    parser.add_argument("--key", action="append", default=[], help="add a key and plug it in")
    parser.add_argument("--uhid", choices=("auto", "yes", "no"), default="auto")
    parser.add_argument("--ready-fd", type=int, help="descriptor that gets a line once listening")
    arguments = parser.parse_args()

    # Each program that sees the keys holds nine connections.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    loop = asyncio.new_event_loop()
    use_uhid = arguments.uhid == "yes"
    if arguments.uhid == "auto":
        use_uhid = os.access(uhid.PATH, os.R_OK | os.W_OK)
    simulator = Simulator(loop, Folder(arguments.state), use_uhid)
    for name in simulator.folder.names():
        simulator.add(name, {})
    for name in arguments.key:
        device = simulator.devices.get(name) or simulator.add(name, {})
        simulator.plug(device)
    sock = listen(arguments.socket)
    loop.add_reader(sock, lambda: Connection(simulator, sock.accept()[0]))
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    loop.add_signal_handler(signal.SIGINT, loop.stop)
    if arguments.ready_fd is not None:
        os.write(arguments.ready_fd, b"ready\n")
        os.close(arguments.ready_fd)
    loop.run_forever()
    for device in simulator.devices.values():
        simulator.unplug(device)
    os.unlink(arguments.socket)
    return 0


if __name__ == "__main__":
    sys.exit(main())
