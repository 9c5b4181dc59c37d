#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A passkeyd that misbehaves on request: the user of Authenticate or Enroll names the scenario."""

import fcntl
import json
import os
import pwd
import sys
import time

import dbus
import dbus.mainloop.glib
import dbus.server
import dbus.service
from gi.repository import GLib

NAME = "org.passkeyd"
PATH = "/org/passkeyd"
MANAGER = "org.passkeyd.Manager1"
CONVERSATION = "org.passkeyd.Conversation1"
CREDENTIALS = "org.passkeyd.Credentials1"
PIN = b"correct horse"
UID = 5000  # of everybody whom it authenticates
SEALED = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK


def details(**members):
    return dbus.Dictionary(members, signature="sv")


def done(result, text="", **members):
    """A success names the account's uid as well; uid=None: it does not."""
    if result == "ok" and members.setdefault("uid", dbus.UInt32(UID)) is None:
        del members["uid"]
    return ("done", text, details(result=result, correlation="c0ffee", **members))


def read_secret(answer):
    if "secret" not in answer:
        return None
    with os.fdopen(answer["secret"].take(), "rb") as pipe:
        return pipe.read()


class Refusal(dbus.DBusException):
    def __init__(self, name, message):
        super().__init__(message)
        self._dbus_error_name = "org.passkeyd.Error." + name


class Raw(Exception):
    """Reply with exactly these arguments and this signature."""

    def __init__(self, signature, *arguments):
        super().__init__(signature)
        self.signature, self.arguments = signature, arguments


class Spoof(Exception):
    pass


def scenario_pin(user, context):
    answer = yield ("ask-secret", "PIN for the key:", details(event="pin", tries=dbus.UInt32(8)))
    secret = read_secret(answer)
    if secret is None:
        yield done("cancelled", "No PIN given")
    elif secret == PIN:
        yield ("info", "Touch it", details(event="touch"))
        yield done("ok", "", user=user)
    else:
        yield done("pin-invalid", "Wrong PIN")


def scenario_ask(user, context):
    answer = yield ("ask", "Which one?\nType a number:", details(event="choose"))
    yield done("ok" if answer.get("text") == "2" else "denied", "", user=user)


# What the daemon asks, by the event that goes with it.
QUESTIONS = {
    "pin": ("ask-secret", 'PIN of your security key "Blue": '),
    "pin-last-tries": ("ask", 'Only 1 PIN try is left on "Blue". Type "yes" to go on: '),
    "recovery-code": ("ask-secret", "Recovery code (empty to give up): "),
    "contention": ("ask", 'Press Enter to use it for THIS request, or type "no": '),
    "confirm": ("ask", 'Press Enter to use it for THIS request, or type "no": '),
    "account": ("ask", "This security key holds several accounts:\n  1  alice\n  2  bob\nNumber: "),
    "ssh": ("ask", "Use it\nfor " + "w" * 450 + " " + "x" * 470 + "\n\nEnter goes on.\npasskey1:" +
            "y" * 600 + "\n"),
    "one-line": ("ask", "Really? "),
    "long-last-line": ("ask", "One\n" + "z" * 65),
}


def scenario_question(event):
    """Asks that, and takes any answer."""
    def scenario(user, context):
        kind, text = QUESTIONS[event]
        answer = yield (kind, text, details(event=event))
        read_secret(answer)
        yield done("ok", "", user=user)

    return scenario


def scenario_listed(user, context):
    """Whoever asks gets the steps of FAKE_STEPS, [kind, text, event] each, and is let in."""
    for kind, text, event in json.loads(os.environ["FAKE_STEPS"]):
        answer = yield (kind, text, details(event=event))
        read_secret(answer or {})
    yield done("ok", user=user, uid=dbus.UInt32(pwd.getpwnam(user).pw_uid))


PROCESS = ("audit-session", "executable", "login-uid", "real-uid", "terminal", "unattended")
PEER = ("peer-audit-session", "peer-login-uid", "peer-pid", "peer-terminal", "peer-uid")


def in_memory(descriptor):
    """What a sealed memfd holds, NUL as |."""
    with os.fdopen(descriptor.take(), "rb") as file:
        if fcntl.fcntl(file, fcntl.F_GET_SEALS) & SEALED != SEALED:
            return "not sealed"
        file.seek(0)
        return file.read().replace(b"\0", b"|").decode("ascii", "backslashreplace")


def scenario_context(user, context):
    """Says what it was told, as sorted key=value lines, but for what the kernel says."""
    told = dict(context)
    for key in ("typed", "resolved"):
        if key in told:
            told[key] = in_memory(told[key])
    lines = ["%s=%s" % (key, told[key]) for key in sorted(told) if key not in PROCESS + PEER]
    yield ("info", "\n".join(lines), details(event="touch"))
    yield done("ok", "", user=user)


def scenario_process(user, context):
    """Says who started the program, and that the others were told."""
    told = sum(name in context for name in PROCESS)
    yield ("info", "real-uid=%d of %d" % (context["real-uid"], told), details(event=""))
    yield done("ok", user=user)


