# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at any moment of an enrolment: what was reported as done is stored, nothing in part."""

import contextlib
import json
import os
import signal
import sqlite3
import threading
import time

import dbus

import machine as parts
import namespace

ROUNDS = 40


class Killer(threading.Thread):
    """Kills the daemon shortly after the key has answered: while it verifies, stores, replies."""

    def __init__(self, key, mark, pid, delay):
        super().__init__()
        self.key, self.mark, self.pid, self.delay = key, mark, pid, delay

    def run(self):
        self.key.wait("touched", self.mark)
        end = time.monotonic() + self.delay
        while time.monotonic() < end:
            pass
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def test_kill_loop(machine, keys):
    people = list(namespace.PEOPLE)
    reported, survived = set(), 0
    measured = None
    for number in range(ROUNDS):
        person = people[number % len(people)]
        key = keys.add(f"key-{number}")
        pid = machine.start_daemon()
        root = parts.Connection("root")
        mark = keys.mark()
        conversation = root.enroll(person, name=f"key {number}")
        # From at once to somewhat later than a whole enrolment takes, in even steps.
        delay = 0.0 if measured is None else measured * 1.5 * (number / ROUNDS)
        killer = Killer(key, mark, pid, delay)
        if number:
            killer.start()
        begin = time.monotonic()
        try:
            details = conversation.run()
        except dbus.DBusException:
            details = {"result": "unavailable"}
        else:
            assert details["result"] in ("ok", "unavailable"), details
        if measured is None:
            measured = min(time.monotonic() - begin, 0.1)
        if details["result"] == "ok":
            reported.add(json.loads(details["credential"])["credentialId"])
            survived += 1
        if number:
            killer.join()
            parts.wait_exit(pid)
        root.close()
        key.unplug()
    machine.start_daemon()
    root = machine.connect()
    listed = listing(root)
    assert reported <= set(listed), reported - set(listed)
    # Both outcomes have occurred; without that the loop shows nothing.
    assert 0 < survived < ROUNDS, survived
    # Nothing is stored in part: whatever is listed opens its account.
    for credential in listed.values():
        key = keys.key(credential["name"].replace(" ", "-")).plug()
        signed = root.authenticate(credential["user"]).run()
        assert signed["result"] == "ok", (credential, signed)
        key.unplug()
    machine.kill_daemon(signal.SIGTERM)
    with sqlite3.connect(parts.database()) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def listing(root):
    """Everybody's credentials by id."""
    text = str(root.call(parts.CREDENTIALS, "List", "sa{sv}", "", parts.vardict({})))
    return {row["credentialId"]: row for row in json.loads(text)}
