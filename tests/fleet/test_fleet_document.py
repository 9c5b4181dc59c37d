# SPDX-License-Identifier: BSD-2-Clause
"""The commands of doc/fleet.md, run as they stand there, and the files that it shows."""

import os
import pwd
import re
import shutil
import subprocess

import pexpect
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
FILES = {"/etc/passkey/database-owner.password": "the owner's\n",
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


@pytest.fixture(name="database_machine")
def database_machine_(database):
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


def run(user, command, **variables):
    """As the database's administrator, or as root of web1."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", **variables)
    as_user = {}
    if user == "postgres":
        entry = pwd.getpwnam(servers.USER)
        as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    else:
        assert user == "root"
        environment["PATH"] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(["sh", "-c", command], env=environment, cwd="/", text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **as_user)


def follow(title, start_store, replaced=(), **variables):
    """Types what stands there; how many commands it were."""
    ran = 0
    for kind, label, body in BOX.findall(section(title)):
        body = textwrap.dedent(body)
        if kind == "ini":
            for before, after in replaced:
                body = body.replace(before, after)
            namespace.write(re.fullmatch(r" in (/\S+)", label)[1], body)
        if kind == "console" and label.startswith(" not run: there is no systemd"):
            assert "systemctl" in body
            start_store()
        elif kind == "console" and not label:
            for user, command, shows, status in commands_of(body):
                done = run(user, command, **variables)
                said = done.stdout
                for before, after in replaced:
                    said = said.replace(after, before)
                assert done.returncode == status, (command, said)
                if shows:
                    assert pattern_of(shows).fullmatch(said), (command, said)
                else:
                    assert not said, (command, said)
                ran += 1
    return ran


def type_on_a_terminal(machine, title, answers, replaced):
    """What the section shows: questions end in a colon and are answered in their order; what is
    left out is "..."."""
    body = re.search(r"(?ms)^```console not run: it asks on a terminal[^\n]*\n(.*?)^```$",
                     section(title))[1]
    for before, after in replaced:
        body = body.replace(before, after)
    (user, command, shows, status), = commands_of(body)
    child = machine.terminal(user, command.split())
    for line in shows:
        if line != "...":
            child.expect(re.escape(line))
        if line.endswith(":"):
            child.sendline(answers.pop(0))
    child.expect(pexpect.EOF)
    child.close()
    assert not answers and child.exitstatus == status, child.before


def start_store(machine, kind, *arguments):
    path = socket_path(kind)
    if os.path.exists(path):  # of a test before
        os.unlink(path)
    machine.start([f"/usr/libexec/passkey/passkey-store-{kind}", "--socket", path, *arguments])
    servers.until(lambda: os.path.exists(path))
    os.chown(path, namespace.DAEMON_ID, -1)
    machine.kill_daemon()


def test_several_gateways_and_one_database(database_machine, database):
    machine = database_machine
    assert follow("Several gateways and one database",
                  lambda: start_store(machine, "postgresql"), PGHOST=database.base) >= 15


def test_passkeys_in_the_directory(tmp_path):
    """A host that has a passkey in a file of its own moves to the directory."""
    from softkey import SoftKeys
    accounts = [(name, namespace.PEOPLE[name]) for name in ("alice", "bob")]
    with ldap_directory.Directory(accounts=accounts) as directory:
        parts.reset_state()
        machine = parts.Machine()
        machine.start_bus()
        authority = directory.authority
        for name, path in (("ca.crt", "directory-ca.crt"), ("enrol.crt", "store-ldap.crt"),
                           ("enrol.key", "store-ldap.key")):
            shutil.copy(authority.path(name), "/etc/passkey/" + path)
        try:
            with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
                machine.program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
                machine.configure("[rp default]\nid = example.org\n")
                keys.add("blue").set(touch="immediate")
                machine.enrol("alice", "blue")
            machine.kill_daemon()
            state = "/var/lib/passkey-store-ldap"
            shutil.rmtree(state, ignore_errors=True)
            replaced = [(f"ldaps://ldap{number}.example.org", server.uri)
                        for number, server in enumerate(directory.servers, 1)]
            assert follow("Passkeys in the accounts' directory",
                          lambda: start_store(machine, "ldap", "--state", state), replaced) >= 6
        finally:
            machine.close()


def test_enrolling_with_the_directorys_password(tmp_path):
    """A host that may add nothing."""
    from softkey import SoftKeys
    title = "Enrolling with the directory's password"
    accounts = [("alice", namespace.PEOPLE["alice"])]
    with ldap_directory.Directory(accounts=accounts) as directory:
        parts.reset_state()
        machine = parts.Machine()
        machine.start_bus()
        for name, path in (("ca.crt", "directory-ca.crt"), ("host1.crt", "store-ldap.crt"),
                           ("host1.key", "store-ldap.key")):
            shutil.copy(directory.authority.path(name), "/etc/passkey/" + path)
        replaced = [(f"ldaps://ldap{number}.example.org", server.uri)
                    for number, server in enumerate(directory.servers, 1)]
        try:
            with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
                program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
                keys.add("blue").set(touch="immediate")

                def enrol():
                    with open("/etc/passkey/passkeyd.conf", "a", encoding="utf-8") as file:
                        file.write(f"\n[authenticator]\nprogram = {program}\n")
                    start_store(machine, "ldap", "--state", str(tmp_path))
                    ldap_directory.until("the store follows a server", lambda: "ldaps://" in run(
                        "root", "passkeyctl status").stdout)
                    type_on_a_terminal(machine, title, [
                        namespace.password("alice"), ldap_directory.SECRET], replaced)

                assert follow(title, enrol, replaced) == 1
            assert directory.servers[0].names()
        finally:
            machine.close()


def socket_path(kind):
    folder = f"/run/passkey-store-{kind}"
    os.makedirs(folder, mode=0o755, exist_ok=True)
    return folder + "/socket"


@pytest.mark.parametrize("name", re.findall(r"`(tests/\S+)`", read()))
def test_tests_that_it_names_are_there(name):
    assert os.path.exists(f"{TOP}/{name}"), name
    assert hosts.INTEGRATION
