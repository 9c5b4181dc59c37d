# SPDX-License-Identifier: BSD-2-Clause
"""A host of a fleet as far as its store goes: passkey-store-ldap, and somebody who calls it."""

import os
import signal
import subprocess
import tempfile
import time
from collections import namedtuple

import pytest
from ldap_directory import PASSKEYS, PEOPLE, TOP, until

# TOP is the copy of the sources in a build folder, or they are beside one that is named.
BUILD = os.environ.get("top_builddir") or os.path.dirname(TOP)

PROGRAM = os.path.join(BUILD, "store", "ldap", "passkey-store-ldap")
CLIENT = os.path.join(BUILD, "tests", "fleet", "store_client")
Answer = namedtuple("Answer", "status ms words")


class Host:
    """Its certificate is that of the name. To be used as a context, which begins when the store
    follows a server, unless ready is False. within: the words of a command that runs another.
    environment: of the store, beside this process's."""

    def __init__(self, directory, name, servers=None, ready=True, within=(), environment=None,
                 **settings):
        self.ready = ready
        self.environment = {**os.environ, **(environment or {})}
        self.within = within
        if not os.path.exists(PROGRAM):
            pytest.skip("passkey-store-ldap was not built: configure did not find libldap")
        self.folder = tempfile.mkdtemp(prefix=f"{name}-", dir=directory.folder)
        self.socket = os.path.join(self.folder, "socket")
        self.log = os.path.join(self.folder, "log.txt")
        self.database = os.path.join(self.folder, "passkeyd.db")
        ca, certificate, key = directory.authority.files(name)
        uris = servers or [server.uri for server in directory.servers]
        values = {"servers": None if "domain" in settings else ", ".join(uris),
                  "ca-certificate": ca,
                  "certificate": certificate, "key": key, "passkeys": PASSKEYS, "accounts": PEOPLE,
                  **{key.replace("_", "-"): value for key, value in settings.items()}}
        self.config = os.path.join(self.folder, "store-ldap.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("[directory]\n" + "".join(
                f"{key} = {value}\n" for key, value in values.items() if value is not None))
        self.process = self.client = None

    def __enter__(self):
        self.start()
        if self.ready:
            until("a server is followed", lambda: self.ids() is not None)
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.within, PROGRAM, "--config", self.config, "--state", self.folder,
                 "--socket", self.socket], stdout=log, stderr=log, env=self.environment)
        until("the store's socket is there", lambda: os.path.exists(self.socket) or
              self.process.poll() is not None)
        assert self.process.poll() is None, self.said()
        if not os.path.exists(CLIENT):  # made by make check, and here where that was not run
            subprocess.run(["make", "-s", "-C", BUILD, "tests/fleet/store_client"], check=True)
        self.client = subprocess.Popen([CLIENT, self.socket], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)

    def stop(self, number=signal.SIGTERM):
        if self.client:
            self.client.stdin.close()
            self.client.wait(30)
            self.client.stdout.close()
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            code = self.process.wait(30)
            assert number == signal.SIGKILL or code == 0, (code, self.said())
        self.client = self.process = None
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def restart(self):
        self.stop()
        self.start()

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def call(self, *words):
        begun = time.monotonic()
        self.client.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.client.stdin.flush()
        line = self.client.stdout.readline()
        assert line, f"the caller has ended; the store says: {self.said()}"
        status, ms, *rest = line.rstrip("\n").split(" ", 2)
        assert time.monotonic() - begun < 3, line
        return Answer(status, int(ms), rest[0] if rest else "")

    def ids(self, *account):
        """Of the passkeys that the store lists; None: it refuses."""
        answer = self.call("list", *account)
        if answer.status != "ok":
            return None
        return {item.split("/")[2] for item in answer.words.split()}

    def passkeys(self, *account):
        answer = self.call("list", *account)
        assert answer.status == "ok", answer
        return set(answer.words.split())
