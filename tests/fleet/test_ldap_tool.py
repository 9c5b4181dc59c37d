# SPDX-License-Identifier: BSD-2-Clause
"""passkey-store-ldap --check, --push, --pull and --migrate, which passkeyctl directory runs."""

import os
import sqlite3
import subprocess

import pytest
from ldap_directory import (ALICE, BOB, PASSKEYS, SUFFIX, Directory, account_ldif, credential_ldif,
                            until)
from ldap_host import PROGRAM, Host

ALICE_OF = ("alice", 1001)
BOB_OF = ("bob", 1002)


@pytest.fixture(name="directory")
def fixture_directory():
    with Directory() as directory:
        yield directory


def tool(host, *arguments):
    run = subprocess.run(
        [PROGRAM, "--config", host.config, "--state", host.folder, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
    return run.returncode, run.stdout


def make_folder(directory, name):
    folder = os.path.join(directory.folder, name)
    os.mkdir(folder, 0o700)
    return folder


def rows(folder):
    with sqlite3.connect(os.path.join(folder, "passkeyd.db")) as database:
        return database.execute(
            "SELECT a.name, a.uid, c.credential_id, c.public_key, c.rp_id, c.user_handle, "
            "c.algorithm, c.aaguid, c.transports, c.name, c.format, c.attestation_type, c.trust, "
            "c.discoverable, c.backup_eligible, c.user_verified, c.created, c.imported, "
            "c.cred_protect, c.mfa FROM credential c JOIN account a ON a.id = c.account "
            "ORDER BY c.credential_id").fetchall()


def test_nothing_is_wrong(directory):
    with Host(directory, "enrol") as enrol:
        enrol.call("add", *ALICE_OF, "first", "key")
        directory.settle()
        for name in ("host1", "enrol"):
            code, said = tool(Host(directory, name), "--check")
            assert code == 0 and said.endswith("Nothing is wrong.\n"), said
            assert f"knows this host as dn:cn={name}," in said
            assert ": 1 passkeys\n" in said


def test_what_is_wrong(directory):
    one, two = directory.servers
    host = Host(directory, "host1")
    one.add(credential_ldif("bnVtYmVy", ALICE, 1777), admin=True)
    one.add(credential_ldif("bm9ib2R5", f"uid=nobody,{PASSKEYS}", 1001), admin=True)
    directory.settle()
    code, said = tool(host, "--check")
    assert code == 1
    assert "serves nobody: its owner has another user id than when it was added" in said
    assert "serves nobody: its owner is not among the accounts" in said
    directory.partition()
    one.add(account_ldif("carol", 1003), admin=True)
    code, said = tool(host, "--check")
    assert code == 1 and "one has changes that the other has not" in said
    two.kill()
    code, said = tool(host, "--check")
    assert code == 1 and two.uri in said
    nameless = Host(directory, "host1", [one.uri], certificate=None, key=None)
    code, said = tool(nameless, "--check")
    assert code == 1 and "to sign in" in said
    stranger = Host(directory, "host1", [one.uri], accounts=f"ou=nowhere,{SUFFIX}")
    code, said = tool(stranger, "--check")
    assert code == 1 and f"no account is seen below ou=nowhere,{SUFFIX}" in said


def test_an_id_that_changed_hands_is_said(directory):
    server = directory.servers[0]
    with Host(directory, "host1") as host:
        server.add(credential_ldif("Zmlyc3Q", ALICE, 1001), admin=True)
        until("there", lambda: host.ids() == {"first"})
        server.modify(f"dn: pkCredentialId=Zmlyc3Q,{PASSKEYS}\nchangetype: modify\n"
                      f"replace: pkOwner\npkOwner: {BOB}\n-\nreplace: pkOwnerNumber\n"
                      "pkOwnerNumber: 1002\n", admin=True)
        until("changed", lambda: host.ids(*BOB_OF) == {"first"})
        directory.settle()
        code, said = tool(host, "--check")
        assert code == 1 and "was of alice (uid 1001) and is another one now, of bob" in said


def test_to_the_directory_and_back_nothing_is_lost(directory):
    host = Host(directory, "enrol")
    with host:
        for name in ("first", "second"):
            assert host.call("add", *ALICE_OF, name, name).status == "ok"
        assert host.call("add", *BOB_OF, "third", "third").status == "ok"
    folder = make_folder(directory, "pulled")
    code, said = tool(host, "--pull", folder)
    assert code == 0 and said.startswith(f"3 added to {folder}, 0 were there"), said
    before = rows(folder)
    assert len(before) == 3 and before[0][9] == "first"
    assert tool(host, "--pull", folder)[1].startswith(f"0 added to {folder}, 3 were there")
    assert tool(host, "--push", folder)[1].startswith("0 added to the directory, 3 were there")
    directory.settle()
    for name in directory.servers[0].names():
        assert directory.servers[0].delete(name, admin=True) == 0
    code, said = tool(host, "--push", folder)
    assert code == 0 and said.startswith("3 added to the directory, 0 were there"), said
    again = make_folder(directory, "again")
    assert tool(host, "--pull", again)[0] == 0
    assert rows(again) == before


def test_an_ordinary_host_pushes_nothing(directory):
    enrol = Host(directory, "enrol")
    with enrol:
        assert enrol.call("add", *ALICE_OF, "first", "first").status == "ok"
    folder = make_folder(directory, "pulled")
    assert tool(enrol, "--pull", folder)[0] == 0
    server = directory.servers[0]
    for name in server.names():
        server.delete(name, admin=True)
    code, said = tool(Host(directory, "host1"), "--push", folder)
    assert code == 1 and "Insufficient access" in said
    assert not server.names()


@pytest.mark.parametrize("owner,number,key", [(BOB, 1002, "a2V5"), (ALICE, 1001, "b3RoZXI=")])
def test_an_id_that_somebody_else_has_taken_is_told(directory, owner, number, key):
    """An account that was faster, or the passkey of another key: it is not what was there."""
    host, server = Host(directory, "enrol"), directory.servers[0]
    with host:
        assert host.call("add", *ALICE_OF, "first", "first").status == "ok"
    folder = make_folder(directory, "pulled")
    assert tool(host, "--pull", folder)[0] == 0
    assert server.delete(f"pkCredentialId=Zmlyc3Q,{PASSKEYS}", admin=True) == 0
    assert server.add(credential_ldif("Zmlyc3Q", owner, number, key=key), admin=True) == 0
    for option in ("--push", "--migrate"):
        code, said = tool(Host(directory, "enrol"), option, folder)
        assert code == 1, said
        assert 'alice, "first": the directory has an entry with its id that is not this' in said
        assert "0 were there, 0 stay on this host, 1 failed" in said


def test_a_host_moves_to_the_directory(directory):
    """Counters and what is of the host alone stay with it, and so do its names."""
    enrol = Host(directory, "enrol")
    with enrol:
        assert enrol.call("add", *ALICE_OF, "first", "first").status == "ok"
    folder = make_folder(directory, "passkeyd")
    assert tool(enrol, "--pull", folder)[0] == 0
    server = directory.servers[0]
    for name in server.names():
        server.delete(name, admin=True)
    with sqlite3.connect(os.path.join(folder, "passkeyd.db")) as database:
        database.execute("UPDATE credential SET sign_count = 41, name = 'renamed'")
        database.execute("INSERT INTO account (rp, name, uid, user_handle, listed, missing_looks, "
                         "missing_last, orphaned, created) VALUES ('default', 'root', 0, x'72', 1, "
                         "0, 0, 0, 0)")
        database.execute("INSERT INTO recovery_code (account, position, salt, hash, scheme) SELECT "
                         "id, 0, zeroblob(32), randomblob(32), 1 FROM account WHERE uid = 1001")
        database.execute("INSERT INTO credential (account, credential_id, rp_id, public_key, "
                         "algorithm, sign_count, backup_eligible, backup_state, user_handle, "
                         "payment, aaguid, transports, name, format, attestation_type, trust, "
                         "discoverable, user_verified, created, last_used) SELECT a.id, x'6f776e', "
                         "rp_id, public_key, algorithm, 5, 0, 0, x'72', 0, aaguid, 0, 'own', "
                         "format, attestation_type, trust, 0, 0, c.created, 0 FROM credential c, "
                         "account a WHERE a.uid = 0")
    database.close()
    host = Host(directory, "enrol")
    code, said = tool(host, "--migrate", folder)
    assert code == 0, said
    assert 'root, "own": stays on this host' in said
    assert len(server.names()) == 1
    with host:
        until("followed", lambda: server.uri in host.call("state").words)
        assert host.passkeys() == {"alice/1001/first/41/renamed", "root/0/own/5/own"}
        with sqlite3.connect(host.database) as database:
            assert database.execute("SELECT count(*) FROM recovery_code").fetchone() == (1,)
        until("marked", lambda: sqlite3.connect(host.database).execute(
            "SELECT count(*) FROM directory_entry").fetchone() == (1,))
        assert server.delete(f"pkCredentialId=Zmlyc3Q,{PASSKEYS}", admin=True) == 0
        until("removed", lambda: host.ids() == {"own"})
    assert tool(host, "--migrate", folder)[0] == 1


def test_a_folder_that_root_is_denied(directory):
    """As AppArmor does; here it is root without the rights that go beyond a file's own."""
    host = Host(directory, "enrol")
    folder = make_folder(directory, "elsewhere")
    os.chown(folder, 65534, 65534)
    for option in ("--push", "--pull"):
        run = subprocess.run(
            ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", PROGRAM,
             "--config", host.config, option, folder],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
        assert run.returncode == 1 and f"{folder}: Permission denied" in run.stdout, run
        assert "/etc/apparmor.d/local/usr.libexec.passkey.passkey-store-ldap" in run.stdout, run
    code, said = tool(host, "--push", folder + "/nowhere")
    assert code == 1 and "AppArmor" not in said
