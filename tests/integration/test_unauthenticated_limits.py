# SPDX-License-Identifier: BSD-2-Clause
"""Callers that have not signed in cannot use up resources that others need."""

import hmac
import itertools
import sqlite3

import dbus

import machine as parts
from ssh_method import RHOST, begin, enrol, outcome, question

PENDING_LOGINS = 128
SLOTS = 512


def test_pending_logins_are_limited(machine):
    """sshd's PAM is root, and so are sudo and login: one flood of logins must not stop these."""
    connections = []
    opened, error = 0, None
    while not error and opened < 256:
        if opened % 32 == 0:
            connections.append(machine.connect())
        try:
            connections[-1].authenticate(f"nobody{opened}", service="sshd", rhost=RHOST)
            opened += 1
        except dbus.DBusException as failure:
            error = failure.get_dbus_name()
    assert (opened, error) == (PENDING_LOGINS, parts.ERROR + "LimitExceeded")
    # Requests of users who are signed in already, here or elsewhere, are counted apart.
    elsewhere = machine.connect().authenticate("alice", service="sudo", ruser="alice", rhost=RHOST)
    assert outcome(elsewhere.next())[0] == "no-credentials"
    here = machine.connect().authenticate("alice", service="login")
    assert outcome(here.next())[0] == "no-credentials"
    for connection in connections:
        connection.close()
    assert question(begin(machine, "alice"))


def test_pending_sudos_are_limited_per_user(machine):
    """They are root's conversations, and count as the user's own."""
    enrol(machine, "alice")
    root = machine.connect()
    for _ in range(16):
        root.authenticate("alice", service="sudo", ruser="alice", rhost=RHOST)
    root.fails("LimitExceeded", parts.MANAGER, "Authenticate", "sa{sv}", "root",
               parts.vardict({"service": "su", "ruser": "alice"}))
    assert question(root.authenticate("alice", service="sshd", rhost=RHOST))
    # What the user asks for without root is counted apart.
    assert question(machine.connect("alice").authenticate("alice", rhost=RHOST))
    elsewhere = root.authenticate("bob", service="sudo", ruser="bob", rhost=RHOST)
    assert outcome(elsewhere.next())[0] == "no-credentials"


def decoy_key():
    with sqlite3.connect(f"file:{parts.database()}?mode=ro", uri=True) as store:
        key, = store.execute("SELECT value FROM fact WHERE key = 'decoy-key'").fetchone()
    return key


def slot(key, name):
    """Where the wrong recovery codes of that name are counted (daemon/methods)."""
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


def test_locked_codes_do_not_reveal_accounts(machine):
    """Names without an account share slots: what locks one of them must lock accounts, too."""
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
    # Not in local sessions, where there is nothing to conceal.
    assert guess(machine, "alice", rhost="", service="login")[1][0] == "ask-secret"
    assert guess(machine, "alice", ruser="alice", service="sudo")[1][0] == "ask-secret"
