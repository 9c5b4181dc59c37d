# SPDX-License-Identifier: BSD-2-Clause
"""Starting, plugging and touching software keys from a test or from the demonstration.

    with SoftKeys(folder, library="tests/lib/.libs/libsoftkey.so") as keys:
        key = keys.add("blue")
        program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
        key.set(touch="wait")
        ...
        key.wait_touch_wanted()
        key.touch()

Nothing here waits for a time to pass: every wait is for something the simulator reports.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "software_authenticator.py")
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
DEVICE_FOLDER = "/dev/software-authenticator/"
PATIENCE = 60  # seconds until a wait counts as failed; nothing that works comes near it


class SoftKeyError(Exception):
    """The simulator refused a command."""


class Control:
    """A control connection: one command, one answer."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)
        self.sock.send(b'{"role": "control"}')

    def command(self, **request):
        self.sock.send(json.dumps(request).encode())
        answer = json.loads(self.sock.recv(1 << 20))
        if not answer.pop("ok"):
            raise SoftKeyError(answer["error"])
        return answer

    def close(self):
        self.sock.close()


class SoftKey:
    """One key; see ctap/state.py for what add() (Config) and set() (Behaviour) take."""

    def __init__(self, keys, name):
        self.keys, self.name = keys, name
        self.path = DEVICE_FOLDER + name
        self.seen = 0

    def _command(self, command, **more):
        return self.keys.command(command=command, key=self.name, **more)

    def plug(self):
        self._command("plug")
        return self

    def unplug(self):
        self._command("unplug")

    def replug(self):
        self.unplug()
        return self.plug()

    def remove(self):
        self._command("remove")

    def set(self, **behaviour):
        self.seen = self._command("set", behaviour=behaviour)["last"]
        return self

    def touch(self):
        """True when the key was waiting for it."""
        return self._command("touch")["done"]

    def set_pin(self, pin, tries=8):
        """A PIN without going through the key, with so many tries left."""
        self._command("set_pin", pin=pin, tries=tries)
        return self

    def fingerprint(self, accepted):
        return self._command("fingerprint", accepted=accepted)["done"]

    def give_up(self):
        """The key's own timeout, now. True when it was waiting."""
        return self._command("give_up")["done"]

    def info(self):
        (found,) = [each for each in self.keys.list() if each["key"] == self.name]
        return found

    def wait(self, event, after=None):
        """Blocks until the event has happened; its number.

        Counts what happened after the event numbered after, and without that after the last set()
        or wait() of this object.
        """
        after = self.seen if after is None else after
        with self.keys.connect() as control:
            answer = control.command(command="wait", key=self.name, event=event, after=after)
        self.seen = answer["number"]
        return self.seen

    def wait_touch_wanted(self, after=None):
        """Blocks until the key waits for a touch; the number of the event.

        Without after at once when it waits right now, otherwise as wait() does.
        """
        if after is not None:
            return self.wait("touch-wanted", after)
        with self.keys.connect() as control:
            answer = control.command(command="wait", key=self.name, event="touch-wanted")
        self.seen = answer["number"]
        return self.seen


class _Closing:
    def __init__(self, control):
        self.control = control

    def __enter__(self):
        return self.control

    def __exit__(self, *_):
        self.control.close()


class SoftKeys:
    """A running simulator. folder holds its socket and, with keep, the state of the keys."""

    def __init__(self, folder, library, keep=False, uhid="no"):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)  # the daemon's helper runs as another user
        self.folder, self.library = folder, os.path.abspath(library)
        self.socket_path = os.path.join(folder, "software-authenticator.socket")
        self.state_folder = os.path.join(folder, "keys") if keep else None
        self.uhid = uhid
        self.process = self.control = None

    def start(self):
        """Returns when the socket accepts."""
        reader, writer = os.pipe()
        arguments = [PYTHON, PROGRAM, self.socket_path, "--uhid", self.uhid]
        arguments += ["--ready-fd", str(writer)]
        if self.state_folder is not None:
            arguments += ["--state", self.state_folder]
        self.process = subprocess.Popen(arguments, pass_fds=(writer,), stdin=subprocess.DEVNULL)
        os.close(writer)
        ready = os.read(reader, 16)
        os.close(reader)
        if ready != b"ready\n":
            raise SoftKeyError("the software authenticator did not start")
        self.control = Control(self.socket_path)
        return self

    def stop(self):
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        self.control = self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def connect(self):
        return _Closing(Control(self.socket_path))

    def command(self, **request):
        return self.control.command(**request)

    def add(self, name, plug=True, **config):
        """A new key (one kept from an earlier run: use key())."""
        self.command(command="add", key=name, config=config)
        return self.key(name).plug() if plug else self.key(name)

    def key(self, name):
        return SoftKey(self, name)

    def list(self):
        return self.command(command="list")["keys"]

    def mark(self):
        """The number of the newest event, to wait for what comes after it."""
        return self.command(command="events", after=1 << 62)["last"]

    def events(self, after=0):
        return self.command(command="events", after=after)["events"]

    def attestation_root(self):
        """PEM."""
        return self.command(command="ca")["certificate"]

    def environment(self):
        """What a program needs in its environment to see the keys."""
        return {"LD_PRELOAD": self.library, "SOFTWARE_AUTHENTICATOR": self.socket_path}

    def wrapper(self, program, path=None):
        """Writes a script that runs program with the keys in sight; for [authenticator] program=.

        The daemon starts helpers with a clean environment, so the script sets what they need.
        """
        path = path or os.path.join(self.folder, os.path.basename(program) + "-with-software-keys")
        lines = ["#!/bin/sh"]
        # A program built with AddressSanitizer otherwise insists on being loaded before everything,
        # and looks for leaks by starting a process, for which the helper's sandbox kills it.
        lines.append("export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0")
        for name, value in self.environment().items():
            lines.append("export %s=%s" % (name, shlex.quote(value)))
        lines.append('exec %s "$@"' % shlex.quote(os.path.abspath(program)))
        # Not written over: somebody may be starting it.
        with open(path + ".new", "w", encoding="utf-8") as script:
            script.write("\n".join(lines) + "\n")
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
        return path
