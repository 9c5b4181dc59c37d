#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One relying party by 1, 2 and 4 hosts of one database, whole ceremonies over HTTP.

    make bench/http_load
    tests/integration/support/namespace.py --bare --build DIR -- bench/fleet.py [--rounds N]
        [--ceremonies N] [--connections N] [--accounts N] [--json FILE]

Each host is a passkey-gateway, a passkeyd and a passkey-store-postgresql; the database is a primary
with a synchronous standby, both with fsync. All of them, and the client, are on one machine. One,
two and four of the hosts take turns with the same number of connections, and what is asked for
options goes to one host or another. Processor time is of all the processes of a kind together, for
one sign-in: unlike the rate it hardly depends on what else the machine does.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / part) for part in ("tests/fleet", "tests/integration/support",
                                             "tests/lib", "bench")]
import hosts  # noqa: E402
import namespace  # noqa: E402
import postgresql_servers as servers  # noqa: E402
from figures import processor_seconds  # noqa: E402
from hosts import parts  # noqa: E402

COUNTS = (1, 2, 4)
USERS = ("alice", "bob", "carol", "dave")
UNLIMITED = "requests-per-second-per-address = 1000000\nrequests-per-second-per-key = 1000000\n"
FSYNC = "fsync = on\nshared_buffers = 256MB\nmax_wal_size = 8GB\ncheckpoint_timeout = 30min\n" \
        "max_connections = 300\n"
FRONT = ("gateway", "daemon", "store")
DATABASE = ("backends", "primary's others")


def drain(stream):
    while os.read(stream.fileno(), 1 << 20):
        pass


def words_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


class Fleet:
    def __init__(self, folder, options):
        self.options = options
        self.program = os.path.join(options.build, "store/postgresql/passkey-store-postgresql")
        self.primary = servers.Server(folder, "primary").init()
        self.primary.configure(FSYNC)
        self.primary.start()
        self.primary.make_database()
        self.primary.migrate(self.program, folder)
        self.primary.fill(options.accounts, party="portal")
        self.primary.sql("VACUUM ANALYZE")
        self.standby = servers.Server(folder, "standby")
        self.standby.clone_of(self.primary).start()
        self.primary.demand(self.standby)
        self.primary.sql("CHECKPOINT")
        self.machine = parts.Machine()
        self.hosts = [self.make_host(folder, number) for number in range(max(COUNTS))]
        self.key = self.hosts[0].api_key()
        self.clients = {count: self.make_client(count) for count in COUNTS}

    def make_host(self, folder, number):
        name = f"host{number + 1}"
        store = servers.Store(self.program, folder, name, [self.primary], f"host{number % 2 + 1}")
        os.chown(store.socket, namespace.DAEMON_ID, -1)
        host = hosts.Host(self.machine, name, "postgresql", store.socket, USERS[number], UNLIMITED)
        host.store = store
        # Their logs; what nobody reads would fill the pipes.
        for stream in (host.gateway.process.stderr, host.private.daemon.stderr):
            threading.Thread(target=drain, args=[stream], daemon=True).start()
        return host

    def make_client(self, count):
        ports = ",".join(str(host.gateway.port) for host in self.hosts[:count])
        return subprocess.Popen(
            [self.options.load, ports, str(self.options.connections), "portal.example.org",
             hosts.ORIGIN, "/portal", self.key], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)

    def pids(self, client):
        found = {"gateway": [host.gateway.process.pid for host in self.hosts],
                 "daemon": [host.private.daemon.pid for host in self.hosts],
                 "store": [host.store.process.pid for host in self.hosts],
                 "backends": [], "primary's others": [], "standby": self.standby.pids(),
                 "client": [client.pid]}
        for pid in self.primary.pids():
            served = words_of(pid).startswith("postgres: host")
            found["backends" if served else "primary's others"].append(pid)
        return found

    def spent(self, client):
        return {kind: {pid: processor_seconds(pid) for pid in pids if words_of(pid)}
                for kind, pids in self.pids(client).items()}

    def turn(self, count, kind, ceremonies):
        client = self.clients[count]
        before = self.spent(client)
        client.stdin.write(f"{kind} {ceremonies}\n")
        client.stdin.flush()
        line = client.stdout.readline()
        if not line:
            sys.exit("a ceremony failed; see above")
        numbers = [float(word) for word in line.split()]
        after = self.spent(client)
        us = {part: sum(seconds - before[part].get(pid, 0) for pid, seconds in each.items())
              / ceremonies * 1e6 for part, each in after.items()}
        return {"a_second": ceremonies / numbers[1], "options_p50_us": numbers[2],
                "options_p99_us": numbers[3], "finish_p50_us": numbers[4],
                "finish_p99_us": numbers[5], "us": us}

    def close(self):
        for client in self.clients.values():
            client.stdin.close()
            client.wait()
        for host in self.hosts:
            host.close()
            host.store.stop()
        self.standby.kill()
        self.primary.stop()


