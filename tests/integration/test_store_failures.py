# SPDX-License-Identifier: BSD-2-Clause
"""A store that is full, damaged or not ours; accounts that are gone; and its limits."""

import json
import os
import re
import subprocess

import pytest

import machine as parts
import namespace
import webauthn_client as browser
from apps import Sudo, refuses
from full_disk import Ballast

DATABASE = parts.STATE + "/passkeyd.db"


def listed(machine, user=""):
    text = machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", user, parts.vardict({}))
    return [(each["user"], each["name"]) for each in json.loads(str(text))]


# A full disk


def test_full_disk(small_disk, keys):
    machine = small_disk
    blue = keys.add("blue")
    machine.enrol("alice", "blue")
    blue.unplug()
    green = keys.add("green")
    root = machine.connect()
    with Ballast():
        # What SQLite holds already may do for one or two; then there is no room.
        for number in range(50):
            details = root.enroll("bob", name=f"green {number}").run(seen=(seen := []))
            if details["result"] != "ok":
                break
            green.unplug()
            green = keys.add(f"green-{number}")
        assert details["result"] == "storage", (details, seen)
        assert seen[-1] == ("done", "The credential store failed. The system log of passkeyd says "
                                    "why."), seen
        correlation = details["correlation"]
        assert machine.syslog.wait(rf"\[{correlation}\] enrolment for bob .*refused, storage.*"
                                   r"(full|SQLite)", facility=parts.AUTHPRIV)
        kept = listed(machine)
        assert ("alice", "blue") in kept and len(kept) == number + 1
        # Enrolled users sign in, or get an error; and the daemon goes on.
        green.unplug()
        blue.plug()
        details = root.authenticate("alice").run()
        assert details["result"] in ("ok", "storage"), details
        pid = machine.daemon_pid()
    assert root.authenticate("alice").run()["result"] == "ok"
    assert listed(machine) == kept
    blue.unplug()
    green.plug()
    machine.enrol("bob", "after")
    assert machine.daemon_pid() == pid
    machine.kill_daemon(15)
    assert sorted(listed(machine)) == sorted([*kept, ("bob", "after")])


def test_a_client_is_told_of_a_full_disk(small_disk, keys):
    keys.add("blue")
    small_disk.start_daemon()
    with Ballast():
        for number in range(50):
            done = small_disk.run_as("root", ["passkey-enroll", "--user", "alice", "--name",
                                              f"blue {number}"])
            if done.returncode:
                break
            keys.key("blue" if not number else f"blue-{number - 1}").unplug()
            keys.add(f"blue-{number}")
    assert done.returncode == 1 and "store failed" in done.stdout + done.stderr, done


# Damage


def damage_middle():
    with open(DATABASE, "r+b") as file:
        size = os.stat(DATABASE).st_size
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))


def damage_all():
    namespace.write(DATABASE, "This is not a database.\n" * 500, 0o600)


def damage_other():
    os.unlink(DATABASE)
    subprocess.run(["/usr/bin/python3", "-c", "import sqlite3, sys\n"
                    "sqlite3.connect(sys.argv[1]).execute('create table t (x)')", DATABASE],
                   check=True)
    os.chown(DATABASE, namespace.DAEMON_ID, namespace.DAEMON_ID)


def damage_owner():
    os.chown(DATABASE, 0, 0)


def damage_newer():
    subprocess.run(["/usr/bin/python3", "-c", "import sqlite3, sys\n"
                    "sqlite3.connect(sys.argv[1]).execute('pragma user_version = 99')", DATABASE],
                   check=True)


@pytest.mark.real_programs
@pytest.mark.parametrize("damage,why", [
    (damage_middle, "malformed|damaged|page|Tree|btree"),
    (damage_all, "not a database"),
    (damage_other, "not a database of passkeyd"),
    (damage_owner, "belongs to another user"),
    (damage_newer, "made by a newer version"),
])
def test_damage_is_logged_at_start(machine, keys, damage, why):
    keys.add("blue")
    machine.enrol("alice", "blue")
    machine.kill_daemon(15)
    damage()
    if damage is damage_all:
        os.chown(DATABASE, namespace.DAEMON_ID, namespace.DAEMON_ID)
    before = open(DATABASE, "rb").read()
    mark = machine.syslog.mark()
    refuses(machine, Sudo(machine), "authinfo_unavail", "")
    line = machine.syslog.wait("cannot start", since=mark, facility=parts.AUTHPRIV)
    assert re.search(rf"{DATABASE}.*({why})|({why}).*{DATABASE}", line), line
    assert open(DATABASE, "rb").read() == before  # nothing is repaired, or made worse


def test_a_folder_that_is_not_there(machine):
    os.rename(parts.STATE, parts.STATE + ".away")
    try:
        with pytest.raises(Exception, match="org.passkeyd|exited|failed"):
            machine.start_daemon()
        assert machine.syslog.wait(f"cannot start: {parts.STATE}.*No such file or directory",
                                   facility=parts.AUTHPRIV)
    finally:
        os.rename(parts.STATE + ".away", parts.STATE)


# Accounts


