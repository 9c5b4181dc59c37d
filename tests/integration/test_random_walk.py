# SPDX-License-Identifier: BSD-2-Clause
"""A random walk over calls, conversations, keys, agents, descriptors and SIGHUP.

If this failed, some order of events that nobody thought of would end the daemon, keep it from
serving, or let somebody in without a passkey. RANDOM_WALK_STEPS and RANDOM_WALK_SEED choose a
longer or another one: 40,000 steps on a build with sanitizers take some minutes.
"""

import collections
import contextlib
import json
import os
import random
import signal
import socket

import dbus
import dbus.connection

import machine as parts
import namespace
import software_agent

STEPS = int(os.environ.get("RANDOM_WALK_STEPS", "1500"))
SEED = int(os.environ.get("RANDOM_WALK_SEED", "1"))
USERS = ("root", "alice", "bob", "carol")
PIN = "123456"
SOCKET = "/run/passkeyd/socket"
MOMENT = 0.003  # seconds that a call may block the walk; it goes on in the daemon all the same
PATIENCE = 0.2  # seconds for a call that opens a conversation
CONFIGS = (
    "",
    "[authenticator]\ninsert-timeout = 1\ntouch-timeout = 1\n",
    "[service sudo]\nmethods = recovery,local\nuser-verification = required\n",
    "[rp portal]\nid = portal.example\nsystem-accounts = no\norigins = https://portal.example\n",
    "this is no configuration\n",
)


class SocketConnection(parts.Connection):
    """By the daemon's own socket, without a bus in between."""

    def __init__(self, user):
        with parts.effective(user):
            self.bus = dbus.connection.Connection("unix:path=" + SOCKET)
        self.user = user


