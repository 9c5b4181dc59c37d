# SPDX-License-Identifier: BSD-2-Clause
"""The program's options, its configuration and its way to the server; were this broken, a password
or the passkeys would pass by somebody on the network who pretends to be the server."""

import json
import os
import shutil
import stat
import subprocess

import pytest

import postgresql_servers as servers

ADDRESS = "192.0.2.7"  # RFC 5737: nobody's, and not loopback
PASSWORD = "correct horse battery staple"


def say(program, *arguments, **options):
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=60, **options)
    return done.returncode, done.stdout


def test_usage(program):
    code, said = say(program, "--help")
    assert code == 0 and said.startswith("Usage: passkey-store-postgresql")
    assert max(map(len, said.splitlines())) <= 80
    assert say(program, "--version")[0] == 0
    assert say(program, "--wrong")[0] == say(program, "word")[0] == 2


def test_the_schema_is_printed_as_it_is_made(program, server):
    """A DBA who runs it by hand gets what --migrate makes."""
    code, said = say(program, "--print-schema")
    assert code == 0
    server.sql("CREATE DATABASE by_hand OWNER passkey_owner", database="postgres")
    server.sql("CREATE SCHEMA passkeyd; CREATE TABLE passkeyd.migration (version integer PRIMARY "
               "KEY, applied bigint NOT NULL);" + said, user="passkey_owner", database="by_hand")
    seen = [server.sql("SELECT table_name, column_name, data_type FROM information_schema.columns "
                       "WHERE table_schema = 'passkeyd' ORDER BY 1, 2", database=name)
            for name in ("by_hand", "passkeyd")]
    server.sql("DROP DATABASE by_hand", database="postgres")
    assert seen[0] == seen[1]


@pytest.mark.parametrize("text, what", [
    ("", "needs hosts"),
    ("[postgresql]\nhosts = a\nuser = u\n", "needs database"),
    ("[postgresql]\nhosts = a\ndatabase = d\n", "needs user"),
    ("[postgresql]\nhosts = a,,b\n", ":2: hosts has to be names or addresses"),
    ("[postgresql]\nhosts = " + "a, " * 16 + "a\n", ":2: hosts has to be names or addresses"),
    ("[postgresql]\nport = 65536\n", ":2: port has to be a number from 1 to 65535"),
    ("[postgresql]\nport = 0\n", ":2: port has to be a number from 1 to 65535"),
    ("[postgresql]\npassword-file = relative\n", ":2: password-file has to be an absolute path"),
    ("[postgresql]\npassword = secret\n", ":2: password is no key of [postgresql]"),
    ("[postgresql]\nsslmode = disable\n", ":2: sslmode is no key of [postgresql]"),
    ("[sqlite]\nport = 1\n", "the only section is [postgresql]"),
    ("[postgresql]\nhosts = a\ndatabase = d\nuser = u\nclient-key = /k\n",
     "client-certificate and client-key need each other"),
    ("[postgresql]\nhosts = a\ndatabase = d\nuser = u\npassword-file = /nowhere\n",
     "/nowhere: No such file or directory"),
])
def test_a_configuration_that_is_wrong(program, folder, text, what):
    path = os.path.join(folder, "wrong.conf")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    code, said = say(program, "--check-config", "--config", path)
    assert code == 1
    assert what in said


def test_the_environment_is_not_heard(program, server, folder):
    config = servers.write_config(folder, "environment.conf", [server], "passkey_owner")
    env = dict(os.environ, PGOPTIONS="-c search_path=nowhere", PGSSLMODE="require",
               PGSERVICE="nobody", PGTARGETSESSIONATTRS="standby")
    assert say(program, "--migrate", "--config", config, env=env) == \
        (0, "The schema is version 1 already.\n")


