# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for systemd-logind, which itself runs only where systemd is process 1.

    logind.py SCENARIO [HOST]

owns org.freedesktop.login1 on the system bus and puts every process into one session. On standard
output it writes "ready", and then each question as it comes: its member and its arguments.
"""

import sys

import dbus.bus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.login1"
SESSION = "/org/freedesktop/login1/session/_31"

# Question → answer: (signature, values), an error's name, or None for silence.
PROPER = {"GetSessionByPID": ("o", [dbus.ObjectPath(SESSION)]), "Remote": ("v", [dbus.Boolean(1)])}
SCENARIOS = {
    "local": {"Remote": ("v", [dbus.Boolean(0)])},
    "remote": {},
    "no-session": {"GetSessionByPID": NAME + ".NoSessionForPID"},
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
            assert message.get_path() == SESSION and arguments[0] == NAME + ".Session"
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
