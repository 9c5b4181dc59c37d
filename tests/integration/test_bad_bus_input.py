# SPDX-License-Identifier: BSD-2-Clause
"""Bad input over the bus: a documented error, bounded memory, and no effect on other callers."""

import os
import socket
import struct

import dbus
import dbus.bus
import pytest

import machine as parts
import namespace

HUGE = "x" * 10_000_000
EMPTY = parts.vardict({})
NOWHERE = parts.PATH + "/conversation/00000000000000000000000000000000"


@pytest.fixture
def alice(machine, keys):
    """A caller with an enrolled key that waits to be touched."""
    key = keys.add("blue")
    machine.enrol("alice", "blue")
    key.set(touch="wait")
    connection = machine.connect("alice")
    connection.key = key
    return connection


def memory(pid):
    """Resident kilobytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def bounded(kilobytes):
    """The sanitizers keep what was freed for a while: 256 MB of it."""
    return kilobytes + (512 * 1024 if namespace.module_has_sanitizers() else 0)


def daemon_still_serves(machine, connection):
    """The daemon serves another caller, and is the same process."""
    other = parts.Connection(connection.user)
    conversation = other.authenticate(connection.user)
    assert conversation.next()[0] in ("info", "ask", "error")
    conversation.cancel()
    other.close()


MEMBERS = [
    (parts.MANAGER, "Authenticate", "sa{sv}"),
    (parts.MANAGER, "Enroll", "sa{sv}"),
    (parts.RELYING_PARTY, "BeginRegistration", "sa{sv}"),
    (parts.RELYING_PARTY, "BeginAuthentication", "sa{sv}"),
    (parts.RELYING_PARTY, "FinishRegistration", "ss"),
    (parts.RELYING_PARTY, "FinishAuthentication", "ss"),
    (parts.RELYING_PARTY, "Cancel", "s"),
    (parts.CREDENTIALS, "List", "sa{sv}"),
    (parts.CREDENTIALS, "Rename", "sss"),
    (parts.CREDENTIALS, "Remove", "ss"),
    (parts.CREDENTIALS, "CreateRecoveryCodes", "s"),
    (parts.CREDENTIALS, "CreateTicket", "sa{sv}"),
    (parts.CREDENTIALS, "CreateTicketLink", "sa{sv}"),
    (parts.CREDENTIALS, "AwaitTicketLink", "s"),
    (parts.CREDENTIALS, "RevokeTickets", "sa{sv}"),
    (parts.KEYS, "CreateApiKey", "sa{sv}"),
    (parts.KEYS, "ListApiKeys", "s"),
    (parts.KEYS, "RevokeApiKey", "ss"),
    (parts.KEYS, "ListKeys", "s"),
    (parts.KEYS, "RotateKey", "sa{sv}"),
    (parts.KEYS, "ImportKey", "sa{sv}"),
]


@pytest.mark.parametrize("interface,member,signature", MEMBERS, ids=lambda value: value)
def test_wrong_types(machine, alice, interface, member, signature):
    pid = machine.daemon_pid()
    for wrong, values in (("", ()), ("i", (7,)), ("ssss", ("alice",) * 4), ("ay", (b"alice",)),
                          ("a{ss}", ({"alice": "alice"},)), ("v", (parts.variant("alice"),)),
                          ("(s)", (("alice",),))):
        if wrong != signature:
            alice.fails("InvalidArguments", interface, member, wrong, *values)
    daemon_still_serves(machine, alice)
    assert machine.daemon_pid() == pid


@pytest.mark.parametrize("interface,member,signature", MEMBERS, ids=lambda value: value)
def test_enormous_strings(machine, alice, interface, member, signature):
    pid = machine.daemon_pid()
    before = memory(pid)
    values = [HUGE if kind == "s" else EMPTY for kind in signature.replace("a{sv}", "d")]
    root = machine.connect()
    for _ in range(3):
        # Too large for what it names; where it names a thing, there may be no such thing instead.
        with pytest.raises(dbus.DBusException) as caught:
            root.call(interface, member, signature, *values)
        assert caught.value.get_dbus_name().startswith(parts.ERROR), caught.value
        assert len(caught.value.get_dbus_message()) < 5000
    daemon_still_serves(machine, alice)
    assert machine.daemon_pid() == pid
    assert memory(pid) - before < bounded(64 * 1024)


@pytest.mark.parametrize("context", [
    {"unknown": "x"},
    {"x" * 63 + "\u00fc": "x"},  # the error repeats it, cut short, but not inside a character
    {"service": 7},
    {"timeout": "soon"},
    {"identify": "yes"},
    {"uv": "perhaps"},
    {"transports": "carrier-pigeon"},
    {"service": HUGE},
    {"command": "\x1b[2J\u202e"},
    {"service": dbus.Array([], signature="s", variant_level=1)},
], ids=lambda context: str(context)[:40])
def test_context(machine, alice, context):
    if context == {"command": "\x1b[2J\u202e"}:
        conversation = alice.authenticate("alice", **context)
        texts = [text for _, text, _ in (conversation.next(),)]
        assert not any("\x1b" in text or "\u202e" in text for text in texts), texts
        conversation.cancel()
    else:
        alice.fails("InvalidArguments", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                    parts.vardict(context))
    daemon_still_serves(machine, alice)


def test_a_long_timeout_is_cut(machine, alice):
    conversation = alice.authenticate("alice", timeout=0xffffffff)
    alice.key.wait_touch_wanted()
    alice.key.touch()
    assert conversation.run()["result"] == "ok"


def raw_connection(user):
    """The bus protocol by hand, for messages no library would send."""
    with parts.effective(user):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(parts.SOCKET)
        uid = str(os.geteuid())
        sock.sendall(b"\0AUTH EXTERNAL " + uid.encode().hex().encode() + b"\r\nBEGIN\r\n")
        sock.settimeout(parts.PATIENCE)
        answer = b""
        while b"\r\n" not in answer:
            answer += sock.recv(4096)
        assert answer.startswith(b"OK"), answer
    return sock


def field(code, kind, value):
    data = struct.pack("<BB", code, len(kind)) + kind + b"\0"
    data += struct.pack("<I", len(value)) + value + b"\0" if kind != b"g" \
        else struct.pack("<B", len(value)) + value + b"\0"
    return data


def aligned(parts_, size=8):
    out = b""
    for part in parts_:
        out += b"\0" * (-len(out) % size) + part
    return out


def test_invalid_utf8(machine, alice):
    """The bus itself drops who sends it; the daemon and everybody else go on."""
    pid = machine.daemon_pid()
    name = b"al\xff\xfece"
    body = struct.pack("<I", len(name)) + name + b"\0"
    body += b"\0" * (-len(body) % 4) + struct.pack("<I", 0) + b"\0" * 4
    fields = aligned([field(1, b"o", parts.PATH.encode()), field(6, b"s", parts.NAME.encode()),
                      field(2, b"s", parts.MANAGER.encode()), field(3, b"s", b"Authenticate"),
                      field(8, b"g", b"sa{sv}")])
    header = struct.pack("<4BIII", ord("l"), 1, 0, 1, len(body), 2, len(fields)) + fields
    header += b"\0" * (-len(header) % 8)
    sock = raw_connection("alice")
    sock.sendall(header + body)
    while sock.recv(4096):
        pass
    sock.close()
    daemon_still_serves(machine, alice)
    assert machine.daemon_pid() == pid


IN_CONVERSATION = (("Next", "a{sv}", (EMPTY,)), ("Skip", "", ()), ("Cancel", "", ()))


def test_unknown_conversation(machine, alice):
    for member, signature, values in IN_CONVERSATION:
        for path in (NOWHERE, parts.PATH + "/conversation/1"):
            alice.fails("UnknownConversation", parts.CONVERSATION, member, signature, *values,
                        path=path)
        alice.fails("org.freedesktop.DBus.Error.UnknownInterface", parts.CONVERSATION, member,
                    signature, *values)
    daemon_still_serves(machine, alice)


def test_someone_elses_conversation(machine, alice):
    conversation = alice.authenticate("alice")
    alice.key.wait_touch_wanted()
    for user in ("bob", "alice", "root"):  # another connection of the same user is another caller
        other = machine.connect(user)
        for member, signature, values in IN_CONVERSATION:
            other.fails("AccessDenied", parts.CONVERSATION, member, signature, *values,
                        path=conversation.path)
    alice.key.touch()
    assert conversation.run()["result"] == "ok"


def test_calls_after_done(machine, alice):
    alice.key.set(touch="immediate")
    conversation = alice.authenticate("alice")
    assert conversation.run()["result"] == "ok"
    for _ in range(2):
        with pytest.raises(dbus.DBusException) as caught:
            conversation.next()
        assert caught.value.get_dbus_name() in (parts.ERROR + "Finished",
                                                parts.ERROR + "UnknownConversation")


def touch_asked(alice, conversation):
    """Until nothing is left for the conversation to say but how it ended."""
    while conversation.next()[2].get("event") != "touch":
        pass
    alice.key.wait_touch_wanted()


def send(alice, conversation, **answer):
    """Next, without waiting for what it returns."""
    message = dbus.lowlevel.MethodCallMessage(parts.NAME, conversation.path, parts.CONVERSATION,
                                              "Next")
    message.append(parts.vardict(answer), signature="a{sv}")
    alice.bus.send_message(message)
    alice.bus.flush()


def test_next_while_next_waits(machine, alice):
    conversation = alice.authenticate("alice")
    touch_asked(alice, conversation)
    send(alice, conversation)
    alice.fails("Busy", parts.CONVERSATION, "Next", "a{sv}", EMPTY, path=conversation.path)
    alice.key.touch()
    daemon_still_serves(machine, alice)


def test_unasked_answers(machine, alice):
    """An unknown or mistyped member is an error; an answer may have crossed the question's end."""
    conversation = alice.authenticate("alice")
    for answer in ({"other": "x"}, {"text": 7}, {"secret": "1234"}):
        alice.fails("InvalidArguments", parts.CONVERSATION, "Next", "a{sv}",
                    parts.vardict(answer), path=conversation.path)
    touch_asked(alice, conversation)
    send(alice, conversation, text="yes")
    alice.fails("Busy", parts.CONVERSATION, "Next", "a{sv}", EMPTY, path=conversation.path)
    conversation.cancel()
    daemon_still_serves(machine, alice)