def test_the_schema_has_to_be_there(program, server, folder, driver):
    server.sql("CREATE DATABASE empty", database="postgres")
    config = servers.write_config(folder, "empty.conf", [server], "host1", database="empty")
    store = servers.Store(program, folder, "empty", [server], "host1", database="empty")
    said = json.loads(servers.run([driver, "ask", store.socket, "look", "blue"]))
    assert said["status"] == "storage"
    assert "relation 'migration' does not exist" in said["words"]
    code, told = say(program, "--check", "--config", config)
    store.stop()
    server.sql("DROP DATABASE empty", database="postgres")
    assert code == 1
    assert "run passkey-store-postgresql --migrate" in told


def test_the_socket_is_the_daemons_alone(host):
    assert stat.S_IMODE(os.stat(host().socket).st_mode) == 0o600


# --- the network ----------------------------------------------------------------------------------

def openssl(folder, *arguments):
    servers.run(["openssl", *arguments], cwd=folder)


def make_certificate(folder, name, subject, extension, issuer):
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + ".key", "-out", name + ".csr", "-subj", subject)
    with open(os.path.join(folder, name + ".ext"), "w", encoding="utf-8") as out:
        out.write(extension)
    openssl(folder, "x509", "-req", "-in", name + ".csr", "-CA", issuer + ".crt", "-CAkey",
            issuer + ".key", "-CAcreateserial", "-days", "2", "-extfile", name + ".ext", "-out",
            name + ".crt")


@pytest.fixture(name="away", scope="module")
def away_(program, folder):
    """A server on an address that is not loopback, with a certificate for it and with passwords."""
    if "PASSKEYD_PRIVATE_NAMESPACE" not in os.environ:
        pytest.skip("needs an address of its own: scripts/check --fleet")
    servers.run(["ip", "address", "add", ADDRESS + "/32", "dev", "lo"])
    base = os.path.join(folder, "away-files")
    os.mkdir(base)
    for name in ("authority", "stranger"):
        openssl(base, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", name + ".key", "-out", name + ".crt", "-subj", "/CN=" + name,
                "-days", "2")
    make_certificate(base, "server", "/CN=db", f"subjectAltName=IP:{ADDRESS}\n", "authority")
    make_certificate(base, "other", "/CN=db", "subjectAltName=IP:192.0.2.8\n", "authority")
    make_certificate(base, "host2", "/CN=host2", "extendedKeyUsage=clientAuth\n", "authority")
    server = servers.Server(folder, "away", ADDRESS).init()
    for name in ("server", "other"):
        for end in (".key", ".crt"):
            shutil.copy(os.path.join(base, name + end), server.data)
            servers.run(["chown", "postgres", os.path.join(server.data, name + end)])
        os.chmod(os.path.join(server.data, name + ".key"), 0o600)
    shutil.copy(os.path.join(base, "authority.crt"), server.data)
    os.chmod(os.path.join(server.data, "authority.crt"), 0o644)
    server.configure("ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
                     "ssl_ca_file = 'authority.crt'\npassword_encryption = 'scram-sha-256'\n")
    server.append("pg_hba.conf", f"hostssl all host1 {ADDRESS}/32 scram-sha-256\n"
                  f"hostssl all host2 {ADDRESS}/32 cert\nhost all all {ADDRESS}/32 trust\n")
    server.start()
    server.make_database()
    server.sql(f"ALTER ROLE host1 PASSWORD '{PASSWORD}'")
    config = servers.write_config(folder, "owner-away.conf", [server], "passkey_owner",
                                  root_certificates=os.path.join(base, "authority.crt"))
    servers.run([program, "--migrate", "--config", config])
    server.sql("INSERT INTO passkeyd.serves VALUES ('host1', '*'), ('host2', '*')")
    with open(os.path.join(base, "password"), "w", encoding="utf-8") as out:
        out.write(PASSWORD + "\n")
    yield server, base
    server.stop()


@pytest.fixture(name="reach")
def reach_(away, program, folder):
    """What --check says of that server, beside what it says of a server without standby."""
    def reach(user="host1", environment=None, **more):
        config = servers.write_config(folder, "away.conf", [away[0]], user, **more)
        said = say(program, "--check", "--config", config,
                   env=dict(os.environ, **(environment or {})))[1]
        return "\n".join(line for line in said.splitlines()
                         if not line.startswith("synchronous_standby_names"))
    return reach


