# SPDX-License-Identifier: BSD-2-Clause
"""Callers that have not signed in cannot use up resources that others need."""

import dbus

import machine as parts
from ssh_method import RHOST, begin, enrol, outcome, question

PENDING_LOGINS = 128
OF_ONE_ADDRESS = 96


def flood(machine, connections, rhost):
    """As many logins from there as there may be; their number."""
    opened = 0
    while opened < 256:
        if opened % 32 == 0:
            connections.append(machine.connect())
        try:
            connections[-1].authenticate(f"nobody{opened}", service="sshd", rhost=rhost)
            opened += 1
        except dbus.DBusException as failure:
            assert failure.get_dbus_name() == parts.ERROR + "LimitExceeded"
            break
    return opened


def test_pending_logins_are_limited(machine):
    """sshd's PAM is root, and so are sudo and login: one flood of logins must not stop these."""
    connections = []
    assert flood(machine, connections, RHOST) == OF_ONE_ADDRESS
    assert flood(machine, connections, "2001:db8::7") == PENDING_LOGINS - OF_ONE_ADDRESS
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


def guess(machine, user, **context):
    """The conversation as far as the question for a recovery code, or to its end without one."""
    conversation = begin(machine, user, **context)
    step = conversation.next()
    if step[2].get("event") == "ssh":
        step = conversation.next(text="")
    while step[0] not in ("done", "ask-secret"):
        step = conversation.next()
    return conversation, step


def test_too_many_guesses_do_not_reveal_accounts(machine):
    """They close nothing but the place that they came from, whichever names were tried."""
    machine.configure("[authenticator]\ninsert-timeout = 0\n")
    enrol(machine, "alice")
    codes = machine.recovery_codes("alice")
    for name in ("alice", "nobody1", "nobody2", "alice", "nobody3"):
        conversation, step = guess(machine, name)
        assert step[0] == "ask-secret", step
        assert conversation.next(secret=parts.secret("0" * 16))[2]["reason"] == \
            "recovery-code-invalid"
        conversation.cancel()
    for name, code in (("alice", codes[0]), ("nobody1", "0" * 16), ("nobody4", "0" * 16)):
        conversation, step = guess(machine, name)
        assert step[0] == "ask-secret", step
        assert conversation.next(secret=parts.secret(code))[2]["reason"] == "unavailable"
    # Nor is it closed to who comes from elsewhere.
    for context in ({"rhost": "", "service": "login"}, {"rhost": "198.51.100.9"}):
        conversation, step = guess(machine, "alice", **context)
        assert conversation.next(secret=parts.secret(codes.pop()))[2]["result"] == "ok"