def median(turns, value):
    return statistics.median(value(turn) for turn in turns)


def summary(turns):
    """Medians of the turns of one number of hosts."""
    us = {part: median(turns, lambda turn, part=part: turn["us"][part]) for part in turns[0]["us"]}
    front = median(turns, lambda turn: sum(turn["us"][part] for part in FRONT))
    database = median(turns, lambda turn: sum(turn["us"][part] for part in DATABASE))
    busy = median(turns, lambda turn: sum(turn["us"].values()) * turn["a_second"] / 1e6)
    names = [name for name in turns[0] if name != "us"]
    return {**{name: round(median(turns, lambda turn, name=name: turn[name])) for name in names},
            "us": {part: round(value) for part, value in us.items()}, "front_us": round(front),
            "database_us": round(database), "busy_processors": round(busy, 2)}


def report(figures):
    print("hosts  sign-ins/s  ratio  finish p50      p99  busy   us of processor a sign-in")
    for count, each in figures["hosts"].items():
        print(f"{count:5}{each['a_second']:12}{each['ratio']:7.2f}{each['finish_p50_us']:12}"
              f"{each['finish_p99_us']:9}{each['busy_processors']:6}   "
              + "  ".join(f"{part} {value}" for part, value in each["us"].items()))
    one = figures["hosts"]["1"]
    print(f"A processor of gateway, daemon and store carries {1e6 / one['front_us']:.0f} sign-ins "
          f"a second; one of the primary {1e6 / one['database_us']:.0f}: it is as busy as "
          f"{one['front_us'] / one['database_us']:.1f} processors of hosts.")


def measure(options, folder):
    fleet = Fleet(folder, options)
    try:
        for count in COUNTS:
            fleet.turn(count, "register", options.connections * 8)
            fleet.turn(count, "sign-in", options.warm_up)
        turns = {count: [] for count in COUNTS}
        for number in range(options.rounds):
            for count in COUNTS if number % 2 == 0 else COUNTS[::-1]:
                turns[count].append(fleet.turn(count, "sign-in", options.ceremonies))
    finally:
        fleet.close()
        fleet.machine.close()
    figures = {"processors": os.cpu_count(), "connections": options.connections,
               "rounds": options.rounds, "ceremonies": options.ceremonies,
               "passkeys": 2 * options.accounts,
               "hosts": {str(count): summary(each) for count, each in turns.items()}}
    for count in COUNTS:
        figures["hosts"][str(count)]["ratio"] = statistics.median(
            many["a_second"] / one["a_second"] for many, one in zip(turns[count], turns[1]))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--ceremonies", type=int, default=2000, help="in a turn")
    parser.add_argument("--warm-up", type=int, default=500, help="before the first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32, help="over all hosts")
    parser.add_argument("--accounts", type=int, default=50000, help="that are there already")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--build", default=os.environ.get("top_builddir", "."))
    parser.add_argument("--load", default=os.path.join(os.environ.get("top_builddir", "."),
                                                       "bench/http_load"))
    options = parser.parse_args()
    if namespace.MARK not in os.environ:
        sys.exit("fleet.py: run it inside of tests/integration/support/namespace.py")
    parts.reset_state()
    folder = tempfile.mkdtemp(prefix="passkeyd-fleet.")
    os.chmod(folder, 0o755)
    try:
        figures = measure(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report(figures)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)
            out.write("\n")


if __name__ == "__main__":
    main()
