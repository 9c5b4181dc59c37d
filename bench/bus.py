#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ceremonies at the daemon's own socket, beside two Pings there, in one run.

    make bench/bus_load bench/evp_verify
    tests/integration/support/namespace.py --bare --build DIR -- bench/bus.py [--rounds N]
        [--count N] [--long N] [--json FILE]

Callers with a connection each begin and finish sign-ins without a user name, of an application's
users (bench/bus_load.c); a pair of Pings, which libdbus answers by itself, is the least that two
calls can take. Both take turns, with 1, 4, 16 and 64 callers; each ratio is the median over the
rounds. Printed is the processor time of the daemon as well, and what it holds and does when nobody
calls, beside fprintd where that is installed, which serves fingerprints as this does passkeys. The
daemon's files are in the namespace's memory: what a disk takes is not in the numbers.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / part) for part in ("tests/integration/support", "tests/lib", "bench")]
import dbus  # noqa: E402
import dbus.bus  # noqa: E402

import machine as parts  # noqa: E402
import namespace  # noqa: E402
from figures import Findings, processor_seconds, rollup  # noqa: E402

CALLERS = (1, 4, 16, 64)
SOCKET = "unix:path=/run/passkeyd/socket"
ORIGIN = "https://bench.example"
CONFIGURATION = f"""[limits]
challenges-per-user = 500
[rp bench]
id = bench.example
name = bench
origins = {ORIGIN}
"""
FPRINTD = "/usr/libexec/fprintd"
IDLE = 10  # seconds in which nobody calls


