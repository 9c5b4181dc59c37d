# SPDX-License-Identifier: BSD-2-Clause
"""What a stolen login of one host opens: the relying parties that it serves, and of these no key is
ever exchanged; were this broken, one gateway could let people in at everybody else's."""

import json
import subprocess

import pytest

import postgresql_servers as servers

ROWS = """
INSERT INTO passkeyd.account (rp, name, uid, user_handle, listed, missing_looks, missing_last,
    orphaned, created) SELECT rp, 'alice', 4294967295, 'handle', false, 0, 0, 0, 0
    FROM unnest(ARRAY['shop', 'bank']) AS rp;
INSERT INTO passkeyd.credential (account, rp, rp_id, credential_id, public_key, user_handle, aaguid,
    name, format, attestation_type, trust, sign_count, created, last_used, algorithm, transports,
    cred_protect, backup_eligible, backup_state, payment, discoverable, user_verified, mfa,
    verification, id_unknown)
    SELECT id, rp, rp, rp::bytea, 'key', 'handle', decode(repeat('00', 16), 'hex'), 'blue', 'none',
    'None', 'none', 0, 0, 0, -7, 0, 0, false, false, false, true, true, false, false, false
    FROM passkeyd.account;
INSERT INTO passkeyd.api_key (rp, id, name, hash, created)
    SELECT rp, rp, rp, sha256(rp::bytea), 0 FROM passkeyd.account;
INSERT INTO passkeyd.ceremony SELECT rp, 'one', 'data', 5000000000, false FROM passkeyd.account;
INSERT INTO passkeyd.ticket SELECT sha256(rp::bytea), rp, 'alice', 4294967295, 5000000000
    FROM passkeyd.account;
"""
SHOWN = ["account", "credential", "api_key", "ceremony", "ticket"]


@pytest.fixture(name="thief", scope="module")
def thief_(server):
    """A login that serves the shop; what it says to the server is the thief's own."""
    server.empty()
    server.sql(ROWS)
    server.sql("CREATE ROLE host3 LOGIN IN ROLE passkey_store;"
               "INSERT INTO passkeyd.serves VALUES ('host3', 'shop')")
    yield lambda text: server.sql(text, user="host3")
    server.sql("DELETE FROM passkeyd.serves WHERE role = 'host3'; DROP ROLE host3")


@pytest.mark.parametrize("table", SHOWN)
def test_rows_of_others_are_not_there(thief, table):
    assert thief(f"SELECT DISTINCT rp FROM passkeyd.{table}") == "shop"


@pytest.mark.parametrize("table", SHOWN)
def test_rows_of_others_stay(thief, server, table):
    before = server.sql(f"SELECT count(*) FROM passkeyd.{table} WHERE rp = 'bank'")
    thief(f"BEGIN; DELETE FROM passkeyd.{table} WHERE rp = 'bank'; COMMIT")
    assert server.sql(f"SELECT count(*) FROM passkeyd.{table} WHERE rp = 'bank'") == before == "1"


@pytest.mark.parametrize("statement, why", [
    ("INSERT INTO passkeyd.api_key (rp, id, name, hash, created) VALUES ('bank', 'x', 'x', "
     "sha256('x'), 0)", "row-level security"),
    ("INSERT INTO passkeyd.ceremony VALUES ('bank', 'x', 'x', 5000000000, false)",
     "row-level security"),
    ("INSERT INTO passkeyd.ticket VALUES (sha256('x'), 'bank', 'alice', 4294967295, 5000000000)",
     "row-level security"),
    ("UPDATE passkeyd.credential SET public_key = 'own'", "permission denied"),
    ("UPDATE passkeyd.credential SET rp = 'bank'", "permission denied"),
    ("UPDATE passkeyd.account SET rp = 'bank'", "permission denied"),
    ("UPDATE passkeyd.ticket SET expires = 0", "permission denied"),
    ("UPDATE passkeyd.api_key SET hash = sha256('x')", "permission denied"),
    ("INSERT INTO passkeyd.serves VALUES ('host3', '*')", "permission denied"),
    ("SET SESSION AUTHORIZATION host1", "permission denied"),
    ("TRUNCATE passkeyd.ceremony", "permission denied"),
    ("DROP TABLE passkeyd.ceremony", "must be owner"),
    ("CREATE TABLE passkeyd.own (a int)", "permission denied"),
    ("DELETE FROM passkeyd.fact", "permission denied"),
    ("DELETE FROM passkeyd.migration", "permission denied"),
])
def test_what_is_refused(thief, statement, why):
    with pytest.raises(servers.Failed, match=why):
        thief(statement)


def test_no_passkey_at_an_account_of_others(thief, server):
    """The check of a reference sees every row, and so would not refuse it."""
    bank = server.sql("SELECT id FROM passkeyd.account WHERE rp = 'bank'")
    columns = ("rp_id, public_key, user_handle, aaguid, name, format, attestation_type, trust, "
               "sign_count, created, last_used, algorithm, transports, cred_protect, "
               "backup_eligible, backup_state, payment, discoverable, user_verified, mfa, "
               "verification, id_unknown")
    for rp in ("shop", "bank"):
        with pytest.raises(servers.Failed, match="row-level security"):
            thief(f"INSERT INTO passkeyd.credential (account, rp, credential_id, {columns}) "
                  f"SELECT {bank}, '{rp}', 'own', {columns} FROM passkeyd.credential")
    with pytest.raises(servers.Failed, match="row-level security"):
        thief(f"UPDATE passkeyd.credential SET account = {bank}")


def test_another_role_does_not_serve_more(thief):
    assert thief("SET ROLE passkey_store; SELECT DISTINCT rp FROM passkeyd.account") == "shop"


def test_a_lock_holds_the_others_up_until_the_thief_is_out(thief, server, host, driver):
    """Whoever may change rows may lock their table. The others say so in time, and serve as soon as
    the commands of doc/fleet.md have been typed."""
    assert thief("SELECT 1") == "1"
    store = host("host1")

    def look():
        return json.loads(servers.run([driver, "ask", store.socket, "look", "none"]))["status"]

    assert look() == "not-found"
    with subprocess.Popen(
            ["psql", "-XqAt", "-h", server.address, "-p", str(server.port), "-U", "host3", "-d",
             "passkeyd", "-c", "BEGIN; LOCK TABLE passkeyd.credential IN ACCESS EXCLUSIVE MODE; "
             "SELECT pg_sleep(600)"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        servers.until(lambda: server.sql(
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted "
            "AND relation = 'passkeyd.credential'::regclass") == "1")
        assert look() in ("storage", "timeout")
        server.sql("ALTER ROLE host3 NOLOGIN")
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'host3'")
        servers.until(lambda: look() == "not-found")
        with pytest.raises(servers.Failed, match="not permitted to log in"):
            thief("SELECT 1")
    server.sql("ALTER ROLE host3 LOGIN")


def test_check_names_what_is_missing(server, program, folder):
    server.sql("CREATE ROLE stranger LOGIN; CREATE ROLE host4 LOGIN IN ROLE passkey_store")

    def check(user):
        config = servers.write_config(folder, "check.conf", [server], user)
        done = subprocess.run([program, "--check", "--config", config], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    assert "is no member of passkey_store" in check("stranger")[1]
    assert "serves no relying party" in check("host4")[1]
    assert "is a superuser" in check("postgres")[1]
    assert "owns the schema" in check("passkey_owner")[1]
    code, said = check("host1")
    assert (code, said.splitlines()) == (1, [
        "synchronous_standby_names is empty: after a failover what was used up can be used again"])
    server.sql("DROP ROLE stranger; DROP ROLE host4")
