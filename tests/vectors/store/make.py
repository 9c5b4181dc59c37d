#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes version-1.db, a store of schema version 1 as 0.1.0 and its predecessors left it, and
version-2.db to version-5.db, the same as the programs with schemas 2 to 5 left it.

The schemas are those versions' own, word for word: they must not follow store/sqlite/schema.c.
"""

import hashlib
import os
import sqlite3

SCHEMA = """
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  rp TEXT NOT NULL,
  name TEXT NOT NULL,
  uid INTEGER NOT NULL,
  user_handle BLOB NOT NULL UNIQUE,
  UNIQUE (rp, name, uid)
) STRICT;
CREATE TABLE credential (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id),
  credential_id BLOB NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
  rp_id TEXT NOT NULL,
  public_key BLOB NOT NULL,
  algorithm INTEGER NOT NULL,
  sign_count INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
  backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
  backup_state INTEGER NOT NULL CHECK (backup_state IN (0, 1)),
  user_handle BLOB NOT NULL,
  payment INTEGER NOT NULL CHECK (payment IN (0, 1)),
  aaguid BLOB NOT NULL CHECK (length(aaguid) = 16),
  transports INTEGER NOT NULL,
  name TEXT NOT NULL,
  format TEXT NOT NULL,
  attestation_type TEXT NOT NULL,
  trust TEXT NOT NULL,
  discoverable INTEGER NOT NULL CHECK (discoverable IN (0, 1)),
  user_verified INTEGER NOT NULL CHECK (user_verified IN (0, 1)),
  instrument_display_name TEXT,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  UNIQUE (account, name)
) STRICT;
CREATE INDEX credential_user_handle ON credential (user_handle);
CREATE TABLE fact (
  key TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE ticket (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  rp TEXT NOT NULL,
  name TEXT NOT NULL,
  uid INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE recovery_code (
  account INTEGER NOT NULL REFERENCES account (id),
  position INTEGER NOT NULL,
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (account, position)
) STRICT, WITHOUT ROWID;
"""

MIGRATION = """
CREATE TABLE account_2 (
  id INTEGER PRIMARY KEY,
  rp TEXT NOT NULL,
  name TEXT NOT NULL,
  uid INTEGER NOT NULL,
  user_handle BLOB NOT NULL UNIQUE,
  listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
  missing_looks INTEGER NOT NULL,
  missing_last INTEGER NOT NULL,
  orphaned INTEGER NOT NULL
) STRICT;
INSERT INTO account_2 SELECT id, rp, name, uid, user_handle, 0, 0, 0, 0 FROM account;
DROP TABLE account;
ALTER TABLE account_2 RENAME TO account;
CREATE UNIQUE INDEX account_living ON account (rp, name, uid) WHERE orphaned = 0;
CREATE INDEX account_name ON account (rp, name, uid);
CREATE INDEX ticket_account ON ticket (rp, name, uid);
ALTER TABLE recovery_code ADD COLUMN scheme INTEGER NOT NULL DEFAULT 0 CHECK (scheme IN (0, 1));
"""

MIGRATION_3 = """
ALTER TABLE credential ADD COLUMN cred_protect INTEGER NOT NULL DEFAULT 0
  CHECK (cred_protect BETWEEN 0 AND 3);
UPDATE account SET listed = 1 WHERE uid <> 4294967295;
"""

MIGRATION_4 = """
CREATE TABLE account_4 (
  id INTEGER PRIMARY KEY,
  rp TEXT NOT NULL,
  name TEXT NOT NULL,
  uid INTEGER NOT NULL,
  user_handle BLOB NOT NULL,
  listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
  missing_looks INTEGER NOT NULL,
  missing_last INTEGER NOT NULL,
  orphaned INTEGER NOT NULL,
  user_name TEXT,
  display_name TEXT,
  icon TEXT,
  created INTEGER NOT NULL,
  UNIQUE (rp, user_handle)
) STRICT;
INSERT INTO account_4 SELECT id, rp, name, uid, user_handle, listed, missing_looks,
  missing_last, orphaned, NULL, NULL, NULL, 0 FROM account;
DROP TABLE account;
ALTER TABLE account_4 RENAME TO account;
CREATE UNIQUE INDEX account_living ON account (rp, name, uid) WHERE orphaned = 0;
CREATE INDEX account_name ON account (rp, name, uid);
CREATE INDEX account_user_name ON account (rp, user_name) WHERE user_name IS NOT NULL;
ALTER TABLE credential ADD COLUMN mfa INTEGER NOT NULL DEFAULT 0 CHECK (mfa IN (0, 1));
CREATE TABLE user_transaction (
  rp TEXT NOT NULL,
  id TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id),
  data TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (rp, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_transaction_account ON user_transaction (account, created);
CREATE TABLE api_key (
  number INTEGER PRIMARY KEY,
  rp TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  created INTEGER NOT NULL
) STRICT;
CREATE INDEX api_key_rp ON api_key (rp);
CREATE TABLE signing_key (
  number INTEGER PRIMARY KEY,
  rp TEXT NOT NULL,
  kid TEXT NOT NULL UNIQUE,
  algorithm TEXT NOT NULL,
  imported INTEGER NOT NULL CHECK (imported IN (0, 1)),
  jwk BLOB NOT NULL,
  created INTEGER NOT NULL,
  retired INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX signing_key_rp ON signing_key (rp);
CREATE UNIQUE INDEX signing_key_signs ON signing_key (rp, algorithm) WHERE retired = 0;
"""

MIGRATION_5 = """
ALTER TABLE credential ADD COLUMN imported TEXT;
ALTER TABLE credential ADD COLUMN verification INTEGER NOT NULL DEFAULT 0
  CHECK (verification IN (0, 1));
ALTER TABLE credential ADD COLUMN id_unknown INTEGER NOT NULL DEFAULT 0
  CHECK (id_unknown IN (0, 1));
"""

HERE = os.path.dirname(os.path.abspath(__file__))
CODES = [digit * 16 for digit in "0123456789"]
SALT = b"s" * 32


def scrypt(code):
    return hashlib.scrypt(code.encode(), salt=SALT, n=16384, r=8, p=1, dklen=32)


def credential(account, number, name):
    return (account, b"credential %d" % number, "example.org", b"key", -7, number, 0, 0, b"handle",
            0, bytes(16), 0, name, "packed", "Self", "no", 0, 0, None, 1000, 0)


def make(version):
    path = os.path.join(HERE, f"version-{version}.db")
    if os.path.exists(path):
        os.unlink(path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA page_size = 512")
    database.executescript(SCHEMA)
    database.executemany("INSERT INTO account VALUES (?, ?, ?, ?, ?)", [
        (1, "default", "alice", 2001, b"a" * 64), (2, "default", "bob", 2002, b"b" * 64),
        (3, "shop", "17", 4294967295, b"c" * 64)])
    database.executemany(
        "INSERT INTO credential (account, credential_id, rp_id, public_key, algorithm, sign_count,"
        " backup_eligible, backup_state, user_handle, payment, aaguid, transports, name, format,"
        " attestation_type, trust, discoverable, user_verified, instrument_display_name, created,"
        " last_used) VALUES (" + ", ".join("?" * 21) + ")",
        [credential(1, 1, "blue"), credential(2, 2, "blue"), credential(3, 3, "blue")])
    database.executemany("INSERT INTO recovery_code VALUES (1, ?, ?, ?)", [
        (position, SALT, scrypt(code)) for position, code in enumerate(CODES)])
    database.execute("INSERT INTO ticket VALUES (?, 'default', 'alice', 2001, 4102444800)",
                     (bytes(32),))
    database.execute("INSERT INTO fact VALUES ('rp-id', x'6578616d706c652e6f7267')")
    if version > 1:
        database.commit()
        database.executescript(MIGRATION)
    if version > 2:
        database.executescript(MIGRATION_3)
    if version > 3:
        database.executescript(MIGRATION_4)
    if version > 4:
        database.executescript(MIGRATION_5)
    database.execute(f"PRAGMA user_version = {version}")
    database.execute("PRAGMA application_id = 1886091620")  # "pkyd"
    database.commit()
    database.close()


for number in range(1, 6):
    make(number)