def scenario_names(user, context):
    """Says what it was told of, each name between blanks."""
    yield ("info", " %s " % " ".join(sorted(context)), details(event="touch"))
    yield done("ok", "", user=user)


def scenario_chatter(user, context):
    for number in range(5000):
        yield ("info", str(number), details())


def scenario_dies(user, context):
    yield ("info", "Touch it", details(event="touch"))
    os._exit(0)


def scenario_freezes(user, context):
    """Hangs, for longer than anybody waits, before it lets the person in."""
    yield ("info", "Touch it", details(event="touch"))
    time.sleep(20)
    yield done("ok", user=user)


def constant(*steps):
    """None is a step that never comes."""
    def scenario(user, context):
        for step in steps:
            if isinstance(step, Exception):
                raise step
            yield step

    return scenario


TOUCH = ("info", "Touch it", details(event="touch"))
OK = done("ok", "", user="nobody-else")

SCENARIOS = {
    "pin": scenario_pin,
    "ask": scenario_ask,
    "context": scenario_context,
    "process": scenario_process,
    "names": scenario_names,
    "chatter": scenario_chatter,
    "dies": scenario_dies,
    "freezes": scenario_freezes,
    "touch": lambda user, context: iter([TOUCH, done("ok", "Welcome", user=user)]),
    "hostile-text": constant(("info", "a\x1b[2Jb\nc\u202ed", details()), done("denied", "\x07no")),
    "quiet": constant(("info", "chat", details(event="note")), TOUCH,
                      ("error", "wrong key", details(reason="no-match")), done("no-match")),
    "other-user": constant(OK),
    "no-user": constant(done("ok")),
    "no-uid": constant(done("ok", user="no-uid", uid=None)),
    "program's": constant(done("ok", user="program's", uid=dbus.UInt32(0xffffffff))),
    "other-uid": constant(done("ok", user="other-uid", uid=dbus.UInt32(5001))),
    "uid-not-number": constant(done("ok", user="uid-not-number", uid="5000")),
    "Alice": constant(done("ok", user="alice")),
    "EXAMPLE\\alice": constant(done("ok", user="alice")),
    "alice@EXAMPLE.ORG": constant(done("ok", user="alice")),
    "bob@EXAMPLE.ORG": constant(done("ok", user="alice")),
    "alice-by-spelling": constant(done("ok", user="ALICE")),
    "gone": constant(done("ok", user="gone")),
    "user-not-string": constant(done("ok", "", user=dbus.UInt32(0))),
    "enrolled": constant(done("ok", "", user="enrolled", credential='{"name":"blue"}')),
    "no-credentials": constant(done("no-credentials", "No passkey here")),
    "unknown-user": constant(done("unknown-user")),
    "pin-required": constant(done("pin-required", "It needs its PIN")),
    "pin-blocked": constant(done("pin-blocked")),
    "touch-timeout": constant(done("touch-timeout")),
    "done-unavailable": constant(done("unavailable")),
    "done-storage": constant(done("storage", "Store broke")),
    "result-unknown": constant(done("okay", "", user="result-unknown")),
    "result-missing": constant(("done", "", details(user="result-missing"))),
    "result-number": constant(("done", "", details(result=dbus.Boolean(True),
                                                   user="result-number"))),
    "result-in-text": constant(("done", "ok", details(user="result-in-text"))),
    "ok-as-kind": constant(("ok", "", details(result="ok", user="ok-as-kind"))),
    "junk-kind": constant(("sing", "la", details())),
    "empty-kind": constant(("", "", details())),
    "long-question": lambda user, context: iter([("ask", "q" * 69632, details(event="ssh")),
                                                 done("ok", "", user=user)]),
    "long-text": lambda user, context: iter([
        ("info", "w" * 450 + " " + "x" * 470 + " and the tail end", details(event="touch")),
        done("ok", "", user=user)]),
    "huge-text": constant(("info", "x" * 110000, details()), OK),
    "signature-short": constant(Raw("ss", "done", "")),
    "signature-number": constant(Raw("usa{sv}", dbus.UInt32(4), "", details(result="ok"))),
    "signature-extra": constant(Raw("ssa{sv}s", "done", "", details(result="ok", user="x"), "x")),
    "signature-empty": constant(Raw("")),
    "next-error": constant(Refusal("LimitExceeded", "Too many [42]")),
    "next-error-strange": constant(Refusal("Surprise", "boo")),
    "silent": constant(TOUCH, None),
    "silent-20-left": constant(("info", "Touch it", dbus.Dictionary(
        {"event": "touch", "time-left": dbus.UInt32(20)}, signature="sv")), None),
    "time-left-text": constant(("info", "Touch it", dbus.Dictionary(
        {"time-left": "20"}, signature="sv")), OK),
    "spoofed": constant(Spoof()),
}


SCENARIOS.update(("asks-" + event, scenario_question(event)) for event in QUESTIONS)


