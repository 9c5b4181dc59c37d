# SPDX-License-Identifier: BSD-2-Clause
"""The commands of doc/fleet.md, run as they stand there, and the files that it shows."""

import os
import pwd
import re
import shutil
import subprocess

import pytest

import hosts
import ldap_directory
import namespace
import postgresql_servers as servers
from hosts import parts
from test_document_commands import BOX, STATUS, pattern_of, textwrap

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROMPT = re.compile(r"^(\w+)@(\w+)([$#]) (.+)$")
DATABASE = "127.0.0.1"
SERVER = """
ssl = on
ssl_cert_file = '{base}/server.crt'
ssl_key_file = '{base}/server.key'
password_encryption = scram-sha-256
"""
FILES = {"/root/owner.password": "the owner's\n",
         "/etc/passkey/store-postgresql.password": "web1's own\n"}


def read():
    with open(f"{TOP}/doc/fleet.md", encoding="utf-8") as file:
        return file.read()


def section(title):
    return re.search(rf"(?ms)^## {re.escape(title)}$.*?(?=^## |\Z)", read())[0]


def commands_of(body):
    """User, host, command, what it shows and what it ends with."""
    found = []
    for line in body.splitlines():
        prompt, status = PROMPT.match(line), STATUS.match(line)
        if prompt:
            assert (prompt[1] == "root") == (prompt[3] == "#"), line
            found.append([prompt[1], prompt[4], [], 0])
        elif status:
            found[-1][3] = int(status[1])
        else:
            found[-1][2].append(line)
    return found


@pytest.fixture(name="database")
def database_(folder, program):
    """db1.example.org, with a certificate, and nothing in it."""
    authority = ldap_directory.Authority(folder + "/ca")
    authority.issue("db1", "/CN=db1.example.org",
                    "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:db1.example.org")
    server = servers.Server(folder, "db1", DATABASE, port=5432).init()
    for ending in ("crt", "key"):
        to = f"{server.base}/server.{ending}"
        shutil.copy(authority.path(f"db1.{ending}"), to)
        shutil.chown(to, servers.USER)
        os.chmod(to, 0o600)
    server.configure(SERVER.format(base=server.base))
    # The lines of the document, and the administrator's own way in.
    hba = re.search(r"(?m)^hostssl .*$", read())[0]
    with open(f"{server.data}/pg_hba.conf", "w", encoding="utf-8") as file:
        file.write(f"local all postgres trust\n{hba}\n")
    server.start(wait=False)
    servers.until(lambda: os.path.exists(f"{server.base}/.s.PGSQL.5432"))
    server.authority = authority
    yield server
    server.stop()


@pytest.fixture(name="machine")
def machine_(database):
    assert database.process.poll() is None
    parts.reset_state()
    namespace.write("/etc/hosts", f"{DATABASE} db1.example.org\n127.0.0.1 localhost\n"
                    "127.0.0.1 web1.example.org web1\n")
    shutil.copy(database.authority.path("ca.crt"), "/etc/passkey/database-ca.crt")
    for path, text in FILES.items():
        namespace.write(path, text, 0o600)
    machine = parts.Machine()
    machine.start_bus()
    yield machine
    machine.close()


def run(database, user, command):
    """As the database's administrator, or as root of web1."""
    environment = dict(os.environ, PGHOST=database.base, LC_ALL="C.UTF-8")
    as_user = {}
    if user == "postgres":
        entry = pwd.getpwnam(servers.USER)
        as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    else:
        assert user == "root"
        environment["PATH"] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(["sh", "-c", command], env=environment, cwd="/", text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **as_user)


def test_several_gateways_and_one_database(machine, database):
    store, ran = None, 0
    for kind, label, body in BOX.findall(section("Several gateways and one database")):
        if kind == "ini":
            namespace.write(re.fullmatch(r" in (/\S+)", label)[1], textwrap.dedent(body))
        if kind == "console" and label.startswith(" not run: "):
            assert "systemctl" in body and store is None
            store = machine.start(["/usr/libexec/passkey/passkey-store-postgresql", "--socket",
                                   socket_path()])
            servers.until(lambda: os.path.exists(socket_path()))
            os.chown(socket_path(), namespace.DAEMON_ID, -1)
        elif kind == "console":
            for user, command, shows, status in commands_of(body):
                done = run(database, user, command)
                assert done.returncode == status, (command, done.stdout)
                if shows:
                    assert pattern_of(shows).fullmatch(done.stdout), (command, done.stdout)
                else:
                    assert not done.stdout, (command, done.stdout)
                ran += 1
    assert ran >= 15 and store.poll() is None


def socket_path():
    folder = "/run/passkey-store-postgresql"
    os.makedirs(folder, mode=0o755, exist_ok=True)
    return folder + "/socket"


@pytest.mark.parametrize("name", re.findall(r"`(tests/\S+)`", read()))
def test_tests_that_it_names_are_there(name):
    assert os.path.exists(f"{TOP}/{name}"), name
    assert hosts.INTEGRATION
