#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long a sign-in takes while somebody else calls without end, beside pam_u2f's.

    make bench/crowd
    tests/integration/support/namespace.py --bare --build DIR -- /usr/bin/python3 bench/storm.py

alice signs in through PAM (pamtester), her key being touched at once; bob floods the system bus,
or the daemon's own socket. Sign-ins of both modules take turns, and quiet ones follow each storm,
so that the machine's own unrest is the same for all. pam_u2f is left out where it is not installed.
First on a host without logind, then as a display manager where a logind is on the bus and writes
files (--ask: and writes none). Printed: the median of each in milliseconds, and its ratio to the
quiet one. Last comes a crowd (bench/crowd.c): --processes of bob's, which call as fast as they are
answered, on the bus, at the socket, and at passkey-gateway.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tests", part)
                for part in ("integration/support", "integration", "lib")] + [HERE]

import machine as parts  # noqa: E402
import namespace  # noqa: E402
from figures import Findings  # noqa: E402
import gateway_process  # noqa: E402
import web  # noqa: E402
from fake_logind import Logind, LogindWithFiles, begun  # noqa: E402
from softkey import SoftKeys  # noqa: E402
from test_hostile_callers import AT_THE_SOCKET, ON_THE_BUS, OWN, flood  # noqa: E402

REST = "account required pam_permit.so\nsession required pam_permit.so\n"
U2F = "/etc/u2f_mappings"
RELYING_PARTY = f"""[gateway]
user = {web.USER}
[rp standard]
id = localhost
name = bench
origins = http://localhost
http = standard
"""
FLOODS = {"on the bus": (ON_THE_BUS, parts.ADDRESS), "at the socket": (AT_THE_SOCKET, OWN)}
VARIABLES = dict(os.environ)


