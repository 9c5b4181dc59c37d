# SPDX-License-Identifier: BSD-2-Clause
"""Servers that hang, die and come back; were this broken, a passkey that was confirmed would be
gone after a failover, or what was used up could be used again."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

import postgresql_servers as servers

ANSWERED_MS = 3000  # a store that is wedged delays nobody longer


class Pair:
    """A primary and a synchronous standby at two addresses, as hosts list them."""

    def __init__(self, folder, program):
        self.folder = os.path.join(folder, "pair")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        self.primary = servers.Server(self.folder, "one", "127.0.0.2").init().start()
        self.primary.make_database()
        self.primary.migrate(program, self.folder)
        self.standby = servers.Server(self.folder, "two", "127.0.0.3", self.primary.port)
        self.standby.clone_of(self.primary).start()
        self.diverged = False  # the standby was a primary that another took over from
        self.primary.demand(self.standby)

    def heal(self):
        """As it was made, whatever a test has left."""
        if not self.primary.lives():
            self.primary.start()
        if self.diverged:
            if self.standby.lives():
                self.standby.kill()
            self.take_back()
        elif not self.standby.lives():
            self.standby.start()
        self.primary.demand(self.standby)
        self.primary.empty()

    def fail_over(self):
        """The standby takes over from a primary that was killed, or does not answer."""
        self.primary, self.standby = self.standby, self.primary
        self.diverged = True
        self.primary.promote()
        self.primary.demand(None)

    def take_back(self):
        self.standby.rewind_to(self.primary).start()
        self.diverged = False
        self.primary.demand(self.standby)

    def stop(self):
        for server in (self.standby, self.primary):
            if server.lives():
                server.kill()
        shutil.rmtree(self.folder)


@pytest.fixture(name="made_pair", scope="module")
def made_pair_(folder, program):
    pair = Pair(folder, program)
    yield pair
    pair.stop()


@pytest.fixture(name="pair")
def pair_(made_pair):
    made_pair.heal()
    return made_pair


@pytest.fixture(name="stores")
def stores_(pair, program):
    """Two hosts' stores, which begin at either address."""
    both = [servers.Store(program, pair.folder, "host1", [pair.primary, pair.standby], "host1"),
            servers.Store(program, pair.folder, "host2", [pair.standby, pair.primary], "host2")]
    yield both
    for store in both:
        store.stop()


@pytest.fixture(name="ask")
def ask_(driver):
    def ask(store, verb, name):
        said = json.loads(servers.run([driver, "ask", store.socket, verb, name]))
        assert said["ms"] <= ANSWERED_MS
        return said["status"], said["words"]
    return ask


@pytest.mark.slow
def test_a_server_that_hangs_is_given_up_in_time(pair, stores, ask):
    assert ask(stores[0], "enroll", "blue") == ("ok", "")
    pair.primary.send(signal.SIGSTOP)
    pair.standby.send(signal.SIGSTOP)
    try:
        status, words = ask(stores[0], "look", "blue")
        assert (status, words.split("127.")[0]) == ("storage", "the database server ")
        assert words.endswith("did not answer in time")
        assert ask(stores[0], "enroll", "red")[0] == "storage"
    finally:
        pair.standby.send(signal.SIGCONT)
        pair.primary.send(signal.SIGCONT)
    servers.until(lambda: ask(stores[0], "look", "blue")[0] == "ok")


def test_a_server_that_was_started_anew_is_found(pair, stores, ask):
    """What was open has ended in between, and nobody is told that something may have been done."""
    assert ask(stores[0], "enroll", "blue") == ("ok", "")
    pair.primary.stop()
    pair.primary.start()
    pair.primary.demand(pair.standby)
    assert ask(stores[0], "count", "blue") == ("ok", "")


def test_no_server_at_all_is_said_in_words(pair, stores, ask):
    pair.standby.stop()
    pair.primary.stop()
    status, words = ask(stores[0], "look", "blue")
    assert status == "storage"
    assert "Connection refused" in words


def test_a_standby_that_hangs_refuses_what_has_to_be_kept(pair, stores, ask):
    """An answer would say that it is on two servers."""
    assert ask(stores[0], "begin", "one") == ("ok", "")
    pair.standby.send(signal.SIGSTOP)
    try:
        # That may get lost: whoever was to answer it begins again.
        assert ask(stores[1], "begin", "two") == ("ok", "")
        status, words = ask(stores[0], "take", "one")
    finally:
        pair.standby.send(signal.SIGCONT)
    assert status == "storage"
    assert "did not answer in time" in words