def spoof(message):
    """Somebody else answers in the daemon's place: the right serial, the wrong sender."""
    stranger = dbus.bus.BusConnection(os.environ["DBUS_STARTER_ADDRESS"])
    returned = dbus.lowlevel.MethodReturnMessage(message)
    returned.append(*done("ok", "", user="spoofed"), signature="ssa{sv}")
    stranger.send_message(returned)
    stranger.flush()


class Conversation(dbus.service.Object):
    def __init__(self, bus, path, steps):
        super().__init__(bus, path)
        self.steps = steps
        self.started = False

    @dbus.service.method(CONVERSATION, in_signature="a{sv}", out_signature="ssa{sv}",
                         async_callbacks=("reply", "error"), byte_arrays=True,
                         message_keyword="message", connection_keyword="connection")
    def Next(self, answer, reply, error, message, connection):
        try:
            step = self.steps.send(answer) if self.started and hasattr(self.steps, "send") \
                else next(self.steps)
            self.started = True
        except Raw as raw:
            returned = dbus.lowlevel.MethodReturnMessage(message)
            if raw.signature:
                returned.append(*raw.arguments, signature=raw.signature)
            connection.send_message(returned)
            return
        except Spoof:
            spoof(message)
            return
        except Refusal as refusal:
            error(refusal)
            return
        if step is not None:
            reply(*step)

    @dbus.service.method(CONVERSATION, in_signature="", out_signature="")
    def Cancel(self):
        print("cancelled", file=sys.stderr, flush=True)


def in_a_pipe(secret):
    reader, writer = os.pipe()
    os.write(writer, secret)
    os.close(writer)
    descriptor = dbus.types.UnixFd(reader)
    os.close(reader)
    return descriptor


class Daemon(dbus.service.Object):
    def __init__(self, bus):
        super().__init__(bus, PATH)
        self.bus = bus
        self.count = 0

    def open(self, user, context):
        if user == "refused":
            raise Refusal("AccessDenied", "Not for you\x1b [17]")
        if user == "elsewhere":
            return dbus.ObjectPath("/org/elsewhere/1")
        if user == "":
            steps = iter([TOUCH, done("ok", "", user="touch")])
        else:
            listed = "FAKE_STEPS" in os.environ
            steps = (scenario_listed if listed else SCENARIOS[user])(user, context)
        self.count += 1
        path = "%s/conversation/%d" % (PATH, self.count)
        Conversation(self.bus, path, steps)
        return dbus.ObjectPath(path)

    @dbus.service.method(MANAGER, in_signature="sa{sv}", out_signature="o",
                         async_callbacks=("reply", "error"))
    def Authenticate(self, user, context, reply, error):
        try:
            if user != "never-opens":
                reply(self.open(str(user), context))
        except Refusal as refusal:
            error(refusal)

    @dbus.service.method(MANAGER, in_signature="sa{sv}", out_signature="o")
    def Enroll(self, user, options):
        if "ticket" in options:
            user = read_secret({"secret": options["ticket"]}).decode()
        return self.open(str(user), options)

    @dbus.service.method(MANAGER, in_signature="", out_signature="s")
    def Status(self):
        return os.environ.get("FAKE_STATUS", '{"version":"0.1.0"}')

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return "0.1.0"

    @dbus.service.method(CREDENTIALS, in_signature="sa{sv}", out_signature="s")
    def List(self, user, options):
        if user == "huge":
            return '["' + "x" * 5000000 + '"]'
        return os.environ.get("FAKE_LIST", "[]")

    @dbus.service.method(CREDENTIALS, in_signature="sss", out_signature="")
    def Rename(self, user, credential, name):
        if name == "taken":
            raise Refusal("NameTaken", "That name is taken [9]")
        print("rename %s %s %s" % (user, credential, name), file=sys.stderr, flush=True)

    @dbus.service.method(CREDENTIALS, in_signature="ss", out_signature="")
    def Remove(self, user, credential):
        print("remove %s %s" % (user, credential), file=sys.stderr, flush=True)

    @dbus.service.method(CREDENTIALS, in_signature="s", out_signature="h")
    def CreateRecoveryCodes(self, user):
        return in_a_pipe(b"".join(b"code-%d\n" % number for number in range(10)))

    @dbus.service.method(CREDENTIALS, in_signature="sa{sv}", out_signature="ht")
    def CreateTicket(self, user, options):
        return in_a_pipe(b"ticket-for-" + user.encode()), 1234567890


def serve_peers(path):
    """At a socket of its own instead of a bus."""
    server = dbus.server.Server("unix:path=" + path)
    server.on_connection_added.append(Daemon)
    os.write(sys.stdout.fileno(), b"!")
    GLib.MainLoop().run()


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    if len(sys.argv) > 1:
        serve_peers(sys.argv[1])
    bus = dbus.bus.BusConnection(os.environ["DBUS_STARTER_ADDRESS"])
    Daemon(bus)
    loop = GLib.MainLoop()
    bus.call_on_disconnection(lambda connection: loop.quit())
    bus.request_name(NAME)
    loop.run()


if __name__ == "__main__":
    main()