def sign_in(service, start):
    """Seconds of one; start: begun(), or that of a logind."""
    with start(["pamtester", service, "alice", "authenticate"], start_new_session=True,
               env=VARIABLES, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        begin = time.monotonic()
        said = process.communicate(b"go\n", 120)[0]
        took = time.monotonic() - begin
    if process.returncode != 0:
        sys.exit(f"{service}: {said.decode()}")
    return took


def rounds(count, modules, start):
    """Milliseconds of each, by module; they take turns."""
    taken = {name: [] for name in modules}
    for _ in range(count):
        for name in modules:
            taken[name].append(sign_in(name, start))
    return {name: [seconds * 1000 for seconds in each] for name, each in taken.items()}


def storms(count, modules, start, where, findings):
    """Rounds in each, and after it."""
    median = statistics.median
    quiet = rounds(count, modules, start)
    print("quiet".ljust(36),
          *(f"{name} {median(each):.0f} ms" for name, each in quiet.items()), sep="  ")
    for name, (code, address) in FLOODS.items():
        for interface, member, who in ((parts.CREDENTIALS, "List", "bob"),
                                       (parts.MANAGER, "Authenticate", "alice")):
            with flood(code, address, interface, member, who):
                stormy = rounds(count, modules, start)
            again = rounds(count, modules, start)
            print(f"{member} of {who}, {name}".ljust(36),
                  *(f"{each} {median(stormy[each]):.0f} ms "
                    f"({median(stormy[each]) / median(again[each]):.2f})"
                    for each in modules), sep="  ", flush=True)
            peer = ("pam_u2f", stormy[modules[1]]) if len(modules) > 1 else None
            findings.add(f"storm: {member} {name}, {where}", "ms", stormy[modules[0]], peer)


@contextlib.contextmanager
def crowd(program, count, arguments):
    """bob's processes, until the end of the block; yields how often they were answered meanwhile,
    as a function."""
    process = subprocess.Popen([program, "bob", str(count), *arguments], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def answers():
        process.stdin.write("\n")
        process.stdin.flush()
        return int(process.stdout.readline())
    try:
        if process.stdout.readline() != "begun\n":
            sys.exit("storm.py: there is no crowd")
        answers()
        yield answers
    finally:
        process.kill()
        process.wait()


def crowds(arguments, modules, findings):
    """Each way in turn; a gateway with its own limits, as it is installed."""
    folder = namespace.SCRATCH + "/gateway"
    os.makedirs(folder)
    shutil.chown(folder, web.USER)
    gateway = gateway_process.Gateway(folder, daemon=OWN, become=parts.become(web.USER),
                                      wait_for="serves standard")
    threading.Thread(target=drain, args=[gateway.process.stderr], daemon=True).start()
    call = [parts.CREDENTIALS, "List", "bob"]
    for name, way in (("on the bus", ["bus", parts.ADDRESS, *call]),
                      ("at the socket", ["socket", "unix:path=" + OWN, *call]),
                      ("at the gateway", ["http", str(gateway.port),
                                          "/standard/authentication/options"])):
        with crowd(arguments.crowd, arguments.processes, way) as answers:
            begin = time.monotonic()
            stormy = rounds(arguments.count, modules, begun)
            rate = answers() / (time.monotonic() - begin)
        print(f"{arguments.processes} processes {name}".ljust(36),
              *(f"{each} {statistics.median(stormy[each]):.0f} ms" for each in modules),
              f"{rate:.0f} answers a second", sep="  ", flush=True)
        peer = ("pam_u2f", stormy[modules[1]]) if len(modules) > 1 else None
        findings.add(f"storm: {arguments.processes} processes {name}", "ms", stormy[modules[0]],
                     peer)
    gateway.close()


def drain(stream):
    while os.read(stream.fileno(), 1 << 20):
        pass


def pam_u2f(keys):
    """Whether it is there; enrols the key for alice."""
    done = subprocess.run(["sh", "-c", "command -v pamu2fcfg && ls /usr/lib/*/security/pam_u2f.so"],
                          capture_output=True, check=False)
    if done.returncode != 0:
        return False
    variables = dict(os.environ, **keys.environment())
    variables["LD_PRELOAD"] += " libfido2.so.1"
    done = subprocess.run(["pamu2fcfg", "-u", "alice"], env=variables, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        print("pam_u2f is left out:", done.stderr.strip())
        return False
    namespace.write(U2F, done.stdout + "\n")
    namespace.write("/etc/pam.d/bench-u2f", f"auth required pam_u2f.so authfile={U2F}\n" + REST)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=15, help="sign-ins of each kind")
    parser.add_argument("--ask", action="store_true", help="logind writes no files, and is asked")
    parser.add_argument("--processes", type=int, default=200, help="of the crowd; 0: none")
    parser.add_argument("--crowd", default=os.path.join(os.environ.get("top_builddir", "."),
                                                        "bench/crowd"))
    parser.add_argument("--json", metavar="FILE", help="for bench/run")
    arguments = parser.parse_args()
    findings = Findings()
    if namespace.MARK not in os.environ:
        sys.exit("storm.py: runs inside tests/integration/support/namespace.py only")
    namespace.write("/etc/pam.d/bench-passkey",
                    "auth required pam_passkey.so methods=local\n" + REST)
    machine = parts.Machine()
    machine.start_bus()
    with SoftKeys(namespace.SCRATCH + "/keys", namespace.SOFTKEY) as keys:
        machine.program = keys.wrapper("/usr/libexec/passkey/passkey-authenticator")
        machine.configure("[seat]\ngreeters = bench-passkey\n" + RELYING_PARTY)
        keys.add("blue").set(touch="immediate")
        machine.enrol("alice")
        modules = ["bench-passkey"] + (["bench-u2f"] if pam_u2f(keys) else [])
        VARIABLES.update(keys.environment())
        VARIABLES["LD_PRELOAD"] += " libfido2.so.1"
        print("no logind", flush=True)
        storms(arguments.count, modules, begun, "no logind", findings)
        if arguments.processes:
            crowds(arguments, modules, findings)
        logind = (Logind if arguments.ask else LogindWithFiles)(machine, "no-session")
        print("logind, which is asked" if arguments.ask else "logind with files", flush=True)
        storms(arguments.count, modules, begun if arguments.ask else logind.begun, "logind",
               findings)
    machine.close()
    findings.write(arguments.json)


if __name__ == "__main__":
    main()
