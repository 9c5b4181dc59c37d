#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A passkeyd that serves org.passkeyd.Gateway1 alone, at a socket of its own, and verifies nothing.

Who asks with the API key KEY may; users and credentials are named after what is to happen. A line
of JSON at standard input becomes its list of relying parties.
"""

import json
import os
import sys
import uuid

import dbus
import dbus.mainloop.glib
import dbus.server
import dbus.service
from gi.repository import GLib

PATH = "/org/passkeyd"
GATEWAY = "org.passkeyd.Gateway1"
KEY = "key" * 20
PARTIES = [
    {"name": "portal", "id": "localhost", "displayName": "Portal", "http": "standard",
     "prefix": "/portal", "tenantId": "", "origins": ["https://www.example.org"], "timeout": 300},
    {"name": "other", "id": "localhost", "displayName": "Other", "http": "standard",
     "prefix": "/other/api", "tenantId": "", "origins": ["http://localhost:8080"], "timeout": 300},
    {"name": "track", "id": "localhost", "displayName": "Track", "http": "authsignal",
     "prefix": "/track", "tenantId": "tenant-7", "origins": [], "timeout": 300},
    {"name": "strange", "id": "localhost", "displayName": "Strange", "http": "no-such-dialect",
     "prefix": "/strange", "tenantId": "", "origins": [], "timeout": 300},
]
STATE = {"parties": PARTIES}


class Refusal(dbus.DBusException):
    def __init__(self, name, message):
        super().__init__(message + " [0123456789abcdef]")
        self._dbus_error_name = "org.passkeyd.Error." + name


def say(member, *arguments):
    """What was called, for the test to read."""
    print(json.dumps([member, *arguments], sort_keys=True), flush=True)


def authorize(options):
    if options.get("apiKey", options.get("bearer", "")) != KEY:
        raise Refusal("NotSignedIn", "no such key")


def begin(options):
    return str(uuid.uuid4()), json.dumps({"challenge": "AAAA", "given": options},
                                         default=str), dbus.UInt64(2000000000)


class Daemon(dbus.service.Object):
    def __init__(self, connection):
        super().__init__(connection, PATH)
        self.waiting = []

    @dbus.service.method(GATEWAY, in_signature="", out_signature="s")
    def RelyingParties(self):
        say("RelyingParties")
        if STATE["parties"] == "refuse":
            raise Refusal("AccessDenied", "you are not the gateway")
        return json.dumps(STATE["parties"])

    @dbus.service.method(GATEWAY, in_signature="", out_signature="s")
    def StoreState(self):
        say("StoreState")
        return json.dumps({"kind": "ldap", "answers": True, "lagMilliseconds": 1500,
                           "cacheAge": 7})

    @dbus.service.method(GATEWAY, in_signature="sa{sv}", out_signature="sst")
    def BeginRegistration(self, rp, options):
        say("BeginRegistration", rp, options)
        authorize(options)
        if options.get("userId") == "full":
            raise Refusal("LimitExceeded", "as many passkeys as an account may have")
        return begin(options)

    @dbus.service.method(GATEWAY, in_signature="sa{sv}", out_signature="sst",
                         async_callbacks=("reply", "error"))
    def BeginAuthentication(self, rp, options, reply, error):
        say("BeginAuthentication", rp, options)
        user = options.get("userName", "")
        if user == "silent":
            self.waiting.append(reply)
        elif user == "later":
            GLib.timeout_add(300, lambda: reply(*begin(options)) and False)
        elif user == "dies":
            os._exit(0)
        elif user == "wrong-type":
            reply("id", "no json", dbus.UInt64(0))
        elif user == "unknown":
            error(Refusal("UnknownUser", "no such user"))
        else:
            reply(*begin(options))

    @dbus.service.method(GATEWAY, in_signature="sssa{sv}", out_signature="s")
    def FinishRegistration(self, rp, ceremony, response, options):
        say("FinishRegistration", rp, ceremony, json.loads(response), options)
        return json.dumps({"credential": {"credentialId": json.loads(response)["id"],
                                          "name": "new"}})

    @dbus.service.method(GATEWAY, in_signature="sssa{sv}", out_signature="s")
    def FinishAuthentication(self, rp, ceremony, response, options):
        say("FinishAuthentication", rp, ceremony, json.loads(response), options)
        answer = json.loads(response).get("id")
        if answer == "wrong":
            raise Refusal("VerificationFailed", "signature-invalid")
        if answer == "again":
            raise Refusal("UnknownChallenge", "no such ceremony")
        return json.dumps({"credential": {"credentialId": answer, "name": "blue"},
                           "user": {"userId": "jo"}})

    @dbus.service.method(GATEWAY, in_signature="sa{sv}", out_signature="s")
    def List(self, rp, options):
        say("List", rp, options)
        authorize(options)
        items = [{"credentialId": "AAAA", "name": "blue"}]
        if options.get("credentialId") == "none":
            items = []
        return json.dumps({"items": items, "total": len(items)})

    @dbus.service.method(GATEWAY, in_signature="ssa{sv}", out_signature="s")
    def Rename(self, rp, credential, options):
        say("Rename", rp, credential, options)
        authorize(options)
        return json.dumps({"credentialId": credential, "name": options["name"]})

    @dbus.service.method(GATEWAY, in_signature="ssa{sv}", out_signature="")
    def Remove(self, rp, credential, options):
        say("Remove", rp, credential, options)
        authorize(options)
        if credential == "none":
            raise Refusal("UnknownCredential", "no such passkey")

    @dbus.service.method(GATEWAY, in_signature="sa{sv}", out_signature="s")
    def IssueToken(self, rp, options):
        say("IssueToken", rp, options)
        authorize(options)
        return json.dumps({"token": "a.b.c", "expires": 2000000000, "userId": options["userId"]})

    @dbus.service.method(GATEWAY, in_signature="s", out_signature="s")
    def Keys(self, rp):
        return json.dumps({"keys": [{"kty": "RSA", "kid": rp}]})


def on_command(channel, _condition):
    line = channel.readline()
    if not line:
        return False
    STATE["parties"] = json.loads(line)
    say("parties")
    return True


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    server = dbus.server.Server("unix:path=" + sys.argv[1])
    server.on_connection_added.append(Daemon)
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_command)
    say("ready")
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
