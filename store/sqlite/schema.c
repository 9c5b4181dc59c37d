/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sqlite/schema.h"

/* clang-format off */
static const char version_1[] =
    "CREATE TABLE account ("
    "  id INTEGER PRIMARY KEY,"
    "  rp TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  uid INTEGER NOT NULL," /* 4294967295: not a system account */
    "  user_handle BLOB NOT NULL UNIQUE,"
    "  UNIQUE (rp, name, uid)"
    ") STRICT;"

    "CREATE TABLE credential ("
    "  id INTEGER PRIMARY KEY,"
    "  account INTEGER NOT NULL REFERENCES account (id),"
    "  credential_id BLOB NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),"
    "  rp_id TEXT NOT NULL,"
    "  public_key BLOB NOT NULL,"
    "  algorithm INTEGER NOT NULL,"
    "  sign_count INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),"
    "  backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),"
    "  backup_state INTEGER NOT NULL CHECK (backup_state IN (0, 1)),"
    "  user_handle BLOB NOT NULL," /* the credential's: imported ones may differ from the account's */
    "  payment INTEGER NOT NULL CHECK (payment IN (0, 1)),"
    "  aaguid BLOB NOT NULL CHECK (length(aaguid) = 16),"
    "  transports INTEGER NOT NULL," /* bits of enum pk_transport */
    "  name TEXT NOT NULL,"
    "  format TEXT NOT NULL,"
    "  attestation_type TEXT NOT NULL,"
    "  trust TEXT NOT NULL,"
    "  discoverable INTEGER NOT NULL CHECK (discoverable IN (0, 1)),"
    "  user_verified INTEGER NOT NULL CHECK (user_verified IN (0, 1)),"
    "  instrument_display_name TEXT,"
    "  created INTEGER NOT NULL,"
    "  last_used INTEGER NOT NULL," /* 0: never */
    "  UNIQUE (account, name)"
    ") STRICT;"
    "CREATE INDEX credential_user_handle ON credential (user_handle);"

    "CREATE TABLE fact ("
    "  key TEXT PRIMARY KEY,"
    "  value BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE ticket ("
    "  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),"
    "  rp TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  uid INTEGER NOT NULL,"
    "  expires INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE recovery_code ("
    "  account INTEGER NOT NULL REFERENCES account (id),"
    "  position INTEGER NOT NULL,"
    "  salt BLOB NOT NULL CHECK (length(salt) = 32),"
    "  hash BLOB NOT NULL CHECK (length(hash) = 32),"
    "  PRIMARY KEY (account, position)"
    ") STRICT, WITHOUT ROWID;";

/*
 * Orphans: of one name and uid there may be any number, and at most one that lives. The table is
 * made anew because SQLite cannot take its UNIQUE constraint away. Nobody can be said to have been
 * in the password file before this version looked.
 */
static const char version_2[] =
    "CREATE TABLE account_2 ("
    "  id INTEGER PRIMARY KEY,"
    "  rp TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  uid INTEGER NOT NULL," /* 4294967295: not a system account */
    "  user_handle BLOB NOT NULL UNIQUE,"
    "  listed INTEGER NOT NULL CHECK (listed IN (0, 1))," /* was in the password file */
    "  missing_looks INTEGER NOT NULL," /* looks in a row that found nobody, a day apart */
    "  missing_last INTEGER NOT NULL,"  /* when the last of them was; 0: never */
    "  orphaned INTEGER NOT NULL"       /* since when; 0: it lives */
    ") STRICT;"
    "INSERT INTO account_2 SELECT id, rp, name, uid, user_handle, 0, 0, 0, 0 FROM account;"
    "DROP TABLE account;"
    "ALTER TABLE account_2 RENAME TO account;"
    "CREATE UNIQUE INDEX account_living ON account (rp, name, uid) WHERE orphaned = 0;"
    "CREATE INDEX account_name ON account (rp, name, uid);"
    "CREATE INDEX ticket_account ON ticket (rp, name, uid);"

    /* 0: scrypt, the salt being one for all codes; 1: HMAC-SHA-256, the salt being its key */
    "ALTER TABLE recovery_code ADD COLUMN scheme INTEGER NOT NULL DEFAULT 0"
    "  CHECK (scheme IN (0, 1));";

/* CTAP 2.1 section 12.1: what the key said at the enrolment. Of earlier ones nothing is known. */
static const char version_3[] =
    "ALTER TABLE credential ADD COLUMN cred_protect INTEGER NOT NULL DEFAULT 0" /* 0: not known */
    "  CHECK (cred_protect BETWEEN 0 AND 3);";
/*
 * Relying parties over HTTP: their users' handles are made of the users' ids, so that two relying
 * parties may have the same one; what the application says of its users; and its keys. The table of
 * accounts is made anew as in version 2.
 */
