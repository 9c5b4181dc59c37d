# SPDX-License-Identifier: BSD-2-Clause
"""Hosts of a fleet on one machine: each a passkeyd with a bus, a socket and a passkey-gateway of
its own, and the process of the store that they share."""

import json
import os
import pwd
import sys

import dbus

HERE = os.path.dirname(os.path.abspath(__file__))
INTEGRATION = os.path.join(HERE, "..", "integration")
for folder in (INTEGRATION, os.path.join(INTEGRATION, "support"), os.path.join(HERE, "..", "lib")):
    if folder not in sys.path:
        sys.path.insert(0, folder)

# pylint: disable=wrong-import-position
import gateway as bus  # noqa: E402
import gateway_process as process  # noqa: E402
import machine as parts  # noqa: E402
import namespace  # noqa: E402
import webauthn_client as browser  # noqa: E402
from test_private_instance import Private  # noqa: E402

ORIGIN = "https://portal.example.org"
SETTINGS = """
[store]
kind = {kind}
socket = {socket}
[gateway]
user = {user}
[rp default]
id = private.example
[rp portal]
id = portal.example.org
http = standard
[rp shop]
id = shop.example.org
http = standard
"""


class Host:
    """One of them; name is part of its paths alone, user is whom its gateway runs as; limits are
    lines of the gateway's section of that name."""

    def __init__(self, machine, name, kind, store_socket, user=bus.USER, limits=""):
        self.user = user
        self.limits = limits
        self.store = None  # its process, where it has one of its own
        self.private = Private(machine, "root", namespace.DAEMON_USER, name)
        run = self.private.folder + "/run"
        os.mkdir(run, 0o755)
        os.chown(run, namespace.DAEMON_ID, -1)
        self.socket = run + "/socket"
        self.folder = self.private.folder + "/gateway"
        entry = pwd.getpwnam(user)
        os.mkdir(self.folder)
        os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        namespace.write(self.private.config, SETTINGS.format(kind=kind, socket=store_socket,
                                                             user=user))
        self.gateway = None
        self.start()

    def start(self):
        self.private.start("--socket", self.socket)
        self.gateway = process.Gateway(self.folder, limits=self.limits, wait_for="serves portal",
                                       daemon=self.socket, become=parts.become(self.user))

    def kill(self):
        """As when the host loses its power."""
        self.gateway.close()
        self.private.daemon.kill()
        self.private.daemon.wait()
        self.gateway = None

    def close(self):
        if self.gateway:
            self.kill()

    def api_key(self, rp="portal"):
        with self.private.connection("root") as passkeyd:
            pipe, _ = dbus.Interface(passkeyd, parts.KEYS).CreateApiKey(rp, {}, signature="sa{sv}")
            with os.fdopen(pipe.take(), encoding="ascii") as file:
                return file.read()

    def status(self):
        """The daemon's, as root sees it."""
        with self.private.connection("root") as passkeyd:
            return json.loads(dbus.Interface(passkeyd, parts.MANAGER).Status())

    def ask(self, method, path, body=None, headers=(), rp="portal"):
        """Status and answer."""
        status, _, text = self.gateway.ask(method, f"/{rp}{path}", body, headers)
        return status, json.loads(text) if text else None

    def begin(self, kind, headers=(), **wishes):
        status, answer = self.ask("POST", f"/{kind}/options", wishes, headers)
        assert status == 200, answer
        return answer

    def finish_registration(self, begun, passkey, headers):
        answer = json.loads(browser.register(begun["publicKey"], passkey))
        return self.ask("POST", "/registration", {"id": begun["id"], "credential": answer}, headers)

    def finish_sign_in(self, begun, answer, rp="portal"):
        return self.ask("POST", "/authentication", {"id": begun["id"], "credential": answer}, rp=rp)


def answer_to(begun, passkey):
    return json.loads(browser.sign_in(begun["publicKey"], passkey, origin=ORIGIN))
