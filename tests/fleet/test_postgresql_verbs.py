# SPDX-License-Identifier: BSD-2-Clause
"""Every verb at a real server, as SQLite has them; were this broken, a relying party that moves to
PostgreSQL would get other answers, or have something spent by two hosts."""

import json
import os
import subprocess

import pytest

import postgresql_servers as servers
from conftest import BUILD, npm_engine

VERBS = ["verbs", "keys", "orphans", "decisions", "races"]


@pytest.fixture(scope="module", name="engine",
                params=["debian", pytest.param("npm", marks=pytest.mark.slow)])
def engine_(request, program, folder):
    """Of Debian's PostgreSQL, and of a newer one."""
    if request.param == "debian":
        return servers.debian_binaries(), None
    found, why = npm_engine(folder)
    if why:
        pytest.skip(why)
    return found


@pytest.fixture(name="reset")
def reset_(server, folder):
    """A command that empties the store; psql is not this test's to wait for at each of hundreds."""
    path = os.path.join(folder, "reset")
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\nexec psql -XqAt -h {server.address} -p {server.port} -U postgres "
                  f"-d passkeyd -c '{server.empty_statement()}'\n")
    os.chmod(path, 0o755)
    return path


@pytest.mark.parametrize("name", VERBS)
def test_the_tests_of_the_verbs(name, host, reset):
    program = os.path.join(BUILD, "tests/unit/remote_store_" + name)
    if not os.path.exists(program):
        servers.run(["make", "-s", "-C", BUILD, "tests/unit/remote_store_" + name])
    env = dict(os.environ, PASSKEYD_TEST_STORE=host().socket, PASSKEYD_TEST_STORE_RESET=reset,
               PASSKEYD_TEST_STORE_CEREMONIES="1", srcdir=os.path.join(BUILD, "source"))
    done = subprocess.run([program], env=env, cwd=BUILD, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout


def test_ceremony_ticket_and_code_are_spent_once(server, host, driver):
    server.empty()
    stores = [host("host1"), host("host2")]
    said = json.loads(servers.run([driver, "race", "40", *(store.socket for store in stores)]))
    assert said == {"rounds": 120, "wrong": 0, "failures": 0}


def test_a_slower_host_does_not_lower_a_counter(server, host, driver):
    """Both have verified a signature; the one with the higher counter wrote first."""
    server.empty()
    store = host()

    def ask(verb):
        return json.loads(servers.run([driver, "ask", store.socket, verb, "blue"]))["status"]

    assert ask("enroll") == "ok"
    server.sql("UPDATE passkeyd.credential SET sign_count = 7, last_used = 5000000000")
    assert ask("count") == "ok"
    assert server.sql("SELECT sign_count, last_used FROM passkeyd.credential") == "7|5000000000"


def test_what_was_begun_has_its_limit(server, host, driver):
    """The oldest of those that nobody in particular has begun makes room."""
    server.empty()
    store = host()
    server.sql("INSERT INTO passkeyd.ceremony SELECT 'shop', 'old-' || n, 'data', 4000000000 + n, "
               "n > 19990 FROM generate_series(1, 20000) AS n; ANALYZE passkeyd.ceremony")

    def begin(name):
        return json.loads(servers.run([driver, "ask", store.socket, "begin", name]))["status"]

    assert begin("one") == "ok"
    assert server.sql("SELECT count(*) FROM passkeyd.ceremony") == "20000"
    assert server.sql("SELECT min(expires) FROM passkeyd.ceremony WHERE anonymous") == "4000019992"
    server.sql("UPDATE passkeyd.ceremony SET anonymous = false")
    assert begin("two") == "limit-exceeded"
    server.sql("DELETE FROM passkeyd.ceremony WHERE id = 'old-5'")
    assert begin("one") == "exists"
    server.sql("UPDATE passkeyd.ceremony SET expires = 1000")
    assert begin("three") == "ok"
    assert server.sql("SELECT count(*) < 20000 FROM passkeyd.ceremony") == "t"


def test_migration_is_made_once(server, program, folder):
    config = servers.write_config(folder, "again.conf", [server], "passkey_owner")
    assert servers.run([program, "--migrate", "--config", config]) == \
        "The schema is version 1 already.\n"
    with pytest.raises(servers.Failed, match="permission denied"):
        config = servers.write_config(folder, "host.conf", [server], "host1")
        servers.run([program, "--migrate", "--config", config])


def test_many_hosts_may_migrate_at_once(server, program, folder):
    server.sql("CREATE DATABASE second OWNER passkey_owner", database="postgres")
    config = servers.write_config(folder, "second.conf", [server], "passkey_owner")
    with open(config, encoding="utf-8") as file:
        text = file.read().replace("database = passkeyd", "database = second")
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    each = [subprocess.Popen([program, "--migrate", "--config", config], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True) for _ in range(4)]
    said = sorted(one.communicate()[0] for one in each)
    assert said == ["The schema is version 1 already.\n"] * 3 + \
        ["The schema was version 0 and is version 1.\n"]
    server.sql("DROP DATABASE second", database="postgres")
