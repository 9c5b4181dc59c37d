# SPDX-License-Identifier: BSD-2-Clause
"""A backup that is made while passkeyd runs opens sudo on another root; one that is damaged, cut,
newer or under another passphrase changes nothing; what can be used once is used once."""

import hashlib
import json
import os
import shutil
import sqlite3
import struct
import subprocess

import dbus
import pytest

import machine as parts
import namespace
from apps import Sudo

pytestmark = pytest.mark.real_programs

FILE = namespace.SCRATCH + "/passkeys.backup"
PASSPHRASE = namespace.SCRATCH + "/passphrase"


@pytest.fixture(autouse=True)
def no_file(machine):
    for path in (FILE, PASSPHRASE):
        if os.path.exists(path):
            os.unlink(path)
    yield
    for name in os.listdir(parts.STATE):
        if "before-restore" in name:
            os.unlink(os.path.join(parts.STATE, name))


def ctl(machine, *arguments, person="root"):
    return machine.run_as(person, ["passkeyctl", *arguments])


def backup(machine, *options):
    done = ctl(machine, "backup", FILE, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def restore(machine, *options, path=FILE):
    done = ctl(machine, "restore", path, "--yes", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(machine, words, *options, path=FILE):
    before = names(machine)
    done = ctl(machine, "restore", path, "--yes", *options)
    assert done.returncode == 1 and words in done.stderr, done.stdout + done.stderr
    assert names(machine) == before


def names(machine):
    return sorted(f"{each['user']}: {each['name']}"
                  for each in json.loads(ctl(machine, "list", "--all", "--json").stdout))


def another_root(machine):
    """This host's state is gone, as on a new one: its RP id would be another."""
    machine.kill_daemon(15)
    shutil.rmtree(parts.STATE)
    os.mkdir(parts.STATE, 0o700)
    os.chown(parts.STATE, namespace.DAEMON_ID, namespace.DAEMON_ID)


def touch_opens_sudo(machine, key):
    key.set(touch="wait")
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    key.wait_touch_wanted()
    assert key.touch()
    assert running.accepted(), running.screen


def passphrase(text="correct horse"):
    with open(PASSPHRASE, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return "--passphrase-file", PASSPHRASE


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "passphrase"])
def test_on_another_root(machine, keys, sealed):
    key = keys.add("blue")
    key.set(touch="immediate")
    machine.enrol("alice", "blue")
    options = passphrase() if sealed else ()
    pid = machine.daemon_pid()
    shown = backup(machine, *options)
    assert "1 passkeys of 1 accounts" in shown and machine.daemon_pid() == pid
    assert os.stat(FILE).st_mode & 0o777 == 0o600
    with open(FILE, "rb") as file:
        assert (b"SQLite format 3" in file.read()) == (not sealed)
    another_root(machine)
    assert names(machine) == []
    assert "1 passkeys" in restore(machine, *options)
    assert names(machine) == ["alice: blue"]
    touch_opens_sudo(machine, key)


def test_the_daemon_begins_with_what_was_restored(machine, keys):
    """It recorded an RP id of its own when it first started: the passkeys' one counts now."""
    key = keys.add("blue")
    machine.configure("[rp default]\nid = old.example.org\n")
    machine.kill_daemon(15)
    machine.enrol_with_touch(key, "alice")
    backup(machine)
    another_root(machine)
    machine.configure()
    pid = machine.start_daemon()
    restore(machine)
    parts.wait_exit(pid)
    touch_opens_sudo(machine, key)


def test_what_is_here_is_not_given_up_by_the_way(machine, keys):
    key = keys.add("blue")
    machine.enrol_with_touch(key, "alice")
    backup(machine)
    key.unplug()
    machine.enrol_with_touch(keys.add("green"), "bob")
    here = names(machine)
    refused(machine, "--replace puts the backup in their place")
    shown = ctl(machine, "restore", FILE, "--replace", "--dry-run")
    assert shown.returncode == 0 and "1 passkeys that are here are not in it" in shown.stdout
    assert names(machine) == here
    asked = ctl(machine, "restore", FILE, "--replace")
    assert asked.returncode == 1 and "There is no terminal to ask on" in asked.stderr
    assert names(machine) == here
    done = restore(machine, "--replace")
    assert [each.split(":")[0] for each in names(machine)] == ["alice"]
    kept = [name for name in os.listdir(parts.STATE) if "before-restore" in name]
    assert len(kept) == 1 and kept[0] in done
    path = os.path.join(parts.STATE, kept[0])
    assert os.stat(path).st_mode & 0o777 == 0o600
    copy = shutil.copy(path, namespace.SCRATCH + "/kept.db")
    with sqlite3.connect(copy) as database:
        assert database.execute("SELECT count(*) FROM credential").fetchone() == (2,)


def test_a_removed_passkey_is_named_before_it_comes_back(machine, keys):
    machine.enrol_with_touch(keys.add("blue"), "alice")
    (gone,) = names(machine)
    backup(machine)
    ctl(machine, "remove", "--user", "alice", gone.split(": ")[1], "--yes")
    keys.key("blue").unplug()
    machine.enrol_with_touch(keys.add("green"), "bob")
    shown = ctl(machine, "restore", FILE, "--replace", "--dry-run")
    assert "will be good again, also where they were removed on purpose" in shown.stdout
    assert gone in shown.stdout


def use_code(machine, code):
    child = machine.terminal("alice", ["sudo", "-u", "bob", "id", "-un"])
    child.expect("ode")
    child.sendline(code)
    child.expect(["bob", "annot", "orry", "rong", "not "])
    child.close(force=True)


def test_what_can_be_used_once_is_used_once(machine, keys):
    """Neither a recovery code nor a ticket is made good again by a backup from before its use."""
    machine.enrol_with_touch(keys.add("blue"), "alice")
    machine.recovery_codes("alice")
    ticket = json.loads(ctl(machine, "ticket", "--user", "alice", "--json").stdout)["ticket"]
    backup(machine)
    with open(FILE, "rb") as file:
        image = file.read()
    start = image.index(b"SQLite format 3")
    path = namespace.SCRATCH + "/image.db"
    with open(path, "wb") as file:
        file.write(image[start:-32])
    with sqlite3.connect(path) as database:
        for table in ("ticket", "recovery_code"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert ticket.encode() not in image
    # One code is used after the backup; the nine others are as good as they were.
    with sqlite3.connect(parts.STATE + "/passkeyd.db") as database:
        database.execute("DELETE FROM recovery_code WHERE position = 0")
    shown = restore(machine, "--replace")
    assert "Recovery codes and tickets are in no backup" in shown
    with sqlite3.connect(parts.STATE + "/passkeyd.db") as database:
        assert database.execute("SELECT count(*) FROM recovery_code").fetchone() == (9,)
        assert database.execute("SELECT count(*) FROM ticket").fetchone() == (1,)
    another_root(machine)
    restore(machine)
    with sqlite3.connect(parts.STATE + "/passkeyd.db") as database:
        assert database.execute("SELECT count(*) FROM recovery_code").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM ticket").fetchone() == (0,)


HTTP = "[rp shop]\nid = shop.example.org\nsystem-accounts = no\nhttp = standard\n"


def test_keys_of_applications_only_where_it_is_said(machine, host):
    machine.configure(HTTP)
    machine.kill_daemon(15)
    assert ctl(machine, "rp-key", "rotate", "--rp", "shop").returncode == 0
    assert ctl(machine, "api-key", "create", "--rp", "shop").returncode == 0
    backup(machine)
    with open(FILE, "rb") as file:
        assert b'"d"' not in file.read()
    os.unlink(FILE)
    assert "keys of web applications" in backup(machine, "--with-keys")
    with open(FILE, "rb") as file:
        assert b'"d"' in file.read()
    before = ctl(machine, "rp-key", "list", "--rp", "shop", "--json").stdout
    another_root(machine)
    restore(machine)
    assert ctl(machine, "rp-key", "list", "--rp", "shop", "--json").stdout == before


def test_a_key_that_was_made_void_is_named_before_it_comes_back(machine, host):
    machine.configure(HTTP)
    machine.kill_daemon(15)
    made = ctl(machine, "api-key", "create", "--rp", "shop", "--name", "till", "--json")
    backup(machine, "--with-keys")
    key = json.loads(made.stdout)["key"]["id"]
    assert ctl(machine, "api-key", "revoke", key, "--rp", "shop").returncode == 0
    assert ctl(machine, "api-key", "create", "--rp", "shop").returncode == 0
    shown = ctl(machine, "restore", FILE, "--replace", "--dry-run").stdout
    assert "will be good again" in shown and "  shop: API key till\n" in shown


def test_accounts_that_are_gone_stay_gone(machine, keys):
    """Somebody else may have their name and uid by now."""
    machine.enrol_with_touch(keys.add("blue"), "alice")
    backup(machine)
    machine.kill_daemon(15)
    with sqlite3.connect(parts.database()) as database:
        database.execute("UPDATE account SET orphaned = 1795000000")
    machine.start_daemon()
    restore(machine, "--replace")
    with sqlite3.connect(parts.database()) as database:
        assert database.execute("SELECT orphaned FROM account").fetchall() == [(1795000000,)]


def test_damage_changes_nothing(machine, keys):
    machine.enrol_with_touch(keys.add("blue"), "alice")
    for options in ((), passphrase()):
        if os.path.exists(FILE):
            os.unlink(FILE)
        backup(machine, *options)
        with open(FILE, "rb") as file:
            whole = file.read()
        bad = namespace.SCRATCH + "/bad.backup"
        places = [len(whole) // 2, len(whole) - 1, 30, 200]
        for change, words in (
                *((whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:], "") for at in places),
                (whole[:-1], ""), (whole[:len(whole) // 2], ""), (whole + b"x", "damaged"),
                (whole[:16], "cut off"), (b"nothing", "no backup of passkeyd"),
                (whole[:16] + b"\x02" + whole[17:], "A newer version")):
            with open(bad, "wb") as file:
                file.write(change)
            refused(machine, words, "--replace", *options, path=bad)


def test_passphrases(machine, keys):
    machine.enrol_with_touch(keys.add("blue"), "alice")
    backup(machine, *passphrase())
    refused(machine, "not the passphrase", "--replace", *passphrase("another one"))
    refused(machine, "no terminal to ask on", "--replace")
    os.unlink(FILE)
    short = ctl(machine, "backup", FILE, *passphrase("short"))
    assert short.returncode == 1 and "8 characters" in short.stderr and not os.path.exists(FILE)
    child = machine.terminal("root", ["passkeyctl", "backup", FILE, "--passphrase"])
    for question in ("Passphrase for the backup: ", "Once more: "):
        child.expect(question)
        child.sendline("typed by hand")
    child.expect("under the passphrase")
    child.wait()
    child = machine.terminal("root", ["passkeyctl", "restore", FILE, "--replace"])
    child.expect("Passphrase of the backup: ")
    child.sendline("typed by hand")
    child.expect("Restore it")
    child.sendline("y")
    child.expect("Restored: 1 passkeys")
    child.wait()


def test_a_passphrase_takes_as_long_as_it_takes(machine, keys):
    """passkeyd closes a connection that calls nothing for some seconds: there is none meanwhile,
    and the daemon that is asked at last may be another one than there was before."""
    machine.enrol_with_touch(keys.add("blue"), "alice")
    for command, questions, end in (
            (["backup", FILE, "--passphrase"], ("Passphrase for the backup: ", "Once more: "),
             "under the passphrase"),
            (["restore", FILE, "--replace", "--yes"], ("Passphrase of the backup: ",),
             "Restored: 1 passkeys")):
        child = machine.terminal("root", ["passkeyctl", *command])
        for question in questions:
            child.expect(question)
            assert machine.kill_daemon(15) or question != questions[0]
            child.sendline("typed by hand")
        child.expect(end)
        child.wait()


def plain_backup(image):
    """A file as passkeyctl writes it, of any image."""
    whole = b"passkeyd backup\n\x01\x00" + struct.pack(">I", 2) + b"{}" + \
        struct.pack(">Q", len(image)) + image
    with open(FILE, "wb") as file:
        file.write(whole + hashlib.sha256(whole).digest())


def image_of(machine, *statements):
    """This store's, changed by hand."""
    backup(machine)
    with open(FILE, "rb") as file:
        whole = file.read()
    path = namespace.SCRATCH + "/image.db"
    with open(path, "wb") as file:
        file.write(whole[whole.index(b"SQLite format 3"):-32])
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    os.unlink(FILE)
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("statement,words", [
    ("PRAGMA user_version = 99", "newer version"),
    ("PRAGMA application_id = 7", "not a database of passkeyd"),
    ("CREATE TRIGGER t AFTER UPDATE ON credential BEGIN SELECT 1; END", "its tables"),
    ("CREATE VIEW v AS SELECT 1", "its tables"),
    ("DROP TABLE ticket", "its tables"),
    ("UPDATE credential SET account = 4711", "refers to one that is not there"),
])
def test_what_is_in_it_is_looked_at(machine, keys, statement, words):
    """A file whose digest is right can be made by anybody who writes it where root reads it."""
    machine.enrol_with_touch(keys.add("blue"), "alice")
    plain_backup(image_of(machine, statement))
    refused(machine, words, "--replace")


def test_an_image_with_a_torn_page(machine, keys):
    machine.enrol_with_touch(keys.add("blue"), "alice")
    image = bytearray(image_of(machine))
    image[4096:4096 + 512] = b"\xff" * 512
    plain_backup(bytes(image))
    refused(machine, "cannot be restored, and nothing was changed", "--replace")


def test_an_older_schema_is_brought_to_this_one(machine, keys):
    key = keys.add("blue")
    machine.enrol_with_touch(key, "alice")
    image = image_of(machine, *(f"DROP INDEX {name}" for name in (
                         "account_any_rp", "account_uid", "account_system", "ticket_expires")),
                     "ALTER TABLE credential DROP COLUMN imported",
                     "ALTER TABLE credential DROP COLUMN verification",
                     "ALTER TABLE credential DROP COLUMN id_unknown", "DROP TABLE decision",
                     "PRAGMA user_version = 4")
    plain_backup(image)
    restore(machine, "--replace")
    touch_opens_sudo(machine, key)


def test_while_others_sign_in(machine, keys):
    """A backup is of one moment, and keeps nobody waiting."""
    key = keys.add("blue")
    machine.enrol_with_touch(key, "alice")
    key.set(touch="immediate")
    running = [machine.start(["passkeyctl", "backup", f"{FILE}.{number}"],
                             stdout=subprocess.DEVNULL) for number in range(4)]
    assert Sudo(machine).accepted()
    for number, process in enumerate(running):
        assert process.wait() == 0
        shown = ctl(machine, "restore", f"{FILE}.{number}", "--replace", "--dry-run")
        assert "The backup holds 1 passkeys of 1 accounts" in shown.stdout
        os.unlink(f"{FILE}.{number}")


def test_only_root(machine, keys):
    machine.enrol_with_touch(keys.add("blue"), "alice")
    done = ctl(machine, "backup", namespace.SCRATCH + "/home/alice/x", person="alice")
    assert done.returncode == 1 and "root" in done.stderr
    machine.connect("alice").fails("AccessDenied", parts.MANAGER, "Backup", "a{sv}",
                                   parts.vardict({}))


def test_only_what_nobody_can_change_any_more_is_read(machine, host):
    """An image that changes while it is looked at would be checked as one thing and stored as
    another."""
    for content in (b"", b"SQLite format 3" + bytes(8192)):
        descriptor = os.memfd_create("image")
        os.write(descriptor, content)
        machine.connect().fails("InvalidArguments", parts.MANAGER, "Restore", "ha{sv}",
                                dbus.types.UnixFd(descriptor), parts.vardict({"replace": True}))
        os.close(descriptor)


def test_a_file_that_is_there_stays(machine, host):
    with open(FILE, "w", encoding="ascii") as file:
        file.write("precious")
    done = ctl(machine, "backup", FILE)
    assert done.returncode == 1 and "which stays" in done.stderr
    with open(FILE, encoding="ascii") as file:
        assert file.read() == "precious"
