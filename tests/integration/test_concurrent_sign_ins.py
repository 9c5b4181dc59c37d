# SPDX-License-Identifier: BSD-2-Clause
"""Twenty sign-ins at once for five people: each gets its own answer, and waits for no other."""

import json
import time

import pexpect
import pytest

import machine as parts
import namespace

pytestmark = pytest.mark.real_programs

SUDO = ["sudo", "-u", "root", "sh", "-c", "echo $SUDO_USER runs as $(id -un)"]


def enrol_all(machine, keys):
    owned = {}
    for person in namespace.PEOPLE:
        owned[person] = keys.add(person)
        machine.enrol(person, "key of " + person)
        owned[person].unplug()
    for key in owned.values():
        key.plug()
    # A key of others that is there alone is asked for a touch: each has to find its own.
    connection = machine.connect()
    deadline = time.monotonic() + parts.PATIENCE

    def seen():
        return json.loads(str(connection.call(parts.MANAGER, "Status", ""))).get("devices")

    while seen() != len(owned):
        assert time.monotonic() < deadline, "not all keys are seen"
    return owned


ENTER = 'Press Enter to use the security key for THIS request.*Enter, or "no": '


def ends_well(child, person):
    # Several of one person want one key: each is confirmed by itself.
    while child.expect([ENTER, pexpect.EOF]) == 0:
        child.sendline("")
    child.close()
    assert child.exitstatus == 0, child.before
    assert child.before.split("\r\n")[-2] == f"{person} runs as root", child.before


def test_twenty_at_once(machine, keys):
    enrol_all(machine, keys)
    people = list(namespace.PEOPLE) * 4
    children = [(machine.terminal(person, SUDO), person) for person in people]
    for child, person in children:
        ends_well(child, person)
    assert sorted(machine.results()) == sorted(("sudo", each, "success") for each in people)


def test_waiting_sign_in_delays_no_other(machine, keys):
    owned = enrol_all(machine, keys)
    owned["alice"].set(touch="wait")
    waiting = machine.terminal("alice", SUDO)
    owned["alice"].wait_touch_wanted()
    others = [person for person in namespace.PEOPLE if person != "alice"] * 4
    children = [(machine.terminal(person, SUDO), person) for person in others]
    for child, person in children:
        ends_well(child, person)
    # All others are done, and alice was never asked twice nor answered for.
    assert owned["alice"].info()["touch_wanted"]
    owned["alice"].touch()
    ends_well(waiting, "alice")


def test_two_questions_for_one_key(machine, keys):
    """Neither has the key before it is confirmed; then each is touched for itself."""
    owned = enrol_all(machine, keys)
    key = owned["alice"].set(touch="wait")
    children = [machine.terminal("alice", SUDO) for _ in range(2)]
    for child in children:
        child.expect(ENTER)
    mark = None
    for child in children:
        assert not key.info()["touch_wanted"]
        child.sendline("")
        mark = key.wait_touch_wanted(mark)
        assert key.touch()
        ends_well(child, "alice")