def apply_late(standby, delay):
    standby.sql(f"ALTER SYSTEM SET recovery_min_apply_delay = '{delay}'", database="postgres")
    standby.sql("SELECT pg_reload_conf()", database="postgres")


def test_how_far_a_standby_is_behind_is_known_to_whom_it_is_shown(pair, stores, ask):
    begun = itertools.count()

    def lag():
        assert ask(stores[0], "begin", f"late {next(begun)}") == ("ok", "")
        status, milliseconds = ask(stores[0], "lag", "")
        assert status == "ok"
        return int(milliseconds)

    apply_late(pair.standby, "300ms")
    try:
        assert lag() == -1
        pair.primary.sql("GRANT pg_read_all_stats TO host1", database="postgres")
        servers.until(lambda: lag() >= 200)
    finally:
        apply_late(pair.standby, "0")
        pair.primary.sql("REVOKE pg_read_all_stats FROM host1", database="postgres")
    assert lag() == -1


def test_a_wait_that_was_cancelled_is_no_success(pair, stores, ask):
    """The server answers that the row was deleted, and warns that no standby knows."""
    said = []
    assert ask(stores[0], "begin", "one") == ("ok", "")
    pair.standby.send(signal.SIGSTOP)
    try:
        asking = threading.Thread(target=lambda: said.append(ask(stores[0], "take", "one")))
        asking.start()
        servers.until(lambda: pair.primary.sql(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            " AND usename = 'host1'") == "t")
        asking.join()
    finally:
        pair.standby.send(signal.SIGCONT)
    assert said == [("storage", "the wait for a standby was ended: what was asked may not be kept")]


def test_what_was_spent_stays_so_after_a_failover(pair, stores, ask):
    assert ask(stores[0], "begin", "one") == ("ok", "")
    assert ask(stores[0], "enroll", "blue") == ("ok", "")
    assert ask(stores[1], "take", "one") == ("ok", "")
    pair.primary.kill()
    pair.fail_over()
    for store in stores:
        servers.until(lambda store=store: ask(store, "look", "blue")[0] == "ok")
        assert ask(store, "take", "one")[0] == "not-found"


def test_a_primary_that_was_deposed_is_not_believed(pair, stores, ask, program):
    """It takes connections and shows what it had, until somebody tells it."""
    assert ask(stores[0], "enroll", "blue") == ("ok", "")
    pair.primary.send(signal.SIGSTOP)
    pair.fail_over()
    servers.until(lambda: ask(stores[1], "remove", "blue")[0] == "ok")
    pair.standby.send(signal.SIGCONT)
    assert pair.standby.sql("SELECT count(*) FROM passkeyd.credential") == "1"
    late = servers.Store(program, pair.folder, "late", [pair.standby, pair.primary], "host1")
    try:
        seen = [ask(late, "look", "blue")[0]]
        while seen[-1] == "storage":
            seen.append(ask(late, "look", "blue")[0])
        assert (set(seen[:-1]) <= {"storage"}, seen[-1]) == (True, "not-found")
    finally:
        late.stop()


@pytest.mark.parametrize("seconds", [8, pytest.param(120, marks=pytest.mark.slow)])
def test_primaries_killed_again_and_again(pair, stores, driver, seconds):
    """While two hosts enrol, begin, take and count."""
    load = subprocess.Popen([driver, "load", str(seconds), "6", *(s.socket for s in stores)],
                            stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + seconds - 3
    kills = 0
    while time.monotonic() < end and load.poll() is None:
        done = pair.primary.sql("SELECT count(*) FROM passkeyd.credential")
        servers.until(lambda done=done: int(
            pair.primary.sql("SELECT count(*) FROM passkeyd.credential")) > int(done) + 50)
        pair.primary.kill()
        pair.fail_over()
        pair.take_back()
        kills += 1
    said = json.loads(load.communicate(timeout=120)[0])
    print(kills, said)
    assert kills >= seconds // 10
    assert (said["lost"], said["twice"], said["lower"]) == (0, 0, False), said
    assert said["enrolled"] > 100 and said["taken"] > 100 and said["counted"] > 100, said
    assert said["gap_ms"] < 10000, said