def test_descriptors_that_never_end(machine, keys):
    """A pipe that stays open and silent must not hold the daemon up."""
    key = keys.add("blue")
    parts.set_pin(keys, key, "123456")
    machine.configure("[rp default]\nuser-verification = required\n")
    machine.enrol("alice", "blue", pin="123456")
    alice = machine.connect("alice")
    alice.key = key
    conversation = alice.authenticate("alice")
    kind = ""
    while kind != "ask-secret":
        kind, _, _ = conversation.next()
    reader, writer = os.pipe()
    send(alice, conversation, secret=dbus.types.UnixFd(reader, variant_level=1))
    other = machine.connect("bob")
    other.call(parts.MANAGER, "Status")
    os.close(writer)
    os.close(reader)


def test_ten_thousand_conversations(machine, alice):
    pid = machine.daemon_pid()
    before = memory(pid)
    opened, errors = 0, set()
    for _ in range(10_000):
        try:
            alice.authenticate("alice")
            opened += 1
        except dbus.DBusException as error:
            errors.add(error.get_dbus_name())
    assert 0 < opened <= 16
    assert errors == {parts.ERROR + "LimitExceeded"}
    assert memory(pid) - before < bounded(32 * 1024)
    # Somebody else is not held to alice's limit.
    bob = machine.connect("bob")
    with pytest.raises(dbus.DBusException) as caught:
        bob.authenticate("bob").run()["result"]
        raise dbus.DBusException(name=parts.ERROR + "NoCredentials")
    assert caught.value.get_dbus_name() == parts.ERROR + "NoCredentials"
    # A caller that vanishes takes its conversations with it.
    alice.close()
    again = machine.connect("alice")
    alice.key.set(touch="immediate")
    for _ in range(parts.PATIENCE):
        try:
            conversation = again.authenticate("alice")
            break
        except dbus.DBusException:
            again.call(parts.MANAGER, "Status")
    assert conversation.run()["result"] == "ok"
    assert machine.daemon_pid() == pid


