# SPDX-License-Identifier: BSD-2-Clause
"""List and Status of a store with many accounts: if this failed, root would not see all of them, or
would see some of them twice."""

import json
import sqlite3

import pytest

import machine as parts

DATABASE = parts.STATE + "/passkeyd.db"
COUNT = 2500  # more than passkeyctl asks for at once
FILL = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO account (rp, name, uid, user_handle, listed, missing_looks, missing_last, orphaned,
  created) SELECT 'default', printf('gone%05d', i), 100000 + i,
  CAST(printf('handle %d', i) AS BLOB), 0, 0, 0, 0, 0 FROM n;
INSERT INTO credential (account, credential_id, rp_id, public_key, algorithm, sign_count,
  backup_eligible, backup_state, user_handle, payment, aaguid, transports, name, format,
  attestation_type, trust, discoverable, user_verified, created, last_used)
  SELECT id, CAST('id of ' || name AS BLOB), 'example.org', zeroblob(77), -7, 0, 0, 0, user_handle,
  0, zeroblob(16), 0, 'a', 'none', 'None', 'no', 0, 0, 7, 0 FROM account WHERE name LIKE 'gone%';
"""


@pytest.fixture
def many(machine, keys):
    keys.add("blue")
    machine.enrol("alice", "blue")
    machine.kill_daemon(15)
    store = sqlite3.connect(DATABASE)
    store.executescript(FILL.format(count=COUNT))
    store.commit()
    store.close()
    machine.start_daemon()
    return machine


def listed(connection, user="", **page):
    return json.loads(str(connection.call(parts.CREDENTIALS, "List", "sa{sv}", user,
                                          parts.vardict(page))))


def test_pages_are_the_whole(many):
    root = many.connect()
    whole = listed(root)
    assert len(whole) == COUNT + 1 and whole[0]["user"] == "alice"
    pages = []
    for offset in range(0, COUNT + 1, 700):
        pages += listed(root, limit=700, offset=offset)
    assert pages == whole
    assert listed(root, limit=700, offset=COUNT + 1) == []
    assert listed(root, user="gone00007", limit=5) == whole[7:8]
    assert listed(many.connect("alice"), limit=1) == whole[:1]
    assert listed(many.connect("alice"), limit=1, offset=1) == []


def test_passkeyctl_asks_for_all_pages(many):
    done = many.run_as("root", ["passkeyctl", "list", "--all", "--json"])
    assert done.returncode == 0, done
    shown = json.loads(done.stdout)
    assert shown == listed(many.connect()) and len(shown) == COUNT + 1


def test_status_counts_everybody(many):
    accounts = json.loads(str(many.connect().call(parts.MANAGER, "Status", "")))["accounts"]
    assert [account["passkeys"] for account in accounts] == [1] * (COUNT + 1)
    assert accounts[0]["user"] == "alice" and not accounts[0]["orphaned"]
    assert all(account["orphaned"] for account in accounts[1:])
    own = json.loads(str(many.connect("alice").call(parts.MANAGER, "Status", "")))["accounts"]
    assert own == accounts[:1]
