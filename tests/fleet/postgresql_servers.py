# SPDX-License-Identifier: BSD-2-Clause
"""PostgreSQL servers on loopback, in a temporary folder, as their own user, and their stores.

No service manager is asked: a server is a child that setpriv starts (runuser leaves a parent that
stops with its child). Without fsync, unless what a crash of the whole machine leaves is looked at:
no test does that, and kill -9 loses nothing that the kernel has.
"""

import contextlib
import glob
import os
import signal
import socket
import subprocess
import time

USER = "postgres"
TABLES = ("account", "credential", "fact", "ticket", "recovery_code", "ceremony", "proof",
          "user_transaction", "api_key", "signing_key", "decision")


def debian_binaries():
    """The folder of the newest server that Debian has installed, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"),
                   key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, seconds=30.0):
    """Asks again until what() is true; a test's own events have no other sign."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Failed(Exception):
    """A program that ended with a failure; its text is what it said."""


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        raise Failed(f"{command[0]}: {done.stdout}")
    return done.stdout


class Server:
    """One server. Superuser: postgres, by trust. Servers of one store differ by address alone."""

    def __init__(self, folder, name, address="127.0.0.1", port=None, binaries=None, library=None):
        self.address = address
        self.binaries = binaries or debian_binaries()
        self.library = library
        self.base = os.path.join(folder, name)
        self.name = name
        self.data = os.path.join(self.base, "data")
        self.log = os.path.join(self.base, "log")
        self.port = port or free_port()
        self.process = None
        os.makedirs(self.base, exist_ok=True)
        run(["chown", USER, self.base])

    def as_user(self, program, *arguments, check=True, **options):
        env = dict(os.environ, LC_ALL="C.UTF-8", HOME=self.base)
        for name in [name for name in env if name.startswith("PG")]:
            del env[name]
        if self.library:
            env["LD_LIBRARY_PATH"] = self.library
        command = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups",
                   os.path.join(self.binaries, program), *arguments]
        if not check:
            return subprocess.Popen(command, env=env, cwd=self.base, **options)
        return run(command, env=env, cwd=self.base, **options)

    def init(self):
        self.as_user("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8",
                     "--no-sync", "--locale", "C")
        self.configure(f"""
port = {self.port}
listen_addresses = '{self.address}'
unix_socket_directories = '{self.base}'
fsync = off
wal_log_hints = on
shared_buffers = 64MB
max_connections = 120
max_wal_size = 2GB
wal_keep_size = 256MB
wal_retrieve_retry_interval = 200ms
log_min_messages = warning
""")
        self.append("pg_hba.conf", "host all all 127.0.0.0/8 trust\n"
                    "host replication all 127.0.0.0/8 trust\n")
        return self

    def append(self, file, text):
        with open(os.path.join(self.data, file), "a", encoding="utf-8") as out:
            out.write(text)

    def configure(self, text):
        self.append("postgresql.conf", text)

    def start(self, wait=True):
        log = open(self.log, "ab")  # noqa: SIM115  the server's
        self.process = self.as_user("postgres", "-D", self.data, check=False, stdout=log,
                                    stderr=log, start_new_session=True)
        log.close()
        if wait:
            until(self.answers)
        return self

    def answers(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise Failed(f"{self.name} has ended: {log.read()[-2000:]}")
        try:
            self.sql("SELECT 1", database="postgres")
            return True
        except Failed:
            return False

    def sql(self, text, user=USER, database="passkeyd"):
        """What psql says, unaligned. psql is Debian's for every server."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.address, "-p",
                    str(self.port), "-U", user, "-d", database, "-f", "-"],
                   input=text, env=dict(env, PGCONNECT_TIMEOUT="5")).strip()

    def lives(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, mode=signal.SIGINT):
        if self.lives():
            self.send(signal.SIGCONT)
            self.process.send_signal(mode)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def send(self, number):
        """To the server and its children."""
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pids(self):
        found = [self.process.pid]
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                found.append(int(path.split("/")[2]))
        return found

    def kill(self):
        """All at once, as when the power goes."""
        pids = self.pids()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))

    # --- a database for passkeyd ----------------------------------------------------------------

    def make_database(self):
        self.sql("CREATE ROLE passkey_owner LOGIN; CREATE ROLE passkey_store NOLOGIN;"
                 "CREATE ROLE host1 LOGIN IN ROLE passkey_store;"
                 "CREATE ROLE host2 LOGIN IN ROLE passkey_store;", database="postgres")
        self.sql("CREATE DATABASE passkeyd OWNER passkey_owner", database="postgres")

    def migrate(self, program, folder):
        config = write_config(folder, "owner.conf", [self], "passkey_owner")
        said = run([program, "--migrate", "--config", config])
        self.sql("INSERT INTO passkeyd.serves VALUES ('host1', '*'), ('host2', '*')")
        return said

    def fill_bulk(self, accounts, party="shop"):
        """The same for millions, in a database that has none."""
        with self.without_indexes():
            for first in range(0, accounts, 1000000):
                self.fill(min(1000000, accounts - first), first, party,
                          "SET enable_nestloop = off; SET work_mem = '512MB';")

    def empty(self):
        self.sql(self.empty_statement())

    @staticmethod
    def empty_statement():
        return "TRUNCATE " + ", ".join("passkeyd." + name for name in TABLES)

    @contextlib.contextmanager
    def without_indexes(self):
        """Of accounts and passkeys: they are made again at the end, each from all the rows."""
        about = "('passkeyd.account'::regclass, 'passkeyd.credential'::regclass)"
        constraints = self.sql(f"""
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
        pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype IN ('p', 'u', 'f') AND (conrelid IN {about}
        OR confrelid IN {about}) ORDER BY contype = 'f' DESC, oid""").splitlines()
        drop, add = zip(*(line.split("|", 1) for line in constraints))
        self.sql(";\n".join(drop))
        indexes = self.sql(f"""
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid IN {about}""").splitlines()
        remove, make = zip(*(line.split("|", 1) for line in indexes))
        self.sql(";\n".join(remove))
        yield
        self.sql("SET maintenance_work_mem = '1GB';\n" + ";\n".join((*make, *add[::-1])))

    def fill(self, accounts, first=0, party="shop", settings=""):
        """Accounts of two passkeys each, as store_driver's sign-in asks for them.

        Sizes are of passkeys that were enrolled: ids of 32 bytes in no order, as keys make them."""
        self.sql(f"""
SET synchronous_commit = off;
{settings}
INSERT INTO passkeyd.account (rp, name, uid, user_handle, listed, missing_looks, missing_last,
    orphaned, user_name, display_name, created)
    SELECT '{party}', 'user-' || a, 4294967295, sha512(int8send(a)), false, 0, 0, 0,
        'user-' || a || '@example.org', 'User ' || a, 1700000000
    FROM generate_series({first}::bigint, {first + accounts - 1}) AS a;
INSERT INTO passkeyd.credential (account, rp, rp_id, credential_id, public_key, user_handle, aaguid,
    name, format, attestation_type, trust, sign_count, created, last_used, algorithm, transports,
    cred_protect, backup_eligible, backup_state, payment, discoverable, user_verified, mfa,
    verification, id_unknown)
    SELECT a.id, '{party}', 'example.org', convert_to('c' || lpad(
            ((g.n * 2654435761) % 4294967296)::text, 31, '0'), 'UTF8'),
        sha512(int8send(g.n)) || '\\x01020304050607080910111213'::bytea, a.user_handle,
        '\\x00112233445566778899aabbccddeeff', 'Passkey ' || g.n % 2, 'packed', 'Basic', 'yes', 0,
        1700000000 + g.n, 0, -7, 1, 0, true, true, false, true, true, false, false, false
    FROM generate_series({first * 2}::bigint, {(first + accounts) * 2 - 1}) AS g (n)
    JOIN passkeyd.account a ON a.rp = '{party}' AND a.name = 'user-' || g.n / 2
        AND a.uid = 4294967295 AND a.orphaned = 0;
""")

    # --- a standby ------------------------------------------------------------------------------

    def clone_of(self, primary):
        """A base backup of the primary, which it will follow."""
        self.as_user("pg_basebackup", "-D", self.data, "-h", primary.address, "-p",
                     str(primary.port),
                     "-U", USER, "-c", "fast", "--no-sync")
        return self.follow(primary)

    def follow(self, primary):
        where = f"host={primary.address} port={primary.port} user={USER}"
        self.configure(f"""
port = {self.port}
listen_addresses = '{self.address}'
unix_socket_directories = '{self.base}'
primary_conninfo = '{where} application_name={self.name}'
recovery_target_timeline = 'latest'
synchronous_standby_names = ''
""")
        with open(os.path.join(self.data, "standby.signal"), "w", encoding="utf-8"):
            pass
        return self

    def demand(self, standby):
        """Commits wait for that standby from now on; None: for none."""
        name = standby.name if standby else ""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'", database="postgres")
        self.sql("SELECT pg_reload_conf()", database="postgres")
        if standby:
            until(lambda: self.sql("SELECT count(*) FROM pg_stat_replication "
                                   "WHERE sync_state = 'sync'", database="postgres") == "1")

    def promote(self):
        self.as_user("pg_ctl", "promote", "-D", self.data, "-w", "-t", "30")

    def rewind_to(self, primary):
        """As what was killed comes back: its own recovery, then the new primary's history."""
        pid_file = os.path.join(self.data, "postmaster.pid")
        if os.path.exists(pid_file):
            os.unlink(pid_file)
        self.as_user("postgres", "--single", "-D", self.data, "postgres",
                     stdin=subprocess.DEVNULL)
        primary.sql("CHECKPOINT", database="postgres")
        self.as_user("pg_rewind", "-D", self.data, "--no-sync", "--source-server",
                     f"host={primary.address} port={primary.port} user={USER} dbname=postgres")
        return self.follow(primary)


def write_config(folder, name, servers, user, database="passkeyd", **more):
    path = os.path.join(folder, name)
    lines = ["[postgresql]", "hosts = " + ", ".join(server.address for server in servers),
             f"port = {servers[0].port}", f"database = {database}", f"user = {user}"]
    lines += [f"{key.replace('_', '-')} = {value}" for key, value in more.items()]
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    return path


class Store:
    """A process of passkey-store-postgresql, as one host has it."""

    def __init__(self, program, folder, name, servers, user="host1", **more):
        self.socket = os.path.join(folder, name + ".socket")
        self.log = os.path.join(folder, name + ".log")
        config = write_config(folder, name + ".conf", servers, user, **more)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program, "--config", config, "--socket", self.socket],
                                            stdout=log, stderr=log)
        until(self.listens)

    def listens(self):
        if self.process.poll() is not None:
            raise Failed(self.said())
        return os.path.exists(self.socket)

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def stop(self):
        self.process.terminate()
        return self.process.wait(15)
