# SPDX-License-Identifier: BSD-2-Clause
"""Calls of org.passkeyd.Gateway1, as passkey-gateway makes them, or one that was taken over."""

import json
import os

import machine as parts
import webauthn_client as browser

GATEWAY = "org.passkeyd.Gateway1"
USER = "carol"  # [gateway] user in CONFIGURATION
TENANT = "8f4b1f6e-5e4f-4a41-9d3e-2f3f0d6c8a11"

CONFIGURATION = f"""
[gateway]
user = {USER}
[rp hanko]
id = hanko.example.org
http = hanko
tenant-id = {TENANT}
[rp portal]
id = portal.example.org
name = The Portal
http = standard
[rp shop]
id = shop.example.org
http = standard
[rp files]
id = files.example.org
http = cloudreve
[rp signal]
id = signal.example.org
http = authsignal
tenant-id = tenant-7
[rp union]
id = union.example.org
http = autional
[rp bare]
id = bare.example.org
[rp hosts]
id = hosts.example.org
system-accounts = yes
"""


class Gateway:
    """The gateway's connection, with one relying party's API key where it has any."""

    def __init__(self, connection):
        self.connection = connection

    def call(self, member, *arguments):
        return answer_of(self.connection.call(GATEWAY, member, signature(arguments),
                                              *map(converted, arguments)))

    def fails(self, error, member, *arguments):
        return self.connection.fails(error, GATEWAY, member, signature(arguments),
                                     *map(converted, arguments))

    def begin(self, kind, rp, **options):
        identifier, text, expires = self.connection.call(
            GATEWAY, "Begin" + kind, "sa{sv}", rp, parts.vardict(options))
        return str(identifier), json.loads(str(text)), int(expires)

    def finish(self, kind, rp, identifier, response, **options):
        return self.call("Finish" + kind, rp, identifier, response, options)

    def register(self, rp, user, passkey, api_key, **options):
        identifier, made, _ = self.begin("Registration", rp, userId=user, apiKey=api_key, **options)
        return self.finish("Registration", rp, identifier, browser.register(made, passkey))

    def sign_in(self, rp, passkey, **options):
        identifier, made, _ = self.begin("Authentication", rp, **options)
        return self.finish("Authentication", rp, identifier, browser.sign_in(made, passkey))

    def token(self, rp, user, api_key, **options):
        return self.call("IssueToken", rp, dict(options, userId=user, apiKey=api_key))["token"]


def converted(argument):
    return parts.vardict(argument) if isinstance(argument, dict) else argument


def signature(arguments):
    return "".join("a{sv}" if isinstance(each, dict) else "s" for each in arguments)


def answer_of(value):
    return json.loads(str(value)) if value is not None else None


def api_key(machine, rp):
    """A new one of that relying party."""
    descriptor, _ = machine.connect().call(parts.KEYS, "CreateApiKey", "sa{sv}", rp,
                                           parts.vardict({}))
    with os.fdopen(descriptor.take(), encoding="ascii") as pipe:
        return pipe.read()


def shared_key(machine, rp):
    """Gives the relying party a key that its application has, and returns it."""
    key = os.urandom(48).hex()
    machine.connect().call(parts.KEYS, "ImportKey", "sa{sv}", rp,
                           parts.vardict({"secret": parts.secret(key)}))
    return key