class Walk:
    """What is open now, and one function for each kind of step."""

    def __init__(self, machine, keys, draw):
        self.machine, self.keys, self.draw = machine, keys, draw
        self.connections, self.conversations, self.kept = [], [], []
        self.plugged = {}
        self.seen = collections.Counter()
        for owner, pin in (("alice", None), ("bob", PIN)):
            key = keys.add(owner + "s", product=owner)
            if pin:
                key.set_pin(pin)
            key.set(touch="immediate")
            machine.enrol(owner, owner, pin=pin)
            key.unplug()
            self.plugged[owner] = (key, False)
        machine.recovery_codes("alice")

    def close(self):
        for connection in self.connections:
            connection.close()
        for each in self.kept:
            each.close()

    # What goes into a call

    def word(self):
        return self.draw.choice(("", "alice", "bob", "sudo", "login", "sshd", "su", "polkit-1",
                                 "/dev/tty1", "192.0.2.7", ":0", "portal", "\x1b[2J",
                                 "\u202e" * 9, "x" * 300))

    def descriptor(self):
        """Something that can be handed over where a secret or a socket is expected."""
        kind = self.draw.randrange(8)
        if kind == 0:
            words = (PIN, "", "0000-0000-0000-0000", "x" * 2000, "\0\n")
            return parts.secret(self.draw.choice(words))
        if kind == 1:  # a pipe whose other end stays open and says nothing
            reader, writer = os.pipe()
            self.kept.append(os.fdopen(writer, "wb"))
        elif kind == 2:  # one whose other end is gone
            reader, writer = os.pipe()
            os.write(writer, os.urandom(self.draw.randrange(1, 4000)))
            os.close(writer)
        elif kind == 3:
            path = self.draw.choice(("/dev/zero", "/dev/null", "/", "/etc/passwd"))
            reader = os.open(path, os.O_RDONLY)
        elif kind == 4:
            ours, theirs = socket.socketpair()
            reader = theirs.detach()
            self.kept.append(ours)
        elif kind == 5:
            ours, theirs = socket.socketpair()
            ours.sendall(os.urandom(self.draw.randrange(1, 2000)))
            ours.close()
            reader = theirs.detach()
        elif kind == 6:  # an agent that holds a key of nobody's
            ours, theirs = socket.socketpair()
            ours.sendall(software_agent.frame(software_agent.identities(
                [(software_agent.Key().blob, b"one")] * self.draw.randrange(3))))
            reader = theirs.detach()
            self.kept.append(ours)
        else:
            path = namespace.SCRATCH + "/fifo"
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            os.set_blocking(reader, True)
        while len(self.kept) > 50:
            self.kept.pop(self.draw.randrange(len(self.kept))).close()
        try:
            return dbus.types.UnixFd(reader, variant_level=1)
        finally:
            os.close(reader)

    def context(self):
        members = {
            "service": self.word, "tty": self.word, "rhost": self.word, "ruser": self.word,
            "command": self.word, "target": self.word,
            "rp": lambda: self.draw.choice(("", "default", "portal")),
            "methods": lambda: ",".join(self.draw.sample(("local", "agent", "ssh", "recovery"),
                                                         self.draw.randrange(1, 4))),
            "uv": lambda: self.draw.choice(("required", "preferred", "discouraged", "perhaps")),
            "timeout": lambda: self.draw.randrange(1, 4),
            "identify": lambda: True,
            "agent": self.descriptor,
            "real-uid": lambda: self.draw.choice((0, 2001, 2002, 0xffffffff)),
            "login-uid": lambda: self.draw.choice((0, 2001, 0xffffffff)),
            "audit-session": lambda: self.draw.randrange(5),
            "terminal": lambda: self.draw.choice((0, 0x401, 34818)),
            "peer-pid": lambda: self.draw.choice((1, os.getpid(), 0xffffffff)),
            "peer-uid": lambda: self.draw.choice((0, 2001)),
            "executable": self.word, "dialog": self.word,
            "act": lambda: self.draw.choice(("approve", "authenticate", "enroll")),
            "typed": self.descriptor, "resolved": self.descriptor,
            "unattended": lambda: True,
        }
        chosen = self.draw.sample(sorted(members), self.draw.randrange(5))
        return {name: members[name]() for name in chosen}

    # The steps

    def connect(self):
        if len(self.connections) > 12:
            connection = self.connections.pop(self.draw.randrange(len(self.connections)))
            self.conversations = [each for each in self.conversations
                                  if each.connection is not connection]
            connection.close()
        kind = self.draw.choice((parts.Connection, SocketConnection))
        self.connections.append(kind(self.draw.choice(USERS)))
        # One that calls nothing for seconds is closed, and this walk may come back to it late.
        with contextlib.suppress(dbus.DBusException):
            self.connections[-1].call(parts.RELYING_PARTY, "Cancel", "s", "none", timeout=MOMENT)

    def connection(self):
        if not self.connections:
            self.connect()
        return self.draw.choice(self.connections)

    def call(self, interface, member, signature, *arguments, path=parts.PATH):
        """Any error will do, but not that the daemon has gone."""
        try:
            return self.connection().call(interface, member, signature, *arguments, path=path,
                                          timeout=MOMENT)
        except dbus.DBusException as error:
            assert "Disconnected" not in error.get_dbus_name(), error
            return None

    def open(self, connection, member, user, members):
        """polkit may keep an enrolment waiting; it then opens a conversation that nobody reads."""
        path = connection.call(parts.MANAGER, member, "sa{sv}", user, parts.vardict(members),
                               timeout=PATIENCE)
        self.conversations.append(parts.Conversation(connection, path))

    def authenticate(self):
        connection = self.connection()
        user = connection.user
        if self.draw.randrange(3) == 0:
            user = self.draw.choice(("", "alice", "bob", "carol", "nobody-of-that-name", "root"))
        with contextlib.suppress(dbus.DBusException):
            self.open(connection, "Authenticate", user, self.context())

    def enroll(self):
        connection = self.connection()
        options = {"name": self.draw.choice(("x", "blue", "y" * 70)), "timeout": 2,
                   "methods": self.draw.choice(("local", "ssh", "local,ssh"))}
        if self.draw.randrange(3) == 0:
            options["ticket"] = self.descriptor()
        with contextlib.suppress(dbus.DBusException):
            self.open(connection, "Enroll", self.draw.choice(("", "carol")), options)

    def next(self):
        if not self.conversations:
            return
        conversation = self.draw.choice(self.conversations)
        answer = {}
        if self.draw.randrange(2):
            answer = self.draw.choice(({"text": self.word()}, {"text": "yes"}, {"text": ""},
                                       {"secret": self.descriptor()},
                                       {"text": "x", "secret": self.descriptor()}))
        try:
            kind, _, details = conversation.next(timeout=MOMENT, **answer)
        except dbus.DBusException as error:
            if error.get_dbus_name().endswith((".UnknownConversation", ".Finished")):
                self.conversations.remove(conversation)
            return
        self.seen[kind] += 1
        if kind == "done":
            self.seen[str(details["result"])] += 1
            self.conversations.remove(conversation)
            if details["result"] == "ok":
                self.check_approved(str(details["user"]))

    def check_approved(self, user):
        root = parts.Connection("root")
        passkeys = root.call(parts.CREDENTIALS, "List", "sa{sv}", user, parts.vardict({}))
        root.close()
        assert json.loads(passkeys), f"{user} was let in and has no passkey"

    def cancel(self):
        if self.conversations:
            conversation = self.conversations.pop(self.draw.randrange(len(self.conversations)))
            with contextlib.suppress(dbus.DBusException):
                conversation.cancel()

    def credentials(self):
        name = self.draw.choice(("", "alice", "carol", self.word()))
        empty = parts.vardict({})
        self.draw.choice((
            lambda: self.call(parts.CREDENTIALS, "List", "sa{sv}", name, empty),
            lambda: self.call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", name, empty),
            lambda: self.call(parts.CREDENTIALS, "Remove", "ss", "carol", self.word()),
            lambda: self.call(parts.CREDENTIALS, "CreateRecoveryCodes", "s", "carol"),
            lambda: self.call(parts.MANAGER, "Status", ""),
        ))()

    def begin(self, member, name, options):
        """Most challenges are given back, so that later steps find room for theirs."""
        connection = self.connection()
        with contextlib.suppress(dbus.DBusException):
            answer = connection.call(parts.RELYING_PARTY, member, "sa{sv}", name, options,
                                     timeout=PATIENCE)
            if self.draw.randrange(8):
                connection.call(parts.RELYING_PARTY, "Cancel", "s", answer[0])

    def relying_party(self):
        name = self.draw.choice(("", "alice", "carol", self.word()))
        interface = parts.RELYING_PARTY
        options = parts.vardict({"rp": self.draw.choice(("default", "portal"))})
        self.draw.choice((
            lambda: self.begin("BeginRegistration", name, options),
            lambda: self.begin("BeginAuthentication", name, options),
            lambda: self.call(interface, "FinishAuthentication", "ss", self.word(), '{"id":"AA"}'),
            lambda: self.call(interface, "FinishRegistration", "ss", self.word(), "{" * 50),
        ))()

    def key(self):
        owner = self.draw.choice(sorted(self.plugged))
        key, plugged = self.plugged[owner]
        if self.draw.randrange(3) == 0:
            (key.unplug if plugged else key.plug)()
            self.plugged[owner] = (key, not plugged)
        elif plugged:
            key.set(touch=self.draw.choice(("wait", "immediate")))
            key.touch()

    def reload(self):
        self.machine.configure(self.draw.choice(CONFIGS))
        os.kill(self.machine.daemon_pid(), signal.SIGHUP)

    def step(self):
        """The weights keep about a dozen conversations open."""
        steps = (self.authenticate, self.enroll, self.next, self.cancel, self.connect,
                 self.credentials, self.relying_party, self.key, self.reload)
        self.draw.choices(steps, weights=(10, 3, 40, 3, 4, 5, 5, 8, 1))[0]()


def test_random_walk(machine, keys):
    draw = random.Random(SEED)
    print(f"seed {SEED}, {STEPS} steps")
    walk = Walk(machine, keys, draw)
    pid = machine.daemon_pid()
    for number in range(STEPS):
        walk.step()
        if number % 100 == 0:
            assert machine.daemon_pid() == pid, f"the daemon ended before step {number}"
    walk.close()
    print(dict(walk.seen))
    machine.configure()
    os.kill(pid, signal.SIGHUP)
    for key, plugged in walk.plugged.values():
        if plugged:
            key.unplug()
    # Somebody whose slots the walk has not used up.
    keys.add("daves").set(touch="immediate")
    machine.enrol("dave", "dave")
    assert machine.connect("dave").authenticate("dave").run()["result"] == "ok"
    machine.kill_daemon(signal.SIGTERM)  # with sanitizers, what leaks is reported at the end
    reports = [line for line in machine.syslog.text().splitlines() if "Sanitizer" in line]
    assert not reports, reports
