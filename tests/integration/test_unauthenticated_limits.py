# SPDX-License-Identifier: BSD-2-Clause
"""People who have not signed in yet cannot use up what others need."""

import hmac
import itertools
import sqlite3

import dbus

import machine as parts
from ssh_method import FAR, begin, enrol, outcome, question

STRANGERS = 128
SLOTS = 512


def test_connections_that_nobody_signs_in_on_leave_room(machine):
    """sshd's PAM is root, and so are sudo and login: one flood of logins must not stop these."""
    connections = []
    opened, error = 0, None
    while not error and opened < 256:
        if opened % 32 == 0:
            connections.append(machine.connect())
        try:
            connections[-1].authenticate(f"nobody{opened}", service="sshd", rhost=FAR)
            opened += 1
        except dbus.DBusException as failure:
            error = failure.get_dbus_name()
    assert (opened, error) == (STRANGERS, parts.ERROR + "LimitExceeded")
    # Who has signed in already, at this computer or elsewhere, is none of them.
    elsewhere = machine.connect().authenticate("alice", service="sudo", ruser="alice", rhost=FAR)
    assert outcome(elsewhere.next())[0] == "no-credentials"
    here = machine.connect().authenticate("alice", service="login")
    assert outcome(here.next())[0] == "no-credentials"
    for connection in connections:
        connection.close()
    assert question(begin(machine, "alice"))


def test_one_users_sudos_leave_room(machine):
    """They are root's conversations, and count as the user's own."""
    enrol(machine, "alice")
    root = machine.connect()
    for _ in range(16):
        root.authenticate("alice", service="sudo", ruser="alice", rhost=FAR)
    root.fails("LimitExceeded", parts.MANAGER, "Authenticate", "sa{sv}", "root",
               parts.vardict({"service": "su", "ruser": "alice"}))
    assert question(root.authenticate("alice", service="sshd", rhost=FAR))
    # What the user asks for without root is another share.
    assert question(machine.connect("alice").authenticate("alice", rhost=FAR))
    elsewhere = root.authenticate("bob", service="sudo", ruser="bob", rhost=FAR)
    assert outcome(elsewhere.next())[0] == "no-credentials"


def decoy_key():
    with sqlite3.connect(f"file:{parts.database()}?mode=ro", uri=True) as store:
        key, = store.execute("SELECT value FROM fact WHERE key = 'decoy-key'").fetchone()
    return key


def slot(key, name):
    """Where the wrong recovery codes of that name are counted (daemon/methods/road_recovery.c)."""
    block = hmac.digest(key, bytes([3, 0, 0]) + b"default\0" + name.encode(), "sha256")
    return int.from_bytes(block[:4], "little") % SLOTS


def guess(machine, user, **context):
    """The conversation as far as the question for a recovery code, or to its end without one."""
    conversation = begin(machine, user, **context)
    step = conversation.next()
    if step[2].get("event") == "ssh":
        step = conversation.next(text="")
    while step[0] not in ("done", "ask-secret"):
        step = conversation.next()
    return conversation, step


def lock(machine, name):
    for tries in (3, 2):
        conversation, step = guess(machine, name)
        for _ in range(tries):
            assert step[0] == "ask-secret", step
            step = conversation.next(secret=parts.secret("0" * 16))
            while step[0] not in ("done", "ask-secret"):
                step = conversation.next()
        if step[0] != "done":
            conversation.cancel()


def test_guesses_for_nobody_do_not_tell_who_is_somebody(machine):
    """Names without an account share slots: what shuts one of them must shut accounts, too."""
    machine.configure("[authenticator]\ninsert-timeout = 0\n")
    enrol(machine, "alice")
    machine.recovery_codes("alice")
    key = decoy_key()
    same = (name for name in (f"nobody{i}" for i in itertools.count())
            if slot(key, name) == slot(key, "alice"))
    lock(machine, next(same))
    shut = guess(machine, next(same))[1]
    assert shut[0] == "done"
    assert guess(machine, "alice")[1][:2] == shut[:2]
    # Not where nobody has to be kept from learning anything.
    assert guess(machine, "alice", rhost="", service="login")[1][0] == "ask-secret"
    assert guess(machine, "alice", ruser="alice", service="sudo")[1][0] == "ask-secret"
