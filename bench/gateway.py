#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ceremonies over HTTP by passkey-gateway, beside @simplewebauthn/server on Node, in one run.

    make bench/http_load bench/bus_load bench/evp_verify
    tests/integration/support/namespace.py --bare --build DIR -- bench/gateway.py [--rounds N]
        [--ceremonies N] [--connections N] [--million N] [--token RS256|ES256|none] [--npm FOLDER]

Both servers take turns with the same client (bench/http_load.c) and connections: new users
register, then sign in without a user name. "per core" is ceremonies a second of processor time, of
all the processes of a server together; each ratio is the median over the rounds. Node has
everything in memory and answers, as the gateway does, with a signed token, or with --token none
without one. FOLDER has node_modules/@simplewebauthn/server, as bench/verify.py leaves it; without
it that server is left out. The daemon's files are in the namespace's memory: what a disk takes is
not in the numbers.

Then the floor, below which no sign-in through two processes gets: two requests over HTTP that the
gateway answers by itself, two Pings that libdbus answers, and what OpenSSL takes alone for the
signature of a sign-in; nothing is read, decided, stored or signed in it. With it, what a call on
D-Bus costs without HTTP, at the daemon's own socket and on the system bus. With --million N
ceremonies more, one in a hundred of them a registration, and the memory of gateway and daemon on
the way.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / part) for part in ("tests/integration/support", "tests/lib", "bench")]
import dbus  # noqa: E402
import dbus.bus  # noqa: E402
import dbus.connection  # noqa: E402

import bus as own_socket  # noqa: E402
import gateway_process as process  # noqa: E402
import machine as parts  # noqa: E402
import namespace  # noqa: E402
import verify  # noqa: E402
import web  # noqa: E402
from figures import Findings, memory, processor_seconds  # noqa: E402

KINDS = ("register", "sign-in")
ORIGIN = "http://localhost"
DAEMON_SOCKET = "/run/passkeyd/socket"
CONFIGURATION = f"""[gateway]
user = {web.USER}
[rp standard]
id = localhost
name = bench
origins = {ORIGIN}
http = standard
"""
UNLIMITED = "requests-per-second-per-address = 1000000\nrequests-per-second-per-key = 1000000\n"


