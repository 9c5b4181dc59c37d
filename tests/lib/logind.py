# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for systemd-logind, which itself runs only where systemd is process 1.

    logind.py [--files] SCENARIO [HOST [PROPERTY=VALUE...]]

owns org.freedesktop.login1 on the system bus and puts every process into one session, or into none
but that of its user, or into nobody's. HOST is the RemoteHost of the scenario's sessions, and each
PROPERTY of them is changed to VALUE. On standard output it writes "ready", and then each question
as it comes: its member and its arguments. With --files it writes files as logind's instead, and
refuses every question; in which session a process is its control group says, which a test has to
see to.
"""

import os
import sys

import dbus.bus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.login1"
MANAGER = "/org/freedesktop/login1"
SESSIONS = [MANAGER + "/session/_31", MANAGER + "/session/_32"]
USER = MANAGER + "/user/_2001"

# alice's sessions: a desktop and a console at the seat, a login over ssh and by a serial line, and
# what su makes in a job of cron's. No audit: whoever runs the tests has no loginuid.
DESKTOP = {"User": 2001, "Seat": "seat0", "VTNr": 7, "TTY": "tty7", "Remote": False,
           "RemoteHost": "", "Type": "x11", "Class": "user", "Active": True,
           "State": "active", "Audit": 0}
CONSOLE = {**DESKTOP, "Type": "tty", "VTNr": 2, "TTY": "tty2"}
SERIAL = {**DESKTOP, "Type": "tty", "Seat": "", "VTNr": 0, "TTY": "ttyS0"}
SSH = {**SERIAL, "TTY": "pts/0", "Remote": True}
JOB = {**SERIAL, "TTY": "", "Type": "unspecified", "Class": "background"}

NO_SESSION, NO_USER = NAME + ".NoSessionForPID", NAME + ".NoUserForPID"
DENIED, GONE = (f"org.freedesktop.DBus.Error.{name}" for name in ("AccessDenied", "UnknownObject"))


def path(text):
    return dbus.ObjectPath(text)


def of(session, **answers):
    """Every process is in that session."""
    return [session], answers


def outside(*sessions, **answers):
    """No process is in a session, but each is the user's who has these."""
    return list(sessions), {"GetSessionByPID": NO_SESSION, **answers}


# Name → sessions, and for a question what is answered in place of the proper answer: (signature,
# values), an error's name, or None for silence. Session and User are questions for all properties.
SCENARIOS = {
    "local": of(DESKTOP),
    "console": of(CONSOLE),
    "not-shown": of({**CONSOLE, "Active": False, "State": "online"}),
    "closing": of({**CONSOLE, "Active": False, "State": "closing"}),
    "serial": of(SERIAL),
    "job": of(JOB),
    "remote": of(SSH),
    "no-session": outside(GetUserByPID=NO_USER),
    "manager-of-local": outside(CONSOLE),
    "manager-of-desktop": outside(DESKTOP),
    "manager-of-hidden-desktop": outside({**DESKTOP, "Active": False, "State": "online"}),
    "manager-of-desktop-and-job": outside(DESKTOP, JOB),
    "manager-of-desktop-and-serial": outside(DESKTOP, SERIAL),
    "manager-of-desktop-and-remote": outside(DESKTOP, SSH),
    "manager-of-remote": outside(SSH),
    "manager-of-nobody": outside(),
    # Odd or no answers.
    "silent": of(DESKTOP, GetSessionByPID=None),
    "silent-about-session": of(DESKTOP, Session=None),
    "silent-about-user": outside(DESKTOP, GetUserByPID=None),
    "silent-about-sessions": outside(DESKTOP, User=None),
    "silent-about-sessions-of-user": outside(DESKTOP, Session=None),
    "session-is-no-object": of(DESKTOP, GetSessionByPID=("s", [SESSIONS[0]])),
    "two-sessions": of(DESKTOP, GetSessionByPID=("oo", [path(SESSIONS[0])] * 2)),
    "nothing-in-it": of(DESKTOP, GetSessionByPID=("", [])),
    "denied": of(DESKTOP, GetSessionByPID=DENIED),
    "session-gone": of(DESKTOP, Session=GONE),
    "session-denied": of(DESKTOP, Session=DENIED),
    "session-is-text": of(DESKTOP, Session=("s", ["seat0"])),
    "session-is-nothing": of(DESKTOP, Session=("", [])),
    "session-is-empty": of(DESKTOP, Session=("a{sv}", [dbus.Dictionary({}, signature="sv")])),
    "session-is-of-texts": of(DESKTOP, Session=("a{ss}", [{"Seat": "seat0"}])),
    "user-is-no-object": outside(DESKTOP, GetUserByPID=("s", [USER])),
    "user-denied": outside(DESKTOP, GetUserByPID=DENIED),
    "user-is-empty": outside(DESKTOP, User=("a{sv}", [dbus.Dictionary({}, signature="sv")])),
    "user-gone": outside(DESKTOP, User=GONE),
    "session-of-user-gone": outside(DESKTOP, Session=GONE),
    "session-of-another-user": outside({**DESKTOP, "User": 2002}),
    "seat-is-text": of({**DESKTOP, "Seat": dbus.String("seat0")}),
    "active-is-text": of({**DESKTOP, "Active": "yes"}),
    "state-is-a-number": of({**DESKTOP, "State": 1}),
    "remote-is-text": of({**DESKTOP, "Remote": "no"}),
    "host-is-a-number": of({**DESKTOP, "RemoteHost": 7}),
    "without-seat": of({**DESKTOP, "Seat": None}),
    "without-active": of({**DESKTOP, "Active": None}),
    "without-state": of({**DESKTOP, "State": None}),
    "without-remote": of({**DESKTOP, "Remote": None}),
    "without-type": of({**DESKTOP, "Type": None}),
    "without-audit": of({**DESKTOP, "Audit": None}),
    "without-user": of({**DESKTOP, "User": None}),
}