def test_an_account_that_is_gone(machine, keys):
    key = keys.add("blue")
    machine.enrol("bob", "blue", resident="required")
    namespace.write("/etc/pam.d/kiosk", namespace.service("identify"))
    with open("/etc/passwd", encoding="utf-8") as file:
        before = file.read()
    try:
        namespace.write("/etc/passwd", "".join(line for line in before.splitlines(True)
                                               if not line.startswith("bob:")))
        root = machine.connect()
        details = root.authenticate("bob").run()
        assert details["result"] == "unknown-user", details
        details = root.authenticate("", identify=True).run()
        assert details["result"] not in ("ok", ""), details
        shown = machine.run_as("root", ["passkeyctl", "status"]).stdout
        assert re.search(r"bob .*they open nothing", shown), shown
    finally:
        namespace.write("/etc/passwd", before)
    assert key
    # Nobody knows whether it is the same bob; an administrator does.
    assert root.authenticate("bob").run()["result"] == "no-credentials"
    assert machine.run_as("root", ["passkeyctl", "adopt", "bob"]).returncode == 0
    assert root.authenticate("bob").run()["result"] == "ok"


def test_a_name_that_means_another_uid(machine, keys):
    """Neither asked for by name nor found on the key."""
    keys.add("blue")
    machine.enrol("bob", "blue", resident="required")
    with open("/etc/passwd", encoding="utf-8") as file:
        before = file.read()
    try:
        namespace.write("/etc/passwd", before.replace("bob:x:2002:", "bob:x:2999:"))
        root = machine.connect()
        details = root.authenticate("bob").run()
        assert details["result"] == "no-credentials"
        machine.syslog.wait(rf"\[{details['correlation']}\] sign-in of bob \(default\): refused, "
                            r"account-changed \(.*\); told no-credentials, ",
                            facility=parts.AUTHPRIV)
        details = root.authenticate("", identify=True).run()
        assert details["result"] == "account-changed", details
        assert machine.syslog.wait(rf"\[{details['correlation']}\] .*account-changed",
                                   facility=parts.AUTHPRIV)
        # And the account that has the uid now gains nothing by it.
        namespace.write("/etc/passwd", before.replace("bob:x:2002:", "bob:x:2999:").replace(
            "alice:x:2001:", "alice:x:2002:"))
        assert root.authenticate("alice").run()["result"] == "no-credentials"
        shown = machine.run_as("root", ["passkeyctl", "status"]).stdout
        assert re.search(r"bob .*they open nothing", shown), shown
    finally:
        namespace.write("/etc/passwd", before)


# Limits


def register(connection, passkey, **options):
    identifier, made, _ = connection.call(parts.RELYING_PARTY, "BeginRegistration", "sa{sv}",
                                          "alice", parts.vardict(options))
    response = browser.register(json.loads(str(made)), passkey, attestation="none")
    return connection.call(parts.RELYING_PARTY, "FinishRegistration", "ss", identifier, response)


def test_the_twenty_first_passkey(machine, keys):
    root = machine.connect()
    begun = root.call(parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", "alice",
                      parts.vardict({}))
    for number in range(20):
        register(root, browser.Passkey(), name=f"key {number}")
    message = root.fails("LimitExceeded", parts.RELYING_PARTY, "BeginRegistration", "sa{sv}",
                         "alice", parts.vardict({}))
    assert "as many passkeys as it may" in message
    # Nor by a registration that began when there was room.
    identifier, made, _ = begun
    response = browser.register(json.loads(str(made)), browser.Passkey(), attestation="none")
    root.fails("LimitExceeded", parts.RELYING_PARTY, "FinishRegistration", "ss", identifier,
               response)
    keys.add("blue")
    done = machine.run_as("root", ["passkey-enroll", "--user", "alice"])
    assert done.returncode == 1 and "as many passkeys as it may" in done.stderr, done
    assert len(listed(machine, "alice")) == 20
    assert listed(machine, "bob") == []


def test_names_are_unique_in_an_account(machine, keys):
    root = machine.connect()
    register(root, browser.Passkey(), name="blue")
    message = root.fails("NameTaken", parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", "alice",
                         parts.vardict({"name": "blue"}))
    assert 'a passkey named "blue"' in message
    done = machine.run_as("root", ["passkey-enroll", "--user", "alice", "--name", "blue"])
    assert done.returncode == 1 and 'a passkey named "blue"' in done.stderr, done
    for number in range(2):  # without --name the key's own, and a number
        keys.add(f"key-{number}")
        done = machine.run_as("root", ["passkey-enroll", "--user", "alice", "--json"])
        assert done.returncode == 0, done
        keys.key(f"key-{number}").unplug()
    assert sorted(name for _, name in listed(machine, "alice")) == [
        "Software Authenticator", "Software Authenticator 2", "blue"]
    text = root.call(parts.CREDENTIALS, "List", "sa{sv}", "alice", parts.vardict({}))
    ids = {each["name"]: each["credentialId"] for each in json.loads(str(text))}
    root.fails("NameTaken", parts.CREDENTIALS, "Rename", "sss", "alice",
               ids["Software Authenticator"], "blue")
    keys.add("key-2")
    machine.enrol("bob", "blue")  # another account's names are its own