def test_a_password_over_tls(away, reach):
    base = away[1]
    authority = os.path.join(base, "authority.crt")
    password = os.path.join(base, "password")
    assert reach(root_certificates=authority, password_file=password) == ""
    assert "no password supplied" in reach(root_certificates=authority)
    with open(os.path.join(base, "postgresql-password"), "w", encoding="utf-8") as out:
        out.write(PASSWORD)
    assert reach(root_certificates=authority, environment={"CREDENTIALS_DIRECTORY": base}) == ""
    with open(os.path.join(base, "wrong"), "w", encoding="utf-8") as out:
        out.write("wrong")
    assert "password authentication failed" in reach(
        root_certificates=authority, password_file=os.path.join(base, "wrong"))


def test_a_certificate_in_the_place_of_a_password(away, reach):
    base = away[1]
    assert reach("host2", root_certificates=os.path.join(base, "authority.crt"),
                 client_certificate=os.path.join(base, "host2.crt"),
                 client_key=os.path.join(base, "host2.key")) == ""


def test_a_server_that_nobody_vouches_for(away, reach):
    base = away[1]
    for authority in ({"root_certificates": os.path.join(base, "stranger.crt")}, {}):
        assert "certificate verify failed" in reach(
            password_file=os.path.join(base, "password"), **authority)


def test_a_server_of_another_name(away, reach):
    server, base = away
    given = {"root_certificates": os.path.join(base, "authority.crt"),
             "password_file": os.path.join(base, "password")}

    def present(name):
        server.configure(f"ssl_cert_file = '{name}.crt'\nssl_key_file = '{name}.key'\n")
        server.sql("SELECT pg_reload_conf()", database="postgres")
        servers.until(lambda: server.sql("SHOW ssl_cert_file", database="postgres") ==
                      name + ".crt")

    present("other")
    said = reach(**given)
    present("server")
    assert "does not match host name" in said


def test_a_server_without_tls(away, reach):
    server, base = away
    server.sql("ALTER SYSTEM SET ssl = off", database="postgres")
    server.sql("SELECT pg_reload_conf()", database="postgres")
    servers.until(lambda: server.sql("SHOW ssl", database="postgres") == "off")
    said = reach(root_certificates=os.path.join(base, "authority.crt"),
                 password_file=os.path.join(base, "password"))
    assert "server does not support SSL, but SSL was required" in said


@pytest.mark.parametrize("code, fails, status", [
    ("40001", 3, "ok"), ("40P01", 3, "ok"), ("40001", 1000, "storage"), ("55000", 1, "storage")])
def test_what_the_server_undid_is_tried_again(server, host, driver, code, fails, status):
    """As engines do that undo one of two at once; within the caller's time, and nothing else."""
    store = host("host1")
    server.sql("CREATE SEQUENCE passkeyd.tries; GRANT USAGE ON passkeyd.tries TO passkey_store;"
               "CREATE FUNCTION passkeyd.undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               f"IF nextval('passkeyd.tries') <= {fails} THEN RAISE EXCEPTION 'undone' USING "
               f"ERRCODE = '{code}'; END IF; RETURN NEW; END $$;"
               "CREATE TRIGGER undo BEFORE INSERT ON passkeyd.ceremony FOR EACH ROW "
               "EXECUTE FUNCTION passkeyd.undo()")
    try:
        said = servers.run([driver, "ask", store.socket, "begin", f"undone-{code}-{fails}"])
        assert json.loads(said)["status"] == status, said
        tries = int(server.sql("SELECT last_value FROM passkeyd.tries"))
        assert tries == (fails + 1 if status == "ok" else max(tries, 2) if fails > 1 else 1)
    finally:
        server.sql("DROP FUNCTION passkeyd.undo CASCADE; DROP SEQUENCE passkeyd.tries")
