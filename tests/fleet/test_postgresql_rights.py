# SPDX-License-Identifier: BSD-2-Clause
"""What a stolen login of one host opens: the relying parties that it serves, and of these no key is
ever exchanged; were this broken, one gateway could let people in at everybody else's."""

import json
import os
import socket
import struct
import subprocess
import threading
import time

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


def psql(server, text):
    """The thief's, which stays where it is."""
    return subprocess.Popen(
        ["psql", "-XqAt", "-h", server.address, "-p", str(server.port), "-U", "host3", "-d",
         "passkeyd", "-c", text + "; SELECT pg_sleep(600)"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def waits(server):
    """The thief, for nothing any more."""
    return server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'host3' "
                      "AND wait_event = 'PgSleep'") == "1"


@pytest.mark.parametrize("statement", [
    "DELETE FROM passkeyd.ceremony WHERE id = 'spent'",
    "SELECT FROM passkeyd.ceremony WHERE id = 'spent' FOR UPDATE"])
def test_what_a_thief_takes_and_gives_back_is_taken_once(thief, server, host, driver, statement):
    """Begun in one session and rolled back: nobody has it meanwhile, and one has it then."""
    assert thief("SELECT 1") == "1"
    store = host("host1")

    def ask(verb):
        begun = time.monotonic()
        said = json.loads(servers.run([driver, "ask", store.socket, verb, "spent"]))["status"]
        assert time.monotonic() - begun < 5
        return said

    assert ask("begin") == "ok"
    with psql(server, "BEGIN; " + statement) as session:
        servers.until(lambda: waits(server))
        assert ask("take") in ("storage", "timeout")
        session.terminate()
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'host3'")
    servers.until(lambda: not waits(server))
    took = [ask("take") for _ in range(2)]
    assert took in (["ok", "not-found"], ["not-found", "not-found"])


def test_rows_that_a_thief_locks_are_its_own(thief, server, host, driver):
    """Of its own relying party and of what all share; the others go on as soon as it is out."""
    assert thief("SELECT 1") == "1"
    store = host("host1")

    def look():
        return json.loads(servers.run([driver, "ask", store.socket, "look", "none"]))["status"]

    with psql(server, "BEGIN; UPDATE passkeyd.credential SET sign_count = 0; "
              "UPDATE passkeyd.account SET icon = 'x'"):
        servers.until(lambda: waits(server))
        assert look() == "not-found"
        assert server.sql("SELECT rp FROM passkeyd.account FOR UPDATE SKIP LOCKED") == "bank"
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'host3'")


class Neighbour(threading.Thread):
    """Takes the port of a server that is away, and asks for the password."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address, self.port = self.listener.getsockname()
        self.got = b""
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        self.got += connection.recv(4096)
        connection.sendall(b"N")
        self.got += connection.recv(4096)
        connection.sendall(b"R" + struct.pack(">II", 8, 3))
        self.got += connection.recv(4096)
        connection.close()


def test_a_neighbour_in_the_servers_place_is_told_nothing(program, folder):
    """Where certificates are given, the server is held to them on this host as well."""
    neighbour = Neighbour()
    with open(os.path.join(folder, "password"), "w", encoding="utf-8") as file:
        file.write("the-hosts-own\n")
    os.chmod(file.name, 0o600)
    config = servers.write_config(folder, "neighbour.conf", [neighbour], "host1",
                                  password_file=os.path.join(folder, "password"),
                                  root_certificates="/etc/ssl/certs/ca-certificates.crt")
    done = subprocess.run([program, "--check", "--config", config], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    neighbour.join(10)
    assert done.returncode == 1 and "SSL" in done.stdout, done
    assert b"the-hosts-own" not in neighbour.got and len(neighbour.got) == 8, neighbour.got


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
        "synchronous_standby_names is empty: after a failover what was used up can be used again",
        "127.0.0.1 is believed without a certificate, and whoever is on this host can take its "
        "port while the server is away: name the folder of the server's socket, or "
        "root-certificates"])
    server.sql("DROP ROLE stranger; DROP ROLE host4")
