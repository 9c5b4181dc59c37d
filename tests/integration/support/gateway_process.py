# SPDX-License-Identifier: BSD-2-Clause
"""passkey-gateway as a process of its own, and clients that say what they like to it."""

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import time

PATIENCE = int(os.environ.get("PATIENCE", "30"))
HERE = os.path.dirname(os.path.abspath(__file__))
JSON = {"Content-Type": "application/json"}


def program():
    """What is installed in the namespace, or in the build folder."""
    for path in ("/usr/sbin/passkey-gateway", os.path.join(os.environ.get("top_builddir", "."),
                                                           "gateway/passkey-gateway")):
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError("passkey-gateway")


# Below those that the kernel gives to clients, each handed out once.
PORTS = iter(range(15000 + os.getpid() % 1000 * 10, 32000))


def free_port():
    for port in PORTS:
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


class Lines:
    """What a process says, line by line."""

    def __init__(self, stream):
        self.stream = stream
        self.rest = b""
        self.lines = []

    def wait(self, what):
        """The first line from now on for which what(line) is true."""
        end = time.monotonic() + PATIENCE
        while True:
            while b"\n" in self.rest:
                line, self.rest = self.rest.split(b"\n", 1)
                self.lines.append(line.decode("utf-8", "replace"))
                if what(self.lines[-1]):
                    return self.lines[-1]
            assert select.select([self.stream], [], [], max(0, end - time.monotonic()))[0], \
                "it did not come; there was:\n" + "\n".join(self.lines)
            more = os.read(self.stream.fileno(), 65536)
            assert more, "the process ended; it said:\n" + "\n".join(self.lines)
            self.rest += more


class Fake:
    """The daemon's stand-in."""

    def __init__(self, path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(HERE, "fake_gateway.py"), path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = Lines(self.process.stdout)
        self.wait("ready")

    def wait(self, member):
        return json.loads(self.lines.wait(lambda line: json.loads(line)[0] == member))

    def set_parties(self, parties):
        self.process.stdin.write(json.dumps(parties).encode() + b"\n")
        self.process.stdin.flush()
        self.wait("parties")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Gateway:
    def __init__(self, folder, settings="", limits="", wait_for="serves ", daemon=None,
                 become=None):
        self.port, self.admin = free_port(), free_port()
        self.socket = str(folder) + "/http"
        self.path = str(folder) + "/gateway.conf"
        self.write(f"listen = 127.0.0.1:{self.port}, unix:{self.socket}\n"
                   f"admin-listen = 127.0.0.1:{self.admin}\n" + settings, limits)
        environment = dict(os.environ, PASSKEYD_SOCKET=daemon or str(folder) + "/socket",
                           DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nonexistent")
        if daemon == "bus":
            environment["PASSKEYD_SOCKET"] = "/nonexistent"
            del environment["DBUS_SYSTEM_BUS_ADDRESS"]
        self.process = subprocess.Popen([program(), "--config", self.path], stderr=subprocess.PIPE,
                                        env=environment, preexec_fn=become)
        self.log = Lines(self.process.stderr)
        self.wait(wait_for)

    def write(self, settings, limits=""):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(f"[gateway]\n{settings}\n[limits]\n{limits}\n")

    def wait(self, word):
        return self.log.wait(lambda line: word in line)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def ask(self, method, path, body=None, headers=(), port=None):
        """Status, headers and text of the answer."""
        client = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE)
        text = json.dumps(body) if isinstance(body, (dict, list)) else body
        try:
            client.request(method, path, text,
                           dict(JSON if body is not None else {}, **dict(headers)))
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            client.close()

    def say(self, data):
        """What comes for these bytes until the gateway closes."""
        with self.connect() as client:
            # It may have answered and closed before all of this is said.
            with contextlib.suppress(OSError):
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
            return read_all(client)

    def stop(self):
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def read_all(client):
    got = b""
    while True:
        try:
            more = client.recv(65536)
        except ConnectionResetError:
            return got
        if not more:
            return got
        got += more


def status_of(answer):
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.") else None
