# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for systemd-logind, which itself runs only where systemd is process 1.

    logind.py SCENARIO [HOST]

owns org.freedesktop.login1 on the system bus and puts every process into one session, or into none
but that of its user. On standard output it writes "ready", and then each question as it
comes: its member and its arguments.
"""

import sys

import dbus.bus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.login1"
SESSION = "/org/freedesktop/login1/session/_31"
USER = "/org/freedesktop/login1/user/_2001"

# Question → answer: (signature, values), an error's name, or None for silence.
PROPER = {"GetSessionByPID": ("o", [dbus.ObjectPath(SESSION)]), "Remote": ("v", [dbus.Boolean(1)]),
          "GetUserByPID": ("o", [dbus.ObjectPath(USER)]),
          "Display": ("v", [dbus.Struct(["1", dbus.ObjectPath(SESSION)], signature="so")])}
# Of the service manager of a user, who has a session.
OUTSIDE = {"GetSessionByPID": NAME + ".NoSessionForPID"}
SCENARIOS = {
    "local": {"Remote": ("v", [dbus.Boolean(0)])},
    "remote": {},
    "no-session": {**OUTSIDE, "GetUserByPID": NAME + ".NoUserForPID"},
    "manager-of-local": {**OUTSIDE, "Remote": ("v", [dbus.Boolean(0)]),
                         "RemoteHost": ("v", [""])},
    "manager-of-remote": OUTSIDE,
    "manager-of-nobody": {**OUTSIDE, "Display": ("v", [dbus.Struct(["", dbus.ObjectPath("/")],
                                                                   signature="so")])},
    "silent-about-user": {**OUTSIDE, "GetUserByPID": None},
    "silent-about-display": {**OUTSIDE, "Display": None},
    "user-is-no-object": {**OUTSIDE, "GetUserByPID": ("s", [USER])},
    "user-denied": {**OUTSIDE, "GetUserByPID": "org.freedesktop.DBus.Error.AccessDenied"},
    "display-is-text": {**OUTSIDE, "Display": ("v", ["1"])},
    "display-is-short": {**OUTSIDE, "Display": ("v", [dbus.Struct(["1"], signature="s")])},
    "display-is-no-object": {**OUTSIDE, "Display": ("v", [dbus.Struct(["1", SESSION],
                                                                      signature="ss")])},
    "display-backwards": {**OUTSIDE, "Display": ("v", [dbus.Struct([dbus.ObjectPath(SESSION), "1"],
                                                                   signature="os")])},
    "silent": {"GetSessionByPID": None},
    "silent-about-remote": {"Remote": None},
    "silent-about-host": {"RemoteHost": None},
    "session-is-no-object": {"GetSessionByPID": ("s", [SESSION])},
    "two-sessions": {"GetSessionByPID": ("oo", [dbus.ObjectPath(SESSION)] * 2)},
    "remote-is-text": {"Remote": ("v", ["no"])},
    "remote-without-variant": {"Remote": ("b", [dbus.Boolean(0)])},
    "host-is-a-number": {"RemoteHost": ("v", [dbus.UInt32(7)])},
    "nothing-in-it": {"GetSessionByPID": ("", [])},
    "denied": {"GetSessionByPID": "org.freedesktop.DBus.Error.AccessDenied"},
    "session-gone": {"Remote": "org.freedesktop.DBus.Error.UnknownObject"},
}


def main():
    scenario = sys.argv[1]
    host = sys.argv[2] if len(sys.argv) > 2 else ""
    answers = {**PROPER, "RemoteHost": ("v", [dbus.String(host)]), **SCENARIOS[scenario]}
    bus = dbus.bus.BusConnection("unix:path=/run/dbus/system_bus_socket",
                                 mainloop=DBusGMainLoop())

    def answer(connection, message):
        if message.get_type() != dbus.lowlevel.MESSAGE_TYPE_METHOD_CALL:
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        arguments = message.get_args_list()
        member = message.get_member()
        print(member, *arguments, flush=True)
        if member == "Get":
            interface = {SESSION: ".Session", USER: ".User"}[message.get_path()]
            assert arguments[0] == NAME + interface, arguments
            member = arguments[1]
        reply = answers[member]
        if isinstance(reply, str):
            connection.send_message(dbus.lowlevel.ErrorMessage(message, reply, "as told"))
        elif reply:
            sent = dbus.lowlevel.MethodReturnMessage(message)
            sent.append(*reply[1], signature=reply[0])
            connection.send_message(sent)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    bus.add_message_filter(answer)
    bus.request_name(NAME)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