class Callers:
    """A load of its own, with passkeys of its own."""

    def __init__(self, program, count):
        self.process = subprocess.Popen(
            [program, SOCKET, str(count), "bench", "bench.example", ORIGIN],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bus.py: a call failed; see above")
        return [float(word) for word in line.split()]

    def turn(self, kind, count, daemon, every=False):
        before = processor_seconds(daemon)
        self.process.stdin.write(f"{kind} {count}{' all' if every else ''}\n")
        self.process.stdin.flush()
        _, wall, median, late, own = self.line()
        return {"rate": count / wall, "p50": median, "p99": late, "callers": own / count * 1e6,
                "daemon": (processor_seconds(daemon) - before) / count * 1e6,
                "each": self.line() if every else None}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def median(turns, what):
    return statistics.median(turn[what] for turn in turns)


def quantiles(each):
    """Points of the part that took at most so long."""
    return [[each[min(len(each) - 1, part * len(each) // 200)] / 1000, part / 2]
            for part in range(1, 201)]


def load(options, daemon, findings):
    print(f"{'callers':8}{'ceremonies/s':>14}{'pings/s':>10}{'ratio':>7}{'p50 us':>10}{'p99':>9}"
          f"{'of pings':>10}{'ratio':>7}   us of processor, daemon and callers")
    rates = {"ceremonies": [], "pairs of Ping": []}
    for count in CALLERS:
        callers = Callers(options.load, count)
        callers.turn("register", 100, daemon)
        for kind in ("sign-in", "ping"):
            callers.turn(kind, options.count // 4 + 1, daemon)
        ours, pings = [], []
        for number in range(options.rounds):
            last = number == options.rounds - 1
            ours.append(callers.turn("sign-in", options.count, daemon, last))
            pings.append(callers.turn("ping", options.count, daemon, last))
        if count == CALLERS[-1]:
            endure(callers, options.long, daemon, findings)
        callers.close()
        pairs = list(zip(ours, pings))
        print(f"{count:<8}{median(ours, 'rate'):14.0f}{median(pings, 'rate'):10.0f}"
              f"{statistics.median(a['rate'] / b['rate'] for a, b in pairs):7.2f}"
              f"{median(ours, 'p50'):10.0f}{median(ours, 'p99'):9.0f}{median(pings, 'p99'):10.0f}"
              f"{statistics.median(a['p99'] / b['p99'] for a, b in pairs):7.2f}"
              f"   {median(ours, 'daemon'):.0f} and {median(ours, 'callers'):.0f}, of pings "
              f"{median(pings, 'daemon'):.0f} and {median(pings, 'callers'):.0f}", flush=True)
        for name, turns in (("ceremonies", ours), ("pairs of Ping", pings)):
            rates[name].append([count, median(turns, "rate")])
    for name, points in rates.items():
        findings.draw("throughput", name, points, ("callers", "a second"))
    for name, turns in (("64 callers", ours), ("64 callers of Ping", pings)):
        findings.draw("latency", name, quantiles(turns[-1]["each"]), ("milliseconds", "percent"))
    peer = "pairs of Ping"
    findings.add("bus: ceremonies, 64 callers", "a second", [turn["rate"] for turn in ours],
                 (peer, [turn["rate"] for turn in pings]), (">=", 0.7))
    findings.add("bus: p99 of a ceremony, 64 callers", "us", [turn["p99"] for turn in ours],
                 (peer, [turn["p99"] for turn in pings]), ("<=", 3))
    findings.add("bus: daemon's processor time of a ceremony", "us",
                 [turn["daemon"] for turn in ours], goal=("<=", 300))


def endure(callers, count, daemon, findings):
    """What it holds after many ceremonies, and after as many more: nothing piles up."""
    callers.turn("sign-in", count, daemon)
    before = rollup(daemon)["Anonymous"]
    callers.turn("sign-in", count, daemon)
    after = rollup(daemon)["Anonymous"]
    findings.add(f"bus: private memory after {2 * count:,} ceremonies", "KiB", [after],
                 ("after half of them", [before]), ("<=", 1.05))
    print(findings.line())


def switches(pid):
    """How often the process's threads have gone to sleep of themselves."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        total += int(parts.status(f"{pid}/task/{task}")["voluntary_ctxt_switches"])
    return total


def rest(daemon, findings):
    time.sleep(1)
    before = switches(daemon)
    time.sleep(IDLE)
    woke = switches(daemon) - before
    private = rollup(daemon)["Anonymous"]
    print(f"at rest: {private} KiB private, woke {woke} times in {IDLE} seconds")
    findings.add("at rest: wake-ups of the daemon in ten seconds", "", [woke], goal=("<=", 0))
    findings.add("at rest: private memory of a new daemon", "KiB", [private], goal=("<=", 1434))
    fprintd_at_rest(private, findings)


def fprintd_at_rest(private, findings):
    """It has no device here and would end after half a minute; -t: it does not."""
    if not os.access(FPRINTD, os.X_OK):
        print("fprintd is left out: it is not installed")
        return
    bus = dbus.bus.BusConnection(parts.ADDRESS)
    with subprocess.Popen([FPRINTD, "-t"], stderr=subprocess.DEVNULL,
                          env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=parts.ADDRESS)) as process:
        end = time.monotonic() + parts.PATIENCE
        while not bus.name_has_owner("net.reactivated.Fprint"):
            if process.poll() is not None or time.monotonic() > end:
                sys.exit("bus.py: fprintd did not start")
        time.sleep(1)
        peer = rollup(process.pid)["Anonymous"]
        process.kill()
    bus.close()
    findings.add("at rest: private memory of a new daemon, beside", "KiB", [private],
                 ("fprintd", [peer]))
    print(findings.line())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=2000, help="ceremonies in a turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", type=int, default=20000, metavar="N",
                        help="ceremonies over which its memory is watched")
    parser.add_argument("--load", default=os.path.join(os.environ.get("top_builddir", "."),
                                                       "bench/bus_load"))
    parser.add_argument("--json", metavar="FILE", help="for bench/run")
    options = parser.parse_args()
    if namespace.MARK not in os.environ:
        sys.exit("bus.py: run it inside of tests/integration/support/namespace.py")
    parts.reset_state()
    machine = parts.Machine()
    machine.configure(CONFIGURATION)
    machine.start_bus()
    daemon = machine.start_daemon()
    findings = Findings()
    rest(daemon, findings)
    load(options, daemon, findings)
    machine.close()
    findings.write(options.json)


if __name__ == "__main__":
    main()