class Server:
    """Something that serves, and a client of its own, which knows who has registered there."""

    def __init__(self, name, program, port, key, pids, connections):
        self.name = name
        self.pids = pids  # by what they are
        self.client = subprocess.Popen(
            [program, str(port), str(connections), "localhost", ORIGIN, "/standard", key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def turn(self, kind, count):
        before = {name: processor_seconds(pid) for name, pid in self.pids.items()}
        self.client.stdin.write(f"{kind} {count}\n")
        self.client.stdin.flush()
        line = self.client.stdout.readline()
        if not line:
            sys.exit(f"{self.name}: a ceremony failed; see above")
        numbers = [float(word) for word in line.split()]
        spent = {name: (processor_seconds(pid) - before[name]) / count
                 for name, pid in self.pids.items()}
        return {"wall": count / numbers[1], "spent": spent, "core": 1 / sum(spent.values()),
                "p50": (numbers[2], numbers[4]), "p99": (numbers[3], numbers[5])}

    def close(self):
        self.client.stdin.close()
        self.client.wait()


def start_gateway(machine, folder):
    machine.configure(CONFIGURATION)
    machine.start_bus()
    daemon = machine.start_daemon()
    key = web.api_key("standard")
    os.makedirs(folder)
    shutil.chown(folder, web.USER)
    gateway = process.Gateway(folder, limits=UNLIMITED, daemon=DAEMON_SOCKET,
                              become=parts.become(web.USER), wait_for="serves standard")
    # Its access log; what nobody reads would fill the pipe.
    threading.Thread(target=drain, args=[gateway.process.stderr], daemon=True).start()
    return gateway, daemon, key


def drain(stream):
    while os.read(stream.fileno(), 1 << 20):
        pass


def start_node(folder, key, token):
    """The process and its port, or None."""
    package = pathlib.Path(folder, "node_modules/@simplewebauthn/server/package.json")
    if not package.exists() or not shutil.which("node"):
        print(f"@simplewebauthn/server is left out: it is not in {folder}")
        return None
    script = pathlib.Path(folder, "simplewebauthn_server.mjs")
    shutil.copy(TOP / "bench" / script.name, script)
    command = ["node", script, "localhost", ORIGIN, key] + ([] if token == "none" else [token])
    node = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    version = json.loads(package.read_text(encoding="utf-8"))["version"]
    print(f"@simplewebauthn/server {version}, token: {token}")
    return node, int(node.stdout.readline())


def compare(servers, options, findings):
    for server in servers:
        for kind in KINDS:
            server.turn(kind, options.warm_up)
    for kind in KINDS:
        turns = {server.name: [] for server in servers}
        for _ in range(options.rounds):
            for server in servers:
                turns[server.name].append(server.turn(kind, options.ceremonies))
        report(kind, turns)
        figures(kind, turns, findings)
    return turns  # of sign-ins


def median(turns, value):
    return statistics.median(value(turn) for turn in turns)


def report(kind, turns):
    print(f"{kind:10}{'per core':>10}{'wall/s':>10}{'options p50':>14}{'p99':>8}"
          f"{'finish p50':>14}{'p99':>8}   (ceremonies a second; microseconds)")
    for name, each in turns.items():
        numbers = [median(each, lambda turn, i=i, p=p: turn[p][i])
                   for i in (0, 1) for p in ("p50", "p99")]
        spent = "  ".join(
            f"{part} {median(each, lambda turn, part=part: turn['spent'][part]) * 1e6:.0f}"
            for part in each[0]["spent"])
        print(f"  {name:8}{median(each, lambda turn: turn['core']):10.0f}"
              f"{median(each, lambda turn: turn['wall']):10.0f}"
              f"{numbers[0]:14.0f}{numbers[1]:8.0f}{numbers[2]:14.0f}{numbers[3]:8.0f}"
              f"   us of processor: {spent}")
    if len(turns) == 2:
        ours, theirs = turns.values()
        pairs = list(zip(ours, theirs))
        ratios = [statistics.median(value(a) / value(b) for a, b in pairs) for value in (
            lambda turn: turn["core"], lambda turn: turn["wall"],
            lambda turn: turn["p99"][0], lambda turn: turn["p99"][1])]
        print(f"  {'ratio':8}{ratios[0]:10.2f}{ratios[1]:10.2f}{'':14}{ratios[2]:8.2f}{'':14}"
              f"{ratios[3]:8.2f}", flush=True)


def figures(kind, turns, findings):
    """Beside Node, where it is there."""
    rows = (("a second of processor time", lambda turn: turn["core"], (">=", 5)),
            ("us, p99 of the call for options", lambda turn: turn["p99"][0], ("<=", 1)),
            ("us, p99 of the call that finishes", lambda turn: turn["p99"][1], ("<=", 1)))
    ours = turns["passkeyd"]
    theirs = turns.get("node")
    for unit, value, goal in rows:
        findings.add(f"gateway: {kind}, {unit.partition(', ')[2] or 'ceremonies'}",
                     unit.partition(",")[0], [value(turn) for turn in ours],
                     ("@simplewebauthn/server", [value(turn) for turn in theirs])
                     if theirs else None, goal if theirs else None)


# --- the bus --------------------------------------------------------------------------------------

def calls_cost(connection, name, call, pids, count):
    """Processor seconds of each process for one call."""
    interface, member, signature, arguments = call
    before = {part: processor_seconds(pid) for part, pid in pids.items()}
    for _ in range(count):
        connection.call_blocking(name, parts.PATH, interface, member, signature, arguments)
    return {part: (processor_seconds(pid) - before[part]) / count for part, pid in pids.items()}


def bus_costs(pids, options):
    """What a call costs by itself. Ping is answered by libdbus: the rest of a call is ours."""
    ping = ("org.freedesktop.DBus.Peer", "Ping", "", ())
    begin = ("org.passkeyd.Gateway1", "BeginAuthentication", "sa{sv}",
             ("standard", parts.vardict({"purpose": "login"})))
    with parts.effective(web.USER):
        ways = {"own socket": (dbus.connection.Connection("unix:path=" + DAEMON_SOCKET), None),
                "system bus": (dbus.bus.BusConnection(parts.ADDRESS), parts.NAME)}
    print("a call on D-Bus, us of processor")
    for member, call in (("Ping", ping), ("BeginAuthentication", begin)):
        for way, (connection, name) in ways.items():
            rounds = [calls_cost(connection, name, call, pids, options.warm_up)
                      for _ in range(options.rounds)]
            shown = "  ".join(
                f"{part} {median(rounds, lambda each, part=part: each[part]) * 1e6:.0f}"
                for part in pids)
            print(f"  {member:20}{way:12}{shown}", flush=True)
    for connection, _ in ways.values():
        connection.close()


def bare_verification(program):
    """Microseconds of processor for one ES256 signature by OpenSSL alone; None: it is not built."""
    if not os.access(program, os.X_OK):
        return None
    _, pairs = verify.workload("ES256", 100)
    return 1e6 / verify.rate_of([program, "sha256", "20", "new"], pairs)


def floor(ours, turns, options, findings):
    """What remains of a sign-in without all that makes it one, beside whole ones of Node's."""
    bare = bare_verification(beside(options, "evp_verify"))
    load = beside(options, "bus_load")
    if not bare or not os.access(load, os.X_OK):
        print("the floor is left out: bench/evp_verify or bench/bus_load is not built")
        return
    callers = own_socket.Callers(load, options.connections)
    costs = []
    for _ in range(options.rounds):
        http = ours.turn("nothing", options.ceremonies)["spent"]["gateway"] * 1e6
        pings = callers.turn("ping", options.ceremonies, ours.pids["daemon"])
        costs.append({"http": http, "bus": pings["daemon"] + pings["callers"]})
    callers.close()
    parts_of_it = {part: median(costs, lambda each, part=part: each[part])
                   for part in ("http", "bus")}
    print(f"floor of a sign-in, us of processor: two requests {parts_of_it['http']:.0f}, "
          f"two Pings {parts_of_it['bus']:.0f} at both ends, one signature verified {bare:.0f}")
    theirs = turns.get("node")
    findings.add("gateway: floor of a sign-in, a second of processor time",
                 "a second of processor time",
                 [1e6 / (each["http"] + each["bus"] + bare) for each in costs],
                 ("@simplewebauthn/server, whole sign-ins", [turn["core"] for turn in theirs])
                 if theirs else None)
    print(findings.line(), flush=True)


def beside(options, program):
    """Of the programs that are built with the load."""
    return os.path.join(os.path.dirname(options.load), program)


# --- memory ---------------------------------------------------------------------------------------

def grow(machine, server, count):
    """One in a hundred registers."""
    print("ceremonies" + "".join(f"{name + ' private KiB':>22}{'resident':>10}"
                                 for name in server.pids))
    done, mark = 0, 1000
    while True:
        shown = [memory(pid) for pid in server.pids.values()]
        print(f"{done:10}" + "".join(f"{private:22}{resident:10}" for private, resident in shown),
              flush=True)
        if done >= count:
            return
        while done < min(mark, count):
            server.turn("register", 10)
            server.turn("sign-in", 990)
            machine.syslog.lines.clear()
            done += 1000
        mark = mark * 10 if mark < 100000 else mark + 100000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--ceremonies", type=int, default=2000, help="of each kind in a turn")
    parser.add_argument("--warm-up", type=int, default=500, help="before the first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--million", type=int, default=0, metavar="N")
    parser.add_argument("--token", choices=["RS256", "ES256", "none"], default="RS256",
                        help="of Node")
    parser.add_argument("--npm", default="/tmp/passkeyd-bench-npm")
    parser.add_argument("--json", metavar="FILE", help="for bench/run")
    parser.add_argument("--load", default=os.path.join(os.environ.get("top_builddir", "."),
                                                       "bench/http_load"))
    options = parser.parse_args()
    if namespace.MARK not in os.environ:
        sys.exit("gateway.py: run it inside of tests/integration/support/namespace.py")
    parts.reset_state()
    machine = parts.Machine()
    gateway, daemon, key = start_gateway(machine, namespace.SCRATCH + "/gateway")
    ours = Server("passkeyd", options.load, gateway.port, key,
                  {"gateway": gateway.process.pid, "daemon": daemon,
                   "dbus-daemon": machine.daemon_bus.pid}, options.connections)
    servers = [ours]
    node = start_node(options.npm, key, options.token)
    if node:
        servers.append(Server("node", options.load, node[1], key, {"node": node[0].pid},
                              options.connections))
    findings = Findings()
    turns = compare(servers, options, findings)
    floor(ours, turns, options, findings)
    findings.write(options.json)
    bus_costs({"daemon": daemon, "dbus-daemon": machine.daemon_bus.pid}, options)
    if options.million:
        grow(machine, ours, options.million)
    for server in servers:
        server.close()
    if node:
        node[0].kill()
    gateway.close()
    machine.close()


if __name__ == "__main__":
    main()
