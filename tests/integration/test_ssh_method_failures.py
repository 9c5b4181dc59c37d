# SPDX-License-Identifier: BSD-2-Clause
"""The ssh method when the daemon, the disk, the configuration or the client fail."""

import os
import signal
import sqlite3

import dbus
import dbus.lowlevel
import pytest

import forward
import machine as parts
from full_disk import Ballast
from ssh_method import (RHOST, asked, begin, enrol, fields_of, outcome, question, request_of, say,
                        signs_in)


def test_the_daemon_dies_before_the_answer(machine):
    key = enrol(machine, "alice")
    for user in ("alice", "nobody-here"):
        conversation = begin(machine, user)
        lines = forward.encode_answer(fields_of(asked(conversation), key))
        machine.kill_daemon()
        with pytest.raises(dbus.DBusException) as error:
            conversation.next(text=lines[0])
        assert error.value.get_dbus_name() == parts.ERROR + "UnknownConversation"
    signs_in(machine, "alice", key)


def test_the_daemon_ends_while_an_answer_is_held_back(machine):
    """The waiting caller gets an error at once, not a timeout."""
    enrol(machine, "alice")
    conversation = begin(machine, "alice")
    asked(conversation)
    machine.kill_daemon(signal.SIGTERM)
    with pytest.raises(dbus.DBusException) as error:
        conversation.next(text="no")
    assert error.value.get_dbus_name() == parts.ERROR + "UnknownConversation"


def test_limit_of_pending_sign_ins(machine):
    """Each with a challenge of its own, whoever is asked for, and each answer good for its own."""
    keys = {user: enrol(machine, user) for user in ("alice", "bob")}
    users = (["alice", "bob", "nobody-here"] * 43)[:128]
    connections = [machine.connect() for _ in range(2)]
    context = {"service": "sshd", "rhost": RHOST, "timeout": 300}
    places = [RHOST] * 96 + ["192.0.2.99"] * 32
    conversations = [connections[number // 64].authenticate(user, **{**context, "rhost": place})
                     for number, (user, place) in enumerate(zip(users, places))]
    machine.connect().fails("LimitExceeded", parts.MANAGER, "Authenticate", "sa{sv}", "alice",
                            parts.vardict(context))
    requests = [asked(each) for each in conversations]
    assert len({each["nonce"] for each in requests}) == len(users)
    for user, request, conversation in reversed(list(zip(users, requests, conversations))):
        key = keys.get(user, keys["alice"])
        key.counter += 1
        result = outcome(say(conversation, forward.encode_answer(fields_of(request, key))))[0]
        assert result == ("ok" if user in keys else "answer-refused")
    assert asked(machine.connect().authenticate("alice", **context))


def test_reload_between_question_and_answer(machine):
    """An answer is judged by the configuration of the time of its question."""
    key = enrol(machine, "alice")
    conversation = begin(machine, "alice")
    lines = forward.encode_answer(fields_of(asked(conversation), key))
    second = begin(machine, "alice")
    declined_later = begin(machine, "alice")
    for each in (second, declined_later):
        request_of(question(each))
    mark = machine.syslog.mark()
    machine.configure("[rp default]\nssh-hosts = other.example.org\n"
                      "[service sshd]\nmethods = local\n")
    pid = machine.daemon_pid()
    os.kill(pid, signal.SIGHUP)
    machine.syslog.wait("configuration read again", mark)
    assert outcome(say(conversation, lines))[0] == "ok"
    assert declined_later.next()[2]["event"] == "recovery-code"
    third = begin(machine, "alice")
    assert outcome(third.next())[0] == "unavailable"
    assert machine.daemon_pid() == pid


def test_relying_party_removed_by_a_reload(machine):
    machine.configure("[rp shop]\nid = shop.example.org\nsystem-accounts = yes\n"
                      "[service sshd]\nrp = shop\nmethods = ssh, recovery\n")
    conversation = begin(machine, "alice")
    assert asked(conversation)["rp_id"] == "shop.example.org"
    mark = machine.syslog.mark()
    machine.configure()
    os.kill(machine.daemon_pid(), signal.SIGHUP)
    machine.syslog.wait("configuration read again", mark)
    assert outcome(conversation.next(text="no"))[0] == "answer-refused"


def test_a_full_disk(small_disk):  # noqa: F811
    """A sign-in whose use cannot be stored fails; others are not affected."""
    machine = small_disk
    key = enrol(machine, "alice")
    with Ballast():
        for _ in range(50):
            conversation = begin(machine, "alice")
            request = asked(conversation)
            result = outcome(say(conversation, forward.encode_answer(fields_of(request, key))))[0]
            if result != "ok":
                break
        assert result == "storage"
        for user in ("alice", "nobody-here"):
            conversation = begin(machine, user)
            wrong = forward.encode_answer(fields_of(asked(conversation), forward.Credential()))
            assert outcome(say(conversation, wrong))[0] == "answer-refused"
    signs_in(machine, "alice", key)


def test_store_refuses_the_decoy_key(small_disk):  # noqa: F811
    """Decoys are shown all the same, and the log says that they will change."""
    machine = small_disk
    machine.start_daemon()
    machine.kill_daemon(signal.SIGTERM)
    with sqlite3.connect(parts.STATE + "/passkeyd.db") as store:
        store.execute("CREATE TRIGGER no BEFORE INSERT ON fact BEGIN SELECT RAISE(FAIL, 'no'); END")
        store.execute("DELETE FROM fact WHERE key = 'decoy-key'")
    store.close()
    mark = machine.syslog.mark()
    machine.start_daemon()
    machine.syslog.wait("decoys are others until the store says their key: storage", mark)
    assert asked(begin(machine, "nobody-here"))["credentials"]


def test_many_passkeys(machine):
    """As many as fit a line are offered."""
    machine.configure("[limits]\ncredentials-per-account = 64\n")
    keys = [enrol(machine, "alice", credential_id=bytes([number]) * 1023) for number in range(60)]
    request = asked(begin(machine, "alice"))
    offered = request["credentials"]
    assert 40 < len(offered) < 60 and offered == [each.id for each in keys[:len(offered)]]
    signs_in(machine, "alice", keys[len(offered) - 1])


def test_enormous_answers(machine):
    key = enrol(machine, "alice")
    conversation = begin(machine, "alice")
    request = asked(conversation)
    for size in (1025, 4097, 10_000_000):
        conversation.connection.fails("InvalidArguments", parts.CONVERSATION, "Next", "a{sv}",
                                      parts.vardict({"text": "A" * size}), path=conversation.path)
    result = say(conversation, forward.encode_answer(fields_of(request, key)))
    assert outcome(result)[0] == "ok"


def test_the_caller_goes_while_its_answer_is_held_back(machine):
    """The conversation is removed, and no reply is sent."""
    enrol(machine, "alice")
    pid = machine.daemon_pid()
    for _ in range(20):
        conversation = begin(machine, "alice")
        asked(conversation)
        message = dbus.lowlevel.MethodCallMessage(parts.NAME, conversation.path,
                                                  parts.CONVERSATION, "Next")
        message.append(parts.vardict({"text": "no"}), signature="a{sv}")
        conversation.connection.bus.send_message(message)
        conversation.connection.bus.flush()
        conversation.connection.close()
    assert asked(begin(machine, "alice"))
    assert machine.daemon_pid() == pid