static const char version_4[] =
    "CREATE TABLE account_4 ("
    "  id INTEGER PRIMARY KEY,"
    "  rp TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  uid INTEGER NOT NULL," /* 4294967295: not a system account */
    "  user_handle BLOB NOT NULL,"
    "  listed INTEGER NOT NULL CHECK (listed IN (0, 1)),"
    "  missing_looks INTEGER NOT NULL,"
    "  missing_last INTEGER NOT NULL,"
    "  orphaned INTEGER NOT NULL,"
    "  user_name TEXT,"           /* this and the next two: as the application says */
    "  display_name TEXT,"
    "  icon TEXT,"
    "  created INTEGER NOT NULL," /* 0: not known */
    "  UNIQUE (rp, user_handle)"
    ") STRICT;"
    "INSERT INTO account_4 SELECT id, rp, name, uid, user_handle, listed, missing_looks, "
    "  missing_last, orphaned, NULL, NULL, NULL, 0 FROM account;"
    "DROP TABLE account;"
    "ALTER TABLE account_4 RENAME TO account;"
    "CREATE UNIQUE INDEX account_living ON account (rp, name, uid) WHERE orphaned = 0;"
    "CREATE INDEX account_name ON account (rp, name, uid);"
    "CREATE INDEX account_user_name ON account (rp, user_name) WHERE user_name IS NOT NULL;"

    "ALTER TABLE credential ADD COLUMN mfa INTEGER NOT NULL DEFAULT 0 CHECK (mfa IN (0, 1));"

    "CREATE TABLE user_transaction ("
    "  rp TEXT NOT NULL,"
    "  id TEXT NOT NULL,"
    "  account INTEGER NOT NULL REFERENCES account (id),"
    "  data TEXT NOT NULL," /* JSON */
    "  created INTEGER NOT NULL,"
    "  PRIMARY KEY (rp, id)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX user_transaction_account ON user_transaction (account, created);"

    "CREATE TABLE api_key ("
    "  number INTEGER PRIMARY KEY,"
    "  rp TEXT NOT NULL,"
    "  id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),"
    "  created INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX api_key_rp ON api_key (rp);"

    "CREATE TABLE signing_key ("
    "  number INTEGER PRIMARY KEY,"
    "  rp TEXT NOT NULL,"
    "  kid TEXT NOT NULL UNIQUE,"
    "  algorithm TEXT NOT NULL,"
    "  imported INTEGER NOT NULL CHECK (imported IN (0, 1)),"
    "  jwk BLOB NOT NULL," /* the whole key, as JSON */
    "  created INTEGER NOT NULL,"
    "  retired INTEGER NOT NULL," /* 0: it signs */
    "  expires INTEGER NOT NULL"  /* 0: it signs */
    ") STRICT;"
    "CREATE INDEX signing_key_rp ON signing_key (rp);"
    "CREATE UNIQUE INDEX signing_key_signs ON signing_key (rp, algorithm) WHERE retired = 0;";

/*
 * Imported credentials: where from, whether they ask for the user to be verified, and whether the
 * id is the key's or, of a discoverable one that was listed without, random.
 */
static const char version_5[] =
    "ALTER TABLE credential ADD COLUMN imported TEXT;" /* NULL: enrolled, or by an earlier version */
    "ALTER TABLE credential ADD COLUMN verification INTEGER NOT NULL DEFAULT 0"
    "  CHECK (verification IN (0, 1));"
    "ALTER TABLE credential ADD COLUMN id_unknown INTEGER NOT NULL DEFAULT 0"
    "  CHECK (id_unknown IN (0, 1));";

/*
 * For what looked through a whole table: the passkeys of a name at every relying party, and of a
 * uid; the system accounts, beside any number of users of applications; tickets that are over.
 */
static const char version_6[] =
    "CREATE INDEX account_any_rp ON account (name, uid);"
    "CREATE INDEX account_uid ON account (uid) WHERE uid <> 4294967295;"
    "CREATE INDEX account_system ON account (id) WHERE orphaned = 0 AND uid <> 4294967295;"
    "CREATE INDEX ticket_expires ON ticket (expires);";

/* What was decided about an account that has passkeys, the last of it: decision_records.h. */
static const char version_7[] =
    "CREATE TABLE decision ("
    "  id INTEGER PRIMARY KEY," /* in the order in which they were made */
    "  account INTEGER NOT NULL REFERENCES account (id),"
    "  made INTEGER NOT NULL,"
    "  approved INTEGER NOT NULL CHECK (approved IN (0, 1)),"
    "  enrollment INTEGER NOT NULL CHECK (enrollment IN (0, 1)),"
    "  times INTEGER NOT NULL CHECK (times > 0),"
    "  context TEXT NOT NULL,"  /* JSON */
    "  passkey TEXT,"           /* its name then; NULL: none was used */
    "  credential_id BLOB"      /* the same */
    ") STRICT;"
    "CREATE INDEX decision_account ON decision (account, approved, id);";
/* clang-format on */

const char *const store_schema_steps[] = {version_1, version_2, version_3, version_4,
                                          version_5, version_6, version_7};
const size_t store_schema_version = sizeof(store_schema_steps) / sizeof(store_schema_steps[0]);
