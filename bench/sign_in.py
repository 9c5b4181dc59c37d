#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a PAM sign-in with a security key costs, beside pam_u2f's.

    tests/integration/support/namespace.py --bare --build DIR -- /usr/bin/python3 bench/sign_in.py

alice signs in by pamtester; her key is one in software that is touched at once. Both modules take
turns, so that the machine's unrest is the same for both. pam_u2f speaks to the key itself, so that
its pamtester has the library preloaded that shows the key; ours has not, since its helpers have.
Printed are, for each situation, the medians in milliseconds, the quickest of each and the ratios of
both, and what processor time a sign-in takes in all processes but the key's own.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tests", part)
                for part in ("integration/support", "integration", "lib")]

import machine as parts  # noqa: E402
import namespace  # noqa: E402
from figures import Findings  # noqa: E402
from softkey import SoftKeys  # noqa: E402
from storm import REST, pam_u2f  # noqa: E402

OURS, PEER = "bench-passkey", "bench-u2f"
TICK = os.sysconf("SC_CLK_TCK")
IDLE = 7  # seconds: more than the helper that watches outlives its last request


PAMTESTER = shutil.which("pamtester")


def started(service, variables):
    """(seconds, processor seconds) of one sign-in's own process."""
    before = os.times()
    begin = time.monotonic()
    done = subprocess.run([PAMTESTER, service, "alice", "authenticate"], env=variables,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    took = time.monotonic() - begin
    after = os.times()
    if done.returncode != 0:
        sys.exit(f"{service}: {done.stdout.decode()}{done.stderr.decode()}")
    return took, (after.children_user + after.children_system
                  - before.children_user - before.children_system)


def processor(pid):
    """Seconds that the process and its children that have ended have taken."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(each) for each in fields[11:15]) / TICK


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(each) for each in file.read().split()]


def with_children(pid):
    return processor(pid) + sum(processor(each) for each in children(pid))


class Runs:
    """Sign-ins of both modules, in turns."""

    def __init__(self, machine, variables, modules):
        self.machine, self.variables, self.modules = machine, variables, modules
        self.findings = Findings()

    def daemon(self):
        return self.machine.daemon_pid()

    def take(self, name, count, before=None, goal=None, processor_goal=None):
        taken = {module: [] for module in self.modules}
        spent = {module: 0.0 for module in self.modules}
        running = before is None
        begun = with_children(self.daemon()) if running else 0
        for _ in range(count):
            for module in self.modules:
                if before:
                    before()
                took, own = started(module, self.variables[module])
                taken[module].append(took * 1000)
                spent[module] += own
        if running:
            spent[OURS] += with_children(self.daemon()) - begun
        self.say(name, "ms", taken, goal)
        if running:
            self.say(name + ", processor", "ms",
                     {module: [spent[module] / count * 1000] for module in self.modules},
                     processor_goal)

    def say(self, name, unit, taken, goal):
        ours, peer = taken[OURS], taken.get(PEER)
        self.findings.add(name, unit, ours, ("pam_u2f", peer) if peer else None,
                          ("<=", goal) if goal else None)
        print(self.findings.line(), f"  quickest {min(ours):.2f}",
              f"of {min(peer):.2f}, ratio {min(ours) / min(peer):.2f}" if peer else "", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=40, help="sign-ins of each kind")
    parser.add_argument("--json", metavar="FILE", help="for bench/run")
    parser.add_argument("--warm", action="store_true", help="only what needs no waiting")
    arguments = parser.parse_args()
    if namespace.MARK not in os.environ:
        sys.exit("sign_in.py: runs inside tests/integration/support/namespace.py only")
    namespace.write(f"/etc/pam.d/{OURS}", "auth required pam_passkey.so methods=local\n" + REST)
    machine = parts.Machine()
    machine.start_bus()
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        machine.program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
        machine.configure(f"[seat]\ngreeters = {OURS}\n")
        blue = keys.add("blue").set(touch="immediate")
        machine.enrol("alice")
        modules = [OURS] + ([PEER] if pam_u2f(keys) else [])
        shown = {**os.environ, **keys.environment()}
        shown["LD_PRELOAD"] += " libfido2.so.1"
        runs = Runs(machine, {OURS: dict(os.environ), PEER: shown}, modules)
        started(OURS, runs.variables[OURS])
        runs.take("instant key, warm", arguments.count, None, 1.0, 1.0)
        blue.set(packet_ms=2, signature_ms=40)
        runs.take("key like one at USB, warm", max(5, arguments.count // 3), None, 0.65)
        blue.set(packet_ms=0, signature_ms=0)
        if not arguments.warm:
            runs.take(f"instant key, {IDLE} s idle", 5, lambda: time.sleep(IDLE), 1.2)
            runs.take("instant key, the daemon not running", 10,
                      lambda: machine.kill_daemon(15), 4.0)
    machine.close()
    runs.findings.write(arguments.json)


if __name__ == "__main__":
    main()