def variant(name, value):
    """As logind sends that property."""
    if name == "User" and isinstance(value, int):
        return dbus.Struct([dbus.UInt32(value), path(USER)], signature="uo", variant_level=1)
    if name == "Seat" and type(value) is str:  # pylint: disable=unidiomatic-typecheck
        return dbus.Struct([value, path(MANAGER + "/seat/seat0" if value else "/")],
                           signature="so", variant_level=1)
    if isinstance(value, bool):
        return dbus.Boolean(value, variant_level=1)
    if isinstance(value, int):
        return dbus.UInt32(value, variant_level=1)
    return dbus.String(value, variant_level=1)


def properties(values):
    return "a{sv}", [dbus.Dictionary({name: variant(name, value) for name, value in values.items()
                                      if value is not None}, signature="sv")]


def user_properties(sessions):
    listed = dbus.Array([dbus.Struct([str(number + 1), path(SESSIONS[number])], signature="so")
                         for number in range(len(sessions))], signature="(so)", variant_level=1)
    return "a{sv}", [dbus.Dictionary({"UID": dbus.UInt32(2001, variant_level=1),
                                      "Sessions": listed}, signature="sv")]


# What logind leaves out of a session's file when there is none.
OPTIONAL = ("SEAT", "TTY", "REMOTE_HOST", "VTNR", "AUDIT")


def session_name(session, number):
    """Of that session, the user's number'th: after its audit session, if it has one."""
    return str(session["Audit"] or f"c{number + 1}")


def session_file(session, number):
    lines = {"UID": session["User"], "USER": "somebody", "ACTIVE": int(session["Active"]),
             "IS_DISPLAY": 1, "STATE": session["State"], "REMOTE": int(session["Remote"]),
             "TYPE": session["Type"], "ORIGINAL_TYPE": session["Type"], "CLASS": session["Class"],
             "SCOPE": f"session-{session_name(session, number)}.scope", "SEAT": session["Seat"],
             "TTY": session["TTY"], "REMOTE_HOST": session["RemoteHost"], "SERVICE": "login",
             "VTNR": session["VTNr"], "LEADER": 1, "AUDIT": session["Audit"], "REALTIME": 1,
             "MONOTONIC": 1}
    return "".join(f"{key}={value}\n" for key, value in lines.items()
                   if value or key not in OPTIONAL)


def user_file(sessions):
    state = "active" if any(session["Active"] for session in sessions) else "online"
    lists = {"SESSIONS": sessions,
             "ACTIVE_SESSIONS": [session for session in sessions if session["Active"]],
             "ONLINE_SESSIONS": [each for each in sessions if each["State"] != "closing"]}
    text = f"NAME=somebody\nSTATE={state}\nSTOPPING=no\n"
    return text + "".join(
        f"{key}={' '.join(session_name(each, sessions.index(each)) for each in listed)}\n"
        for key, listed in lists.items() if sessions)


def write_file(path, text):
    """As logind does: others see all of it or nothing."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("# This is private data. Do not parse.\n" + text)
    os.replace(path + ".new", path)


def write_files(sessions):
    for folder in ("sessions", "users", "seats"):
        os.makedirs("/run/systemd/" + folder, exist_ok=True)
    for number, session in enumerate(sessions):
        write_file("/run/systemd/sessions/" + session_name(session, number),
                   session_file(session, number))
    write_file("/run/systemd/seats/seat0", "IS_SEAT0=1\n")
    write_file("/run/systemd/users/2001", user_file(sessions))


def resolved(scenario, host="", changes=()):
    """The sessions of that scenario, and its answers."""
    sessions, answers = SCENARIOS[scenario]
    return [changed(session, host if session["Remote"] or len(sessions) == 1 else "", changes)
            for session in sessions], answers


def changed(session, host, changes):
    session = dict(session)
    if host and session["RemoteHost"] == "" and session["Class"] == "user":
        session["RemoteHost"] = host
    for change in changes:
        name, value = change.split("=", 1)
        old = session[name]
        session[name] = value == "yes" if isinstance(old, bool) else type(old)(value)
    return session


def main():
    files = sys.argv[1] == "--files"
    scenario, *more = sys.argv[1 + files:]
    sessions, answers = resolved(scenario, more[0] if more else "", more[1:])
    answers = {"GetSessionByPID": ("o", [path(SESSIONS[0])]), "GetUserByPID": ("o", [path(USER)]),
               "User": user_properties(sessions), **answers}
    if files:
        write_files(sessions)
        answers = dict.fromkeys((*answers, "Session"), DENIED)
    bus = dbus.bus.BusConnection("unix:path=/run/dbus/system_bus_socket",
                                 mainloop=DBusGMainLoop())

    def answer_to(message, arguments):
        member = message.get_member()
        if member != "GetAll":
            return answers[member]
        if message.get_path() == USER:
            assert arguments[0] == NAME + ".User", arguments
            return answers["User"]
        assert arguments[0] == NAME + ".Session", arguments
        if "Session" in answers:
            return answers["Session"]
        return properties(sessions[SESSIONS.index(message.get_path())])

    def answer(connection, message):
        if message.get_type() != dbus.lowlevel.MESSAGE_TYPE_METHOD_CALL:
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        arguments = message.get_args_list()
        print(message.get_member(), *arguments, flush=True)
        reply = answer_to(message, arguments)
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
