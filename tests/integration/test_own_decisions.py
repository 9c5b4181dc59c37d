# SPDX-License-Identifier: BSD-2-Clause
"""The last decisions about an account, across the daemon's end.

Were this broken, whoever broke in could restart passkeyd, or wait for an update, and the person's
own page would no longer say what was done in their name.
"""

import signal
import sqlite3

import pytest

import machine as parts
import own
import webauthn_client
from own import SIGN_IN, name_of

DATABASE = parts.STATE + "/passkeyd.db"


@pytest.fixture(name="calls")
def calls_fixture(machine):
    machine.configure(own.CONFIGURATION)
    return own.Own(machine.connect(own.USER))


@pytest.fixture(name="blue")
def blue_fixture(machine, calls):
    return own.enrol(machine, "alice", name="blue")


def described(machine, passkey):
    """What the page shows, without the sign-in that it takes to see it."""
    calls = own.Own(machine.connect(own.USER))
    shown = calls.describe(calls.sign_in(passkey))
    return shown["decisions"][1:], shown["passkeys"]


def stored():
    """The rows, of a database that the daemon has closed."""
    database = sqlite3.connect(f"file:{DATABASE}?mode=ro&immutable=1", uri=True)
    rows = database.execute("SELECT approved, times, context FROM decision ORDER BY id").fetchall()
    database.close()
    return rows


def test_they_survive_a_restart(machine, calls, blue):
    for _ in range(3):
        calls.refused("VerificationFailed", SIGN_IN, webauthn_client.Passkey(), what="alice")
    session = calls.sign_in(blue)
    before = calls.describe(session)
    assert [(each["accepted"], each["times"]) for each in before["decisions"]] == [
        (True, 1), (False, 3), (True, 1)]
    machine.kill_daemon(signal.SIGTERM)
    decisions, (passkey,) = described(machine, blue)
    assert decisions == before["decisions"]
    assert decisions[0]["passkey"] == "blue"
    assert passkey["lastContext"] == before["passkeys"][0]["lastContext"]
    machine.kill_daemon(signal.SIGTERM)
    again, _ = described(machine, blue)
    assert again[1:] == decisions


def test_twenty_are_kept(machine, calls, blue):
    for _ in range(25):
        calls.sign_in(blue)
    machine.kill_daemon(signal.SIGTERM)
    assert [approved for approved, _, _ in stored()] == [1] * 20
    decisions, _ = described(machine, blue)
    assert len(decisions) == 19 and not any(each["enrollment"] for each in decisions)


def test_names_that_nobody_has_are_not_kept(machine, calls, blue):
    """Nor those of accounts that have no passkey."""
    for name in ["nobody1", "bob", "alice"]:
        calls.refused("VerificationFailed", SIGN_IN, webauthn_client.Passkey(), what=name)
    machine.kill_daemon(signal.SIGTERM)
    assert [approved for approved, _, _ in stored()] == [1, 0]


def test_nothing_is_kept_where_nobody_looks(machine, calls, blue):
    machine.kill_daemon(signal.SIGTERM)
    machine.configure(own.CONFIGURATION.replace("self-service = yes", ""))
    own.enrol(machine, "bob")
    machine.kill_daemon(signal.SIGTERM)
    assert len(stored()) == 1


def test_they_go_with_the_last_passkey(machine, calls, blue):
    calls.sign_in(blue)
    machine.kill_daemon(signal.SIGTERM)
    assert len(stored()) == 2
    machine.connect().call(parts.CREDENTIALS, "Remove", "ss", "alice", name_of(blue))
    machine.kill_daemon(signal.SIGTERM)
    assert not stored()
    decisions, _ = described(machine, own.enrol(machine, "alice", name="green"))
    assert [each["enrollment"] for each in decisions] == [True]


def test_a_write_that_fails_is_no_failure_of_the_sign_in(machine, calls, blue):
    """Without its table: every other write works, as with a database that another one changed."""
    calls.sign_in(blue)
    machine.kill_daemon(signal.SIGTERM)
    database = sqlite3.connect(DATABASE)
    database.execute("CREATE TRIGGER full BEFORE INSERT ON decision "
                     "BEGIN SELECT RAISE(ABORT, 'no room'); END")
    database.commit()
    database.close()
    decisions, _ = described(machine, blue)
    assert len(decisions) == 2
    machine.syslog.wait("decisions could not be kept for the people's own pages: storage: "
                            "no room")
