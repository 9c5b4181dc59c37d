# SPDX-License-Identifier: BSD-2-Clause
"""People who have not signed in yet cannot use up what others need."""

import dbus

import machine as parts
from test_road_ssh import FAR, begin, outcome, question

STRANGERS = 128


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