def test_who_may_ask_for_whom(machine, alice):
    for member in ("Authenticate", "Enroll"):
        alice.fails("AccessDenied", parts.MANAGER, member, "sa{sv}", "bob", EMPTY)
        alice.fails("AccessDenied", parts.MANAGER, member, "sa{sv}", "nobody-of-that-name", EMPTY)
    alice.fails("AccessDenied", parts.CREDENTIALS, "List", "sa{sv}", "bob", EMPTY)
    alice.fails("AccessDenied", parts.CREDENTIALS, "CreateTicket", "sa{sv}", "alice", EMPTY)
    message = alice.fails("AccessDenied", parts.CREDENTIALS, "List", "sa{sv}", "root", EMPTY)
    correlation = message[message.rindex("[") + 1:message.rindex("]")]
    machine.syslog.wait(correlation, facility=parts.AUTHPRIV)


def test_unknown_members(machine, alice):
    unknown = "org.freedesktop.DBus.Error.Unknown"
    alice.fails(unknown + "Method", parts.MANAGER, "Nothing")
    alice.fails(unknown + "Method", parts.MANAGER, "Next", "a{sv}", EMPTY)
    with pytest.raises(dbus.DBusException) as caught:
        alice.call(parts.MANAGER, "Status", path="/org/other")
    assert caught.value.get_dbus_name().startswith(unknown)
